"use strict";

// Welche Wörter zählen: die Wörter zum Wählen, die Kurve mit den Balken und, ohne das gewählte Wort, eine
// zweite Kurve.
{
  const { html, svg, number, signed, formula, sigmoid, COLOURS } = anncourse;
  const { COLUMN, LABELS, middle, height } = anncourse.wordAxis;
  const SLICE = 24;         // Millisekunden Rechnung am Stück: Man kann weitertippen
  const FULL_EFFECT = 1;    // ab diesem Betrag hat ein Wort die volle Farbe
  const PALE = 0.55;        // hell genug für dunkle Schrift darauf
  const HINT = "Wählen Sie ein Wort, hier oben oder im Bild: mit dem Zeiger, durch Antippen oder mit Tabulator und "
    + "Pfeiltasten. Die Kurve zeigt dann, wie sie ohne das Wort verliefe. Escape hebt die Wahl auf.";

  const paint = (part) => `rgb(${anncourse.shade(part * PALE, true)})`;
  const label = (p) => (p > 0.5 ? "positiv" : "negativ");

  const legend = () => html("p", { class: "live-legend" },
    html("span", { class: "live-word", style: `background: ${paint(1)}` }, "orange, +"),
    " hebt das Logit, ",
    html("span", { class: "live-word", style: `background: ${paint(-1)}` }, "violett, \u2212"),
    " senkt es. Volle Farbe ab ", formula(`${FULL_EFFECT}`), ". ",
    html("span", { class: "live-word live-unknown" }, "gestrichelt"),
    ": nicht im Wortschatz, das Netz liest ", html("code", {}, "<UNK>"), ".");

  const buttons = ({ words, effects, known }) => words.flatMap((word, t) => {
    const button = html("button", { type: "button", class: known[t] ? "live-word" : "live-word live-unknown",
      tabindex: t ? -1 : 0 }, word, " ", html("small", {}, signed(effects[t])));
    button.style.background = paint(Math.max(-1, Math.min(1, effects[t] / FULL_EFFECT)));
    if (!known[t]) button.append(html("span", { class: "live-hidden", lang: "de" }, " unbekannt"));
    return [button, " "];
  });

  // Ab dem Wort davor: Beim fehlenden Wort bleibt die Wahrscheinlichkeit, wie sie war.
  const curveWithout = (logits, t) => {
    const points = logits.map((s, n) => [middle(n - 1), height(sigmoid(s)).toFixed(1)]).slice(Math.max(1, t));
    return svg("g", { class: "live-without" },
      svg("polyline", { points: points.join(" "), fill: "none", stroke: COLOURS.line, "stroke-width": 2,
        "stroke-dasharray": "4 3" }),
      ...points.slice(t ? 1 : 0).map(([cx, cy]) => svg("circle", { cx, cy, r: 3, fill: "#fff", stroke: COLOURS.line })));
  };

  // «say» bekommt den Satz zum gewählten Wort, «changed» die Grössen, zuerst ohne, dann mit Weglassen.
  anncourse.wordsView = (say, changed) => {
    const list = html("div", { class: "live-words", lang: "en", role: "group", "aria-labelledby": "live-effects" });
    const sentence = html("p", { class: "live-picked" });
    const scroller = html("div", { class: "live-scroll live-card", tabindex: 0, role: "region",
      "aria-label": "Kurve und Balken, waagrecht verschiebbar" });
    const figure = html("div", { class: "live-figure" }), bars = html("div"), band = html("div", { class: "live-band" });
    scroller.append(figure);
    let shown, reading, again, gradients, left, timer, curve, picked, hovered;

    const done = () => left.length === reading.words.length;
    const measures = () => anncourse.measures(reading, gradients, done() ? left : undefined);

    // Liest die Kritik ohne jedes Wort einmal, in Scheiben.
    function leaveOut() {
      const T = reading.words.length, end = performance.now() + SLICE;
      while (left.length < T && performance.now() < end) {
        left.push(reading.logits[T] - again.without(left.length)[T]);
      }
      if (done()) drawBars();
      else timer = setTimeout(leaveOut);
    }

    function drawBars() {
      bars.replaceChildren(...anncourse.wordBars(measures()));
      changed({ reading, measures: measures() });
    }

    // Ob es etwas Neues zu zeigen gab
    function show(readings, current) {
      const wanted = [current.cell, ...readings.map(({ cell }) => cell), ...current.words].join(" ");
      if (wanted === shown) return false;
      clearTimeout(timer);
      [shown, hovered, reading, again, left] = [wanted, undefined, current, anncourse.rereading(current), []];
      gradients = again.gradients();
      list.replaceChildren(...buttons(reading));
      const [picture, axis] = anncourse.curve(readings, reading);
      curve = picture.querySelector("[role=img]");
      figure.replaceChildren(
        html("p", { class: "live-caption" }, html("b", {}, "Wahrscheinlichkeit «positiv»"), " nach jedem Wort"),
        picture, bars, axis, band);
      pick(undefined);
      leaveOut();
      if (!done()) drawBars();
      return true;
    }

    // --- Ein Wort wählen
    function pick(t) {
      list.children[picked]?.classList.remove("live-chosen");
      curve.querySelector(".live-without")?.remove();
      picked = t;
      band.hidden = t === undefined;
      if (band.hidden) return sentence.replaceChildren(HINT);
      const logits = again.without(t);
      const [p, without] = [reading.logits, logits].map((all) => sigmoid(all.at(-1)));
      const [step, , gradient, norm] = measures().map(({ values }) => values?.[t]);
      list.children[t].classList.add("live-chosen");
      curve.append(curveWithout(logits, t));
      band.style.left = `${LABELS + t * COLUMN}px`;
      sentence.replaceChildren("Ohne «", html("b", { lang: "en" }, reading.words[t]),
        label(p) === label(without)
          ? `» bliebe das Urteil ${label(p)}, mit ${number(without)} statt ${number(p)}. `
          : `» wäre das Urteil ${label(without)} (${number(without)}) statt ${label(p)} (${number(p)}). `,
        `Wirkung im Schritt ${signed(step)}, Weglassen ${signed(reading.logits.at(-1) - logits.at(-1))}, `
        + `Gradient ${signed(gradient)}, seine Norm ${number(norm)}.`);
      say(sentence.textContent);
    }

    const indexOf = (button) => [...list.children].indexOf(button);
    const focused = () => (list.contains(document.activeElement) ? indexOf(document.activeElement) : undefined);

    function hover(t) {
      if (t === hovered) return;             // so bleibt es nach Escape aufgehoben
      hovered = t;
      pick(t ?? focused());
    }

    const focus = (t, options) =>
      list.children[Math.max(0, Math.min(t, list.children.length - 1))].focus(options);

    // Rückt die Spalte des Worts ins Bild.
    function reveal(t) {
      const from = t * COLUMN, room = scroller.clientWidth - LABELS - COLUMN;
      if (from < scroller.scrollLeft || from > scroller.scrollLeft + room) scroller.scrollLeft = from - room / 2;
    }

    list.addEventListener("focusin", ({ target }) => {
      for (const button of list.children) button.tabIndex = button === target ? 0 : -1;
      pick(indexOf(target));
      reveal(picked);
    });
    list.addEventListener("focusout", () => pick(undefined));
    list.addEventListener("click", ({ target }) => target.closest("button")?.focus());  // Safari tut es nicht selbst
    list.addEventListener("keydown", (event) => {
      const t = focused();
      const to = { ArrowLeft: t - 1, ArrowRight: t + 1, Home: 0, End: list.children.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      focus(to);
    });
    document.addEventListener("keydown", ({ key }) => { if (key === "Escape" && reading) pick(undefined); });

    // pointermove, nicht pointerover: Rollt die Seite unter dem ruhenden Zeiger, ist das keine Wahl.
    list.addEventListener("pointermove", ({ target }) => {
      const button = target.closest("button");
      if (!button) return;
      hover(indexOf(button));
      reveal(hovered);
    });
    const column = ({ clientX }) => {
      const t = Math.floor((clientX - figure.getBoundingClientRect().left - LABELS) / COLUMN);
      return t >= 0 && t < reading.words.length ? t : undefined;
    };
    figure.addEventListener("pointermove", (event) => hover(column(event)));
    figure.addEventListener("click", (event) => {
      const t = column(event);
      if (t !== undefined) focus(t, { preventScroll: true });
    });
    for (const part of [list, figure]) part.addEventListener("pointerleave", () => hover(undefined));

    const nodes = [html("h2", { id: "live-effects" }, "Welche Wörter zählen"), list, legend(), sentence, scroller,
      anncourse.wordLegend()];
    return { nodes, scroller, show };
  };
}
