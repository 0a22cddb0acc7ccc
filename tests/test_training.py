"""Training: die beste Epoche bleibt, nichts liegt herum, Ctrl-C kostet keine fertige Arbeit."""

import errno
import json
import logging
import os
import signal
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import pytorch_lightning as pl
import torch

from anncourse import record, session, training
from anncourse.config import Config
from anncourse.data import LengthBatchSampler, ReviewsDataModule
from anncourse.errors import AnncourseError, InputError, OutsideError
from anncourse.models import build_model, model_from_weights
from anncourse.results import metrics_table
from anncourse.session import live_session, uninterrupted
from anncourse.sources import Reviews
from anncourse.teaching import plots
from anncourse.teaching.progress import GrowingCurve
from anncourse.training import LitClassifier, evaluate, fit, predict_logits
from anncourse.weights import load_weights

CONFIG = Config(
    vocabulary_size=300,
    embedding_dim=8,
    hidden_size=8,
    batch_size=16,
    epochs=3,
    learning_rate=0.02,
    averaging=0.8,
)
FILES = {"weights.safetensors", "metrics.csv", "result.json"}


@pytest.fixture(autouse=True)
def one_thread():
    """Wiederholbar und schnell, auch wenn nebenan andere Tests rechnen."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def nobody_watches(monkeypatch):
    """Kein Balken, auch wenn die Tests auf einem Terminal oder in Jupyter laufen."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    for name in ("google.colab", "ipykernel.kernelapp"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.fixture
def data(tiny_reviews):
    """Dieselben Teile, die fit aus den Kritiken macht."""
    return ReviewsDataModule(tiny_reviews, CONFIG)


@pytest.fixture(scope="module")
def finished(tiny_reviews, tmp_path_factory):
    """Ein Lauf, an dem viele Tests ablesen."""
    output = tmp_path_factory.mktemp("runs") / "new" / "lstm"
    run = fit("lstm", tiny_reviews, CONFIG, seed=5, output=output)
    return SimpleNamespace(model=run.model, result=run.result, output=output, data=run.data)


def loss_of(model, part):
    return torch.nn.functional.binary_cross_entropy_with_logits(
        predict_logits(model, part), part.labels
    ).item()


def watched(monkeypatch, allow_stdin=True):
    """Ein Kern von Jupyter, dem die Oberfläche sagt, ob jemand antworten könnte."""
    kernel = SimpleNamespace(get_parent=lambda kind: {"content": {"allow_stdin": allow_stdin}})
    application = SimpleNamespace(
        initialized=lambda: True, instance=lambda: SimpleNamespace(kernel=kernel)
    )
    module = SimpleNamespace(IPKernelApp=application)
    monkeypatch.setitem(sys.modules, "ipykernel.kernelapp", module)


def interrupt_in(monkeypatch, name, call, kind=signal.SIGINT):
    """Ctrl-C im soundsovielten Aufruf einer Methode von LitClassifier."""
    calls = iter(range(1, 1000))
    original = getattr(LitClassifier, name)

    def step(self, *arguments):
        if next(calls) == call:
            signal.raise_signal(kind)
        return original(self, *arguments)

    monkeypatch.setattr(LitClassifier, name, step)


# Die beste Epoche


def test_best_epoch_agrees_with_the_table(finished):
    result, table = finished.result, finished.result.table()
    assert list(table.index) == [1, 2, 3] and not table.isna().any(axis=None)
    assert result.best_epoch == table["val_accuracy"].idxmax()
    assert result.val_accuracy == pytest.approx(table["val_accuracy"].max(), abs=1e-6)


def test_saved_weights_are_those_that_were_validated(finished):
    """Auch der Verlust stimmt überein: Er unterschiede gemittelte von rohen Gewichten."""
    saved = model_from_weights(load_weights(finished.output))
    validation, best = (
        finished.data.validation,
        finished.result.table().loc[finished.result.best_epoch],
    )
    for model in (saved, finished.model):
        assert not model.training
        assert evaluate(model, validation) == finished.result.val_accuracy
        assert loss_of(model, validation) == pytest.approx(best["val_loss"], rel=1e-5)
        assert evaluate(model, finished.data.test) == finished.result.test_accuracy


