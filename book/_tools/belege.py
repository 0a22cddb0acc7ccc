"""Schreibt die Seite «Belege»: jede Kernaussage, wie sie begründet ist, und aus welchen Läufen.

Eine Kernaussage ist ein Punkt in einem Kasten «Ergebnis» oder in der Zusammenfassung eines
Abschnitts; ihr Wortlaut kommt von dort, die Zahlen aus den gespeicherten Läufen. Ein Punkt ohne
Beleg ist ein Fehler.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from anncourse.config import CELLS
from anncourse.experiments import bit
from anncourse.experiments.difference import compare
from anncourse.experiments.imdb import better
from anncourse.experiments.lengths import by_quarter
from anncourse.experiments.many import SOLVED, solved
from anncourse.experiments.search import best, ranking
from anncourse.experiments.stored import mean_and_spread, measured

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "book" / "belege.md"
RESULT = re.compile(r'<p class="admonition-title">Ergebnis</p>\n(.*?)</div>', re.S)
SAFE = 0.5  # ein Schritt halbiert jede Störung
NEXT = "in Klammern, wie viele von 5 Läufen den nächsten lösen"
SECTION_4, SECTION_7 = "Abschnitt 9.3.4", "Abschnitt 9.3.7"
NETS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "gru-opened": "GRU mit offenem Tor"}
INITS = {"keras": "Keras", "pytorch": "PyTorch"}
FORMS = {
    "bidirectional": "beiden_Richtungen",
    "two_layers": "zwei_Schichten",
    "mean": "Mittel",
    "maximum": "Maximum",
}
HEAD = """# Belege

