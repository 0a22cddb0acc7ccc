"use strict";

// Die Bildsprache von anncourse/teaching/diagrams.py: Farben, Kästen, Kreise, Linien mit Spitze.
{
  const { html, svg, COLOURS, TINTS } = anncourse;
  // «c_(t−1)» wird zu c mit tiefgestelltem t−1, «10^(-3)» zu einer Potenz.
  const text = (x, y, label, { anchor = "middle", size = 13, ...others } = {}) => {
    const node = svg("text", { x, y, "text-anchor": anchor, "font-size": size, fill: COLOURS.line, ...others });
    for (const part of label.split(/([_^](?:\([^)]*\)|\w))/)) {
      const [, mark, shifted] = part.match(/^([_^])(.+)$/) ?? [];
      if (!mark) {
        node.append(part);
        continue;
      }
      const dy = (mark === "_" ? 0.25 : -0.4) * size;
      node.append(svg("tspan", { dy, "font-size": 0.75 * size }, shifted.replace(/[()]/g, "")),
        svg("tspan", { dy: -dy }, "\u200b"));
    }
    return node;
  };

  const box = (x, y, width, height, colour, ...lines) => svg("g", {},
    svg("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: 6,
      fill: TINTS[colour], stroke: COLOURS[colour], "stroke-width": 1.8 }),
    ...lines.map(([label, shift, size]) => text(x, y + shift, label, { size })));

  const circle = (x, y, label, colour = "line") => svg("g", {},
    svg("circle", { cx: x, cy: y, r: 13, fill: "#fff", stroke: COLOURS[colour], "stroke-width": 1.8 }),
    text(x, y + 6, label, { size: 17 }));

  const dot = (x, y, colour) => svg("circle", { cx: x, cy: y, r: 5.5, fill: COLOURS[colour] });

  // Ein Linienzug; seine Spitze berührt den letzten Punkt.
  const arrow = (points, colour = "line", { width = 2, dashed = false } = {}) => {
    const [[x0, y0], [x1, y1]] = points.slice(-2);
    const length = Math.hypot(x1 - x0, y1 - y0);
    const [dx, dy] = [(x1 - x0) / length, (y1 - y0) / length];
    const long = 7 + 1.5 * width, half = 3 + 0.8 * width;
    const [x, y] = [x1 - long * dx, y1 - long * dy];
    const tip = [[x1, y1], [x - half * dy, y + half * dx], [x + half * dy, y - half * dx]];
    return svg("g", {},
      svg("polyline", { points: [...points.slice(0, -1), [x, y]].join(" "), fill: "none", stroke: COLOURS[colour],
        "stroke-width": width, "stroke-linejoin": "round", "stroke-dasharray": dashed ? "5 3" : "none" }),
      svg("polygon", { points: tip.join(" "), fill: COLOURS[colour] }));
  };

  // Ein Schieber mit Beschriftung, Symbol und Wert; «digits» Stellen nach dem Punkt.
  const slider = (label, symbol, id, { min, max, value, digits = 1 }, change) => {
    const input = html("input", { type: "range", id, min, max, step: 10 ** -digits, value });
    const output = html("output", { for: id });
    const show = () => {
      output.textContent = anncourse.number(input.valueAsNumber, digits);
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.addEventListener("input", () => { show(); change(); });
    show();
    return { input, show, row: html("p", { class: "live-slider" },
      html("label", { for: id }, `${label} `, anncourse.formula(symbol)), input, output) };
  };

  Object.assign(anncourse, { drawing: { text, box, circle, dot, arrow }, slider });
}
