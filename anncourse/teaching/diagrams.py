"""Die Schemabilder des Kapitels, mit Code gezeichnet, in einer Bildsprache.

Jede Funktion gibt ein `SVG` zurück, das ein Notebook von selbst zeigt; die
Schrift besteht aus Pfaden. Längen sind Pixel, y wächst nach oben. Linien tragen Werte: grau
die Eingabe, blau der Zustand, orange der Übertrag. Farbige Kästen haben eigene Gewichte,
weisse keine; Kreise rechnen elementweise. Ein Punkt auf einer Linie heisst: Der Wert geht
beide Wege weiter.
"""

import io
from math import hypot
from typing import Any
from xml.sax.saxutils import escape

from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from anncourse.teaching.display import SVG
from anncourse.teaching.palette import COLOURS, TINTS

FONT: dict[str, Any] = {"family": "DejaVu Sans", "math_fontfamily": "cm", "weight": "normal"}
WIDTH = 700
RADIUS = 13  # der Kreise
ALT_TEXTS = {
    "rnn_loop": (
        "Eine RNN-Zelle erhält von unten die Eingabe x_t und gibt nach rechts die Ausgabe h_t "
        "ab. Von der Ausgabe zweigt eine Schleife ab: Sie läuft über der Zelle zurück, durch "
        "einen Kasten «ein Schritt später», und tritt links als voriger Zustand h_(t−1) wieder "
        "ein. Vor dem ersten Schritt einer Folge ist der Zustand null."
    ),
    "rnn_unrolled": (
        "Die Schleife ist über die Zeit entrollt: Für jeden Schritt steht eine Kopie der Zelle, "
        "von links nach rechts. Jede Kopie erhält von unten ihre Eingabe x_1, x_2 und so weiter, "
        "von links den Zustand der vorigen Kopie, die erste h_0 = 0. Sie gibt ihren Zustand nach "
        "oben als Ausgabe und nach rechts an die nächste Kopie weiter. In jeder Kopie stehen "
        "dieselben Gewichte W, U und b."
    ),
    "rnn_cell": (
        "Schritt 1: drei Zellen eines SimpleRNN nebeneinander, für die Schritte t−1, t und t+1. "
        "Jede berechnet aus ihrer Eingabe von unten und dem vorigen Zustand von links ihre "
        "Ausgabe; in der mittleren steht tanh(W_o x_t + U_o h_(t−1) + b_o), das ergibt h_t. Die "
        "Ausgabe geht nach oben und als Zustand nach rechts in die nächste Zelle."
    ),
    "carry_track": (
        "Schritt 2: Über denselben drei Zellen läuft eine zweite Linie von links nach rechts, "
        "die Übertragsspur. Über der mittleren Zelle kommt c_(t−1) von links; die Zelle wirkt "
        "auf die Spur (ein Kreis mit Fragezeichen, den der nächste Schritt auflöst), und c_t "
        "läuft nach rechts weiter. Jede Zelle liest den neuen Übertrag und bildet ihre Ausgabe "
        "h_t aus x_t, h_(t−1) und c_t."
    ),
    "lstm_gates": (
        "Schritt 3: x_t und h_(t−1) gehen gemeinsam in vier Kästen mit eigenen Gewichten, das "
        "Vergesstor f_t, das Eingangstor i_t, den Kandidaten k_t und das Ausgangstor o_t; die "
        "Tore rechnen mit σ, der Kandidat mit tanh. Auf der Übertragsspur darüber wird c_(t−1) "
        "elementweise mit f_t multipliziert, dann das Produkt von i_t und k_t addiert: Das ist "
        "c_t. Der Pfeil von o_t ist gestrichelt, er wird erst im Schritt 4 gebraucht."
    ),
    "lstm_cell": (
        "Schritt 4: die ganze LSTM-Zelle, mit den vier Kästen f_t, i_t, k_t und o_t und der "
        "Übertragsspur wie im Schritt 3. Nach der Addition zweigt der neue Übertrag c_t nach "
        "unten ab, geht durch tanh und wird elementweise mit o_t multipliziert. Das Produkt "
        "h_t = o_t mal tanh(c_t) verlässt die Zelle rechts als Ausgabe und als Zustand für den "
        "nächsten Schritt; c_t selbst läuft auf der Spur weiter."
    ),
    "gru_cell": (
        "Die GRU-Zelle hat nur eine Spur, den Zustand. Aus x_t und h_(t−1) entstehen das "
        "Aktualisierungstor z_t und das Rücksetztor r_t. r_t multipliziert elementweise "
        "U_n h_(t−1) + b′_n; dazu kommt W_n x_t + b_n, und tanh der Summe ist der Kandidat n_t. "
        "Auf der Spur wird h_(t−1) mit z_t multipliziert, dazu kommt n_t mal (1 − z_t): "
        "Das ergibt h_t."
    ),
    "bptt_paths": (
        "Das entrollte Netz mit den Zuständen bis h_T von links nach rechts; aus h_T entsteht "
        "ganz rechts der Verlust L. Gestrichelte Pfeile führen oben vom Verlust Schritt für "
        "Schritt nach links zurück. An jedem Pfeil von einem Zustand zum vorigen steht ein "
        "Faktor, zwischen h_T und h_(T−1) diag(1 − h_T²) U; unten steht ihr Produkt, die "
        "Ableitung von h_T nach dem frühesten Zustand."
    ),
    "carry_gradient": (
        "Drei LSTM-Zellen nebeneinander, für die Schritte T−2, T−1 und T. Über ihnen läuft die "
        "Übertragsspur nach rechts; auf ihr wird in jeder Zelle mit f_t multipliziert und "
        "i_t mal k_t addiert. Gestrichelte Pfeile zeigen zwei Wege des Gradienten nach links. Der "
        "direkte Weg bleibt über der Spur und hat je Schritt den Faktor diag(f_t). Der Umweg "
        "verläuft unten von Zelle zu Zelle, durch U und durch die Ableitungen von σ und tanh."
    ),
}


