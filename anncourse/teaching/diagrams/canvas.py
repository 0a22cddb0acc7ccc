"""Die weisse Karte, auf der alle Schemabilder gezeichnet sind.

Die Schrift besteht aus Pfaden. Längen sind Pixel, y wächst nach oben. Linien tragen Werte: grau
die Eingabe, blau der Zustand, orange der Übertrag. Farbige Kästen haben eigene Gewichte,
weisse keine; Kreise rechnen elementweise. Ein Punkt auf einer Linie heisst: Der Wert geht
beide Wege weiter.
"""

import io
import re
from math import hypot
from typing import Any
from xml.sax.saxutils import escape

from matplotlib import style
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from anncourse.teaching.display import SVG
from anncourse.teaching.palette import COLOURS, TINTS

FONT: dict[str, Any] = {"family": "DejaVu Sans", "math_fontfamily": "cm", "weight": "normal"}
WIDTH = 700
RADIUS = 13  # der Kreise
ROLE = "img"
PLACES = re.compile(r'(?<= d)="[^"]*"|translate\([^)]*\)')


class Drawing:
    """Eine weisse Karte, auf der Kästen, Kreise, Linien und Beschriftungen liegen.

    Unter y = 0 bleibt ein Streifen der Höhe ``floor``. Was gezeichnet wird, solange ``faded`` gilt,
    ist blass.
    """

    def __init__(self, height: float, floor: float = 0):
        self.figure = Figure(figsize=(WIDTH / 96, (height + floor) / 96), facecolor="none")
        moved = Affine2D().translate(0, floor).scale(1 / 96)
        self.pixels, self.faded = moved + self.figure.dpi_scale_trans, False
        middle, whole = (height - floor) / 2, height + floor
        self._card(WIDTH / 2, middle, WIDTH - 2, whole - 2, "white", "#D0D0D0", 1, 12, 0)

    def _colour(self, colour, strength=0.4):
        """Die Farbe, oder, wenn blass gezeichnet wird, ein Teil davon auf Weiss."""
        if not self.faded or colour == "none":
            return colour
        red, green, blue = (1 - strength * (1 - part) for part in to_rgb(colour))
        return to_hex((red, green, blue))

    def _add(self, patch, **look):
        look |= {part: self._colour(look[part]) for part in ("fc", "ec") if part in look}
        patch.set(transform=self.pixels, **look)
        self.figure.add_artist(patch)

    def _card(self, x, y, width, height, face, edge, line_width, radius, zorder):
        corner = (x - width / 2, y - height / 2)
        shape = FancyBboxPatch(corner, width, height, f"round,pad=0,rounding_size={radius}")
        self._add(shape, fc=face, ec=edge, lw=0.75 * line_width, zorder=zorder)

    def box(self, x, y, width, height, label, colour="line", size=None):
        """Ein Kasten um den Mittelpunkt (x, y)."""
        self._card(x, y, width, height, TINTS[colour], COLOURS[colour], 1.8, 6, 5)
        self.text(x, y, label, size=size)

    def frame(self, x, y, width, height):
        """Der Rand einer Zelle, hinter allem andern."""
        self._card(x, y, width, height, "#F7F7F7", "#B0B0B0", 1.2, 14, 1)

    def operation(self, x, y, label, colour="line"):
        """Ein Kreis: eine elementweise Rechnung ohne Gewichte."""
        self._add(Circle((x, y), RADIUS), fc="white", ec=COLOURS[colour], lw=1.3, zorder=5)
        self.text(x, y, label, size=14)

    def dot(self, x, y, colour):
        """Eine Abzweigung; auf der dicken Übertragsspur grösser."""
        radius = 6.5 if colour == "carry" else 4.5
        self._add(Circle((x, y), radius), fc=COLOURS[colour], ec="none", zorder=4)

    def text(self, x, y, label, ha="center", size=None):
        """Beschriftung; Formeln stehen zwischen Dollarzeichen, allein etwas grösser."""
        size = size or (12 if label.startswith("$") else 10.5)
        self.figure.text(
            x,
            y,
            label,
            size=size,
            ha=ha,
            va="center",
            color=self._colour(COLOURS["line"], 0.62),
            **FONT,
            linespacing=1.35,
            transform=self.pixels,
            zorder=6,
        )

    def arrow(self, *points, colour="line", width=2, dashed=False, bridge=False):
        """Ein Linienzug mit runden Ecken; seine Spitze berührt den letzten Punkt.

        ``bridge`` führt ihn sichtbar über die Linien hinweg, die er kreuzt.
        """
        (x0, y0), (x1, y1) = points[-2:]
        long, half = 7 + 1.5 * width, 3 + 0.8 * width  # der Spitze
        dx, dy = (x1 - x0) / hypot(x1 - x0, y1 - y0), (y1 - y0) / hypot(x1 - x0, y1 - y0)
        x, y = x1 - long * dx, y1 - long * dy
        tip = Polygon([(x1, y1), (x - half * dy, y + half * dx), (x + half * dy, y - half * dx)])
        self._add(tip, fc=COLOURS[colour], ec="none", zorder=4)
        path = _rounded([*points[:-1], (x, y)])
        look = {"fill": False, "capstyle": "butt", "joinstyle": "round"}
        if bridge:
            self._add(PathPatch(path), ec="white", lw=0.75 * (width + 8), zorder=3, **look)
        dashes = (0, (3.5, 2)) if dashed else "-"
        self._add(PathPatch(path), ec=COLOURS[colour], lw=0.75 * width, ls=dashes, zorder=3, **look)

    def picture(self, title: str, alt: str) -> SVG:
        """Das fertige Bild, mit Titel und Alternativtext für Vorleseprogramme."""
        buffer = io.StringIO()
        metadata = {"Title": title, "Date": None, "Creator": None}
        with style.context(["default", {"svg.fonttype": "path", "svg.hashsalt": "anncourse"}]):
            self.figure.savefig(buffer, format="svg", metadata=metadata)
        description = f"</title><desc>{escape(alt)}</desc>"
        svg = buffer.getvalue().replace("</title>", description, 1)
        svg = PLACES.sub(lambda found: _shorter(found[0]), svg)
        svg = re.sub(r"\n\s+", "\n", svg).replace("DejaVuSans-", "D")  # leichter
        return SVG(svg.replace("<svg", f'<svg role="{ROLE}"', 1))


def _shorter(numbers: str) -> str:
    """Dieselben Pfade und Orte mit zwei Nachkommastellen und ohne Zwischenräume."""
    numbers = re.sub(r"\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}", numbers)
    return re.sub(r"\s*([MLQCz])\s*", r"\1", numbers)


def _rounded(points, radius: float = 12) -> Path:
    """Der Linienzug durch die Punkte; jede Ecke wird ein kleiner Bogen."""
    vertices, codes = [points[0]], [Path.MOVETO]
    for before, corner, after in zip(points, points[1:], points[2:]):
        ends = []
        for end in (before, after):
            length = hypot(end[0] - corner[0], end[1] - corner[1])
            part = min(radius / length, 0.5)
            ends.append([c + part * (e - c) for c, e in zip(corner, end)])
        vertices += [ends[0], corner, ends[1]]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*vertices, points[-1]], [*codes, Path.LINETO])
