"""Was mehrere Testdateien brauchen: echte, erzeugte und ein paar Dutzend Kritiken."""

import importlib.util
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from anncourse import sample, sources


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory) -> None:
    """Die Tests benützen einen leeren Zwischenspeicher, nicht den der Leserin."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANNCOURSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_interrupts() -> None:
    """Im Hintergrund gestartet (nohup, &), erbt pytest ein taubes Ctrl-C; die Tests brauchen es."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def load_tool():
    """Lädt ein Skript aus book/_tools als Modul."""

    def load(name: str):
        place = Path(__file__).resolve().parents[1] / "book" / "_tools" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, place)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Der Ordner mit den echten Kritiken; ohne ihn entfällt der Test."""
    folder = os.environ.get("ANNCOURSE_REAL_DATA")
    if not folder:
        pytest.skip("ANNCOURSE_REAL_DATA nennt keinen Ordner mit den echten Daten")
    return Path(folder)


@pytest.fixture(scope="session")
def sample_reviews() -> sources.Reviews:
    """Die Beispieldaten, wie sie eine Leserin ohne Internet lädt."""
    return sources.load_reviews("sample")


@pytest.fixture(scope="session")
def tiny_reviews() -> sources.Reviews:
    """80 erzeugte Kritiken zum Trainieren, 40 zum Testen: genug für jeden Weg, sofort da."""
    train_texts, train_labels = sample.generate(80, seed=1)
    test_texts, test_labels = sample.generate(40, seed=2)
    return sources.Reviews(
        name="Winzige Beispieldaten",
        train_texts=train_texts,
        train_labels=np.array(train_labels, dtype=np.int8),
        test_texts=test_texts,
        test_labels=np.array(test_labels, dtype=np.int8),
    )


@pytest.fixture(scope="session")
def real_reviews(real_data) -> sources.Reviews:
    """Die echten Kritiken."""
    return sources.load_reviews(real_data)