def test_best_epoch_is_kept_not_the_last(tiny_reviews, monkeypatch):
    """Die zweite von vier Epochen gibt sich als beste aus."""
    scores = [0.5, 0.875, 0.625, 0.75]

    def validation_step(self, batch, batch_index):
        ids, labels = batch
        self.log("val_loss", self.loss(self(ids), labels), batch_size=len(labels))
        self.log("val_accuracy", scores[self.current_epoch])

    monkeypatch.setattr(LitClassifier, "validation_step", validation_step)
    run = fit("rnn", tiny_reviews, replace(CONFIG, epochs=4), seed=1)
    table = run.result.table()
    assert (run.result.best_epoch, run.result.val_accuracy) == (2, 0.875)
    assert table["val_loss"].nunique() == 4
    loss = loss_of(run.model, run.data.validation)
    assert loss == pytest.approx(table.loc[2, "val_loss"], rel=1e-5)


def test_of_two_equal_epochs_the_earlier_is_kept(tiny_reviews, monkeypatch):
    def validation_step(self, batch, batch_index):
        ids, labels = batch
        self.log("val_loss", self.loss(self(ids), labels), batch_size=len(labels))
        self.log("val_accuracy", [0.5, 0.75, 0.75][self.current_epoch])

    monkeypatch.setattr(LitClassifier, "validation_step", validation_step)
    run = fit("rnn", tiny_reviews, CONFIG, seed=1)
    assert run.result.best_epoch == 2
    loss = loss_of(run.model, run.data.validation)
    assert loss == pytest.approx(run.result.table().loc[2, "val_loss"], rel=1e-5)


def test_accuracy_of_logits_between_0_and_1(data, monkeypatch):
    """torchmetrics hielte solche Logits für Wahrscheinlichkeiten und läge falsch."""
    monkeypatch.setattr(LitClassifier, "log", lambda self, *arguments, **options: None)
    module = LitClassifier(build_model("rnn", CONFIG))
    monkeypatch.setattr(module.model, "forward", lambda ids: torch.full((len(ids),), 0.1))
    part = data.validation
    module.validation_step(part[list(range(len(part)))], 0)
    assert module.val_accuracy.compute() == evaluate(module.model, part) == 0.5
    positive = [k for k, label in enumerate(part.labels) if label == 1]
    module.val_accuracy.reset()
    module.validation_step(part[positive], 0)
    assert module.val_accuracy.compute() == 1  # 0.1 > 0: positiv


def test_the_moving_average_is_validated_and_saved(tiny_reviews, monkeypatch):
    """Ein Mittel, das nach dem ersten Schritt stehen bleibt: Jede Epoche misst dasselbe Netz,
    und ein Lauf mit einer einzigen Epoche behält dieselben Gewichte."""
    monkeypatch.setattr(training, "moving_average", lambda decay: lambda old, new, n: old)
    long = fit("gru", tiny_reviews, CONFIG, seed=1)
    table = long.result.table()
    assert table["val_loss"].max() - table["val_loss"].min() < 1e-6
    assert table["train_loss"].nunique() == 3  # das Netz selbst lernt weiter
    short = fit("gru", tiny_reviews, replace(CONFIG, epochs=1), seed=1)
    for a, b in zip(long.model.parameters(), short.model.parameters()):
        assert torch.equal(a, b)


def test_moving_average_follows_faster_at_the_start():
    average = training.moving_average(0.995)
    old, new = torch.tensor([1.0]), torch.tensor([0.0])
    assert average(old, new, torch.tensor(1)).item() == pytest.approx(2 / 11)
    assert average(old, new, torch.tensor(90)).item() == pytest.approx(0.91)
    assert average(old, new, torch.tensor(10**6)).item() == pytest.approx(0.995)


# Wiederholbarkeit


def test_same_seed_same_weights_bit_for_bit(finished, tiny_reviews):
    torch.rand(3)  # was vorher gewürfelt wurde, zählt nicht
    again = fit("lstm", tiny_reviews, CONFIG, seed=5)
    for a, b in zip(finished.model.parameters(), again.model.parameters()):
        assert torch.equal(a, b)
    assert again.result.metrics == finished.result.metrics
    assert again.result.test_accuracy == finished.result.test_accuracy


