"""Woher die Kritiken kommen: Hub (hier ein kleiner eigener), Ordner, Beispiele, und jede Panne."""

import hashlib
import io
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from anncourse import sources
from anncourse.errors import AnncourseError, InputError, OutsideError
from anncourse.sources import HUB_NAME, HUB_REVISION, IMDB_DIGEST, Reviews, load_reviews

# nach Klasse, dann nach Text geordnet: So liefert sie load_reviews aus jeder Quelle
TRAIN = {"text": ["A bad film.", "A good film.", "Good."], "label": [0, 1, 1]}
TEST = {"text": ["Bad.", "Very good!"], "label": [0, 1]}


def parquet(columns) -> bytes:
    table = columns if isinstance(columns, pyarrow.Table) else pyarrow.table(columns)
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer)
    return buffer.getvalue()


def write(folder, train=TRAIN, test=TEST):
    folder.mkdir(parents=True, exist_ok=True)
    for part, columns in (("train", train), ("test", test)):
        (folder / f"{part}-00000-of-00001.parquet").write_bytes(parquet(columns))
    return folder


# --- Ein Ordner -----------------------------------------------------------------------------


def test_a_folder_gives_texts_and_labels(tmp_path):
    reviews = load_reviews(write(tmp_path / "kritiken"))
    assert reviews.name == "kritiken"
    assert reviews.train_texts == TRAIN["text"] and reviews.test_texts == TEST["text"]
    assert reviews.train_labels.tolist() == [0, 1, 1] and reviews.test_labels.tolist() == [0, 1]
    assert reviews.train_labels.dtype == reviews.test_labels.dtype == np.int8
    assert "3 Kritiken" in str(reviews) and reviews.digest[:12] in str(reviews)


def test_hub_layout_in_a_subfolder_and_other_parts_are_ignored(tmp_path):
    write(tmp_path / "plain_text")
    (tmp_path / "plain_text" / "unsupervised-00000-of-00001.parquet").write_bytes(b"egal")
    assert load_reviews(tmp_path).train_texts == TRAIN["text"]


def test_several_files_are_read_even_with_different_types(tmp_path):
    write(tmp_path)
    more = {
        "extra": [[1, 2]],
        "label": pyarrow.array([0.0], pyarrow.float32()),
        "text": pyarrow.array(["more"], pyarrow.large_string()),
    }
    (tmp_path / "train-00001-of-00002.parquet").write_bytes(parquet(more))
    reviews = load_reviews(tmp_path)
    assert reviews.train_texts == ["A bad film.", "more", "A good film.", "Good."]
    assert reviews.train_labels.tolist() == [0, 0, 1, 1]


def test_name_is_never_a_path(tmp_path, monkeypatch):
    folder = write(tmp_path / "mit Leerzeichen" / "und Ümlaut")
    monkeypatch.chdir(folder)
    for source in (folder, str(folder), ".", "../und Ümlaut", os.path.join(folder, "")):
        assert load_reviews(source).name == "und Ümlaut"


def test_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    write(tmp_path / "daten")
    assert load_reviews("~/daten").train_texts == TRAIN["text"]


def test_environment_variable_names_the_source_and_an_argument_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("ANNCOURSE_DATA", str(write(tmp_path / "a")))
    write(tmp_path / "b", test=TRAIN)
    assert load_reviews().name == load_reviews("").name == "a"
    assert load_reviews(tmp_path / "b").name == "b"


def test_without_any_choice_the_hub_is_asked(monkeypatch):
    monkeypatch.delenv("ANNCOURSE_DATA", raising=False)
    parts = TRAIN["text"], TRAIN["label"], TEST["text"], TEST["label"]
    monkeypatch.setattr(sources, "_from_hub", lambda: parts)
    digest = Reviews("IMDb", *parts).digest
    monkeypatch.setattr(sources, "IMDB_DIGEST", digest)
    reviews = load_reviews()
    assert reviews.name == "IMDb" and reviews.train_texts == TRAIN["text"]
    assert type(reviews.train_texts) is list


def test_sample(sample_reviews):
    assert "Beispieldaten" in sample_reviews.name
    assert len(sample_reviews.train_texts) == len(sample_reviews.train_labels) >= 5000
    assert sample_reviews.train_labels.mean() == sample_reviews.test_labels.mean() == 0.5
    assert sample_reviews.digest == load_reviews("sample").digest != IMDB_DIGEST


# --- SHA-256 --------------------------------------------------------------------------------


