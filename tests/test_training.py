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
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from safetensors import SafetensorError

from anncourse import session, training
from anncourse.config import Config
from anncourse.data import LengthBatchSampler, ReviewsDataModule
from anncourse.errors import AnncourseError, InputError, OutsideError
from anncourse.models import build_model, model_from_weights
from anncourse.results import metrics_table
from anncourse.session import live_session, uninterrupted
from anncourse.sources import Reviews
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
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)


@pytest.fixture
def data(tiny_reviews):
    return ReviewsDataModule(tiny_reviews, CONFIG)


@pytest.fixture(scope="module")
def finished(tiny_reviews, tmp_path_factory):
    """Ein Lauf, an dem viele Tests ablesen."""
    output = tmp_path_factory.mktemp("runs") / "new" / "lstm"
    data = ReviewsDataModule(tiny_reviews, CONFIG)
    model, result = fit("lstm", data, CONFIG, seed=5, output=output)
    return SimpleNamespace(model=model, result=result, output=output, data=data)


def loss_of(model, part):
    return torch.nn.functional.binary_cross_entropy_with_logits(
        predict_logits(model, part), part.labels
    ).item()


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
        assert evaluate(model, validation) == pytest.approx(finished.result.val_accuracy, abs=1e-6)
        assert loss_of(model, validation) == pytest.approx(best["val_loss"], rel=1e-5)
        assert evaluate(model, finished.data.test) == finished.result.test_accuracy


def test_best_epoch_is_kept_not_the_last(data, monkeypatch):
    """Die zweite von vier Epochen gibt sich als beste aus."""
    scores = [0.5, 0.9, 0.6, 0.7]

    def validation_step(self, batch, batch_index):
        ids, labels = batch
        self.log("val_loss", self.loss(self(ids), labels), batch_size=len(labels))
        self.log("val_accuracy", scores[self.current_epoch])

    monkeypatch.setattr(LitClassifier, "validation_step", validation_step)
    model, result = fit("rnn", data, replace(CONFIG, epochs=4), seed=1)
    table = result.table()
    assert (result.best_epoch, result.val_accuracy) == (2, 0.9)
    assert table["val_loss"].nunique() == 4
    assert loss_of(model, data.validation) == pytest.approx(table.loc[2, "val_loss"], rel=1e-5)


def test_accuracy_of_logits_between_0_and_1(data, monkeypatch):
    """torchmetrics hielte solche Logits für Wahrscheinlichkeiten und läge falsch."""
    monkeypatch.setattr(LitClassifier, "log", lambda self, *arguments, **options: None)
    module = LitClassifier(build_model("rnn", CONFIG), CONFIG)
    monkeypatch.setattr(module.model, "forward", lambda ids: torch.full((len(ids),), 0.1))
    part = data.validation
    module.validation_step(part[list(range(len(part)))], 0)
    assert module.val_accuracy.compute() == evaluate(module.model, part) == 0.5
    positive = [k for k, label in enumerate(part.labels) if label == 1]
    module.val_accuracy.reset()
    module.validation_step(part[positive], 0)
    assert module.val_accuracy.compute() == 1  # 0.1 > 0: positiv


def test_the_moving_average_is_validated_and_saved(data, monkeypatch):
    """Ein Mittel, das nach dem ersten Schritt stehen bleibt: Jede Epoche misst dasselbe Netz,
    und ein Lauf mit einer einzigen Epoche behält dieselben Gewichte."""
    monkeypatch.setattr(training, "moving_average", lambda decay: lambda old, new, n: old)
    model, result = fit("gru", data, CONFIG, seed=1)
    table = result.table()
    assert table["val_loss"].max() - table["val_loss"].min() < 1e-6
    assert table["train_loss"].nunique() == 3  # das Netz selbst lernt weiter
    short, _ = fit("gru", data, replace(CONFIG, epochs=1), seed=1)
    for a, b in zip(model.parameters(), short.parameters()):
        assert torch.equal(a, b)


def test_moving_average_follows_faster_at_the_start():
    average = training.moving_average(0.995)
    old, new = torch.tensor([1.0]), torch.tensor([0.0])
    assert average(old, new, torch.tensor(1)).item() == pytest.approx(2 / 11)
    assert average(old, new, torch.tensor(90)).item() == pytest.approx(0.91)
    assert average(old, new, torch.tensor(10**6)).item() == pytest.approx(0.995)