def test_other_seed_other_weights(finished, tiny_reviews):
    other = fit("lstm", tiny_reviews, CONFIG, seed=6).model
    for a, b in zip(finished.model.parameters(), other.parameters()):
        assert not torch.equal(a, b)


def test_every_seed_and_epoch_shuffles_anew(tiny_reviews, monkeypatch):
    shuffled = set()
    monkeypatch.setattr(
        LengthBatchSampler, "set_epoch", lambda self, epoch: shuffled.add((self.seed, epoch))
    )
    fit("rnn", tiny_reviews, CONFIG, seed=9)
    assert shuffled == {(9, 0), (9, 1), (9, 2)}


def test_config_and_data_stay_as_they_were(finished):
    assert CONFIG == Config(
        vocabulary_size=300,
        embedding_dim=8,
        hidden_size=8,
        batch_size=16,
        epochs=3,
        learning_rate=0.02,
        averaging=0.8,
    )
    assert finished.data.config is CONFIG
    assert finished.result.config["learning_rate"] == 0.02


# Lernen


def test_learns(sample_reviews):
    """Eine kleine LSTM auf einem Ausschnitt der Beispieldaten liegt klar über dem Raten."""
    part = Reviews(  # die Kritiken sind nach Klassen geordnet: jede fünfte, nicht die ersten
        "Ausschnitt",
        sample_reviews.train_texts[::5],
        sample_reviews.train_labels[::5],
        sample_reviews.test_texts[::5],
        sample_reviews.test_labels[::5],
    )
    assert part.train_labels.mean() == part.test_labels.mean() == 0.5
    config = Config(
        vocabulary_size=600,
        batch_size=64,
        epochs=10,
        learning_rate=5e-3,
        final_rate=0.1,
        averaging=0.95,
        embedding_dropout=0.1,
    )
    result = fit("lstm", part, config, seed=0).result
    assert result.val_accuracy > 0.9 and result.test_accuracy > 0.9
    loss = result.table()["train_loss"]
    assert loss.iloc[-1] < 0.9 * loss.iloc[0]


def test_rate_falls_linearly(tiny_reviews, monkeypatch):
    rates = []
    original = LitClassifier.training_step

    def step(self, *arguments):
        rates.append(self.trainer.optimizers[0].param_groups[0]["lr"])
        return original(self, *arguments)

    monkeypatch.setattr(LitClassifier, "training_step", step)
    fit("rnn", tiny_reviews, CONFIG)
    assert len(rates) == 12  # 3 Epochen zu 64 / 16 Stapeln
    assert rates[0] == pytest.approx(CONFIG.learning_rate)
    steps = [a - b for a, b in zip(rates, rates[1:])]
    assert min(steps) > 0 and max(steps) == pytest.approx(min(steps))
    last = rates[-1] - steps[-1]
    assert last == pytest.approx(CONFIG.final_rate * CONFIG.learning_rate)


def test_gradients_are_clipped(tiny_reviews, monkeypatch):
    norms = []
    original = torch.optim.RMSprop.step

    def step(self, closure):
        def clipped():
            loss = closure()
            parameters = self.param_groups[0]["params"]
            norms.append(torch.stack([p.grad.norm() for p in parameters]).norm().item())
            return loss

        return original(self, clipped)

    monkeypatch.setattr(torch.optim.RMSprop, "step", step)
    fit("rnn", tiny_reviews, replace(CONFIG, epochs=1, gradient_norm=0.001))
    assert len(norms) == 4 and max(norms) <= 0.00101
    norms.clear()
    fit("rnn", tiny_reviews, replace(CONFIG, epochs=1, gradient_norm=1000.0))
    assert min(norms) > 0.01


def test_seconds_are_those_of_the_training_batches_alone(tiny_reviews, monkeypatch):
    """Eine Uhr, die nur in den Schritten vorrückt: je 1 beim Trainieren, 1000 beim Prüfen."""
    clock = SimpleNamespace(now=0.0)
    for module in (training, record):
        monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    for name, seconds in (("training_step", 1), ("validation_step", 1000)):
        original = getattr(LitClassifier, name)

        def step(self, *arguments, original=original, seconds=seconds):
            clock.now += seconds
            return original(self, *arguments)

        monkeypatch.setattr(LitClassifier, name, step)
    result = fit("rnn", tiny_reviews, CONFIG).result
    assert result.seconds_per_epoch == 4  # 64 Kritiken in Stapeln zu 16
    assert result.seconds_total == 3012  # 16 Kritiken zur Validierung: ein Stapel


