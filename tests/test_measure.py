"""Die gespeicherten Läufe: vollständig und von heute; ein Abbruch kostet nichts Fertiges."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict

import pyarrow
import pyarrow.parquet
import pytest

from anncourse.config import recipe
from anncourse.errors import InputError, OutsideError
from anncourse.experiments import baselines, imdb, lag
from anncourse.experiments.__main__ import EXPERIMENTS, is_done, main
from anncourse.experiments.search import best
from anncourse.experiments.stored import (
    BENCH_FILE,
    MEASURED_FOLDER,
    bench_table,
    mean_and_spread,
    measured,
    read,
    store,
)
from anncourse.sample import generate
from anncourse.sources import IMDB_DIGEST
from anncourse.weights import load_weights

LIMIT = 120  # Sekunden: Hängt ein Prozess, so scheitert der Test, statt mitzuhängen


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for part, size, seed in (("train", 400, 1), ("test", 100, 2)):
        texts, labels = generate(size, seed)
        file = folder / f"{part}-00000-of-00001.parquet"
        pyarrow.parquet.write_table(pyarrow.table({"text": texts, "label": labels}), file)
    return folder


def command(data, output, *patterns):
    return {
        "args": [sys.executable, "-m", "anncourse.experiments", *patterns, "--output", output],
        "env": os.environ | {"ANNCOURSE_DATA": str(data)},
        "encoding": "utf-8",
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
    }


# --- Was im Paket liegt ---------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("init", ["keras", "pytorch"])
def test_five_seeds_of_each_cell_with_todays_settings(cell, init):
    runs = measured(f"{cell}-{init}-*")
    assert sorted(runs["seed"]) == [0, 1, 2, 3, 4]
    assert set(runs["digest"]) == {IMDB_DIGEST} and set(runs["data"]) == {"IMDb"}
    for file in MEASURED_FOLDER.glob(f"{cell}-{init}-*.json"):
        config = json.loads(file.read_text("utf-8"))["config"]
        assert config == asdict(best(cell, init))
    assert not runs["interrupted"].any() and (runs["test_accuracy"] > 0.5).all()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_trained_weights_are_the_measured_run(cell):
    folder = MEASURED_FOLDER.parent / "trained" / cell
    result = json.loads((folder / "result.json").read_text("utf-8"))
    assert result["config"] == asdict(recipe(cell)) and result["digest"] == IMDB_DIGEST
    run = measured(f"{cell}-keras-0").iloc[0]  # gleicher Zufallsstart, ein Thread: dieselben Zahlen
    for name in ("seed", "best_epoch", "val_accuracy", "test_accuracy", "parameters"):
        assert result[name] == run[name]
    assert load_weights(folder).cell == cell


def test_trained_weights_are_small():
    files = MEASURED_FOLDER.parent.glob("trained/*/weights.safetensors")
    assert sum(file.stat().st_size for file in files) < 5_000_000


def test_other_runs_are_there():
    assert set(measured("tfidf*").index) == {"tfidf", "tfidf_bigrams"}
    assert measured("majority").loc["majority", "test_accuracy"] == 0.5


def test_every_stored_run_is_one_of_today_and_the_other_way_round():
    """``make results`` rechnete sonst neu, was schon im Buch steht, oder das Buch zeigte Altes."""
    names = {name for experiment in EXPERIMENTS for name in experiment.runs()}
    stored = {file.stem for file in MEASURED_FOLDER.glob("*.json")}
    assert stored == names
    assert all(is_done(MEASURED_FOLDER, name, IMDB_DIGEST) for name in stored)


def test_names_are_distinct():
    names = [name for experiment in EXPERIMENTS for name in experiment.runs()]
    assert len(set(names)) == len(names)


def test_an_unknown_pattern_is_said():
    with pytest.raises(InputError, match="«transformer-» liegt kein Lauf.*--list"):
        measured("transformer-")


def test_a_damaged_result_is_said(tmp_path):
    for content in ("{", "[]", '{"name": "tfidf"}'):
        (tmp_path / "majority.json").write_text(content)
        with pytest.raises(InputError, match="majority.json.*make results"):
            read(tmp_path / "majority.json")


def test_nothing_that_is_not_finite_is_stored(tmp_path):
    with pytest.raises(ValueError):
        store(tmp_path, {"name": "majority", "test_accuracy": float("nan")})
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "name, changed",
    [("rnn-keras-0", "config"), ("rnn-keras-0", "digest"), ("truncated-never-005", "config")],
)
def test_other_settings_or_data_are_measured_anew(name, changed, tmp_path):
    result = json.loads((MEASURED_FOLDER / f"{name}.json").read_text("utf-8"))
    store(tmp_path, result)
    assert is_done(tmp_path, name, IMDB_DIGEST)
    other = {"config": result["config"] | {"batch_size": 7}, "digest": "andere"}
    store(tmp_path, result | {changed: other[changed]})
    assert not is_done(tmp_path, name, IMDB_DIGEST)


def test_mean_and_spread():
    runs = measured("lstm-keras-*")
    mean = 100 * sum(runs["test_accuracy"]) / 5
    assert mean_and_spread(runs["test_accuracy"]).startswith(f"{mean:.1f} ± ")


def test_bench_table():
    table = bench_table(json.loads(BENCH_FILE.read_text("utf-8")))
    assert list(table.columns) == ["naheliegend", "hier", "Verhältnis"]
    assert (table["hier"] > 0).all()
    assert (table["Verhältnis"].dropna() < 1).all()


@pytest.mark.parametrize("experiment", [baselines, imdb, lag])
def test_the_list_shows_every_run(experiment, capsys):
    assert main(["--list"]) == 0
    assert set(experiment.runs()) <= set(capsys.readouterr().out.split())


def test_no_run_of_that_name(capsys):
    assert main(["transformer-*"]) == 2
    assert "Kein Lauf heisst so" in capsys.readouterr().err


# --- make results ---------------------------------------------------------------------------


def test_stores_one_file_per_run_and_resumes(data, tmp_path):
    output = tmp_path / "out"
    names = ("majority", "tfidf", "rnn-keras-0")
    first = subprocess.run(**command(data, output, *names), timeout=LIMIT)
    assert first.returncode == 0, first.stderr
    assert "0 von 3 Läufen" in first.stdout
    assert sorted(os.listdir(output)) == ["majority.json", "rnn-keras-0.json", "tfidf.json"]
    (output / "tfidf.json").write_text("abgeschnitten")
    second = subprocess.run(**command(data, output, *names), timeout=LIMIT)
    assert second.returncode == 0 and "2 von 3 Läufen" in second.stdout
    assert json.loads((output / "tfidf.json").read_text("utf-8"))["test_accuracy"] > 0.5


def test_other_data_are_measured_anew(data, tmp_path):
    output = tmp_path / "out"
    output.mkdir()
    (output / "majority.json").write_text(json.dumps({"name": "majority", "digest": "andere"}))
    done = subprocess.run(**command(data, output, "majority"), timeout=LIMIT)
    assert "0 von 1 Läufen" in done.stdout
    assert json.loads((output / "majority.json").read_text("utf-8"))["digest"] != "andere"


@pytest.mark.skipif(os.name == "nt", reason="Windows sendet Ctrl-C auf anderem Weg")
def test_interruption_keeps_what_is_finished(data, tmp_path):
    output = tmp_path / "out"
    process = subprocess.Popen(
        **command(data, output, "majority", "*-keras-*"), start_new_session=True
    )
    try:
        end = time.monotonic() + LIMIT
        while not (output / "majority.json").exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end, "kein Lauf wird fertig"
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)  # wie Ctrl-C: an alle Prozesse
        _, errors = process.communicate(timeout=LIMIT)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert "Abgebrochen. Fertige Läufe bleiben" in errors and "Traceback" not in errors
    for file in output.iterdir():
        assert json.loads(file.read_text("utf-8"))["name"] == file.stem


def test_full_disk_is_said_and_leaves_nothing_half(tmp_path):
    resource = pytest.importorskip("resource", reason="nur unter Unix")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limit[1]))
    try:
        with pytest.raises(OutsideError, match="nimmt nichts auf.*Schaffen Sie Platz"):
            store(tmp_path, {"name": "majority", "test_accuracy": 0.5})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert os.listdir(tmp_path) == []
