"""Was das Paket verspricht, geprüft, wie jemand es benützt: Jede Angabe gilt, genau einmal.

Alle Werte sind voneinander und von den Voreinstellungen verschieden: Wer zwei verwechselt oder
eine Angabe überhört, fällt auf.
"""

import errno
import hashlib
import inspect
import json
import logging
import math
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import warnings
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from anncourse import (
    Config,
    Vocabulary,
    __main__,
    fit,
    gru_step,
    load_reviews,
    lstm_step,
    rnn_step,
    session,
    training,
    unroll,
)
from anncourse.cells import unpack
from anncourse.config import recipe
from anncourse.data import ReviewsDataModule
from anncourse.errors import InputError, OutsideError
from anncourse.models import model_from_weights
from anncourse.prediction import read
from anncourse.results import metrics_table
from anncourse.sample import generate
from anncourse.text import tokenise
from anncourse.training import evaluate, predict_logits
from anncourse.weights import Weights, load_weights

FILES = {"weights.safetensors", "metrics.csv", "result.json"}
GIVEN = {
    "vocabulary_size": 61,
    "maxlen": 29,
    "validation_fraction": 0.296875,
    "split_seed": 17,
    "embedding_dim": 5,
    "hidden_size": 7,
    "init": "forget_bias_3",
    "embedding_dropout": 0.15625,
    "excerpt": 19,
    "batch_size": 14,
    "epochs": 2,
    "similar_length": False,
    "padding_side": "right",
    "learning_rate": 0.03125,
    "final_rate": 0.25,
    "rho": 0.875,
    "epsilon": 2.0**-20,
    "gradient_norm": 0.75,
    "averaging": 0.5,
}
SMALL = Config(**GIVEN)
TRAIN, TEST = 80, 37  # davon 24 zur Validierung


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Kritiken als Ordner, wie ihn auch die Kommandozeile liest."""
    folder = tmp_path_factory.mktemp("contract") / "reviews"
    folder.mkdir()
    for part, size, seed in (("train", TRAIN, 3), ("test", TEST, 4)):
        texts, labels = generate(size, seed)
        words = [(text.split() * 3)[: 4 + 7 * (k % 13)] for k, text in enumerate(texts)]
        texts = [f"{' '.join(cut)} {k}" for k, cut in enumerate(words)]  # 5 bis 89 Wörter
        table = pyarrow.table({"text": texts, "label": labels})
        pyarrow.parquet.write_table(table, folder / f"{part}-00000-of-00001.parquet")
    return folder


@pytest.fixture(scope="module")
def reviews(folder):
    return load_reviews(folder)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """Ein Thread und kein Balken, wo auch immer die Tests laufen."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    for name in ("google.colab", "ipykernel.kernelapp"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield
    torch.set_num_threads(threads)


class Watch(pl.Callback):
    """Schreibt mit, welche Stapel das Netz zum Lernen bekommt."""

    def __init__(self):
        self.batches = []

    def on_train_epoch_start(self, trainer, pl_module):
        self.batches.append([])

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.batches[-1].append(batch[0].clone())


class Fail(pl.Callback):
    """Scheitert im soundsovielten Stapel: mit einem Fehler oder mit Ctrl-C."""

    def __init__(self, batch, error=None):
        self.left, self.error = batch, error

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.left -= 1
        if self.left == 0:
            if self.error:
                raise self.error
            signal.raise_signal(signal.SIGINT)


def strict_json(text):
    """JSON, in dem es weder NaN noch Infinity gibt."""

    def refuse(name):
        raise AssertionError(f"{name} steht in der Datei")

    return json.loads(text, parse_constant=refuse)


def stored(folder):
    return strict_json((folder / "result.json").read_text(encoding="utf-8"))


def digest_of(model):
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode() + value.numpy().tobytes())
    return digest.hexdigest()


# --- Die Vorderseite ------------------------------------------------------------------------


def test_the_face_of_the_package():
    assert list(inspect.signature(fit).parameters) == [
        "cell",
        "reviews",
        "config",
        "seed",
        "output",
        "test",
        "accelerator",
        "callbacks",
    ]
    assert Vocabulary.build([["a", "b", "b"]], 4).words == ("<PAD>", "<UNK>", "b", "a")
    rng = np.random.default_rng(0)
    for step, gates in ((rnn_step, 1), (lstm_step, 4), (gru_step, 3)):
        arrays = {
            "weight_ih_l0": rng.normal(size=(gates * 3, 2)),
            "weight_hh_l0": rng.normal(size=(gates * 3, 3)),
            "bias_ih_l0": rng.normal(size=gates * 3),
            "bias_hh_l0": rng.normal(size=gates * 3),
        }
        cell = step.__name__.removesuffix("_step")
        states = unroll(step, rng.normal(size=(5, 2)), unpack(cell, arrays))
        assert states["h"].shape == (5, 3)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_without_a_config_the_recipe_of_the_cell_holds(cell, reviews):
    run = fit(cell, reviews, seed=3, test=False)
    assert run.result.config == asdict(recipe(cell)) and run.result.seed == 3
    assert run.model.cell == run.result.cell == cell