# Dateien


def test_files(finished):
    assert set(os.listdir(finished.output)) == FILES
    saved = json.loads((finished.output / "result.json").read_text(encoding="utf-8"))
    assert saved == finished.result.summary()
    assert (finished.output / "metrics.csv").read_bytes() == finished.result.metrics.encode()
    assert metrics_table(finished.output / "metrics.csv").equals(finished.result.table())
    weights = load_weights(finished.output)
    assert (weights.cell, weights.config) == ("lstm", CONFIG)
    assert weights.vocabulary == finished.data.vocabulary


def test_result(finished):
    result = finished.result
    assert (result.cell, result.seed, result.epochs) == ("lstm", 5, 3)
    assert (result.data, result.interrupted) == ("Winzige Beispieldaten", False)
    assert result.parameters == 300 * 8 + 4 * 8 * (8 + 8 + 2) + 8 + 1
    assert result.seconds_total > result.seconds_per_epoch > 0
    places = {"system", "processor", "threads", "accelerator"}  # kein Name des Rechners
    assert set(result.machine) == places and result.machine["accelerator"] == "cpu"
    assert result.machine["threads"] == 1
    assert result.versions["torch"] == torch.__version__


def test_without_output_nothing_stays_on_disk(tiny_reviews, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path / "here")
    fit("rnn", tiny_reviews, replace(CONFIG, epochs=1))
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "here", tmp_path / "temporary"]


def test_a_second_run_replaces_the_first(tiny_reviews, tmp_path):
    for seed in (1, 2):
        fit("rnn", tiny_reviews, replace(CONFIG, epochs=1), seed, tmp_path)
    assert set(os.listdir(tmp_path)) == FILES
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["seed"] == 2


# Ruhe


def test_no_noise(tiny_reviews, capfd, recwarn):
    fit("rnn", tiny_reviews, CONFIG)
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_bar_is_german_and_shown_in_a_live_session(tiny_reviews, capfd, monkeypatch):
    watched(monkeypatch)
    fit("rnn", tiny_reviews, replace(CONFIG, epochs=2))
    shown = "".join(capfd.readouterr())
    for word in ("Epoche 1/2", "Epoche 2/2", "Validierung=", "Training="):
        assert word in shown
    for word in ("Epoch ", "val_accuracy", "v_num", "Validation", "DataLoader", "Trainer"):
        assert word not in shown
    assert "Validierung:" not in shown  # kein zweiter Balken


def test_a_curve_grows_in_a_live_notebook(tiny_reviews, monkeypatch, capfd):
    drawn, display = [], pytest.importorskip("IPython.display")
    place = SimpleNamespace(update=drawn.append)
    monkeypatch.setattr(display, "display", lambda curve, display_id: drawn.append(curve) or place)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)  # Terminal
    fit("rnn", tiny_reviews, replace(CONFIG, epochs=1), callbacks=[GrowingCurve()])
    assert not drawn
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    run = fit("rnn", tiny_reviews, CONFIG, callbacks=[GrowingCurve()])
    points = [[len(line.get_xdata()) for line in curve.axes[0].lines] for curve in drawn]
    assert points == [[1, 1], [2, 2], [3, 3]]
    last = [line.get_ydata() for line in drawn[-1].axes[0].lines]
    for values, name in zip(last, ("train_accuracy", "val_accuracy")):
        assert values == pytest.approx(100 * run.result.table()[name].to_numpy(), abs=1e-3)


def test_no_curve_grows_where_nobody_watches(tiny_reviews, monkeypatch):
    monkeypatch.setattr(plots, "growing_curve", lambda *_: pytest.fail("gezeichnet"))
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    watched(monkeypatch, allow_stdin=False)
    fit("rnn", tiny_reviews, replace(CONFIG, epochs=1), callbacks=[GrowingCurve()])


