"""Die GRU."""

from anncourse.teaching.diagrams.canvas import Drawing
from anncourse.teaching.diagrams.lstm import gate
from anncourse.teaching.display import SVG

ALT_TEXTS = {
    "gru_cell": (
        "Die GRU-Zelle hat nur eine Spur, den Zustand. Aus x_t und h_(t−1) entstehen das "
        "Aktualisierungstor z_t und das Rücksetztor r_t. r_t multipliziert elementweise "
        "U_n h_(t−1) + b′_n; dazu kommt W_n x_t + b_n, und tanh der Summe ist der Kandidat n_t. "
        "Auf der Spur wird h_(t−1) mit z_t multipliziert, dazu kommt n_t mal (1 − z_t): "
        "Das ergibt h_t."
    ),
}
__all__ = [*ALT_TEXTS]


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
    gate(d, 170, 140, "Aktualisierungstor", "z", 160)
    d.arrow((318, 79), (318, 102))
    gate(d, 318, 140, "Rücksetztor", "r")
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
    return d.picture("Die GRU-Zelle", ALT_TEXTS["gru_cell"])
