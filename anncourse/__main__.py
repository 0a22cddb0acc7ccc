"""Kommandozeile: ``anncourse train | evaluate | predict | data``."""

import argparse
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import NoReturn

from anncourse import __version__
from anncourse.checks import Rule, choice
from anncourse.config import CELLS, RULES, SCHEMES, SEED, Config
from anncourse.environment import own_environment
from anncourse.errors import AnncourseError, InputError, OutsideError, printable, reason

ACCELERATORS = ("cpu", "gpu", "auto")
SOURCES = "imdb (vom Hub), sample (erzeugt, ohne Internet) oder ein Ordner mit Parquet-Dateien"
GERMAN = {
    "usage: ": "Aufruf: ",
    "positional arguments": "Angaben",
    "options": "Optionen",
    "subcommands": "Befehle",
    "show this help message and exit": "zeigt diese Hilfe und endet",
    "the following arguments are required: %s": "Es fehlt: %s",
    "unrecognized arguments: %s": "Unbekannte Angabe: %s",
    "expected one argument": "erwartet einen Wert",
    "expected at least one argument": "erwartet mindestens einen Wert",
    "ambiguous option: %(option)s could match %(matches)s": (
        "«%(option)s» ist mehrdeutig: %(matches)s"
    ),
    "ignored explicit argument %r": "nimmt keinen Wert an: %r",
    "invalid choice: %(value)r (choose from %(choices)s)": (
        "%(value)r ist unbekannt; möglich sind %(choices)s"
    ),
    "argument %(argument_name)s: %(message)s": "%(argument_name)s: %(message)s",
}


