"""Unser Weg gegen den naheliegenden, abwechselnd in einem Lauf: ``make bench``.

Schreibt ``anncourse/measured/bench/bench.json``; was darin steht, sagt ``book/lehre.md``. Nur einen
Teil aus `ALONE` misst zum Beispiel ``python benchmarks/bench.py layer``.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import date
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median

import numpy as np
import plain
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import WeightAveraging
from torch import nn

from anncourse import cells
from anncourse.bptt import BPTTLayer
from anncourse.config import recipe
from anncourse.data import ReviewsDataModule
from anncourse.experiments.stored import BENCH_FILE, bench_table
from anncourse.models import CLASSIFIERS, build_model
from anncourse.record import EpochTimer
from anncourse.session import isolated, machine, versions
from anncourse.sources import load_reviews
from anncourse.text import pad
from anncourse.training import LitClassifier, moving_average

ROUNDS = 2
TARGETS = (0.85, 0.88, 0.90)


class Clock(EpochTimer):
    """Merkt sich auch, wann welche Genauigkeit erreicht war."""

    def on_fit_start(self, trainer, module):
        """Stellt die Uhr des ganzen Laufs."""
        self.begin, self.reached = time.perf_counter(), []

    def on_validation_end(self, trainer, module):
        """Zeit und Genauigkeit am Ende einer Epoche."""
        accuracy = float(trainer.callback_metrics.get("val_accuracy", 0))
        self.reached.append((time.perf_counter() - self.begin, accuracy))


def epochs(module, number, validate=False, averaging=None, **data) -> Clock:
    """Trainiert und misst."""
    clock = Clock()
    with isolated():
        torch.manual_seed(0)
        trainer = pl.Trainer(
            max_epochs=number,
            accelerator="cpu",
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            limit_val_batches=None if validate else 0,
            callbacks=[clock, *([averaging] if averaging else [])],
            gradient_clip_val=1.0 if averaging else None,
        )
        trainer.fit(module, **data)
    return clock


def ours(cell, data, number=1, validate=False) -> Clock:
    """Unser Weg: Stapel ähnlicher Länge, das Rezept der Zelle, gemittelte Gewichte."""
    averaging = WeightAveraging(avg_fn=moving_average(data.config.averaging))
    module = LitClassifier(build_model(cell, recipe(cell)))
    return epochs(module, number, validate, averaging, datamodule=data)


def plainly(cell, loaders, number=1, validate=False, rate=plain.RATES[0]) -> Clock:
    """Der naheliegende Weg auf denselben Wortnummern."""
    module = plain.PlainClassifier(CLASSIFIERS[cell].recurrent_layer, rate)
    return epochs(
        module, number, validate, train_dataloaders=loaders[0], val_dataloaders=loaders[1]
    )


def seconds(work) -> float:
    """Dauer eines Aufrufs."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def bench_preparation() -> dict:
    """Vom Text zu den Nummern: naheliegend, kalt und warm."""
    times = {"plain": [], "cold": [], "warm": [], "reading": []}
    reviews = load_reviews()
    texts = reviews.train_texts, reviews.test_texts
    for _ in range(ROUNDS):
        times["reading"].append(seconds(load_reviews))
        times["plain"].append(seconds(lambda: plain.prepare(*texts)))
        with tempfile.TemporaryDirectory() as folder:
            os.environ["ANNCOURSE_CACHE"] = folder
            times["cold"].append(seconds(lambda: ReviewsDataModule(reviews)))
            times["warm"].append(seconds(lambda: ReviewsDataModule(load_reviews())))
            del os.environ["ANNCOURSE_CACHE"]
    return {name: min(values) for name, values in times.items()}


def bench_epochs(data, loaders) -> dict:
    """Sekunden je Epoche, nur Trainingsstapel, abwechselnd.

    ``plain_flushed`` und ``ours_flushed``: denormale Zahlen (unter 1.2e-38) gelten als null. Mit
    ihnen rechnet der Prozessor langsam, und verschwindende Gradienten werden so klein.
    """
    times = {cell: {} for cell in CLASSIFIERS}
    for _, cell, flushed in product(range(ROUNDS), CLASSIFIERS, ("", "_flushed")):
        torch.set_flush_denormal(bool(flushed))
        times[cell].setdefault(f"plain{flushed}", []).extend(plainly(cell, loaders).seconds)
        times[cell].setdefault(f"ours{flushed}", []).extend(ours(cell, data).seconds)
    torch.set_flush_denormal(False)
    return {cell: {way: min(values) for way, values in t.items()} for cell, t in times.items()}


def bench_targets(data, loaders, number=8) -> dict:
    """Sekunden, bis die LSTM auf dem Validierungsteil eine Genauigkeit erreicht.

    Der naheliegende Weg zählt mit seiner besten Lernrate.
    """
    tried = {rate: plainly("lstm", loaders, number, True, rate) for rate in plain.RATES}
    accuracies = {rate: max(a for _, a in clock.reached) for rate, clock in tried.items()}
    best = max(accuracies, key=accuracies.get)
    found = {"plain_rates": {str(rate): value for rate, value in accuracies.items()}}
    for way, clock in {
        "plain": tried[best],
        "ours": ours("lstm", data, number, validate=True),
    }.items():
        found[way] = {
            str(target): next((t for t, accuracy in clock.reached if accuracy >= target), None)
            for target in TARGETS
        }
    return found


