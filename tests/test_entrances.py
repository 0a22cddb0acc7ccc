"""Jeder Eingang der Kommandozeile und von Python: Was man Falsches oder Seltsames hereingibt, endet
mit dem richtigen Wert oder einem deutschen Satz; nichts geht verloren, nichts bleibt liegen."""

import io
import json
import os
import stat
import struct
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from test_main import FILES, environment, write_folder

import anncourse
from anncourse import cache
from anncourse.__main__ import main
from anncourse.cache import code_of
from anncourse.config import Config
from anncourse.data import ReviewsDataModule
from anncourse.errors import InputError
from anncourse.sources import HUB_NAME, Reviews, load_reviews
from anncourse.text import Vocabulary, tokenise
from anncourse.weights import WEIGHTS_FILE, Weights, expected_shapes, load_weights

UNIX = pytest.mark.skipif(os.name == "nt", reason="nur unter Unix")
NO_ROOT = pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root darf alles")
TRAIN = ("train", "--cell", "rnn", "--epochs", "1")
CONTROLS = {
    "escape": "\x1b[2K",
    "bell": "\a",
    "return": "\r",
    "one byte escape": "\x9b31m",
    "right to left": "\u202e",
    "line separator": "\u2028",
    "title": "\x1b]0;x\x07",
}


class Answer:
    """Was ein Befehl sagt: Status, Standardausgabe und Standardfehlerausgabe."""

    def __init__(self, status, stdout, stderr):
        self.status, self.stdout, self.stderr = status, stdout, stderr

    @property
    def message(self) -> str:
        """Die Fehlermeldung: eine Zeile auf Deutsch, höchstens nach «Daten: …»."""
        lines = [x for x in self.stderr.splitlines() if not x.startswith("Daten: ")]
        (line,) = lines
        assert line.startswith("Fehler: ") and len(line) < 900
        assert "Traceback" not in self.stderr and self.stdout == ""
        return line


