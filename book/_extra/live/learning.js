"use strict";

// Die Bit-Aufgabe lernen, wie anncourse/experiments/page.py: Zufall, Folgen, Verlust, ein Schritt des
// Optimierers. Gleiche Einstellungen und gleicher Zufallsstart geben dort und hier dieselben Zahlen.
{
  const { sigmoid, bptt } = anncourse;
  const WEIGHTS = ["W", "U", "b", "b_U", "V", "v"];

  // Zufallszahlen zwischen 0 und 1 (mulberry32 von Tommy Ettinger): rechnet nur mit 32 Bit
  const random = (seed) => {
    let state = seed | 0;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let z = Math.imul(state ^ (state >>> 15), state | 1);
      z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
      return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
    };
  };

  // Eine Folge: zuerst die Marke mit dem Bit, dann k Schritte Ablenkung. Gibt das Bit zurück.
  const draw = (x, { lag, distractors }, next) => {
    for (let t = 1; t <= lag + 1; t++) {
      const value = next() < 0.5 ? -1 : 1;
      x[2 * t] = t === 1 ? 1 : 0;
      x[2 * t + 1] = t === 1 || distractors ? value : 0;
    }
    return x[3] > 0 ? 1 : 0;
  };

  // Alles aus U(±1/√H) wie in PyTorch, W und U noch mal ihrem Massstab
  const build = ({ cell, width: H, scale_W, scale_U, bias }, next) => {
    const G = bptt.CELLS[cell].gates, limit = 1 / Math.sqrt(H);
    const uniform = (count, factor = 1) =>
      Float64Array.from({ length: count }, () => (2 * next() - 1) * limit * factor);
    const net = {
      cell, H, W: uniform(G * H * bptt.INPUTS, scale_W), U: uniform(G * H * H, scale_U),
      b: uniform(G * H), b_U: uniform(G * H), V: uniform(H), v: uniform(1),
    };
    if (cell !== "rnn") {                                  // Vergesstor, bei der GRU z
      net.b.fill(bias, H, 2 * H);
      net.b_U.fill(0, H, 2 * H);
    }
    return net;
  };

  const zeros = (net) => Object.fromEntries(WEIGHTS.map((name) => [name, new Float64Array(net[name].length)]));

  // Binäre Kreuzentropie des Logits s, auch für grosse |s| genau
  const loss = (s, y) => Math.max(s, 0) - s * y + Math.log1p(Math.exp(-Math.abs(s)));

  // Eine Folge: Verlust, ob die Antwort stimmt; ihr Anteil am Gradienten eines Stapels kommt dazu.
  const sequence = (net, gradient, trace, settings, next, size) => {
    const y = draw(trace.x, settings, next);
    const s = bptt.forward(net, trace);
    const delta = (sigmoid(s) - y) / size;                 // ∂L/∂s
    gradient.v[0] += delta;
    for (let j = 0; j < net.H; j++) {
      gradient.V[j] += delta * trace.h[trace.T * net.H + j];
      trace.dh[j] = delta * net.V[j];
    }
    bptt.backward(net, trace, gradient);
    return { loss: loss(s, y), right: (s > 0) === (y > 0.5) };
  };

  // Die Norm des ganzen Gradienten; liegt sie über «limit», wird er auf sie gekürzt.
  const clip = (gradient, limit) => {
    let sum = 0;
    for (const name of WEIGHTS) for (const g of gradient[name]) sum += g * g;
    const norm = Math.sqrt(sum), factor = limit / (norm + 1e-6);
    if (factor < 1) for (const name of WEIGHTS) gradient[name].forEach((g, n, all) => { all[n] = g * factor; });
    return norm;
  };

  const step = (net, gradient, squares, { optimiser, rate: wanted }, { rho, epsilon }) => {
    const rate = Math.fround(wanted);                      // wie many.py: die Lernrate ist einfach genau
    for (const name of WEIGHTS) {
      const weight = net[name], g = gradient[name], square = squares[name];
      for (let n = 0; n < weight.length; n++) {
        if (optimiser === "sgd") {
          weight[n] -= rate * g[n];
          continue;
        }
        square[n] = rho * square[n] + (1 - rho) * g[n] * g[n];       // RMSprop
        weight[n] -= rate * g[n] / (Math.sqrt(square[n]) + epsilon);
      }
    }
  };

  // Ein Lauf: «read()» liest eine Folge und meldet, ob damit ein Stapel fertig ist; «next()» liest einen
  // Stapel. Gelöst ist die Aufgabe, sobald das gleitende Mittel der richtigen Antworten «mastered» übersteigt.
  anncourse.learn = (settings, recipe) => {
    const next = random(settings.seed), net = build(settings, next), size = recipe.batch_size;
    const gradient = zeros(net), squares = zeros(net), trace = bptt.trace(net, settings.lag + 1);
    const run = { net, gradient, batches: 0, right: 0.5, loss: NaN, norm: NaN, solved: 0 };
    let count = 0, sum = 0, right = 0;
    run.read = () => {
      if (count === 0) for (const name of WEIGHTS) gradient[name].fill(0);
      const found = sequence(net, gradient, trace, settings, next, size);
      [count, sum, right] = [count + 1, sum + found.loss, right + found.right];
      if (count < size) return false;
      run.norm = clip(gradient, settings.clipped ? recipe.gradient_norm : Infinity);
      step(net, gradient, squares, settings, recipe);
      run.batches += 1;
      run.loss = sum / size;
      run.right = 0.9 * run.right + 0.1 * right / size;    // etwa die letzten zehn Stapel
      if (!run.solved && run.right > recipe.mastered) run.solved = run.batches;
      [count, sum, right] = [0, 0, 0];
      return true;
    };
    run.next = () => { while (!run.read()); };
    return run;
  };

  // Eine Prüfung auf neuen Folgen; «next()» liest eine davon.
  anncourse.examine = (net, settings) => {
    const next = random(10000 + settings.seed), trace = bptt.trace(net, settings.lag + 1);
    const exam = { number: 0, right: 0 };
    exam.next = () => {
      const y = draw(trace.x, settings, next);
      exam.right += (bptt.forward(net, trace) > 0) === (y > 0.5);
      exam.number += 1;
    };
    return exam;
  };

  // Eine Folge, an der man zusieht; «example» ist die Nummer
  anncourse.example = (net, settings, example) => {
    const next = random(20000 + example), trace = bptt.trace(net, settings.lag + 1);
    trace.y = draw(trace.x, settings, next);
    trace.s = bptt.forward(net, trace);
    return trace;
  };

  anncourse.learning = { random, build };
}
