"""Das ganze Kapitel auf einer Seite: die Vorlage, die book/_tools/pdf.py druckt."""

from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.builders.singlehtml import SingleFileHTMLBuilder


class ChapterBuilder(SingleFileHTMLBuilder):
    """Der Erbauer singlehtml, nur trägt jedes Sprungziel den Namen seiner Seite.

    Jeder Abschnitt hat eine «Zusammenfassung». Sphinx führte alle Verweise darauf zur ersten,
    und der Verweis auf eine andere Seite verlöre deren Namen.
    """

    def fix_refuris(self, tree) -> None:
        """Lässt die Form ``#document-seite#ziel`` stehen; assemble_doctree deutet sie."""

    def assemble_doctree(self):
        """Setzt die Seiten zusammen und macht die Sprungziele eindeutig."""
        tree = super().assemble_doctree()
        start = {self.config.root_doc: tree[0]["ids"][0]}
        for page in tree.findall(addnodes.start_of_file):
            for node in page.findall(nodes.Element):
                node["ids"] = [f"{page['docname']}/{name}" for name in node["ids"]]
                if "refid" in node:
                    node["refid"] = f"{page['docname']}/{node['refid']}"
                if "backrefs" in node:
                    node["backrefs"] = [f"{page['docname']}/{b}" for b in node["backrefs"]]
            start[page["docname"]] = next(page.findall(nodes.section))["ids"][0]
        for link in tree.findall(nodes.reference):
            if link.get("refuri", "").startswith("#document-"):
                page, _, target = link["refuri"].removeprefix("#document-").partition("#")
                link["refuri"] = f"#{page}/{target}" if target else f"#{start[page]}"
        return tree

    def get_outfilename(self, pagename: str) -> str:
        """Neben _static, damit dessen Pfade stimmen: Die Wurzel des Buchs liegt in book/."""
        name = "chapter" if pagename == self.config.root_doc else pagename
        return str(Path(self.outdir) / f"{name}.html")


def setup(app):
    """Von Sphinx aufgerufen."""
    app.add_builder(ChapterBuilder, override=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