# --- Jede Angabe gilt -----------------------------------------------------------------------


def plain(value):
    return value


def as_numpy(value):
    kinds = {bool: np.bool_, int: np.int64, float: np.float64, str: np.str_}
    return value if value is None else kinds[type(value)](value)


def as_small_numpy(value):
    kinds = {bool: np.bool_, int: np.uint16, float: np.float32, str: np.str_}
    return value if value is None else kinds[type(value)](value)


def as_array(value):
    return value if value is None or isinstance(value, str) else np.array(value)


def as_tensor(value):
    return value if value is None or isinstance(value, str) else torch.tensor(value)


CASES = {
    "fixed-right": ("lstm", {}, plain),
    "fixed-left": ("gru", {"padding_side": "left", "maxlen": 31, "batch_size": 11}, as_numpy),
    "similar-right": ("rnn", {"similar_length": True, "vocabulary_size": 47}, as_tensor),
    "similar-left": (
        "lstm",
        {"similar_length": True, "padding_side": "left", "batch_size": 28, "excerpt": 13},
        as_array,
    ),
    "whole-right": ("gru", {"excerpt": None, "batch_size": 63}, as_small_numpy),
    "whole-similar": (
        "rnn",
        {"excerpt": None, "similar_length": True, "maxlen": 900, "batch_size": 1},
        plain,
    ),
    "excerpt-beyond-maxlen": ("lstm", {"excerpt": 50, "maxlen": 12, "batch_size": 200}, as_array),
    "large-vocabulary": ("gru", {"vocabulary_size": 3001, "epochs": 1}, as_numpy),
    "all-others": (
        "rnn",
        {
            "validation_fraction": 0.375,
            "split_seed": 5,
            "embedding_dim": 4,
            "hidden_size": 3,
            "init": "irnn",
            "embedding_dropout": 0.0,
            "epochs": 3,
            "learning_rate": 0.0625,
            "final_rate": 1.0,
            "rho": 0.0,
            "gradient_norm": 0.0,
            "averaging": 0.0,
        },
        as_small_numpy,
    ),
}


@pytest.fixture(scope="module", params=CASES)
def case(request, reviews, tmp_path_factory):
    """Ein Lauf mit dem, was gegeben war: Werte, Gestalt der Zahlen, Stapel."""
    cell, changes, form = CASES[request.param]
    given = GIVEN | changes
    watch, output = Watch(), tmp_path_factory.mktemp("case") / "run"
    config = Config(**{name: form(value) for name, value in given.items()})
    run = fit(cell, reviews, config, form(7), output, callbacks=[watch])
    return cell, given, run, watch.batches, output


def test_the_record_says_what_was_given(case):
    cell, given, run, _, output = case
    assert (run.result.cell, run.result.seed, run.result.epochs) == (cell, 7, given["epochs"])
    assert set(given) == {field.name for field in fields(Config)}
    for record in (run.result.config, asdict(run.model.config), stored(output)["config"]):
        assert record == given
        assert {name: type(value) for name, value in record.items()} == {
            name: type(value) for name, value in given.items()
        }
    assert type(run.result.seed) is int
    assert strict_json(json.dumps(run.result.summary())) == stored(output)
    weights = load_weights(output)
    assert asdict(weights.config) == given and weights.cell == cell


def test_the_parts_are_cut_as_given(case, reviews):
    _, given, run, _, _ = case
    words = {}
    for name, texts in (("train", reviews.train_texts), ("test", reviews.test_texts)):
        encode = run.data.vocabulary.encode
        words[name] = sorted(tuple(encode(tokenise(t))[-given["maxlen"] :]) for t in texts)
    parts = run.data.train, run.data.validation, run.data.test
    validation = 2 * round(given["validation_fraction"] * TRAIN / 2)  # je Klasse
    assert [len(part) for part in parts] == [TRAIN - validation, validation, TEST]
    rows = [sorted(tuple(ids.tolist()) for ids in part.ids) for part in parts]
    assert sorted(rows[0] + rows[1]) == words["train"] and rows[2] == words["test"]
    longest = [max(len(row) for row in part) for part in rows]
    excerpt = given["excerpt"] or given["maxlen"]
    assert run.data.train.lengths().max() == min(excerpt, longest[0])
    assert [part.lengths().max() for part in parts[1:]] == longest[1:]
    assert longest == 3 * [given["maxlen"]] or given["maxlen"] == 900
    assert all((part.lengths() >= 1).all() for part in parts)


def test_the_net_has_the_sizes_given(case):
    _, given, run, _, _ = case
    sizes = given["vocabulary_size"], given["embedding_dim"], given["hidden_size"]
    recurrent = run.model.recurrent
    assert run.model.embedding.weight.shape == sizes[:2]
    assert (recurrent.input_size, recurrent.hidden_size) == sizes[1:]
    assert run.model.dropout.p == given["embedding_dropout"]
    words = len(run.data.vocabulary)
    assert words == sizes[0] if sizes[0] < 100 else words < sizes[0]