class Drawing:
    """Eine weisse Karte, auf der Kästen, Kreise, Linien und Beschriftungen liegen."""

    def __init__(self, height: float):
        self.figure = Figure(figsize=(WIDTH / 96, height / 96), facecolor="none")
        self.pixels = Affine2D().scale(1 / 96) + self.figure.dpi_scale_trans
        self._card(WIDTH / 2, height / 2, WIDTH - 2, height - 2, "white", "#D0D0D0", 1, 12, 0)

    def _add(self, patch, **look):
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
            color=COLOURS["line"],
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

    def picture(self, name: str, title: str) -> SVG:
        """Das fertige Bild, mit Titel und Beschreibung für Vorleseprogramme."""
        buffer = io.StringIO()
        metadata = {"Title": title, "Date": None, "Creator": None}
        with style.context(["default", {"svg.fonttype": "path", "svg.hashsalt": "anncourse"}]):
            self.figure.savefig(buffer, format="svg", metadata=metadata)
        description = f"</title><desc>{escape(ALT_TEXTS[name])}</desc>"
        svg = buffer.getvalue().replace("</title>", description, 1)
        return SVG(svg.replace("<svg ", '<svg role="img" ', 1))


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


def _check(steps: int) -> None:
    if steps not in range(2, 5):
        raise ValueError(f"steps={steps}: Auf dem Bild haben 2 bis 4 Schritte Platz.")


def rnn_loop() -> SVG:
    """Ein RNN mit seiner Schleife."""
    d = Drawing(250)
    d.arrow((350, 50), (350, 85), colour="input")
    d.text(350, 34, "Eingabe $x_t$")
    d.arrow((440, 120), (590, 120), colour="state")
    d.text(598, 120, "Ausgabe $h_t$", ha="left")
    d.arrow((510, 120), (510, 208), (170, 208), (170, 120), (260, 120), colour="state")
    d.dot(510, 120, "state")
    d.box(350, 120, 180, 70, "RNN-Zelle", "state")
    d.box(350, 208, 170, 34, "ein Schritt später")
    d.text(522, 165, "Zustand $h_t$", ha="left")
    d.text(158, 165, "voriger Zustand $h_{t-1}$", ha="right")
    d.text(158, 120, "am Anfang $h_0 = 0$", ha="right")
    return d.picture("rnn_loop", "Ein RNN mit seiner Schleife")


