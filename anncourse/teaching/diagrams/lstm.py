"""Die LSTM, ein Teil je Bild, und der Weg ihres Gradienten."""

import numpy as np

from anncourse.cells import lstm_step, unroll
from anncourse.experiments.one_unit import SEQUENCE, WANTED, by_hand, states
from anncourse.teaching.diagrams.canvas import RADIUS, Drawing
from anncourse.teaching.display import SVG

ALT_TEXTS = {
    "rnn_cell": (
        "Schritt 1: x_t und h_(t−1) gehen in einen Kasten tanh(W x_t + U h_(t−1) + b), das ergibt "
        "h_t, im nächsten Schritt wieder h_(t−1). Darunter die Folge: Marken mit +1 im ersten, "
        "−1 im fünften von acht Schritten. Zwei Zeilen mit u = 2: Mit w = 0.4 bleibt h immer "
        "positiv, auch nach der zweiten Marke; mit w = 2.5 folgt sein Vorzeichen jedem Wert. Am "
        "Schluss sind beide falsch."
    ),
    "carry_track": (
        "Schritt 2, neu und kräftig: die Übertragsspur, eine dicke Linie von c_(t−1) nach c_t mit "
        "einem Pluszeichen. Der Kasten von vorhin heisst jetzt Kandidat und speist das Plus. "
        "Hinter dem Plus zweigt c_t ab und wird durch tanh zu h_t. Unter der Folge die "
        "Spur: 1, 0, 1, 0, −1, 0, 1, 2. Sie zählt jeden Wert mit, am Schluss ist sie falsch."
    ),
    "input_gate": (
        "Schritt 3, neu und kräftig: der Kasten Eingangstor mit σ. Sein Wert i_t wird mit dem "
        "Kandidaten multipliziert, bevor dieser auf die Spur kommt; alles Frühere ist blass. Die "
        "Spur zur Folge: viermal 1, dann, von der zweiten Marke an, viermal 0. Die Ablenkung "
        "bleibt draussen, das zweite Bit löscht das erste nur aus."
    ),
    "forget_gate": (
        "Schritt 4, neu und kräftig: der Kasten Vergesstor mit σ. Sein Wert f_t wird auf der Spur "
        "mit c_(t−1) multipliziert, vor dem Pluszeichen; alles Frühere ist blass. Die Spur zur "
        "Folge: viermal 1, dann viermal −1. Das ist in jedem Schritt der zuletzt markierte Wert."
    ),
    "output_gate": (
        "Schritt 5, neu und kräftig: der Kasten Ausgangstor mit σ. Sein Wert o_t wird mit "
        "tanh(c_t) multipliziert, das ergibt h_t; alles Frühere ist blass. Unter der Folge die "
        "Spur, viermal 1, dann viermal −1, und h: siebenmal 0, im letzten Schritt, in dem gefragt "
        "wird, −0.76."
    ),
    "lstm_cell": (
        "Die ganze LSTM-Zelle: x_t und h_(t−1) gehen in vier Kästen mit eigenen Gewichten, "
        "Vergesstor f_t, Eingangstor i_t, Kandidat c̃_t und Ausgangstor o_t. Auf der Spur darüber "
        "wird c_(t−1) mit f_t multipliziert und das Produkt von i_t und c̃_t addiert: Das ist c_t. "
        "Es zweigt nach unten ab, geht durch tanh und wird mit o_t multipliziert: Das ist h_t. "
        "c_t selbst läuft auf der Spur weiter."
    ),
    "carry_gradient": (
        "Drei LSTM-Zellen nebeneinander, für die Schritte T−2, T−1 und T. Über ihnen läuft die "
        "Übertragsspur nach rechts; auf ihr wird in jeder Zelle mit f_t multipliziert und "
        "i_t mal c̃_t addiert. Gestrichelte Pfeile zeigen zwei Wege des Gradienten nach links. Der "
        "direkte Weg bleibt über der Spur und hat je Schritt den Faktor diag(f_t). Der Umweg "
        "verläuft unten von Zelle zu Zelle, durch U und durch die Ableitungen von σ und tanh."
    ),
}
__all__ = [*ALT_TEXTS]

CANDIDATES = {"c": "\\tilde{c}", "h": "\\tilde{h}"}
ONE_ROW, TWO_ROWS = 118, 144  # Höhe des Streifens mit den Zahlen


def gate(d: Drawing, x: float, y: float, name: str, g: str, width: float = 116) -> None:
    """Ein Kasten mit eigenen Gewichten: ein Tor mit σ oder der Kandidat mit tanh.

    Blass trägt er nur seinen Namen.
    """
    symbol, function, colour = CANDIDATES.get(g, g), "\\sigma", "gate"
    if g in CANDIDATES:
        function, colour = "\\tanh", "candidate"
    label = f"{name} ${symbol}_t$"
    if not d.faded:
        label += f"\n${function}(W_{g}\\, x_t$\n$+\\, U_{g}\\, h_{{t-1}} + b_{g})$"
    d.box(x, y, width, 76, label, colour)


