"""Das RNN: seine Schleife, und dieselbe Schleife über die Zeit entrollt."""

from collections.abc import Sequence

from anncourse.teaching.diagrams.canvas import Drawing
from anncourse.teaching.display import SVG

ALT_TEXTS = {
    "rnn_loop": (
        "Eine RNN-Zelle erhält von unten die Eingabe x_t und gibt nach rechts die Ausgabe h_t "
        "ab. Von der Ausgabe zweigt eine Schleife ab: Sie läuft über der Zelle zurück, durch "
        "einen Kasten «ein Schritt später», und tritt links als voriger Zustand h_(t−1) wieder "
        "ein. Vor dem ersten Schritt einer Folge ist der Zustand null."
    ),
    "rnn_unrolled": (
        "Die Schleife ist über die Zeit entrollt: Viermal steht dieselbe Zelle, von links nach "
        "rechts. Von unten lesen die Kopien der Reihe nach die Wörter «nicht», «gut», «sondern» "
        "und «schlecht». Von links erhält jede Kopie den Zustand der vorigen, die erste h_0 = 0. "
        "Ihren neuen Zustand, h_1 bis h_4, gibt sie nach oben als Ausgabe und nach rechts an die "
        "nächste Kopie weiter."
    ),
}
__all__ = [*ALT_TEXTS]


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
    return d.picture("Ein RNN mit seiner Schleife", ALT_TEXTS["rnn_loop"])


def rnn_unrolled(words: Sequence[str] = ("nicht", "gut", "sondern", "schlecht")) -> SVG:
    """Das RNN über die Zeit entrollt: eine Kopie der Zelle je Wort, 2 bis 4 haben Platz."""
    d = Drawing(270)
    pitch = 586 / len(words)
    half = min(0.33 * pitch, 62)
    for t, word in enumerate(words, 1):
        x = 65 + pitch * (t - 0.5) - half / 4
        out = x + half + 14
        d.arrow((x, 80), (x, 120), colour="input")
        d.arrow((x - pitch + half if t > 1 else 16, 146), (x - half, 146), colour="state")
        d.arrow((out, 146), (out, 224), colour="state")
        d.dot(out, 146, "state")
        d.box(x, 146, 2 * half, 52, "RNN-Zelle", "state")
        d.text(x + 17, 98, f"$x_{t}$")
        d.text(x, 64, f"«{word}»", size=12)
        d.text(out, 240, f"Ausgabe $h_{t}$")
    d.arrow((x + half, 146), (662, 146), colour="state")
    d.text(676, 146, "…")
    d.text(34, 164, "$h_0 = 0$")
    d.arrow((60, 24), (150, 24), width=1.2)
    d.text(158, 24, "Zeit", ha="left")
    d.text(660, 24, "In jedem Schritt dieselbe Zelle mit denselben Gewichten", ha="right")
    return d.picture("Das RNN, über die Zeit entrollt", ALT_TEXTS["rnn_unrolled"])
