"""Schreibt die Seite «Belege»: jede Kernaussage, wie sie begründet ist, und aus welchen Läufen.

Eine Kernaussage ist ein Punkt der Zusammenfassung eines Abschnitts; ihr Wortlaut kommt von dort,
die Zahlen aus den gespeicherten Läufen. Ein Punkt ohne Beleg ist ein Fehler.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from anncourse.experiments.difference import compare
from anncourse.experiments.stored import mean_and_spread, measured

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "book" / "belege.md"
HEAD = """# Belege

Was die Abschnitte über die Daten und die Netze behaupten, steht hier noch einmal, mit seiner
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
        f"{label.replace('_', ' ')} {mean_and_spread(r['test_accuracy'])} %, {len(r)} "
        f"{'Lauf' if len(r) == 1 else 'Läufe'}"
        for label, r in runs.items()
    )
    return Evidence("gemessen, Test", found, files(*groups.values()))


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


EVIDENCE: dict[str, dict[str, Callable[[], list[Evidence]]]] = {}


def headlines(notebook: Path) -> list[str]:
    """Die Punkte der Zusammenfassung, je einer auf einer Zeile."""
    text = notebook.read_text("utf-8").split("## Zusammenfassung\n")[1].split("\n**")[0]
    return [" ".join(point.split()) for point in re.split(r"^- ", text, flags=re.M)[1:]]


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
