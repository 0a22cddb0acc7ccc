"""Was sich auf einer Seite bewegen lässt: die Skripte dazu und die Gewichte der drei Netze.

Von einer Datei auf der Platte (``file://``) darf eine Seite keine Daten nachladen, wohl aber ein
Skript. Deshalb stehen die Gewichte als base64 in je einem Skript, das erst dazukommt, wenn
jemand das Netz wählt.
"""

import base64
import json
from pathlib import Path

import numpy as np

from anncourse.cells import STEPS, unpack
from anncourse.teaching import palette
from anncourse.weights import SHIPPED_FOLDER, Weights, load_weights

# Die Einbettung wird gerundet, alles Übrige bleibt float32. Die LSTM lädt jede Leserin: zehn Bit.
# Das SimpleRNN gibt Rundungsfehler kaum gedämpft von Wort zu Wort weiter: sechzehn.
BITS = {"lstm": 10, "gru": 10, "rnn": 16}
SCALES = 255  # so viele Massstäbe gibt es; jede Zeile trägt die Nummer des ihren
SCRIPTS = {
    "book/index": ("dom", "palette", "text", "cells", "nets", "charts", "start"),
    "book/ausprobieren": (
        "dom",
        "palette",
        "text",
        "cells",
        "nets",
        "charts",
        "bptt",
        "rereading",
        "wordbars",
        "words",
        "reading",
    ),
    "book/trainieren": (
        "dom",
        "palette",
        "cells",
        "drawing",
        "charts",
        "bptt",
        "learning",
        "runs",
        "settings",
        "trainingcharts",
        "training",
    ),
    "book/schritte": ("dom", "palette", "cells", "drawing", "cellsteps", "gradient"),
    "notebooks/05_vanishing_gradients": ("dom", "palette", "drawing", "gradient"),
    "notebooks/06_lstm_gru": ("dom", "palette", "cells", "drawing", "cellsteps"),
}


def quantise(matrix: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Rundet jede Zeile auf ganzzahlige Vielfache ihres Massstabs.

    Parameters
    ----------
    matrix : numpy.ndarray
        Form ``(V, E)``.
    bits : int
        Bit je Zahl.

    Returns
    -------
    numbers : numpy.ndarray
        Vielfache, Form ``(V, E)``, im Betrag kleiner als ``2**(bits - 1)``.
    scales : numpy.ndarray
        Nummer des Massstabs je Zeile, Form ``(V,)``, uint8.
    unit : float
        Der Massstab einer Zeile ist ihre Nummer mal ``unit``.
    """
    limit = 2 ** (bits - 1) - 1
    largest = np.abs(matrix).max(axis=1).astype(float)  # (V,)
    unit = largest.max() / SCALES / limit
    scales = np.ceil(largest / unit / limit - 1e-9).astype(np.uint8)
    steps = np.maximum(scales, 1)[:, None] * unit  # eine Nullzeile bleibt null
    return np.round(matrix / steps).astype(int), scales, float(unit)


def pack(numbers: np.ndarray, bits: int) -> bytes:
    """Schreibt die Zahlen ohne Lücke hintereinander, je ``bits`` Bit, das höchste zuerst."""
    positive = (numbers + 2 ** (bits - 1)).astype(">u2").reshape(-1, 1)
    each = np.unpackbits(positive.view(np.uint8), axis=1)[:, 16 - bits :]
    return np.packbits(each).tobytes()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def weight_script(weights: Weights, bits: int) -> str:
    """Das Skript mit einem Netz; was darin steht, liest ``nets.js``."""
    arrays = weights.arrays
    numbers, scales, unit = quantise(arrays["embedding.weight"], bits)
    parameters = unpack(weights.cell, weights.layer()) | {
        "w": arrays["output.weight"][0],
        "b_output": arrays["output.bias"],
    }
    content = {
        "cell": weights.cell,
        "maxlen": weights.config.maxlen,
        "words": " ".join(weights.vocabulary.words),
        "embedding": {
            "size": numbers.shape[1],
            "bits": bits,
            "unit": unit,
            "scales": _base64(scales.tobytes()),
            "numbers": _base64(pack(numbers, bits)),
        },
        "parameters": {
            name: _base64(array.astype("<f4").tobytes()) for name, array in parameters.items()
        },
    }
    return f'anncourse.nets["{weights.cell}"] = {json.dumps(content)};\n'


def write_weights(app) -> None:
    """Legt die drei Netze und die Farben ins Buch, neben die Skripte aus ``book/_extra/live``."""
    if app.builder.name != "html":  # das PDF braucht sie nicht
        return
    folder = Path(app.outdir) / "live"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "palette.js").write_text(palette.script(), "ascii")
    for cell in STEPS:
        script = weight_script(load_weights(SHIPPED_FOLDER / cell), BITS[cell])
        (folder / f"{cell}.js").write_text(script, "ascii")


def add_scripts(app, pagename, templatename, context, doctree) -> None:
    """Nur wo sich etwas bewegen lässt, lädt die Seite die Skripte dazu."""
    scripts = SCRIPTS.get(pagename, ()) if app.builder.name == "html" else ()
    for name in scripts:
        app.add_js_file(f"../live/{name}.js", loading_method="defer")
    if pagename in SCRIPTS:
        app.add_css_file("../live/live.css")


def setup(app):
    """Von Sphinx aufgerufen."""
    app.connect("builder-inited", write_weights)
    app.connect("html-page-context", add_scripts)
    return {"env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
