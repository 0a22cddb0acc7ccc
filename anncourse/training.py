"""Ein Netz trainieren, die beste Epoche behalten, einmal auf dem Testteil messen."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import WeightAveraging
from pytorch_lightning.utilities.exceptions import SIGTERMException
from torch import nn
from torch.optim import RMSprop
from torch.optim.lr_scheduler import LinearLR
from torchmetrics.classification import BinaryAccuracy

from anncourse import session
from anncourse.checks import checked, choice
from anncourse.config import CELLS, SEED, Config, recipe
from anncourse.data import EncodedReviews, ReviewsDataModule
from anncourse.errors import InputError
from anncourse.models import SentimentClassifier, build_model, count_parameters
from anncourse.record import Record
from anncourse.results import METRICS_FILE, RESULT_FILE, RunResult, metrics_text
from anncourse.sources import Reviews
from anncourse.weights import WEIGHTS_FILE, Weights

ACCELERATORS = ("cpu", "gpu", "auto")
FILES = (WEIGHTS_FILE, METRICS_FILE, RESULT_FILE)
DIVERGED = "Versuchen Sie es mit einer kleineren learning_rate."


class LitClassifier(pl.LightningModule):
    """Wie ein Netz lernt: Verlust, Genauigkeit, Optimierer, Lernrate.

    References
    ----------
    RMSprop mit den Konstanten von Keras; Begrenzen des Gradienten: Pascanu et al. 2013.
    """

    def __init__(self, model: SentimentClassifier):
        super().__init__()
        self.model = model
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
        if not loss.isfinite():
            raise InputError(f"Das Training läuft davon: Der Verlust ist {loss:g}. {DIVERGED}")
        accuracy((logits > 0).int(), labels)  # Logits zwischen 0 und 1 hielte es für σ(s)
        n = len(labels)
        self.log(f"{part}_loss", loss, on_step=False, on_epoch=True, batch_size=n)
        self.log(f"{part}_accuracy", accuracy, True, on_step=False, on_epoch=True, batch_size=n)
        return loss

    def configure_optimizers(self):
        """RMSprop; die Lernrate fällt nach jedem Schritt ein wenig."""
        c, steps = self.model.config, int(self.trainer.estimated_stepping_batches)
        optimizer = RMSprop(self.parameters(), lr=c.learning_rate, alpha=c.rho, eps=c.epsilon)
        schedule = LinearLR(optimizer, start_factor=1.0, end_factor=c.final_rate, total_iters=steps)
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]


def moving_average(decay: float) -> Callable:
    """Gleitendes Mittel der Gewichte, als ``avg_fn`` für Lightnings ``WeightAveraging``.

    Im Schritt n wird aus dem alten Mittel m und dem Gewicht w das neue d·m + (1 − d)·w, mit
    d = min(decay, (1 + n)/(10 + n)): Sonst hinge es lange an den zufälligen Anfangswerten.
    """

    def average(old: torch.Tensor, new: torch.Tensor, n: torch.Tensor) -> torch.Tensor:
        d = min(decay, (1 + n.item()) / (10 + n.item()))
        return torch.lerp(new, old, d)

    return average


@dataclass(frozen=True)
class Run:
    """Ein Training: das Netz der besten Epoche, im Auswertungsmodus, seine Daten, das Gemessene."""

    model: SentimentClassifier
    data: ReviewsDataModule
    result: RunResult


def fit(
    cell: str,
    reviews: Reviews,
    config: Config | None = None,
    seed: int = 0,
    output: str | os.PathLike | None = None,
    test: bool = True,
    accelerator: str = "cpu",
    callbacks: Sequence[pl.Callback] = (),
) -> Run:
    """Trainiert ein Netz und behält die Gewichte der besten Validierungsepoche.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
        Die rekurrente Schicht.
    reviews : Reviews
        Die Kritiken, aus `load_reviews`.
    config : Config, optional
        Hyperparameter; ohne Angabe jene der Zelle, ``recipe(cell)``.
    seed : int
        Zufallsstart von Anfangswerten, Dropout und Stapeln. Gleicher Zufallsstart und gleiche
        Anzahl Threads: auf dem Prozessor gleiche Gewichte, Bit für Bit.
    output : path, optional
        Ordner für ``weights.safetensors``, ``metrics.csv`` und ``result.json``. Ohne Angabe
        bleibt nichts auf dem Datenträger.
    test : bool
        Ob am Ende einmal auf dem Testteil gemessen wird. Wer noch auswählt, misst nicht.
    accelerator : {"cpu", "gpu", "auto"}
        Womit gerechnet wird; auf dem Prozessor lässt sich das Ergebnis überall wiederholen.
    callbacks : sequence of pytorch_lightning.Callback
        Was dabei noch geschehen soll, zum Beispiel eine wachsende Kurve.

    Returns
    -------
    Run
        Nach Ctrl-C mit der bis dahin besten Epoche, ``interrupted=True`` und ohne Testgenauigkeit.

    Raises
    ------
    InputError
        Eine Angabe passt nicht, oder das Training läuft davon.
    OutsideError
        Der Datenträger nimmt die Ergebnisse nicht auf; die Meldung sagt, wo sie liegen.
    KeyboardInterrupt, SystemExit
        Ctrl-C oder SIGTERM vor dem Ende der ersten Epoche: Es gibt noch nichts zu behalten.
    """
    start = time.perf_counter()
    with session.isolated(), session.output_folder(output, FILES) as folder:
        data, module = prepare(cell, reviews, config, seed)
        record = train(module, data, accelerator, callbacks)
        run = conclude(module, data, record, start)
        try:
            store(run, folder)  # schon jetzt: Was beim Messen misslingt, kostet kein Training
            if test and not record.interrupted:
                run = measure(run, start)
        except KeyboardInterrupt:
            run = replace(run, result=replace(run.result, interrupted=True))
        with suppress(KeyboardInterrupt):  # fertig: Da gibt es nichts mehr abzubrechen
            store(run, folder)
    return run


def prepare(
    cell: str, reviews: Reviews, config: Config | None, seed: int
) -> tuple[ReviewsDataModule, LitClassifier]:
    """Prüft die Angaben, nummeriert die Kritiken und setzt das Netz auf seine Anfangswerte."""
    checked("Zelle", cell, choice(CELLS))
    seed = checked("Zufallsstart", seed, SEED)
    config = recipe(cell) if config is None else config
    if not isinstance(config, Config) or not isinstance(reviews, Reviews):
        raise InputError(
            f"Gegeben sind {type(reviews).__name__} und {type(config).__name__}. Erwartet werden "
            "Kritiken aus load_reviews und ein Config."
        )
    data = ReviewsDataModule(reviews, config, seed)
    torch.manual_seed(seed)
    return data, LitClassifier(build_model(cell, config))


def train(
    module: LitClassifier,
    data: ReviewsDataModule,
    accelerator: str = "cpu",
    callbacks: Sequence[pl.Callback] = (),
) -> Record:
    """Trainiert und gibt dem Netz die Gewichte der besten Epoche."""
    checked("Rechenwerk", accelerator, choice(ACCELERATORS))
    if accelerator == "gpu" and not (
        torch.cuda.is_available() or torch.backends.mps.is_available()
    ):
        raise InputError(
            "Hier ist keine Grafikkarte, mit der PyTorch rechnen kann. Ohne die Angabe gpu "
            "rechnet der Prozessor; auto nimmt eine Karte, wo es eine gibt."
        )
    record, config = Record(), module.model.config
    watching = session.live_session()
    trainer = pl.Trainer(
        max_epochs=config.epochs,
        accelerator=accelerator,
        devices=1,
        callbacks=[
            record,
            WeightAveraging(avg_fn=moving_average(config.averaging)),
            *([session.ProgressBar()] if watching else []),
            *callbacks,
        ],
        gradient_clip_val=config.gradient_norm,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=watching,
        num_sanity_val_steps=0,
        default_root_dir=".",
    )
    try:
        trainer.fit(module, datamodule=data)
    except SystemExit as end:  # so endet Lightning nach Ctrl-C und nach SIGTERM
        if not record.weights:
            if isinstance(end, SIGTERMException):
                raise
            raise KeyboardInterrupt from None
    module.model.load_state_dict(record.weights)
    record.interrupted, record.device = trainer.interrupted, trainer.strategy.root_device.type
    return record


def conclude(module: LitClassifier, data: ReviewsDataModule, record: Record, start: float) -> Run:
    """Fasst ein Training zusammen, noch ohne Testteil."""
    model, reviews, n = module.model.cpu().eval(), data.reviews, len(data.validation)
    result = RunResult(
        cell=model.cell,
        data=reviews.name,
        digest=reviews.digest,
        seed=data.seed,
        epochs=model.config.epochs,
        parameters=count_parameters(model),
        best_epoch=record.best_epoch,
        val_accuracy=round(record.best_accuracy * n) / n,  # torchmetrics rechnet einfach genau
        test_accuracy=None,
        seconds_per_epoch=round(median(record.seconds), 3),
        seconds_total=round(time.perf_counter() - start, 3),
        interrupted=record.interrupted,
        config=asdict(model.config),
        versions=session.versions(),
        machine=session.machine() | {"accelerator": record.device},
        metrics=metrics_text(record.history),
    )
    return Run(model, data, result)


def measure(run: Run, start: float) -> Run:
    """Misst einmal auf dem Testteil."""
    accuracy = evaluate(run.model, run.data.test)
    seconds = round(time.perf_counter() - start, 3)
    return replace(run, result=replace(run.result, test_accuracy=accuracy, seconds_total=seconds))


def store(run: Run, folder: Path | None) -> None:
    """Legt Gewichte, Verlauf und Ergebnis ab, wenn ein Ordner dafür da ist."""
    if folder is None:
        return
    with session.uninterrupted():
        arrays = {name: value.numpy() for name, value in run.model.state_dict().items()}
        weights = Weights(run.result.cell, arrays, run.data.vocabulary, run.model.config)
        session.keep(folder, {WEIGHTS_FILE: weights.to_bytes()} | run.result.files())


@torch.no_grad()
def predict_logits(
    model: SentimentClassifier, part: EncodedReviews, batch_size: int = 256
) -> torch.Tensor:
    """Die Logits aller Kritiken, ``(N,)``, in ihrer Reihenfolge und ungekürzt gelesen.

    Raises
    ------
    InputError
        Wenn das Netz keine endlichen Zahlen ergibt.
    """
    training, part = model.training, replace(part, excerpt=None)
    logits = torch.empty(len(part))
    try:
        model.eval()
        for positions in part.batches(batch_size):
            ids, _ = part[positions]  # (B, T)
            logits[positions] = model(ids)
    finally:
        model.train(training)
    if not logits.isfinite().all():
        raise InputError(f"Das Netz ergibt keine endlichen Zahlen. {DIVERGED}")
    return logits


def evaluate(model: SentimentClassifier, part: EncodedReviews) -> float:
    """Anteil richtig erkannter Kritiken, 0 bis 1, gemessen wie beim Training die Validierung."""
    logits = predict_logits(model, part)
    return ((logits > 0) == (part.labels > 0.5)).double().mean().item()
