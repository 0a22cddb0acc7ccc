"use strict";

// Was alle Teile der Seite brauchen: Elemente, Symbole mit Index, Zahlen, Ansagen.
const anncourse = { nets: {} };

{
  const maker = (create) => (name, attributes = {}, ...children) => {
    const node = create(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };
  anncourse.html = maker((name) => document.createElement(name));
  anncourse.svg = maker((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
}

// Macht aus «W_f x_t» ein W und ein x mit tiefgestelltem Index; Buchstaben stehen kursiv.
anncourse.formula = (text) => {
  const { html } = anncourse;
  const roman = new Set(["tanh", "sin"]);
  const parts = text.match(/[A-Za-z]+\u0303?(?:_(?:\([^)]*\)|\w))?|[^A-Za-z]+/g).map((part) => {
    const [base, index] = part.split("_");
    if (!/^[A-Za-z]/.test(part) || roman.has(part)) return part;
    return index ? html("span", {}, html("i", {}, base), html("sub", {}, index.replace(/[()]/g, "")))
                 : html("i", {}, base);
  });
  return html("span", { class: "live-formula" }, ...parts);
};

// Zahlen mit Punkt wie im ganzen Buch, mit echtem Minuszeichen.
anncourse.number = (value, digits = 2) =>
  value.toFixed(digits).replace(/^-(0(\.0*)?)$/, "$1").replace("-", "\u2212");
anncourse.signed = (value, digits = 2) => {
  const text = anncourse.number(value, digits);
  return /[1-9]/.test(text) && value > 0 ? `+${text}` : text;
};

// Sehr kleine und sehr grosse Zahlen: 0.0012 oder 3 · 10⁻⁷
anncourse.scientific = (value) => {
  const { html } = anncourse;
  if (value === 0) return "0";
  if (value >= 0.001 && value < 10000) return String(Number(value.toPrecision(2)));
  const [digits, power] = value.toExponential(0).split("e");
  return html("span", { class: "live-power" }, `${digits} · 10`, html("sup", {}, String(+power).replace("-", "−")));
};

// Vorleseprogramme hören den Satz erst, wenn eine Sekunde lang nichts mehr ändert.
anncourse.announcer = () => {
  const region = anncourse.html("p", { class: "live-hidden", "aria-live": "polite" });
  let timer;
  const say = (sentence) => {
    clearTimeout(timer);
    timer = setTimeout(() => { region.textContent = sentence; }, 1000);
  };
  return { region, say };
};