def _signed(value: int) -> str:
    return f"{value:+d}".replace("-", "−")


def _strip(d: Drawing, rows: dict[str, tuple[np.ndarray, int, int]]) -> None:
    """Die Folge mit ihren Marken und darunter, was gerechnet wird; falsche Vorzeichen mit ✗.

    ``rows`` nennt zu jeder Zeile die acht Zahlen, wie viele Nachkommastellen und von welchem
    Schritt an die Vorzeichen zählen.
    """
    y = -18
    d.text(16, y, "Schritt $t$", ha="left")
    d.text(16, y - 26, "Wert $v_t$, umrahmt: Marke", ha="left")
    d.text(16, y - 52, "gesucht", ha="left")
    for t, ((mark, value, asked), wanted) in enumerate(zip(SEQUENCE, WANTED)):
        x = 222 + 61.5 * t
        d.text(x, y, f"{t + 1}, Frage" if asked else f"{t + 1}")
        if mark:
            d.box(x, y - 26, 34, 22, _signed(value))
        else:
            d.text(x, y - 26, _signed(value))
        d.text(x, y - 52, _signed(wanted))
    for n, (label, (values, places, first)) in enumerate(rows.items()):
        d.text(16, y - 80 - 26 * n, label, ha="left")
        for t, (value, wanted) in enumerate(zip(values, WANTED)):
            value = round(value, places) + 0.0  # nie «−0.00»
            number = f"{value:.{places}f}".replace("-", "−")
            wrong = t >= first and np.sign(value) != wanted
            d.text(222 + 61.5 * t, y - 80 - 26 * n, number + (" ✗" if wrong else ""))


def _inputs(d: Drawing) -> None:
    """Der Rand der Zelle und, was sie liest."""
    d.frame(348, 187, 596, 310)
    d.arrow((12, 64), (62, 64), colour="state")
    d.text(26, 82, "$h_{t-1}$")
    d.arrow((306, 10), (306, 49), colour="input")
    d.text(318, 16, "Eingabe $x_t$", ha="left")
    d.box(306, 64, 488, 30, "$x_t$ und $h_{t-1}$")


def _track(d: Drawing, gated: bool, asked: bool) -> None:
    """Die Spur, der Kandidat und sein Weg zu ihr, der Weg von ihr zu h_t."""
    d.arrow((368, 79), (368, 112))
    gate(d, 368, 150, "Kandidat", "c")
    d.arrow((12, 300), (690, 300), colour="carry", width=5)
    d.text(26, 320, "$c_{t-1}$")
    d.text(668, 320, "$c_t$")
    if gated:
        d.arrow((368, 188), (368, 230), (319, 230), colour="candidate")
        d.arrow((306, 243), (306, 287), colour="candidate")
    else:
        d.arrow((368, 188), (368, 230), (306, 230), (306, 287), colour="candidate")
    d.text(384, 212, "$\\tilde{c}_t$")
    d.operation(306, 300, "$+$", "carry")
    d.arrow((600, 300), (600, 247), colour="carry")
    d.dot(600, 300, "carry")
    d.text(614, 274, "$c_t$")
    d.box(600, 232, 52, 30, "$\\tanh$")
    if asked:
        d.arrow((600, 217), (600, 163))
    d.arrow((600, 137 if asked else 217), (600, 64), (690, 64), colour="state")
    d.text(668, 82, "$h_t$")


def _input_gate(d: Drawing) -> None:
    d.arrow((244, 79), (244, 112))
    gate(d, 244, 150, "Eingangstor", "i")
    d.arrow((244, 188), (244, 230), (293, 230), colour="gate")
    d.text(232, 212, "$i_t$")
    d.operation(306, 230, "$\\odot$")
    if not d.faded:
        d.text(316, 265, "$i_t \\odot \\tilde{c}_t$", ha="left")


def _forget_gate(d: Drawing) -> None:
    d.arrow((120, 79), (120, 112))
    gate(d, 120, 150, "Vergesstor", "f")
    d.arrow((120, 188), (120, 287), colour="gate")
    d.text(134, 232, "$f_t$")
    if not d.faded:
        d.text(213, 319, "$f_t \\odot c_{t-1}$")
    d.operation(120, 300, "$\\odot$", "carry")


