"""Was ein Training aufschreibt, während es läuft: Verlauf, Sekunden, die besten Gewichte."""

import time

import pytorch_lightning as pl
import torch

from anncourse.session import uninterrupted


class EpochTimer(pl.Callback):
    """Misst die Sekunden je Epoche: nur die Trainingsstapel, ohne Validierung."""

    def __init__(self):
        self.seconds: list[float] = []

    def on_train_epoch_start(self, trainer, pl_module) -> None:
        """Stellt die Uhr."""
        self._start = time.perf_counter()

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        """Liest sie nach dem letzten Stapel ab."""
        if trainer.is_last_batch:
            self.seconds.append(time.perf_counter() - self._start)


class Record(EpochTimer):
    """Schreibt ein Training mit und behält die Gewichte der besten Validierungsepoche.

    Behalten werden die gemittelten, mit denen validiert wurde: `Record` kommt in der Liste vor
    ``WeightAveraging``, das am Ende der Validierung die anderen zurückholt.

    Attributes
    ----------
    history : list of dict
        Verlust und Genauigkeit beider Teile, je Epoche.
    best_epoch : int
        Von 1 an gezählt; 0, solange keine zu Ende ist.
    weights : dict
        Das ``state_dict`` des Netzes nach der besten Epoche.
    interrupted : bool
        Ob Ctrl-C das Training gekürzt hat.
    device : str
        Womit gerechnet wurde, zum Beispiel ``"cpu"``.
    """

    def __init__(self):
        super().__init__()
        self.history: list[dict[str, float]] = []
        self.best_epoch = 0
        self.best_accuracy = -1.0
        self.weights: dict[str, torch.Tensor] = {}
        self.interrupted, self.device = False, "cpu"

    def on_validation_epoch_end(self, trainer, pl_module) -> None:
        """Die Validierung der Epoche; ist sie die beste, eine Kopie der Gewichte."""
        epoch, values = trainer.current_epoch, self._metrics(trainer, "val")
        self.history.append({"epoch": epoch} | values)
        if values["val_accuracy"] > self.best_accuracy:
            state = pl_module.model.state_dict()
            with uninterrupted():
                self.weights = {name: value.cpu().clone() for name, value in state.items()}
                self.best_epoch, self.best_accuracy = epoch + 1, values["val_accuracy"]

    def on_train_epoch_end(self, trainer, pl_module) -> None:
        """Dazu, was das Training der Epoche ergab."""
        self.history[-1] |= self._metrics(trainer, "train")

    def _metrics(self, trainer, part: str) -> dict[str, float]:
        names = (f"{part}_loss", f"{part}_accuracy")
        return {name: float(trainer.callback_metrics[name]) for name in names}
