"""Der Weg des Gradienten zurück durch die Zeit."""

from anncourse.teaching.diagrams.canvas import Drawing
from anncourse.teaching.display import SVG

ALT_TEXTS = {
    "bptt_paths": (
        "Das entrollte Netz mit den Zuständen bis h_T von links nach rechts; aus h_T entsteht "
        "ganz rechts der Verlust L. Gestrichelte Pfeile führen oben vom Verlust Schritt für "
        "Schritt nach links zurück. An jedem Pfeil von einem Zustand zum vorigen steht ein "
        "Faktor, zwischen h_T und h_(T−1) diag(1 − h_T²) U; unten steht ihr Produkt, die "
        "Ableitung von h_T nach dem frühesten Zustand."
    ),
    "truncations": (
        "Dieselbe Folge aus zwölf Schritten in drei Zeilen; der erste Schritt trägt die Marke. "
        "Oben ungeschnitten: Ein gestrichelter Pfeil, der Gradient, reicht vom letzten Schritt bis "
        "zur Marke. In der Mitte drei Stücke zu vier Schritten: Jeder Gradient endet am Anfang "
        "seines Stücks, der Zustand läuft als blauer Pfeil über die Grenze. Unten vier Stücke von "
        "zufälliger Länge; auch hier endet jeder Gradient an seiner Grenze."
    ),
}
__all__ = [*ALT_TEXTS]


def bptt_paths() -> SVG:
    """Der Weg des Gradienten zurück durch das entrollte Netz."""
    d = Drawing(310)
    pitch, names = 145, ("T", "T-1", "T-2", "T-3")  # die spätesten Schritte zuerst
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
    return d.picture("Der Weg des Gradienten zurück durch die Zeit", ALT_TEXTS["bptt_paths"])


def truncations() -> SVG:
    """Drei Arten, eine lange Folge für die Rückwärtsrechnung zu zerschneiden."""
    d = Drawing(300)
    pitch, size, left = 44, 26, 170
    rows = (("gar nicht", (12,)), ("gleich lang", (4, 4, 4)), ("zufällig lang", (2, 5, 1, 4)))
    for number, (label, lengths) in enumerate(rows):
        y = 218 - 78 * number
        d.text(20, y, label, ha="left")
        first = 0
        for length in lengths:
            for step in range(first, first + length):
                x = left + pitch * step
                d.box(x, y, size, size, "", "carry" if step == 0 else "state")
                if step < 11:
                    d.arrow((x + size / 2, y), (x + pitch - size / 2, y), colour="state")
            start, end = left + pitch * first, left + pitch * (first + length - 1)
            if length > 1:
                d.arrow((end, y + 13), (end, y + 32), (start, y + 32), (start, y + 14), dashed=True)
            first += length
    d.text(left, 262, "Marke")
    d.arrow((190, 22), (250, 22), colour="state")
    d.text(258, 22, "Zustand, vorwärts", ha="left")
    d.arrow((500, 22), (440, 22), dashed=True)
    d.text(508, 22, "Gradient, rückwärts", ha="left")
    return d.picture("Drei Arten zu schneiden", ALT_TEXTS["truncations"])
