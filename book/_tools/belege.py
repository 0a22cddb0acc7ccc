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
from anncourse.experiments.held import solved_nets
from anncourse.experiments.imdb import better
from anncourse.experiments.lengths import by_quarter
from anncourse.experiments.many import solved
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


def ranked(*cells: str) -> Evidence:
    """Die Suche: die beste Lernrate von beiden Anfangswerten aus, und wie viel sie ausmacht."""
    found = []
    for cell in cells or CELLS:
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


def last_words(*cells: str) -> Evidence:
    """Was die letzten 50 und 200 Wörter allein erreichen."""
    found = []
    for cell in cells or CELLS:
        runs = measured(f"{cell}-keras-?")
        few = ", ".join(
            f"{mean_and_spread(runs['last_words'].map(lambda words, k=k: words[k]))} % (letzte {k})"
            for k in ("50", "200")
        )
        found.append(f"{cell.upper()} {few}, {mean_and_spread(runs['val_accuracy'])} % (alle)")
    where = files(*(f"{cell}-keras-?" for cell in cells or CELLS))
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


def gradients(inputs: str, when: str = "before", **names: str) -> Evidence:
    """Was bei k = 50 vom Gradienten bleibt: Median, kleinster und grösster Zufallsstart."""
    found = []
    for label, name in names.items():
        left = [entry[inputs][50] for entry in measured(f"gradient-{name}")[when].iloc[0]]
        span = f"{np.median(left):.0e} ({min(left):.0e} bis {max(left):.0e})"
        found.append(f"{label.replace('_', ' ')} {span}")
    where = files(*(f"gradient-{name}" for name in names.values()))
    text = {"reviews": "Kritiken", "noise": "Rauschen", "bit": "Bit-Aufgabe"}[inputs]
    return Evidence("gemessen", f"{text}, k = 50: " + "; ".join(found), where)


def holding() -> Evidence:
    """RNN, die den Abstand 25 lösen: was eine neue Ausgabe beim zehnfachen noch abliest."""
    nets = solved_nets()
    kept, small = nets["start"] == "kept", nets["factor"] < SAFE
    groups = {
        f"Faktor je Schritt unter {SAFE}": small,
        "darüber": ~small & ~kept,
        "U bleibt orthogonal": kept,
    }
    shares = {label: 100 * nets["readable"][where] for label, where in groups.items()}
    found = "; ".join(
        f"{label} {r.min():.0f} % oder mehr, höchstens {r.max():.0f} % ({len(r)} Netze)"
        for label, r in shares.items()
    )
    return Evidence("gemessen", f"bei k = 250 abgelesen: {found}", files("held-rnn-*"))


def alternating() -> Evidence:
    """RNN mit kleinem Faktor, deren Antwort in jedem Schritt ins Gegenteil fällt."""
    small = solved_nets().query(f"factor < {SAFE}")["alternating"]
    found = f"bei k = 250 bis 253: {small.sum()} von {len(small)} Netzen"
    return Evidence("gemessen", found, files("held-rnn-*"))


def reached(ending: str = "", **rows: str) -> Evidence:
    """Wie weit jede Zeile der Bit-Aufgabe reicht, mit 4 und mit 32 Einheiten."""
    table = bit.table({label.replace("_", " "): row for label, row in rows.items()}, ending)
    found = "; ".join(
        f"{label} {row['H = 4']} und {row['H = 32']}" for label, row in table.iterrows()
    )
    where = files(*(f"bit-{row}-*{ending}" for row in rows.values()))
    text = f"Abstand mit 4 und 32 Einheiten: {found}; {NEXT}"
    return Evidence("gemessen", text, where)


def reached_by_one(**rows: str) -> Evidence:
    """Wie weit eine einzige Einheit reicht."""
    stored = {label: f"bit-{row}-01" for label, row in rows.items()}
    found = "; ".join(
        f"{label.replace('_', ' ')} {bit.reach(measured(name)['lags'].iloc[0])}"
        for label, name in stored.items()
    )
    return Evidence(
        "gemessen", f"Abstand mit einer Einheit: {found}; {NEXT}", files(*stored.values())
    )


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