def rnn_unrolled(steps: int = 3) -> SVG:
    """Das RNN über die Zeit entrollt: eine Kopie der Zelle je Schritt.

    Parameters
    ----------
    steps : int
        Anzahl Kopien, 2 bis 4.

    Returns
    -------
    SVG
        Das Bild.

    Raises
    ------
    ValueError
        Wenn die Schritte auf dem Bild keinen Platz haben.
    """
    _check(steps)
    d = Drawing(270)
    pitch = 600 / steps
    half = min(0.36 * pitch, 62)
    for t in range(1, steps + 1):
        x = 65 + pitch * (t - 0.5) - half / 4
        out = x + half + 14
        d.arrow((x, 72), (x, 120), colour="input")
        d.arrow((x - pitch + half if t > 1 else 16, 146), (x - half, 146), colour="state")
        d.arrow((out, 146), (out, 224), colour="state")
        d.dot(out, 146, "state")
        d.box(x, 146, 2 * half, 52, "RNN-Zelle\n$W,\\ U,\\ b$", "state")
        d.text(x, 57, f"Eingabe $x_{t}$")
        d.text(out, 240, f"Ausgabe $h_{t}$")
    d.arrow((x + half, 146), (662, 146), colour="state")
    d.text(676, 146, "…")
    d.text(34, 164, "$h_0 = 0$")
    d.arrow((60, 24), (150, 24), width=1.2)
    d.text(158, 24, "Zeit", ha="left")
    d.text(660, 24, "In jedem Schritt gelten dieselben Gewichte $W$, $U$ und $b$.", ha="right")
    return d.picture("rnn_unrolled", "Das RNN, über die Zeit entrollt")


def _row(d: Drawing, top: float, label: str) -> None:
    """Drei Zellen für die Schritte t−1, t und t+1, verbunden durch den Zustand."""
    for k, (before, now) in enumerate((("t-2", "t-1"), ("t-1", "t"), ("t", "t+1"))):
        x = 140 + 205 * k
        first, last = ("Eingabe ", "Ausgabe ") if now == "t" else ("", "")
        d.arrow((x, 46), (x, 94), colour="input")
        d.text(x, 30, f"{first}$x_{{{now}}}$")
        d.arrow((x + 70, 130), (x + 135, 130), colour="state")
        d.arrow((x + 98, 130), (x + 98, top), colour="state")
        d.dot(x + 98, 130, "state")
        d.text(x + 98, top + 16, f"{last}$h_{{{now}}}$")
        d.box(x, 130, 140, 72, label.replace("now", now).replace("before", before), "state")
    d.arrow((16, 130), (70, 130), colour="state")
    d.text(38, 148, "$h_{t-2}$")


def rnn_cell() -> SVG:
    """LSTM, Schritt 1: das SimpleRNN mit den Gewichten W_o und U_o."""
    d = Drawing(250)
    _row(d, 205, "$\\tanh(W_o\\, x_{now}$\n$+\\ U_o\\, h_{before} + b_o)$")
    return d.picture("rnn_cell", "Schritt 1: die Zelle des SimpleRNN, dreimal nacheinander")


def carry_track() -> SVG:
    """LSTM, Schritt 2: die Übertragsspur über den Zellen."""
    d = Drawing(370)
    track = 250
    _row(d, 325, "$h_{now}$ aus\n$x_{now},\\ h_{before},\\ c_{now}$")
    d.arrow((16, track), (690, track), colour="carry", width=5, bridge=True)
    d.text(46, track + 20, "$c_{t-2}$")
    d.text(30, 315, "Übertragsspur", ha="left")
    for x, now in ((140, "t-1"), (345, "t"), (550, "t+1")):
        d.arrow((x - 35, 166), (x - 35, track - RADIUS), dashed=True)
        d.operation(x - 35, track, "?", "carry")
        d.arrow((x + 35, track), (x + 35, 166), colour="carry")
        d.dot(x + 35, track, "carry")
        d.text(x + 62, track + 20, f"$c_{{{now}}}$")
    d.text(317, 205, "ändert", ha="left")
    d.text(387, 205, "liest", ha="left")
    return d.picture("carry_track", "Schritt 2: eine Übertragsspur über den Zellen")