@pytest.fixture
def call(capsys, monkeypatch):
    """Führt einen Befehl in diesem Prozess aus."""

    def call(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:  # --help und --version
            status = end.code
        return Answer(status, *capsys.readouterr())

    return call


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Ein Ordner mit guten Daten."""
    return write_folder(tmp_path_factory.mktemp("data") / "data")


@pytest.fixture(autouse=True)
def empty_place(tmp_path_factory, monkeypatch, data):
    """Jeder Befehl läuft in einem leeren Ordner und mit den Daten von oben."""
    monkeypatch.chdir(tmp_path_factory.mktemp("place"))
    monkeypatch.setenv("ANNCOURSE_DATA", str(data))


def small(config=None, **changes) -> Weights:
    """Ein Netz aus wenigen Zahlen."""
    config = config or Config(vocabulary_size=6, embedding_dim=2, hidden_size=3)
    shapes = expected_shapes("gru", config)
    rng = np.random.default_rng(93)
    arrays = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    words = ("<PAD>", "<UNK>", "film", "good", "bad", "a")
    return replace(Weights("gru", arrays, Vocabulary(words), config), **changes)


def stored(content: bytes) -> Path:
    Path("net").mkdir(exist_ok=True)
    Path("net", WEIGHTS_FILE).write_bytes(content)
    return Path("net")


def everything(folder=".") -> list[str]:
    return sorted(str(path) for path in Path(folder).rglob("*"))


# --- Der Ordner für die Ergebnisse ---------------------------------------------------------------


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    return folder


def test_tilde_after_an_equals_sign_is_the_home_folder(call, home):
    """Eine Shell lässt ~ nach = stehen."""
    assert call(*TRAIN, "--output=~/runs/a").status == 0
    assert set(os.listdir(home / "runs" / "a")) == FILES
    assert everything() == []  # kein Ordner namens ~
    assert call("predict", "--model=~/runs/a", "a good film").status == 0
    assert json.loads(call("evaluate", "~/runs/a").stdout)["reviews"] == 40


@pytest.mark.parametrize(
    "output",
    [
        "mit Leerzeichen/und noch eines",
        "Übung/Grösse",
        "run/",
        "./x/../run",
        "-run",
        "%s {0} $HOME",
        pytest.param("a::b", marks=UNIX),
        pytest.param("a:b", marks=UNIX),
        pytest.param("x?*[1]", marks=UNIX),
        pytest.param("s3:/bucket", marks=UNIX),
    ],
)
def test_a_folder_takes_the_results_whatever_its_name(call, output):
    answer = call(*TRAIN, f"--output={output}")
    assert answer.status == 0, answer.stderr
    assert set(os.listdir(os.path.normpath(output))) == FILES
    assert len([path for path in Path().rglob("*") if path.is_file()]) == len(FILES)
    assert call("predict", f"--model={output}", "a good film").status == 0


PLACES = {
    "empty": "",
    "no such account": "~niemand-heisst-so/x",
    "tilde alone, unknown": "~niemand-heisst-so",
    "null character": "a\0b",
    "s3": "s3://bucket/x",
    "memory": "memory://x",
    "file address": "file:///tmp/anncourse-x",
    "web": "https://example.org/x",
    "chained": "zip://a::s3://b",
    "too long": "x" * 300,
}


@pytest.mark.parametrize("kind", PLACES)
def test_output_that_is_no_place_is_refused_before_training(call, kind, monkeypatch):
    monkeypatch.setattr("anncourse.training.train", lambda *_: pytest.fail("schon am Trainieren"))
    answer = call(*TRAIN, f"--output={PLACES[kind]}")
    assert answer.status == 2
    assert "Ordner" in answer.message
    assert everything() == []


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("command", ["data", "train", "predict", "evaluate"])
def test_source_and_model_that_are_no_place(call, kind, command):
    place = PLACES[kind]
    if not place and command in ("data", "train"):
        pytest.skip("eine leere Angabe heisst: die Voreinstellung")
    answer = {
        "data": lambda: call("data", "--data", place),
        "train": lambda: call(*TRAIN, "--data", place),
        "predict": lambda: call("predict", "--model", place, "a good film"),
        "evaluate": lambda: call("evaluate", place),
    }[command]()
    assert answer.status == 2
    assert "gibt es nicht" in answer.message or "kein Ort auf diesem Rechner" in answer.message
    assert everything() == []


@pytest.mark.parametrize("place", [3, None, 2.5, ["a"], object(), b"a\0b"])
def test_python_gives_a_path_that_is_none(place, tiny_reviews):
    if place is not None:
        with pytest.raises(InputError, match="Ort auf diesem Rechner"):
            anncourse.fit("rnn", tiny_reviews, Config(epochs=1), output=place)
        with pytest.raises(InputError, match="Ort auf diesem Rechner"):
            load_reviews(place)
    with pytest.raises(InputError, match="Ort auf diesem Rechner"):
        load_weights(place)


@UNIX
def test_symlinks(call):
    os.symlink("loop", "loop")
    Path("real").mkdir()
    os.symlink("real", "link")
    for arguments in (
        (*TRAIN, "--output=loop/run"),
        ("predict", "--model=loop", "a good film"),
        ("data", "--data=loop"),
    ):
        answer = call(*arguments)  # je nach Version sieht Python den Kreis oder erst das System
        assert answer.status == 2
        assert any(x in answer.message for x in ("Kreis", "kein Ort auf", "gibt es nicht"))
    assert call(*TRAIN, "--output=link").status == 0
    assert set(os.listdir("real")) == FILES and Path("link").is_symlink()


def test_output_is_a_file_or_lies_below_one(call):
    Path("file").write_text("bleibt", "utf-8")
    for output in ("file", "file/a/b"):
        answer = call(*TRAIN, f"--output={output}")
        assert answer.status == 2 and f"«{output}»" in answer.message
    assert everything() == ["file"] and Path("file").read_text("utf-8") == "bleibt"


@UNIX
@NO_ROOT
def test_output_is_read_only(call):
    Path("locked").mkdir(mode=0o500)
    for output in ("locked", "locked/a/b"):
        answer = call(*TRAIN, f"--output={output}")
        assert answer.status == 2 and "keine Berechtigung" in answer.message
    assert everything() == ["locked"]


def test_output_refused_by_the_system(call, monkeypatch):
    """Auch wo root alles darf: Das System verweigert den Ordner, bevor das Training beginnt."""

    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("anncourse.session.tempfile.TemporaryFile", refuse)
    answer = call(*TRAIN, "--output=a/b")
    assert answer.status == 2 and "keine Berechtigung" in answer.message
    assert everything() == []


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_result_file_that_is_a_folder_is_seen_before_training(call, name, monkeypatch):
    monkeypatch.setattr("anncourse.training.train", lambda *_: pytest.fail("schon am Trainieren"))
    Path("run", name, "inhalt").mkdir(parents=True)
    answer = call(*TRAIN, "--output=run")
    assert answer.status == 2 and name in answer.message and "Ordner" in answer.message
    assert Path("run", name, "inhalt").is_dir() and len(everything()) == 3


def test_a_second_run_replaces_the_first_and_leaves_foreign_files(call):
    assert call(*TRAIN, "--output=run").status == 0
    Path("run", "notizen.txt").write_text("meine", "utf-8")
    assert call(*TRAIN, "--seed=5", "--output=run").status == 0
    assert json.loads(Path("run", "result.json").read_text("utf-8"))["seed"] == 5
    assert set(os.listdir("run")) == FILES | {"notizen.txt"}


@UNIX
@pytest.mark.parametrize("mask, mode", [(0o022, 0o644), (0o027, 0o640), (0o002, 0o664)])
def test_files_are_as_open_as_the_umask_says(call, mask, mode, tmp_path, monkeypatch):
    monkeypatch.setenv("ANNCOURSE_CACHE", str(tmp_path / "cache"))
    before = os.umask(mask)
    try:
        assert call(*TRAIN, "--output=run").status == 0
    finally:
        os.umask(before)
    files = [*Path("run").iterdir(), *(tmp_path / "cache").iterdir()]
    assert len(files) == len(FILES) + 1
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in files} == {
        file.name: mode for file in files
    }
    folders = {stat.S_IMODE(p.stat().st_mode) for p in (Path("run"), tmp_path / "cache")}
    assert folders == {0o777 & ~mask}


# --- Umgebung -----------------------------------------------------------------------------------


def process(*arguments, cwd=".", remove=(), stdin=b"", **changes):
    """Ein eigener Prozess, wo die Umgebung schon beim Start zählt."""
    env = environment(**changes)
    for name in remove:
        env.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-m", "anncourse", *map(str, arguments)],
        cwd=cwd,
        env=env,
        input=stdin,
        capture_output=True,
    )
    answer = Answer(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in answer.stderr, answer.stderr
    return answer


@UNIX
@pytest.mark.parametrize("changes", [{}, {"HOME": ""}, {"HOME": "/nowhere/at/all"}, {"HOME": "x"}])
def test_home_that_is_none(changes):
    """Unter Unix gilt dann das Konto; den Zwischenspeicher legen wir in den leeren Ordner."""
    remove = () if changes else ("HOME",)
    answer = process("predict", "a good film", remove=(*remove, "ANNCOURSE_CACHE"), **changes)
    assert (answer.status, answer.stderr) == (0, "")
    code = (
        "from anncourse.cache import cached\n"
        "import numpy\n"
        "print(cached({'a': 1}, lambda: {'a': numpy.arange(3)})['a'].sum())\n"
    )
    env = environment(XDG_CACHE_HOME=os.path.abspath("cache"), **changes)
    for name in (*remove, "ANNCOURSE_CACHE"):
        env.pop(name)
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr
    assert "Traceback" not in done.stderr


@UNIX
@pytest.mark.parametrize("place", ["~/runs/a", "~"])
def test_training_into_a_home_that_is_missing_and_cannot_be_made(call, place, monkeypatch):
    Path("file").write_text("bleibt", "utf-8")
    monkeypatch.setenv("HOME", os.path.abspath("file/home"))
    answer = call(*TRAIN, f"--output={place}")
    assert answer.status == 2 and "kein Ordner" in answer.message
    assert everything() == ["file"]


@UNIX
def test_temporary_folder_that_is_missing(data):
    answer = process(*TRAIN, "--output=run", TMPDIR="/nowhere", ANNCOURSE_DATA=str(data))
    assert answer.status == 0, answer.stderr
    assert everything() == ["run", *sorted(f"run/{name}" for name in FILES)]


@UNIX
@pytest.mark.parametrize(
    "arguments, status",
    [
        (("predict", "a good film"), 0),
        (("data",), 0),
        (("train", "--cell=rnn", "--epochs=1"), 2),
        (("data", "--data=daten"), 2),
        (("predict", "--model=run", "a good film"), 2),
        (("evaluate", "run"), 2),
    ],
)
def test_working_folder_that_is_deleted(arguments, status, tmp_path, data):
    """Was absolut ist, geht; was der Ordner braucht, sagt es in einem Satz."""
    (tmp_path / "gone").mkdir()
    code = (
        "import os, sys; from anncourse.__main__ import main; os.rmdir(os.getcwd()); "
        "sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=tmp_path / "gone",
        env=environment(ANNCOURSE_DATA=str(data)),
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == status, done.stderr
    if status:
        Answer(status, done.stdout, done.stderr).message  # noqa: B018  # eine Zeile, deutsch
    assert not list(tmp_path.iterdir())


CACHED = Config(vocabulary_size=50, epochs=1)


def test_cache_folder_relative_and_in_the_home(home, monkeypatch, tiny_reviews, capsys):
    for place, expected in (("speicher", Path("speicher")), ("~/mein speicher", home)):
        monkeypatch.setenv("ANNCOURSE_CACHE", place)
        ReviewsDataModule(tiny_reviews, CACHED)
        (file,) = expected.rglob("*.npz")
        assert file.parent == cache.cache_folder() or file.parent.resolve() == cache.cache_folder()
    assert not Path("~").exists() and capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "place", ["~niemand-heisst-so/x", "s3://bucket/x", "file", "file/x", "x" * 300]
)
def test_cache_that_takes_nothing_changes_nothing(place, monkeypatch, tiny_reviews, capsys):
    expected = ReviewsDataModule(tiny_reviews, CACHED)
    Path("file").write_text("bleibt", "utf-8")
    monkeypatch.setenv("ANNCOURSE_CACHE", place)
    capsys.readouterr()
    found = ReviewsDataModule(tiny_reviews, CACHED)
    assert found.vocabulary == expected.vocabulary
    (line,) = capsys.readouterr().err.splitlines()
    assert "Zwischenspeicher" in line or "ANNCOURSE_CACHE" in line
    assert everything() == ["file"] and Path("file").read_text("utf-8") == "bleibt"


def test_cache_of_another_account_is_not_damaged(monkeypatch, tmp_path, tiny_reviews, capsys):
    """Ein zweites Konto, das die Datei nicht lesen darf, hört genau das."""
    monkeypatch.setenv("ANNCOURSE_CACHE", str(tmp_path))
    expected = ReviewsDataModule(tiny_reviews, CACHED)

    def refuse(path, **options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(np, "load", refuse)
    found = ReviewsDataModule(tiny_reviews, CACHED)
    message = capsys.readouterr().err
    assert "darf" in message and "nicht lesen" in message and "beschädigt" not in message
    assert found.vocabulary == expected.vocabulary
    assert all(map(np.array_equal, found.test.ids, expected.test.ids))


def fields(number=1):
    return {"a": np.arange(number)}


def test_old_cache_files_go(tmp_path, monkeypatch):
    monkeypatch.setenv("ANNCOURSE_CACHE", str(tmp_path))
    for number in range(cache.KEPT):
        cache.cached({"number": number}, fields)
        (new,) = {*tmp_path.glob("*.npz")} - {
            p for p in tmp_path.glob("*.npz") if p.stat().st_mtime < 1e9
        }
        os.utime(new, (1e6 + number, 1e6 + number))
    first, second = sorted(tmp_path.iterdir(), key=lambda p: p.stat().st_mtime)[:2]
    cache.cached({"number": 0}, lambda: pytest.fail("lag schon da"))  # wieder gebraucht: bleibt
    cache.cached({"number": "neu"}, fields)
    assert len(list(tmp_path.iterdir())) == cache.KEPT
    assert first.exists() and not second.exists()


def test_stale_halves_go_and_young_ones_and_foreign_files_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("ANNCOURSE_CACHE", str(tmp_path))
    names = {"alt.npz.12345678.unfinished", "jung.npz.12345678.unfinished", "notizen.txt"}
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    for name in names - {"jung.npz.12345678.unfinished"}:
        os.utime(tmp_path / name, (time.time() - 2 * cache.DAY,) * 2)
    cache.cached({"a": 1}, fields)
    left = {path.name for path in tmp_path.iterdir() if path.suffix != ".npz"}
    assert left == {"jung.npz.12345678.unfinished", "notizen.txt"}


def test_a_word_of_20000_letters_does_not_blow_up_the_cache(tmp_path, monkeypatch, tiny_reviews):
    texts = [*tiny_reviews.train_texts[:-1], "good film " + "x" * 20_000]
    reviews = replace(tiny_reviews, train_texts=texts)
    monkeypatch.setenv("ANNCOURSE_CACHE", str(tmp_path))
    data = ReviewsDataModule(reviews, Config(epochs=1))
    ReviewsDataModule(reviews, Config(epochs=1))
    (file,) = tmp_path.iterdir()
    assert file.stat().st_size < 200_000  # ein Feld fester Breite bräuchte über 20 MB
    assert len(data.vocabulary) > 100


def test_what_only_explains_does_not_change_the_key(tmp_path, monkeypatch):
    """Kommentar und Docstring von text.py ändern den Schlüssel nicht, der Code tut es."""
    original = Path(tokenise.__code__.co_filename).read_text("utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    def key(name, text):
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
        module = __import__(name)
        return code_of(module)

    changed = {
        "comment": original + "\n# Ein Kommentar mehr.\n",
        "docstring": original.replace('"""Die Nummer jedes Worts."""', '"""Etwas anderes."""'),
        "module": '"""Ein anderer Kopf."""\n' + original.split('"""', 2)[2],
        "blanks": original.replace("\n\n\n", "\n\n\n\n"),
        "code": original.replace(".lower()", ".upper()"),
        "constant": original.replace("PAD, UNK = 0, 1", "PAD, UNK = 1, 0"),
    }
    assert all(text != original for text in changed.values())
    expected = key("copy_original", original)
    same = {name for name, text in changed.items() if key(f"copy_{name}", text) == expected}
    assert same == {"comment", "docstring", "module", "blanks"}