def test_digest_tells_what_changed(tmp_path):
    variants = {
        "so": (TRAIN, TEST),
        "label": (TRAIN | {"label": [1, 1, 1]}, TEST),
        "grenze": (TRAIN | {"text": ["A bad film.", "A good film.G", "ood."]}, TEST),
        "zeichen": (TRAIN | {"text": ["a bad film.", "A good film.", "Good."]}, TEST),
        "teile": (TEST, TRAIN),
    }
    digests = {
        name: load_reviews(write(tmp_path / name, *parts)).digest
        for name, parts in variants.items()
    }
    assert len(set(digests.values())) == len(variants)
    assert load_reviews(write(tmp_path / "kopie")).digest == digests["so"]
    assert all(len(digest) == 64 and int(digest, 16) for digest in digests.values())


def test_the_order_of_the_source_changes_nothing(tmp_path):
    backwards = {name: values[::-1] for name, values in TRAIN.items()}
    one, other = load_reviews(write(tmp_path / "a")), load_reviews(write(tmp_path / "b", backwards))
    assert one.digest == other.digest
    assert one.train_texts == other.train_texts
    assert one.train_labels.tolist() == other.train_labels.tolist()


def test_known_digest_gives_the_name_imdb(tmp_path, monkeypatch):
    folder = write(tmp_path / "anders")
    monkeypatch.setattr(sources, "IMDB_DIGEST", load_reviews(folder).digest)
    assert load_reviews(folder).name == "IMDb"


def test_real_data(real_reviews):
    assert real_reviews.digest == IMDB_DIGEST
    assert real_reviews.name == "IMDb"
    for texts, labels in (
        (real_reviews.train_texts, real_reviews.train_labels),
        (real_reviews.test_texts, real_reviews.test_labels),
    ):
        assert len(texts) == 25_000 and labels.shape == (25_000,) and labels.sum() == 12_500


def test_real_data_has_96_doubles_and_123_texts_in_both_parts(real_reviews):
    counts = Counter(real_reviews.train_texts)
    assert sum(counts.values()) - len(counts) == 96
    assert len(counts.keys() & set(real_reviews.test_texts)) == 123


# --- Was nicht stimmen kann -----------------------------------------------------------------


@pytest.mark.parametrize("source", ["fehlt", "IMDB", "x" * 300])
def test_missing_folder(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="gibt es nicht. Erwartet .*sample.*Ordner") as caught:
        load_reviews(source)
    assert source in str(caught.value)


@pytest.mark.parametrize("source", ["~niemand-heisst-so/daten", "a\0b", "s3://kritiken/imdb"])
def test_a_path_that_is_none(source):
    with pytest.raises(InputError, match="kein Ort auf diesem Rechner.*Erwartet") as caught:
        load_reviews(source)
    assert "Der Ordner der Daten" in str(caught.value)


def test_a_file_is_no_folder(tmp_path):
    file = tmp_path / "train.parquet"
    file.write_bytes(parquet(TRAIN))
    with pytest.raises(InputError, match=r"train\.parquet.*gibt es nicht.*Erwartet"):
        load_reviews(file)


def test_folder_without_parquet(tmp_path):
    with pytest.raises(InputError, match="fehlt der Teil «train».*Erwartet.*train-00000"):
        load_reviews(tmp_path)


def test_folder_without_test_part(tmp_path):
    (write(tmp_path) / "test-00000-of-00001.parquet").unlink()
    with pytest.raises(InputError, match="fehlt der Teil «test».*Erwartet.*test-00000"):
        load_reviews(tmp_path)


@pytest.mark.parametrize("keep", [0, 3, 100, -1])
def test_truncated_parquet_is_named(keep, tmp_path):
    whole = parquet(TRAIN)
    write(tmp_path)
    (tmp_path / "train-00001-of-00002.parquet").write_bytes(whole[:keep])
    with pytest.raises(InputError, match="train-00001.*beschädigt.*Laden Sie sie neu"):
        load_reviews(tmp_path)


def test_another_kind_of_file(tmp_path):
    (write(tmp_path) / "test-00000-of-00001.parquet").write_text("text,label\ngut,1\n" * 50)
    with pytest.raises(InputError, match="test-00000.*keine Parquet-Datei.*Laden Sie sie neu"):
        load_reviews(tmp_path)


def test_invalid_utf8(tmp_path):
    texts = pyarrow.array([b"\xff\xfe"]).view(pyarrow.string())
    write(tmp_path, train=pyarrow.table({"text": texts, "label": [1]}))
    with pytest.raises(InputError, match="beschädigt.*Laden Sie sie neu"):
        load_reviews(tmp_path)


def test_unreadable_file(tmp_path, monkeypatch):
    def refuse(file):
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(pyarrow.parquet, "ParquetFile", refuse)  # root darf sonst alles lesen
    with pytest.raises(InputError, match="train-00000.*darf .* nicht lesen.*Leserecht"):
        load_reviews(write(tmp_path))


