"""Die Seiten, die im Browser rechnen: «Ausprobieren» gegen NumPy, «Selbst trainieren»: wie rasch.

``make bench`` misst damit das gebaute Buch.
"""

import gzip
import json
import random
import string
import sys
from pathlib import Path

import numpy as np

from anncourse.cells import STEPS
from anncourse.prediction import read
from anncourse.sample import generate
from anncourse.weights import SHIPPED_FOLDER, load_weights

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "_build" / "html"
PAGE, TRAINING = "book/ausprobieren.html", "book/trainieren.html"
ODD = ["Hildegunn", "cafe\u0301", "naïve", "1½", "don’t", "rock'n'roll", "2001", "ǅungla", "…"]
READ = """async ([cell, texts]) => {
  await anncourse.load(cell);
  return texts.map((text) => anncourse.read(cell, text).probabilities);
}"""
TYPE = """async (words) => {
  const field = document.querySelector("#live-text");
  for (let n = 1; n <= words.length; n++) {
    field.value = words.slice(0, n).join(" ");
    field.dispatchEvent(new Event("input"));
    await new Promise(requestAnimationFrame);  // bis die Seite neu gezeichnet wird
  }
}"""

LEARN = """([cell, seconds]) => {
  const settings = { ...anncourse.TRAINING.runs["page-lstm-3"].settings, cell, lag: 30 };
  const run = anncourse.learn(settings, anncourse.TRAINING.recipe);
  for (let n = 0; n < 50; n++) run.next();  // übersetzt
  const start = performance.now();
  let batches = 0;
  for (; performance.now() - start < 1000 * seconds; batches++) run.next();
  return batches / (performance.now() - start) * 1000;
}"""


def reviews(number: int = 200) -> list[str]:
    """Halb erzeugte Kritiken, halb gewürfelte Wörter, bis über 500, mit Unbekanntem dazwischen."""
    rng = random.Random(93)
    words = load_weights().vocabulary.words[2:]
    texts, _ = generate(number // 2, seed=95)
    while len(texts) < number:
        text = rng.choices(words[:3000], k=rng.choice([1, 5, 50, 300, 600]))
        for _ in range(len(text) // 4):
            unknown = "".join(rng.choices(string.ascii_letters, k=9))
            text.insert(rng.randrange(len(text)), rng.choice([*ODD, unknown]))
        texts.append(" ".join(text))
    return texts


def largest_difference(page, cell: str, texts: list[str]) -> float:
    """Grösste Abweichung der Wahrscheinlichkeit, über alle Kritiken und alle Schritte."""
    weights = load_weights(SHIPPED_FOLDER / cell)
    shown = page.evaluate(READ, [cell, texts])
    expected = [read(weights, text).probabilities for text in texts]
    return max(float(np.abs(a - b).max()) for a, b in zip(shown, expected, strict=True))


def milliseconds_per_word(page, words: int = 60) -> float:
    """Rechenzeit je getipptem Wort: lesen, zeigen, zeichnen; im Mittel über eine wachsende Kritik.

    Gezählt wird die CPU-Zeit der Seite, nicht die Uhr: Auf einem ausgelasteten Rechner mässe diese
    vor allem, was er sonst noch tut.
    """
    session = page.context.browser.new_browser_cdp_session()

    def seconds() -> float:
        processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
        return sum(p["cpuTime"] for p in processes if p["type"] == "renderer")

    text = " ".join(reviews()).split()[:words]
    page.evaluate(TYPE, text)  # lädt das Netz; danach ist alles übersetzt
    start = seconds()
    page.evaluate(TYPE, text)
    return 1000 * (seconds() - start) / words


def batches_per_second(page, slowed: int, seconds: float = 3) -> dict[str, float]:
    """Stapel zu 32 Folgen, vier Einheiten, k = 30; der Prozessor ist ``slowed``-fach gebremst."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": slowed})
    return {cell: round(page.evaluate(LEARN, [cell, seconds])) for cell in STEPS}


def compressed(book: Path, cell: str) -> int:
    """Bytes des Netzes samt Wortschatz, wie ein Server sie überträgt (gzip)."""
    return len(gzip.compress((book / "live" / f"{cell}.js").read_bytes(), mtime=0))


def bench_live(book: Path) -> dict:
    """Misst das gebaute Buch im Ordner ``book`` mit Chromium, ohne Server.

    Returns
    -------
    dict
        ``largest_difference`` und ``bytes`` je Zelle, ``milliseconds_per_word``,
        ``batches_per_second`` je Bremse und Zelle.
    """
    from playwright.sync_api import sync_playwright

    sys.path.append(str(ROOT / "book" / "_tools"))
    from pdf import find_chromium

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(playwright), args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.goto((book.resolve() / PAGE).as_uri())
        result = {
            "largest_difference": {c: largest_difference(page, c, reviews()) for c in STEPS},
            "milliseconds_per_word": milliseconds_per_word(page),
            "bytes": {c: compressed(book, c) for c in STEPS},
        }
        page.goto((book.resolve() / TRAINING).as_uri())
        rates = {f"{n}-fach gebremst": batches_per_second(page, n) for n in (1, 4)}
        result["batches_per_second"] = rates
        browser.close()
    return result


if __name__ == "__main__":
    print(json.dumps(bench_live(BOOK), indent=1))
