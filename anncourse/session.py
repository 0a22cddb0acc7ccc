"""Was ein Training umgibt: zeigen, wie weit es ist, schweigen, sauber abbrechen und ablegen."""

import logging
import os
import platform
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import TQDMProgressBar
from pytorch_lightning.callbacks.progress.tqdm_progress import Tqdm
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from anncourse import __version__
from anncourse.environment import own_environment
from anncourse.errors import InputError, OutsideError, reason
from anncourse.files import resolve, write_files


class ProgressBar(TQDMProgressBar):
    """Lightnings Balken mit deutscher Beschriftung."""

    def init_validation_tqdm(self) -> Tqdm:
        """Kein zweiter Balken: Die Validierung ist kurz, und ein Notebook zeigte jeden Stand."""
        return Tqdm(disable=True)

    def on_train_epoch_start(self, trainer, *args) -> None:
        """Beschriftet den Balken mit der Epoche, von 1 an gezählt."""
        self.train_progress_bar.reset(total=self.total_train_batches)
        self.train_progress_bar.set_description(
            f"Epoche {trainer.current_epoch + 1}/{trainer.max_epochs}"
        )

    def get_metrics(self, trainer, pl_module) -> dict:
        """Neben dem Balken: die Genauigkeiten der letzten Epoche."""
        names = {"train_accuracy": "Training", "val_accuracy": "Validierung"}
        metrics = super().get_metrics(trainer, pl_module)
        return {names[name]: value for name, value in metrics.items() if name in names}


def live_session() -> bool:
    """Sieht jemand zu? Ein Terminal, Colab oder ein Notebook, in dem jemand antworten könnte.

    JupyterLab und VS Code sagen dem Kern mit jeder Codezelle, dass ``input()`` eine Antwort fände;
    nbconvert und nbval, die ein Notebook nur ausführen, sagen das Gegenteil.
    """
    terminal = sys.stderr is not None and sys.stderr.isatty()
    if terminal or "google.colab" in sys.modules:
        return True
    jupyter = sys.modules.get("ipykernel.kernelapp")
    if jupyter is None or not jupyter.IPKernelApp.initialized():
        return False
    request = jupyter.IPKernelApp.instance().kernel.get_parent("shell")
    return bool(request.get("content", {}).get("allow_stdin"))


@contextmanager
def isolated() -> Iterator[None]:
    """Ein Block, nach dem alles ist wie vorher: Zufall, Umgebung, Warnungen, Meldungen."""
    loggers = [logging.getLogger(name) for name in ("pytorch_lightning", "lightning_fabric")]
    levels = [logger.level for logger in loggers]
    process = vars(rank_zero_only)  # ihr Rang; beim Import galt noch die Umgebung
    rank = process["rank"]
    with own_environment(), torch.random.fork_rng(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pytorch_lightning|lightning_fabric|torch")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        process["rank"] = 0
        try:
            yield
        finally:
            process["rank"] = rank
            for logger, level in zip(loggers, levels):
                logger.setLevel(level)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ein kurzer Block, den Ctrl-C nicht stört: Eine Datei wird ganz geschrieben, und erst dann
    gilt der Abbruch."""
    if threading.current_thread() is not threading.main_thread():  # dorthin kommt kein Ctrl-C
        yield
        return
    pressed: list[bool] = []
    previous = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    if pressed:
        signal.raise_signal(signal.SIGINT)


@contextmanager
def output_folder(
    output: str | os.PathLike | None, names: tuple[str, ...]
) -> Iterator[Path | None]:
    """Der Ordner für die Ergebnisse, geprüft, bevor das Training beginnt.

    Ein eigens angelegter verschwindet wieder, wenn danach nichts darin liegt.
    """
    if output is None:
        yield None
        return
    folder = resolve(output, "Der Ordner für die Ergebnisse")
    new: list[Path] = []
    try:
        new = [place for place in (folder, *folder.parents) if not place.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            if (folder / name).is_dir():
                raise IsADirectoryError(f"«{name}» ist darin ein Ordner")
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        _remove_empty(new)
        raise InputError(
            f"In den Ordner «{output}» lässt sich nicht schreiben: {reason(error)}. "
            "Wählen Sie mit --output einen anderen."
        ) from error
    try:
        yield folder
    finally:
        _remove_empty(new)


def keep(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Legt die Ergebnisse ab; nimmt der Ordner sie nicht auf, dann an einem anderen Ort.

    Raises
    ------
    OutsideError
        Wenn der Ordner sie nicht aufnimmt; die Meldung sagt, wo sie statt dessen liegen.
    """
    try:
        write_files(folder, contents)
    except OSError as error:
        rescued = ""
        with suppress(OSError):
            other = Path(tempfile.mkdtemp(prefix="anncourse-"))
            try:
                write_files(other, contents)
                rescued = f"Sie liegen deshalb in «{other}». "
            except OSError:
                other.rmdir()
        raise OutsideError(
            f"Der Ordner «{folder}» nimmt die Ergebnisse nicht auf: {reason(error)}. {rescued}"
            "Schaffen Sie Platz, oder wählen Sie mit --output einen anderen."
        ) from error


def _remove_empty(folders: list[Path]) -> None:
    """Entfernt eigens angelegte Ordner wieder, wenn sie leer sind, den innersten zuerst."""
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
