"""Stellt zusammen, was man veröffentlicht und was man mitnimmt: ``make site``.

Das Kapitel als PDF und ein zip der ganzen Seite kommen ins gebaute Buch, und die Startseite nennt
beide. Im zip selbst steht diese Zeile nicht: Dort führte sie ins Leere.
"""

import re
import shutil
import zipfile
from pathlib import Path

BUILD = Path(__file__).resolve().parents[2] / "_build"
NAME = "rekurrente-neuronale-netze"
DATE = (1980, 1, 1, 0, 0, 0)  # gleicher Inhalt, gleiche Datei
START = Path("book") / "index.html"
PLACE = '<div class="downloads" hidden=""></div>'  # setzt book/index.md
LINE = re.compile(r'<(div|p) class="downloads".*?</\1>', re.DOTALL)


def write_zip(book: Path, target: Path) -> None:
    """Packt das gebaute Buch in einen Ordner namens ``NAME``; zu öffnen ist darin index.html."""
    files = sorted(path for path in book.rglob("*") if path.is_file() and path.stem != NAME)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files:
            name, content = path.relative_to(book), path.read_bytes()
            if name == START:
                content = LINE.sub(PLACE, content.decode()).encode()
            entry = zipfile.ZipInfo(f"{NAME}/{name.as_posix()}", DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)


def megabytes(path: Path) -> str:
    """Die Grösse einer Datei, zum Beispiel «3.2 MB»."""
    return f"{path.stat().st_size / 1e6:.1f} MB"


def downloads(folder: Path) -> str:
    """Die Zeile für die Startseite, zu den Dateien in ``folder``."""
    pdf, archive = folder / f"{NAME}.pdf", folder / f"{NAME}.zip"
    return (
        '<p class="downloads"><strong>Zum Mitnehmen:</strong> '
        f'<a href="../{pdf.name}">das Kapitel als PDF</a> ({megabytes(pdf)}) · '
        f'<a href="../{archive.name}">die ganze Seite als zip</a> ({megabytes(archive)}), zu '
        "lesen ohne Internet: entpacken und <code>index.html</code> öffnen.</p>"
    )


def assemble(book: Path, pdf: Path) -> None:
    """Legt zip und PDF ins gebaute Buch und nennt sie auf der Startseite.

    Raises
    ------
    ValueError
        Wenn die Startseite keinen Platz dafür hat.
    """
    page = (book / START).read_text("utf-8")
    if not LINE.search(page):
        raise ValueError(f"{book / START} hat keinen Platz für PDF und zip: {PLACE}")
    write_zip(book, book / f"{NAME}.zip")
    shutil.copyfile(pdf, book / f"{NAME}.pdf")
    (book / START).write_text(LINE.sub(downloads(book), page), "utf-8")


if __name__ == "__main__":
    assemble(BUILD / "html", BUILD / "pdf" / f"{NAME}.pdf")
    print("Zu veröffentlichen: _build/html; darin stehen auch PDF und zip.")
