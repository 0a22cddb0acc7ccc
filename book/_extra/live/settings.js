"use strict";

// Die Einstellungen der Seite «Selbst trainieren» und der Link, der sie mitnimmt.
{
  const { html, formula, slider, TRAINING } = anncourse;
  const CELLS = { rnn: "SimpleRNN", lstm: "LSTM", gru: "GRU" };
  const OPTIMISERS = { rmsprop: "RMSprop", sgd: "Gradientenabstieg" };
  const RATES = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1];
  const SEEDS = 9999;
  const FREE = TRAINING.runs["page-lstm-3"].settings;

  anncourse.button = (name, press) => {
    const node = html("button", { type: "button" }, name);
    node.addEventListener("click", press);
    return node;
  };

  // Eine Wahl aus wenigen; «options» nennt zu jedem Wert seinen Text.
  anncourse.choice = (legend, name, options, chosen, change = () => {}) => {
    const radios = Object.keys(options).map((value) => {
      const radio = html("input", { type: "radio", name, value });
      radio.checked = value === chosen;
      radio.addEventListener("change", change);
      return radio;
    });
    return {
      row: html("fieldset", { class: "live-buttons" }, html("legend", {}, legend),
        ...radios.map((radio) => html("label", {}, radio, ` ${options[radio.value]}`))),
      get: () => radios.find((radio) => radio.checked).value,
      set: (value) => value in options && radios.forEach((radio) => { radio.checked = radio.value === value; }),
    };
  };

  // Die Bedienelemente; «change» wird bei jeder Änderung gerufen.
  anncourse.trainingSettings = (change) => {
    const line = (label, input) => html("p", { class: "live-slider" }, html("label", { for: input.id }, label), input);
    const range = (label, symbol, id, limits) => {
      const { row, input, show } = slider(label, symbol, id, { value: limits.min, ...limits }, change);
      return { row, get: () => input.valueAsNumber, set: (value) => { input.value = value; show(); } };
    };
    const box = (label) => {
      const input = html("input", { type: "checkbox" });
      input.addEventListener("change", change);
      return { row: html("p", { class: "live-buttons" }, html("label", {}, input, ` ${label}`)),
        get: () => input.checked, set: (value) => { input.checked = value; } };
    };
    const field = (label, input, get, set) => {
      input.addEventListener("change", () => { set(get()); change(); });
      return { row: line(label, input), get, set };
    };
    const rate = html("select", { id: "live-rate" }, ...RATES.map((value) => html("option", { value }, String(value))));
    const seed = html("input", { id: "live-seed", type: "number", min: 1, max: SEEDS, step: 1 });

    const inputs = {
      cell: anncourse.choice("Zelle", "live-training-cell", CELLS, FREE.cell, change),
      width: range("Einheiten", "H", "live-width", { min: 1, max: 8, digits: 0 }),
      lag: range("Abstand", "k", "live-lag", { min: 5, max: 60, digits: 0 }),
      distractors: box("Ablenkung nach der Marke"),
      scale_W: range("Massstab von", "W", "live-scale-w", { min: 0.1, max: 3 }),
      scale_U: range("Massstab von", "U", "live-scale-u", { min: 0.1, max: 5 }),
      bias: range("Vergesstor", "b_f", "live-bias", { min: -2, max: 6 }),
      optimiser: anncourse.choice("Optimierer", "live-optimiser", OPTIMISERS, FREE.optimiser, change),
      rate: field("Lernrate", rate, () => Number(rate.value),
        (value) => { if (RATES.includes(value)) rate.value = value; }),
      clipped: box(`Gradient auf die Norm ${TRAINING.recipe.gradient_norm} begrenzen`),
      seed: field("Zufallsstart", seed, () => seed.valueAsNumber,
        (value) => { seed.value = Math.min(SEEDS, Math.max(1, Math.round(value) || 1)); }),
    };
    const get = () => Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.get()]));
    const set = (values) => {
      Object.entries(values).forEach(([name, value]) => inputs[name].set(value));
      show();
    };

    // Alle Einstellungen stehen auch nach dem «#» der Adresse.
    const address = html("input", { id: "live-link", readonly: "", class: "live-link" });
    const copied = html("span", { "aria-live": "polite" });
    const copy = anncourse.button("Link kopieren", async () => {
      address.select();
      await navigator.clipboard?.writeText(address.value).then(() => { copied.textContent = " Kopiert."; }, () => {});
    });
    // Nennt das Tor der Zelle beim Namen und schreibt den Link neu.
    function show() {
      const { cell } = get(), { row } = inputs.bias;
      row.hidden = cell === "rnn";
      row.querySelector("label").replaceChildren(...cell === "gru"
        ? ["Aktualisierungstor ", formula("b_z")] : ["Vergesstor ", formula("b_f")]);
      address.value = `${location.href.split("#")[0]}#${new URLSearchParams(get())}`;
      copied.textContent = "";
    }
    // Übernimmt, was die Adresse verlangt; Unmögliches fällt weg oder kommt an den Rand.
    const read = () => {
      if (!location.hash.includes("=")) return false;
      set(FREE);
      for (const [name, text] of new URLSearchParams(location.hash.slice(1))) {
        const kind = typeof inputs[name]?.get();
        if (kind === "boolean") inputs[name].set(text === "true");
        else if (kind === "string") inputs[name].set(text);
        else if (kind === "number" && Number.isFinite(Number(text))) inputs[name].set(Number(text));
      }
      show();
      return true;
    };

    set(FREE);
    return {
      get, set, read, show,
      keep: () => window.history.replaceState(null, "", address.value),
      node: html("details", { class: "live-settings" }, html("summary", {}, "Einstellungen"),
        html("div", { class: "live-inputs" }, ...Object.values(inputs).map(({ row }) => row)),
        html("p", { class: "live-slider" }, html("label", { for: "live-link" }, "Link zu diesen Einstellungen"), address, copy, copied)),
    };
  };
}