@pytest.mark.parametrize(
    "columns, missing",
    [
        ({"text": ["a"], "sentiment": [1]}, "label"),
        ({"review": ["a"], "label": [1]}, "text"),
        ({"review": ["a"], "sentiment": [1]}, "text und label"),
    ],
)
def test_missing_column(columns, missing, tmp_path):
    expected = f"fehlt die Spalte {missing}; vorhanden: {', '.join(columns)}. Erwartet"
    with pytest.raises(InputError, match=expected):
        load_reviews(write(tmp_path, train=columns))


@pytest.mark.parametrize("label", [2, -1, 0.5, float("nan"), None, "pos", [1]])
def test_wrong_label(label, tmp_path):
    columns = {"text": ["a", "b"], "label": [label, label]}
    with pytest.raises(InputError, match="steht das Label .* Erlaubt sind die Zahlen 0") as caught:
        load_reviews(write(tmp_path, train=columns))
    assert str(label) in str(caught.value)


def test_unlabelled_part_of_the_hub(tmp_path):
    with pytest.raises(InputError, match="Label -1"):
        load_reviews(write(tmp_path, test=TEST | {"label": [-1, -1]}))


@pytest.mark.parametrize("text", [None, "", "  ", "!?", 7, b"bytes"])
def test_a_row_without_a_review(text, tmp_path):
    texts = [text] if isinstance(text, (int, bytes)) else ["gut", text]
    columns = {"text": texts, "label": [1] * len(texts)}
    with pytest.raises(InputError, match="keine Kritik, sondern .*Erwartet") as caught:
        load_reviews(write(tmp_path, test=columns))
    assert repr(text) in str(caught.value) and "test-00000" in str(caught.value)


def test_no_rows(tmp_path):
    empty = pyarrow.table({"text": pyarrow.array([], pyarrow.string()), "label": []})
    with pytest.raises(InputError, match="Teil «test».*keine Kritik.*Erwartet"):
        load_reviews(write(tmp_path, test=empty))


def test_errors_tell_the_command_line_whose_fault_it_is():
    assert issubclass(InputError, AnncourseError) and issubclass(InputError, ValueError)
    assert issubclass(OutsideError, AnncourseError) and issubclass(OutsideError, RuntimeError)
    assert (InputError.exit_status, OutsideError.exit_status) == (2, 1)


# --- Der Hub: das wirkliche Laden, gegen einen kleinen Server auf diesem Rechner ----------------