# Wiederholbarkeit


def test_same_seed_same_weights_bit_for_bit(finished, data):
    again, result = fit("lstm", data, CONFIG, seed=5)
    for a, b in zip(finished.model.parameters(), again.parameters()):
        assert torch.equal(a, b)
    assert result.metrics == finished.result.metrics
    assert result.test_accuracy == finished.result.test_accuracy


def test_other_seed_other_weights(finished, data):
    other, _ = fit("lstm", data, CONFIG, seed=6)
    for a, b in zip(finished.model.parameters(), other.parameters()):
        assert not torch.equal(a, b)


def test_every_seed_and_epoch_shuffles_anew(data, monkeypatch):
    shuffled = set()
    monkeypatch.setattr(
        LengthBatchSampler, "set_epoch", lambda self, epoch: shuffled.add((self.seed, epoch))
    )
    fit("rnn", data, CONFIG, seed=9)
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
    _, result = fit("lstm", ReviewsDataModule(part, config), config, seed=0)
    assert result.val_accuracy > 0.9 and result.test_accuracy > 0.9
    loss = result.table()["train_loss"]
    assert loss.iloc[-1] < 0.9 * loss.iloc[0]


def test_rate_falls_linearly(data, monkeypatch):
    rates = []
    original = LitClassifier.training_step

    def step(self, *arguments):
        rates.append(self.trainer.optimizers[0].param_groups[0]["lr"])
        return original(self, *arguments)

    monkeypatch.setattr(LitClassifier, "training_step", step)
    fit("rnn", data, CONFIG)
    assert len(rates) == 12  # 3 Epochen zu 64 / 16 Stapeln
    assert rates[0] == pytest.approx(CONFIG.learning_rate)
    steps = [a - b for a, b in zip(rates, rates[1:])]
    assert min(steps) > 0 and max(steps) == pytest.approx(min(steps))
    last = rates[-1] - steps[-1]
    assert last == pytest.approx(CONFIG.final_rate * CONFIG.learning_rate)


def test_gradients_are_clipped(data, monkeypatch):
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
    fit("rnn", data, replace(CONFIG, epochs=1, gradient_norm=0.001))
    assert len(norms) == 4 and max(norms) <= 0.00101
    norms.clear()
    fit("rnn", data, replace(CONFIG, epochs=1, gradient_norm=1000.0))
    assert min(norms) > 0.01


