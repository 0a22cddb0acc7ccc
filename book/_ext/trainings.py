"""Die Seite «Selbst trainieren»: was ihr Skript wissen muss, die gespeicherten Läufe als Tabelle.

``{stored} page-lstm-0 page-lstm-3`` auf einer Seite setzt die Tabelle dieser Versuche dorthin.
"""

import json
from pathlib import Path

from sphinx.util.docutils import SphinxDirective

from anncourse.config import Config
from anncourse.experiments import page
from anncourse.experiments.many import MASTERED, SOLVED, solved
from anncourse.experiments.stored import MEASURED_FOLDER, read

LABELS = {
    "page-rnn": "SimpleRNN",
    "page-lstm-0": "LSTM, Achsenabschnitt 0",
    "page-lstm-3": "LSTM, Achsenabschnitt 3",
    "page-unclipped": "nicht begrenzt",
    "page-clipped": "begrenzt",
}


def script() -> str:
    """Das Skript mit den Einstellungen der Versuche und den Konstanten des Optimierers."""
    content = {
        "recipe": {
            "batch_size": page.BATCH_SIZE,
            "mastered": MASTERED,
            "rho": Config.rho,
            "epsilon": Config.epsilon,
            "gradient_norm": Config.gradient_norm,
        },
        "limit": page.BATCHES,
        "examined": page.TEST_SIZE,
        "enough": SOLVED,
        "runs": {
            name: {"label": label, "settings": page.runs()[name].settings(shown_rate(name))}
            for name, label in LABELS.items()
        },
    }
    return f"anncourse.TRAINING = {json.dumps(content)};\n"


def shown_rate(name: str) -> float:
    """Mit welcher Lernrate die Seite einen Versuch zeigt: der gefundenen, wenn gesucht ist."""
    run = read(MEASURED_FOLDER / f"{name}.json")
    return run.get("rate", page.SHOWN_RATE)


def outcome(batches: int, accuracy: float) -> str:
    """Wie ein Lauf ausging; gelöst heisst wie im Kapitel: auf neuen Folgen mindestens 98 %."""
    if accuracy < SOLVED:
        return f"nicht gelöst, {100 * accuracy:.0f} %"
    return f"nach {batches or page.BATCHES} Stapeln, {100 * accuracy:.0f} %"


def seed_table(runs: dict[str, dict]) -> str:
    """Eine Zeile je Zufallsstart."""
    heads = [f"{LABELS[name]} (Lernrate {run['rate']:g})" for name, run in runs.items()]
    rows = [
        [str(seed), *(outcome(r["batches"][n], r["accuracies"][n]) for r in runs.values())]
        for n, seed in enumerate(page.SEEDS)
    ]
    return markdown(["Zufallsstart", *heads], rows)


def rate_table(runs: dict[str, dict]) -> str:
    """Eine Zeile je Lernrate: wie viele Läufe gelöst haben."""
    rates = next(iter(runs.values()))["rates"]
    rows = [
        [rate, *(f"{solved(run['rates'][rate])} von {len(page.SEEDS)}" for run in runs.values())]
        for rate in rates
    ]
    return markdown(["Lernrate", *(LABELS[name] for name in runs)], rows)


def markdown(heads: list[str], rows: list[list[str]]) -> str:
    """Eine Tabelle in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def table(names: list[str]) -> str:
    """Die gespeicherten Läufe dieser Versuche."""
    runs = {name: read(MEASURED_FOLDER / f"{name}.json") for name in names}
    swept = "rates" in runs[names[0]]
    return rate_table(runs) if swept else seed_table(runs)


class Stored(SphinxDirective):
    """``{stored}``: setzt die Tabelle der genannten Versuche auf die Seite."""

    required_arguments, final_argument_whitespace = 1, True

    def run(self):
        """Liest die gespeicherten Läufe; ändern sie sich, wird die Seite neu gebaut."""
        names = self.arguments[0].split()
        for name in names:
            self.env.note_dependency(str(MEASURED_FOLDER / f"{name}.json"))
        return self.parse_text_to_nodes(table(names))


def write_script(app) -> None:
    """Legt das Skript neben jene aus ``book/_extra/live``."""
    if app.builder.name != "html":  # das PDF braucht es nicht
        return
    folder = Path(app.outdir) / "live"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "runs.js").write_text(script(), "utf-8")


def setup(app):
    """Von Sphinx aufgerufen."""
    app.add_directive("stored", Stored)
    app.connect("builder-inited", write_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