class Parser(argparse.ArgumentParser):
    """Wie argparse, aber die Meldungen sind deutsch und werden Fehler des Pakets."""

    def error(self, message: str) -> NoReturn:
        """Beendet nicht selbst, sondern meldet den Fehler an `main`."""
        raise InputError(f"{message}. Hilfe: {self.prog} --help")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Leert nach ``--help`` die Ausgabe, solange `main` einen Fehler noch melden kann."""
        print(end="", flush=True)
        super().exit(status, message)


def option(rule: Rule) -> Callable[[str], object]:
    """Prüft, was nach einer Option steht, mit der Regel, die auch in Python gilt."""

    def check(text: str) -> object:
        number = re.fullmatch("-?[0-9]{1,20}", text)
        try:
            return rule(int(text) if number else text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return check


@contextmanager
def german_argparse() -> Iterator[None]:
    """Argparse übersetzt mit dem Namen ``_``; nachher meint er wieder, was er meinte."""
    english = argparse._  # type: ignore[attr-defined]  # kein Teil der Schnittstelle
    argparse._ = lambda text: GERMAN.get(text, text)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        argparse._ = english  # type: ignore[attr-defined]


def build_parser() -> Parser:
    """Befehle und Optionen, mit deutscher Hilfe."""
    parser = Parser(
        prog="anncourse", description="Rekurrente Netze für die Filmkritiken aus Kapitel 9.3."
    )
    version = f"anncourse {__version__}"
    parser.add_argument(
        "--version", action="version", version=version, help="zeigt die Version und endet"
    )
    commands = parser.add_subparsers(title="Befehle", metavar="BEFEHL", required=True)
    _train_options(
        commands.add_parser(
            "train",
            help="ein Netz trainieren",
            description="Trainiert ein Netz, behält die beste Epoche und misst einmal auf dem "
            "Testteil. Die letzte Zeile der Ausgabe ist JSON.",
        )
    )
    evaluate = commands.add_parser(
        "evaluate",
        help="ein trainiertes Netz auf dem Testteil messen",
        description="Misst ein trainiertes Netz auf dem Testteil. Die letzte Zeile ist JSON.",
    )
    evaluate.add_argument("folder", metavar="ORDNER", help="Ordner eines Laufs")
    _add_data(evaluate, run_evaluate)
    predict = commands.add_parser(
        "predict",
        help="Kritiken beurteilen",
        description="Beurteilt englische Kritiken: je Zeile das Urteil und die "
        "Wahrscheinlichkeit «positiv». Ohne Text liest der Befehl die Standardeingabe, eine "
        "Kritik je Zeile.",
    )
    predict.add_argument("text", nargs="*", metavar="TEXT", help="eine Kritik")
    predict.add_argument(
        "--model",
        metavar="ORDNER",
        help="Ordner eines Laufs (Voreinstellung: die mitgelieferte LSTM)",
    )
    predict.set_defaults(run=run_predict)
    data = commands.add_parser(
        "data",
        help="zeigen, welche Daten geladen werden",
        description="Zeigt, was geladen wird: woher, wie viel, SHA-256.",
    )
    _add_data(data, run_data)
    return parser


def _train_options(train: argparse.ArgumentParser) -> None:
    train.add_argument(
        "--cell",
        required=True,
        type=option(choice(CELLS)),
        metavar="ZELLE",
        help="rnn, lstm oder gru",
    )
    _add_data(train, run_train)
    train.add_argument(
        "--epochs",
        type=option(RULES["epochs"]),
        metavar="N",
        help="Durchgänge durch den Trainingsteil (Voreinstellung: jene des Rezepts der Zelle)",
    )
    train.add_argument(
        "--seed",
        type=option(SEED),
        default=0,
        metavar="S",
        help="Zufallsstart (Voreinstellung: 0)",
    )
    train.add_argument(
        "--output",
        metavar="ORDNER",
        help="für Gewichte, metrics.csv und result.json (Voreinstellung: runs/ZELLE-seedS)",
    )
    train.add_argument(
        "--init",
        type=option(choice(SCHEMES)),
        metavar="NAME",
        help=f"Anfangswerte: {', '.join(SCHEMES)} (Voreinstellung: {Config.init})",
    )
    train.add_argument(
        "--accelerator",
        type=option(choice(ACCELERATORS)),
        default="cpu",
        metavar="NAME",
        help="cpu (Voreinstellung), gpu oder auto: Grafikkarte, wo eine da ist",
    )


def _add_data(parser: argparse.ArgumentParser, run: Callable) -> None:
    parser.set_defaults(run=run)
    parser.add_argument(
        "--data",
        metavar="QUELLE",
        help=f"{SOURCES}. Voreinstellung: die Umgebungsvariable ANNCOURSE_DATA, sonst imdb",
    )


def run_train(arguments: argparse.Namespace) -> int:
    """Trainieren."""
    from dataclasses import replace

    from anncourse.config import recipe
    from anncourse.files import resolve
    from anncourse.sources import load_reviews

    output = arguments.output
    if output is None:
        output = str(Path("runs", f"{arguments.cell}-seed{arguments.seed}"))
    resolve(output, "Der Ordner für die Ergebnisse")  # was nicht geht, soll gleich auffallen
    changes = {"epochs": arguments.epochs, "init": arguments.init}
    chosen = {name: value for name, value in changes.items() if value is not None}
    config = replace(recipe(arguments.cell), **chosen)
    reviews = load_reviews(arguments.data)
    note(f"Daten: {reviews}")
    try:
        with own_environment(), redirect_stdout(sys.stderr):  # dorthin der Balken
            from anncourse.training import fit  # erst hier: Lightning liest schon beim Import

            run = fit(
                arguments.cell,
                reviews,
                config,
                arguments.seed,
                output,
                accelerator=arguments.accelerator,
            )
    except KeyboardInterrupt:
        note("Abgebrochen vor dem Ende der ersten Epoche: Es gibt noch nichts zu behalten.")
        return 130
    result = run.result
    if result.interrupted:
        note(
            f"Abgebrochen. Die Gewichte der bisher besten Epoche ({result.best_epoch}) liegen in "
            f"«{output}»; result.json ist als gekürzt vermerkt. Auf dem Testteil misst sie: "
            f"anncourse evaluate {output}"
        )
    else:
        note(f"Gewichte, Verlauf und Ergebnis liegen in «{output}».")
    print(json.dumps(result.summary()))
    return 130 if result.interrupted else 0


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Messen."""
    from anncourse.results import interval
    from anncourse.sources import load_reviews
    from anncourse.text import tokenise
    from anncourse.weights import load_weights

    weights = load_weights(arguments.folder)
    reviews = load_reviews(arguments.data)

    with own_environment():
        from anncourse.data import EncodedReviews
        from anncourse.models import model_from_weights
        from anncourse.training import evaluate

    ids = [weights.vocabulary.encode(tokenise(text)) for text in reviews.test_texts]
    part = EncodedReviews.build(ids, reviews.test_labels, weights.config)
    accuracy = evaluate(model_from_weights(weights), part)
    low, high = interval(accuracy, len(part))
    note(
        f"{weights.cell} auf {reviews.name}: {100 * accuracy:.1f} % von {len(part)} Kritiken "
        f"(95-%-Intervall {100 * low:.1f} bis {100 * high:.1f} %)"
    )
    head = {"cell": weights.cell, "data": reviews.name, "digest": reviews.digest}
    measured = {"test_accuracy": accuracy, "interval": [low, high], "reviews": len(part)}
    print(json.dumps(head | measured))
    return 0


