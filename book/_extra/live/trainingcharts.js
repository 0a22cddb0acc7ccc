"use strict";

// Die Bilder der Seite «Selbst trainieren»: Lernkurve, Gradient, eine Folge, eine Einheit.
{
  const { html, svg, number, COLOURS, bptt } = anncourse;
  const { text } = anncourse.drawing;
  const LEFT = 46, RIGHT = 372;
  const EMPTY = "#D8D8D8";

  const line = (points, colour, { width = 2, dashes = "none", opacity = 1 } = {}) => svg("polyline", {
    points: points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" "), fill: "none", stroke: colour,
    "stroke-width": width, "stroke-dasharray": dashes, "stroke-linejoin": "round", opacity,
  });
  const rule = (y, dashes = "none") => svg("line", {
    x1: LEFT, x2: RIGHT, y1: y, y2: y, stroke: EMPTY, "stroke-dasharray": dashes });
  const scale = (from, to, first, last) => (value) => first + ((value - from) / (to - from)) * (last - first);
  const image = (height, label) => svg("svg", { viewBox: `0 0 380 ${height}`, role: "img", "aria-label": label });
  const power = (exponent) => (exponent === 0 ? "1" : `10^(${String(exponent).replace("-", "−")})`);

  // Drei Felder übereinander, waagrecht der Stapel. «earlier» ist der Lauf davor, blass.
  const PANELS = [
    { name: "right", title: "Anteil richtig", low: 0, high: 1, marks: [0.5, 1], top: 22, bottom: 104 },
    { name: "loss", title: "Verlust", low: 0, high: 1.4, marks: [0, 0.7, 1.4], top: 130, bottom: 192 },
    { name: "norm", title: "Norm des Gradienten, vor dem Kürzen", low: -4, high: 3, marks: [-3, 0, 3], top: 218, bottom: 280 },
  ];
  anncourse.learningChart = (history, earlier) => {
    const picture = image(312, "Anteil richtiger Antworten, Verlust und Norm des Gradienten gegen die Zahl der "
      + "Stapel; der Satz über den Bildern nennt die neusten Werte.");
    const last = Math.max(50, ...[history, earlier].filter(Boolean).map(({ batches }) => batches.at(-1) ?? 0));
    const x = scale(0, last, LEFT, RIGHT);
    for (const { name, title, low, high, marks, top, bottom } of PANELS) {
      const y = scale(low, high, bottom, top), log = name === "norm";
      picture.append(text(LEFT, top - 6, title, { anchor: "start", size: 12 }));
      for (const mark of marks) {
        picture.append(rule(y(mark), mark === 0.5 || (log && mark === 0) ? "4 3" : "none"),
          text(LEFT - 5, y(mark) + 4, log ? power(mark) : number(mark, 1), { anchor: "end", size: 11 }));
      }
      for (const [run, look] of [[earlier, { opacity: 0.45, dashes: "5 3" }], [history, {}]]) {
        if (!run) continue;
        const points = run.batches.flatMap((batch, n) => {
          const value = log ? Math.log10(run[name][n]) : run[name][n];
          return Number.isNaN(value) ? [] : [[x(batch), y(Math.min(high, Math.max(low, value)))]];
        });
        picture.append(line(points, earlier && run === earlier ? COLOURS.input : COLOURS.state, look));
      }
    }
    picture.append(text(LEFT, 306, "0", { size: 11 }), text(RIGHT, 306, String(last), { anchor: "end", size: 11 }),
      text((LEFT + RIGHT) / 2, 306, "Stapel", { size: 12 }));
    return picture;
  };

  // ‖∂h_T/∂h_(T−k)‖ gegen k; «before» ist dasselbe vor dem ersten Stapel.
  const HIGH = 3, LOW = -12;
  anncourse.gradientChart = (now, before, lag, track) => {
    const picture = image(250, "Norm der Ableitung des letzten Zustands nach jedem früheren, logarithmisch gegen den "
      + "Abstand k; der Satz darunter nennt die Werte beim eingestellten Abstand.");
    const x = scale(0, now.h.length - 1, LEFT, RIGHT), y = scale(LOW, HIGH, 220, 24);
    for (let exponent = LOW; exponent <= HIGH; exponent += 3) {
      picture.append(rule(y(exponent), exponent ? "none" : "4 3"), text(LEFT - 5, y(exponent) + 4, power(exponent), { anchor: "end", size: 11 }));
    }
    const points = (values) => [...values].map((value, k) => [x(k), y(Math.min(HIGH, Math.max(LOW, Math.log10(value))))]);
    picture.append(
      text(4, 14, "‖∂h_T / ∂h_(T−k)‖", { anchor: "start", size: 12 }),
      svg("line", { x1: x(lag), x2: x(lag), y1: 24, y2: 220, stroke: COLOURS.line, "stroke-dasharray": "1 3" }),
      line(points(before.h), COLOURS.input, { dashes: "2 3" }));
    if (track) picture.append(line(points(now.c).slice(1), COLOURS.carry, { dashes: "6 3" }));
    picture.append(line(points(now.h), COLOURS.state),
      text(LEFT, 238, "k = 0", { anchor: "start", size: 11 }), text(RIGHT, 238, `k = ${now.h.length - 1}`, { anchor: "end", size: 11 }));
    return picture;
  };

  // Eine Folge als Streifen: Eingabe, Spur, Zustand und Tore, eine Spalte je Schritt.
  const GATES = {
    rnn: [], lstm: ["Eingangstor i_t", "Vergesstor f_t", null, "Ausgangstor o_t"],
    gru: ["Rücksetztor r_t", "Aktualisierungstor z_t", null],
  };
  const strip = (name, values, sign) => {
    const limit = sign ? Math.max(1, ...values.flat().map(Math.abs)) : 1;
    const [word, symbol] = name.split(/ (?=\S+$)/);
    const picture = anncourse.pixels(values.map((row) => row.map((value) => value / limit)), sign,
      `${word}: eine Spalte je Schritt, eine Zeile je Einheit`);
    picture.style.setProperty("--rows", values.length);
    return html("figure", { class: "live-strip" },
      html("figcaption", {}, `${word} `, anncourse.formula(symbol), limit > 1 ? ` bis ±${number(limit, 1)}` : ""), picture);
  };
  anncourse.sequenceStrips = ({ cell, H }, { T, x, h, c, gates }) => {
    const steps = [...Array(T).keys()].map((t) => t + 1), units = [...Array(H).keys()];
    const G = bptt.CELLS[cell].gates;
    const rows = (values, offset = 0, width = H) => units.map((j) => steps.map((t) => values[t * width + offset + j]));
    const found = [
      strip("Marke m_t", [steps.map((t) => x[2 * t])], false),
      strip("Wert v_t", [steps.map((t) => x[2 * t + 1])], true),
    ];
    if (cell === "lstm") found.push(strip("Übertragsspur c_t", rows(c), true));
    found.push(strip("Zustand h_t", rows(h), true));
    GATES[cell].forEach((name, g) => name && found.push(strip(name, rows(gates, g * H, G * H), false)));
    return found;
  };

  // Eine Einheit im Schritt t: ihr neuer Wert gegen ihren alten, alles Übrige festgehalten. Bei der
  // LSTM ist es der Wert auf der Spur. Dünn der Weg, den die Einheit in dieser Folge nimmt.
  anncourse.unitMap = (net, trace, unit, t) => {
    const { H } = net, track = net.cell === "lstm", G = bptt.CELLS[net.cell].gates;
    const one = bptt.trace(net, 1), kept = track ? "c" : "h", past = (t - 1) * H;
    one.x.set(trace.x.subarray(2 * t, 2 * t + 2), 2);
    one.h.set(trace.h.subarray(past, past + H));
    one.c.set(trace.c.subarray(past, past + H));
    const map = (value) => {
      one[kept][unit] = value;
      bptt.forward(net, one);
      return one[kept][H + unit];
    };
    const path = [...Array(trace.T + 1).keys()].map((s) => trace[kept][s * H + unit]);
    const reached = map(path[t - 1]);                      // zuletzt: der Punkt selbst, für die Steigung
    let slope;
    if (track) {
      slope = one.gates[G * H + H + unit];                 // der direkte Weg: das Vergesstor
    } else {
      one.dh.fill(0);
      one.dh[unit] = 1;
      bptt.backward(net, one);
      slope = one.dh[unit];
    }
    return { map, path, reached, slope, limit: Math.max(1, ...path.map(Math.abs)) };
  };
  anncourse.unitChart = ({ map, path, reached, slope, limit }, t, symbol) => {
    const picture = image(300, "Spinnwebdiagramm einer Einheit: der neue Wert gegen den alten, dazu die Diagonale und "
      + "der Weg in der gezeigten Folge; der Satz darunter nennt Wert und Steigung.");
    const x = scale(-limit, limit, 70, 330), y = scale(-limit, limit, 272, 12);
    const curve = [...Array(81).keys()].map((n) => -limit + (n / 40) * limit).map((value) => [x(value), y(map(value))]);
    const stairs = path.slice(1).flatMap((value, s) => [[x(path[s]), y(value)], [x(value), y(value)]]);
    const [x0, y0] = [x(path[t - 1]), y(reached)], long = 34 / Math.hypot(1, slope);
    picture.append(
      svg("rect", { x: 70, y: 12, width: 260, height: 260, fill: "none", stroke: EMPTY }),
      line([[70, 272], [330, 12]], COLOURS.input, { width: 1, dashes: "4 3" }),
      line(stairs, COLOURS.line, { width: 0.8, opacity: 0.5 }),
      line(curve, COLOURS.state, { width: 2.5 }),
      line([[x0 - long, y0 + long * slope], [x0 + long, y0 - long * slope]], COLOURS.carry, { width: 5 }),
      svg("circle", { cx: x0, cy: y0, r: 5, fill: COLOURS.carry }),
      text(200, 292, `alt: ${symbol}_(t−1)`, { size: 12 }), text(64, 24, `neu: ${symbol}_t`, { anchor: "end", size: 12 }),
      text(66, 276, number(-limit, 1), { anchor: "end", size: 11 }), text(330, 286, number(limit, 1), { size: 11 }));
    return picture;
  };
}
