"""Was eine rekurrente Schicht zurückgibt: der Block, drei Arten von Aufgaben, zwei Richtungen."""

from anncourse.teaching.diagrams.canvas import Drawing
from anncourse.teaching.display import SVG

ALT_TEXTS = {
    "output_block": (
        "Links ein Block aus drei hintereinander stehenden Blättern, eines je Folge. Jedes Blatt "
        "besteht aus Säulen für h_1, h_2, h_3 bis h_T; jede Säule enthält H Zahlen. Der Block "
        "heisst output und hat die Form (B, T, H). In jedem Blatt ist die letzte Säule blau: Das "
        "ist output[:, -1] mit der Form (B, H). Ein Pfeil führt nach rechts zu drei blauen Säulen "
        "namens h_n mit der Form (1, B, H): dieselben Zahlen, mit einer Achse der Länge 1 davor."
    ),
    "kinds_of_task": (
        "Drei kleine Ketten aus Zellen nebeneinander. In der ersten hat jede von vier Zellen eine "
        "Eingabe, aber nur die letzte gibt eine Antwort aus: das Urteil über einen Text. In der "
        "zweiten gibt jede Zelle eine Antwort aus: die Wortart jedes Worts. In der dritten lesen "
        "zwei Zellen die Eingabe und geben ihren letzten Zustand an drei Zellen einer zweiten "
        "Schicht weiter, die eine neue Folge schreiben: eine Übersetzung."
    ),
    "two_directions": (
        "Unten die vier Wörter nicht, gut, sondern, schlecht. Darüber zwei Reihen von Zellen; in "
        "jeder steht, wie viele Wörter sie gelesen hat. Die Reihe vorwärts zählt von links nach "
        "rechts 1, 2, 3, 4, die Reihe rückwärts 4, 3, 2, 1. Ein Rahmen um die letzte Spalte zeigt "
        "output[:, -1]: vorwärts 4 Wörter, rückwärts eines. Blau sind die Enden beider Reihen, "
        "h_n[0] rechts in der Reihe vorwärts und h_n[1] links in der Reihe rückwärts."
    ),
}
__all__ = [*ALT_TEXTS]


def output_block() -> SVG:
    """Der Block (B, T, H) der Ausgaben; blau ist der letzte Zustand jeder Folge."""
    d = Drawing(290)
    steps = ("$h_1$", "$h_2$", "$h_3$", "…", "$h_T$")
    for sheet in (2, 1, 0):  # von hinten nach vorn
        for column, label in enumerate(steps):
            x, y = 132 + 48 * column + 26 * sheet, 120 + 24 * sheet
            last = label == "$h_T$"
            d.box(x, y, 40, 106, "" if sheet else label, "state" if last else "line")
        d.box(560 + 26 * sheet, 120 + 24 * sheet, 40, 106, "" if sheet else "$h_T$", "state")
    d.arrow((112, 50), (296, 50), width=1.2)
    d.text(112, 32, "Zeit: $T$ Schritte", ha="left")
    d.arrow((98, 66), (98, 174), width=1.2)
    d.text(90, 120, "$H$ Zahlen", ha="right")
    d.arrow((106, 186), (156, 232), width=1.2)
    d.text(122, 222, "$B$ Folgen", ha="right")
    d.text(252, 258, "output: $(B, T, H)$", size=11.5)
    d.arrow((324, 40), (324, 64), colour="state", width=1.6)
    d.text(272, 26, "output[:, -1]: $(B, H)$", ha="left", size=11.5)
    d.arrow((405, 144), (530, 144), colour="state")
    d.text(466, 162, "dieselben Zahlen")
    d.text(588, 258, "h_n: $(1, B, H)$", size=11.5)
    return d.picture("Alle Ausgaben und der letzte Zustand", ALT_TEXTS["output_block"])


def _chain(d: Drawing, left: float, reads: str, writes: str) -> None:
    """Eine Kette von Zellen; «1» heisst: Diese Zelle liest eine Eingabe, gibt eine Antwort."""
    for t, (read, write) in enumerate(zip(reads, writes)):
        x = left + 46 * t
        if t:
            d.arrow((x - 30, 120), (x - 16, 120), colour="state", width=1.6)
        if read == "1":
            d.arrow((x, 72), (x, 104), colour="input", width=1.6)
        if write == "1":
            d.arrow((x, 136), (x, 168), colour="state", width=1.6)
        d.box(x, 120, 32, 32, "", "state")


def kinds_of_task() -> SVG:
    """Eine Antwort am Ende, eine je Schritt, oder eine neue Folge."""
    d = Drawing(230)
    _chain(d, 52, "1111", "0001")
    _chain(d, 281, "1111", "1111")
    d.frame(614, 120, 140, 48)
    _chain(d, 476, "11000", "00111")
    for x, title, example, shape in (
        (121, "eine Antwort am Ende", "Urteil über einen Text", "$h_T$"),
        (350, "eine Antwort je Schritt", "Wortart jedes Worts", "$h_1, \\ldots, h_T$"),
        (568, "Folge zu Folge", "Übersetzung", "$h_T$, dann neue Schritte"),
    ):
        d.text(x, 206, title, size=11.5)
        d.text(x, 52, example)
        d.text(x, 28, shape, size=11.5)
    return d.picture("Drei Arten von Aufgaben", ALT_TEXTS["kinds_of_task"])


def two_directions() -> SVG:
    """Zwei Richtungen: Wie viele Wörter jede Zelle gelesen hat."""
    d = Drawing(300)
    d.frame(550, 150, 104, 196)
    d.text(550, 266, "output[:, -1]")
    for t, word in enumerate(("nicht", "gut", "sondern", "schlecht")):
        x = 220 + 110 * t
        d.text(x, 28, word, size=11.5)
        d.arrow((x, 42), (x, 78), colour="input", width=1.6)
        for y, read, last in ((100, 4 - t, t == 0), (200, 1 + t, t == 3)):
            d.box(x, y, 52, 44, str(read), "state" if last else "line", size=13)
        if t < 3:
            d.arrow((x + 26, 212), (x + 84, 212), colour="state")
            d.arrow((x + 84, 100), (x + 26, 100), colour="state")
        above = ((x, 56), (x + 40, 56), (x + 40, 190), (x + 26, 190))
        d.arrow(*above, colour="input", width=1.6)
        d.dot(x, 56, "input")
    d.text(24, 200, "vorwärts\ngelesene Wörter", ha="left")
    d.text(24, 100, "rückwärts\ngelesene Wörter", ha="left")
    d.text(612, 200, "h_n[0]", ha="left")
    d.text(220, 138, "h_n[1]")
    return d.picture("Ein bidirektionales RNN", ALT_TEXTS["two_directions"])
