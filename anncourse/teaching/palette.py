"""Die Farben des Buchs; jede Grösse behält ihre, in Schemabildern, Messungen und auf der Seite."""

import json

COLOURS = {
    "state": "#0072B2",  # Zustand h
    "carry": "#D55E00",  # Übertrag c
    "gate": "#009E73",  # Tore, logistische Funktion
    "input": "#6B6B6B",  # Eingabe x
    "candidate": "#AA4499",  # Kandidat c̃ oder h̃
    "line": "#222222",  # alles Übrige
}
TINTS = {  # dieselben Farben, blass, als Füllung
    "state": "#E0EEF6",
    "carry": "#FBECE0",
    "gate": "#E0F3EE",
    "input": "#EFEFEF",
    "candidate": "#F5E8F3",
    "line": "#FFFFFF",
}

CELL_COLOURS = {"rnn": COLOURS["state"], "lstm": COLOURS["carry"], "gru": COLOURS["gate"]}


def script() -> str:
    """Dieselben Farben für die Skripte der Seite, die sie als ``anncourse.COLOURS`` lesen."""
    palettes = {"COLOURS": COLOURS, "TINTS": TINTS, "CELL_COLOURS": CELL_COLOURS}
    return "".join(f"anncourse.{name} = {json.dumps(p)};\n" for name, p in palettes.items())
