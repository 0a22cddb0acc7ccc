"""Die Seite «Selbst trainieren»: was ihr Skript wissen muss, die gespeicherten Läufe als Tabelle.

``{stored} page-lstm-0 page-lstm-3`` auf einer Seite setzt die Tabelle dieser Versuche dorthin.
"""

import json
from pathlib import Path

from sphinx.util.docutils import SphinxDirective

from anncourse.config import Config
from anncourse.experiments import page
from anncourse.experiments.many import MASTERED, SOLVED
from anncourse.experiments.stored import MEASURED_FOLDER, measured

LABELS = {
    "page-rnn": "SimpleRNN",
    "page-lstm-0": "LSTM, Achsenabschnitt 0",
    "page-lstm-3": "LSTM, Achsenabschnitt 3",
    "page-unclipped-same": "nicht begrenzt",
    "page-clipped": "begrenzt",
    "page-unclipped": "nicht begrenzt",
}


def script() -> str:
    """Das Skript mit den Einstellungen der Versuche und den Konstanten des Optimierers."""
    stored, tasks = measured("page-*"), page.runs()
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
            name: {"label": label, "settings": tasks[name].settings(stored.loc[name, "rate"])}
            for name, label in LABELS.items()
        },
    }
    return f"anncourse.TRAINING = {json.dumps(content)};\n"


def outcome(batches: int, accuracy: float) -> str:
    """Wie ein Lauf ausging; gelöst heisst wie im Kapitel: auf neuen Folgen mindestens 98 %."""
    if accuracy < SOLVED:
        return f"nicht gelöst, {100 * accuracy:.0f} %"
    return f"nach {batches or page.BATCHES} Stapeln, {100 * accuracy:.0f} %"


def table(names: list[str]) -> str:
    """Die gespeicherten Läufe als Tabelle in Markdown, eine Zeile je Zufallsstart."""
    stored = measured("page-*").loc[names]
    heads = [f"{LABELS[name]} (Lernrate {stored.loc[name, 'rate']:g})" for name in names]
    lines = ["| Zufallsstart | " + " | ".join(heads) + " |", "|---" * (len(names) + 1) + "|"]
    for n, seed in enumerate(page.SEEDS):
        ends = [outcome(run["batches"][n], run["accuracies"][n]) for _, run in stored.iterrows()]
        lines.append(f"| {seed} | " + " | ".join(ends) + " |")
    return "\n".join(lines)


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