def test_seconds_are_those_of_the_training_batches_alone(data, monkeypatch):
    """Eine Uhr, die nur in den Schritten vorrückt: je 1 beim Trainieren, 1000 beim Prüfen."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(training, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    for name, seconds in (("training_step", 1), ("validation_step", 1000)):
        original = getattr(LitClassifier, name)

        def step(self, *arguments, original=original, seconds=seconds):
            clock.now += seconds
            return original(self, *arguments)

        monkeypatch.setattr(LitClassifier, name, step)
    _, result = fit("rnn", data, CONFIG)
    assert result.seconds_per_epoch == 4  # 64 Kritiken in Stapeln zu 16
    assert result.seconds_total == 3012  # 16 Kritiken zur Validierung: ein Stapel


# Dateien


def test_files(finished):
    assert set(os.listdir(finished.output)) == FILES
    saved = json.loads((finished.output / "result.json").read_text(encoding="utf-8"))
    assert saved == finished.result.summary()
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
    assert set(result.machine) == {"system", "processor", "threads"}  # kein Name des Rechners
    assert result.versions["torch"] == torch.__version__


def test_without_output_nothing_stays_on_disk(data, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path / "here")
    fit("rnn", data, replace(CONFIG, epochs=1))
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "here", tmp_path / "temporary"]


def test_a_second_run_replaces_the_first(data, tmp_path):
    for seed in (1, 2):
        fit("rnn", data, replace(CONFIG, epochs=1), seed, tmp_path)
    assert set(os.listdir(tmp_path)) == FILES
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["seed"] == 2


# Ruhe


def test_no_noise(data, capfd, recwarn):
    fit("rnn", data, CONFIG)
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_bar_is_german_and_shown_in_a_live_session(data, capfd, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "04_simple_rnn.ipynb")
    fit("rnn", data, replace(CONFIG, epochs=2))
    shown = "".join(capfd.readouterr())
    for word in ("Epoche 1/2", "Epoche 2/2", "Validierung", "Training="):
        assert word in shown
    for word in ("Epoch ", "val_accuracy", "v_num", "Validation", "DataLoader", "Trainer"):
        assert word not in shown


def test_a_curve_grows_in_a_live_notebook(data, monkeypatch, capfd):
    drawn = []
    place = SimpleNamespace(update=drawn.append)
    monkeypatch.setattr(session, "display", lambda curve, display_id: drawn.append(curve) or place)
    monkeypatch.setenv("JPY_SESSION_NAME", "04_simple_rnn.ipynb")
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)  # Terminal
    fit("rnn", data, replace(CONFIG, epochs=1))
    assert not drawn
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    _, result = fit("rnn", data, replace(CONFIG, epochs=3))
    points = [[len(line.get_xdata()) for line in curve.axes[0].lines] for curve in drawn]
    assert points == [[1, 1], [2, 2], [3, 3]]
    last = [line.get_ydata() for line in drawn[-1].axes[0].lines]
    for values, name in zip(last, ("train_accuracy", "val_accuracy")):
        assert values == pytest.approx(100 * result.table()[name].to_numpy(), abs=1e-3)


def test_live_session(monkeypatch):
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    assert not live_session()
    monkeypatch.setenv("JPY_SESSION_NAME", "x.ipynb")
    assert live_session()
    monkeypatch.delenv("JPY_SESSION_NAME")
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace())
    assert live_session()
    monkeypatch.delitem(sys.modules, "google.colab")
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: True))
    assert live_session()
    monkeypatch.setattr(sys, "stderr", None)
    assert not live_session()


@pytest.mark.parametrize("cell", ["rnn", "foo"])  # auch nach einem Fehler
def test_logging_levels_are_restored(cell, data):
    names = ("pytorch_lightning", "lightning_fabric")
    before = [logging.getLogger(name).level for name in names]
    try:
        for name, level in zip(names, (logging.INFO, logging.DEBUG)):
            logging.getLogger(name).setLevel(level)
        try:
            fit(cell, data, replace(CONFIG, epochs=1))
        except InputError:
            assert cell == "foo"
        assert [logging.getLogger(name).level for name in names] == [logging.INFO, logging.DEBUG]
    finally:
        for name, level in zip(names, before):
            logging.getLogger(name).setLevel(level)


# Falsche Eingaben


@pytest.mark.parametrize(
    "cell, changes, seed, words",
    [
        ("transformer", {}, 0, ["«transformer»", "rnn, lstm, gru"]),
        ("LSTM", {}, 0, ["«LSTM»", "rnn, lstm, gru"]),
        ("rnn", {"epochs": 0}, 0, ["Epochen: 0", "ab 1"]),
        ("rnn", {"epochs": -3}, 0, ["Epochen: -3", "ab 1"]),
        ("rnn", {}, -1, ["Zufallsstart: -1", "0 bis"]),
        ("rnn", {}, 2**32, ["Zufallsstart: 4294967296", "0 bis 4294967295"]),
    ],
)
def test_wrong_input_is_found_before_anything_is_created(
    cell, changes, seed, words, data, tmp_path
):
    with pytest.raises(InputError) as caught:
        fit(cell, data, replace(CONFIG, **changes), seed, tmp_path / "a" / "b")
    assert all(word in str(caught.value) for word in words)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "output, why",
    [
        ("file", "dort liegt schon eine Datei"),
        ("file/a/b", "ein Teil des Pfads ist eine Datei"),
        ("new/" + 300 * "x", "der Name ist zu lang"),
    ],
)
def test_unusable_output(output, why, data, tmp_path):
    (tmp_path / "file").write_text("bleibt")
    with pytest.raises(InputError, match="lässt sich nicht schreiben") as caught:
        fit("rnn", data, CONFIG, output=tmp_path / output)
    assert why in str(caught.value)
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
    assert (tmp_path / "file").read_text() == "bleibt"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="braucht /proc")
def test_output_where_nobody_may_write(data):
    """Auch root legt unter /proc nichts an."""
    with pytest.raises(InputError, match="«/proc/anncourse/run» lässt sich nicht schreiben"):
        fit("rnn", data, CONFIG, output="/proc/anncourse/run")


@pytest.mark.parametrize(
    "error, why",
    [
        (OSError(errno.ENOSPC, "No space left on device"), "kein Platz mehr"),
        (SafetensorError("I/O error"), "I/O error"),
    ],
)
def test_full_disk(error, why, data, tmp_path, monkeypatch):
    def save_weights(*arguments):
        raise error

    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "result.json").write_text("alt")
    monkeypatch.setattr(training, "save_weights", save_weights)
    for output in ("old", "new/run"):
        with pytest.raises(OutsideError, match=why) as caught:
            fit("rnn", data, replace(CONFIG, epochs=1), output=tmp_path / output)
        assert output in str(caught.value)
    assert [path.name for path in tmp_path.rglob("*")] == ["old", "result.json"]
    assert (tmp_path / "old" / "result.json").read_text() == "alt"


# Ctrl-C


def test_interrupt_before_the_first_epoch_leaves_nothing(data, tmp_path, monkeypatch):
    interrupt_in(monkeypatch, "training_step", 2)
    with pytest.raises(KeyboardInterrupt):
        fit("rnn", data, CONFIG, output=tmp_path / "a" / "run")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows kennt SIGTERM nur dem Namen nach")
def test_a_terminated_training_ends_without_being_taken_for_ctrl_c(data, monkeypatch):
    interrupt_in(monkeypatch, "training_step", 2, signal.SIGTERM)
    with pytest.raises(SystemExit):
        fit("rnn", data, CONFIG)


def test_interrupt_in_the_first_validation_leaves_nothing(data, tmp_path, monkeypatch):
    interrupt_in(monkeypatch, "validation_step", 1)
    with pytest.raises(KeyboardInterrupt):
        fit("rnn", data, CONFIG, output=tmp_path / "run")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("step, call", [("training_step", 6), ("validation_step", 2)])
def test_interrupt_after_an_epoch_keeps_its_weights(step, call, data, tmp_path, monkeypatch):
    handler = signal.getsignal(signal.SIGINT)
    interrupt_in(monkeypatch, step, call)  # in der zweiten Epoche
    _, result = fit("rnn", data, CONFIG, output=tmp_path)
    assert (result.best_epoch, result.interrupted, result.test_accuracy) == (1, True, None)
    assert set(os.listdir(tmp_path)) == FILES
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["interrupted"] is True
    kept = model_from_weights(load_weights(tmp_path))
    assert evaluate(kept, data.validation) == pytest.approx(result.val_accuracy, abs=1e-6)
    assert loss_of(kept, data.validation) == pytest.approx(result.table().loc[1, "val_loss"])
    assert signal.getsignal(signal.SIGINT) is handler  # das nächste Ctrl-C wirkt wieder


def test_interrupt_during_the_test_keeps_the_training(data, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "evaluate", lambda *_: signal.raise_signal(signal.SIGINT))
    _, result = fit("rnn", data, CONFIG, output=tmp_path)
    assert (result.interrupted, result.test_accuracy) == (True, None)
    assert len(result.table()) == 3 and set(os.listdir(tmp_path)) == FILES


def test_interrupt_while_the_best_epoch_is_written_waits(data, tmp_path, monkeypatch):
    original = ModelCheckpoint.on_validation_end

    def pressed_first(self, *arguments):
        signal.raise_signal(signal.SIGINT)
        original(self, *arguments)

    monkeypatch.setattr(ModelCheckpoint, "on_validation_end", pressed_first)
    _, result = fit("rnn", data, CONFIG, output=tmp_path)
    assert (result.best_epoch, result.interrupted) == (1, True)
    assert set(os.listdir(tmp_path)) == FILES


def test_interrupt_while_the_results_are_written_changes_nothing(data, tmp_path, monkeypatch):
    original = training.save_weights

    def pressed_first(*arguments):
        signal.raise_signal(signal.SIGINT)
        original(*arguments)

    monkeypatch.setattr(training, "save_weights", pressed_first)
    _, result = fit("rnn", data, CONFIG, output=tmp_path)
    assert not result.interrupted and set(os.listdir(tmp_path)) == FILES


def test_uninterrupted():
    done = []
    with pytest.raises(KeyboardInterrupt):
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append("Block")
        done.append("danach")
    assert done == ["Block"]


def test_fit_in_another_thread(data):
    """So trainiert, wer eine Oberfläche darum baut: Signale gibt es dort nicht."""
    results = []
    config = replace(CONFIG, epochs=1)
    thread = threading.Thread(target=lambda: results.append(fit("rnn", data, config)[1]))
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
