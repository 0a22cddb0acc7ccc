"""Was Jupyter Book fehlt: Adresse des Repositorys, deutsche Oberfläche, Formeln, Literatur."""

import re
import tomllib
from pathlib import Path

from docutils import nodes
from pybtex.plugin import register_plugin
from pybtex.style.formatting.unsrt import Style
from pybtex.style.template import field, href, join, names, optional, sentence, tag, words
from sphinx.util.i18n import CatalogInfo
from sphinxcontrib.bibtex.plugin import register_plugin as register_reference_style
from sphinxcontrib.bibtex.style.referencing import PersonStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "book" / "locale"
PUNCTUATION = re.compile(r"[.,;:!?)»…]+")


def set_repository(app, config) -> None:
    """Trägt die Adresse aus pyproject.toml ein: Sie steht nur dort."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    config.html_theme_options["repository_url"] = project["urls"]["Repository"]


def mend_formulas(app, doctree) -> None:
    """Nummern mehrzeiliger Formeln (in split geht kein \\tag); kein Umbruch vor Satzzeichen."""
    for block in doctree.findall(nodes.math_block):
        latex = block.astext()
        if r"\\" in latex and r"\tag" in latex:  # Sphinx setzt sonst split darum
            block["nowrap"] = True
            block[:] = [nodes.Text(rf"\[{latex}\]")]
    for formula in list(doctree.findall(nodes.math)):
        parent, place = formula.parent, formula.parent.index(formula)
        text = parent[place + 1] if place + 1 < len(parent) else None
        mark = PUNCTUATION.match(text) if isinstance(text, nodes.Text) else None
        if mark:
            pair = nodes.inline("", "", formula.deepcopy(), nodes.Text(mark[0]))
            pair["classes"] = ["nobreak"]
            parent[place : place + 2] = [pair, nodes.Text(text[mark.end() :])]


class GermanStyle(Style):
    """Literaturverzeichnis auf Deutsch: «und» vor dem letzten Namen, «S.» vor den Seiten."""

    default_sorting_style = "author_year_title"

    def format_names(self, role, as_sentence=True):
        """Alle Namen; der Punkt dahinter nur, wenn sie ein Satz sind."""
        people = names(role, sep=", ", sep2=" und ", last_sep=" und ")
        return sentence[people] if as_sentence else people

    def get_article_template(self, e):
        """Zeitschrift Band(Heft)."""
        return self._entry(field("journal"), join[field("volume"), "(", field("number"), ")"])

    def get_inproceedings_template(self, e):
        """Tagungsband."""
        return self._entry(field("booktitle"))

    def get_misc_template(self, e):
        """Diplomarbeit, Blogbeitrag, Vorabdruck."""
        return self._entry(field("howpublished"))

    def get_book_template(self, e):
        """Verlag."""
        return self._entry(field("publisher"))

    def _entry(self, source, volume=""):
        return join(sep=" ")[
            self.format_names("author"),
            sentence[tag("em")[field("title")]],
            sentence(sep=", ")[
                words[source, volume], optional[join["S. ", field("pages")]], field("year")
            ],
            optional[sentence[_link("https://doi.org/", "doi", "doi:")]],
            optional[sentence[_link("https://arxiv.org/abs/", "eprint", "arXiv:")]],
            optional[sentence[_link("", "url", "")]],
        ]


def _link(address: str, name: str, label: str):
    """Ein Verweis auf ein Feld des Eintrags, zum Beispiel auf seinen DOI."""
    value = field(name, raw=True)
    return href(join[address, value])[join[label, value]]


class GermanReference(AuthorYearReferenceStyle):
    """Quellenangabe im Text: «Hochreiter und Schmidhuber [1997]»."""

    def __init__(self):
        super().__init__(person=PersonStyle(sep2=" und ", last_sep=" und "))


def setup(app):
    """Von Sphinx aufgerufen."""
    for domain in ("sphinx", "booktheme"):
        CatalogInfo(LOCALE / "de" / "LC_MESSAGES", domain, "utf-8").write_mo("de")
    app.add_message_catalog("booktheme", str(LOCALE))
    register_plugin("pybtex.style.formatting", "course", GermanStyle)
    register_reference_style("sphinxcontrib.bibtex.style.referencing", "course", GermanReference)
    app.add_css_file("course.css")
    app.add_js_file("course.js", priority=900)  # nach copybutton.js
    # jupyter_book fragt danach, auch wenn sphinx_comments nicht geladen ist
    app.add_config_value("comments_config", {}, "html")
    app.connect("config-inited", set_repository, priority=100)
    app.connect("doctree-read", mend_formulas)
    return {"env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