def test_the_net_learnt_from_batches_as_given(case):
    """Grösse, Länge und Seite des Auffüllens, an den Stapeln, die das Netz bekam."""
    _, given, run, epochs, _ = case
    number, size = len(run.data.train), given["batch_size"]
    longest = min(given["excerpt"] or given["maxlen"], given["maxlen"])
    assert len(epochs) == given["epochs"]
    for batches in epochs:
        sizes = [len(ids) for ids in batches]
        assert sum(sizes) == number and len(sizes) == math.ceil(number / size)
        assert max(sizes) == math.ceil(number / len(sizes)) <= size
        filled = 0
        for ids in batches:
            read = (ids != 0).sum(1)  # (B,)
            assert read.max() <= longest
            if given["similar_length"]:
                assert ids.shape[1] == read.max()
            else:
                assert ids.shape[1] == given["maxlen"]
            columns = torch.arange(ids.shape[1])
            if given["padding_side"] == "left":
                expected = columns >= ids.shape[1] - read[:, None]
            else:
                expected = columns < read[:, None]
            assert torch.equal(ids != 0, expected)
            filled += (~expected).sum().item()
        assert (filled > 0) == (size > 1)
    rows = [sorted(row[row != 0].tolist() for ids in batches for row in ids) for batches in epochs]
    if len(epochs) > 1:  # in jeder Epoche andere Ausschnitte, sonst dieselben Kritiken
        excerpts = given["excerpt"] is not None and given["excerpt"] < given["maxlen"]
        assert (rows[0] != rows[1]) == excerpts


def test_the_validation_is_padded_as_given(case):
    _, given, run, _, _ = case
    for ids, _ in run.data.val_dataloader():
        if not given["similar_length"]:
            assert ids.shape[1] == given["maxlen"]
        edge = ids[:, -1] if given["padding_side"] == "left" else ids[:, 0]
        assert (edge != 0).all()


def test_measuring_again_gives_the_same_figures(case, folder, capsys):
    """In Python, aus dem Ordner und auf der Kommandozeile: genau gleich, nicht ungefähr."""
    cell, _, run, _, output = case
    assert 0 <= run.result.test_accuracy <= 1
    for model in (run.model, model_from_weights(load_weights(output))):
        assert evaluate(model, run.data.validation) == run.result.val_accuracy
        assert evaluate(model, run.data.test) == run.result.test_accuracy
        assert digest_of(model) == digest_of(run.model)
    assert __main__.main(["evaluate", str(output), "--data", str(folder)]) == 0
    shown = strict_json(capsys.readouterr().out.splitlines()[-1])
    assert shown["test_accuracy"] == run.result.test_accuracy
    assert (shown["cell"], shown["reviews"]) == (cell, TEST)
    best = run.result.table().loc[run.result.best_epoch, "val_accuracy"]
    assert run.result.val_accuracy == pytest.approx(best, abs=1e-6)


def test_the_command_line_pads_and_cuts_as_the_net_was_given(
    reviews, folder, tmp_path, capsys, monkeypatch
):
    """Bis auf das einzelne Logit; denn gleich viele richtige Urteile gäbe es auch aus Zufall."""
    seen = []

    def recorded(*arguments):
        seen.append(predict_logits(*arguments))
        return seen[-1]

    monkeypatch.setattr(training, "predict_logits", recorded)
    different = []
    for side, similar, maxlen in (
        ("left", True, 113),  # die längste Kritik hat 89 Wörter
        ("left", False, 113),
        ("right", True, 113),
        ("right", False, 113),
        ("right", False, 23),
    ):
        change = {"padding_side": side, "similar_length": similar, "maxlen": maxlen, "epochs": 1}
        config = replace(SMALL, init="pytorch", **change)
        run = fit("rnn", reviews, config, seed=7, output=tmp_path, test=False)
        other = load_weights(tmp_path)
        with torch.no_grad():  # immer dasselbe Netz: nur die Angaben sind andere
            for name, value in run.model.state_dict().items():
                generator = torch.Generator().manual_seed(len(name))
                value.copy_(torch.randn(value.shape, generator=generator) / 20)
            torch.nn.init.orthogonal_(  # dreht den Zustand nur: Kein Schritt wird vergessen
                run.model.recurrent.weight_hh_l0, generator=torch.Generator().manual_seed(1)
            )
        arrays = {name: value.numpy() for name, value in run.model.state_dict().items()}
        content = replace(other, arrays=arrays).to_bytes()
        (tmp_path / "weights.safetensors").write_bytes(content)
        assert __main__.main(["evaluate", str(tmp_path), "--data", str(folder)]) == 0
        assert torch.equal(seen[-1], predict_logits(run.model, run.data.test))
        assert not any(torch.equal(seen[-1], logits) for logits in different)
        different.append(seen[-1])


