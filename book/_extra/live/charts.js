"use strict";

// Kurve und Heatmaps einer Lesung, auf einer gemeinsamen Wortachse.
{
  const { html, svg, number, signed, formula, CELL_COLOURS } = anncourse;
  const COLUMN = 26, ROW = 16, MARGIN = 8;   // Pixel: Breite eines Worts, Höhe einer Einheit
  const HEIGHT = 150, AXIS = 92, LABELS = 36; // Pixel: Kurve, Wortachse, was links stehen bleibt
  const UP = [179, 88, 6], DOWN = [84, 39, 136], OPEN = [0, 109, 77];

  anncourse.LOOKS = {
    rnn: { name: "RNN", colour: CELL_COLOURS.rnn, dashes: "none" },
    lstm: { name: "LSTM", colour: CELL_COLOURS.lstm, dashes: "7 3" },
    gru: { name: "GRU", colour: CELL_COLOURS.gru, dashes: "8 3 2 3" },
  };
  anncourse.QUANTITIES = {
    c: { name: "Übertragsspur", signed: true },
    h: { name: "Zustand", signed: true },
    f: { name: "Vergesstor" }, i: { name: "Eingangstor" }, o: { name: "Ausgangstor" },
    z: { name: "Aktualisierungstor" }, r: { name: "Rücksetztor" },
  };
  anncourse.SHOWN = { rnn: ["h"], lstm: ["c", "f", "i", "o"], gru: ["h", "z", "r"] };

  const middle = (t) => (t + 0.5) * COLUMN;

  // Weiss für 0, volle Farbe für den Betrag 1
  anncourse.shade = (value, sign) => {
    const colour = !sign ? OPEN : value < 0 ? DOWN : UP;
    const part = Math.min(1, Math.abs(value));
    return colour.map((full) => Math.round(255 + part * (full - 255)));
  };

  const axis = (words, known) => {
    const labels = words.map((word, t) => svg("text", {
      transform: `translate(${middle(t) + 4} 10) rotate(-60)`, "text-anchor": "end",
      class: known[t] ? "" : "live-unknown-label",
    }, word.length > 14 ? `${word.slice(0, 13)}…` : word));
    return svg("svg", { width: words.length * COLUMN, height: AXIS, "aria-hidden": "true" }, ...labels);
  };

  // Was links stehen bleibt, wenn man das Bild verschiebt, neben dem Bild selbst.
  const panel = (labels, picture) => html("div", { class: "live-panel" }, labels, picture);
  const empty = () => html("div", { class: "live-labels" });

  const scale = (total, marks) => svg("svg", { width: LABELS, height: total, class: "live-labels", "aria-hidden": "true" },
    ...marks.map(([y, text]) => svg("text", { x: 30, y: y + 4, "text-anchor": "end" }, text)));

  const height = (p) => MARGIN + (1 - p) * (HEIGHT - 2 * MARGIN);
  anncourse.wordAxis = { COLUMN, LABELS, middle, height, panel, scale };

  anncourse.curve = (readings, current) => {
    const width = current.words.length * COLUMN;
    const picture = svg("svg", { width, height: HEIGHT, role: "img", "aria-label":
      "Kurve der Wahrscheinlichkeit «positiv» nach jedem Wort; die Werte stehen in der Tabelle darunter." });
    for (const p of [0, 0.25, 0.5, 0.75, 1]) {
      picture.append(svg("line", { x1: 0, x2: width, y1: height(p), y2: height(p),
        class: p === 0.5 ? "live-border" : "live-grid" }));
    }
    for (const { cell, probabilities } of readings) {
      const { colour, dashes } = anncourse.LOOKS[cell];
      const points = probabilities.map((p, t) => `${middle(t)},${height(p).toFixed(1)}`).join(" ");
      const chosen = cell === current.cell;
      picture.append(svg("polyline", { points, fill: "none", stroke: colour,
        "stroke-dasharray": dashes, "stroke-width": chosen ? 2.5 : 1.5 }));
      if (!chosen) continue;
      probabilities.forEach((p, t) => picture.append(
        svg("circle", { cx: middle(t), cy: height(p).toFixed(1), r: 4, fill: colour })));
    }
    const labels = scale(HEIGHT, [0, 0.5, 1].map((p) => [height(p), number(p, 1)]));
    return [panel(labels, picture), panel(empty(), axis(current.words, current.known))];
  };

  // Ein Bildpunkt je Spalte und Einheit; CSS vergrössert ihn. Volle Farbe hat der Betrag 1.
  anncourse.pixels = (rows, sign, label) => {
    const canvas = html("canvas", { width: rows[0].length, height: rows.length, role: "img", "aria-label": label });
    const pixels = new ImageData(rows[0].length, rows.length);
    rows.flat().forEach((value, at) => pixels.data.set([...anncourse.shade(value, sign), 255], 4 * at));
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    return canvas;
  };

  const heatMap = ({ states }, quantity, units) => {
    const { name, signed: sign } = anncourse.QUANTITIES[quantity];
    const values = units.map((unit) => states.map((state) => state[quantity][unit]));
    const limit = sign ? Math.max(...values.flat().map(Math.abs)) : 1;
    const canvas = anncourse.pixels(values.map((row) => row.map((value) => value / limit)), sign,
      `Heatmap ${name}; die Werte stehen in der Tabelle darunter.`);
    canvas.style.width = `${states.length * COLUMN}px`;
    canvas.style.height = `${units.length * ROW}px`;
    const scale = sign
      ? `: violett ${number(-limit)}, farblos 0, orange +${number(limit)}`
      : ": farblos 0 (zu), volles Grün 1 (offen)";
    const labels = html("div", { class: "live-labels" }, ...units.map((unit) => html("div", {}, `${unit}`)));
    return [
      html("p", { class: "live-caption" }, html("b", {}, `${name} `), formula(`${quantity}_t`), scale),
      panel(labels, canvas),
    ];
  };

  anncourse.heatMaps = (reading, units) => [
    ...anncourse.SHOWN[reading.cell].flatMap((quantity) => heatMap(reading, quantity, units)),
    panel(empty(), axis(reading.words, reading.known)),
  ];

  const table = (caption, heads, rows) => html("div", {
    class: "live-scroll", tabindex: 0, role: "region", "aria-label": caption,
  }, html("table", { class: "table" },
    html("caption", {}, caption),
    html("thead", {}, html("tr", {}, ...heads.map((head) => html("th", { scope: "col" }, head)))),
    html("tbody", {}, ...rows.map(([first, ...others]) => html("tr", {},
      html("th", { scope: "row", lang: "en" }, first), ...others.map((text) => html("td", {}, text)))))));

  // Dasselbe in Zahlen; «measures» sind die Grössen je Wort, solange gerechnet wird ohne Werte.
  anncourse.tables = (reading, units, measures) => {
    const { words, known, probabilities, logits, states } = reading;
    const label = words.map((word, t) => `${t + 1} ${word}${known[t] ? "" : " (unbekannt)"}`);
    return [
      table("Wahrscheinlichkeit, Logit und was jedes Wort zählt",
        ["Wort", "positiv", "Logit", ...measures.map(({ name }) => name)],
        words.map((_, t) => [label[t], number(probabilities[t], 3), number(logits[t + 1]),
          ...measures.map(({ values }) => (values ? signed(values[t]) : "…"))])),
      ...anncourse.SHOWN[reading.cell].map((quantity) => table(
        anncourse.QUANTITIES[quantity].name, ["Wort", ...units.map((unit) => `Einheit ${unit}`)],
        states.map((state, t) => [label[t], ...units.map((unit) => number(state[quantity][unit]))]))),
    ];
  };
}
