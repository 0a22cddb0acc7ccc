"""Die Seite «Ausprobieren» gegen NumPy: Abweichung, Millisekunden je Wort, Bytes."""

import gzip
import random
import shutil
import string
from pathlib import Path

import numpy as np

from anncourse.cells import STEPS
from anncourse.prediction import read
from anncourse.sample import generate
from anncourse.weights import SHIPPED_FOLDER, load_weights

PAGE = "book/ausprobieren.html"
ODD = ["Hildegunn", "cafe\u0301", "naïve", "1½", "don’t", "rock'n'roll", "2001", "ǅungla", "…"]
READ = """async ([cell, texts]) => {
  await anncourse.load(cell);
  return texts.map((text) => anncourse.read(cell, text).probabilities);
}"""
TYPE = """async (words) => {
  await anncourse.load("lstm");
  const field = document.querySelector("#live-text");
  const type = (text) => {
    field.value = text;
    field.dispatchEvent(new Event("input"));
    return document.body.offsetHeight;  // bis die Seite neu angeordnet ist
  };
  type(words[0]);
  await new Promise(requestAnimationFrame);
  const rounds = [];
  for (let round = 0; round < 3; round++) {
    const start = performance.now();
    for (let n = 1; n <= words.length; n++) type(words.slice(0, n).join(" "));
    rounds.push((performance.now() - start) / words.length);
  }
  return Math.min(...rounds);
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
    """Vom Tastendruck bis zur neu angeordneten Seite, im Mittel über eine wachsende Kritik.

    Der schnellste von drei Durchgängen: So zählt nicht, was der Rechner sonst noch tut.
    """
    return page.evaluate(TYPE, " ".join(reviews()).split()[:words])


def compressed(book: Path, cell: str) -> int:
    """Bytes des Netzes samt Wortschatz, wie ein Server sie überträgt (gzip)."""
    return len(gzip.compress((book / "live" / f"{cell}.js").read_bytes(), mtime=0))


def bench_live(book: Path) -> dict:
    """Misst das gebaute Buch im Ordner ``book`` mit Chromium, ohne Server.

    Returns
    -------
    dict
        ``largest_difference`` und ``bytes`` je Zelle, ``milliseconds_per_word``.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.goto((book.resolve() / PAGE).as_uri())
        result = {
            "largest_difference": {c: largest_difference(page, c, reviews()) for c in STEPS},
            "milliseconds_per_word": milliseconds_per_word(page),
            "bytes": {c: compressed(book, c) for c in STEPS},
        }
        browser.close()
    return result