@pytest.mark.parametrize(
    "change",
    [
        {"padding_side": "left"},
        {"similar_length": True},
        {"maxlen": 23},
        {"excerpt": 7},
        {"batch_size": 9},
        {"vocabulary_size": 60},
        {"split_seed": 18},
        {"validation_fraction": 0.2},
        {"init": "keras"},
        {"embedding_dropout": 0.5},
        {"learning_rate": 0.01},
        {"final_rate": 0.5},
        {"rho": 0.5},
        {"epsilon": 0.01},
        {"gradient_norm": 0.05},
        {"averaging": 0.25},
    ],
    ids=str,
)
def test_every_setting_changes_what_is_learnt(change, reviews, request):
    """Eine Angabe, die nichts ändert, wäre eine, die niemand liest."""
    cache = request.config.__dict__.setdefault("_contract", {})
    if "base" not in cache:
        cache["base"] = fit("lstm", reviews, SMALL, seed=7, test=False).model
    other = fit("lstm", reviews, replace(SMALL, **change), seed=7, test=False).model
    layers = [dict(model.recurrent.named_parameters()) for model in (cache["base"], other)]
    assert not all(torch.equal(layers[0][name], layers[1][name]) for name in layers[0])


# --- Ohne Test keine Testzahl ---------------------------------------------------------------


@pytest.fixture
def forbidden_test(monkeypatch):
    """Ein Testteil, den niemand anrühren darf."""

    def touched(self):
        raise AssertionError("Der Testteil wurde angerührt")

    class Guarded(ReviewsDataModule):
        test = property(touched, lambda self, part: None)

    monkeypatch.setattr(training, "ReviewsDataModule", Guarded)


def test_without_test_nothing_is_measured_on_it(forbidden_test, reviews, tmp_path):
    run = fit("gru", reviews, SMALL, output=tmp_path, test=False)
    assert run.result.test_accuracy is None and stored(tmp_path)["test_accuracy"] is None
    assert not run.result.interrupted and run.result.val_accuracy > 0


def test_with_test_it_is_measured_once(forbidden_test, reviews):
    with pytest.raises(AssertionError, match="Der Testteil wurde angerührt"):
        fit("gru", reviews, SMALL)


def test_the_test_part_changes_nothing_about_the_net(reviews):
    """Gemessen oder nicht, mit welchen Testkritiken auch immer: dieselben Gewichte."""
    flipped = replace(reviews, test_labels=1 - reviews.test_labels)
    runs = [fit("rnn", r, SMALL, seed=7, test=t) for r, t in ((reviews, False), (flipped, True))]
    assert digest_of(runs[0].model) == digest_of(runs[1].model)
    assert runs[0].result.val_accuracy == runs[1].result.val_accuracy


# --- Nachher ist alles wie vorher -----------------------------------------------------------


