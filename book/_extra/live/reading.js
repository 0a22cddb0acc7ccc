"use strict";

// Die Seite «Ausprobieren»: Text hinein, Urteil, Wörter, Kurve und Heatmaps heraus.
{
  const { html, svg, number } = anncourse;
  const EXAMPLES = {
    "Wende zum Guten": "I expected a dull and boring film, but the story is wonderful.",
    "Wende zum Schlechten": "I expected a wonderful film, but the story is dull and boring.",
    "Verneinung": "This film is not bad at all. It isn't boring, and I didn't regret a single minute.",
    "Langer Nachsatz": "A terrible film. It runs for two hours, and I saw it with my brother in a small "
      + "cinema near the station on the last evening of our holiday.",
    "Unbekannte Wörter": "My friend Hildegunn called it unskippable, and I agree: "
      + "a warm, clever and touching story.",
    "Dreimal dasselbe": "A terrible, terrible, terrible film.",
  };
  const CHOSEN = 8;         // so viele Einheiten auf einmal

  const place = document.getElementById("live-reading");
  const { LOOKS } = anncourse;
  const loaded = new Set();
  let cell = "lstm";
  let typing = true;        // sonst ein Beispiel, das man von vorne liest
  let counted;              // die Lesung mit den Grössen je Wort, wie sie gezeigt ist

  // --- Bedienung
  const text = html("textarea", { id: "live-text", rows: 4, lang: "en", spellcheck: "false",
    autocomplete: "off", "aria-describedby": "live-hint" });
  const buttons = Object.entries(EXAMPLES).map(([name, review]) => {
    const button = html("button", { type: "button" }, name);
    button.addEventListener("click", () => { text.value = review; typing = false; use(); });
    return button;
  });
  const nets = ["lstm", "rnn", "gru"].map((name) => {
    const radio = html("input", { type: "radio", name: "live-cell", value: name });
    radio.checked = name === cell;
    radio.addEventListener("change", () => { cell = name; fillUnits(); use(); });
    return html("label", {}, radio, ` ${LOOKS[name].name}`);
  });
  const select = html("select", { id: "live-units" });
  select.addEventListener("change", () => { show(); showTables(); });

  // --- Ausgaben
  const message = html("p", { class: "live-message" });
  const verdicts = html("ul", { class: "live-verdicts" });
  const scroller = html("div", { class: "live-scroll live-card", tabindex: 0, role: "region",
    "aria-label": "Heatmaps, waagrecht verschiebbar" });
  const details = html("details", {}, html("summary", {}, "Alle Werte als Tabellen"));
  const tables = html("div");
  const { region, say } = anncourse.announcer();
  const words = anncourse.wordsView(say, (found) => { counted = found; showTables(); });
  const results = html("div", {}, verdicts, ...words.nodes,
    html("h2", {}, "In der Zelle, Wort für Wort"),
    html("p", {}, html("label", { for: "live-units" }, "Einheiten"), " ", select),
    scroller, details);
  details.append(tables);
  details.addEventListener("toggle", showTables);
  results.hidden = true;
  // Kurve und Heatmaps haben dieselbe Wortachse und bleiben übereinander.
  for (const [one, other] of [[scroller, words.scroller], [words.scroller, scroller]]) {
    one.addEventListener("scroll", () => { other.scrollLeft = one.scrollLeft; });
  }

  function fillUnits() {
    select.replaceChildren(html("option", { value: "" }, `die ${CHOSEN} mit dem grössten |w|`));
  }

  // Die Einheiten mit dem grössten |w_j|: Diese Auswahl bleibt beim Tippen stehen.
  function chosenUnits({ p: { w } }) {
    if (select.options.length === 1) {
      for (let first = 0; first < w.length; first += CHOSEN) {
        select.append(html("option", { value: first }, `${first} bis ${Math.min(first + CHOSEN, w.length) - 1}`));
      }
    }
    const units = [...w.keys()];
    if (select.value !== "") return units.slice(+select.value, +select.value + CHOSEN);
    return units.sort((a, b) => Math.abs(w[b]) - Math.abs(w[a])).slice(0, CHOSEN);
  }

  // --- Anzeigen
  const verdict = (p) => `${p > 0.5 ? "positiv" : "negativ"}, ${number(p)}`;

  function sample({ colour, dashes }) {
    return svg("svg", { width: 34, height: 8, "aria-hidden": "true" }, svg("line", { x1: 0, x2: 34, y1: 4,
      y2: 4, stroke: colour, "stroke-width": 2.5, "stroke-dasharray": dashes }));
  }

  function explain({ words: list, known, dropped }) {
    if (!list.length) return text.value.trim() ? "Darin steht kein Wort." : "";
    if (!known.includes(true)) return "Kein Wort davon steht im Wortschatz. Schreiben Sie auf Englisch.";
    const unknown = known.filter((one) => !one).length;
    const hints = [];
    if (unknown > known.length / 3) hints.push(`${unknown} von ${known.length} Wörtern kennt das Netz nicht. Schreiben Sie auf Englisch.`);
    if (dropped) hints.push(`Gelesen werden die letzten ${list.length} Wörter; ${dropped} davor fallen weg.`);
    return hints.join(" ");
  }

  function show() {
    if (!loaded.has(cell)) return;
    const readings = [...loaded].map((name) => anncourse.read(name, text.value));
    const current = readings.find((reading) => reading.cell === cell);
    message.textContent = explain(current);
    results.hidden = !current.known.includes(true);
    if (results.hidden) return say(message.textContent);
    const last = ({ probabilities }) => probabilities[probabilities.length - 1];
    verdicts.replaceChildren(...readings.map((reading) => html("li", {
      class: reading === current ? "live-current" : "",
    }, sample(LOOKS[reading.cell]), ` ${LOOKS[reading.cell].name}: ${verdict(last(reading))}`)));
    const renewed = words.show(readings, current);
    scroller.replaceChildren(...anncourse.heatMaps(current, chosenUnits(current)));
    if (renewed) words.scroller.scrollLeft = typing ? words.scroller.scrollWidth : 0;
    scroller.scrollLeft = words.scroller.scrollLeft;
    say(`${LOOKS[cell].name} nach ${current.words.length} Wörtern: ${verdict(last(current))}. ${message.textContent}`);
  }

  function showTables() {
    const { reading, measures } = counted;
    tables.replaceChildren(...(details.open ? anncourse.tables(reading, chosenUnits(reading), measures) : []));
  }

  // Lädt das gewählte Netz, falls es noch fehlt, und zeigt dann, was es liest.
  async function use() {
    const wanted = cell;
    if (loaded.has(wanted)) return show();
    message.textContent = `Die Gewichte (${LOOKS[wanted].name}) werden geladen …`;
    try {
      await anncourse.load(wanted);
      loaded.add(wanted);
      if (wanted === cell) show();
    } catch (error) {
      message.textContent = `Die Datei ${error.message} liess sich nicht laden. Ohne sie kann das Netz nicht lesen.`;
    }
  }

  text.addEventListener("input", () => { typing = true; use(); });
  fillUnits();
  place.replaceChildren(
    html("label", { for: "live-text" }, "Ihre Kritik, auf Englisch"), text,
    html("p", { id: "live-hint", class: "live-legend" },
      "Der Text bleibt in Ihrem Browser. Das Netz kennt nur Filmkritiken auf Englisch."),
    html("fieldset", { class: "live-buttons" }, html("legend", {}, "Beispiele"), ...buttons),
    html("fieldset", { class: "live-buttons" }, html("legend", {}, "Netz"), ...nets),
    message, region, results);
}
