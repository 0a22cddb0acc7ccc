"""Der Weg einer Kritik: Text, Wörter, Nummern, aufgefüllte Zeile; und wo der letzte Zustand steht.

Die Nummern rechnet das Begleitmodul, aus den drei Sätzen, die auch das Notebook zählt.
"""

from anncourse.teaching.diagrams.canvas import Drawing
from anncourse.teaching.display import SVG
from anncourse.text import PAD, UNK, Vocabulary, pad, tokenise

COUNTED = ("The film is bad.", "The end is bad, not the film.", "Isn't it good? It isn't bad!")
REVIEW = "It isn't bad.<br />The film IS fun."
SIZE, LENGTH = 8, 10  # des Wortschatzes, der Zeile

ALT_TEXTS = {
    "text_to_row": (
        "Eine Kritik auf vier Zeilen untereinander. Der Text «It isn't bad. The film IS fun.», mit "
        "einem Umbruch aus HTML in der Mitte, wird in sieben Wörter zerlegt: «it», «isn't», «bad», "
        "«the», «film», «is», «fun». Jedes bekommt seine Nummer: 7, 6, 2, 3, 4, 5, 1. Links kommen "
        "drei Nullen dazu, die Zeile hat zehn Stellen. Darunter der Wortschatz: 0 «<PAD>», "
        "1 «<UNK>», 2 «bad», 3 «the», 4 «film», 5 «is», 6 «isn't», 7 «it». Das Wort «fun» fehlt "
        "darin und bekommt die 1."
    ),
    "padding_sides": (
        "Zweimal dieselbe Kritik aus sieben Wörtern, auf zehn Stellen aufgefüllt. Oben stehen die "
        "drei Nullen links: Der letzte Zustand folgt unmittelbar auf das letzte Wort. Unten stehen "
        "sie rechts: Zwischen dem letzten Wort und dem letzten Zustand liegen drei leere Schritte, "
        "bei 500 Stellen oft Hunderte."
    ),
}
__all__ = [*ALT_TEXTS]

PITCH = 57


def _cells(d: Drawing, y: float, labels: list, left: float) -> None:
    """Eine Reihe gleich breiter Kästen; was kein bekanntes Wort ist, bleibt ohne Farbe."""
    for place, label in enumerate(labels):
        colour = "line" if label in (PAD, UNK) else "input"
        d.box(left + PITCH * place, y, PITCH - 5, 30, str(label), colour)


def text_to_row() -> SVG:
    """Eine kurze Kritik: Text, Wörter, Nummern, Zeile, mit dem Wortschatz darunter."""
    vocabulary = Vocabulary.build(map(tokenise, COUNTED), SIZE)
    words = tokenise(REVIEW)
    ids = vocabulary.encode(words)
    d = Drawing(420)
    first = 682 - PITCH * LENGTH + PITCH / 2  # Mitte der ersten Stelle
    start = first + PITCH * (LENGTH - len(words))  # des ersten Worts
    rows = {"Text": 386, "Wörter": 312, "Nummern": 238, "Zeile": 164}
    for name, y in rows.items():
        d.text(18, y, name, ha="left", size=12)
    d.box((start - PITCH / 2 + 682) / 2, rows["Text"], PITCH * len(words) - 5, 32, REVIEW, "input")
    _cells(d, rows["Wörter"], words, start)
    _cells(d, rows["Nummern"], [*ids], start)
    _cells(d, rows["Zeile"], [*pad([ids], LENGTH)[0]], first)
    for place in range(len(words)):
        x = start + PITCH * place
        for above, below in ((312, 238), (238, 164)):
            d.arrow((x, above - 15), (x, below + 17), colour="input", width=1.2)
    d.arrow((start + PITCH * 3, 370), (start + PITCH * 3, 329), colour="input", width=1.2)
    for y, step in ((349, "zerlegen"), (275, "nachschlagen"), (201, "links auffüllen")):
        d.arrow((36, y + 19), (36, y - 19), width=1.2)
        d.text(50, y, step, ha="left")
    d.frame(350, 66, 676, 108)
    d.text(24, 104, "Wortschatz: was in drei anderen Sätzen mindestens zweimal steht", ha="left")
    for number, word in enumerate(vocabulary.words):
        x = 60 + 83 * number
        d.box(x, 53, 72, 44, f"{number}\n{word}", "line" if number in (PAD, UNK) else "input")
    return d.picture("Der Weg einer Kritik vom Text zur Zeile", ALT_TEXTS["text_to_row"])


def padding_sides() -> SVG:
    """Links und rechts aufgefüllt: wie weit das letzte Wort vom letzten Zustand entfernt ist."""
    words = tokenise(REVIEW)
    empty = [PAD] * (LENGTH - len(words))
    d = Drawing(210)
    first, end = 78, 78 + PITCH * LENGTH
    for y, name, row in ((158, "links", empty + words), (66, "rechts", words + empty)):
        d.text(14, y, name, ha="left", size=12)
        _cells(d, y, row, first + PITCH / 2)
        d.arrow((first + PITCH * len(row) - 2, y), (end + 18, y), colour="state")
        d.text(end + 32, y, "$h_T$")
    left, right = first + PITCH * len(words), first + PITCH * LENGTH
    d.arrow((left, 40), (right, 40), colour="state", width=1.5)
    d.text(right, 22, "leere Schritte, bei 500 Stellen oft Hunderte", ha="right")
    d.text(end - PITCH / 2, 188, "letztes Wort")
    d.text(left - PITCH / 2, 96, "letztes Wort")
    return d.picture("Links und rechts aufgefüllt", ALT_TEXTS["padding_sides"])
