"use strict";

// Eine gelesene Kritik noch einmal, mit den Schritten von bptt.js: ohne eines der Wörter, und rückwärts
// vom letzten Logit zu jedem Wortvektor.
{
  const { bptt } = anncourse;
  const GATES = { rnn: [""], lstm: ["_i", "_f", "_c", "_o"], gru: ["_r", "_z", "_h"] };

  // Dieselben Gewichte, die Tore übereinander; b_U hat nur die GRU.
  const stacked = (cell, p) => {
    const all = (name) => Float64Array.from(GATES[cell].flatMap((gate) => [...p[`${name}${gate}`]]));
    const H = p.w.length, b = all("b"), b_U = new Float64Array(b.length);
    if (cell === "gru") b_U.set(p.b_h2, 2 * H);
    return { cell, H, W: all("W"), U: all("U"), b, b_U };
  };

  // sum = M v + b; v beginnt bei «from»
  const multiply = (sum, M, v, b, size, from = 0) => {
    for (let j = 0; j < b.length; j++) {
      let total = b[j];
      for (let n = 0; n < size; n++) total += M[j * size + n] * v[from + n];
      sum[j] = total;
    }
    return sum;
  };

  anncourse.rereading = ({ cell, inputs, logits, p }) => {
    const net = stacked(cell, p), { H, W, U, b, b_U } = net;
    const { gates: G, forward } = bptt.CELLS[cell], T = inputs.length;
    // W x_t + b ist bei jedem Lesen gleich
    const sums = inputs.map((x) => multiply(new Float64Array(b.length), W, x, b, x.length));
    const step = (trace, t, past, now) => {
      trace.a = sums[t];
      multiply(trace.u, U, trace.h, b_U, H, past);
      forward(trace, H, now, past, now * G);
    };
    const logit = (h, from) => multiply([], p.w, h, p.b_output, H, from)[0];

    const whole = bptt.trace(net, T);                      // h_t ab t·H
    for (let t = 0; t < T; t++) step(whole, t, t * H, (t + 1) * H);

    // Die Logits ohne das Wort t: Bis dorthin bleibt alles, bei t geschieht nichts.
    const short = bptt.trace(net, 1);                      // nur ein Zustand und der nächste
    const without = (t) => {
      let past = 0, now = H;
      for (const name of ["h", "c"]) short[name].set(whole[name].subarray(t * H, (t + 1) * H), past);
      const others = [...logits.slice(0, t + 1), logits[t]];
      for (let n = t + 1; n < T; n++) {
        step(short, n, past, now);
        others.push(logit(short.h, now));
        [past, now] = [now, past];
      }
      return others;
    };

    // ∂s_T/∂x_t = Wᵀ ∂s_T/∂a_t für jedes Wort
    const gradients = () => {
      const found = inputs.map((x) => new Float64Array(x.length));
      whole.dh.set(p.w);                                   // s_T = b + Σ w_j h_(T,j)
      bptt.backward(net, whole, undefined, (t) => {
        const gradient = found[t - 1], size = gradient.length;
        for (let j = 0; j < b.length; j++) {
          for (let n = 0; n < size; n++) gradient[n] += W[j * size + n] * whole.da[j];
        }
      });
      return found;
    };
    return { without, gradients };
  };
}
