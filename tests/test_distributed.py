"""Zwei Prozesse rechnen gemeinsam: dieselben Stapel, praktisch dasselbe Ergebnis."""

import json
import os
import subprocess
import sys


def train(folder, *options):
    command = [sys.executable, "-m", "anncourse", "train", "--cell", "lstm", "--data", "sample"]
    command += ["--epochs", "12"]  # nach acht Epochen steigt die Genauigkeit noch
    command += ["--output", str(folder / "run"), *options]
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()  # eine Zeile JSON, nicht eine je Prozess
    assert done.stderr.count("Daten: ") == 1
    assert sorted(os.listdir(folder / "run")) == [
        "metrics.csv",
        "result.json",
        "weights.safetensors",
    ]
    return json.loads(line)


def test_two_processes_reach_the_same_accuracy(tmp_path):
    results = []
    for name, options in {
        "one": (),
        "two": ("--devices", "2", "--strategy", "ddp", "--accelerator", "cpu"),
    }.items():
        folder = tmp_path / name
        folder.mkdir()
        results.append(train(folder, *options))
    one, two = results
    assert one["test_accuracy"] > 0.9  # gelernt haben beide
    for part in ("val_accuracy", "test_accuracy"):
        assert abs(one[part] - two[part]) < 0.01