def bench_command() -> dict:
    """Der getippte Befehl: Sekunden bis zum Training und Spitze des Speichers."""
    import resource  # nur unter Unix

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "anncourse", "train", "--cell", "lstm", "--epochs", "1"]
        command += ["--output", str(Path(folder, "run"))]
        wall = seconds(lambda: subprocess.run(command, check=True, capture_output=True))
        result = json.loads(Path(folder, "run", "result.json").read_text("utf-8"))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    return {"start": wall - result["seconds_total"], "peak_memory_gb": peak}


def bench_numpy(steps=500, size=32) -> dict:
    """Dieselbe Folge durch die NumPy-Schleife und durch ``nn.RNN``, ein Thread, vorwärts."""
    layer = nn.RNN(size, size, batch_first=True).double()
    inputs = np.random.default_rng(0).normal(size=(steps, size))
    p = cells.unpack("rnn", {n: w.detach().numpy() for n, w in layer.named_parameters()})
    tensor = torch.from_numpy(inputs)[None]
    with torch.no_grad():
        torch_times = [seconds(lambda: layer(tensor)) for _ in range(20)]
    numpy_times = [seconds(lambda: cells.unroll(cells.rnn_step, inputs, p)) for _ in range(20)]
    return {"numpy": median(numpy_times), "torch": median(torch_times)}


def there_and_back(layer, x) -> None:
    """Vorwärts, dann die Gradienten nach den Gewichten und nach x; der letzte Zustand zählt."""
    torch.autograd.grad(layer(x)[1].sum(), [x, *layer.parameters()])


def bench_layer(rounds=50) -> dict:
    """Ein Stapel durch ``nn.RNN`` und durch `BPTTLayer`, vorwärts und rückwärts, abwechselnd.

    Gewichte und Eingaben wie am Anfang des Trainings.
    """
    config = recipe("rnn")
    torch.manual_seed(0)
    model = build_model("rnn", config)
    ids = torch.randint(2, config.vocabulary_size, (config.batch_size, config.excerpt))
    x = model.embedding(ids).detach().requires_grad_()  # (B, T, I)
    ours = BPTTLayer(config.embedding_dim, config.hidden_size, batch_first=True)
    ours.load_state_dict(model.recurrent.state_dict())
    layers = {"torch": model.recurrent, "ours": ours}
    every, times = torch.get_num_threads(), {}
    for threads, suffix in ((every, ""), (1, "_one_thread")):
        torch.set_num_threads(threads)
        for _, (name, layer) in product(range(rounds), layers.items()):
            times.setdefault(name + suffix, []).append(seconds(partial(there_and_back, layer, x)))
    torch.set_num_threads(every)
    return {way: min(values) for way, values in times.items()}


def bench_arithmetic(data, times) -> dict:
    """Wie nahe die LSTM dem kommt, was dieselben Multiplikationen ohne Schleife erreichten.

    Die Grenze: alle Zeitschritte eines Stapels in einem einzigen Matrixprodukt.
    """
    config = data.config
    B, H, I = config.batch_size, config.hidden_size, config.embedding_dim
    T = round(data.train.lengths().mean())
    a, b = torch.randn(T * B, H + I), torch.randn(H + I, 4 * H)
    fastest = min(seconds(lambda: a @ b) for _ in range(50))
    limit = 2 * a.numel() * 4 * H / fastest
    multiplications = 3 * data.train.lengths().sum() * 4 * H * (H + I)  # vorwärts, zweimal zurück
    return {
        "limit_gflops": limit / 1e9,
        "reached_gflops": 2 * float(multiplications) / times["lstm"]["ours"] / 1e9,
    }


ALONE = {"numpy_loop": bench_numpy, "layer": bench_layer, "command": bench_command}


def again(name) -> None:
    """Misst einen Teil nach und ersetzt ihn in der JSON-Datei, samt dem Tag.

    Nur auf einem Rechner derselben Art und mit derselben Version von PyTorch.
    """
    result = json.loads(BENCH_FILE.read_text("utf-8"))
    here = machine(), versions()["torch"]
    there = result["machine"], result["versions"]["torch"]
    if here != there:
        sys.exit(f"Die Datei ist von {there}, hier ist {here}. Alles neu misst make bench.")
    result[name] = {"date": date.today().isoformat()} | ALONE[name]()
    write(result)
    print(json.dumps(result[name], indent=1))


def write(result) -> None:
    """Schreibt die JSON-Datei."""
    BENCH_FILE.parent.mkdir(parents=True, exist_ok=True)
    BENCH_FILE.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")


def main() -> None:
    """Misst alles, schreibt die JSON-Datei und druckt die Tabelle."""
    reviews = load_reviews()
    data = ReviewsDataModule(reviews, recipe("lstm"))
    loaders = []
    for part, shuffle in ((data.train, True), (data.validation, False)):
        ids = torch.from_numpy(pad([review.numpy() for review in part.ids], data.config.maxlen))
        loaders.append(plain.loader(ids, part.labels, shuffle))
    result = {
        "date": date.today().isoformat(),
        "data": reviews.name,
        "digest": reviews.digest,
        "machine": machine(),
        "versions": versions(),
        "config": asdict(data.config),
    }
    for name, work in {
        "preparation": bench_preparation,
        **ALONE,
        "epochs": lambda: bench_epochs(data, loaders),
        "targets": lambda: bench_targets(data, loaders),
    }.items():
        print(f"{name} …", file=sys.stderr, flush=True)
        result[name] = work()
    result["arithmetic"] = bench_arithmetic(data, result["epochs"])
    write(result)
    print(bench_table(result).round(2).to_string())


if __name__ == "__main__":
    again(sys.argv[1]) if sys.argv[1:] else main()