def _output_gate(d: Drawing) -> None:
    d.arrow((492, 79), (492, 112))
    gate(d, 492, 150, "Ausgangstor", "o")
    d.arrow((550, 150), (587, 150), colour="gate")
    d.text(568, 164, "$o_t$")
    d.operation(600, 150, "$\\odot$", "state")


GATES = {"i": _input_gate, "f": _forget_gate, "o": _output_gate}


def _stage(name: str, gates: str, title: str, heading: str) -> SVG:
    """Die Zelle mit diesen Toren, das letzte hervorgehoben; darunter ihre Zahlen zur Folge."""
    d = Drawing(390, TWO_ROWS if "o" in gates else ONE_ROW)
    found = unroll(lstm_step, SEQUENCE, by_hand(gates))
    d.faded = True
    _inputs(d)
    d.faded = bool(gates)
    _track(d, "i" in gates, "o" in gates)
    for g in gates:
        d.faded = g != gates[-1]
        GATES[g](d)
    d.faded = False
    d.text(348, 364, heading, size=12)
    rows = {"Spur $c_t$": (found["c"][:, 0], 1, 0)}
    if "o" in gates:
        rows["$h_t$"] = found["h"][:, 0], 2, len(SEQUENCE) - 1
    _strip(d, rows)
    return d.picture(title, ALT_TEXTS[name])


def rnn_cell() -> SVG:
    """LSTM, Schritt 1: die Zelle des SimpleRNN."""
    d = Drawing(390, TWO_ROWS)
    _inputs(d)
    d.arrow((368, 79), (368, 112))
    d.box(368, 150, 200, 76, "SimpleRNN\n$\\tanh(W\\, x_t + U\\, h_{t-1} + b)$", "state")
    d.arrow((468, 150), (600, 150), (600, 64), (690, 64), colour="state")
    d.text(668, 82, "$h_t$")
    d.text(348, 240, "$h_t$ ist im nächsten Schritt wieder $h_{t-1}$.")
    d.text(348, 364, "Schritt 1: die Einheit $h_t = \\tanh(2\\, h_{t-1} + w\\, v_t)$", size=12)
    values = {w: states(2, 0.0, len(SEQUENCE), w * SEQUENCE[:, 1]) for w in (0.4, 2.5)}
    _strip(d, {f"$h_t$ mit $w = {w}$": (h, 2, 0) for w, h in values.items()})
    return d.picture("Schritt 1: die Zelle des SimpleRNN", ALT_TEXTS["rnn_cell"])


def carry_track() -> SVG:
    """LSTM, Schritt 2: die Übertragsspur."""
    heading = "Schritt 2, neu: die Spur.      $c_t = c_{t-1} + \\tilde{c}_t$"
    return _stage("carry_track", "", "Schritt 2: die Übertragsspur", heading)


def input_gate() -> SVG:
    """LSTM, Schritt 3: das Eingangstor."""
    heading = "Schritt 3, neu: das Eingangstor.      $c_t = c_{t-1} + i_t \\odot \\tilde{c}_t$"
    return _stage("input_gate", "i", "Schritt 3: das Eingangstor", heading)


def forget_gate() -> SVG:
    """LSTM, Schritt 4: das Vergesstor."""
    heading = "Schritt 4, neu: das Vergesstor.      "
    heading += "$c_t = f_t \\odot c_{t-1} + i_t \\odot \\tilde{c}_t$"
    return _stage("forget_gate", "if", "Schritt 4: das Vergesstor", heading)


def output_gate() -> SVG:
    """LSTM, Schritt 5: das Ausgangstor."""
    heading = "Schritt 5, neu: das Ausgangstor.      $h_t = o_t \\odot \\tanh(c_t)$"
    return _stage("output_gate", "ifo", "Schritt 5: das Ausgangstor", heading)


def lstm_cell() -> SVG:
    """Die ganze LSTM-Zelle."""
    d = Drawing(390)
    _inputs(d)
    _track(d, gated=True, asked=True)
    for draw in GATES.values():
        draw(d)
    heading = "neuer Übertrag $c_t = f_t \\odot c_{t-1} + i_t \\odot \\tilde{c}_t$,"
    d.text(348, 364, heading + "      Ausgabe $h_t = o_t \\odot \\tanh(c_t)$", size=12)
    return d.picture("Die ganze LSTM-Zelle", ALT_TEXTS["lstm_cell"])


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
        d.text(x + 36, 184, "$i \\odot \\tilde{c}$", ha="left")
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
        "nur auf der Spur: "
        "$\\partial c_T / \\partial c_{T-2}\\,|_{\\mathrm{direkt}} = \\mathrm{diag}(f_T)"
        "\\ \\mathrm{diag}(f_{T-1})$",
        size=12,
    )
    return d.picture("Die zwei Wege des Gradienten durch eine LSTM", ALT_TEXTS["carry_gradient"])
