"use strict";

// Wie anncourse/cells.py: die drei Zellen als Gleichungen. Vektoren sind Float64Array der
// Länge H, W (H, I) und U (H, H) liegen zeilenweise hintereinander.
anncourse.sigmoid = (a) => 1 / (1 + Math.exp(-a));

{
  const { sigmoid } = anncourse;

  // Zeile j von M, mal v
  const row = (M, j, v) => {
    let sum = 0;
    for (let n = 0; n < v.length; n++) sum += M[j * v.length + n] * v[n];
    return sum;
  };

  // W x + U h + b, mit den Gewichten des Tors g
  const linear = (p, g, x, h) =>
    p[`b${g}`].map((b, j) => b + row(p[`W${g}`], j, x) + row(p[`U${g}`], j, h));

  const rnn = (x, { h }, p) => ({ h: linear(p, "", x, h).map(Math.tanh) });

  const lstm = (x, { h, c }, p) => {
    const i = linear(p, "_i", x, h).map(sigmoid);                // Eingangstor
    const f = linear(p, "_f", x, h).map(sigmoid);                // Vergesstor
    const o = linear(p, "_o", x, h).map(sigmoid);                // Ausgangstor
    const candidate = linear(p, "_c", x, h).map(Math.tanh);
    const carry = c.map((c_j, j) => f[j] * c_j + i[j] * candidate[j]);  // neuer Übertrag
    return { h: o.map((o_j, j) => o_j * Math.tanh(carry[j])), c: carry, i, f, o, candidate };
  };

  const gru = (x, { h }, p) => {
    const r = linear(p, "_r", x, h).map(sigmoid);                // Rücksetztor
    const z = linear(p, "_z", x, h).map(sigmoid);                // Aktualisierungstor
    const candidate = p.b_h.map((b, j) =>
      Math.tanh(row(p.W_h, j, x) + b + r[j] * (row(p.U_h, j, h) + p.b_h2[j])));
    return { h: candidate.map((new_j, j) => (1 - z[j]) * new_j + z[j] * h[j]), r, z, candidate };
  };

  anncourse.steps = { rnn, lstm, gru };
}