Was die Abschnitte 9.3.3 bis 9.3.8 behaupten, steht hier noch einmal, mit seiner
Begründung. *Gemessen* heisst: aus den genannten Läufen, die das Begleitmodul mitbringt
(`make results` rechnet sie neu). Hinter ± steht die Standardabweichung über die Läufe, in Klammern
ein 95-%-Intervall mit beiden Quellen des Zufalls (Abschnitt 9.3.7). *Im Notebook* heisst: Die Zahl
entsteht dort bei jedem Ausführen.
"""


class Evidence(NamedTuple):
    """Eine Zeile: wie die Aussage begründet ist, was herauskam, wo es liegt."""

    kind: str
    found: str
    where: str


def derived(how: str, where: str) -> Evidence:
    """Hergeleitet."""
    return Evidence("hergeleitet", how, where)


def cited(what: str, key: str) -> Evidence:
    """Übernommen aus einer Quelle, die im Literaturverzeichnis steht."""
    return Evidence("zitiert", what, f"{{cite:t}}`{key}`")


def shown(what: str, notebook: str) -> Evidence:
    """Im Notebook gemessen, bei jedem Ausführen."""
    return Evidence("gemessen, im Notebook", what, f"[Notebook](../notebooks/{notebook}.ipynb)")


def accuracies(**groups: str) -> Evidence:
    """Testgenauigkeiten gespeicherter Läufe."""
    runs = {label: measured(pattern) for label, pattern in groups.items()}
    found = "; ".join(
        f"{label.replace('_', ' ')} {one_or_more(r['test_accuracy'])} %, {len(r)} "
        f"{'Lauf' if len(r) == 1 else 'Läufe'}"
        for label, r in runs.items()
    )
    return Evidence("gemessen, Test", found, files(*groups.values()))


def one_or_more(values) -> str:
    """Mittelwert in Prozent; mit Streuung, wenn es mehrere Läufe sind."""
    return mean_and_spread(values) if len(values) > 1 else f"{100 * values.iloc[0]:.1f}"


def gaps(**pairs: tuple[str, str]) -> Evidence:
    """Unterschiede gespeicherter Läufe, in Punkten."""
    found = "; ".join(
        f"{label.replace('_', ' ')} {compare(*pair)}" for label, pair in pairs.items()
    )
    return Evidence(
        "gemessen, Test, Punkte", found, files(*{p for pair in pairs.values() for p in pair})
    )


def files(*patterns: str) -> str:
    """Namen gespeicherter Dateien."""
    return ", ".join(f"`{pattern}.json`" for pattern in sorted(patterns))


def ranked() -> Evidence:
    """Die Suche: die beste Lernrate von beiden Anfangswerten aus, und wie viel sie ausmacht."""
    found = []
    for cell in CELLS:
        chosen = {name: best(cell, init) for init, name in INITS.items()}
        rates = ", ".join(f"{c.learning_rate:g} ({name})" for name, c in chosen.items())
        table = ranking(cell)
        start = [(c.epochs, c.embedding_dropout) == (8, 0.4) for c in table["config"]]
        span = 100 * np.ptp(table[start]["mean"])
        found.append(f"{cell.upper()} {rates}, Spanne über die Raten {span:.1f} Punkte")
    return Evidence("gemessen, Validierung", "; ".join(found), files("search/*"))


def growth() -> Evidence:
    """Wie viel grösser der Vorsprung bei langen Kritiken ist."""
    found = [
        f"{cell.upper()} {by_quarter(f'{cell}-whole-?', 'rnn-whole-?')[1]}"
        for cell in ("lstm", "gru")
    ]
    where = files("quarters", "rnn-whole-?", "lstm-whole-?", "gru-whole-?")
    return Evidence("gemessen, Test, Punkte", "; ".join(found) + ", je 3 Läufe", where)


def last_words() -> Evidence:
    """Was die letzten 50 Wörter allein erreichen."""
    found = []
    for cell in CELLS:
        runs = measured(f"{cell}-keras-?")
        few = mean_and_spread(runs["last_words"].map(lambda words: words["50"]))
        found.append(f"{cell.upper()} {few} statt {mean_and_spread(runs['val_accuracy'])} %")
    where = files(*(f"{cell}-keras-?" for cell in CELLS))
    return Evidence("gemessen, Validierung", "; ".join(found) + ", je 5 Läufe", where)


def films() -> Evidence:
    """Wie viel besser ein lineares Modell innerhalb eines Teils urteilt."""
    found = []
    for words, runs in measured("films-*").groupby("words"):
        gap = runs["within"].map(np.mean) - runs["across"].map(np.mean)
        found.append(f"{words} Wörter {mean_and_spread(gap)} Punkte")
    return Evidence("gemessen", "; ".join(found) + ", je 5 Läufe", files("films-*"))


def order() -> Evidence:
    """Die Gegenprobe: kleinster und grösster von fünf Läufen."""
    runs = measured("order-*")["test_accuracies"]
    found = "; ".join(
        f"{NETS[name.removeprefix('order-')]} {100 * min(values):.1f} bis {100 * max(values):.1f} %"
        for name, values in runs.items()
    )
    return Evidence("gemessen, Test", f"{found}, je 5 Läufe", files("order-*"))


def padded() -> Evidence:
    """Rechts aufgefüllt: Singulärwerte von U nach einem Stapel, Abstand nach einer Epoche."""
    looks = measured("padding-*")["seen"]
    smallest = [seen["1"]["smallest"] for seen in looks]
    spread = [seen["157"]["spread_end"] / seen["157"]["spread_word"] for seen in looks]
    right = [seen["157"]["accuracy"] for seen in looks]
    found = (
        f"kleinster Singulärwert nach einem Stapel {min(smallest):.3f} bis {max(smallest):.3f}; "
        f"Abstand nach einer Epoche {min(spread):.2g} bis {max(spread):.2g}, Genauigkeit "
        f"{100 * min(right):.0f} bis {100 * max(right):.0f} %; {len(looks)} Läufe"
    )
    return Evidence("gemessen", found, files("padding-*"))


def gradients(inputs: str, when: str = "before", **names: str) -> Evidence:
    """Was bei k = 50 vom Gradienten bleibt: Median, kleinster und grösster Zufallsstart."""
    found = []
    for label, name in names.items():
        left = [entry[inputs][50] for entry in measured(f"gradient-{name}")[when].iloc[0]]
        span = f"{np.median(left):.0e} ({min(left):.0e} bis {max(left):.0e})"
        found.append(f"{label.replace('_', ' ')} {span}")
    where = files(*(f"gradient-{name}" for name in names.values()))
    text = {"reviews": "Kritiken", "noise": "Rauschen"}[inputs]
    return Evidence("gemessen", f"{text}, k = 50: " + "; ".join(found), where)


def holding() -> Evidence:
    """RNN, die den Abstand 25 lösen: was eine neue Ausgabe beim zehnfachen noch abliest."""
    runs = measured("held-rnn-*")
    nets = [
        (run["start"] == "kept", factor, readable)
        for _, run in runs.iterrows()
        for right, factor, readable in zip(run["accuracies"], run["factor"], run["readable"])
        if right >= SOLVED
    ]
    groups = {
        f"Faktor je Schritt unter {SAFE}": [r for kept, factor, r in nets if factor < SAFE],
        "darüber": [r for kept, factor, r in nets if factor >= SAFE and not kept],
        "U bleibt orthogonal": [r for kept, _, r in nets if kept],
    }
    found = "; ".join(
        f"{label} {100 * min(shares):.0f} % oder mehr, höchstens {100 * max(shares):.0f} % "
        f"({len(shares)} Netze)"
        for label, shares in groups.items()
    )
    return Evidence("gemessen", f"bei k = 250 abgelesen: {found}", files("held-rnn-*"))


def reached(ending: str = "", **rows: str) -> Evidence:
    """Wie weit jede Zeile der Bit-Aufgabe reicht, mit 4 und mit 32 Einheiten."""
    table = bit.table({label.replace("_", " "): row for label, row in rows.items()}, ending)
    found = "; ".join(
        f"{label} {row['H = 4']} und {row['H = 32']}" for label, row in table.iterrows()
    )
    where = files(*(f"bit-{row}-*{ending}" for row in rows.values()))
    text = f"Abstand mit 4 und 32 Einheiten: {found}; {NEXT}"
    return Evidence("gemessen", text, where)


def latches(width: int, **rows: str) -> Evidence:
    """Wie viele von zehn Läufen den Riegel lernen."""
    runs = {label: measured(f"latch-{row}-{width:02}").iloc[0] for label, row in rows.items()}
    found = "; ".join(
        f"{label.replace('_', ' ')} {solved(run)} von {len(run['accuracies'])}"
        for label, run in runs.items()
    )
    units = "eine Einheit" if width == 1 else f"{width} Einheiten"
    return Evidence(
        "gemessen",
        f"{units}, 400 Schritte: {found}",
        files(*(f"latch-{row}-{width:02}" for row in rows.values())),
    )


def clipped() -> Evidence:
    """Wie weit ein RNN mit Gradientenabstieg kommt, mit und ohne Begrenzen."""
    runs = measured("bit-rnn-*-32-*")["lags"]
    found = "; ".join(
        f"{label}: begrenzt {bit.reach(runs[f'bit-rnn-{start}-32-sgd'])}, unbegrenzt "
        f"{bit.reach(runs[f'bit-rnn-{start}-32-unclipped'])}"
        for label, start in (("orthogonal", "orthogonal"), ("mal 1.5", "stretched"))
    )
    return Evidence(
        "gemessen", f"grösster gelöster Abstand, U {found}; {NEXT}", files("bit-rnn-*-32-*")
    )


def truncated() -> Evidence:
    """Genauigkeit bei abgebrochener Rückwärtsrechnung."""
    found = []
    for steps in (10, 20, "never"):
        runs = measured(f"truncated-{steps}-*").set_index("lag")["accuracies"]
        means = ", ".join(
            f"{100 * np.mean(values):.0f} (k = {lag})" for lag, values in runs.items()
        )
        after = "ohne Abbruch" if steps == "never" else f"nach {steps} Schritten"
        found.append(f"{after}: {means}")
    return Evidence("gemessen, %", "; ".join(found) + "; je 5 Läufe", files("truncated-*"))


EVIDENCE: dict[str, dict[str, Callable[[], list[Evidence]]]] = {
    "03_imdb": {
        "Vor dem Rechnen": lambda: [
            shown("Reihenfolge, doppelte Texte", "03_imdb"),
        ],
        "Wörter sucht man": lambda: [shown("zusammengeklebte Wörter, gezählt", "03_imdb")],
        "Der Wortschatz stammt": lambda: [derived("so gebaut, geprüft", "`tests/test_data.py`")],
        "Von langen Kritiken": lambda: [
            shown("Anteil gekürzter Kritiken", "03_imdb"),
            padded(),
        ],
        "In Stapeln aus ähnlich": lambda: [shown("Anteil aufgefüllter Schritte", "03_imdb")],
    },
    "04_simple_rnn": {
        "Einbettung, SimpleRNN": lambda: [derived("Gleichungen (9.3.5) und (9.3.6)", SECTION_4)],
        "Gewählt wird": lambda: [derived("Gleichung (9.3.7)", SECTION_4)],
        "Vergleichen darf": lambda: [
            cited("Trainings- und Testteil haben keinen Film gemeinsam", "maas2011"),
            films(),
        ],
        "Die beste Lernrate": lambda: [ranked()],
        "Von PyTorchs Anfangswerten": lambda: [
            gaps(**{c.upper(): (f"{c}-keras-?", f"{c}-pytorch-?") for c in CELLS}),
            accuracies(
                **{
                    f"{c.upper()}_mit_{label}_von_PyTorch": better(c, form)
                    for c in ("rnn", "lstm")
                    for form, label in (
                        ("pytorch_embedding", "Einbettung"),
                        ("pytorch_recurrent", "Schicht"),
                    )
                }
            ),
        ],
        "Gekürzte Kritiken": lambda: [
            shown("höchste mögliche Genauigkeit ohne Kürzen", "04_simple_rnn"),
            last_words(),
        ],
        "Mischt man": lambda: [shown("ein Netz, Validierungsteil", "04_simple_rnn")],
    },
    "05_vanishing_gradients": {
        "Entrollt ist": lambda: [derived("Kettenregel", "Abschnitt 9.3.5")],
        "$\\partial h_T": lambda: [
            derived("Gleichungen (9.3.9) und (9.3.12), Gegenbeispiel", "Abschnitt 9.3.5")
        ],
        "Hält eine Einheit": lambda: [
            derived("Fixpunkt und Steigung, mit Autograd verglichen", "`tests/test_one_unit.py`"),
            cited("für beliebig viele Einheiten", "bengio1994"),
        ],
        "Jedes RNN, das": lambda: [holding()],
        "Mit PyTorchs Voreinstellung": lambda: [
            gradients("reviews", **{c.upper(): f"{c}-pytorch" for c in CELLS})
        ],
        "Beim RNN halten": lambda: [
            gradients("reviews", RNN="rnn-keras", LSTM="lstm-keras", GRU="gru-keras"),
            gradients("noise", RNN="rnn-keras"),
            gradients("reviews", "after", **{c.upper(): f"{c}-trained" for c in CELLS}),
        ],
        "Gegen den explodierenden": lambda: [clipped()],
        "Wer die Rückwärtsrechnung": lambda: [truncated()],
    },
    "06_lstm_gru": {
        "Die LSTM ergänzt": lambda: [
            derived("mit `nn.LSTM` verglichen", "`tests/test_cells.py`"),
        ],
        "Der direkte Weg": lambda: [derived("Gleichung (9.3.18)", "`tests/test_one_unit.py`")],
        "Eine einzige LSTM-Einheit": lambda: [
            latches(1, LSTM="lstm-keras-3", RNN="rnn-orthogonal", minGRU="mingru-pytorch"),
            latches(4, RNN="rnn-orthogonal"),
            shown("zwanzig Einheiten, mit und ohne U", "06_lstm_gru"),
        ],
        "Über welchen Abstand": lambda: [
            reached(
                RNN_PyTorch="rnn-pytorch",
                RNN_orthogonal_mit_kleinem_W="rnn-small",
                LSTM_PyTorch="lstm-pytorch",
                LSTM_mit_offenem_Tor="lstm-keras-3",
                GRU_mit_offenem_Tor="gru-keras-3",
            ),
        ],
        "Die GRU kommt": lambda: [derived("Gleichung (9.3.21), gezählt", "Abschnitt 9.3.6")],
        "Die Bauart legt": lambda: [derived("Hypothesenraum", "Abschnitt 9.3.6")],
    },
    "07_lstm_imdb": {
        "Redlich ist": lambda: [cited("getunte LSTM gegen gefundene Zelle", "melis2018"), ranked()],
        "Eine Schicht mit": lambda: [derived("Gleichung (9.3.22), gezählt", SECTION_7)],
        "Auf IMDb urteilt": lambda: [
            accuracies(**{c.upper(): f"{c}-keras-?" for c in CELLS}),
            gaps(
                LSTM_gegen_RNN=("lstm-keras-?", "rnn-keras-?"),
                GRU_gegen_RNN=("gru-keras-?", "rnn-keras-?"),
                GRU_gegen_LSTM=("gru-keras-?", "lstm-keras-?"),
            ),
        ],
        "Dass der Vorsprung": lambda: [growth()],
        "In der Gegenprobe": lambda: [
            order(),
            accuracies(Wörter_gezählt="sample_words", Wortpaare_gezählt="sample_bigrams"),
        ],
        "Ein lineares Modell": lambda: [
            accuracies(Wortpaare="tfidf_bigrams", Wörter="tfidf"),
            gaps(**{c.upper(): (f"{c}-keras-?", "tfidf_bigrams") for c in CELLS}),
            cited("ein Netz mit Vortraining: rund 95 %", "howard2018"),
        ],
        "Die LSTM ist auch": lambda: [
            gaps(
                LSTM_gegen_RNN_mit_76_Einheiten=("lstm-keras-?", "rnn-wide-?"),
                **{
                    f"LSTM_mit_{label}_gegen_LSTM": (f"lstm-{form}-?", "lstm-keras-?")
                    for form, label in FORMS.items()
                },
            ),
        ],
        "Belegt nennen": lambda: [
            derived("Simulation: das Intervall trifft", "`tests/test_difference.py`"),
        ],
        "Rechts auf 500": lambda: [
            accuracies(
                alle_500_lang_und_rechts="rnn-fixed-right-?",
                ähnliche_Länge_und_rechts="rnn-similar-right-?",
            ),
            padded(),
        ],
    },
    "08_inside_the_cell": {
        "Eine LSTM gibt": lambda: [
            derived("Gleichung (9.3.24), nachgerechnet", "Abschnitt 9.3.8"),
        ],
        "Zwillinge aus": lambda: [shown("eigene Sätze, ein Netz", "08_inside_the_cell")],
        "Die Korrelation": lambda: [
            shown("ein Netz, 4000 Kritiken, je 10 Ziehungen", "08_inside_the_cell")
        ],
        "Aus dem Vergesstor": lambda: [
            derived("Gleichung (9.3.25)", "Abschnitt 9.3.8"),
            shown("zwei eigene Sätze, ein Netz", "08_inside_the_cell"),
        ],
        "Ein Netz kann Abkürzungen": lambda: [
            shown("ein Netz, 6000 Kritiken mit und ohne Ziffern", "08_inside_the_cell")
        ],
    },
}


def headlines(notebook: Path) -> list[str]:
    """Die Punkte der Kästen «Ergebnis» und der Zusammenfassung, je einer auf einer Zeile."""
    text = notebook.read_text("utf-8")
    places = [*RESULT.findall(text), text.split("## Zusammenfassung\n")[1].split("\n**")[0]]
    points = [point for place in places for point in re.split(r"^- ", place, flags=re.M)[1:]]
    return [" ".join(point.split()) for point in points]


def page() -> str:
    """Der Inhalt der Seite.

    Raises
    ------
    ValueError
        Wenn eine Kernaussage keinen Beleg hat oder ein Beleg keine Kernaussage.
    """
    parts = [HEAD]
    for name, evidence in EVIDENCE.items():
        notebook = ROOT / "notebooks" / f"{name}.md"
        title = re.search(r"^# (.+)$", notebook.read_text("utf-8"), re.M)[1]
        parts.append(
            f"\n## {title}\n\n| Kernaussage | Beleg | Ergebnis | Wo |\n|---|---|---|---|\n"
        )
        points = headlines(notebook)
        used = {start for start in evidence for point in points if point.startswith(start)}
        if used != set(evidence):
            raise ValueError(f"{name}: Beleg ohne Kernaussage: {sorted(set(evidence) - used)}")
        for point in points:
            starts = [start for start in evidence if point.startswith(start)]
            if not starts:
                raise ValueError(f"{name}: Kernaussage ohne Beleg: {point}")
            for number, row in enumerate(evidence[starts[0]]()):
                claim = point.replace("|", "\\|") if not number else ""
                parts.append(f"| {claim} | {row.kind} | {row.found} | {row.where} |\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
