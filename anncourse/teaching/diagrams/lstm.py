"""Die LSTM, Schritt für Schritt, und der Weg ihres Gradienten."""

from anncourse.teaching.diagrams.canvas import RADIUS, Drawing
from anncourse.teaching.display import SVG

ALT_TEXTS = {
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
    "carry_gradient": (
        "Drei LSTM-Zellen nebeneinander, für die Schritte T−2, T−1 und T. Über ihnen läuft die "
        "Übertragsspur nach rechts; auf ihr wird in jeder Zelle mit f_t multipliziert und "
        "i_t mal k_t addiert. Gestrichelte Pfeile zeigen zwei Wege des Gradienten nach links. Der "
        "direkte Weg bleibt über der Spur und hat je Schritt den Faktor diag(f_t). Der Umweg "
        "verläuft unten von Zelle zu Zelle, durch U und durch die Ableitungen von σ und tanh."
    ),
}
__all__ = [*ALT_TEXTS]


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
    return d.picture(
        "Schritt 1: die Zelle des SimpleRNN, dreimal nacheinander", ALT_TEXTS["rnn_cell"]
    )


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
    return d.picture("Schritt 2: eine Übertragsspur über den Zellen", ALT_TEXTS["carry_track"])


def gate(d: Drawing, x: float, y: float, name: str, g: str, width: float = 116) -> None:
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
        gate(d, x, 150, name, g)
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
    return d.picture("Schritt 3: Tore, Kandidat und der neue Übertrag", ALT_TEXTS["lstm_gates"])


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
    return d.picture("Schritt 4: die ganze LSTM-Zelle", ALT_TEXTS["lstm_cell"])


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
    return d.picture("Die zwei Wege des Gradienten durch eine LSTM", ALT_TEXTS["carry_gradient"])