def test_live_session(monkeypatch):
    assert not live_session()
    watched(monkeypatch)  # JupyterLab, VS Code
    assert live_session()
    watched(monkeypatch, allow_stdin=False)  # nbconvert, nbval
    assert not live_session()
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace())
    assert live_session()
    monkeypatch.delitem(sys.modules, "google.colab")
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: True))
    assert live_session()
    monkeypatch.setattr(sys, "stderr", None)
    assert not live_session()


@pytest.mark.parametrize("cell", ["rnn", "foo"])  # auch nach einem Fehler
def test_logging_levels_are_restored(cell, tiny_reviews):
    names = ("pytorch_lightning", "lightning_fabric")
    before = [logging.getLogger(name).level for name in names]
    try:
        for name, level in zip(names, (logging.INFO, logging.DEBUG)):
            logging.getLogger(name).setLevel(level)
        try:
            fit(cell, tiny_reviews, replace(CONFIG, epochs=1))
        except InputError:
            assert cell == "foo"
        assert [logging.getLogger(name).level for name in names] == [logging.INFO, logging.DEBUG]
    finally:
        for name, level in zip(names, before):
            logging.getLogger(name).setLevel(level)


# Falsche Eingaben


@pytest.mark.parametrize(
    "change, words",
    [
        ({"cell": "transformer"}, ["Zelle: «transformer»", "rnn, lstm, gru"]),
        ({"cell": "LSTM"}, ["Zelle: «LSTM»", "rnn, lstm, gru"]),
        ({"cell": ["rnn"]}, ["Zelle", "rnn, lstm, gru"]),
        ({"seed": -1}, ["Zufallsstart: «-1»", "0 bis 4294967295"]),
        ({"seed": 2**32}, ["Zufallsstart: «4294967296»", "0 bis 4294967295"]),
        ({"seed": True}, ["Zufallsstart: «True»", "ganze Zahl"]),
        ({"seed": 1.5}, ["Zufallsstart: «1.5»", "ganze Zahl"]),
        ({"seed": None}, ["Zufallsstart: «None»", "ganze Zahl"]),
        ({"config": {"epochs": 1}}, ["Gegeben sind Reviews und dict", "ein Config"]),
        ({"reviews": ["a film"]}, ["Gegeben sind list und Config", "load_reviews"]),
        ({"accelerator": "tpu"}, ["Rechenwerk: «tpu»", "cpu, gpu, auto"]),
        ({"accelerator": None}, ["Rechenwerk: «None»", "cpu, gpu, auto"]),
    ],
)
def test_wrong_input_is_found_before_anything_is_created(change, words, tiny_reviews, tmp_path):
    given = {"cell": "rnn", "reviews": tiny_reviews, "config": CONFIG} | change
    with pytest.raises(InputError) as caught:
        fit(**given, output=tmp_path / "a" / "b")
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_gpu_that_is_not_there_is_said_in_german(tiny_reviews, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(InputError, match="keine Grafikkarte.*Ohne die Angabe gpu"):
        fit("rnn", tiny_reviews, CONFIG, output=tmp_path / "run", accelerator="gpu")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "output, why",
    [
        ("file", "dort liegt schon eine Datei"),
        ("file/a/b", "ein Teil des Pfads ist eine Datei"),
        ("new/" + 300 * "x", "der Name ist zu lang"),
    ],
)
def test_unusable_output(output, why, tiny_reviews, tmp_path):
    (tmp_path / "file").write_text("bleibt")
    with pytest.raises(InputError, match="lässt sich nicht schreiben") as caught:
        fit("rnn", tiny_reviews, CONFIG, output=tmp_path / output)
    assert why in str(caught.value)
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
    assert (tmp_path / "file").read_text() == "bleibt"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="braucht /proc")