def at_marks(rows: str, **gates: str) -> Evidence:
    """Tore einer gelernten Einheit am Riegel: kleinstes und grösstes Mittel je Lauf."""
    runs = [run for entry in measured(f"latch-{rows}-01")["gates"] for run in entry]
    found = []
    for gate, label in gates.items():
        marked, quiet = (sorted(run[gate][place] for run in runs) for place in ("mark", "else"))
        found.append(
            f"{label} an der Marke {marked[0]:.2f} bis {marked[-1]:.2f}, "
            f"sonst {quiet[0]:.2f} bis {quiet[-1]:.2f}"
        )
    text = f"eine Einheit, {len(runs)} Läufe: " + "; ".join(found)
    return Evidence("gemessen", text, files(f"latch-{rows}-01"))


def heard_itself() -> Evidence:
    """Der Eingriff am Riegel; wie jener am Netz für Kritiken bei jedem Ausführen neu gemessen."""
    return shown("zwanzig Einheiten, mit und ohne einzelne U", "08_inside_the_cell")


def one_net() -> Evidence:
    """Korrelation und Abschalten."""
    return shown("ein Netz, 4000 Kritiken, je 10 Ziehungen", "08_inside_the_cell")


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
        "Rechts auf 500": lambda: [
            accuracies(alle_500_lang_und_rechts="rnn-fixed-right-?"),
            gaps(gegenüber_links_auf_500=("rnn-fixed-right-?", "rnn-fixed-left-?")),
        ],
        "Links auf 500": lambda: [
            accuracies(
                alle_500_lang_und_links="rnn-fixed-left-?",
                ähnliche_Länge_und_rechts="rnn-similar-right-?",
                ähnliche_Länge_und_links="rnn-whole-?",
            ),
            gaps(
                ähnlich_und_rechts_gegenüber_links=("rnn-similar-right-?", "rnn-whole-?"),
                links_auf_500_gegenüber_ähnlich=("rnn-fixed-left-?", "rnn-whole-?"),
                ähnlich_und_rechts_gegenüber_links_auf_500=(
                    "rnn-similar-right-?",
                    "rnn-fixed-left-?",
                ),
            ),
            shown("Anteil aufgefüllter Stellen", "03_imdb"),
        ],
        "Vor dem Rechnen": lambda: [shown("Reihenfolge, doppelte Texte", "03_imdb")],
        "Aus Text wird": lambda: [
            derived("so gebaut, geprüft", "`tests/test_text.py`, `tests/test_data.py`"),
        ],
        "Wer den letzten": lambda: [
            gaps(
                links_statt_rechts_auf_500=("rnn-fixed-left-?", "rnn-fixed-right-?"),
            ),
            shown("Zeitschritte mit und ohne Stapel ähnlicher Länge", "03_imdb"),
        ],
    },
    "04_simple_rnn": {
        "Auf dem Testteil urteilt das RNN": lambda: [
            accuracies(RNN="rnn-keras-?", Wörterzählen="bag_of_words"),
            gaps(RNN_gegen_Wörterzählen=("rnn-keras-?", "bag_of_words")),
        ],
        "Auf dem Validierungsteil stehen": lambda: [
            Evidence(
                "gemessen, Validierung",
                f"RNN {one_or_more(measured('rnn-keras-?')['val_accuracy'])} %, Wörterzählen "
                f"{one_or_more(measured('bag_of_words')['val_accuracy'])} %",
                files("rnn-keras-?", "bag_of_words"),
            ),
            cited("Trainings- und Testteil haben keinen Film gemeinsam", "maas2011"),
            films(),
        ],
        "Ein redlicher Vergleich": lambda: [derived("das Vertrauensintervall", SECTION_4)],
        "Das RNN nutzt": lambda: [
            last_words("rnn"),
            shown("gemischte Wörter, ein Netz, Validierungsteil", "04_simple_rnn"),
        ],
        "Zu anderen Anfangswerten": lambda: [
            ranked("rnn"),
            gaps(RNN_mit_Keras_gegen_PyTorch=("rnn-keras-?", "rnn-pytorch-?")),
            accuracies(
                RNN_mit_Einbettung_von_PyTorch=better("rnn", "pytorch_embedding"),
                RNN_mit_Schicht_von_PyTorch=better("rnn", "pytorch_recurrent"),
            ),
        ],
    },
    "05_vanishing_gradients": {
        "Mit vier Einheiten": lambda: [
            reached(RNN_PyTorch="rnn-pytorch", RNN_Keras="rnn-orthogonal"),
        ],
        "Mit 32 Einheiten": lambda: [
            reached(
                RNN_PyTorch="rnn-pytorch",
                RNN_Keras="rnn-orthogonal",
                RNN_Keras_mit_kleinem_W="rnn-small",
            ),
        ],
        "Mit PyTorchs Anfangswerten verschwindet": lambda: [
            gradients("reviews", RNN="rnn-pytorch"),
            gradients("noise", RNN="rnn-pytorch"),
        ],
        "Mit jenen von Keras": lambda: [
            gradients("reviews", RNN="rnn-keras"),
            gradients("noise", RNN="rnn-keras"),
        ],
        "Dasselbe gilt nach": lambda: [
            gradients("reviews", "after", RNN="rnn-trained"),
            gradients("noise", "after", RNN="rnn-trained"),
        ],
        "Jedes dieser RNN": lambda: [holding()],
        "Die meisten davon": lambda: [alternating()],
        "Bleibt $U$ orthogonal": lambda: [holding()],
        "Was sich selbst hält": lambda: [
            derived("Fixpunkt und Steigung, mit Autograd verglichen", "`tests/test_one_unit.py`"),
            cited("für beliebig viele Einheiten", "bengio1994"),
        ],
        "Bei vielen Einheiten": lambda: [
            derived("Gleichung (9.3.13)", "Abschnitt 9.3.5"),
            gradients("bit", RNN_PyTorch="rnn-pytorch"),
            reached(RNN_PyTorch="rnn-pytorch"),
        ],
        "Begrenzen hilft": lambda: [clipped(), truncated()],
    },
    "06_lstm_gru": {
        "Tore allein": lambda: [
            gradients("reviews", LSTM_PyTorch="lstm-pytorch", GRU_PyTorch="gru-pytorch"),
            gradients("reviews", LSTM_Tor_3="lstm-forget_bias_3", GRU_Tor_3="gru-forget_bias_3"),
        ],
        "Das Training auf": lambda: [
            gradients("reviews", LSTM="lstm-keras", GRU="gru-keras"),
            gradients("reviews", "after", LSTM="lstm-trained", GRU="gru-trained"),
        ],
        "Den grössten hat": lambda: [
            gradients("reviews", "after", **{c.upper(): f"{c}-trained" for c in CELLS}),
            accuracies(**{c.upper(): f"{c}-keras-?" for c in CELLS}),
        ],
        "Mit einer Einheit gewinnen": lambda: [
            latches(1, LSTM="lstm-keras-3", RNN="rnn-orthogonal", RNN_mit_kleinem_W="rnn-small"),
            reached_by_one(
                RNN_PyTorch="rnn-pytorch",
                RNN_orthogonal="rnn-orthogonal",
                RNN_mit_kleinem_W="rnn-small",
                RNN_bleibt_orthogonal="rnn-kept",
                LSTM_mit_offenem_Tor="lstm-keras-3",
                GRU_mit_offenem_Tor="gru-keras-3",
            ),
        ],
        "Mit 32 Einheiten": lambda: [
            reached(
                RNN_PyTorch="rnn-pytorch",
                RNN_orthogonal_mit_kleinem_W="rnn-small",
                LSTM_PyTorch="lstm-pytorch",
            ),
        ],
        "Die Anfangswerte entscheiden": lambda: [
            reached(
                LSTM_PyTorch="lstm-pytorch",
                LSTM_Tor_1="lstm-keras-1",
                LSTM_Tor_3="lstm-keras-3",
                GRU_mit_offenem_Tor="gru-keras-3",
            ),
            reached_by_one(
                LSTM_Tor_1="lstm-keras-1",
                LSTM_Tor_3="lstm-keras-3",
                GRU_mit_offenem_Tor="gru-keras-3",
            ),
        ],
        "Die LSTM legt": lambda: [
            derived("von Hand, ein Tor nach dem andern", "`tests/test_one_unit.py`"),
            derived("mit `nn.LSTM` verglichen", "`tests/test_cells.py`"),
        ],
        "Auf dem direkten Weg": lambda: [
            derived(
                "Gleichungen (9.3.21) und (9.3.22), mit Autograd verglichen", "Abschnitt 9.3.6"
            ),
        ],
        "Mit einer Einheit hält": lambda: [
            reached_by_one(
                RNN_PyTorch="rnn-pytorch",
                LSTM_mit_offenem_Tor="lstm-keras-3",
                GRU_mit_offenem_Tor="gru-keras-3",
            ),
            reached(
                RNN_PyTorch="rnn-pytorch",
                RNN_orthogonal_mit_kleinem_W="rnn-small",
            ),
            derived("Hypothesenraum", "Abschnitt 9.3.6"),
        ],
    },
    "07_lstm_imdb": {
        "Auf IMDb urteilt": lambda: [
            accuracies(**{c.upper(): f"{c}-keras-?" for c in CELLS}),
            gaps(
                LSTM_gegen_RNN=("lstm-keras-?", "rnn-keras-?"),
                GRU_gegen_RNN=("gru-keras-?", "rnn-keras-?"),
                GRU_gegen_LSTM=("gru-keras-?", "lstm-keras-?"),
                LSTM_gegen_RNN_mit_76_Einheiten=("lstm-keras-?", "rnn-wide-?"),
                **{
                    f"LSTM_mit_{label}_gegen_LSTM": (f"lstm-{form}-?", "lstm-keras-?")
                    for form, label in FORMS.items()
                },
            ),
            growth(),
        ],
        "Ein lineares Modell": lambda: [
            accuracies(Wortpaare="tfidf_bigrams", Wörter="tfidf"),
            gaps(**{c.upper(): (f"{c}-keras-?", "tfidf_bigrams") for c in CELLS}),
            cited("ein Netz mit Vortraining: rund 95 %", "howard2018"),
        ],
        "Wo die Reihenfolge zählt": lambda: [
            order(),
            accuracies(Wörter_gezählt="sample_words", Wortpaare_gezählt="sample_bigrams"),
        ],
        "Von PyTorchs Anfangswerten": lambda: [
            gaps(**{c.upper(): (f"{c}-keras-?", f"{c}-pytorch-?") for c in CELLS}),
            accuracies(
                LSTM_mit_Einbettung_von_PyTorch=better("lstm", "pytorch_embedding"),
                LSTM_mit_Schicht_von_PyTorch=better("lstm", "pytorch_recurrent"),
            ),
        ],
        "Beginnt das Vergesstor": lambda: [
            gaps(LSTM_mit_0_gegen_1=("lstm-half_open-?", "lstm-keras-?")),
        ],
        "Redlich ist": lambda: [
            cited("getunte LSTM gegen gefundene Zelle", "melis2018"),
            ranked(),
            derived("Simulation: das Intervall trifft", "`tests/test_difference.py`"),
        ],
        "Auf IMDb nutzen": lambda: [
            shown("gemischte Wörter, je ein Netz", "07_lstm_imdb"),
            gaps(Wortpaare_gegen_Wörter=("tfidf_bigrams", "tfidf")),
        ],
    },
    "08_inside_the_cell": {
        "Das Vergesstor der gelernten": lambda: [
            at_marks("lstm-keras-?", f="Vergesstor", i="Eingangstor")
        ],
        "Sie hält das Bit": lambda: [heard_itself()],
        "Die minGRU hört": lambda: [
            latches(1, minGRU="mingru-pytorch", minGRU_mit_offenem_Tor="mingru-pytorch-3"),
            at_marks("mingru-pytorch*", z="Aktualisierungstor"),
        ],
        "Der Stimmung folgt": lambda: [one_net()],
        "Fehlen die acht": lambda: [one_net()],
        "Ein Tor tut": lambda: [
            at_marks("lstm-keras-?", f="Vergesstor", i="Eingangstor"),
            heard_itself(),
        ],
        "Das Logit nach": lambda: [
            derived("Gleichung (9.3.25), nachgerechnet", "Abschnitt 9.3.8"),
        ],
        "Was eine Einheit verrät": lambda: [one_net()],
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
