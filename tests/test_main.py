"""Die Kommandozeile, wie eine Leserin sie tippt: Befehle, Hilfe, falsche Eingaben, Ctrl-C."""

import argparse
import ast
import inspect
import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from anncourse import __main__, __version__
from anncourse.config import Config
from anncourse.sample import generate
from anncourse.text import Vocabulary
from anncourse.weights import Weights, expected_shapes, load_weights

FILES = {"weights.safetensors", "metrics.csv", "result.json"}
FIELDS = {
    "cell",
    "data",
    "seed",
    "epochs",
    "parameters",
    "best_epoch",
    "val_accuracy",
    "test_accuracy",
    "seconds_per_epoch",
    "seconds_total",
}
ENGLISH = re.compile(
    r"\b(usage|option(al|s)?|positional|arguments?|show|this|message|and|exit|invalid|choice|"
    r"choose|from|required|following|unrecognized|expected|the|error|version number|default|"
    r"subcommands?|value|not|such|file|directory|permission|denied|space|left)\b",
    re.IGNORECASE,
)


def environment(**changes):
    """Umgebung eines Befehls: ohne Internet, ohne das, was die Maschine der Tests vorgibt."""
    ours = ("ANNCOURSE_DATA", "JPY_SESSION_NAME", "PYTHONUNBUFFERED", "HF_ENDPOINT")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    fixed = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "COLUMNS": "100"}
    return kept | fixed | changes


def command(*arguments):
    return [sys.executable, "-m", "anncourse", *map(str, arguments)]


def run(*arguments, cwd, stdin=b"", env=None, **options):
    """Führt einen Befehl aus; Ausgaben als Text."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    done = subprocess.run(
        command(*arguments), cwd=cwd, input=stdin, env=environment(**(env or {})), **options
    )
    done.stdout, done.stderr = (
        None if stream is None else stream.decode() for stream in (done.stdout, done.stderr)
    )
    return done


def write_folder(folder, number=80, repeat=1, labels=(0, 1)):
    """Ein Ordner mit Parquet-Dateien wie im Hub; falsche ``labels`` gelten reihum."""
    folder.mkdir()
    for part, size, seed in (("train", number, 1), ("test", 40, 2)):
        texts, right = generate(size, seed)
        table = {"text": [" ".join([text] * repeat) for text in texts]}
        if labels:
            table["label"] = right if labels == (0, 1) else labels * (size // len(labels))
        file = folder / f"{part}-00000-of-00001.parquet"
        pyarrow.parquet.write_table(pyarrow.table(table), file)
    return folder


def tree(folder):
    """Alles, was in einem Ordner liegt, mit dem Zeitpunkt der letzten Änderung."""
    return {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Ein Ordner mit Daten, guten und schlechten; darin laufen alle Befehle."""
    place = tmp_path_factory.mktemp("place")
    write_folder(place / "data")
    return place


@pytest.fixture(scope="module")
def trained(place):
    """Ein Lauf von der Kommandozeile aus."""
    done = run(
        "train",
        "--cell",
        "lstm",
        "--data",
        "data",
        "--epochs",
        2,
        "--seed",
        3,
        "--output",
        "run",
        cwd=place,
    )
    assert done.returncode == 0, done.stderr
    return done


# Befehle


def test_train_prints_one_line_of_json(trained, place):
    (line,) = trained.stdout.splitlines()  # kein Balken: Niemand sieht zu
    result = json.loads(line)
    assert set(result) >= FIELDS
    assert (result["cell"], result["data"]) == ("lstm", "data")
    assert (result["seed"], result["epochs"], result["parameters"]) == (3, 2, 328_481)
    assert result["best_epoch"] in (1, 2) and result["interrupted"] is False
    assert 0 <= result["val_accuracy"] <= 1 and 0 <= result["test_accuracy"] <= 1
    assert result["seconds_total"] >= result["seconds_per_epoch"] > 0
    assert str(place) not in line


def test_train_says_what_it_read_and_where_the_results_are(trained):
    read, written = trained.stderr.splitlines()  # kein Wort von Lightning, keine Warnung
    assert re.fullmatch(
        r"Daten: data: 80 Kritiken zum Trainieren, 40 zum Testen \(SHA-256 [0-9a-f]{12}\)", read
    )
    assert written == "Gewichte, Verlauf und Ergebnis liegen in «run»."


