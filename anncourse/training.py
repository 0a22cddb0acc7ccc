"""Ein Netz trainieren, die beste Epoche behalten, einmal auf dem Testteil messen."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from statistics import median

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint, WeightAveraging
from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.utilities.exceptions import SIGTERMException
from torch import nn
from torchmetrics.classification import BinaryAccuracy

from anncourse.config import Config
from anncourse.data import EncodedReviews, ReviewsDataModule
from anncourse.errors import InputError
from anncourse.models import SentimentClassifier, build_model, count_parameters
from anncourse.results import METRICS_FILE, RESULT_FILE, RunResult
from anncourse.session import (
    live_session,
    machine,
    quiet_lightning,
    uninterrupted,
    versions,
    watchers,
    work_folder,
)
from anncourse.weights import WEIGHTS_FILE, save_weights


class LitClassifier(pl.LightningModule):
    """Wie ein Netz lernt: Verlust, Genauigkeit, Optimierer, Lernrate.

    Parameters
    ----------
    model : SentimentClassifier
        Das Netz.
    config : Config
        Hyperparameter.

    References
    ----------
    RMSprop mit den Konstanten von Keras; Begrenzen des Gradienten: Pascanu, Mikolov und Bengio
    2013.
    """

    def __init__(self, model: SentimentClassifier, config: Config):
        super().__init__()
        self.model = model
        self.config = config
        self.loss = nn.BCEWithLogitsLoss()
        self.train_accuracy = BinaryAccuracy()
        self.val_accuracy = BinaryAccuracy()

    def forward(self, ids: torch.Tensor) -> torch.Tensor:  # (B, T) -> (B,)
        """Die Logits des Netzes."""
        return self.model(ids)

    def training_step(self, batch, batch_index: int) -> torch.Tensor:
        """Verlust eines Stapels."""
        return self._step(batch, "train", self.train_accuracy)

    def validation_step(self, batch, batch_index: int) -> None:
        """Verlust und Genauigkeit, ohne zu lernen."""
        self._step(batch, "val", self.val_accuracy)

    def _step(self, batch, part: str, accuracy: BinaryAccuracy) -> torch.Tensor:
        ids, labels = batch  # (B, T), (B,)
        logits = self(ids)  # (B,)
        loss = self.loss(logits, labels)
        accuracy(logits.sigmoid(), labels)  # Logits zwischen 0 und 1 hielte es für σ(z)
        options = {"on_step": False, "on_epoch": True, "batch_size": len(labels)}
        self.log(f"{part}_loss", loss, **options)
        self.log(f"{part}_accuracy", accuracy, prog_bar=True, **options)
        return loss

    def configure_optimizers(self):
        """RMSprop; die Lernrate fällt nach jedem Schritt ein wenig."""
        c = self.config
        optimizer = torch.optim.RMSprop(
            self.parameters(), lr=c.learning_rate, alpha=c.rho, eps=c.epsilon
        )
        schedule = torch.optim.lr_scheduler.LinearLR(
            optimizer,
            start_factor=1.0,
            end_factor=c.final_rate,
            total_iters=self.trainer.estimated_stepping_batches,
        )
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]


class EpochTimer(pl.Callback):
    """Misst die Sekunden je Epoche: nur die Trainingsstapel, ohne Validierung."""

    def __init__(self):
        self.seconds: list[float] = []

    def on_train_epoch_start(self, trainer, module) -> None:
        """Stellt die Uhr."""
        self._start = time.perf_counter()

    def on_train_batch_end(self, trainer, module, *args) -> None:
        """Liest sie nach dem letzten Stapel ab."""
        if trainer.is_last_batch:
            self.seconds.append(time.perf_counter() - self._start)


class BestEpoch(ModelCheckpoint):
    """Legt die Gewichte der bisher besten Validierungsepoche ab, und zwar die gemittelten, mit
    denen validiert wurde: ``WeightAveraging`` tauscht sie vor dem Validieren und vor dem Ablegen
    ein.
    """

    def __init__(self, folder: str):
        super().__init__(
            folder, "best", monitor="val_accuracy", mode="max", save_on_train_epoch_end=False
        )

    def on_validation_end(self, trainer, module) -> None:
        """Schreibt fertig, auch wenn jetzt jemand Ctrl-C drückt."""
        with uninterrupted():
            super().on_validation_end(trainer, module)


def moving_average(decay: float) -> Callable:
    """Gleitendes Mittel der Gewichte, das am Anfang schneller nachzieht.

    Im Schritt n wird aus dem alten Mittel m und dem Gewicht w das neue d·m + (1 − d)·w, mit
    d = min(decay, (1 + n)/(10 + n)).
    Ohne die kleinere Zahl am Anfang hinge das Mittel lange an den zufälligen Anfangswerten.

    Returns
    -------
    callable
        ``avg_fn`` für Lightnings ``WeightAveraging``.
    """

    def average(old: torch.Tensor, new: torch.Tensor, n: torch.Tensor) -> torch.Tensor:
        d = min(decay, (1 + n.item()) / (10 + n.item()))
        return torch.lerp(new, old, d)

    return average


def fit(
    cell: str,
    data: ReviewsDataModule,
    config: Config = Config(),
    seed: int = 0,
    output: str | os.PathLike | None = None,
    **engine: object,
) -> tuple[SentimentClassifier, RunResult | None]:
    """Trainiert ein Netz und behält die Gewichte der besten Validierungsepoche.

    Ohne weitere Angaben wird in einem Prozess auf dem Prozessor gerechnet, auch wo eine
    Grafikkarte da ist: So kleine Netze gewinnen durch sie wenig, und das Ergebnis lässt sich
    überall wiederholen.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
        Die rekurrente Schicht.
    data : ReviewsDataModule
        Die Daten.
    config : Config, optional
        Hyperparameter.
    seed : int
        Zufallsstart von Anfangswerten, Dropout und Stapeln. Gleicher Zufallsstart und gleiche
        Anzahl Threads: gleiche Gewichte, Bit für Bit.
    output : path, optional
        Ordner für ``weights.safetensors``, ``metrics.csv`` und ``result.json``. Ohne Angabe
        bleibt nichts auf dem Datenträger.
    **engine
        Womit gerechnet wird: ``accelerator``, ``devices``, ``num_nodes``, ``strategy`` und
        ``precision`` von ``pytorch_lightning.Trainer``.

    Returns
    -------
    model : SentimentClassifier
        Das Netz der besten Epoche, im Auswertungsmodus.
    result : RunResult
        Was gemessen wurde. Nach Ctrl-C steht darin ``interrupted=True``, und die
        Testgenauigkeit fehlt. Rechnen mehrere Prozesse, hat es nur der erste; in den anderen
        steht hier ``None``.

    Raises
    ------
    InputError
        Unbekannte Zelle, keine Epoche, kein möglicher Zufallsstart, kein beschreibbarer Ordner.
    OutsideError
        Der Datenträger nimmt die Ergebnisse nicht auf.
    KeyboardInterrupt, SystemExit
        Ctrl-C oder SIGTERM vor dem Ende der ersten Epoche: Es gibt noch nichts zu behalten.
    """
    if config.epochs < 1:
        raise InputError(f"Epochen: {config.epochs}. Erwartet wird eine Zahl ab 1.")
    if not 0 <= seed < 2**32:
        raise InputError(f"Zufallsstart: {seed}. Erwartet wird eine Zahl von 0 bis {2**32 - 1}.")
    start = time.perf_counter()
    with quiet_lightning():
        pl.seed_everything(seed, workers=True, verbose=False)
        data.seed = seed
        module = LitClassifier(build_model(cell, config), config)
        timer = EpochTimer()
        title = f"{cell.upper()}, Daten: {data.reviews.name}"
        with work_folder(output) as folder:
            best = BestEpoch(folder)
            logger = CSVLogger(folder, name=None, version="")
            averaging = WeightAveraging(avg_fn=moving_average(config.averaging))
            trainer = pl.Trainer(
                max_epochs=config.epochs,
                **{"accelerator": "cpu", "devices": 1} | engine,  # Begründung im Docstring
                callbacks=[timer, averaging, best, *watchers(title)],
                logger=logger,
                gradient_clip_val=config.gradient_norm,
                deterministic="warn",  # auf dem Prozessor ist alles wiederholbar
                use_distributed_sampler=False,  # der LengthBatchSampler teilt selbst auf
                enable_model_summary=False,
                enable_progress_bar=live_session(),
                num_sanity_val_steps=0,
            )
            try:
                trainer.fit(module, datamodule=data)
            except SystemExit as end:  # so endet Lightning nach Ctrl-C und nach SIGTERM
                if not best.best_model_path:
                    if isinstance(end, SIGTERMException):
                        raise
                    raise KeyboardInterrupt from None
            if not trainer.is_global_zero:
                return module.model, None
            checkpoint = torch.load(best.best_model_path, map_location="cpu", weights_only=True)
            module.load_state_dict(checkpoint["state_dict"])
            model = module.model.cpu().eval()
            test_accuracy = None
            if not trainer.interrupted:
                with suppress(KeyboardInterrupt):  # das Training ist fertig und bleibt
                    test_accuracy = evaluate(model, data.test)
            result = RunResult(
                cell=cell,
                data=data.reviews.name,
                digest=data.reviews.digest,
                seed=seed,
                epochs=config.epochs,
                parameters=count_parameters(model),
                best_epoch=checkpoint["epoch"] + 1,
                val_accuracy=round(float(best.best_model_score), 6),
                test_accuracy=test_accuracy,
                seconds_per_epoch=round(median(timer.seconds), 3),
                seconds_total=round(time.perf_counter() - start, 3),
                interrupted=test_accuracy is None,
                config=asdict(config),
                versions=versions(),
                machine=machine(),
                metrics=Path(logger.log_dir, "metrics.csv").read_text(),
            )
            if output is not None:
                with suppress(KeyboardInterrupt), uninterrupted():  # nichts mehr abzubrechen
                    weights = Path(folder, WEIGHTS_FILE)
                    save_weights(weights, cell, model.state_dict(), data.vocabulary, config)
                    result.save(folder)
                    for name in (WEIGHTS_FILE, METRICS_FILE, RESULT_FILE):  # alles oder nichts
                        Path(folder, name).replace(Path(output, name))
    return model, result


@torch.no_grad()
def predict_logits(
    model: SentimentClassifier, part: EncodedReviews, batch_size: int = 256
) -> torch.Tensor:
    """Die Logits aller Kritiken eines Teils, in ihrer Reihenfolge.

    Returns
    -------
    torch.Tensor
        Form ``(N,)``.
    """
    model.eval()
    logits = torch.empty(len(part))
    by_length = part.lengths().argsort(kind="stable")
    for start in range(0, len(part), batch_size):
        positions = by_length[start : start + batch_size].tolist()
        ids, _ = part[positions]  # (B, T)
        logits[positions] = model(ids)
    return logits


def evaluate(model: SentimentClassifier, part: EncodedReviews) -> float:
    """Anteil richtig erkannter Kritiken.

    Returns
    -------
    float
        Zwischen 0 und 1.
    """
    logits = predict_logits(model, part)
    return ((logits > 0) == (part.labels > 0.5)).double().mean().item()