def _gate(d: Drawing, x: float, y: float, name: str, g: str, width: float = 116) -> None:
    """Ein Kasten mit eigenen Gewichten: ein Tor mit σ oder der Kandidat mit tanh."""
    colour, function = ("gate", "\\sigma") if g != "k" else ("candidate", "\\tanh")
    label = f"{name} ${g}_t$\n${function}(W_{g}\\, x_t$\n$+\\, U_{g}\\, h_{{t-1}} + b_{g})$"
    d.box(x, y, width, 76, label, colour)


def _lstm(d: Drawing) -> None:
    """Die Übertragsspur und die vier Kästen: bis zum neuen Übertrag c_t."""
    d.frame(348, 187, 596, 310)
    d.arrow((12, 300), (690, 300), colour="carry", width=5)
    d.text(26, 320, "$c_{t-1}$")
    d.text(668, 320, "$c_t$")
    d.arrow((12, 64), (62, 64), colour="state")
    d.text(26, 82, "$h_{t-1}$")
    d.arrow((306, 10), (306, 49), colour="input")
    d.text(318, 16, "Eingabe $x_t$", ha="left")
    d.box(306, 64, 488, 30, "$x_t$ und $h_{t-1}$")
    names = ("Vergesstor", "Eingangstor", "Kandidat", "Ausgangstor")
    for x, name, g in zip((120, 244, 368, 492), names, "fiko"):
        d.arrow((x, 79), (x, 112))
        _gate(d, x, 150, name, g)
    d.arrow((120, 188), (120, 287), colour="gate")
    d.arrow((244, 188), (244, 230), (293, 230), colour="gate")
    d.arrow((368, 188), (368, 230), (319, 230), colour="candidate")
    d.arrow((306, 243), (306, 287))
    d.text(134, 232, "$f_t$")
    d.text(232, 212, "$i_t$")
    d.text(382, 212, "$k_t$")
    d.text(316, 265, "$i_t \\odot k_t$", ha="left")
    d.text(213, 319, "$f_t \\odot c_{t-1}$")
    d.operation(306, 230, "$\\odot$")
    d.operation(120, 300, "$\\odot$", "carry")
    d.operation(306, 300, "$+$", "carry")


def lstm_gates() -> SVG:
    """LSTM, Schritt 3: die Tore und der nächste Übertrag."""
    d = Drawing(390)
    _lstm(d)
    d.arrow((492, 188), (492, 232), colour="gate", dashed=True)
    d.text(492, 246, "$o_t$ folgt im Schritt 4", size=10.5)
    d.text(348, 364, "neuer Übertrag $c_t = f_t \\odot c_{t-1} + i_t \\odot k_t$", size=12)
    return d.picture("lstm_gates", "Schritt 3: Tore, Kandidat und der neue Übertrag")


def lstm_cell() -> SVG:
    """LSTM, Schritt 4: die ganze Zelle."""
    d = Drawing(390)
    _lstm(d)
    d.arrow((550, 150), (587, 150), colour="gate")
    d.text(568, 164, "$o_t$")
    d.arrow((600, 300), (600, 247), colour="carry")
    d.dot(600, 300, "carry")
    d.text(614, 274, "$c_t$")
    d.arrow((600, 217), (600, 163))
    d.box(600, 232, 52, 30, "$\\tanh$")
    d.arrow((600, 137), (600, 64), (690, 64), colour="state")
    d.operation(600, 150, "$\\odot$", "state")
    d.text(668, 82, "$h_t$")
    d.text(
        348,
        364,
        "neuer Übertrag $c_t = f_t \\odot c_{t-1} + i_t \\odot k_t$,"
        "      Ausgabe $h_t = o_t \\odot \\tanh(c_t)$",
        size=12,
    )
    return d.picture("lstm_cell", "Schritt 4: die ganze LSTM-Zelle")