def test_train_leaves_three_files(trained, place):
    assert set(os.listdir(place / "run")) == FILES
    saved = json.loads((place / "run" / "result.json").read_text(encoding="utf-8"))
    assert saved == json.loads(trained.stdout)
    assert load_weights(place / "run").cell == "lstm"


def test_evaluate_repeats_the_test_accuracy(trained, place):
    before = tree(place)
    done = run("evaluate", "run", "--data", "data", cwd=place)
    assert done.returncode == 0
    result, measured = json.loads(trained.stdout), json.loads(done.stdout.splitlines()[-1])
    assert measured["test_accuracy"] == result["test_accuracy"]
    assert (measured["cell"], measured["reviews"]) == ("lstm", 40)
    assert measured["digest"] == result["digest"]
    low, high = measured["interval"]
    assert low < measured["test_accuracy"] < high
    assert "lstm auf data" in done.stderr and "95-%-Intervall" in done.stderr
    assert tree(place) == before


def test_default_output_names_cell_and_seed(place, tmp_path):
    done = run(
        "train",
        "--cell",
        "rnn",
        "--epochs",
        1,
        "--seed",
        4,
        cwd=tmp_path,
        env={"ANNCOURSE_DATA": str(place / "data")},
    )
    assert done.returncode == 0
    assert set(os.listdir(tmp_path / "runs" / "rnn-seed4")) == FILES


def test_bar_on_a_terminal_only_and_never_on_stdout(place, tmp_path):
    """Die Standardfehlerausgabe ist ein Terminal, die Standardausgabe eine Datei."""
    fcntl, pty, termios = map(pytest.importorskip, ("fcntl", "pty", "termios"))
    terminal, other_end = pty.openpty()
    fcntl.ioctl(other_end, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))  # sonst 0 breit
    shown = []

    def read():
        try:
            while chunk := os.read(terminal, 4096):
                shown.append(chunk)
        except OSError:  # das andere Ende ist zu
            pass

    reader = threading.Thread(target=read)
    reader.start()
    done = run(
        "train",
        "--cell",
        "rnn",
        "--data",
        place / "data",
        "--epochs",
        2,
        "--output",
        "run",
        cwd=tmp_path,
        stderr=other_end,
    )
    os.close(other_end)
    reader.join()
    os.close(terminal)
    text = b"".join(shown).decode()
    assert "Epoche 1/2" in text and "Epoche 2/2" in text and "Validierung" in text
    assert "Epoch " not in text and "val_accuracy" not in text
    assert json.loads(done.stdout)["epochs"] == 2  # eine Zeile, sonst nichts


def test_predict_from_arguments(trained, place):
    texts = ["What a wonderful film!", "a dull\n  film", "café film"]
    done = run("predict", "--model", "run", *texts, cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split(" ", 2)[2] for line in lines] == [
        "What a wonderful film!",
        "a dull film",
        "café film",
    ]
    for line in lines:
        label, probability, _ = line.split(" ", 2)
        assert re.fullmatch(r"[01]\.\d{3}", probability)
        assert label in ("positiv", "negativ")


def test_predict_from_stdin_gives_a_line_a_review(trained, place):
    """Auch ein Zeichen wie U+0085, das in echten Kritiken vorkommt, trennt keine Kritik."""
    stdin = "a wonderful film\r\na dull film\u0085 with a\u2028dog\n".encode()
    done = run("predict", "--model", "run", cwd=place, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[2:] for line in done.stdout.split("\n")] == [
        ["a", "wonderful", "film"],
        ["a", "dull", "film", "with", "a", "dog"],
        [],
    ]
    same = run("predict", "--model", "run", "a wonderful film", cwd=place)
    assert same.stdout == done.stdout.split("\n")[0] + "\n"


def test_predict_when_the_output_knows_ascii_only(trained, place):
    done = run(
        "predict", "--model", "run", "café film", cwd=place, env={"PYTHONIOENCODING": "ascii"}
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" caf\\xe9 film\n")


