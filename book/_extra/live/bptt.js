"use strict";

// Vorwärts durch eine Folge und rückwärts durch die Zeit, von Hand wie in 9.3.5 und 9.3.6.
//
// Ein Netz hat die Gewichte von PyTorch, jedes ein Float64Array, Zeile um Zeile:
//   a_t = W x_t + b,  u_t = U h_(t−1) + b_U   (G·H Zahlen; G Tore zu H Einheiten übereinander)
//   s = V h_T + v                             (das Logit)
// Eine Aufzeichnung («trace») hält, was vorwärts entstand: x_1 … x_T, h_0 … h_T, c_0 … c_T, die Tore
// und «inner»: bei der LSTM tanh(c_t), bei der GRU der Teil von u_t, den das Rücksetztor öffnet.
{
  const { sigmoid } = anncourse;
  const INPUTS = 2;                                        // Marke und Wert

  // Je Zelle ein Schritt vorwärts und einer rückwärts. Zum Schritt t gehören die Zahlen ab t·H
  // (Zustand, Spur) und ab t·G·H (Tore); «past» zeigt auf jene des Schritts davor.
  // Rückwärts steht in dh und dc, was von oben kommt: ∂L/∂h_t und ∂L/∂c_t. Daraus werden da und
  // du, die Gradienten nach a_t und u_t; in dh und dc bleibt, was ohne U zum Schritt t − 1 geht.
  const rnn = {
    gates: 1,
    forward({ a, u, h }, H, now) {
      for (let j = 0; j < H; j++) h[now + j] = Math.tanh(a[j] + u[j]);
    },
    backward({ h, dh, da, du }, H, now) {
      for (let j = 0; j < H; j++) {
        da[j] = du[j] = (1 - h[now + j] * h[now + j]) * dh[j];  // δ_t
        dh[j] = 0;
      }
    },
  };

  const lstm = {
    gates: 4,                                              // i, f, c̃, o
    forward({ a, u, h, c, gates, inner }, H, now, past, at) {
      for (let j = 0; j < H; j++) {
        const i = gates[at + j] = sigmoid(a[j] + u[j]);
        const f = gates[at + H + j] = sigmoid(a[H + j] + u[H + j]);
        const candidate = gates[at + 2 * H + j] = Math.tanh(a[2 * H + j] + u[2 * H + j]);
        const o = gates[at + 3 * H + j] = sigmoid(a[3 * H + j] + u[3 * H + j]);
        c[now + j] = f * c[past + j] + i * candidate;
        inner[now + j] = Math.tanh(c[now + j]);
        h[now + j] = o * inner[now + j];
      }
    },
    backward({ c, gates, inner, dh, dc, da, du }, H, now, past, at) {
      for (let j = 0; j < H; j++) {
        const i = gates[at + j], f = gates[at + H + j];
        const candidate = gates[at + 2 * H + j], o = gates[at + 3 * H + j];
        const out = inner[now + j];
        const track = dc[j] + dh[j] * o * (1 - out * out);  // beide Wege treffen sich auf der Spur
        da[j] = du[j] = track * candidate * i * (1 - i);
        da[H + j] = du[H + j] = track * c[past + j] * f * (1 - f);
        da[2 * H + j] = du[2 * H + j] = track * i * (1 - candidate * candidate);
        da[3 * H + j] = du[3 * H + j] = dh[j] * out * o * (1 - o);
        dc[j] = track * f;                                 // der direkte Weg: mal Vergesstor
        dh[j] = 0;
      }
    },
  };

  const gru = {
    gates: 3,                                              // r, z, h̃
    forward({ a, u, h, gates, inner }, H, now, past, at) {
      for (let j = 0; j < H; j++) {
        const r = gates[at + j] = sigmoid(a[j] + u[j]);
        const z = gates[at + H + j] = sigmoid(a[H + j] + u[H + j]);
        inner[now + j] = u[2 * H + j];
        const candidate = gates[at + 2 * H + j] = Math.tanh(a[2 * H + j] + r * u[2 * H + j]);
        h[now + j] = (1 - z) * candidate + z * h[past + j];
      }
    },
    backward({ h, gates, inner, dh, da, du }, H, now, past, at) {
      for (let j = 0; j < H; j++) {
        const r = gates[at + j], z = gates[at + H + j], candidate = gates[at + 2 * H + j];
        const delta = dh[j] * (1 - z) * (1 - candidate * candidate);
        da[j] = du[j] = delta * inner[now + j] * r * (1 - r);
        da[H + j] = du[H + j] = dh[j] * (h[past + j] - candidate) * z * (1 - z);
        da[2 * H + j] = delta;
        du[2 * H + j] = delta * r;
        dh[j] *= z;                                        // der direkte Weg: mal Aktualisierungstor
      }
    },
  };

  const CELLS = { rnn, lstm, gru };

  // Platz für eine Folge aus T Schritten
  const trace = ({ cell, H }, T) => {
    const G = CELLS[cell].gates, numbers = (count) => new Float64Array(count);
    return {
      T, x: numbers((T + 1) * INPUTS), h: numbers((T + 1) * H), c: numbers((T + 1) * H),
      gates: numbers((T + 1) * G * H), inner: numbers((T + 1) * H),
      a: numbers(G * H), u: numbers(G * H), dh: numbers(H), dc: numbers(H),
      da: numbers(G * H), du: numbers(G * H),
    };
  };

  // Liest, was in «trace.x» ab x_1 steht, und gibt das Logit nach dem letzten Schritt zurück.
  const forward = ({ cell, H, W, U, b, b_U, V, v }, trace) => {
    const { T, x, h, a, u } = trace, { gates: G, forward: step } = CELLS[cell];
    for (let t = 1; t <= T; t++) {
      const now = t * H, past = now - H, read = t * INPUTS;
      for (let j = 0; j < G * H; j++) {
        a[j] = b[j] + W[2 * j] * x[read] + W[2 * j + 1] * x[read + 1];
        let sum = b_U[j];
        for (let n = 0; n < H; n++) sum += U[j * H + n] * h[past + n];
        u[j] = sum;
      }
      step(trace, H, now, past, now * G);
    }
    let s = v[0];
    for (let j = 0; j < H; j++) s += V[j] * h[T * H + j];
    return s;
  };

  // Von h_T zurück bis h_0. «trace.dh» enthält zu Beginn ∂L/∂h_T. Mit «gradient» werden die
  // Beiträge aller Schritte zu den Gewichten addiert; «watch» sieht nach jedem Schritt dh und dc.
  const backward = ({ cell, H, U }, trace, gradient, watch) => {
    const { T, x, h, dh, dc, da, du } = trace, { gates: G, backward: step } = CELLS[cell];
    dc.fill(0);                                            // nach T kommt von der Spur nichts
    for (let t = T; t >= 1; t--) {
      const now = t * H, past = now - H, read = t * INPUTS;
      step(trace, H, now, past, now * G);
      for (let j = 0; j < G * H; j++) {
        for (let n = 0; n < H; n++) dh[n] += U[j * H + n] * du[j];   // ∂L/∂h_(t−1)
      }
      for (let j = 0; gradient && j < G * H; j++) {
        gradient.W[2 * j] += da[j] * x[read];
        gradient.W[2 * j + 1] += da[j] * x[read + 1];
        gradient.b[j] += da[j];
        for (let n = 0; n < H; n++) gradient.U[j * H + n] += du[j] * h[past + n];
        gradient.b_U[j] += du[j];
      }
      watch?.(t, dh, dc);
    }
  };

  // ‖∂h_T/∂h_(T−k)‖ und ‖∂h_T/∂c_(T−k)‖ für k = 0 … T: je Einheit von h_T einmal rückwärts. Die
  // Norm ist die Wurzel aus der Summe aller quadrierten Einträge.
  const stateGradients = (net, trace) => {
    const h = new Float64Array(trace.T + 1), c = new Float64Array(trace.T + 1);
    h[0] = net.H;                                          // die Einheitsmatrix
    for (let unit = 0; unit < net.H; unit++) {
      trace.dh.fill(0);
      trace.dh[unit] = 1;
      backward(net, trace, undefined, (t, dh, dc) => {
        const k = trace.T - t + 1;
        for (let j = 0; j < net.H; j++) {
          h[k] += dh[j] ** 2;
          c[k] += dc[j] ** 2;
        }
      });
    }
    return { h: h.map(Math.sqrt), c: c.map(Math.sqrt) };
  };

  anncourse.bptt = { CELLS, INPUTS, trace, forward, backward, stateGradients };
}