def test_output_where_nobody_may_write(tiny_reviews):
    """Auch root legt unter /proc nichts an."""
    with pytest.raises(InputError, match="«/proc/anncourse/run» lässt sich nicht schreiben"):
        fit("rnn", tiny_reviews, CONFIG, output="/proc/anncourse/run")


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_folder_in_the_place_of_a_file_is_said_before_the_training(name, tiny_reviews, tmp_path):
    (tmp_path / name).mkdir()
    with pytest.raises(InputError, match="lässt sich nicht schreiben.*Ordner"):
        fit("rnn", tiny_reviews, CONFIG, output=tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == [name]


def test_a_tilde_is_the_home_folder(tiny_reviews, tmp_path, monkeypatch):
    """Nach einem Gleichheitszeichen lässt eine Shell das ~ stehen."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    fit("rnn", tiny_reviews, replace(CONFIG, epochs=1), output="~/runs/a")
    assert set(os.listdir(tmp_path / "runs" / "a")) == FILES


def test_the_output_stays_when_the_working_folder_changes(tiny_reviews, tmp_path, monkeypatch):
    """Der Pfad gilt, wie er beim Aufruf galt."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()

    class Wander(pl.Callback):
        def on_fit_end(self, trainer, pl_module):
            os.chdir(tmp_path / "elsewhere")

    fit("rnn", tiny_reviews, replace(CONFIG, epochs=1), output="run", callbacks=[Wander()])
    assert set(os.listdir(tmp_path / "run")) == FILES


def test_full_disk(tiny_reviews, tmp_path, monkeypatch):
    """Was vorher da war, bleibt; ein neu angelegter Ordner verschwindet wieder."""
    rescued, original = tmp_path / "rescued", session.write_files

    def full(folder, contents):
        if "runs" in folder.parts:
            raise OSError(errno.ENOSPC, "No space left on device")
        original(folder, contents)

    (tmp_path / "runs" / "old").mkdir(parents=True)
    (tmp_path / "runs" / "old" / "result.json").write_text("alt")
    rescued.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(rescued))
    monkeypatch.setattr(session, "write_files", full)
    for output in ("old", "new/run"):
        with pytest.raises(OutsideError, match="kein Platz mehr") as caught:
            fit("rnn", tiny_reviews, replace(CONFIG, epochs=1), output=tmp_path / "runs" / output)
        assert str(tmp_path / "runs" / output) in str(caught.value)
    assert [path.name for path in (tmp_path / "runs").rglob("*")] == ["old", "result.json"]
    assert (tmp_path / "runs" / "old" / "result.json").read_text() == "alt"


def test_no_place_at_all_is_said_too(tiny_reviews, tmp_path, monkeypatch):
    def full(folder, contents):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(session, "write_files", full)
    with pytest.raises(OutsideError, match="kein Platz mehr.*Schaffen Sie Platz") as caught:
        fit("rnn", tiny_reviews, replace(CONFIG, epochs=1), output=tmp_path / "run")
    assert "Sie liegen" not in str(caught.value)


# Ctrl-C


def test_interrupt_before_the_first_epoch_leaves_nothing(tiny_reviews, tmp_path, monkeypatch):
    interrupt_in(monkeypatch, "training_step", 2)
    with pytest.raises(KeyboardInterrupt):
        fit("rnn", tiny_reviews, CONFIG, output=tmp_path / "a" / "run")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows kennt SIGTERM nur dem Namen nach")
def test_a_terminated_training_ends_without_being_taken_for_ctrl_c(tiny_reviews, monkeypatch):
    interrupt_in(monkeypatch, "training_step", 2, signal.SIGTERM)
    with pytest.raises(SystemExit):
        fit("rnn", tiny_reviews, CONFIG)


def test_interrupt_in_the_first_validation_leaves_nothing(tiny_reviews, tmp_path, monkeypatch):
    interrupt_in(monkeypatch, "validation_step", 1)
    with pytest.raises(KeyboardInterrupt):
        fit("rnn", tiny_reviews, CONFIG, output=tmp_path / "run")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("step, call", [("training_step", 6), ("validation_step", 2)])
def test_interrupt_after_an_epoch_keeps_its_weights(
    step, call, tiny_reviews, tmp_path, monkeypatch
):
    handler = signal.getsignal(signal.SIGINT)
    interrupt_in(monkeypatch, step, call)  # in der zweiten Epoche
    run = fit("rnn", tiny_reviews, CONFIG, output=tmp_path)
    result = run.result
    assert (result.best_epoch, result.interrupted, result.test_accuracy) == (1, True, None)
    assert set(os.listdir(tmp_path)) == FILES
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["interrupted"] is True
    kept = model_from_weights(load_weights(tmp_path))
    assert evaluate(kept, run.data.validation) == result.val_accuracy
    assert loss_of(kept, run.data.validation) == pytest.approx(result.table().loc[1, "val_loss"])
    assert signal.getsignal(signal.SIGINT) is handler  # das nächste Ctrl-C wirkt wieder


