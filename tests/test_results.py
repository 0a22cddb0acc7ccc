"""Ergebnisse: der Verlauf als Tabelle, ein Intervall, eine JSON-Datei."""

import io
import json
import math
from dataclasses import replace

import pytest

from anncourse.results import (
    METRICS_FILE,
    RESULT_FILE,
    RunResult,
    interval,
    metrics_table,
    metrics_text,
)

HISTORY = [
    {"epoch": 0, "val_loss": 0.6, "val_accuracy": 0.75, "train_loss": 0.7, "train_accuracy": 0.5},
    {"epoch": 1, "val_loss": 1 / 3, "val_accuracy": 0.875, "train_loss": 0.1 + 0.2},
]
METRICS = """epoch,train_loss,val_loss,train_accuracy,val_accuracy
0,0.7,0.6,0.5,0.75
1,0.5,0.25,0.625,0.875
"""
LIGHTNING = """epoch,step,train_accuracy,train_loss,val_accuracy,val_loss
0,9,,,0.75,0.6
0,9,0.5,0.7,,
1,19,,,0.875,0.25
1,19,0.625,0.5,,
"""


@pytest.fixture
def result():
    return RunResult(
        cell="gru",
        data="Prüfdaten",
        digest="0f" * 32,
        seed=7,
        epochs=2,
        parameters=326369,
        best_epoch=2,
        val_accuracy=0.875,
        test_accuracy=0.8125,
        seconds_per_epoch=1.5,
        seconds_total=4.0,
        interrupted=False,
        config={"epochs": 2},
        versions={"torch": "2"},
        machine={"threads": 1},
        metrics=METRICS,
    )


def written(folder, result):
    for name, content in result.files().items():
        (folder / name).write_bytes(content)


def test_table_has_one_row_per_epoch(result):
    table = result.table()
    assert list(table.index) == [1, 2] and table.index.name == "Epoche"
    assert list(table.columns) == ["train_loss", "val_loss", "train_accuracy", "val_accuracy"]
    assert table.loc[1].tolist() == [0.7, 0.6, 0.5, 0.75]
    assert table.loc[2].tolist() == [0.5, 0.25, 0.625, 0.875]


def test_one_row_per_epoch_is_written(result):
    """Auch ``1/3`` behält alle Stellen; nach Ctrl-C fehlt, was noch nicht gemessen ist."""
    text = metrics_text(HISTORY)
    head, *rows = text.splitlines()
    assert head == METRICS.splitlines()[0] and rows[0] == METRICS.splitlines()[1]
    assert len(rows) == 2 and rows[1].startswith("1,") and ",," in rows[1]
    table = metrics_table(io.StringIO(text))
    assert list(table.index) == [1, 2]
    for name in ("val_loss", "val_accuracy", "train_loss"):
        assert table[name].tolist() == pytest.approx([epoch[name] for epoch in HISTORY], rel=1e-15)
    assert table.loc[1, "train_accuracy"] == 0.5 and math.isnan(table.loc[2, "train_accuracy"])


def test_table_from_a_file(tmp_path, result):
    written(tmp_path, result)
    assert metrics_table(tmp_path / METRICS_FILE).equals(result.table())


def test_table_from_a_file_of_lightning(tmp_path, result):
    """Lightnings CSVLogger schreibt je Epoche zwei Zeilen; so sind die mitgelieferten."""
    (tmp_path / METRICS_FILE).write_text(LIGHTNING)
    assert metrics_table(tmp_path / METRICS_FILE).equals(result.table())


def test_table_of_a_run_cut_short_after_the_validation():
    """Nach Ctrl-C kann die Zeile des Trainings fehlen, sogar samt ihren Spalten."""
    table = metrics_table(io.StringIO("epoch,step,val_accuracy,val_loss\n0,9,0.75,0.6\n"))
    assert table.loc[1, "val_accuracy"] == 0.75
    assert math.isnan(table.loc[1, "train_loss"])


def test_json_round_trip(tmp_path, result):
    assert set(result.files()) == {METRICS_FILE, RESULT_FILE}
    written(tmp_path, result)
    text = (tmp_path / RESULT_FILE).read_text(encoding="utf-8")
    assert "Prüfdaten" in text and text.endswith("}\n")
    assert RunResult(**json.loads(text), metrics=METRICS) == result
    assert (tmp_path / METRICS_FILE).read_text() == METRICS


def test_summary_is_one_line_without_the_metrics(result):
    summary = result.summary()
    assert "metrics" not in summary and "\n" not in json.dumps(summary)
    assert summary["test_accuracy"] == 0.8125


def test_missing_test_accuracy_is_null(tmp_path, result):
    written(tmp_path, replace(result, test_accuracy=None, interrupted=True))
    saved = json.loads((tmp_path / RESULT_FILE).read_text(encoding="utf-8"))
    assert saved["test_accuracy"] is None and saved["interrupted"] is True


def test_known_interval():
    """Die Werte, die statsmodels für 50 von 100 und 8 von 10 angibt (method="wilson")."""
    assert interval(0.5, 100) == pytest.approx((0.4038315, 0.5961685), abs=1e-5)
    assert interval(0.8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-5)


@pytest.mark.parametrize("accuracy, number", [(0.5, 20), (0.88, 25_000), (0.99, 300)])
def test_interval_ends_where_the_measurement_is_just_plausible(accuracy, number):
    """Wilson: An beiden Enden p liegt der Messwert genau z Standardfehler von p entfernt."""
    for p in interval(accuracy, number, z=1.96):
        assert abs(accuracy - p) == pytest.approx(1.96 * math.sqrt(p * (1 - p) / number))


def test_interval_of_the_whole_test_part_is_about_0_4_points():
    low, high = interval(0.88, 25_000)
    assert low < 0.88 < high and 0.0078 < high - low < 0.0083


def test_interval_stays_within_0_and_1():
    low, high = interval(1.0, 50)
    assert 0.9 < low < 1 and high == pytest.approx(1)
    low, high = interval(0.0, 50)
    assert low == pytest.approx(0) and 0 < high < 0.1
