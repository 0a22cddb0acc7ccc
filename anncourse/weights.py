"""Gewichte, Wortschatz und Hyperparameter in einer einzigen safetensors-Datei, nie als Pickle."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from anncourse.cells import STACKED, STEPS
from anncourse.config import Config
from anncourse.errors import InputError
from anncourse.text import Vocabulary

WEIGHTS_FILE = "weights.safetensors"
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
    """
    metadata = {
        "cell": cell,
        "vocabulary": " ".join(vocabulary.words),
        "config": json.dumps(asdict(config)),
    }
    unfinished = Path(path).with_suffix(".unfinished")
    save_file({name: np.asarray(a) for name, a in arrays.items()}, unfinished, metadata)
    unfinished.replace(path)


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
    if path.is_dir():
        path = path / WEIGHTS_FILE
    if not path.exists():
        raise InputError(
            f"Die Datei «{path}» gibt es nicht. Erwartet wird der Ordner eines Laufs; ihn "
            "erzeugt: python -m anncourse train --cell lstm --output ORDNER"
        )
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"«{path}» lässt sich nicht als safetensors-Datei lesen ({error}). "
            "Trainieren Sie das Netz neu, oder wählen Sie einen anderen Ordner."
        ) from error
    try:
        cell = metadata["cell"]
        vocabulary = Vocabulary(tuple(metadata["vocabulary"].split(" ")))
        config = Config(**json.loads(metadata["config"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"«{path}» wurde nicht von anncourse geschrieben: Zelle, Wortschatz oder "
            "Hyperparameter fehlen. Erwartet wird die Datei eines Laufs von «train»."
        ) from error
    shapes = {name: array.shape for name, array in arrays.items()}
    if cell not in STEPS or shapes != expected_shapes(cell, config):
        raise InputError(
            f"Die Gewichte in «{path}» passen nicht zur Zelle «{cell}»: Sie gehören zu einem "
            "anderen Netz. Wählen Sie den Ordner eines Laufs von «train»."
        )
    return Weights(cell, arrays, vocabulary, config)