def gru_cell() -> SVG:
    """Die GRU-Zelle in der Form von PyTorch."""
    d = Drawing(480)
    d.frame(348, 222, 596, 380)
    d.arrow((12, 375), (690, 375), colour="state", width=3)
    d.text(26, 393, "$h_{t-1}$")
    d.text(668, 393, "$h_t$")
    d.arrow((76, 375), (76, 79), colour="state")
    d.dot(76, 375, "state")
    d.arrow((348, 10), (348, 49), colour="input")
    d.text(360, 16, "Eingabe $x_t$", ha="left")
    d.box(348, 64, 572, 30, "$x_t$ und $h_{t-1}$")
    d.arrow((170, 79), (170, 102))
    _gate(d, 170, 140, "Aktualisierungstor", "z", 160)
    d.arrow((318, 79), (318, 102))
    _gate(d, 318, 140, "Rücksetztor", "r")
    d.arrow((444, 79), (444, 120), colour="state")
    d.text(454, 98, "$h_{t-1}$", ha="left")
    d.box(444, 140, 112, 40, "$U_n\\, h_{t-1} + b^{\\prime}_n$", "candidate", size=11)
    d.arrow((570, 79), (570, 120), colour="input")
    d.text(580, 98, "$x_t$", ha="left")
    d.box(570, 140, 112, 40, "$W_n\\, x_t + b_n$", "candidate", size=11)
    d.arrow((318, 178), (318, 220), (431, 220), colour="gate")
    d.text(304, 206, "$r_t$")
    d.arrow((444, 160), (444, 207), colour="candidate")
    d.arrow((457, 220), (557, 220), colour="candidate")
    d.arrow((570, 160), (570, 207), colour="candidate")
    d.arrow((570, 233), (570, 255), colour="candidate")
    d.arrow((570, 285), (570, 311), colour="candidate")
    d.text(582, 297, "$n_t$", ha="left")
    d.arrow((570, 337), (570, 362))
    d.text(558, 350, "$(1 - z_t) \\odot n_t$", ha="right")
    d.arrow((170, 178), (170, 362), colour="gate")
    d.text(156, 250, "$z_t$")
    d.arrow((170, 324), (260, 324), colour="gate")
    d.arrow((320, 324), (557, 324), colour="gate")
    d.dot(170, 324, "gate")
    d.text(370, 393, "$z_t \\odot h_{t-1}$")
    d.operation(444, 220, "$\\odot$")
    d.operation(570, 220, "$+$")
    d.box(570, 270, 52, 30, "$\\tanh$")
    d.box(290, 324, 60, 30, "$1 - z_t$")
    d.operation(570, 324, "$\\odot$")
    d.operation(170, 375, "$\\odot$", "state")
    d.operation(570, 375, "$+$", "state")
    d.text(
        348,
        445,
        "Kandidat $n_t = \\tanh(W_n\\, x_t + b_n + r_t \\odot (U_n\\, h_{t-1} + b^{\\prime}_n))$\n"
        "Ausgabe $h_t = (1 - z_t) \\odot n_t + z_t \\odot h_{t-1}$",
        size=12,
    )
    return d.picture("gru_cell", "Die GRU-Zelle")