def world():
    """Alles, was für den ganzen Prozess gilt und was ein Training verstellen könnte."""
    loggers = {name: logging.getLogger(name) for name in list(logging.root.manager.loggerDict)}
    kind, keys, position, has_gauss, gauss = np.random.get_state()
    return {
        "environ": dict(os.environ),
        "torch": torch.get_rng_state().numpy().tobytes(),
        "numpy": (kind, keys.tobytes(), position, has_gauss, gauss),
        "random": random.getstate(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "warn_only": torch.is_deterministic_algorithms_warn_only_enabled(),
        "cudnn": (torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic),
        "precision": torch.get_float32_matmul_precision(),
        "dtype": torch.get_default_dtype(),
        "grad": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "anomaly": torch.is_anomaly_enabled(),
        "threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "warnings": list(warnings.filters),
        "showwarning": warnings.showwarning,
        "levels": {name: (log.level, log.disabled) for name, log in loggers.items()},
        "handlers": {name: list(log.handlers) for name, log in loggers.items()},
        "root": (logging.root.level, list(logging.root.handlers)),
        "signals": {
            kind: signal.getsignal(kind)
            for kind in map(signal.Signals, sorted(signal.valid_signals() & set(signal.Signals)))
        },
        "cwd": os.getcwd(),
        "rank": vars(rank_zero_only).get("rank"),
        "hooks": (sys.excepthook, sys.stdout, sys.stderr),
    }


HOSTILE = {
    "PL_TRAINER_FAST_DEV_RUN": "1",
    "PL_TRAINER_LIMIT_TRAIN_BATCHES": "1",
    "PL_TRAINER_LIMIT_VAL_BATCHES": "1",
    "PL_TRAINER_PRECISION": "bf16-mixed",
    "PL_TRAINER_MAX_EPOCHS": "1",
    "PL_TRAINER_MAX_STEPS": "3",
    "PL_TRAINER_ACCUMULATE_GRAD_BATCHES": "2",
    "PL_TRAINER_DETERMINISTIC": "1",
    "PL_TRAINER_DEVICES": "2",
    "PL_TRAINER_LOGGER": "1",
    "PL_TRAINER_ENABLE_CHECKPOINTING": "1",
    "PL_GLOBAL_SEED": "99",
    "PL_SEED_WORKERS": "1",
    "SLURM_NTASKS": "4",
    "SLURM_JOB_ID": "1234",
    "SLURM_JOB_NAME": "annc",
    "SLURM_PROCID": "1",
    "SLURM_LOCALID": "1",
    "SLURM_NODEID": "1",
    "SLURM_NODELIST": "node[01-04]",
    "RANK": "1",
    "LOCAL_RANK": "1",
    "GROUP_RANK": "1",
    "NODE_RANK": "1",
    "WORLD_SIZE": "4",
    "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "10.0.0.7",
    "MASTER_PORT": "29500",
    "LSB_JOBID": "77",
    "LSB_DJOB_RANKFILE": "/nirgends/rank",
    "JSM_NAMESPACE_RANK": "1",
    "JSM_NAMESPACE_SIZE": "4",
    "JSM_NAMESPACE_LOCAL_RANK": "1",
    "OMPI_COMM_WORLD_RANK": "1",
    "KUBERNETES_PORT": "tcp://10.0.0.1:443",
    "TORCHELASTIC_RUN_ID": "abc",
}
ENDS = {
    "finished": ({}, None),
    "without-output": ({"output": None}, None),
    "wrong-cell": ({"cell": "transformer"}, InputError),
    "wrong-config": ({"config": {}}, InputError),
    "diverged": ({"callbacks": [lambda: Fail(6, InputError("läuft davon"))]}, InputError),
    "failed": ({"callbacks": [lambda: Fail(6, ArithmeticError("von aussen"))]}, ArithmeticError),
    "interrupted-early": ({"callbacks": [lambda: Fail(2)]}, KeyboardInterrupt),
    "interrupted-late": ({"callbacks": [lambda: Fail(6)]}, None),
}


@pytest.mark.parametrize("end", ENDS)
def test_after_a_training_nothing_global_has_changed(end, reviews, tmp_path, monkeypatch):
    """Auch nach einem Fehler, auch nach Ctrl-C; mit Werten, die sonst niemand hat."""
    fit("rnn", reviews, replace(SMALL, epochs=1), test=False)  # was erst beim ersten Mal lädt
    for name, value in (HOSTILE | {"CUBLAS_WORKSPACE_CONFIG": ":16:8"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(vars(rank_zero_only), "rank", 3)
    monkeypatch.chdir(tmp_path)
    loggers = [logging.getLogger(n) for n in ("pytorch_lightning", "lightning_fabric", "torch")]
    for logger, level in zip(loggers, (logging.INFO, logging.DEBUG, 23)):
        monkeypatch.setattr(logger, "level", level)
    changes, error = ENDS[end]
    options = {"cell": "lstm", "config": SMALL, "output": tmp_path / "run"} | changes
    options["callbacks"] = [make() for make in options.get("callbacks", [])]
    precision = torch.get_float32_matmul_precision()
    with warnings.catch_warnings():
        warnings.filterwarnings("once", message="nur hier")
        torch.set_float32_matmul_precision("high")
        torch.manual_seed(4321), np.random.seed(8765), random.seed(135)
        try:
            before = world()
            if error:
                with pytest.raises(error):
                    fit(reviews=reviews, **options)
            else:
                run = fit(reviews=reviews, **options)
                assert run.result.interrupted == (end == "interrupted-late")
            after = world()
        finally:
            torch.set_float32_matmul_precision(precision)
    for name, value in before.items():
        if name in ("levels", "handlers"):  # neue Namen dürfen dazukommen
            after[name] = {logger: after[name][logger] for logger in value}
        assert after[name] == value, name


@pytest.mark.parametrize("mode", [True, False])
def test_measuring_leaves_the_net_in_its_mode(mode, reviews):
    run = fit("gru", reviews, replace(SMALL, epochs=1))
    assert not run.model.training
    run.model.train(mode)
    before = world()
    evaluate(run.model, run.data.test)
    assert world() == before
    assert all(module.training is mode for module in run.model.modules())
    part = run.data.test.ids[0]
    run.data.test.ids[0] = torch.full((4,), 20_000, dtype=torch.int16)  # ein Wort zu viel
    with pytest.raises(IndexError):
        evaluate(run.model, run.data.test)
    run.data.test.ids[0] = part
    assert all(module.training is mode for module in run.model.modules())
    assert torch.is_grad_enabled()


def test_data_and_config_given_are_left_alone(reviews):
    texts, labels = list(reviews.train_texts), reviews.train_labels.copy()
    test_texts, config = list(reviews.test_texts), asdict(SMALL)
    fit("rnn", reviews, SMALL)
    assert reviews.train_texts == texts and np.array_equal(reviews.train_labels, labels)
    assert reviews.test_texts == test_texts and asdict(SMALL) == config


# --- Die Umgebung redet nicht mit -----------------------------------------------------------


@pytest.fixture(scope="module")
def undisturbed(reviews):
    """Gewichte ohne fremde Variablen."""
    with pytest.MonkeyPatch.context() as patch:
        for name in HOSTILE:
            patch.delenv(name, raising=False)
        return digest_of(fit("lstm", reviews, SMALL, seed=7, test=False).model)


@pytest.mark.parametrize("names", [*([name] for name in HOSTILE), list(HOSTILE)], ids=" ".join)
def test_no_foreign_variable_changes_the_net(names, reviews, undisturbed, monkeypatch):
    for name in names:
        monkeypatch.setenv(name, HOSTILE[name])
    before = dict(os.environ)
    run = fit("lstm", reviews, SMALL, seed=7)
    assert digest_of(run.model) == undisturbed
    assert len(run.result.table()) == SMALL.epochs and run.result.test_accuracy is not None
    assert dict(os.environ) == before


CODE = """
import hashlib, json, os, sys
before = dict(os.environ)
from anncourse import Config, fit, load_reviews
import torch
torch.set_num_threads(1)
run = fit("lstm", load_reviews(sys.argv[1]), Config(**json.loads(sys.argv[2])), seed=7, test=False)
digest = hashlib.sha256()
for name, value in sorted(run.model.state_dict().items()):
    digest.update(name.encode() + value.numpy().tobytes())
assert all(os.environ.get(name) == value for name, value in before.items())
print(digest.hexdigest())
"""


def test_not_even_when_the_library_is_loaded_among_them(folder, undisturbed):
    """Lightning liest den Rang schon beim Import."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, folder, json.dumps(GIVEN)],
        env=os.environ | HOSTILE,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == undisturbed


def test_nor_on_the_command_line(folder, tmp_path):
    """Selbst ein Rang, der keine Zahl ist."""
    weights = []
    for name, changes in (("calm", {}), ("hostile", HOSTILE | {"RANK": "abc"})):
        calm = {n: v for n, v in os.environ.items() if n not in HOSTILE}
        done = subprocess.run(
            [sys.executable, "-m", "anncourse", "train", "--cell", "gru", "--epochs", "2"]
            + ["--seed", "7", "--data", str(folder), "--output", str(tmp_path / name)],
            env=calm | {"OMP_NUM_THREADS": "1"} | changes,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        assert strict_json(done.stdout.splitlines()[-1])["epochs"] == 2
        assert len(metrics_table(tmp_path / name / "metrics.csv")) == 2
        weights.append(load_weights(tmp_path / name))
    assert weights[0].config == weights[1].config
    assert weights[0].vocabulary == weights[1].vocabulary
    for name, array in weights[0].arrays.items():
        assert array.tobytes() == weights[1].arrays[name].tobytes(), name


# --- Ein Training, das davonläuft -----------------------------------------------------------


def test_an_infinite_rate_is_no_rate():
    with pytest.raises(InputError, match="^learning_rate: «inf»"):
        replace(SMALL, learning_rate=math.inf)


@pytest.mark.parametrize("rate", [10.0, 100.0, 1e3])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_nothing_that_is_not_finite_is_ever_stored(cell, rate, reviews, tmp_path):
    """Abgelehnt oder abgelegt; was abgelegt ist, lässt sich auch lesen und beurteilt."""
    try:
        run = fit(cell, reviews, replace(SMALL, learning_rate=rate), output=tmp_path)
    except InputError as error:
        assert "learning_rate" in str(error)
        assert not list(tmp_path.iterdir())
    else:
        assert all(np.isfinite(array).all() for array in load_weights(tmp_path).arrays.values())
        assert stored(tmp_path) == run.result.summary()
        assert np.isfinite(metrics_table(tmp_path / "metrics.csv").to_numpy()).all()
        for text in reviews.test_texts[::5]:
            assert 0 <= read(load_weights(tmp_path), text).probability <= 1


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_are_refused_everywhere(value, reviews, tmp_path):
    """Beim Schreiben, beim Lesen, beim Messen; und schon während des Trainings."""

    class Poison(pl.Callback):
        def on_train_batch_end(self, trainer, pl_module, *arguments):
            with torch.no_grad():
                pl_module.model.output.bias.fill_(value)

    for output in (None, tmp_path / "bad"):  # auch wenn danach niemand schreibt oder misst
        with pytest.raises(InputError, match="läuft davon.*Verlust"):
            fit("gru", reviews, SMALL, output=output, test=False, callbacks=[Poison()])
    assert not list(tmp_path.iterdir())

    run = fit("gru", reviews, SMALL, output=tmp_path / "run")
    good = load_weights(tmp_path / "run")
    arrays = good.arrays | {"output.bias": np.array([value], dtype=np.float32)}
    bad = replace(good, arrays=arrays)
    with pytest.raises(InputError, match="«output.bias».*nicht endlich"):
        bad.to_bytes()
    content = (tmp_path / "run" / "weights.safetensors").read_bytes()
    old = good.arrays["output.bias"].tobytes()
    assert content.count(old) == 1
    file = tmp_path / "run" / "weights.safetensors"
    file.write_bytes(content.replace(old, arrays["output.bias"].tobytes()))
    with pytest.raises(InputError, match="«output.bias».*nicht endlich"):
        load_weights(tmp_path / "run")
    with torch.no_grad():
        run.model.output.bias.fill_(value)
    for measure in (predict_logits, evaluate):
        with pytest.raises(InputError, match="keine endlichen Zahlen.*learning_rate"):
            measure(run.model, run.data.test)


def test_predict_refuses_them_too(reviews, tmp_path, capsys):
    """Kein Urteil «negativ nan» mit Status 0."""
    fit("lstm", reviews, SMALL, output=tmp_path)
    file = tmp_path / "weights.safetensors"
    good = load_weights(tmp_path)
    word = good.vocabulary.words[2]
    for value in (math.nan, math.inf, 3e38):
        bad = np.full_like(good.arrays["output.weight"], value)
        content = file.read_bytes()
        assert content.count(good.arrays["output.weight"].tobytes()) == 1
        file.write_bytes(content.replace(good.arrays["output.weight"].tobytes(), bad.tobytes()))
        status = __main__.main(["predict", word, "--model", str(tmp_path)])
        shown = capsys.readouterr()
        assert "nan" not in shown.out and "inf" not in shown.out
        if not math.isfinite(value):
            assert (status, shown.out) == (2, "") and "nicht endlich" in shown.err
        file.write_bytes(content)


# --- Was kein Hyperparameter ist ------------------------------------------------------------

HUGE = 10**5000
NO_NUMBER = [
    None,
    "3",
    "",
    b"3",
    True,
    np.True_,
    torch.tensor(True),
    math.nan,
    math.inf,
    -math.inf,
    np.float32("nan"),
    torch.tensor(math.inf),
    HUGE,
    -HUGE,
    [3],
    (3,),
    {3},
    {},
    1j,
    object(),
    np.array([3]),
    np.array([3.0, 4.0]),
    torch.tensor([3.0]),
    -1,
    -0.5,
]
NO_WHOLE = [*NO_NUMBER, 2.0, 2.5, np.float64(3), torch.tensor(3.0)]
NO_FLAG = [
    None,
    0,
    1,
    1.0,
    "True",
    "",
    b"",
    [],
    [True],
    math.nan,
    HUGE,
    np.int64(1),
    np.array([True]),
]
NO_NAME = [None, "", "Left", "keras ", 0, True, math.nan, HUGE, ["left"], ("left",), b"left", {}]
BAD = {
    "vocabulary_size": [*NO_WHOLE, 0, 1, 2**15 + 1],
    "maxlen": [*NO_WHOLE, 0, 100_001],
    "validation_fraction": [*NO_NUMBER, 0, 0.0, 1, 1.0, 1.5],
    "split_seed": [*NO_WHOLE, 2**32],
    "embedding_dim": [*NO_WHOLE, 0, 4097],
    "hidden_size": [*NO_WHOLE, 0, 4097],
    "init": [*NO_NAME, "left", "Keras"],
    "embedding_dropout": [*NO_NUMBER, 1, 1.0, 1.5],
    "excerpt": [*[value for value in NO_WHOLE if value is not None], 0, 100_001],
    "batch_size": [*NO_WHOLE, 0, 100_001],
    "epochs": [*NO_WHOLE, 0, 1001],
    "similar_length": NO_FLAG,
    "padding_side": [*NO_NAME, "keras", "both"],
    "learning_rate": [*NO_NUMBER, 0, 0.0],
    "final_rate": [*NO_NUMBER, 1.001, 2],
    "rho": [*NO_NUMBER, 1, 1.0, 2],
    "epsilon": [*NO_NUMBER, 0, 0.0],
    "gradient_norm": NO_NUMBER,
    "averaging": [*NO_NUMBER, 1, 1.0, 2.0],
}
GOOD = {
    "vocabulary_size": [2, 2**15],
    "maxlen": [1, 100_000],
    "validation_fraction": [1e-9, 0.999],
    "split_seed": [0, 2**32 - 1],
    "embedding_dim": [1, 4096],
    "hidden_size": [1, 4096],
    "init": ["pytorch", "keras", "orthogonal", "forget_bias_3", "irnn", np.str_("irnn")],
    "embedding_dropout": [0, 0.999],
    "excerpt": [None, 1, 100_000],
    "batch_size": [1, 100_000],
    "epochs": [1, 1000],
    "similar_length": [True, False, np.False_, torch.tensor(True), np.array(True)],
    "padding_side": ["left", "right", np.str_("left")],
    "learning_rate": [1e-9, 1, 10.0],
    "final_rate": [0, 1],
    "rho": [0, 0.999],
    "epsilon": [1e-9, 0.5],
    "gradient_norm": [0, 1e6],
    "averaging": [0, 0.9999],
}


def test_every_field_is_tried():
    names = {field.name for field in fields(Config)}
    assert set(BAD) == set(GOOD) == set(GIVEN) == names


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_value_is_an_input_error_that_names_its_field(name):
    for value in BAD[name]:
        with pytest.raises(InputError) as caught:
            Config(**{name: value})
            pytest.fail(f"{name}={type(value).__name__} wird angenommen")
        message = str(caught.value)
        assert re.match(f"{name}: (der Text )?«", message) and len(message) < 250, message
        if "passt nicht" in message:  # «8» als Text sieht sonst aus wie eine Zahl
            assert ("der Text «" in message) == isinstance(value, str)
        assert re.search("erwartet wird|möglich sind", message) and message.isprintable()


@pytest.mark.parametrize("name", GOOD)
def test_the_last_right_values_are_taken(name):
    kind = type(GIVEN[name])
    for value in GOOD[name]:
        taken = getattr(Config(**{name: value}), name)
        assert taken == value and (value is None or type(taken) is kind)


def test_a_value_with_control_characters_does_not_reach_the_terminal():
    with pytest.raises(InputError) as caught:
        Config(init="\x1b[2Kkeras")
    assert str(caught.value).isprintable()


def test_an_unknown_field_is_refused():
    with pytest.raises(TypeError, match="learning_rte"):
        Config(learning_rte=0.1)


# --- Fertige Arbeit geht nicht verloren -----------------------------------------------------


def refuse_from(monkeypatch, folder, call):
    """Vom soundsovielten Mal an ist dort der Datenträger voll."""
    calls, original = iter(range(1, 100)), session.write_files

    def write(place, contents):
        if Path(place) == folder and next(calls) >= call:
            raise OSError(errno.ENOSPC, "No space left on device")
        original(place, contents)

    monkeypatch.setattr(session, "write_files", write)


@pytest.mark.parametrize("call", [1, 2])
def test_what_the_output_refuses_lies_where_the_message_says(call, reviews, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    expected = fit("lstm", reviews, SMALL, seed=7)
    refuse_from(monkeypatch, tmp_path / "run", call)
    with pytest.raises(OutsideError, match="kein Platz mehr") as caught:
        fit("lstm", reviews, SMALL, seed=7, output=tmp_path / "run")
    named = [Path(name) for name in re.findall("«(.*?)»", str(caught.value))]
    assert named[0] == tmp_path / "run" and len(named) == 2
    assert set(os.listdir(named[1])) == FILES
    assert digest_of(model_from_weights(load_weights(named[1]))) == digest_of(expected.model)
    assert stored(named[1])["test_accuracy"] == (
        expected.result.test_accuracy if call == 2 else None
    )
    assert metrics_table(named[1] / "metrics.csv").equals(expected.result.table())
    assert (tmp_path / "run").exists() == (call == 2)  # leer angelegt bleibt er nicht


@pytest.mark.parametrize("error", [MemoryError, RuntimeError("zu gross"), InputError("nein")])
def test_a_measurement_that_fails_costs_no_training(error, reviews, tmp_path, monkeypatch):
    def fail(*arguments):
        raise error

    monkeypatch.setattr(training, "evaluate", fail)
    with pytest.raises(error if isinstance(error, type) else type(error)):
        fit("lstm", reviews, SMALL, seed=7, output=tmp_path / "run")
    monkeypatch.undo()
    torch.set_num_threads(1)
    expected = fit("lstm", reviews, SMALL, seed=7)
    assert set(os.listdir(tmp_path / "run")) == FILES
    kept = model_from_weights(load_weights(tmp_path / "run"))
    assert digest_of(kept) == digest_of(expected.model)
    assert evaluate(kept, expected.data.test) == expected.result.test_accuracy
    result = stored(tmp_path / "run")
    assert result["test_accuracy"] is None and result["config"] == GIVEN


@pytest.mark.parametrize("call", [1, 2])
def test_ctrl_c_while_the_files_are_made_loses_nothing(call, reviews, tmp_path, monkeypatch):
    """Was der Lauf sagt, steht danach auch in der Datei."""
    calls, original = iter(range(1, 10)), Weights.to_bytes

    def pressed_first(self):
        if next(calls) == call:
            signal.raise_signal(signal.SIGINT)
        return original(self)

    monkeypatch.setattr(Weights, "to_bytes", pressed_first)
    run = fit("gru", reviews, SMALL, output=tmp_path)
    assert set(os.listdir(tmp_path)) == FILES
    assert stored(tmp_path) == run.result.summary()


def test_a_run_that_fails_leaves_what_was_there(reviews, tmp_path):
    for name in FILES:
        (tmp_path / name).write_text(f"alt: {name}")
    with pytest.raises(ArithmeticError):
        fit("rnn", reviews, SMALL, output=tmp_path, callbacks=[Fail(6, ArithmeticError())])
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        name: f"alt: {name}" for name in FILES
    }


def test_weights_say_everything_needed_to_build_the_net_again(reviews, tmp_path):
    """Nur die eine Datei, an einem anderen Ort."""
    run = fit("gru", reviews, SMALL, output=tmp_path / "run")
    os.replace(tmp_path / "run" / "weights.safetensors", tmp_path / "alone.safetensors")
    weights = load_weights(tmp_path / "alone.safetensors")
    assert isinstance(weights, Weights) and weights.vocabulary == run.data.vocabulary
    model = model_from_weights(weights)
    assert evaluate(model, run.data.test) == run.result.test_accuracy
