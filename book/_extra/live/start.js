"use strict";

// Die Startseite: Wer den Satz ändert, lädt die LSTM; sie zeichnet dann, was start.py fest gezeichnet hat.
{
  const { html, number, signed } = anncourse;
  const PALE = 0.55;        // hell genug für dunkle Schrift darauf
  const place = document.getElementById("live-start");
  const [verdict, words, curve, field, message] =
    [".start-verdict", ".live-words", ".live-scroll", "textarea", ".live-message"]
      .map((part) => place.querySelector(part));
  const { region, say } = anncourse.announcer();
  place.append(region);

  const label = (p) => (p > 0.5 ? "positiv" : "negativ");

  const judge = ({ words: list, probabilities: p }) => {
    const last = p[p.length - 1];
    const sentence = ["Nach dem letzten Wort urteilt die LSTM ", html("b", {}, label(last)), ` (${number(last)}).`];
    const t = p.findLastIndex((one, at) => at && label(one) !== label(p[at - 1]));
    if (t > 0) {
      sentence.push(" Gekippt ist das Urteil bei «", html("span", { lang: "en" }, list[t]),
        `»: von ${number(p[t - 1])} auf ${number(p[t])}.`);
    }
    return sentence;
  };

  const coloured = ({ words: list, effects, known }) => list.flatMap((word, t) => {
    const node = html("span", { class: known[t] ? "live-word" : "live-word live-unknown" }, word, " ",
      html("small", {}, signed(effects[t])));
    node.style.background = `rgb(${anncourse.shade(PALE * Math.max(-1, Math.min(1, effects[t])), true)})`;
    if (!known[t]) node.append(html("span", { class: "live-hidden", lang: "de" }, " unbekannt"));
    return [node, " "];
  });

  const show = () => {
    const reading = anncourse.read("lstm", field.value);
    const readable = reading.known.includes(true);
    message.textContent = readable ? "" : "Darin steht kein Wort, das die LSTM kennt. Schreiben Sie auf Englisch.";
    for (const part of [verdict, words, curve]) part.hidden = !readable;
    if (!readable) return say(message.textContent);
    verdict.replaceChildren(...judge(reading));
    words.replaceChildren(...coloured(reading));
    const panels = anncourse.curve([reading], reading);
    const spoken = reading.words.map((word, t) => `${word} ${number(reading.probabilities[t])}`);
    panels[0].querySelector("[role=img]").setAttribute("aria-label", `Kurve: ${spoken.join(", ")}`);
    curve.replaceChildren(curve.querySelector(".live-caption"), ...panels);
    curve.scrollLeft = curve.scrollWidth;
    say(verdict.textContent);
  };

  field.addEventListener("input", async () => {
    if (!anncourse.nets.lstm) message.textContent = "Die Gewichte werden geladen …";
    try {
      await anncourse.load("lstm");
      show();
    } catch (error) {
      message.textContent = `Die Datei ${error.message} liess sich nicht laden. Ohne sie kann das Netz nicht lesen.`;
    }
  });
}