def test_data_in_a_folder_with_blanks(call, tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "Meine Daten")
    monkeypatch.setenv("ANNCOURSE_DATA", str(folder))
    answer = call("data")
    assert answer.status == 0 and answer.stdout.startswith("Name:     Meine Daten\n")
    assert f"Herkunft: {folder.resolve()}\n" in answer.stdout
    assert json.loads(call(*TRAIN).stdout)["data"] == "Meine Daten"


# --- Daten --------------------------------------------------------------------------------------


def write_rows(texts, labels, folder="rows", sub=""):
    """Dieselben Zeilen als Trainings- und als Testteil."""
    place = Path(folder, sub)
    place.mkdir(parents=True, exist_ok=True)
    for part in ("train", "test"):
        table = pyarrow.table({"text": texts, "label": labels})
        pyarrow.parquet.write_table(table, place / f"{part}-00000-of-00001.parquet")
    return Path(folder)


GOOD = ["a bad film", "a good film"]


def test_imdb_is_never_a_folder_that_lies_about(call, monkeypatch, tmp_path):
    """Liegt ein Ordner stanfordnlp/imdb im Arbeitsordner, so nimmt ihn datasets für den Hub."""
    for part in ("train", "test"):
        Path(HUB_NAME).mkdir(parents=True, exist_ok=True)
        table = pyarrow.table({"text": GOOD, "label": [0, 1]})
        pyarrow.parquet.write_table(table, Path(HUB_NAME, f"{part}-00000-of-00001.parquet"))
    answer = process("data", "--data=imdb", HF_HOME=str(tmp_path / "hf"))
    assert answer.status == 1 and "Fehler: " in answer.stderr
    assert "Hub" not in answer.stdout and answer.stdout == ""
    assert HUB_NAME in answer.stderr


