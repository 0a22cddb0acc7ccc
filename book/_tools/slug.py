"""Trägt eine andere Adresse des Repositorys in alle Verweise ein: ``make slug SLUG=besitzer/name``.

Die Adresse steht in pyproject.toml; von dort nimmt sie das Buch. Was ohne das Buch gelesen wird
(Notebooks in Colab, README, CITATION.cff, Formulare), muss sie ausschreiben.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
# pyproject.toml zuletzt: Bricht der Befehl vorher ab, wiederholt man ihn einfach.
PLACES = (
    "README.md",
    "CITATION.cff",
    "book/*.md",
    "notebooks/*.md",
    "notebooks/*.ipynb",
    ".github/**/*.yml",
    "pyproject.toml",
)


def current_slug(root: Path) -> str:
    """«besitzer/name» aus pyproject.toml."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    return project["urls"]["Repository"].removeprefix("https://github.com/")


def change_slug(root: Path, new: str) -> list[Path]:
    """Ersetzt die Adresse, sonst nichts; auch gespeicherte Ausgaben bleiben, Byte für Byte.

    Returns
    -------
    list of Path
        Die geänderten Dateien.

    Raises
    ------
    ValueError
        Wenn ``new`` nicht die Form «besitzer/name» hat.
    """
    if not SLUG.fullmatch(new):
        raise ValueError(
            f"«{new}» ist keine Adresse der Form besitzer/name, zum Beispiel schule/rnn-buch. "
            "Aufruf: make slug SLUG=besitzer/name"
        )
    old = re.compile(rf"(github(?:\.com)?/){re.escape(current_slug(root))}(?![\w-])")
    changed = []
    for path in [path for place in PLACES for path in sorted(root.glob(place))]:
        before = path.read_bytes()
        after = old.sub(rf"\g<1>{new}", before.decode("utf-8")).encode("utf-8")
        if after != before:
            path.write_bytes(after)
            changed.append(path)
    return changed


if __name__ == "__main__":
    try:
        files = change_slug(ROOT, sys.argv[1] if len(sys.argv) > 1 else "")
    except ValueError as problem:
        sys.exit(str(problem))
    print(f"{len(files)} Dateien geändert")
