"""Was die Seiten laden: MathJax und Symbole aus dem Buch selbst, so viel, wie sie brauchen."""

import io
import logging
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

# Die Teile von MathJax, ohne das Menü: Es ist englisch und hängt an jede Formel einen Halt der
# Tabulatortaste. «assistive-mml» gibt jeder Formel MathML, das Bildschirmleser vorlesen.
MATHJAX = [
    "startup.js",
    "core.js",
    "input/tex.js",
    "output/chtml.js",
    "output/chtml/fonts/tex.js",
    "a11y/assistive-mml.js",
]
CONFIG = {
    "loader": {"load": ["input/tex", "output/chtml", "a11y/assistive-mml"]},
}
ICON = re.compile(r"\bfa-[a-z0-9-]+")
RULE = re.compile(r"([^{}]+)\{[^{}]*content:\s*\"\\([0-9a-f]{4})\"")


def copy_mathjax(app) -> None:
    """Legt MathJax ins Buch, damit beim Lesen niemand sonst gefragt wird."""
    if app.builder.format != "html":
        return
    package = Path(find_spec("mathjax").submodule_search_locations[0]) / "static/mathjax/es5"
    fonts = [f.relative_to(package) for f in package.glob("output/chtml/fonts/woff-v2/*")]
    for name in [*MATHJAX, *fonts]:
        target = Path(app.outdir) / "mathjax" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(package / name, target)


def icons_in_use(folder: Path) -> set[int]:
    """Die Zeichen der Symbolschrift, die Seiten, Skripte oder Stile des Buchs nennen."""
    pages = [*folder.rglob("*.html"), *folder.glob("_static/scripts/*theme.js")]
    names = {name for page in pages for name in ICON.findall(page.read_text("utf-8"))}
    used = set()
    for style in folder.glob("_static/styles/*.css"):
        for selector, code in RULE.findall(style.read_text("utf-8")):
            icons = set(ICON.findall(selector))
            if not icons or icons & names:
                used.add(int(code, 16))
    return used


def trim_icons(app, exception) -> None:
    """Kürzt die Symbolschriften (300 KB) auf die Zeichen, die vorkommen (wenige KB)."""
    if exception or app.builder.format != "html":
        return
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # sonst meldet es jedes Zeichen
    used = icons_in_use(Path(app.outdir))
    theme = Path(find_spec("pydata_sphinx_theme").submodule_search_locations[0])
    for source in theme.glob("theme/*/static/vendor/fontawesome/webfonts/*.woff2"):
        font = TTFont(io.BytesIO(source.read_bytes()))
        subsetter = Subsetter(Options(flavor="woff2", layout_features=[]))
        subsetter.populate(unicodes=used)
        subsetter.subset(font)
        font.flavor = "woff2"
        font.save(Path(app.outdir) / "_static/vendor/fontawesome/webfonts" / source.name)


def set_mathjax(app, config) -> None:
    """Sagt MathJax, welche Teile es lädt."""
    config.mathjax_path = "../mathjax/startup.js"
    config.mathjax3_config = CONFIG


def setup(app):
    """Von Sphinx aufgerufen."""
    app.connect("config-inited", set_mathjax, priority=100)
    app.connect("builder-inited", copy_mathjax)
    app.connect("build-finished", trim_icons, priority=600)  # nach den Seiten (pages.py)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
