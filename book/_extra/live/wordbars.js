"use strict";

// Drei Grössen je Wort: wie gross jede ist, als Balken, und was sie sagen kann.
{
  const { html, svg, signed, formula, COLOURS } = anncourse;
  const { COLUMN, middle, panel, scale } = anncourse.wordAxis;
  const HEIGHT = 72, EDGE = 6, WIDTH = 16;     // Pixel: eine Reihe, ihr Rand, ein Balken

  const STEP = { name: "Wirkung im Schritt", symbol: "s_t − s_(t−1)",
    says: "bei welchem Wort sich das Logit ändert. Alle Balken zusammen führen vom Achsenabschnitt genau zum letzten Logit.",
    not: "was davon bis zum Schluss bleibt, und was ohne das Wort wäre." };
  const LEFT_OUT = { name: "Weglassen", symbol: "s_T − s_(T ohne t)",
    says: "um wie viel das letzte Logit mit dem Wort anders ist als ohne; alles danach liest das Netz neu.",
    not: "was Wörter gemeinsam tragen. Vertreten sie einander, so sieht jedes einzelne unwichtig aus." };
  const GRADIENT = { name: "Gradient", symbol: "x_t · ∂s_T/∂x_t",
    says: "was eine kleine Änderung bewirkt: Ein um 1 % längerer Wortvektor ändert das letzte Logit um etwa 1 % des Balkens.",
    not: "was ein anderes oder gar kein Wort bewirkte. Wo Tore und tanh flach sind, ist er klein, auch bei einem Wort, das "
      + "den Ausschlag gab." };
  const NORM = { name: "Norm des Gradienten" };

  // Die Grössen einer Lesung; «left» sind die Unterschiede beim Weglassen, falls schon gerechnet.
  anncourse.measures = ({ effects, inputs }, gradients, left) => {
    const dot = (v, w) => v.reduce((sum, v_n, n) => sum + v_n * w[n], 0);
    return [
      { ...STEP, values: effects },
      { ...LEFT_OUT, values: left },
      { ...GRADIENT, values: gradients.map((gradient, t) => dot(gradient, inputs[t])) },
      { ...NORM, values: gradients.map((gradient) => Math.sqrt(dot(gradient, gradient))) },
    ];
  };

  // Alle Reihen haben denselben Massstab, denn jede zeigt die Änderung eines Logits.
  anncourse.wordBars = (measures) => {
    const rows = measures.filter(({ name }) => name !== NORM.name);
    const limit = Math.max(...rows.flatMap(({ values = [] }) => values.map(Math.abs)));
    const width = rows[0].values.length * COLUMN;
    const y = (value) => HEIGHT / 2 - value / limit * (HEIGHT / 2 - EDGE);
    return rows.flatMap(({ name, symbol, values }) => {
      const bar = (value, t) => `M${middle(t) - WIDTH / 2} ${y(0)}h${WIDTH}V${y(value).toFixed(1)}h${-WIDTH}z`;
      const picture = svg("svg", { width, height: HEIGHT, role: "img",
        "aria-label": `Balken ${name}; die Werte stehen in der Tabelle darunter.` },
        ...[1, -1].map((sign) => svg("path", { fill: `rgb(${anncourse.shade(sign, true)})`,
          d: (values ?? []).map((value, t) => (value * sign > 0 ? bar(value, t) : "")).join("") })));
      picture.append(svg("line", { x1: 0, x2: width, y1: y(0), y2: y(0), stroke: COLOURS.line }));
      return [
        html("p", { class: "live-caption" }, html("b", {}, name), " ", formula(symbol), values ? "" : ": wird gerechnet …"),
        panel(scale(HEIGHT, [limit, 0, -limit].map((value) => [y(value), signed(value, 1)])), picture),
      ];
    });
  };

  anncourse.wordLegend = () => html("dl", { class: "live-limits" }, ...[STEP, LEFT_OUT, GRADIENT].flatMap(
    ({ name, says, not }) => [html("dt", {}, name),
      html("dd", {}, html("b", {}, "sagt: "), says), html("dd", {}, html("b", {}, "sagt nicht: "), not)]));
}