class Hub(BaseHTTPRequestHandler):
    """Antwortet wie huggingface.co, so weit `datasets` es braucht."""

    protocol_version = "HTTP/1.1"
    api = f"/api/datasets/{HUB_NAME}"
    start = f"/datasets/{HUB_NAME}/resolve/{HUB_REVISION}/"

    def do_GET(self):
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        self.server.paths.append(path)
        files = self.server.files
        if path == f"{self.api}/revision/{HUB_REVISION}":
            siblings = [{"rfilename": name} for name in files]
            info = {"id": HUB_NAME, "sha": HUB_REVISION, "private": False, "tags": []}
            self.answer(200, json.dumps(info | {"siblings": siblings}).encode())
        elif path.startswith(f"{self.api}/tree/{HUB_REVISION}"):
            under = path.removeprefix(f"{self.api}/tree/{HUB_REVISION}").strip("/")
            names = [name for name in files if name.startswith(under)]
            self.answer(200, self.listing(names if under else [*names, "plain_text"]))
        elif path == f"{self.api}/paths-info/{HUB_REVISION}":
            self.answer(200, self.listing([name for name in files if name in sent.decode()]))
        elif path.removeprefix(self.start) in files:
            content = files[path.removeprefix(self.start)]
            tag = hashlib.sha1(content).hexdigest()
            self.answer(200, content, {"ETag": f'"{tag}"'})
        else:
            self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})

    do_HEAD = do_POST = do_GET

    def listing(self, names) -> bytes:
        entries = []
        for name in names:
            content = self.server.files.get(name, b"")
            kind = "file" if name in self.server.files else "directory"
            oid = hashlib.sha1(content).hexdigest()
            entries.append({"type": kind, "path": name, "size": len(content), "oid": oid})
        return json.dumps(entries).encode()

    def answer(self, status: int, body: bytes, headers: dict | None = None) -> None:
        self.send_response(status)
        for name, value in {"X-Repo-Commit": HUB_REVISION, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def hub():
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        server.paths = []
        server.files = {
            "plain_text/train-00000-of-00001.parquet": parquet(TRAIN),
            "plain_text/test-00000-of-00001.parquet": parquet(TEST),
        }
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


DIGEST = Reviews("IMDb", TRAIN["text"], TRAIN["label"], TEST["text"], TEST["label"]).digest


def load_in_fresh_process(folder, **environment: str) -> dict:
    """Lädt «imdb» in einem eigenen Prozess: Der Hub-Teil liest seine Umgebung nur beim Import."""
    code = (
        "import json, sys\n"
        "from anncourse import sources\n"
        "from anncourse.errors import AnncourseError\n"
        "from anncourse.sources import load_reviews\n"
        "sources.IMDB_DIGEST = sys.argv[1]\n"
        "try:\n"
        "    r = load_reviews('imdb')\n"
        "    answer = {'name': r.name, 'digest': r.digest}\n"
        "    answer |= {n: getattr(r, n) for n in ('train_texts', 'test_texts')}\n"
        "    answer |= {n: getattr(r, n).tolist() for n in ('train_labels', 'test_labels')}\n"
        "except AnncourseError as error:\n"
        "    answer = {'error': type(error).__name__, 'message': str(error)}\n"
        "print(json.dumps(answer))\n"
    )
    names = [n for n in os.environ if not n.upper().startswith("HF_") and "PROXY" not in n.upper()]
    clean = {name: os.environ[name] for name in names}
    clean |= {"HF_HOME": str(folder / "hf"), "HF_HUB_DISABLE_TELEMETRY": "1", **environment}
    done = subprocess.run(
        [sys.executable, "-c", code, DIGEST], cwd=folder, env=clean, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_hub(hub, tmp_path):
    answer = load_in_fresh_process(tmp_path, HF_ENDPOINT=f"http://127.0.0.1:{hub.server_port}")
    assert "error" not in answer, answer
    texts = {"train_texts": TRAIN["text"], "test_texts": TEST["text"]}
    labels = {"train_labels": TRAIN["label"], "test_labels": TEST["label"]}
    assert answer == {"name": "IMDb", "digest": DIGEST, **texts, **labels}
    asked = [path for path in hub.paths if HUB_NAME in path]
    assert asked and all(HUB_REVISION in path for path in asked)  # nur die festgelegte Fassung


def test_what_is_not_imdb_is_not_called_imdb(hub, tmp_path):
    """Der Hub liefert in derselben Revision etwas anderes, als dort liegen müsste."""
    changed = TEST | {"text": ["Bad.", "Very good."]}
    hub.files["plain_text/test-00000-of-00001.parquet"] = parquet(changed)
    answer = load_in_fresh_process(tmp_path, HF_ENDPOINT=f"http://127.0.0.1:{hub.server_port}")
    assert answer.get("error") == "OutsideError"
    assert "nicht der Datensatz IMDb" in answer["message"] and DIGEST[:12] in answer["message"]


@pytest.mark.parametrize("content", ["other", "same"])
def test_a_folder_named_like_the_data_set_is_never_taken_for_it(content, hub, tmp_path):
    """datasets nähme einen Ordner «stanfordnlp/imdb» des Arbeitsordners statt des Hubs."""
    lies = {"text": ["Forged.", "Invented."], "label": [0, 1]}
    write(tmp_path / HUB_NAME, *((lies, lies) if content == "other" else (TRAIN, TEST)))
    answer = load_in_fresh_process(tmp_path, HF_ENDPOINT=f"http://127.0.0.1:{hub.server_port}")
    if "error" in answer:  # so weit darf er gehen: ablehnen, mit einem Weg hinaus
        assert content == "other" and answer["error"] == "OutsideError"
        assert "nicht der Datensatz IMDb" in answer["message"]
        assert "wechseln Sie den Ordner" in answer["message"]
    else:
        assert answer["digest"] == DIGEST and answer["train_texts"] == TRAIN["text"]


def test_hub_sends_a_broken_file(hub, tmp_path):
    hub.files["plain_text/test-00000-of-00001.parquet"] = parquet(TEST)[:-9]
    answer = load_in_fresh_process(tmp_path, HF_ENDPOINT=f"http://127.0.0.1:{hub.server_port}")
    assert answer["error"] == "OutsideError"
    assert HUB_NAME in answer["message"] and "--data sample" in answer["message"]
    assert any(path.endswith("test-00000-of-00001.parquet") for path in hub.paths)  # kam so weit


def test_no_network(tmp_path):
    answer = load_in_fresh_process(tmp_path, HF_HUB_OFFLINE="1")
    assert answer["error"] == "OutsideError"
    for part in (HUB_NAME, "Verbindung", "--data ORDNER", "--data sample", "ANNCOURSE_DATA"):
        assert part in answer["message"]
