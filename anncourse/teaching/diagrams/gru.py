"""Die GRU."""

from anncourse.teaching.diagrams.canvas import Drawing
from anncourse.teaching.diagrams.lstm import gate
from anncourse.teaching.display import SVG

ALT_TEXTS = {
    "gru_cell": (
        "Die GRU-Zelle hat nur eine Spur, den Zustand. Aus x_t und h_(t−1) entstehen das "
        "Aktualisierungstor z_t und das Rücksetztor r_t. h_(t−1) wird elementweise mit r_t "
        "multipliziert und geht mit x_t in den Kandidaten h̃_t. Auf der Spur wird h_(t−1) mit z_t "
        "multipliziert, dazu kommt h̃_t mal (1 − z_t): Das ergibt h_t."
    ),
    "gru_limits": (
        "Drei kleine GRU-Zellen nebeneinander, je eine Spur von h_(t−1) nach h_t und darunter der "
        "Kandidat, der x_t und h_(t−1) liest; unterbrochene Wege sind blass und tragen ein Kreuz. "
        "Links r = 0: Der Kandidat liest nur x_t. In der Mitte z = 1: Nur die Spur ist offen, der "
        "Zustand wird kopiert. Rechts r = 1 und z = 0: Die Spur ist unterbrochen, der Kandidat "
        "liest beides und wird zum Zustand; das ist ein SimpleRNN."
    ),
}
__all__ = [*ALT_TEXTS]


def gru_cell() -> SVG:
    """Die GRU-Zelle in der Form von Cho et al."""
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
    gate(d, 170, 140, "Aktualisierungstor", "z", 160)
    d.arrow((318, 79), (318, 102))
    gate(d, 318, 140, "Rücksetztor", "r")
    d.arrow((444, 79), (444, 190), colour="state")
    d.text(454, 98, "$h_{t-1}$", ha="left")
    d.arrow((318, 178), (318, 203), (431, 203), colour="gate")
    d.text(304, 200, "$r_t$")
    d.operation(444, 203, "$\\odot$")
    d.arrow((444, 216), (444, 240), colour="state")
    d.arrow((580, 79), (580, 240), colour="input")
    d.text(590, 98, "$x_t$", ha="left")
    label = "Kandidat $\\tilde{h}_t$\n$\\tanh(W_h\\, x_t + U_h (r_t \\odot h_{t-1}) + b_h)$"
    d.box(512, 266, 240, 52, label, "candidate")
    d.arrow((570, 292), (570, 311), colour="candidate")
    d.text(584, 302, "$\\tilde{h}_t$", ha="left")
    d.arrow((570, 337), (570, 362))
    d.text(558, 350, "$(1 - z_t) \\odot \\tilde{h}_t$", ha="right")
    d.arrow((170, 178), (170, 362), colour="gate")
    d.text(156, 250, "$z_t$")
    d.arrow((170, 324), (260, 324), colour="gate")
    d.arrow((320, 324), (557, 324), colour="gate")
    d.dot(170, 324, "gate")
    d.text(370, 393, "$z_t \\odot h_{t-1}$")
    d.box(290, 324, 60, 30, "$1 - z_t$")
    d.operation(570, 324, "$\\odot$")
    d.operation(170, 375, "$\\odot$", "state")
    d.operation(570, 375, "$+$", "state")
    label = "$h_t = (1 - z_t) \\odot \\tilde{h}_t + z_t \\odot h_{t-1}$"
    d.text(348, 445, label, size=12)
    return d.picture("Die GRU-Zelle", ALT_TEXTS["gru_cell"])


def _way(d: Drawing, state: str, *points, **look) -> None:
    """Ein Weg: «open», «cut» (blass, mit einem Kreuz) oder «idle» (blass)."""
    d.faded = state != "open"
    d.arrow(*points, **look)
    d.faded = False
    if state == "cut":
        (x0, y0), (x1, y1) = points[:2]
        d.text((x0 + x1) / 2, (y0 + y1) / 2, "✗", size=13)


def gru_limits() -> SVG:
    """Die GRU an ihren Grenzen: r = 0, z = 1, und r = 1 mit z = 0."""
    d = Drawing(290)
    fresh, both = "W_h\\, x_t + b_h", "W_h\\, x_t + U_h\\, h_{t-1} + b_h"
    cases = (
        ("$r = 0$: frischer Kandidat", "open", "cut", "open", f"\\tilde{{h}}_t = \\tanh({fresh})"),
        ("$z = 1$: kopieren", "open", "idle", "cut", "h_t = h_{t-1}"),
        ("$r = 1,\\ z = 0$: SimpleRNN", "cut", "open", "open", f"h_t = \\tanh({both})"),
    )
    for n, (title, kept, old, new, result) in enumerate(cases):
        x = 118 + 232 * n
        d.text(x, 262, title, size=11.5)
        d.arrow((x - 102, 205), (x - 60, 205), colour="state", width=3)
        _way(d, kept, (x - 60, 205), (x + 27, 205), colour="state", width=3)
        d.arrow((x + 53, 205), (x + 104, 205), colour="state", width=3)
        d.text(x - 92, 224, "$h_{t-1}$")
        d.text(x + 92, 224, "$h_t$")
        _way(d, old, (x - 80, 205), (x - 80, 128), (x - 20, 128), colour="state")
        d.dot(x - 80, 205, "state")
        _way(d, new, (x + 40, 149), (x + 40, 192), colour="candidate")
        d.operation(x + 40, 205, "$+$", "state")
        d.faded = old == "idle"
        d.box(x + 30, 128, 100, 42, "Kandidat $\\tilde{h}_t$", "candidate")
        d.arrow((x + 30, 72), (x + 30, 107), colour="input")
        d.text(x + 30, 58, "$x_t$")
        d.faded = False
        d.text(x, 24, f"${result}$", size=10.5)
    return d.picture("Die GRU an ihren Grenzen", ALT_TEXTS["gru_limits"])
