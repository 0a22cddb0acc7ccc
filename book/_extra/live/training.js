"use strict";

// Die Seite «Selbst trainieren»: ein Lauf in Scheiben, was er zeigt, und die vorbereiteten Versuche.
{
  const { html, number, formula, scientific, slider, button, TRAINING } = anncourse;
  const { recipe, runs: RUNS, limit: LIMIT, examined: EXAMINED, enough: ENOUGH } = TRAINING;
  const SLICE = 12;                    // Millisekunden Rechnung je Bild: Die Seite bleibt bedienbar
  const KEPT = 400;                    // Punkte der Lernkurve; sind es mehr, fällt jeder zweite weg
  const PACES = { 20: "20 Stapel je Sekunde", 150: "150", Infinity: "so schnell es geht" };
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const place = document.getElementById("live-training");

  const controls = anncourse.trainingSettings(change);
  const pace = anncourse.choice("Tempo", "live-pace", PACES, "20");
  let settings, run, curve, earlier, before, exam, trace, example = 1;
  let going = false, due = 0, clock = 0, shown = 0, cost = 0, turn = 0;
  let experiment = null, arm = 0, results = [];

  // --- Ein Lauf
  function begin() {
    settings = controls.get();
    run = anncourse.learn(settings, recipe);
    curve = { batches: [], right: [], loss: [], norm: [], stride: 1, highest: 0 };
    exam = null;
    before = anncourse.bptt.stateGradients(run.net, anncourse.example(run.net, settings, example));
    fillUnits();
    label();
    show();
  }

  // Bei langen Läufen ein Punkt je «stride» Stapel; von der Norm bleibt die grösste.
  function record() {
    curve.highest = Math.max(curve.highest, run.norm);
    if (run.batches % curve.stride) return;
    curve.batches.push(run.batches);
    curve.right.push(run.right);
    curve.loss.push(run.loss);
    curve.norm.push(curve.highest);
    curve.highest = 0;
    if (curve.batches.length <= KEPT) return;
    for (const name of ["batches", "right", "loss"]) curve[name] = curve[name].filter((_, n) => n % 2);
    curve.norm = curve.norm.flatMap((norm, n, all) => (n % 2 ? [Math.max(norm, all[n - 1])] : []));
    curve.stride *= 2;
  }

  const burst = () => run.batches > 0 && !Number.isFinite(run.loss);
  const ended = () => run.solved > 0 || run.batches >= LIMIT || burst();
  const examined = () => exam?.number === EXAMINED;

  // Vor jedem Bild eine Scheibe: so viele Folgen, wie Zeit und Tempo erlauben, zuletzt die Prüfung
  function frame(now) {
    if (!going) return;
    const end = performance.now() + SLICE, tempo = Number(pace.get());
    due = Math.min(tempo, due + (now - clock) / 1000 * tempo);
    clock = now;
    while (performance.now() < end) {
      if (examined()) return finish();
      if (exam) exam.next();
      else if (ended()) exam = anncourse.examine(run.net, settings);
      else if (due < 1) break;
      else if (run.read()) {
        record();
        due -= 1;
      }
    }
    showNext();
    requestAnimationFrame(frame);
  }

  function go() {
    if (examined()) begin();
    [going, due, clock] = [true, 1, performance.now()];
    requestAnimationFrame(frame);
    label();
  }

  function pause() {
    going = false;
    label();
    show();
  }

  function again() {
    going = false;
    if (run.batches) earlier = curve;
    begin();
  }

  // Jede Änderung beginnt von vorn.
  function change() {
    [experiment, earlier, going] = [null, undefined, false];
    controls.show();
    controls.keep();
    begin();
  }

  const outcome = () => {
    const right = `${Math.round(100 * exam.right / EXAMINED)} % von ${EXAMINED} neuen Folgen richtig`;
    if (burst()) return `nach ${run.batches} Stapeln keine Zahlen mehr, ${right}`;
    const how = exam.right >= ENOUGH * EXAMINED ? "gelöst" : "nicht gelöst";
    return `nach ${run.batches} Stapeln ${how}, ${right}`;
  };

  function finish() {
    pause();
    if (!experiment) return;
    results.push(`${RUNS[experiment.runs[arm]].label}: ${outcome()}.`);
    if (arm + 1 < experiment.runs.length) return play(experiment, arm + 1);
    experiment.conclude(results);
    experiment = null;
  }

  // --- Anzeigen
  const status = html("p", { class: "live-status" });
  const { region, say } = anncourse.announcer();
  const [learning, gradient, sequence, unit] = Array.from({ length: 4 }, () => (
    { card: html("div", { class: "live-card" }), sentence: html("p") }));
  const units = html("select", { id: "live-unit" });
  const moment = slider("Schritt", "t", "live-step", { min: 1, max: 1, value: 1, digits: 0 }, showUnit);
  units.addEventListener("change", showUnit);

  function fillUnits() {
    const chosen = Number(units.value), T = settings.lag + 1;
    units.replaceChildren(...Array.from({ length: run.net.H }, (_, j) => html("option", { value: j }, String(j))));
    units.value = chosen < run.net.H ? chosen : 0;
    if (Number(moment.input.max) === T) return;
    moment.input.max = T;
    moment.input.value = T;
    moment.show();
  }

  function showUnit() {
    const [j, t] = [Number(units.value), moment.input.valueAsNumber];
    const track = run.net.cell === "lstm";
    const map = anncourse.unitMap(run.net, trace, j, t);
    unit.card.replaceChildren(anncourse.unitChart(map, t, track ? "c" : "h"));
    unit.sentence.replaceChildren(`Einheit ${j} im Schritt ${t}: von ${number(map.path[t - 1])} zu ${number(map.reached)}, Steigung `,
      html("b", {}, number(map.slope)), track ? " (das Vergesstor)." : ".");
  }

  function sayStatus() {
    if (run.batches === 0) return "Noch kein Stapel gelesen.";
    if (examined()) return `Fertig: ${outcome()}.`;
    const cut = settings.clipped && run.norm > recipe.gradient_norm ? ", gekürzt" : "";
    return `Stapel ${run.batches}: ${Math.round(100 * run.right)} % richtig (gleitendes Mittel), Verlust ${number(run.loss, 3)}, `
      + `Norm des Gradienten ${Number(run.norm.toPrecision(2))}${cut}.`;
  }

  function showLearning() {
    trace = anncourse.example(run.net, settings, example);
    status.textContent = sayStatus();
    learning.card.replaceChildren(anncourse.learningChart(curve, earlier));
  }

  function showGradient() {
    const { lag, cell } = settings, now = anncourse.bptt.stateGradients(run.net, trace);
    gradient.card.replaceChildren(anncourse.gradientChart(now, before, lag, cell === "lstm"));
    gradient.sentence.replaceChildren(`Beim Abstand ${lag}: `, scientific(now.h[lag]), ", vor dem ersten Stapel ", scientific(before.h[lag]),
      ...cell === "lstm" ? ["; nach der Spur, ", formula("∂h_T / ∂c_(T−k)"), ": ", scientific(now.c[lag])] : [], ".");
  }

  function showSequence() {
    const p = anncourse.sigmoid(trace.s);
    sequence.card.replaceChildren(...anncourse.sequenceStrips(run.net, trace));
    sequence.sentence.textContent = `Das Bit ist ${trace.y ? "+1" : "−1"}. Das Netz gibt +1 die Wahrscheinlichkeit ${number(p)}: `
      + `${(p > 0.5) === (trace.y > 0.5) ? "richtig" : "falsch"}.`;
  }

  const PARTS = [showLearning, showGradient, showSequence, showUnit];

  function show() {
    for (const part of PARTS) part();
    say(status.textContent);
  }

  // Während des Laufs ein Bild nach dem anderen, und nie mehr als ein Siebtel der Zeit
  function showNext() {
    const began = performance.now();
    if (began - shown < Math.max(calm.matches ? 500 : 50, 6 * cost)) return;
    PARTS[turn]();
    turn = (turn + 1) % PARTS.length;
    shown = performance.now();
    cost = shown - began;
  }

  // --- Der Versuchsstand
  const main = button("Start", () => (going ? pause() : go()));
  function label() {
    main.textContent = going ? "Pause" : examined() ? "Von vorn" : run.batches ? "Weiter" : "Start";
  }
  const buttons = html("div", { class: "live-buttons" }, main,
    button("Ein Stapel", () => {
      if (!ended()) {
        run.next();
        record();
      }
      pause();
    }),
    button("Noch einmal, gleicher Zufallsstart", again),
    button("Nächster Zufallsstart", () => {
      experiment = null;
      controls.set({ seed: settings.seed + 1 });
      again();
    }));
  const panel = (title, { card, sentence }, ...below) => html("div", {},
    html("p", { class: "live-caption" }, html("b", {}, title)), card, sentence, ...below);
  const legend = (text) => html("p", { class: "live-legend" }, text);
  const lab = html("div", { class: "live live-lab" }, controls.node, pace.row, buttons, status, region,
    html("div", { class: "live-charts" },
      panel("Lernkurve", learning, legend("Blau dieser Lauf, grau gestrichelt der vorige.")),
      panel("Was vom Gradienten bleibt", gradient, legend("Blau jetzt, grau vor dem ersten Stapel, orange nach der Spur (LSTM). "
        + "Die senkrechte Linie steht beim Abstand der Aufgabe.")),
      panel("Eine Folge, Schritt für Schritt", sequence,
        html("p", { class: "live-buttons" }, button("Andere Folge", () => { example += 1; show(); }))),
      panel("Eine Einheit", unit,
        html("p", { class: "live-slider" }, html("label", { for: units.id }, "Einheit"), units), moment.row)));

  // Er steht dort, wo er gerade gebraucht wird.
  const fetch = button("Versuchsstand hierher holen", () => {
    bring(place);
    main.focus();
  });
  function bring(node) {
    node.querySelector(".live-here").append(lab);
    controls.node.open = node === place;
    fetch.hidden = node === place;
  }

  // --- Die vorbereiteten Versuche: Frage, Tipp, ein Lauf oder zwei, Auflösung
  function play(chosen, next) {
    if (next === 0) results = [];
    [experiment, arm, earlier] = [chosen, next, next === 0 ? undefined : curve];
    controls.set(RUNS[chosen.runs[next]].settings);
    begin();
    go();
  }

  // Die Antworten stehen als Liste auf der Seite; vor jede kommt ein Knopf zum Ankreuzen.
  function prepare(node, n) {
    const list = node.querySelector("ol"), group = html("div", { role: "radiogroup", "aria-label": "Ihr Tipp" });
    const message = html("p", { class: "live-message", "aria-live": "polite" });
    const radios = [...list.querySelectorAll("li")].map((item) => {
      const radio = html("input", { type: "radio", name: `live-guess-${n}` }), text = item.querySelector("p") ?? item;
      text.replaceChildren(html("label", {}, radio, html("span", {}, ...text.childNodes)));
      return radio;
    });
    const chosen = { runs: node.dataset.runs.split(" "), conclude: (found) => {
      const guess = radios.find((radio) => radio.checked).nextSibling.cloneNode(true);
      message.replaceChildren(html("b", {}, "Ihr Tipp: "), guess, ...found.flatMap((text) => [html("br"), text]));
      node.querySelector("details:not(.live-settings)").open = true;
    } };
    const start = button("Versuch starten", () => {
      const guessed = radios.some((radio) => radio.checked);
      message.textContent = guessed ? "" : "Tippen Sie zuerst: Was wird geschehen?";
      if (!guessed) return radios[0].focus();
      pace.set(node.dataset.pace);
      bring(node);
      play(chosen, 0);
    });
    list.replaceWith(group);
    group.append(list);
    group.after(html("p", { class: "live-buttons" }, start), message, html("div", { class: "live-here" }));
  }

  document.querySelectorAll(".live-experiment").forEach(prepare);
  place.replaceChildren(fetch, html("div", { class: "live-here" }));
  bring(place);
  const asked = controls.read();
  begin();
  if (asked) place.scrollIntoView();
  window.addEventListener("hashchange", () => { if (controls.read()) change(); });
}
