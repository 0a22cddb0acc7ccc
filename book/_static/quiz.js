"use strict";

// Aus dem Quiz, das auch ohne Skript zu lesen ist, wird eines zum Beantworten. Was stimmt und was zu
// jeder Antwort zu sagen ist, steht unter «Antworten»; von dort kommt die Rückmeldung.
{
  const create = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };
  const copy = (node) => [...node.cloneNode(true).childNodes];

  // --- Gemerkt wird nur in diesem Browser; wo er das verbietet, geht es ohne.
  const KEY = "anncourse-quiz-";
  const remember = (name, state) => {
    try {
      localStorage.setItem(KEY + name, JSON.stringify(state));
    } catch { /* ohne Gedächtnis */ }
  };
  const recall = (name) => {
    try {
      return JSON.parse(localStorage.getItem(KEY + name)) ?? {};
    } catch {
      return {};
    }
  };
  const forget = (name) => {
    try {
      localStorage.removeItem(KEY + name);
    } catch { /* ohne Gedächtnis */ }
  };

  // --- Was jemand eintippt
  const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
  const readNumber = (text) => {
    const plain = text.replace(/[\s'’]/g, "").replace(/−/g, "-").replace(",", ".");
    const parts = plain.split("/");
    if (parts.length > 2 || !parts.every((part) => NUMBER.test(part))) return null;
    const value = Number(parts[0]) / Number(parts[1] ?? 1);
    return Number.isFinite(value) ? value : null;
  };
  const readShape = (text) => {
    const parts = text.replace(/torch\.Size|[()[\]]/g, " ").split(/[\s,;x×·*]+/i).filter(Boolean);
    return parts.length && parts.every((part) => /^\d+$/.test(part)) ? parts.map(Number).join(" ") : null;
  };
  const FIELDS = {
    number: {
      example: "Zahl oder Bruch, zum Beispiel 1.25 oder 5/4",
      read: readNumber,
      same: (given, value, tolerance) => Math.abs(given - value) <= tolerance + Math.abs(value) * 1e-9,
    },
    shape: {
      example: "Form, zum Beispiel (2, 3)",
      read: readShape,
      same: (given, value) => given === value,
    },
  };

  // --- Urteilen: { right, notes } zu einer Antwort, { hint }, wo es noch keine ist
  const isRight = (answer) => answer.dataset.verdict === "richtig";
  const reply = (answer) => copy(answer.querySelector(".quiz-reply"));

  const judgeChoice = (answers, chosen) => {
    if (!chosen.length) return { hint: "Wählen Sie zuerst eine Antwort." };
    const right = answers.every((answer, n) => isRight(answer) === chosen.includes(n));
    const notes = answers.flatMap((answer, n) => {
      const missed = answer.querySelector(".quiz-missed");
      if (chosen.includes(n)) return right || !isRight(answer) ? [reply(answer)] : [];
      return missed ? [copy(missed)] : [];
    });
    return { right, notes };
  };

  const judgeText = (answers, text, { example, read, same }, tolerance) => {
    if (!text.trim()) return { hint: "Schreiben Sie zuerst eine Antwort." };
    if (text.includes("%")) return { hint: "Schreiben Sie die Zahl ohne Prozentzeichen." };
    const given = read(text);
    if (given === null) return { hint: `Das lässt sich nicht lesen. Gefragt ist: ${example}.` };
    const values = answers.slice(0, -1); // zuletzt steht, was für alles andere gilt
    const found = values.find((answer) => same(given, answer.dataset.value, tolerance)) ?? answers.at(-1);
    return { right: isRight(found), notes: [reply(found)] };
  };

  // --- Eine Frage
  const choiceField = (name, list, type) => {
    const inputs = [...list.children].map((item, n) => {
      const input = create("input", { type, name: `quiz-${name}`, value: n });
      const letter = create("span", { class: "quiz-letter" }, `${"abcdefgh"[n]}.`);
      item.replaceWith(create("label", {}, input, letter, create("span", {}, ...item.childNodes)));
      return input;
    });
    const field = create("div", { class: "quiz-options" }, ...list.children);
    list.remove();
    return {
      field,
      get: () => inputs.flatMap((input, n) => (input.checked ? [n] : [])),
      set: (chosen) => inputs.forEach((input, n) => { input.checked = chosen.includes(n); }),
      empty: [],
      focus: () => inputs[0].focus(),
    };
  };

  const textField = (name, example) => {
    const hint = create("span", { id: `quiz-${name}-hint`, class: "quiz-hint" }, example);
    const input = create("input", { type: "text", spellcheck: "false", "aria-describedby": hint.id });
    return {
      field: create("div", { class: "quiz-text" }, create("label", {}, "Ihre Antwort ", input), hint),
      get: () => input.value,
      set: (text) => { input.value = text; },
      empty: "",
      focus: () => input.focus(),
    };
  };

  const build = (place, changed) => {
    const { name, kind, tolerance } = place.dataset;
    const typed = FIELDS[kind];
    const answers = [...place.querySelectorAll("details li")];
    const control = typed ? textField(name, typed.example)
      : choiceField(name, place.querySelector("ol"), kind === "single" ? "radio" : "checkbox");
    const status = create("div", { class: "quiz-status", role: "status" });
    const form = create("form", { autocomplete: "off" });
    const question = { right: false, focus: control.focus };

    const say = ({ right, notes, hint }) => {
      const verdict = create("strong", {}, right ? "Richtig." : "Noch nicht.");
      const list = notes?.length > 1 ? [create("ul", {}, ...notes.map((note) => create("li", {}, ...note)))]
        : notes?.flat();
      status.dataset.verdict = hint ? "hint" : right ? "right" : "wrong";
      status.replaceChildren(...(hint ? [hint] : [verdict, " ", ...list]));
    };
    const clear = () => {
      delete status.dataset.verdict;
      status.replaceChildren();
    };
    const check = () => {
      const verdict = typed ? judgeText(answers, control.get(), typed, Number(tolerance))
        : judgeChoice(answers, control.get());
      question.right = Boolean(verdict.right);
      say(verdict);
      remember(name, { choice: control.get(), checked: !verdict.hint });
      changed();
    };
    question.reset = () => {
      control.set(control.empty);
      question.right = false;
      clear();
      forget(name);
    };

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      check();
    });
    form.addEventListener("input", () => {
      question.right = false;
      clear();
      remember(name, { choice: control.get(), checked: false });
      changed();
    });
    const { choice, checked } = recall(name);
    if (typed ? typeof choice === "string" : Array.isArray(choice)) {
      control.set(choice);
      if (checked) check();
    }
    form.append(
      create("fieldset", {}, create("legend", {}, ...place.querySelector("p").childNodes), control.field,
        create("button", { type: "submit" }, "Prüfen")),
      status, place.querySelector("details"));
    place.replaceChildren(form);
    return question;
  };

  // --- Das ganze Quiz
  for (const quiz of document.querySelectorAll(".quiz")) {
    const questions = [];
    const score = create("p");
    const again = create("button", { type: "button" }, "Von vorn");
    const count = () => {
      const right = questions.filter((question) => question.right).length;
      score.textContent = `${right} von ${questions.length} Fragen richtig`;
    };
    for (const place of quiz.querySelectorAll(".quiz-question")) questions.push(build(place, count));
    again.addEventListener("click", () => {
      questions.forEach((question) => question.reset());
      count();
      questions[0].focus();
    });
    quiz.append(create("div", { class: "quiz-score" }, score, again));
    count();
  }
}
