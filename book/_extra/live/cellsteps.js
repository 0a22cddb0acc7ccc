"use strict";

// Die LSTM in vier Schritten: ein Bild, das wächst, mit den Zahlen einer Zelle mit einer Einheit.
{
  const { html, svg, number, formula, slider, steps } = anncourse;
  const { text, box, circle, dot, arrow } = anncourse.drawing;
  const WEIGHTS = { f: [0.5, -0.8, 1], i: [1.5, 0.4, -0.5], candidate: [1.2, 0.6, 0],
    o: [0.8, 0.4, 0.2] };  // W, U, b
  const NAMES = { f: "Vergesstor", i: "Eingangstor", candidate: "Kandidat", o: "Ausgangstor" };
  const LETTERS = { f: ["f", "f"], i: ["i", "i"], candidate: ["c\u0303", "c"], o: ["o", "o"] };  // Wert, Index
  const X = { f: 66, i: 139, candidate: 212, o: 285 };   // Mitte jedes Kastens
  const TRACK = 62, OUT = 336, BAR = 322;        // Übertragsspur, Weg nach aussen, Balken mit x_t und h_(t−1)
  const STEPS = [
    ["das SimpleRNN", "Aus der Eingabe und dem vorigen Zustand entsteht in einem Zug der neue Zustand. Was bleiben "
      + "soll, muss in jedem Schritt durch U und durch tanh.",
    "Ein Kasten mit tanh erhält die Eingabe und den vorigen Zustand und gibt den neuen Zustand nach rechts ab."],
    ["eine Spur daneben", "Über der Zelle läuft der Übertrag von Schritt zu Schritt. Die Zelle ändert ihn (Fragezeichen) "
      + "und liest ihn. Wie sie das tut, ist noch offen.",
    "Über dem Kasten läuft eine zweite Linie, die Übertragsspur. Die Zelle wirkt auf sie, und der Kasten liest sie."],
    ["Tore", "Das Vergesstor bestimmt, wie viel vom alten Übertrag bleibt, das Eingangstor, wie viel vom Kandidaten "
      + "dazukommt. Beides zusammen ist der neue Übertrag.",
    "Vergesstor, Eingangstor, Kandidat und Ausgangstor erhalten Eingabe und vorigen Zustand. Auf der Spur wird der alte "
      + "Übertrag mit dem Vergesstor multipliziert, dann das Produkt aus Eingangstor und Kandidat addiert."],
    ["die Ausgabe", "Der neue Übertrag geht durch tanh und dann durch das Ausgangstor: Das ist der neue Zustand.",
    "Wie Schritt 3; dazu zweigt der neue Übertrag ab, geht durch tanh und wird mit dem Ausgangstor multipliziert. "
      + "Das Produkt verlässt die Zelle als neuer Zustand."],
  ];

  let step = 1;

  // Gewichte als Felder der Länge 1, wie cells.js sie erwartet
  const parameters = (names) => Object.fromEntries(Object.entries(names).flatMap(([suffix, gate]) =>
    ["W", "U", "b"].map((letter, n) => [letter + suffix, Float64Array.of(WEIGHTS[gate][n])])));
  const LSTM = parameters({ _f: "f", _i: "i", _c: "candidate", _o: "o" });
  const RNN = parameters({ "": "o" });

  const compute = ({ x, h, c }) => {
    const state = { h: Float64Array.of(h), c: Float64Array.of(c) };
    const next = steps.lstm(Float64Array.of(x), state, LSTM);
    const values = Object.fromEntries(Object.entries(next).map(([name, [value]]) => [name, value]));
    return { ...values, simple: steps.rnn(Float64Array.of(x), state, RNN).h[0] };
  };

  const picture = (given, v, grown) => {
    const image = svg("svg", { viewBox: "0 0 380 412", role: "img", "aria-label": STEPS[step - 1][2] });
    const show = (first, last, ...shapes) => {
      if (step < first || step > last) return;
      image.append(svg("g", { class: grown && step === first ? "live-new" : "" }, ...shapes));
    };
    const gate = (g, name, ...lines) => [
      arrow([[X[g], BAR - 14], [X[g], 262]]),
      box(X[g], 231, 70, 62, g === "candidate" ? g : name === NAMES[g] ? "gate" : "state",
        [name, -15, 10], ...lines),
    ];
    show(1, 4,
      svg("rect", { x: 30, y: 26, width: 322, height: 330, rx: 14, fill: "#F7F7F7", stroke: "#B0B0B0" }),
      arrow([[0, BAR], [36, BAR]], "state"), text(2, BAR - 8, "h_(t−1)", { anchor: "start" }), text(2, BAR + 18, number(given.h, 1), { anchor: "start" }),
      arrow([[174, 408], [174, BAR + 14]], "input"), text(184, 392, `Eingabe x_t = ${number(given.x, 1)}`, { anchor: "start" }),
      box(178, BAR, 284, 28, "line", ["x_t und h_(t−1)", 4, 13]));
    show(2, 4,
      arrow([[0, TRACK], [380, TRACK]], "carry", { width: 5 }),
      text(2, TRACK - 12, "c_(t−1)", { anchor: "start" }), text(2, TRACK + 20, number(given.c, 1), { anchor: "start" }), text(366, TRACK - 12, "c_t"));
    show(1, 1, ...gate("o", "Ausgabe", ["tanh", 3, 13], [number(v.simple), 22, 15]));
    show(2, 2,
      arrow([[120, BAR - 14], [120, TRACK + 13]], "line", { dashed: true }), circle(120, TRACK, "?", "carry"),
      text(128, 190, "ändert", { anchor: "start" }),
      arrow([[264, TRACK], [264, 200]], "carry"), dot(264, TRACK, "carry"), text(258, 140, "liest", { anchor: "end" }),
      ...gate("o", "Ausgabe", ["aus x_t, h_(t−1)", 3, 9.5], ["und c_t", 19, 9.5]));
    show(1, 2, arrow([[X.o, 200], [X.o, 150], [OUT, 150], [OUT, BAR], [380, BAR]], "state"));
    show(3, 4, ...["f", "i", "candidate", "o"].flatMap((g) =>
      gate(g, NAMES[g], [g === "candidate" ? "tanh" : "σ", 2, 13], [number(v[g]), 22, 15])));
    show(3, 4,
      arrow([[X.f, 200], [X.f, TRACK + 13]], "gate"), circle(X.f, TRACK, "⊙", "carry"), text(X.f + 8, 150, "f_t", { anchor: "start" }),
      arrow([[X.i, 200], [X.i, 140], [161, 140]], "gate"), text(X.i - 8, 160, "i_t", { anchor: "end" }),
      arrow([[X.candidate, 200], [X.candidate, 140], [187, 140]], "candidate"), text(X.candidate + 8, 160, "c\u0303_t", { anchor: "start" }),
      arrow([[174, 127], [174, TRACK + 13]]), circle(174, 140, "⊙"), circle(174, TRACK, "+", "carry"),
      text(120, TRACK - 12, number(v.f * given.c)), text(181, 105, number(v.i * v.candidate), { anchor: "start" }),
      text(378, TRACK + 20, number(v.c), { anchor: "end" }));
    show(3, 3, arrow([[X.o, 200], [X.o, 166]], "gate", { dashed: true }), text(X.o, 158, "folgt", { size: 11 }));
    show(4, 4,
      arrow([[X.o, 200], [X.o, 150], [OUT - 13, 150]], "gate"), text(X.o - 8, 170, "o_t", { anchor: "end" }),
      arrow([[OUT - 16, TRACK], [OUT - 16, 90]], "carry"), dot(OUT - 16, TRACK, "carry"),
      arrow([[OUT, 116], [OUT, 137]]), box(OUT - 12, 103, 46, 26, "line", ["tanh", 4, 12]),
      arrow([[OUT, 163], [OUT, BAR], [380, BAR]], "state"), circle(OUT, 150, "⊙", "state"));
    show(1, 1, text(366, BAR - 8, "h_t"), text(378, BAR + 18, number(v.simple), { anchor: "end" }));
    show(2, 2, text(366, BAR - 8, "h_t"));
    show(4, 4, text(366, BAR - 8, "h_t"), text(378, BAR + 18, number(v.h), { anchor: "end" }));
    return image;
  };

  // Jede Gleichung mit Buchstaben, dann mit Zahlen
  const equations = (given, v) => {
    const n = (value) => (value < 0 ? `(${number(value, 1)})` : number(value, 1));
    const inner = (g) => {
      const [W, U, b] = WEIGHTS[g];
      return `${n(W)} · ${n(given.x)} + ${n(U)} · ${n(given.h)} + ${n(b)}`;
    };
    const linear = (g) => "W x_t + U h_(t−1) + b".replace(/[WUb]/g, (letter) => `${letter}_${LETTERS[g][1]}`);
    const gate = (g) => {
      const name = g === "candidate" ? "tanh" : "σ";
      return [NAMES[g], `${LETTERS[g][0]}_t = ${name}(${linear(g)})`, `= ${name}(${inner(g)}) = ${number(v[g])}`];
    };
    const two = (value) => (value < 0 ? `(${number(value)})` : number(value));
    if (step === 1) return [["Zustand", "h_t = tanh(W x_t + U h_(t−1) + b)", `= tanh(${inner("o")}) = ${number(v.simple)}`]];
    if (step === 2) return [["Übertrag", "c_t = …", `noch offen; bekannt ist der vorige, ${number(given.c, 1)}`]];
    return [
      ...["f", "i", "candidate", "o"].map(gate),
      ["Übertrag", "c_t = f_t ⊙ c_(t−1) + i_t ⊙ c\u0303_t",
        `= ${two(v.f)} · ${n(given.c)} + ${two(v.i)} · ${two(v.candidate)} = ${number(v.c)}`],
      ...(step < 4 ? [] : [["Zustand", "h_t = o_t ⊙ tanh(c_t)", `= ${two(v.o)} · tanh(${number(v.c)}) = ${number(v.h)}`]]),
    ];
  };

  const stage = html("div", { class: "live-stage", tabindex: 0, role: "group",
    "aria-label": "LSTM in vier Schritten, mit den Pfeiltasten links und rechts" });
  const card = html("div", { class: "live-card" });
  const caption = html("p", { "aria-live": "polite" });
  const back = html("button", { type: "button" }, "← Zurück");
  const forward = html("button", { type: "button" }, "Weiter →");
  const list = html("dl", { class: "live-equations" });
  const inputs = {
    x: slider("Eingabe", "x_t", "live-x", { min: -2, max: 2, value: 1 }, () => show()),
    h: slider("voriger Zustand", "h_(t−1)", "live-h", { min: -1, max: 1, value: 0.5 }, () => show()),
    c: slider("voriger Übertrag", "c_(t−1)", "live-c", { min: -3, max: 3, value: 1 }, () => show()),
  };

  function show(grown = false) {
    const given = Object.fromEntries(Object.entries(inputs).map(([name, { input }]) => [name, input.valueAsNumber]));
    const values = compute(given);
    card.replaceChildren(picture(given, values, grown));
    list.replaceChildren(...equations(given, values).flatMap(([name, letters, numbers]) =>
      [html("dt", {}, name), html("dd", {}, formula(letters), " ", html("span", {}, numbers))]));
    inputs.c.row.hidden = step === 1;
  }

  function go(to) {
    if (to < 1 || to > STEPS.length) return;
    step = to;
    const [title, sentence] = STEPS[step - 1];
    caption.replaceChildren(html("b", {}, `Schritt ${step} von ${STEPS.length}: ${title}.`), ` ${sentence}`);
    // Nicht «disabled»: Sonst verlöre der Knopf am Ende den Fokus.
    back.setAttribute("aria-disabled", step === 1);
    forward.setAttribute("aria-disabled", step === STEPS.length);
    show(true);
  }

  back.addEventListener("click", () => go(step - 1));
  forward.addEventListener("click", () => go(step + 1));
  stage.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: step - 1, ArrowRight: step + 1, Home: 1, End: STEPS.length }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    go(to);
  });
  stage.append(card, caption, html("div", { class: "live-buttons" }, back, forward));
  document.getElementById("live-cellsteps").replaceChildren(
    stage, ...Object.values(inputs).map(({ row }) => row), list);
  go(1);
}
