"""Gewichte, Wortschatz und Hyperparameter in einer einzigen safetensors-Datei, nie als Pickle."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from anncourse.cells import STACKED
from anncourse.checks import checked, choice
from anncourse.config import CELLS, Config
from anncourse.errors import InputError, reason
from anncourse.files import resolve
from anncourse.text import SPECIAL_WORDS, Vocabulary

WEIGHTS_FILE = "weights.safetensors"
FLOAT_TYPES = {"F16", "F32", "F64"}
SHIPPED_FOLDER = Path(__file__).parent / "trained"
LAYER = "recurrent."  # so beginnen im ``state_dict`` die Namen der rekurrenten Schicht


@dataclass(frozen=True)
class Weights:
    """Ein trainiertes Netz als Zahlen; die Felder heissen wie im ``state_dict`` des Netzes."""

    cell: str
    arrays: dict[str, np.ndarray]
    vocabulary: Vocabulary
    config: Config

    def layer(self) -> dict[str, np.ndarray]:
        """Die Felder der rekurrenten Schicht allein, mit den Namen von PyTorch."""
        return {
            name.removeprefix(LAYER): array
            for name, array in self.arrays.items()
            if name.startswith(LAYER)
        }

    def to_bytes(self) -> bytes:
        """Der Inhalt einer Datei, aus der sich das Netz ohne weitere Angaben wieder bauen lässt.

        Raises
        ------
        InputError
            Wenn ein Wort ein Leerzeichen enthält (es trennt in der Datei die Wörter) oder ein
            Gewicht keine endliche Zahl ist.
        """
        for word in self.vocabulary.words:
            if " " in word:
                raise InputError(
                    f"Das Wort «{word}» enthält ein Leerzeichen. Erwartet werden Wörter, wie "
                    "tokenise sie liefert."
                )
        _check_finite(self.arrays, "Das Netz")
        metadata = {
            "cell": self.cell,
            "vocabulary": " ".join(self.vocabulary.words),
            "config": json.dumps(asdict(self.config)),
        }
        # safetensors verdrehte, was nicht zusammenhängend im Speicher liegt
        return save({name: np.ascontiguousarray(a) for name, a in self.arrays.items()}, metadata)


def expected_shapes(cell: str, config: Config) -> dict[str, tuple[int, ...]]:
    """Name und Form jedes Felds, das zu einer Zelle gehört."""
    V, E, H = config.vocabulary_size, config.embedding_dim, config.hidden_size
    gates = len(STACKED[cell])
    return {
        "embedding.weight": (V, E),
        f"{LAYER}weight_ih_l0": (gates * H, E),
        f"{LAYER}weight_hh_l0": (gates * H, H),
        f"{LAYER}bias_ih_l0": (gates * H,),
        f"{LAYER}bias_hh_l0": (gates * H,),
        "output.weight": (1, H),
        "output.bias": (1,),
    }


def load_weights(folder: str | os.PathLike = SHIPPED_FOLDER / "lstm") -> Weights:
    """Liest und prüft die Gewichte eines Laufs.

    Parameters
    ----------
    folder : path, optional
        Ordner mit ``weights.safetensors`` oder die Datei selbst; ohne Angabe die LSTM des Pakets.

    Raises
    ------
    InputError
        Wenn die Datei fehlt, keine safetensors-Datei ist oder nicht zur Zelle passt.
    """
    path = resolve(folder, "Der Ordner des Netzes")
    if os.path.isdir(path):
        path = path / WEIGHTS_FILE
    if not os.path.exists(path):
        raise InputError(
            f"Die Datei «{path}» gibt es nicht. Erwartet wird der Ordner eines Laufs; ihn "
            "erzeugt: anncourse train --cell lstm --output ORDNER"
        )
    try:
        with safe_open(path, framework="numpy") as file:
            cell, vocabulary, config = _read_metadata(path, file)
            arrays = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError) as error:
        why = reason(error) if isinstance(error, OSError) else error
        raise InputError(
            f"«{path}» lässt sich nicht als safetensors-Datei lesen ({why}). "
            "Trainieren Sie das Netz neu, oder wählen Sie einen anderen Ordner."
        ) from error
    _check_finite(arrays, f"«{path}»")
    return Weights(cell, arrays, vocabulary, config)


def _check_finite(arrays: dict[str, np.ndarray], what: str) -> None:
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise InputError(
                f"{what} enthält in «{name}» eine Zahl, die nicht endlich ist: Das Training lief "
                "davon. Trainieren Sie neu, mit einer kleineren learning_rate."
            )


def _read_metadata(path: Path, file: safe_open) -> tuple[str, Vocabulary, Config]:
    """Liest die Angaben zum Netz und prüft daran die Felder, bevor deren Zahlen gelesen werden."""
    metadata = file.metadata() or {}
    try:
        cell = checked("cell", metadata["cell"], choice(CELLS))
        vocabulary = Vocabulary(tuple(metadata["vocabulary"].split(" ")))
        config = Config(**json.loads(metadata["config"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"«{path}» wurde nicht von anncourse geschrieben: Zelle, Wortschatz oder "
            "Hyperparameter fehlen oder sind unbekannt. Erwartet wird die Datei eines Laufs von "
            "«train»."
        ) from error
    fields = {name: file.get_slice(name) for name in file.keys()}
    shapes = {name: tuple(field.get_shape()) for name, field in fields.items()}
    types = {field.get_dtype() for field in fields.values()}
    if shapes != expected_shapes(cell, config) or not types <= FLOAT_TYPES:
        raise InputError(
            f"Die Gewichte in «{path}» passen nicht zur Zelle «{cell}»: Sie gehören zu einem "
            "anderen Netz. Wählen Sie den Ordner eines Laufs von «train»."
        )
    words = vocabulary.words
    if list(words[:2]) != SPECIAL_WORDS or len(words) > config.vocabulary_size:
        raise InputError(
            f"Der Wortschatz in «{path}» passt nicht zu den Gewichten: {len(words)} Wörter "
            f"bei {config.vocabulary_size} Zeilen der Einbettung. Erwartet werden höchstens so "
            f"viele Wörter, zuerst {' und '.join(SPECIAL_WORDS)}."
        )
    if len(set(words)) < len(words):
        raise InputError(
            f"Im Wortschatz von «{path}» steht ein Wort zweimal. Wählen Sie den Ordner eines "
            "Laufs von «train»."
        )
    return cell, vocabulary, config