def run_predict(arguments: argparse.Namespace) -> int:
    """Beurteilen."""
    from anncourse.prediction import read
    from anncourse.weights import SHIPPED_FOLDER, load_weights

    texts = [decode(os.fsencode(text)) for text in arguments.text] or read_lines()
    weights = load_weights(SHIPPED_FOLDER / "lstm" if arguments.model is None else arguments.model)
    for number, text in enumerate(texts, start=1):  # zuerst prüfen: Keine Rechnung geht verloren
        try:
            weights.vocabulary.encode_review(text, weights.config.maxlen)
        except InputError as error:
            raise InputError(f"Kritik {number}: {error}") from error
    for text in texts:
        reading = read(weights, text)
        shown = printable(" ".join(text.split()))
        print(f"{reading.label} {reading.probability:.3f} {shown}")
    return 0


def read_lines() -> list[str]:
    """Die Kritiken der Standardeingabe, eine je Zeile."""
    lines: list[bytes] = []
    if sys.stdin is not None:
        if sys.stdin.isatty():
            note("Eine Kritik je Zeile; Ctrl-D beendet die Eingabe.")
        lines = sys.stdin.buffer.read().rstrip().splitlines()  # Bytes: nur echte Zeilenenden
    if not lines:
        raise InputError(
            "Keine Kritik gegeben. Erwartet wird ein Text, zum Beispiel: "
            'anncourse predict "a wonderful film"'
        )
    return [decode(line) for line in lines]


def decode(line: bytes) -> str:
    """Eine Kritik als Text."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"«{line[:40].decode('utf-8', 'replace')}» ist kein Text in UTF-8 (Byte "
            f"{error.start + 1}). Erwartet wird UTF-8: Wandeln Sie die Datei um."
        ) from error


def run_data(arguments: argparse.Namespace) -> int:
    """Zeigen, was geladen wird."""
    from anncourse.files import resolve
    from anncourse.sources import HUB_NAME, HUB_REVISION, load_reviews

    source = arguments.data or os.environ.get("ANNCOURSE_DATA") or "imdb"
    origin = {
        "imdb": f"Hub, {HUB_NAME}, Revision {HUB_REVISION}",
        "sample": "erzeugt von anncourse.sample",
    }
    reviews = load_reviews(source)
    print(f"Name:     {printable(reviews.name)}")
    print(f"Herkunft: {origin.get(source) or printable(str(resolve(source)))}")
    for part, labels in (("Training", reviews.train_labels), ("Test", reviews.test_labels)):
        print(f"{part + ':':9} {len(labels)} Kritiken, davon {labels.sum()} positiv")
    print(f"SHA-256:  {reviews.digest}")
    return 0


def note(text: str) -> None:
    """Ein Satz an den Menschen, auf der Standardfehlerausgabe."""
    if sys.stderr is not None:
        print(printable(text), file=sys.stderr)


def main(argv: list[str] | None = None) -> int:
    """Führt einen Befehl aus.

    Returns
    -------
    int
        0; 2 bei einem Fehler der Eingabe, 1 bei einem Fehler ausserhalb, 130 nach Ctrl-C.
    """
    try:
        with german_argparse():
            arguments = build_parser().parse_args(argv)
        status = arguments.run(arguments)
        print(end="", flush=True)  # hier, damit auch ein voller Datenträger eine Meldung gibt
        return status
    except AnncourseError as error:
        note(f"Fehler: {error}")
        return error.exit_status
    except KeyboardInterrupt:
        note("Abgebrochen.")
        return 130
    except BrokenPipeError:
        return OutsideError.exit_status  # der Empfänger hat aufgelegt: kein Wort mehr
    except OSError as error:
        note(
            f"Fehler: {error.filename or 'Datei oder Ausgabe'}: {reason(error)}. "
            "Prüfen Sie Platz und Rechte."
        )
        return OutsideError.exit_status


def run() -> None:
    """Der getippte Befehl: `main` mit einem Terminal, das auch nur ASCII können darf."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    status = main()
    sys.stdout = None  # main hat sie geleert; was noch darin steht, nimmt niemand mehr an
    sys.exit(status)


if __name__ == "__main__":
    run()
