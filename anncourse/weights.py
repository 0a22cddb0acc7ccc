"""Gewichte, Wortschatz und Hyperparameter in einer einzigen safetensors-Datei, nie als Pickle."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from anncourse.cells import STACKED
from anncourse.config import Config
from anncourse.errors import InputError
from anncourse.text import SPECIAL_WORDS, Vocabulary

WEIGHTS_FILE = "weights.safetensors"
FLOAT_TYPES = {"F16", "F32", "F64"}
SHIPPED_FOLDER = Path(__file__).parent / "trained"


@dataclass(frozen=True)
class Weights:
    """Ein trainiertes Netz als Zahlen.

    Attributes
    ----------
    cell : {"rnn", "lstm", "gru"}
        Die rekurrente Schicht.
    arrays : dict
        Name → NumPy-Feld, wie im ``state_dict`` des Netzes.
    vocabulary : Vocabulary
        Der Wortschatz, mit dem trainiert wurde.
    config : Config
        Die Hyperparameter.
    """

    cell: str
    arrays: dict[str, np.ndarray]
    vocabulary: Vocabulary
    config: Config


def without_units(weights: Weights, units: Sequence[int]) -> Weights:
    """Dasselbe Netz, in dem verborgene Einheiten während des ganzen Lesens null sind.

    Null werden nicht ihre Werte, sondern die Gewichte, die sie lesen: ihre Spalten in den
    rekurrenten Matrizen und ihr Gewicht in der Ausgabeschicht. Auf das Urteil und die übrigen
    Einheiten wirkt das gleich.

    Parameters
    ----------
    weights : Weights
        Das Netz; es bleibt, wie es war.
    units : sequence of int
        Nummern der Einheiten, 0 bis H−1.

    Returns
    -------
    Weights
    """
    arrays = {name: array.copy() for name, array in weights.arrays.items()}
    for name in ("recurrent.weight_hh_l0", "output.weight"):
        arrays[name][:, units] = 0
    return replace(weights, arrays=arrays)


def expected_shapes(cell: str, config: Config) -> dict[str, tuple[int, ...]]:
    """Name und Form jedes Felds, das zu einer Zelle gehört."""
    V, E, H = config.vocabulary_size, config.embedding_dim, config.hidden_size
    gates = len(STACKED[cell])
    return {
        "embedding.weight": (V, E),
        "recurrent.weight_ih_l0": (gates * H, E),
        "recurrent.weight_hh_l0": (gates * H, H),
        "recurrent.bias_ih_l0": (gates * H,),
        "recurrent.bias_hh_l0": (gates * H,),
        "output.weight": (1, H),
        "output.bias": (1,),
    }


def save_weights(
    path: str | os.PathLike,
    cell: str,
    arrays: Mapping[str, object],
    vocabulary: Vocabulary,
    config: Config,
) -> None:
    """Schreibt eine Datei, aus der sich das Netz ohne weitere Angaben wieder bauen lässt.

    Parameters
    ----------
    path : path
        Ziel; wird erst ersetzt, wenn die neue Datei vollständig ist.
    cell, vocabulary, config
        Wie in `Weights`.
    arrays : mapping
        Das ``state_dict`` des Netzes.

    Raises
    ------
    InputError
        Wenn ein Wort des Wortschatzes ein Leerzeichen enthält: Es trennt in der Datei die Wörter.
    OSError
        Wenn sich die Datei nicht schreiben lässt (auch ``SafetensorError``); eine frühere bleibt
        dann, wie sie war.
    """
    for word in vocabulary.words:
        if " " in word:
            raise InputError(
                f"Das Wort «{word}» enthält ein Leerzeichen. Erwartet werden Wörter, wie "
                "tokenise sie liefert."
            )
    metadata = {
        "cell": cell,
        "vocabulary": " ".join(vocabulary.words),
        "config": json.dumps(asdict(config), default=lambda number: number.item()),  # auch np.int64
    }
    contiguous = {name: np.ascontiguousarray(a) for name, a in arrays.items()}  # sonst verdreht
    unfinished = Path(path).with_suffix(".unfinished")
    try:
        save_file(contiguous, unfinished, metadata)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)  # bleibt nur übrig, wenn etwas misslang


def load_weights(folder: str | os.PathLike = SHIPPED_FOLDER / "lstm") -> Weights:
    """Liest und prüft die Gewichte eines Laufs.

    Parameters
    ----------
    folder : path, optional
        Ordner mit ``weights.safetensors`` oder die Datei selbst. Ohne Angabe gelten die
        Gewichte der LSTM, die mit dem Paket kommen.

    Returns
    -------
    Weights

    Raises
    ------
    InputError
        Wenn die Datei fehlt, keine safetensors-Datei ist oder nicht zur Zelle passt.
    """
    path = Path(folder)
    if os.path.isdir(path):
        path = path / WEIGHTS_FILE
    if not os.path.exists(path):
        raise InputError(
            f"Die Datei «{path}» gibt es nicht. Erwartet wird der Ordner eines Laufs; ihn "
            "erzeugt: python -m anncourse train --cell lstm --output ORDNER"
        )
    try:
        with safe_open(path, framework="numpy") as file:
            cell, vocabulary, config = _read_metadata(path, file)
            arrays = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"«{path}» lässt sich nicht als safetensors-Datei lesen ({error}). "
            "Trainieren Sie das Netz neu, oder wählen Sie einen anderen Ordner."
        ) from error
    return Weights(cell, arrays, vocabulary, config)


def _read_metadata(path: Path, file: safe_open) -> tuple[str, Vocabulary, Config]:
    """Liest die Angaben zum Netz und prüft daran die Felder, bevor deren Zahlen gelesen werden."""
    metadata = file.metadata() or {}
    try:
        cell = metadata["cell"]
        vocabulary = Vocabulary(tuple(metadata["vocabulary"].split(" ")))
        config = Config(**json.loads(metadata["config"]))
        expected = expected_shapes(cell, config)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"«{path}» wurde nicht von anncourse geschrieben: Zelle, Wortschatz oder "
            "Hyperparameter fehlen oder sind unbekannt. Erwartet wird die Datei eines Laufs von "
            "«train»."
        ) from error
    fields = {name: file.get_slice(name) for name in file.keys()}
    shapes = {name: tuple(field.get_shape()) for name, field in fields.items()}
    types = {field.get_dtype() for field in fields.values()}
    if shapes != expected or not types <= FLOAT_TYPES:
        raise InputError(
            f"Die Gewichte in «{path}» passen nicht zur Zelle «{cell}»: Sie gehören zu einem "
            "anderen Netz. Wählen Sie den Ordner eines Laufs von «train»."
        )
    if list(vocabulary.words[:2]) != SPECIAL_WORDS or len(vocabulary) > config.vocabulary_size:
        raise InputError(
            f"Der Wortschatz in «{path}» passt nicht zu den Gewichten: {len(vocabulary)} Wörter "
            f"bei {config.vocabulary_size} Zeilen der Einbettung. Erwartet werden höchstens so "
            f"viele Wörter, zuerst {' und '.join(SPECIAL_WORDS)}."
        )
    return cell, vocabulary, config