def test_interrupt_during_the_test_keeps_the_training(tiny_reviews, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "evaluate", lambda *_: signal.raise_signal(signal.SIGINT))
    result = fit("rnn", tiny_reviews, CONFIG, output=tmp_path).result
    assert (result.interrupted, result.test_accuracy) == (True, None)
    assert len(result.table()) == 3 and set(os.listdir(tmp_path)) == FILES
    saved = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert saved == result.summary()


def test_interrupt_while_the_best_epoch_is_kept_waits(tiny_reviews, tmp_path, monkeypatch):
    """Gewichte und ihre Nummer gehören zusammen: Der Abbruch gilt erst danach."""

    class Pressed(dict):
        def items(self):
            signal.raise_signal(signal.SIGINT)
            return super().items()

    class Press(pl.Callback):
        def on_validation_start(self, trainer, pl_module):
            model, original = pl_module.model, pl_module.model.state_dict

            def once():
                del model.state_dict
                return Pressed(original())

            model.state_dict = once

    run = fit("rnn", tiny_reviews, CONFIG, output=tmp_path, callbacks=[Press()])
    assert (run.result.best_epoch, run.result.interrupted) == (1, True)
    assert set(os.listdir(tmp_path)) == FILES
    kept = model_from_weights(load_weights(tmp_path))
    assert evaluate(kept, run.data.validation) == run.result.val_accuracy


@pytest.mark.parametrize("call", [1, 2])
def test_interrupt_while_the_results_are_written_loses_none(
    call, tiny_reviews, tmp_path, monkeypatch
):
    """Vor der Messung kürzt es den Lauf, nach ihr ist nichts mehr abzubrechen."""
    calls, original = iter(range(1, 10)), session.write_files

    def pressed_first(*arguments):
        if next(calls) == call:
            signal.raise_signal(signal.SIGINT)
        original(*arguments)

    monkeypatch.setattr(session, "write_files", pressed_first)
    result = fit("rnn", tiny_reviews, CONFIG, output=tmp_path).result
    assert result.interrupted is (call == 1) and (result.test_accuracy is None) is (call == 1)
    assert set(os.listdir(tmp_path)) == FILES
    saved = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert saved == result.summary()


def test_uninterrupted():
    done = []
    with pytest.raises(KeyboardInterrupt):
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append("Block")
        done.append("danach")
    assert done == ["Block"]


def test_fit_in_another_thread(tiny_reviews):
    """So trainiert, wer eine Oberfläche darum baut: Signale gibt es dort nicht."""
    results = []
    config = replace(CONFIG, epochs=1)
    thread = threading.Thread(
        target=lambda: results.append(fit("rnn", tiny_reviews, config).result)
    )
    thread.start()
    thread.join()
    assert results[0].best_epoch == 1


# Messen


def test_predict_logits_keeps_the_order(finished):
    """Nach Länge gruppiert gerechnet, aber jede Kritik behält ihren Platz."""
    part = finished.data.test
    logits = predict_logits(finished.model, part, batch_size=1)
    with torch.no_grad():
        alone = torch.cat([finished.model(part[[k]][0]) for k in range(len(part))])
    assert torch.allclose(logits, alone, atol=1e-6)
    assert logits.shape == (len(part),) and logits.std() > 0.001
    together = predict_logits(finished.model, part, batch_size=7)  # aufgefüllt: fast dasselbe
    assert torch.corrcoef(torch.stack([together, alone]))[0, 1] > 0.95


def test_predict_logits_switches_dropout_off(data):
    model = build_model("rnn", replace(CONFIG, embedding_dropout=0.9)).train()
    assert torch.equal(predict_logits(model, data.test), predict_logits(model, data.test))


def test_evaluate_counts(data, monkeypatch):
    part = data.validation
    logits = torch.where(part.labels > 0.5, 1.0, -1.0)
    logits[:4] *= -1
    monkeypatch.setattr(training, "predict_logits", lambda model, part: logits)
    assert evaluate(None, part) == (len(part) - 4) / len(part)


def test_errors_have_one_base():
    assert issubclass(InputError, AnncourseError) and issubclass(OutsideError, AnncourseError)