def test_the_same_file_twice(call):
    write_rows(GOOD, [0, 1], sub="a")
    write_rows(GOOD, [0, 1], sub="b")
    answer = call("data", "--data=rows")
    assert answer.status == 2
    assert "denselben Inhalt" in answer.message
    assert {"a", "b"} <= {
        Path(x).parent.name for x in answer.message.split("«") for x in [x.split("»")[0]]
    }


LABELS = {
    "text": (["0", "1"], "Label '0', ein Text"),
    "words": (["neg", "pos"], "Label 'neg', ein Text"),
    "nan": ([0.0, float("nan")], "Label nan"),
    "none": ([0, None], "Label None"),
    "minus": ([-1, -1], "Label -1"),
    "lists": ([[0], [1]], r"Label \[0\]"),
    "half": ([0.5, 1.0], "Label 0.5"),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_that_are_none(call, kind):
    labels, said = LABELS[kind]
    answer = call("data", "--data", write_rows(GOOD, labels))
    assert answer.status == 2
    pytest.raises(InputError, load_reviews, "rows").match(said)
    assert "Erlaubt sind die Zahlen 0 (negativ) und 1 (positiv)" in answer.message


@pytest.mark.parametrize("labels", [[False, True], [0.0, 1.0], [np.uint8(0), np.uint8(1)]])
def test_labels_that_mean_0_and_1(call, labels):
    expected = load_reviews(write_rows(GOOD, [0, 1], "plain"))
    found = load_reviews(write_rows(GOOD, labels, "other"))
    assert found.digest == expected.digest and found.train_labels.dtype == np.int8
    assert "davon 1 positiv" in call("data", "--data=other").stdout


def reviews_of(texts=GOOD, labels=(0, 1)):
    return Reviews("x", list(texts), labels, list(GOOD), [0, 1])


@pytest.mark.parametrize(
    "labels", [["0", "1"], [0, 2], [0, None], [0, float("nan")], [0], [[0], [1]], [0, 0.5]]
)
def test_python_gives_wrong_labels(labels):
    with pytest.raises(InputError):
        reviews_of(labels=labels)


@pytest.mark.parametrize(
    "labels", [(False, True), np.array([0, 1]), np.array([0.0, 1.0]), [0, 1.0]]
)
def test_python_gives_right_labels(labels):
    assert reviews_of(labels=labels).digest == reviews_of().digest


@pytest.mark.parametrize(
    "text", [None, "", " \n", "?!", 7, b"film", float("nan"), "half \ud800 film"]
)
def test_python_gives_wrong_texts(text):
    with pytest.raises(InputError, match="keine Kritik") as caught:
        reviews_of(texts=["a film", text])
    assert str(caught.value).isprintable()
    str(caught.value).encode()  # auch halbe Zeichen kommen nicht roh in die Meldung


# --- Eingaben von predict -----------------------------------------------------------------------


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n", b"\r\n\r\n", b"\n \n\t\n"])
def test_blank_lines_at_the_end_are_no_reviews(call, end):
    answer = call("predict", stdin=b"a good film\na bad film" + end)
    assert (answer.status, answer.stderr) == (0, "")
    assert [line.split(" ", 2)[2] for line in answer.stdout.splitlines()] == [
        "a good film",
        "a bad film",
    ]


@pytest.mark.parametrize(
    "stdin, said",
    [
        (b"a good film\n\na bad film\n", "Kritik 2: Die Kritik enthält kein Wort"),
        (b"\na good film\n", "Kritik 1: Die Kritik enthält kein Wort"),
        (b"a good film\na bad film\nxyzzy\n", "Kritik 3: Die Kritik enthält nur Unbekanntes"),
        (b"a good film\n...\n", "Kritik 2: Die Kritik enthält kein Wort"),
        (b"a good film\n\xff\xfe\n", "kein Text in UTF-8"),
    ],
)
def test_one_wrong_review_refuses_all_before_anything_is_printed(call, stdin, said, monkeypatch):
    monkeypatch.setattr("anncourse.prediction.read", lambda *_: pytest.fail("schon gerechnet"))
    answer = call("predict", stdin=stdin)
    assert answer.status == 2 and said in answer.message


def test_one_wrong_argument_refuses_all(call):
    answer = call("predict", "a good film", "", "a bad film")
    assert answer.status == 2 and "Kritik 2" in answer.message


def raw(answer: Answer) -> set[str]:
    """Steuerzeichen, die ein Terminal erreichten."""
    return {c for c in answer.stdout + answer.stderr if not c.isprintable() and c != "\n"}


@pytest.mark.parametrize("kind", CONTROLS)
@pytest.mark.parametrize("entrance", ["line", "argument"])
def test_control_characters_of_a_review_are_shown_not_obeyed(call, kind, entrance):
    text = f"a good film {CONTROLS[kind]}positiv 0.999 forged"
    if entrance == "line":
        answer = call("predict", stdin=text.encode() + b"\na film\n")
        if kind == "return":  # ein Wagenrücklauf allein endet auch eine Zeile
            assert answer.status == 0 and not raw(answer)
            return
    else:
        answer = call("predict", text)
    assert answer.status == 0, answer.stderr
    assert not raw(answer)
    assert len(answer.stdout.split("\n")) == (3 if entrance == "line" else 2)
    assert answer.stdout.count("forged") == 1
    marks = "".join(c for c in CONTROLS[kind] if not c.isalnum())
    unknown = call("predict", f"xyzzy{marks}plugh")
    assert unknown.status == 2 and not raw(unknown) and unknown.message


@pytest.mark.parametrize("kind", CONTROLS)
def test_control_characters_never_reach_the_terminal(call, kind):
    c = CONTROLS[kind]
    calls = [
        ("train", "--cell", f"rnn{c}"),
        ("train", "--cell=rnn", f"--init={c}"),
        ("train", "--cell=rnn", f"--accelerator={c}x"),
        ("train", "--cell=rnn", f"--epochs={c}3"),
        ("train", "--cell=rnn", f"--seed=1{c}"),
        ("train", "--cell=rnn", f"--out{c}=3"),
        ("train", "--cell=rnn", f"--{c}"),
        (f"tra{c}in",),
        (f"--version={c}",),
        ("data", f"--data=nowhere{c}"),
        ("evaluate", f"nowhere{c}"),
        ("predict", f"--model=nowhere{c}", "a good film"),
        (*TRAIN, f"--output={c}://x"),
        (*TRAIN, f"--data=nowhere{c}"),
    ]
    for arguments in calls:
        answer = call(*arguments)
        assert answer.status == 2, (arguments, answer.stderr)
        assert not raw(answer), arguments
        assert answer.message


@UNIX
@pytest.mark.parametrize("kind", CONTROLS)
def test_control_characters_in_names_that_exist(call, kind, tmp_path):
    """Ein Ordner darf so heissen: Geladen wird er, gehorcht wird seinem Namen nicht."""
    folder = write_folder(tmp_path / f"d{CONTROLS[kind]}e")
    shown = call("data", "--data", folder)
    assert shown.status == 0 and not raw(shown)
    assert len(shown.stdout.splitlines()) == 5
    trained = call(*TRAIN, "--data", folder, "--output", f"r{CONTROLS[kind]}n")
    assert trained.status == 0 and not raw(trained)
    assert json.loads(trained.stdout)["data"] == folder.name
    measured = call("evaluate", f"r{CONTROLS[kind]}n", "--data", folder)
    assert measured.status == 0 and not raw(measured)


@UNIX
@pytest.mark.parametrize("kind", CONTROLS)
def test_control_characters_in_data_and_names_of_files(call, kind):
    c = CONTROLS[kind]
    write_rows(GOOD, [f"0{c}", f"1{c}"], f"labels{c}")
    no_word = "?" + "".join(character for character in c if not character.isalnum())
    folder = write_rows(["a", no_word], [0, 1], f"texts{c}")
    Path("column").mkdir()
    for part in ("train", "test"):
        table = pyarrow.table({f"te{c}xt": GOOD, "label": [0, 1]})
        pyarrow.parquet.write_table(table, Path("column", f"{part}-0.parquet"))
    for name in (f"labels{c}", folder, "column"):
        answer = call("data", "--data", name)
        assert answer.status == 2 and not raw(answer)


# --- Zahlen und Namen ---------------------------------------------------------------------------


def test_a_graphics_card_where_there_is_none(call, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    answer = call(*TRAIN, "--accelerator=gpu", "--output=run")
    assert answer.status == 2 and "keine Grafikkarte" in answer.message
    assert everything() == []
    assert call(*TRAIN, "--accelerator=auto", "--output=run").status == 0


HYPER = [
    *({name: value} for name in ("learning_rate", "epsilon") for value in (0, -1.0, 1e400)),
    {"learning_rate": float("nan")},
    {"learning_rate": "0.1"},
    {"learning_rate": True},
    {"maxlen": -5},
    {"maxlen": 0},
    {"maxlen": 2.0},
    {"batch_size": 0},
    {"batch_size": None},
    {"averaging": 2.0},
    {"averaging": 1},
    {"gradient_norm": -1},
    {"gradient_norm": float("inf")},
    {"epochs": 0},
    {"epochs": True},
    {"epochs": 10**400},
    {"vocabulary_size": 2**15 + 1},
    {"embedding_dim": 0},
    {"hidden_size": "32"},
    {"init": "zero"},
    {"init": None},
    {"embedding_dropout": 1},
    {"excerpt": 0},
    {"validation_fraction": 0},
    {"validation_fraction": 1},
    {"split_seed": -1},
    {"similar_length": 1},
    {"padding_side": "middle"},
    {"final_rate": 1.5},
    {"rho": -0.1},
    {"learning_rate": 10**400},
    {"learning_rate": 1j},
    {"learning_rate": np.array([0.1, 0.2])},
]


@pytest.mark.parametrize("change", HYPER, ids=lambda change: str(change)[:40])
def test_impossible_hyperparameters(change):
    (name,) = change
    with pytest.raises(InputError, match=f"^{name}: .*(erwartet wird|möglich sind)") as caught:
        Config(**change)
    assert len(str(caught.value)) < 200


def test_numbers_of_numpy_become_those_of_python_and_can_be_stored():
    config = Config(
        learning_rate=np.float64(0.002),
        rho=np.float32(0.5),
        epochs=np.int64(3),
        excerpt=np.array(7),
        similar_length=np.bool_(False),
    )
    assert asdict(config) == asdict(
        Config(learning_rate=0.002, rho=0.5, epochs=3, excerpt=7, similar_length=False)
    )
    types = {type(value) for value in asdict(config).values()}
    assert types == {int, float, bool, str}
    json.dumps(asdict(config))


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, "1", None, True])
def test_impossible_seed(seed, tiny_reviews):
    with pytest.raises(InputError, match="Zufallsstart: .*erwartet wird"):
        anncourse.fit("rnn", tiny_reviews, Config(epochs=1), seed=seed)


