"use strict";

// Ein entrolltes RNN mit einer Einheit: Wie gross ist die Ableitung von h_T nach jedem früheren Zustand?
{
  const { html, svg, number, scientific, slider, COLOURS, TINTS } = anncourse;
  const { text, arrow } = anncourse.drawing;
  const T = 20;
  const TOP = 6, BOTTOM = -8;                   // Zehnerpotenzen der Achse
  const place = (t) => 50 + 16.5 * (t - 1);
  const height = (value) => 32 + (TOP - Math.log10(value)) * 13;
  const CELLS = 244;

  // Gleichung (9.3.13) mit einer Einheit: vom Ende her ein Faktor (1 − h_t²) u je Schritt
  anncourse.gradients = (u, w) => {
    const slopes = [];
    let h = 0;
    for (let t = 1; t <= T; t++) {
      h = Math.tanh(w * Math.sin(t) + u * h);
      slopes.push(1 - h * h);
    }
    const linear = Array(T).fill(1), tanh = Array(T).fill(1);
    for (let t = T - 2; t >= 0; t--) {
      linear[t] = u * linear[t + 1];
      tanh[t] = slopes[t + 1] * u * tanh[t + 1];
    }
    return { linear, tanh };
  };

  // Was unter die Achse fällt, steht als Dreieck auf ihrem Rand.
  const marks = (values, colour, shape) => values.map((value, t) => {
    const [x, low] = [place(t + 1), height(10 ** BOTTOM)];
    if (value < 10 ** BOTTOM) {
      return svg("polygon", { points: `${x - 4},${low - 5} ${x + 4},${low - 5} ${x},${low + 2}`, fill: colour });
    }
    return shape(x, height(value));
  });
  const line = (values, colour, dashes) => svg("polyline", {
    points: values.map((value, t) => `${place(t + 1)},${height(Math.max(value, 10 ** BOTTOM))}`).join(" "),
    fill: "none", stroke: colour, "stroke-width": 2, "stroke-dasharray": dashes,
  });

  const picture = ({ linear, tanh }) => {
    const image = svg("svg", { viewBox: "0 0 380 310", role: "img", "aria-label":
      `Entrolltes RNN mit ${T} Schritten; darüber, logarithmisch, die Ableitung des letzten Zustands nach jedem `
      + "früheren, ohne und mit tanh. Der Satz darunter nennt die Werte." });
    for (let power = BOTTOM; power <= TOP; power += 2) {
      const y = height(10 ** power);
      image.append(
        svg("line", { x1: 44, x2: 372, y1: y, y2: y, stroke: power ? "#E4E4E4" : COLOURS.line }),
        text(40, y + 4, power ? `10^(${String(power).replace("-", "−")})` : "1", { anchor: "end", size: 12 }));
    }
    image.append(
      text(4, 16, "∂h_T / ∂h_t, logarithmisch", { anchor: "start", size: 12 }),
      line(tanh, COLOURS.carry, "6 3"),
      ...marks(tanh, COLOURS.carry, (x, y) => svg("rect", { x: x - 4, y: y - 4, width: 8, height: 8, fill: "#fff",
        stroke: COLOURS.carry, "stroke-width": 2 })),
      line(linear, COLOURS.state, "none"),
      ...marks(linear, COLOURS.state, (x, y) => svg("circle", { cx: x, cy: y, r: 3.5, fill: COLOURS.state })),
      svg("line", { x1: place(1), x2: place(T), y1: CELLS, y2: CELLS, stroke: COLOURS.state, "stroke-width": 2 }));
    for (let t = 1; t <= T; t++) {
      image.append(svg("rect", { x: place(t) - 5.5, y: CELLS - 8, width: 11, height: 16, rx: 2, fill: TINTS.state,
        stroke: COLOURS.state, "stroke-width": 1.5 }));
    }
    image.append(
      text(place(1), CELLS + 24, "h_1"), text(place(T), CELLS + 24, "h_T"),
      arrow([[290, CELLS + 50], [210, CELLS + 50]], "line", { dashed: true }),
      text(200, CELLS + 54, "Gradient, rückwärts", { anchor: "end" }));
    return image;
  };

  const verb = (value) => (value < 0.1 ? "verschwindet" : value > 10 ? "explodiert" : "bleibt in der Grössenordnung von 1");

  const card = html("div", { class: "live-card" });
  const sentence = html("p", { id: "live-gradient-sentence" });
  const { region, say } = anncourse.announcer();
  const u = slider("Gewicht", "u", "live-u", { min: 0.2, max: 2, value: 0.7, digits: 2 }, () => show());
  const w = slider("Gewicht", "w", "live-w", { min: 0, max: 1, value: 0.5 }, () => show());

  function show() {
    const values = anncourse.gradients(u.input.valueAsNumber, w.input.valueAsNumber);
    const [linear, tanh] = [values.linear[0], values.tanh[0]];
    card.replaceChildren(picture(values));
    sentence.replaceChildren(
      `Mit u = ${number(u.input.valueAsNumber)} ist die Ableitung von h`, html("sub", {}, "T"), " nach h", html("sub", {}, "1"),
      `, ${T - 1} Schritte zurück, ohne tanh `, scientific(linear), `: Sie ${verb(linear)}. Mit tanh ist sie `, scientific(tanh),
      `: Sie ${verb(tanh)}.`);
    say(sentence.textContent.replace(/ · 10(?=−)/g, " mal 10 hoch "));
  }

  document.getElementById("live-gradient").replaceChildren(u.row, w.row, card, sentence, region);
  show();
}
