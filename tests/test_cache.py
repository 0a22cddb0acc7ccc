"""Der Zwischenspeicher: einmal rechnen, nie Falsches, nichts Halbes."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from anncourse import cache
from anncourse.cache import cache_folder, cached
from anncourse.config import Config
from anncourse.data import ReviewsDataModule

KEY = {"name": "probe", "size": 3}


def arrays():
    return {"a": np.arange(1000), "words": np.array(["<PAD>", "great", "é"])}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ANNCOURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def build():
    class Build:
        calls = 0

        def __call__(self):
            self.calls += 1
            return arrays()

    return Build()


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[n], other[n]) for n in one)


def test_computes_once(folder, build, capsys):
    first, second = cached(KEY, build), cached(KEY, build)
    assert build.calls == 1
    assert same(first, second) and same(first, arrays())
    assert len(list(folder.iterdir())) == 1
    assert capsys.readouterr().err == ""


def test_another_key_is_another_entry(folder, build):
    cached(KEY, build)
    cached(KEY | {"size": 4}, build)
    assert build.calls == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: b"kein Archiv",
        lambda content: content.replace(content[500:520], bytes(20), 1),
    ],
    ids=["abgeschnitten", "leer", "fremd", "verfälscht"],
)
def test_damaged_entry_is_rebuilt_and_said(folder, build, damage, capsys):
    cached(KEY, build)
    (file,) = folder.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert same(cached(KEY, build), arrays())
    assert build.calls == 2
    assert "beschädigt und wird neu erstellt" in capsys.readouterr().err
    cached(KEY, build)
    assert build.calls == 2  # wieder heil


def test_unusable_folder_is_said_and_changes_nothing(tmp_path, monkeypatch, build, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ANNCOURSE_CACHE", str(tmp_path / "file" / "cache"))
    assert same(cached(KEY, build), arrays())
    message = capsys.readouterr().err
    assert "nimmt nichts auf" in message and "ANNCOURSE_CACHE" in message


def test_full_disk_leaves_nothing_half(folder, build, capsys):
    resource = pytest.importorskip("resource", reason="nur unter Unix")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        assert same(cached(KEY, build), arrays())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert list(folder.iterdir()) == []
    assert "nimmt nichts auf" in capsys.readouterr().err


def test_interruption_leaves_nothing_half(folder):
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached(KEY, interrupted)
    assert not folder.exists() or list(folder.iterdir()) == []


def test_two_processes_at_once(folder):
    code = (
        "import time, numpy as np\n"
        "from anncourse.cache import cached\n"
        "def build():\n"
        "    time.sleep(0.5)\n"
        "    return {'a': np.arange(1_000_000)}\n"
        "print(cached({'n': 1}, build)['a'].sum())\n"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert {process.communicate()[0].strip() for process in both} == {"499999500000"}
    assert [process.returncode for process in both] == [0, 0]
    assert len(list(folder.iterdir())) == 1


def test_default_folder_belongs_to_the_user(monkeypatch):
    monkeypatch.delenv("ANNCOURSE_CACHE")
    assert cache_folder().is_absolute() and "anncourse" in cache_folder().parts


def test_data_from_the_cache_equal_fresh_ones(folder, tiny_reviews):
    config = Config(vocabulary_size=100, validation_fraction=0.25)
    fresh, again = (ReviewsDataModule(tiny_reviews, config) for _ in range(2))
    assert len(list(folder.iterdir())) == 1
    assert fresh.vocabulary == again.vocabulary
    for part in ("train", "validation", "test"):
        one, other = getattr(fresh, part), getattr(again, part)
        assert all(map(torch.equal, one.ids, other.ids)) and torch.equal(one.labels, other.labels)


@pytest.mark.parametrize("change", [{"vocabulary_size": 90}, {"split_seed": 1}])
def test_what_decides_about_the_numbers_is_in_the_key(folder, tiny_reviews, change):
    config = Config(vocabulary_size=100, validation_fraction=0.25)
    ReviewsDataModule(tiny_reviews, config)
    ReviewsDataModule(tiny_reviews, replace(config, **change))
    assert len(os.listdir(folder)) == 2


def test_what_does_not_is_not(folder, tiny_reviews):
    config = Config(vocabulary_size=100, validation_fraction=0.25)
    ReviewsDataModule(tiny_reviews, config)
    ReviewsDataModule(tiny_reviews, replace(config, maxlen=7, batch_size=3, epochs=1))
    assert len(os.listdir(folder)) == 1


def test_a_path_that_is_none_is_said_and_changes_nothing(monkeypatch, build, capsys):
    for path in ("~niemand-heisst-so/cache", "s3://bucket/cache"):
        monkeypatch.setenv("ANNCOURSE_CACHE", path)
        assert same(cached(KEY, build), arrays())
        assert "Gerechnet wird ohne Zwischenspeicher" in capsys.readouterr().err
    assert build.calls == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows kennt diese Rechte nicht")
def test_an_entry_may_be_read_by_whoever_may_read_its_neighbours(folder, build):
    """Der gemeinsame Zwischenspeicher eines Unterrichtszimmers dient auch dem zweiten Konto."""
    cached(KEY, build)
    (file,) = folder.iterdir()
    (folder / "neighbour").touch()
    assert file.stat().st_mode == (folder / "neighbour").stat().st_mode


def test_an_entry_that_may_not_be_read_is_not_called_damaged(folder, build, capsys, monkeypatch):
    def forbidden(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    cached(KEY, build)
    monkeypatch.setattr(cache.np, "load", forbidden)
    assert same(cached(KEY, build), arrays())
    message = capsys.readouterr().err
    assert "darf dieses Konto nicht lesen" in message and "beschädigt" not in message
