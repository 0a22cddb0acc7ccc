"use strict";

// Ein Netz laden, entpacken und Wort für Wort lesen lassen (wie anncourse/prediction.py).
{
  const folder = document.currentScript.src.replace(/[^/]*$/, "");
  const UNK = 1;
  const opened = {}, waiting = {}, before = {};

  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const floats = (text) => Float64Array.from(new Float32Array(bytes(text).buffer));

  // Zeile «number» der Einbettung: ganze Zahlen zu je «bits» Bit, mal Massstab der Zeile
  const embed = ({ size, bits, unit, scales, numbers }, number) => {
    const x = new Float64Array(size);
    for (let n = 0, bit = number * size * bits; n < size; n++, bit += bits) {
      const at = bit >> 3;
      const window = (numbers[at] << 16) | (numbers[at + 1] << 8) | numbers[at + 2];
      const value = (window >> (24 - (bit & 7) - bits)) & ((1 << bits) - 1);
      x[n] = (value - (1 << (bits - 1))) * scales[number] * unit;
    }
    return x;
  };

  const open = ({ cell, maxlen, words, embedding, parameters }) => {
    const packed = { ...embedding, scales: bytes(embedding.scales), numbers: bytes(embedding.numbers) };
    const p = {};
    for (const [name, text] of Object.entries(parameters)) p[name] = floats(text);
    const ids = new Map(words.split(" ").map((word, number) => [word, number]));
    return { cell, maxlen, ids, p, embed: (number) => embed(packed, number) };
  };

  // Fügt das Skript mit den Gewichten beim ersten Mal in die Seite ein.
  anncourse.load = (cell) => {
    waiting[cell] ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${folder}${cell}.js`;
      script.onload = () => resolve(opened[cell] = open(anncourse.nets[cell]));
      script.onerror = () => {
        delete waiting[cell];
        reject(new Error(`${cell}.js`));
      };
      document.head.append(script);
    });
    return waiting[cell];
  };

  const start = ({ w }) => ({ h: new Float64Array(w.length), c: new Float64Array(w.length) });
  const logit = ({ w, b_output }, { h }) => h.reduce((sum, h_j, j) => sum + w[j] * h_j, b_output[0]);

  // Liest eine Kritik mit einem geladenen Netz. logits[0] ist das Logit vor dem ersten Wort.
  anncourse.read = (cell, text) => {
    const { maxlen, ids, p, embed } = opened[cell];
    const all = anncourse.tokenise(text);
    const words = all.slice(-maxlen);
    const numbers = words.map((word) => ids.get(word) ?? UNK);
    const inputs = numbers.map(embed);
    // Beim Tippen bleibt der Anfang gleich: Was schon gelesen ist, liest das Netz nicht noch einmal.
    const read = before[cell] ?? { numbers: [], states: [] };
    const changed = numbers.findIndex((number, t) => number !== read.numbers[t]);
    const states = read.states.slice(0, changed < 0 ? numbers.length : changed);
    for (const x of inputs.slice(states.length)) {
      states.push(anncourse.steps[cell](x, states.at(-1) ?? start(p), p));
    }
    before[cell] = { numbers, states };
    const logits = [start(p), ...states].map((state) => logit(p, state));
    return {
      cell, words, inputs, states, logits, p, dropped: all.length - words.length,
      known: numbers.map((number) => number > UNK),
      probabilities: logits.slice(1).map(anncourse.sigmoid),
      effects: words.map((_, t) => logits[t + 1] - logits[t]),
    };
  };
}