def bptt_paths(steps: int = 4) -> SVG:
    """Der Weg des Gradienten zurück durch das entrollte Netz.

    Parameters
    ----------
    steps : int
        Anzahl gezeigter Zustände, 2 bis 4.

    Returns
    -------
    SVG
        Das Bild.

    Raises
    ------
    ValueError
        Wenn die Schritte auf dem Bild keinen Platz haben.
    """
    _check(steps)
    d = Drawing(310)
    pitch = 435 / (steps - 1)
    names = ["T", *(f"T-{k}" for k in range(1, steps))]  # die spätesten Schritte zuerst
    factors = [f"\\mathrm{{diag}}(1 - h_{{{t}}}^2)\\, U" for t in names[:-1]]
    for k, t in enumerate(names):
        x = 515 - pitch * k
        d.arrow((x, 96), (x, 134), colour="input")
        d.text(x, 82, f"$x_{{{t}}}$")
        d.arrow((x - pitch + 32 if t != names[-1] else 14, 156), (x - 32, 156), colour="state")
        d.box(x, 156, 64, 44, f"$h_{{{t}}}$", "state")
    for k, factor in enumerate(factors):
        x = 515 - pitch * k
        d.arrow(
            (x - 14, 178), (x - 14, 222), (x - pitch + 14, 222), (x - pitch + 14, 178), dashed=True
        )
        d.text(x - pitch / 2, 240, f"${factor}$", size=11)
    d.arrow((547, 156), (592, 156), colour="state")
    d.box(633, 156, 82, 44, "Verlust $L$")
    d.arrow((633, 178), (633, 222), (529, 222), (529, 178), dashed=True)
    d.text(580, 240, "$\\partial L / \\partial h_T$", size=11)
    d.arrow((66, 178), (66, 222), (16, 222), dashed=True)
    d.arrow((220, 284), (290, 284), colour="state")
    d.text(300, 284, "vorwärts", ha="left")
    d.arrow((470, 284), (400, 284), dashed=True)
    d.text(480, 284, "Gradient, rückwärts", ha="left")
    ratio = f"\\dfrac{{\\partial h_T}}{{\\partial h_{{{names[-1]}}}}}"
    d.text(350, 36, f"${ratio} = " + "\\ \\cdot\\ ".join(factors) + "$", size=13)
    return d.picture("bptt_paths", "Der Weg des Gradienten zurück durch die Zeit")


def carry_gradient() -> SVG:
    """Die zwei Wege des Gradienten durch eine LSTM: auf der Spur und über den Zustand."""
    d = Drawing(400)
    track, row = 235, 130
    d.arrow((12, track), (690, track), colour="carry", width=5)
    for k, now in enumerate(("T-2", "T-1", "T")):
        x = 116 + 215 * k
        d.arrow((x - 28, row + 24), (x - 28, track - RADIUS), colour="gate")
        d.arrow((x + 28, row + 24), (x + 28, track - RADIUS), colour="candidate")
        d.text(x - 36, 184, f"$f_{{{now}}}$", ha="right")
        d.text(x + 36, 184, "$i \\odot k$", ha="left")
        d.operation(x - 28, track, "$\\odot$", "carry")
        d.operation(x + 28, track, "$+$", "carry")
        d.box(x, row, 116, 48, "Tore und\nKandidat", "state")
        d.text(x + 57, track - 20, f"$c_{{{now}}}$")
        d.dot(x + 96, track, "carry")
        d.arrow((x + 96, track), (x + 96, row + 3), colour="carry")
        d.arrow((x + 58, row), (x + 157 if k < 2 else 690, row), colour="state")
        d.text(x + 121, row + 16, f"$h_{{{now}}}$")
        d.arrow((x - 157 if k else 12, row), (x - 58, row), colour="state")
    for k, now in enumerate(("T-1", "T")):
        x = 116 + 215 * k
        d.arrow(
            (x + 287, track + 8),
            (x + 287, 300),
            (x + 92, 300),
            (x + 92, track + 10),
            colour="carry",
            dashed=True,
            width=2.5,
        )
        d.text(x + 190, 317, f"$\\mathrm{{diag}}(f_{{{now}}})$")
        d.arrow(
            (x + 215, row - 24),
            (x + 215, 76),
            (x + 78, 76),
            (x + 78, track - 4),
            dashed=True,
            bridge=True,
        )
        d.text(x + 147, 90, "$U,\\ \\sigma^{\\prime},\\ \\tanh^{\\prime}$", size=11)
    d.arrow((70, 30), (20, 30), colour="carry", dashed=True, width=2.5)
    d.text(80, 30, "Gradient: direkter Weg", ha="left")
    d.arrow((330, 30), (280, 30), dashed=True)
    d.text(340, 30, "Umweg über den Zustand", ha="left")
    d.text(
        350,
        366,
        "direkter Weg: "
        "$\\partial c_T / \\partial c_{T-2} = \\mathrm{diag}(f_T)"
        "\\ \\mathrm{diag}(f_{T-1})$",
        size=12,
    )
    return d.picture("carry_gradient", "Die zwei Wege des Gradienten durch eine LSTM")