@pytest.mark.parametrize("cell", ["RNN", "", None, 3, "\x1b[2K"])
def test_unknown_cell(cell, tiny_reviews):
    for use in (lambda: anncourse.fit(cell, tiny_reviews), lambda: anncourse.config.recipe(cell)):
        with pytest.raises(InputError, match="Zelle: .*möglich sind rnn, lstm, gru") as caught:
            use()
        assert str(caught.value).isprintable()


# --- Die Datei mit den Gewichten -----------------------------------------------------------------


def header(content: bytes, change=lambda text: text) -> bytes:
    """Die Datei mit einem geänderten Kopf; seine Länge stimmt wieder."""
    size = struct.unpack("<Q", content[:8])[0]
    head = json.dumps(change(json.loads(content[8 : 8 + size]))).encode()
    return struct.pack("<Q", len(head)) + head + content[8 + size :]


def metadata(**changes):
    """Der Kopf mit anderen Angaben zum Netz; None: ohne sie."""

    def change(head):
        given = head["__metadata__"] | changes
        return head | {"__metadata__": {k: v for k, v in given.items() if v is not None}}

    return header(small().to_bytes(), change)


def config(**changes):
    return metadata(config=json.dumps(asdict(small().config) | changes))


def damaged(kind: str) -> bytes:
    whole = small().to_bytes()
    size = struct.unpack("<Q", whole[:8])[0]
    spoiled = bytearray(whole)
    spoiled[-4:] = np.array([np.inf], "<f4").tobytes()
    return {
        "empty": lambda: b"",
        "half of the length": lambda: whole[:4],
        "length alone": lambda: whole[:8],
        "half of the header": lambda: whole[: 8 + size // 2],
        "header alone": lambda: whole[: 8 + size],
        "half of the numbers": lambda: whole[: (8 + size + len(whole)) // 2],
        "last byte": lambda: whole[:-1],
        "one byte more": lambda: whole + b"\0",
        "length huge": lambda: b"\xff" * 8 + whole[8:],
        "length zero": lambda: b"\0" * 8 + whole[8:],
        "header no JSON": lambda: whole[:8] + b"x" + whole[9:],
        "header no UTF-8": lambda: whole[:12] + b"\xff\xfe" + whole[14:],
        "infinite number": lambda: bytes(spoiled),
        "no metadata": lambda: metadata(cell=None, vocabulary=None, config=None),
        "no cell": lambda: metadata(cell=None),
        "unknown cell": lambda: metadata(cell="transformer"),
        "other cell": lambda: metadata(cell="lstm"),
        "no vocabulary": lambda: metadata(vocabulary=None),
        "doubled word": lambda: metadata(vocabulary="<PAD> <UNK> film good film a"),
        "too many words": lambda: metadata(vocabulary="<PAD> <UNK> film good bad a b c"),
        "words without the special ones": lambda: metadata(vocabulary="film good bad a b c"),
        "config no JSON": lambda: metadata(config="{"),
        "config a list": lambda: metadata(config="[1]"),
        "config unknown key": lambda: config(unbekannt=3),
        "config bad number": lambda: config(maxlen=-5),
        "config infinite": lambda: config(learning_rate=float("inf")),
        "config text": lambda: config(hidden_size="3"),
        "config other shape": lambda: config(hidden_size=4),
        "config bad side": lambda: config(padding_side="\x1b[2K"),
    }[kind]()


KINDS = [
    "empty",
    "half of the length",
    "length alone",
    "half of the header",
    "header alone",
    "half of the numbers",
    "last byte",
    "one byte more",
    "length huge",
    "length zero",
    "header no JSON",
    "header no UTF-8",
    "infinite number",
    "no metadata",
    "no cell",
    "unknown cell",
    "other cell",
    "no vocabulary",
    "doubled word",
    "too many words",
    "words without the special ones",
    "config no JSON",
    "config a list",
    "config unknown key",
    "config bad number",
    "config infinite",
    "config text",
    "config other shape",
    "config bad side",
]


def test_the_undamaged_file_is_read(call):
    for content in (small().to_bytes(), header(small().to_bytes())):
        answer = call("predict", "--model", stored(content), "a good film")
        assert (answer.status, answer.stderr) == (0, "")
        assert answer.stdout.endswith(" a good film\n")


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_weights_are_refused(call, kind):
    folder = stored(damaged(kind))
    content = (folder / WEIGHTS_FILE).read_bytes()
    for arguments in (("predict", "--model", folder, "a good film"), ("evaluate", folder)):
        answer = call(*arguments)
        assert answer.status == 2 and WEIGHTS_FILE in answer.message
        assert "«train»" in answer.message or "neu" in answer.message or "zuerst" in answer.message
        assert not raw(answer)
    assert (folder / WEIGHTS_FILE).read_bytes() == content and len(everything()) == 2


def test_weights_that_are_no_numbers_are_never_stored():
    arrays = small().arrays | {"output.bias": np.array([np.nan], np.float32)}
    with pytest.raises(InputError, match="output.bias.*nicht endlich"):
        small(arrays=arrays).to_bytes()


def test_weights_too_large_give_no_verdict(call):
    """Einzeln sind sie endlich, ihre Summe ist es nicht: ∞ − ∞ ist keine Zahl."""
    huge = {name: np.sign(array) * np.float32(3e38) for name, array in small().arrays.items()}
    answer = call("predict", "--model", stored(small(arrays=huge).to_bytes()), "a good bad film")
    assert answer.status == 2 and "keine Wahrscheinlichkeit" in answer.message


def test_training_that_runs_away_stores_nothing(call, monkeypatch):
    """Der Verlust wird unendlich, wie bei einer viel zu grossen Lernrate."""
    from torch import inf, nn

    infinite = nn.Module()
    infinite.forward = lambda logits, labels: logits.sum() * inf
    monkeypatch.setattr("anncourse.training.nn.BCEWithLogitsLoss", lambda: infinite)
    answer = call("train", "--cell=rnn", "--epochs=2", "--output=run")
    assert answer.status == 2 and "läuft davon" in answer.message
    assert "learning_rate" in answer.message and everything() == []


@pytest.mark.parametrize("learning_rate", [1e39, 1e300])
def test_a_rate_beyond_single_precision_is_an_input_error(learning_rate, tiny_reviews):
    """Ob schon Config sie abweist oder erst das Training: Es ist ein deutscher Satz."""
    with pytest.raises(InputError, match="learning_rate"):
        anncourse.fit("rnn", tiny_reviews, Config(epochs=1, learning_rate=learning_rate))


# --- python -m anncourse.experiments --------------------------------------------------------------


@pytest.mark.parametrize("kind", CONTROLS)
@pytest.mark.parametrize("entrance", ["--output", "name of a run", "data"])
def test_experiments_show_control_characters_and_do_not_obey(kind, entrance, capsys, monkeypatch):
    from anncourse.experiments.__main__ import main as experiments

    c = CONTROLS[kind]
    if entrance == "data":
        monkeypatch.setenv("ANNCOURSE_DATA", f"nowhere{c}")
    arguments = {"--output": [f"--output={c}://x"], "name of a run": [f"{c}x"], "data": ["rnn-*"]}
    status = experiments([*arguments[entrance], *(["--output=out"] if entrance == "data" else [])])
    answer = Answer(status, *capsys.readouterr())
    assert status == 2 and "Fehler: " in answer.stderr and not raw(answer)


@pytest.mark.parametrize("kind", sorted(set(PLACES) - {"too long"}))
def test_experiments_refuse_an_output_that_is_no_place(kind, capsys):
    from anncourse.experiments.__main__ import main as experiments

    assert experiments([f"--output={PLACES[kind]}"]) == 2
    assert "kein Ort auf diesem Rechner" in capsys.readouterr().err
    assert everything() == []
