"use strict";

// Die Seite «Selbst trainieren»: einstellen, laufen lassen, zusehen; die vorbereiteten Versuche.
{
  const { html, number, formula, scientific, slider, TRAINING } = anncourse;
  const { recipe, runs: RUNS, limit: LIMIT, examined: EXAMINED } = TRAINING;
  const SLICE = 12;                    // Millisekunden Rechnung je Bild: Die Seite bleibt bedienbar
  const KEPT = 400;                    // Punkte der Lernkurve; sind es mehr, fällt jeder zweite weg
  const FREE = { ...RUNS["page-lstm-3"].settings };
  const CELLS = { rnn: "SimpleRNN", lstm: "LSTM", gru: "GRU" };
  const RATES = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1];
  const PACES = { 20: "20 Stapel je Sekunde", 150: "150", Infinity: "so schnell es geht" };
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const place = document.getElementById("live-training");

  // --- Einstellungen
  const choice = (legend, name, options, chosen, change) => {
    const radios = Object.entries(options).map(([value, label]) => {
      const radio = html("input", { type: "radio", name, value });
      radio.checked = value === String(chosen);
      radio.addEventListener("change", change);
      return [radio, html("label", {}, radio, ` ${label}`)];
    });
    return {
      row: html("fieldset", { class: "live-buttons" }, html("legend", {}, legend), ...radios.map(([, label]) => label)),
      get: () => radios.find(([radio]) => radio.checked)[0].value,
      set: (value) => value in options && radios.forEach(([radio]) => { radio.checked = radio.value === String(value); }),
    };
  };
  const range = (label, symbol, id, limits) => {
    const { row, input, show } = slider(label, symbol, id, { value: limits.min, ...limits }, () => change());
    return { row, get: () => input.valueAsNumber, set: (value) => { input.value = value; show(); } };
  };
  const box = (label) => {
    const input = html("input", { type: "checkbox" });
    input.addEventListener("change", () => change());
    return { row: html("p", { class: "live-buttons" }, html("label", {}, input, ` ${label}`)),
      get: () => input.checked, set: (value) => { input.checked = value; } };
  };
  const select = html("select", { id: "live-rate" }, ...RATES.map((rate) => html("option", { value: rate }, String(rate))));
  select.addEventListener("change", () => change());
  const start = html("input", { id: "live-seed", type: "number", min: 1, max: 9999, step: 1 });
  start.addEventListener("change", () => change());
  const line = (label, input) => html("p", { class: "live-slider" }, html("label", { for: input.id }, label), input);

  const inputs = {
    cell: choice("Zelle", "live-training-cell", CELLS, "lstm", () => change()),
    width: range("Einheiten", "H", "live-width", { min: 1, max: 8, digits: 0 }),
    lag: range("Abstand", "k", "live-lag", { min: 5, max: 60, digits: 0 }),
    distractors: box("Ablenkung nach der Marke"),
    scale_W: range("Massstab von", "W", "live-scale-w", { min: 0.1, max: 3 }),
    scale_U: range("Massstab von", "U", "live-scale-u", { min: 0.1, max: 5 }),
    bias: range("Vergesstor", "b_f", "live-bias", { min: -2, max: 6 }),
    optimiser: choice("Optimierer", "live-optimiser", { rmsprop: "RMSprop", sgd: "Gradientenabstieg" }, "rmsprop", () => change()),
    rate: { row: line("Lernrate", select), get: () => Number(select.value), 
      set: (value) => { if (RATES.includes(value)) select.value = value; } },
    clipped: box(`Gradient auf die Norm ${recipe.gradient_norm} begrenzen`),
    seed: { row: line("Zufallsstart", start), get: () => Math.min(9999, Math.max(1, Math.round(start.valueAsNumber) || 1)),
      set: (value) => { start.value = value; } },
  };
  const settings = () => Object.fromEntries(Object.entries(inputs).map(([name, { get }]) => [name, get()]));
  const use = (values) => Object.entries(values).forEach(([name, value]) => inputs[name].set(value));

  // --- Der Link: alle Einstellungen nach dem «#» der Adresse
  const address = html("input", { id: "live-link", readonly: "", class: "live-link" });
  const copied = html("span", { "aria-live": "polite" });
  const copy = button("Link kopieren", async () => {
    address.select();
    await navigator.clipboard?.writeText(address.value).then(() => { copied.textContent = " Kopiert."; }, () => {});
  });
  const write = () => {
    const fragment = new URLSearchParams(settings()).toString();
    address.value = `${location.href.split("#")[0]}#${fragment}`;
    copied.textContent = "";
  };
  // Was die Adresse verlangt; Unbekanntes und Unmögliches fällt weg oder kommt an den Rand.
  const readAddress = () => {
    if (!location.hash.includes("=")) return false;
    use(FREE);
    for (const [name, text] of new URLSearchParams(location.hash.slice(1))) {
      const kind = typeof inputs[name]?.get();
      if (kind === "boolean") inputs[name].set(text === "true");
      else if (kind === "string") inputs[name].set(text);
      else if (kind === "number" && Number.isFinite(Number(text))) inputs[name].set(Number(text));
    }
    return true;
  };

  // --- Ein Lauf
  let run, curve, earlier, before, exam, going = false, shown = 0, cost = 0, due = 0, clock = 0;
  let example = 1, experiment = null, arm = 0, results = [];

  function begin() {
    run = anncourse.learn(settings(), recipe);
    curve = { batches: [], right: [], loss: [], norm: [], stride: 1, highest: 0 };
    exam = null;
    before = anncourse.bptt.stateGradients(run.net, anncourse.example(run.net, settings(), example));
    inputs.bias.row.hidden = run.net.cell === "rnn";
    inputs.bias.row.querySelector("label").replaceChildren(...run.net.cell === "gru"
      ? ["Aktualisierungstor ", formula("b_z")] : ["Vergesstor ", formula("b_f")]);
    fillUnits();
    write();
  }

  // Bei langen Läufen ein Punkt je «stride» Stapel; von der Norm bleibt die grösste.
  function record() {
    curve.highest = Math.max(curve.highest, run.norm);
    if (run.batches % curve.stride) return;
    curve.batches.push(run.batches);
    curve.right.push(run.right);
    curve.loss.push(run.loss);
    curve.norm.push(curve.highest);
    curve.highest = 0;
    if (curve.batches.length <= KEPT) return;
    for (const name of ["batches", "right", "loss"]) curve[name] = curve[name].filter((_, n) => n % 2);
    curve.norm = curve.norm.flatMap((norm, n, all) => (n % 2 ? [Math.max(norm, all[n - 1])] : []));
    curve.stride *= 2;
  }

  const burst = () => run.batches > 0 && !Number.isFinite(run.loss);
  const ended = () => run.solved > 0 || run.batches >= LIMIT || burst();

  function frame(now) {
    if (!going) return;
    const end = performance.now() + SLICE;
    due = Math.min(due + (now - clock) / 1000 * Number(pace.get()), Number(pace.get()));
    clock = now;
    while (performance.now() < end) {
      if (exam) {
        exam.next();
        if (exam.number === EXAMINED) return finish();
      } else if (ended()) {
        exam = anncourse.examine(run.net, settings());
      } else if (due >= 1) {
        run.next();
        record();
        due -= 1;
      } else break;
    }
    if (performance.now() - shown > Math.max(calm.matches ? 2000 : 200, 6 * cost)) show();
    requestAnimationFrame(frame);
  }

  function go() {
    if (going) return;
    if (exam?.number === EXAMINED) begin();
    [going, due, clock] = [true, 1, performance.now()];
    requestAnimationFrame(frame);
    label();
  }

  function pause() {
    going = false;
    label();
    show();
  }

  function again() {
    going = false;
    earlier = run.batches ? curve : earlier;
    begin();
    label();
    show();
  }

  function change() {
    experiment = null;
    earlier = undefined;
    start.value = inputs.seed.get();
    going = false;
    begin();
    label();
    show();
    window.history.replaceState(null, "", address.value);
  }

  const outcome = () => {
    const right = `${Math.round(100 * exam.right / EXAMINED)} % von ${EXAMINED} neuen Folgen richtig`;
    if (burst()) return `nach ${run.batches} Stapeln zersprungen (keine Zahl mehr)`;
    return run.solved ? `nach ${run.solved} Stapeln gelöst, ${right}` : `in ${run.batches} Stapeln nicht gelöst, ${right}`;
  };

  function finish() {
    pause();
    if (!experiment) return;
    results.push(`${RUNS[experiment.runs[arm]].label}: ${outcome()}`);
    if (arm + 1 < experiment.runs.length) return play(experiment, arm + 1);
    experiment.conclude(results);
    experiment = null;
  }

  // --- Anzeigen
  const status = html("p", { class: "live-status" });
  const { region, say } = anncourse.announcer();
  const cards = Object.fromEntries(["learning", "gradient", "sequence", "unit"].map((name) => [name, html("div", { class: "live-card" })]));
  const sentences = Object.fromEntries(["gradient", "sequence", "unit"].map((name) => [name, html("p", {})]));
  const unit = html("select", { id: "live-unit" });
  const moment = slider("Schritt", "t", "live-step", { min: 1, max: 31, value: 31, digits: 0 }, () => showUnit());
  unit.addEventListener("change", () => showUnit());
  let trace;

  function fillUnits() {
    const chosen = unit.value;
    unit.replaceChildren(...Array.from({ length: run.net.H }, (_, j) => html("option", { value: j }, String(j))));
    if (chosen && chosen < run.net.H) unit.value = chosen;
    const T = settings().lag + 1;
    if (Number(moment.input.max) === T) return;
    moment.input.max = T;
    moment.input.value = T;
    moment.show();
  }

  function showUnit() {
    const [j, t] = [Number(unit.value), moment.input.valueAsNumber];
    const symbol = run.net.cell === "lstm" ? "c" : "h";
    const map = anncourse.unitMap(run.net, trace, j, t);
    cards.unit.replaceChildren(anncourse.unitChart(map, t, symbol));
    sentences.unit.replaceChildren(`Einheit ${j} im Schritt ${t}: von ${number(map.path[t - 1])} zu ${number(map.reached)}, Steigung `,
      html("b", {}, number(map.slope)), symbol === "c" ? " (das Vergesstor)." : ".");
  }

  function show() {
    const began = performance.now();
    const { cell } = run.net, { lag } = settings();
    trace = anncourse.example(run.net, settings(), example);
    const now = anncourse.bptt.stateGradients(run.net, trace);
    status.textContent = run.batches === 0 ? "Noch kein Stapel gelesen."
      : exam?.number === EXAMINED ? `Fertig: ${outcome()}.`
        : `Stapel ${run.batches}: ${Math.round(100 * run.right)} % richtig (gleitendes Mittel), Verlust ${number(run.loss, 3)}, `
          + `Norm des Gradienten ${run.norm.toPrecision(2)}${inputs.clipped.get() && run.norm > recipe.gradient_norm ? ", gekürzt" : ""}.`;
    cards.learning.replaceChildren(anncourse.learningChart(curve, earlier));
    cards.gradient.replaceChildren(anncourse.gradientChart(now, before, lag, cell === "lstm"));
    sentences.gradient.replaceChildren(`Beim Abstand ${lag}: `, scientific(now.h[lag]), ", vor dem ersten Stapel ", scientific(before.h[lag]),
      ...cell === "lstm" ? ["; nach der Spur, ", formula("∂h_T / ∂c_(T−k)"), ": ", scientific(now.c[lag])] : [], ".");
    cards.sequence.replaceChildren(...anncourse.sequenceStrips(run.net, trace));
    const p = anncourse.sigmoid(trace.s);
    sentences.sequence.textContent = `Das Bit ist ${trace.y ? "+1" : "−1"}. Das Netz gibt +1 die Wahrscheinlichkeit ${number(p)}: `
      + `${(p > 0.5) === (trace.y > 0.5) ? "richtig" : "falsch"}.`;
    showUnit();
    if (!going) say(status.textContent);
    shown = performance.now();
    cost = shown - began;
  }

  // --- Bedienung
  function button(name, press) {
    const node = html("button", { type: "button" }, name);
    node.addEventListener("click", press);
    return node;
  }
  const main = button("Start", () => (going ? pause() : go()));
  function label() {
    main.textContent = going ? "Pause" : exam?.number === EXAMINED ? "Von vorn" : run.batches ? "Weiter" : "Start";
  }
  const pace = choice("Tempo", "live-pace", PACES, "20", () => {});
  const buttons = html("div", { class: "live-buttons" }, main,
    button("Ein Stapel", () => {
      pause();
      if (ended()) return;
      run.next();
      record();
      label();
      show();
    }),
    button("Noch einmal, gleicher Zufallsstart", again),
    button("Nächster Zufallsstart", () => {
      experiment = null;
      inputs.seed.set(inputs.seed.get() + 1);
      again();
    }));
  const details = html("details", { class: "live-settings" }, html("summary", {}, "Einstellungen"),
    html("div", { class: "live-inputs" }, ...Object.values(inputs).map(({ row }) => row)),
    html("p", { class: "live-slider" }, html("label", { for: "live-link" }, "Link zu diesen Einstellungen"), address, copy, copied));
  const panel = (title, card, ...below) => html("div", {},
    html("p", { class: "live-caption" }, html("b", {}, title)), card, ...below);
  const lab = html("div", { class: "live live-lab" }, details, pace.row, buttons, status, region,
    html("div", { class: "live-charts" },
      panel("Lernkurve", cards.learning, html("p", { class: "live-legend" }, "Blau dieser Lauf, grau gestrichelt der vorige.")),
      panel("Was vom Gradienten bleibt", cards.gradient, sentences.gradient,
        html("p", { class: "live-legend" }, "Blau jetzt, grau vor dem ersten Stapel, orange nach der Spur (LSTM). Die senkrechte Linie steht beim Abstand der Aufgabe.")),
      panel("Eine Folge, Schritt für Schritt", cards.sequence, sentences.sequence,
        html("p", { class: "live-buttons" }, button("Andere Folge", () => { example += 1; show(); }))),
      panel("Eine Einheit", cards.unit, sentences.unit,
        html("p", { class: "live-slider" }, html("label", { for: "live-unit" }, "Einheit"), unit), moment.row)));

  // --- Die vorbereiteten Versuche: Frage, Tipp, Lauf, Auflösung
  function play(chosen, next) {
    [experiment, arm] = [chosen, next];
    if (next === 0) results = [];
    use(RUNS[chosen.runs[next]].settings);
    earlier = next === 0 ? undefined : curve;
    begin();
    pace.set(chosen.pace);
    bring(chosen.node);
    go();
  }

  document.querySelectorAll(".live-experiment").forEach((node, n) => {
    const message = html("p", { class: "live-message", "aria-live": "polite" }), fold = node.querySelector("details");
    const radios = [...node.querySelectorAll("ol > li")].map((item) => {
      const radio = html("input", { type: "radio", name: `live-guess-${n}` });
      const text = item.querySelector("p") ?? item;
      text.replaceChildren(html("label", {}, radio, html("span", {}, ...text.childNodes)));
      return radio;
    });
    const list = node.querySelector("ol"), group = html("div", { role: "radiogroup", "aria-label": "Ihr Tipp" });
    list.replaceWith(group);
    group.append(list);
    const chosen = { node, runs: node.dataset.runs.split(" "), pace: node.dataset.pace, conclude: (found) => {
      const guess = radios.find((radio) => radio.checked);
      message.replaceChildren(html("b", {}, "Ihr Tipp: "), guess.nextSibling.cloneNode(true),
        ...found.flatMap((sentence) => [html("br"), `${sentence}.`]));
      fold.open = true;
    } };
    group.after(html("p", { class: "live-buttons" }, button("Versuch starten", () => {
      if (!radios.some((radio) => radio.checked)) {
        message.textContent = "Tippen Sie zuerst: Was wird geschehen?";
        return radios[0].focus();
      }
      message.textContent = "";
      play(chosen, 0);
    })), message, html("div", { class: "live-here" }));
  });

  // Der Versuchsstand steht dort, wo er gerade gebraucht wird.
  const fetch = button("Versuchsstand hierher holen", () => {
    bring(place);
    main.focus();
  });
  function bring(node) {
    node.querySelector(".live-here").append(lab);
    details.open = node === place;
    fetch.hidden = node === place;
  }

  use(FREE);
  const asked = readAddress();
  place.replaceChildren(fetch, html("div", { class: "live-here" }));
  bring(place);
  begin();
  label();
  show();
  if (asked) place.scrollIntoView();
  window.addEventListener("hashchange", () => { if (readAddress()) change(); });
}
