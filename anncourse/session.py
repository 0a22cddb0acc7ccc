"""Was ein Training umgibt: zeigen, wie weit es ist, schweigen, sauber abbrechen und ablegen."""

import logging
import os
import platform
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytorch_lightning as pl
import torch
from IPython.display import display
from pytorch_lightning.callbacks import TQDMProgressBar
from safetensors import SafetensorError

from anncourse import __version__
from anncourse.errors import InputError, OutsideError, reason


class ProgressBar(TQDMProgressBar):
    """Lightnings Balken mit deutscher Beschriftung."""

    validation_description = "Validierung"

    def on_train_epoch_start(self, trainer, *args) -> None:
        """Beschriftet den Balken mit der Epoche, von 1 an gezählt."""
        self.train_progress_bar.reset(total=self.total_train_batches)
        self.train_progress_bar.set_description(
            f"Epoche {trainer.current_epoch + 1}/{trainer.max_epochs}"
        )

    def on_validation_batch_start(self, trainer, module, batch, number, loader: int = 0) -> None:
        """Zählt die Stapel der Validierung, ohne Lightnings «DataLoader 0» dahinter."""
        if self.has_dataloader_changed(loader):
            self.val_progress_bar.reset(total=self.total_val_batches_current_dataloader)

    def get_metrics(self, trainer, *args) -> dict:
        """Neben dem Balken: die Genauigkeiten der letzten Epoche."""
        names = {"train_accuracy": "Training", "val_accuracy": "Validierung"}
        metrics = super().get_metrics(trainer, *args)
        return {names[name]: value for name, value in metrics.items() if name in names}


class GrowingCurve(pl.Callback):
    """Zeichnet in einem Notebook nach jeder Epoche die Genauigkeiten neu, immer am selben Ort."""

    def __init__(self, title: str):
        self.title = title
        self.history = {"Training": [], "Validierung": []}
        self.place = None

    def on_train_epoch_end(self, trainer, *args) -> None:
        """Ein Punkt mehr auf jeder Linie."""
        from anncourse.plots import growing_curve

        for values, name in zip(self.history.values(), ("train_accuracy", "val_accuracy")):
            values.append(float(trainer.callback_metrics[name]))
        curve = growing_curve(self.history, trainer.max_epochs, self.title)
        if self.place is None:
            self.place = display(curve, display_id=True)
        else:
            self.place.update(curve)


def watchers(title: str) -> list[pl.Callback]:
    """Was jemand sieht, der zuschaut: einen Balken, in einem Notebook auch eine wachsende Kurve."""
    if not live_session():
        return []
    return [ProgressBar(), *([GrowingCurve(title)] if "ipykernel" in sys.modules else [])]


def live_session() -> bool:
    """Sieht jemand zu? Ein Terminal, ein Notebook im Browser oder Colab."""
    terminal = sys.stderr is not None and sys.stderr.isatty()
    return terminal or "google.colab" in sys.modules or "JPY_SESSION_NAME" in os.environ


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Unterdrückt die Hinweise von Lightning, die eine Leserin nicht braucht."""
    loggers = [logging.getLogger(name) for name in ("pytorch_lightning", "lightning_fabric")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pytorch_lightning|lightning_fabric|torch")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels):
                logger.setLevel(level)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ein kurzer Block, den Ctrl-C nicht stört: Eine Datei wird ganz geschrieben, und erst dann
    gilt der Abbruch."""
    if threading.current_thread() is not threading.main_thread():  # dorthin kommt kein Ctrl-C
        yield
        return
    pressed = []
    previous = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    if pressed:
        signal.raise_signal(signal.SIGINT)


@contextmanager
def work_folder(output: str | os.PathLike | None) -> Iterator[str]:
    """Ein Ordner für Zwischenstände, der am Ende verschwindet; im Ziel, damit Platz und Rechte
    dort geprüft sind, bevor das Training beginnt. Scheitert es, bleibt nichts zurück."""
    target = None if output is None else Path(output)
    place = "temporären Ordner" if output is None else f"Ordner «{output}»"
    new = []
    try:
        if target is not None:
            new = [folder for folder in (target, *target.parents) if not folder.exists()]
            target.mkdir(parents=True, exist_ok=True)
        work = tempfile.TemporaryDirectory(dir=target, prefix=".training-")
    except OSError as error:
        _remove_empty(new)
        raise InputError(
            f"In den {place} lässt sich nicht schreiben: {reason(error)}. "
            "Wählen Sie mit --output einen anderen."
        ) from error
    try:
        with work as folder:
            yield folder
    except (OSError, SafetensorError) as error:
        _remove_empty(new)
        why = reason(error) if isinstance(error, OSError) else error
        raise OutsideError(
            f"Der {place} nimmt die Ergebnisse nicht auf: {why}. Schaffen Sie Platz, oder "
            "wählen Sie mit --output einen anderen."
        ) from error
    except BaseException:
        _remove_empty(new)
        raise


def _remove_empty(folders: list[Path]) -> None:
    """Entfernt eigens angelegte Ordner wieder, den innersten zuerst."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def versions() -> dict[str, str]:
    """Versionen, mit denen gemessen wurde."""
    return {
        "anncourse": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "pytorch_lightning": pl.__version__,
    }


def machine() -> dict[str, str | int]:
    """Rechner, auf dem gemessen wurde: Bauart und Anzahl Threads, kein Name."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "threads": torch.get_num_threads(),
    }