def test_predict_with_the_weights_that_ship(tmp_path):
    """Ohne --model urteilt die mitgelieferte LSTM."""
    done = run("predict", "a wonderful, touching film", "a boring, stupid film", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    good, bad = done.stdout.splitlines()
    assert good.startswith("positiv ") and bad.startswith("negativ ")


def test_predict_loads_neither_torch_nor_lightning_nor_datasets(trained, place):
    code = (
        "import sys\n"
        "from anncourse.__main__ import main\n"
        "assert main(['predict', '--model', 'run', 'a good film']) == 0\n"
        "heavy = {'torch', 'pytorch_lightning', 'datasets', 'pandas', 'matplotlib', 'pyarrow'}\n"
        "print(heavy & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place, env=environment(), capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "set()", done.stderr


def test_data(place):
    done = run("data", "--data", "data", cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:4] == [
        "Name:     data",
        f"Herkunft: {place.resolve() / 'data'}",
        "Training: 80 Kritiken, davon 40 positiv",
        "Test:     40 Kritiken, davon 20 positiv",
    ]
    assert re.fullmatch("SHA-256:  [0-9a-f]{64}", lines[4])
    from_environment = run("data", cwd=place, env={"ANNCOURSE_DATA": "data"})
    assert from_environment.stdout == done.stdout


def test_version(tmp_path):
    assert run("--version", cwd=tmp_path).stdout == f"anncourse {__version__}\n"


# Hilfe


@pytest.mark.parametrize("arguments", [[], ["train"], ["evaluate"], ["predict"], ["data"]])
def test_help_is_german(arguments, tmp_path):
    done = run(*arguments, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Aufruf: anncourse ")
    assert "zeigt diese Hilfe und endet" in done.stdout
    assert not ENGLISH.findall(done.stdout) and "ß" not in done.stdout


def test_help_names_every_command_and_option(tmp_path):
    text = run("--help", cwd=tmp_path).stdout
    assert all(f"    {name} " in text for name in ("train", "evaluate", "predict", "data"))
    text = run("train", "--help", cwd=tmp_path).stdout
    assert all(name in text for name in ("--cell", "--data", "--epochs", "--seed", "--output"))
    assert "jene des Rezepts" in text and "rnn, lstm oder gru" in text


def test_words_of_argparse_are_translated():
    """Was diese Befehle auslösen können, heisst in jeder Version von Python so, wie es im
    Wörterbuch steht: sonst bliebe es englisch."""
    calls = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(argparse)))
        if isinstance(node, ast.Call)
    ]
    words = {
        call.args[0].value
        for call in calls
        if getattr(call.func, "id", None) == "_" and isinstance(call.args[0], ast.Constant)
    }
    words |= {"expected one argument", "expected at least one argument"}
    assert set(__main__.GERMAN) - {"subcommands"} <= words | {"usage: "}
    starts = (
        "show this",
        "the following",
        "invalid choice: %(value)r (",
        "unrecognized",
        "ambiguous",
        "ignored",
        "expected",
        "argument %(argument_name)s: %",
        "options",
        "positional",
        "usage",
    )
    assert {word for word in words if word.startswith(starts)} <= {
        *__main__.GERMAN,
        "expected at most one argument",
    }


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], ["Es fehlt: BEFEHL"]),
        (["foo"], ["'foo' ist unbekannt", "train", "predict"]),
        (["train"], ["Es fehlt: --cell"]),
        (["train", "--cell"], ["--cell: erwartet einen Wert"]),
        (["train", "--cell", "rnn", "--foo"], ["Unbekannte Angabe: --foo"]),
        (["train", "--cell", "rnn", "--e=3", "--se=2", "x"], ["Unbekannte Angabe: x"]),
        (["train", "--cell", "rnn", "--init", "zero"], ["«zero» ist unbekannt", "l, forget_b"]),
        (["train", "--cell", "rnn", "--devices", "1"], ["Unbekannte Angabe: --devices 1"]),
        (["train", "--cell", "rnn", "--nodes=1"], ["Unbekannte Angabe: --nodes=1"]),
        (["train", "--cell", "rnn", "--strategy", "ddp"], ["Unbekannte Angabe: --strategy ddp"]),
        (["train", "--cell", "rnn", "--precision", "16"], ["Unbekannte Angabe: --precision 16"]),
        (["train", "--cell", "rnn", "--accelerator", "tpu"], ["«tpu» ist unbekannt", "cpu, gpu"]),
        (["evaluate"], ["Es fehlt: ORDNER"]),
        (["--version=3"], ["--version: nimmt keinen Wert an: '3'"]),
    ],
)
def test_wrong_command_line_in_german(arguments, words, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Fehler: ") and "--help" in done.stderr
    assert all(word in done.stderr for word in words)
    assert not ENGLISH.findall(done.stderr)


# Falsche Eingaben


@pytest.fixture(scope="module")
def bad(place, trained):
    """Was man falsch in der Hand halten kann."""
    (place / "file").write_text("bleibt")
    (place / "empty").mkdir()
    write_folder(place / "column", labels=None)
    write_folder(place / "labels", labels=[0, 1, 2, 1])
    write_folder(place / "truncated")
    damaged = place / "truncated" / "train-00000-of-00001.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-200])
    (place / "broken").mkdir()
    (place / "broken" / "weights.safetensors").write_bytes(b"PK\x03\x04 keine Gewichte")
    (place / "other").mkdir()
    config = Config(vocabulary_size=10, embedding_dim=4, hidden_size=4)
    arrays = {
        name: np.zeros(shape, np.float32) for name, shape in expected_shapes("gru", config).items()
    }
    vocabulary = Vocabulary(tuple(f"w{k}" for k in range(10)))
    content = Weights("lstm", arrays, vocabulary, config).to_bytes()
    (place / "other" / "weights.safetensors").write_bytes(content)
    return place


TRAIN = ["train", "--cell", "rnn", "--epochs", "1", "--data"]
PREDICT = ["predict", "--model", "run"]
HUGE = "9" * 5000
BAD = {
    # Name: (Argumente, Standardeingabe, Status, was die Meldung sagt)
    "unknown cell": (
        ["train", "--cell", "transformer"],
        b"",
        2,
        ["«transformer»", "rnn, lstm, gru", "train --help"],
    ),
    "epochs 0": (["train", "--cell", "rnn", "--epochs", "0"], b"", 2, ["«0»", "von 1 bis 1000"]),
    "epochs -1": (["train", "--cell", "rnn", "--epochs", "-1"], b"", 2, ["«-1»", "von 1 bis"]),
    "epochs abc": (["train", "--cell", "rnn", "--epochs", "abc"], b"", 2, ["«abc»", "ganze Zahl"]),
    "epochs 1e3": (["train", "--cell", "rnn", "--epochs", "1e3"], b"", 2, ["«1e3»", "ganze Zahl"]),
    "epochs 1001": (["train", "--cell", "rnn", "--epochs", "1001"], b"", 2, ["«1001»", "1000"]),
    "epochs --5": (["train", "--cell", "rnn", "--epochs=--5"], b"", 2, ["«--5»", "ganze Zahl"]),
    "epochs huge": (["train", "--cell", "rnn", "--epochs", HUGE], b"", 2, ["«9", "ganze Zahl"]),
    "epochs other digits": (
        ["train", "--cell", "rnn", "--epochs", "²"],
        b"",
        2,
        ["«²»", "ganze Zahl"],
    ),
    "seed -1": (["train", "--cell", "rnn", "--seed", "-1"], b"", 2, ["«-1»", "von 0 bis"]),
    "seed 2**32": (["train", "--cell", "rnn", "--seed", str(2**32)], b"", 2, ["von 0 bis"]),
    "missing folder": (
        [*TRAIN, "nowhere"],
        b"",
        2,
        ["nowhere»", "gibt es nicht", "train-*.parquet"],
    ),
    "missing folder, data": (["data", "--data", "nowhere"], b"", 2, ["nowhere»", "gibt es nicht"]),
    "file for a folder": ([*TRAIN, "file"], b"", 2, ["/file»", "Ordner"]),
    "folder without parquet": ([*TRAIN, "empty"], b"", 2, ["/empty»", "train-00000-of-00001"]),
    "truncated parquet": (
        [*TRAIN, "truncated"],
        b"",
        2,
        ["train-00000-of-00001.parquet", "beschädigt", "neu"],
    ),
    "missing column": ([*TRAIN, "column"], b"", 2, ["Spalte label", "vorhanden: text"]),
    "labels not 0/1": ([*TRAIN, "labels"], b"", 2, ["Label 2", "0 (negativ) und 1 (positiv)"]),
    "output is a file": (
        [*TRAIN, "data", "--output", "file"],
        b"",
        2,
        ["«file»", "liegt schon eine Datei"],
    ),
    "output below a file": (
        [*TRAIN, "data", "--output", "file/a/b"],
        b"",
        2,
        ["«file/a/b»", "kein Ordner"],
    ),
    "output unwritable": (
        [*TRAIN, "data", "--output", "/proc/anncourse/run"],
        b"",
        2,
        ["«/proc/anncourse/run»", "lässt sich nicht schreiben", "--output"],
    ),
    "empty review": ([*PREDICT, ""], b"", 2, ["Kritik 1", "kein Wort", "a wonderful film"]),
    "second review empty": ([*PREDICT, "a film", " ... "], b"", 2, ["Kritik 2", "kein Wort"]),
    "empty stdin": (PREDICT, b"", 2, ["Keine Kritik", "anncourse predict"]),
    "blank stdin": (PREDICT, b"   \n\r\n", 2, ["Keine Kritik", "anncourse predict"]),
    "blank line in stdin": (PREDICT, b"a film\n\na film\n", 2, ["Kritik 2", "kein Wort"]),
    "unknown words only": (
        [*PREDICT, "xyzzy plugh"],
        b"",
        2,
        ["Kritik 1", "nur Unbekanntes (xyzzy plugh)"],
    ),
    "invalid UTF-8 on stdin": (
        PREDICT,
        b"a film\na f\xffilm\n",
        2,
        ["a f\ufffdilm", "UTF-8 (Byte 4)"],
    ),
    "invalid UTF-8 as argument": ([*PREDICT, "a f\udcffilm"], b"", 2, ["UTF-8 (Byte 4)"]),
    "no network": (
        ["train", "--cell", "rnn", "--data", "imdb"],
        b"",
        1,
        ["stanfordnlp/imdb", "huggingface.co", "--data sample"],
    ),
    "missing model folder": (
        ["predict", "--model", "nowhere", "a film"],
        b"",
        2,
        ["nowhere»", "gibt es nicht"],
    ),
    "model folder without weights": (
        ["predict", "--model", "empty", "a film"],
        b"",
        2,
        ["empty/weights.safetensors", "anncourse train"],
    ),
    "evaluate without weights": (
        ["evaluate", "empty", "--data", "data"],
        b"",
        2,
        ["empty/weights.safetensors"],
    ),
    "weights of another architecture": (
        ["predict", "--model", "other", "a film"],
        b"",
        2,
        ["passen nicht zur Zelle «lstm»"],
    ),
    "evaluate another architecture": (
        ["evaluate", "other", "--data", "data"],
        b"",
        2,
        ["passen nicht zur Zelle «lstm»"],
    ),
    "not safetensors": (
        ["predict", "--model", "broken", "a film"],
        b"",
        2,
        ["nicht als safetensors-Datei"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name, bad):
    arguments, stdin, status, words = BAD[name]
    before = tree(bad)
    done = run(*arguments, cwd=bad, stdin=stdin, env={"HF_HOME": str(bad / "cache")})
    notes = done.stderr.splitlines()
    if notes[0].startswith("Daten: "):  # gelesen sind sie; das Ziel stimmt nicht
        notes = notes[1:]
    (message,) = notes  # eine Zeile, kein Traceback
    assert message.startswith("Fehler: ") and len(message) < 600
    assert all(word in message for word in words), message
    assert "ß" not in message
    assert (done.returncode, done.stdout) == (status, "")
    assert tree(bad) == before


def test_no_network_without_being_told(bad):
    """Der Hub antwortet nicht: Der Befehl versucht es einige Male, dann sagt er, was hilft."""
    done = run(
        "data",
        cwd=bad,
        env={
            "HF_HUB_OFFLINE": "0",
            "HF_HOME": str(bad / "cache"),
            "HF_ENDPOINT": "http://127.0.0.1:9",
        },
    )
    message = done.stderr.splitlines()[-1]
    assert message.startswith("Fehler: ") and "huggingface.co" in message
    assert "Traceback" not in done.stderr and (done.returncode, done.stdout) == (1, "")


# Ausgaben, die nichts aufnehmen


PRINTING = [[*PREDICT, "a film"], ["data", "--data", "data"], ["--help"]]


@pytest.mark.parametrize("arguments", PRINTING)
def test_closed_pipe(arguments, bad):
    """Wie «… | head -0»: Der Empfänger ist weg; der Befehl endet still, mit Status 1."""
    end, start = os.pipe()
    os.close(end)
    done = run(*arguments, cwd=bad, stdout=start)
    os.close(start)
    assert (done.returncode, done.stderr) == (1, "")


FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="braucht /dev/full")


@FULL
@pytest.mark.parametrize("arguments", PRINTING)
def test_full_disk_as_output(arguments, bad):
    with open("/dev/full", "wb") as full:
        done = run(*arguments, cwd=bad, stdout=full)
    (message,) = done.stderr.splitlines()
    assert message.startswith("Fehler: ") and "kein Platz mehr" in message
    assert done.returncode == 1


@FULL
def test_full_disk_as_output_of_train_keeps_the_results(bad, tmp_path):
    with open("/dev/full", "wb") as full:
        done = run(*TRAIN, bad / "data", "--output", "run", cwd=tmp_path, stdout=full)
    assert done.returncode == 1 and "kein Platz mehr" in done.stderr.splitlines()[-1]
    assert set(os.listdir(tmp_path / "run")) == FILES


def test_full_disk_while_training(bad, tmp_path):
    """Der Datenträger nimmt nur Dateien bis 100 kB auf: Es bleibt nichts Halbes zurück."""
    resource = pytest.importorskip("resource", reason="nur unter Unix")
    (tmp_path / "tmp").mkdir()  # auch dort, wohin die Ergebnisse sonst gerettet würden
    done = run(
        *TRAIN,
        bad / "data",
        "--output",
        "a/b/run",
        cwd=tmp_path,
        env={"TMPDIR": str(tmp_path / "tmp")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    message = done.stderr.splitlines()[-1]
    assert message.startswith(f"Fehler: Der Ordner «{tmp_path.resolve() / 'a/b/run'}» nimmt")
    assert (done.returncode, done.stdout) == (1, "") and "Traceback" not in done.stderr
    assert list(tmp_path.rglob("*")) == [tmp_path / "tmp"]


def test_closed_stdin(bad):
    done = subprocess.run(
        ["sh", "-c", '"$0" "$@" <&-', *command(*PREDICT)],
        cwd=bad,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and done.stderr.startswith("Fehler: Keine Kritik gegeben.")


# Ctrl-C


WATCHED = """
import sys
from pathlib import Path

from anncourse import __main__, training

name, now = sys.argv.pop(1), getattr(training.Record, sys.argv[1], None)


def tell(self, *arguments):
    if now:
        now(self, *arguments)
    Path("now").touch()


setattr(training.Record, name, tell)
__main__.run()
"""


def interrupted_at(moment, arguments, cwd):
    """Startet einen Befehl und sendet ihm SIGINT, sobald das Training so weit ist."""
    if os.name == "nt":
        pytest.skip("Windows sendet Ctrl-C auf anderem Weg")
    process = subprocess.Popen(
        [sys.executable, "-c", WATCHED, moment, *map(str, arguments)],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        while not (cwd / "now").exists():
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=100)
    finally:
        process.kill()
    (cwd / "now").unlink()
    return process.returncode, stdout, stderr


def test_interrupt_after_an_epoch_keeps_the_best(bad, tmp_path):
    status, stdout, stderr = interrupted_at(
        "on_train_epoch_end",
        ["train", "--cell", "rnn", "--data", bad / "data", "--epochs", 1000, "--output", "run"],
        tmp_path,
    )
    assert status == 130, stderr
    result = json.loads(stdout.splitlines()[-1])
    assert result["interrupted"] is True and result["test_accuracy"] is None
    assert os.listdir(tmp_path) == ["run"] and set(os.listdir(tmp_path / "run")) == FILES
    assert json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8")) == result
    assert load_weights(tmp_path / "run").cell == "rnn"
    message = stderr.splitlines()[-1]
    assert message.startswith("Abgebrochen.") and f"Epoche ({result['best_epoch']})" in message
    assert "«run»" in message and ": anncourse evaluate run" in message
    assert "Traceback" not in stderr and not ENGLISH.findall(stderr.replace("evaluate", ""))


def test_interrupt_before_the_first_epoch_leaves_nothing(tmp_path):
    """Lange Kritiken: Eine Epoche dauert viel länger als der Weg des Signals."""
    write_folder(tmp_path / "long", number=2000, repeat=12)
    status, stdout, stderr = interrupted_at(
        "on_train_batch_start",
        ["train", "--cell", "gru", "--data", "long", "--output", "runs/new"],
        tmp_path,
    )
    assert (status, stdout) == (130, "")
    assert stderr.splitlines()[-1] == (
        "Abgebrochen vor dem Ende der ersten Epoche: Es gibt noch nichts zu behalten."
    )
    assert "Traceback" not in stderr
    assert os.listdir(tmp_path) == ["long"]
