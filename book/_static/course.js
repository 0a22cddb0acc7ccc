// sphinx-copybutton kennt die Sprache «de», aber nicht «de-CH» und zeigte sonst englische Wörter.
if (typeof locale !== "undefined") {
  locale = "de";
}

// Formeln zeichnet MathJax sonst alle auf einmal, auf langen Seiten sekundenlang. Hier zuerst jene,
// die man sieht, dann die übrigen in Portionen; dazwischen kann man blättern.
const PORTION = 40;

function inSight(element) {
  const place = element.getBoundingClientRect();
  return place.width > 0 && place.bottom > 0 && place.top < window.innerHeight;
}

async function drawFormulas() {
  const formulas = [...document.querySelectorAll(".math")];
  const first = formulas.filter(inSight);
  const rest = formulas.filter((formula) => !first.includes(formula));
  await MathJax.typesetPromise(first);
  for (let start = 0; start < rest.length; start += PORTION) {
    await new Promise((resume) => setTimeout(resume));
    await MathJax.typesetPromise(rest.slice(start, start + PORTION));
  }
}

if (window.MathJax) window.MathJax.startup = { pageReady: drawFormulas };

// Was in sich selbst seitwärts läuft, muss auch die Tabulatortaste erreichen, und nur das.
const SCROLLABLE = {
  "div.highlight pre, .cell_output pre": "Code",
  ".cell_output:has(img), .cell_output .output:has(img)": "Abbildung",
  ".cell_output:not(:has(img)), .cell_output .output:not(:has(img)), .pst-scrollable-table-container": "Tabelle",
  ".math, mjx-container[display]": "Formel",
};

function markWide(element, label) {
  if (element.scrollWidth > element.clientWidth + 1) {
    element.tabIndex = 0;
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", `${label}, seitwärts rollbar`);
  } else {
    for (const name of ["tabindex", "role", "aria-label"]) element.removeAttribute(name);
  }
}

function markAll() {
  for (const [selector, label] of Object.entries(SCROLLABLE)) {
    for (const element of document.querySelectorAll(selector)) markWide(element, label);
  }
}

window.addEventListener("load", () => {
  const formulas = window.MathJax?.startup?.promise ?? Promise.resolve();
  formulas.then(() => {
    markAll();
    window.addEventListener("resize", markAll);
    document.addEventListener("toggle", markAll, true); // Zugeklapptes hat keine Breite
  });
});

// Auf dem Telefon verdeckte die aufgeklappte Übersicht sonst, wohin sie führt.
document.addEventListener("click", ({ target }) => {
  if (target.closest("a")) target.closest("dialog")?.close();
});

// Drucker lassen den dunklen Grund weg: Gedruckt wird immer hell.
let shown;
window.addEventListener("beforeprint", () => {
  shown = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
});
window.addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = shown;
});
