"""Kommandozeile: ``python -m anncourse train | evaluate | predict | data``."""

import argparse
import json
import os
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path

from anncourse import __version__
from anncourse.errors import AnncourseError, InputError, OutsideError, reason

CELLS = ("rnn", "lstm", "gru")
SCHEMES = ("pytorch", "keras", "forget_bias_3", "irnn")
ACCELERATORS = ("cpu", "gpu", "auto")
STRATEGIES = ("auto", "ddp")
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
ENGINE = ("accelerator", "devices", "num_nodes", "strategy", "precision")
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

    def error(self, message: str) -> None:
        """Beendet nicht selbst, sondern meldet den Fehler an `main`."""
        raise InputError(f"{message}. Hilfe: {self.prog} --help")

    def exit(self, status: int = 0, message: str | None = None) -> None:
        """Leert nach ``--help`` die Ausgabe, solange `main` einen Fehler noch melden kann."""
        print(end="", flush=True)
        super().exit(status, message)


def one_of(what: str, allowed: tuple[str, ...]):
    """Prüft einen Namen."""

    def check(value: str) -> str:
        if value not in allowed:
            raise argparse.ArgumentTypeError(
                f"{what} «{value}» ist unbekannt; möglich sind {', '.join(allowed)}"
            )
        return value

    return check


def whole_number(smallest: int, largest: int):
    """Prüft eine ganze Zahl."""

    def check(value: str) -> int:
        if not re.fullmatch("-?[0-9]{1,20}", value) or not smallest <= int(value) <= largest:
            raise argparse.ArgumentTypeError(
                f"«{value[:40]}» passt nicht; erwartet wird eine ganze Zahl von {smallest} bis "
                f"{largest}"
            )
        return int(value)

    return check


def build_parser() -> Parser:
    """Befehle und Optionen, mit deutscher Hilfe."""
    argparse._ = lambda text: GERMAN.get(text, text)  # argparse übersetzt mit diesem Namen
    parser = Parser(
        prog="python -m anncourse",
        description="Rekurrente Netze für die Filmkritiken aus Kapitel 9.3.",
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"anncourse {__version__}",
        help="zeigt die Version und endet",
    )
    commands = parser.add_subparsers(title="Befehle", metavar="BEFEHL", required=True)

    train = commands.add_parser(
        "train",
        help="ein Netz trainieren",
        description="Trainiert ein Netz, behält die beste Epoche und misst einmal auf dem "
        "Testteil. Die letzte Zeile der Ausgabe ist JSON.",
    )
    train.add_argument(
        "--cell",
        required=True,
        type=one_of("Zelle", CELLS),
        metavar="ZELLE",
        help="rnn, lstm oder gru",
    )
    _add_data(train)
    train.add_argument(
        "--epochs",
        type=whole_number(1, 1000),
        metavar="N",
        help="Durchgänge durch den Trainingsteil (Voreinstellung: 8)",
    )
    train.add_argument(
        "--seed",
        type=whole_number(0, 2**32 - 1),
        default=0,
        metavar="S",
        help="Zufallsstart (Voreinstellung: 0)",
    )
    train.add_argument(
        "--output",
        type=Path,
        metavar="ORDNER",
        help="für Gewichte, metrics.csv und result.json (Voreinstellung: runs/ZELLE-seedS)",
    )
    train.add_argument(
        "--init",
        type=one_of("Anfangswerte", SCHEMES),
        metavar="NAME",
        help=f"Anfangswerte: {', '.join(SCHEMES)} (Voreinstellung: keras)",
    )
    engine = train.add_argument_group("Rechenwerk (Namen wie bei PyTorch Lightning)")
    engine.add_argument(
        "--accelerator",
        type=one_of("Rechenwerk", ACCELERATORS),
        default="cpu",
        metavar="NAME",
        help="cpu (Voreinstellung), gpu oder auto: Grafikkarte, wo eine da ist",
    )
    engine.add_argument(
        "--devices",
        type=whole_number(1, 1024),
        default=1,
        metavar="N",
        help="Prozesse oder Grafikkarten je Rechner (Voreinstellung: 1)",
    )
    engine.add_argument(
        "--nodes",
        type=whole_number(1, 1024),
        default=1,
        metavar="N",
        dest="num_nodes",
        help="Rechner (Voreinstellung: 1)",
    )
    engine.add_argument(
        "--strategy",
        type=one_of("Strategie", STRATEGIES),
        default="auto",
        metavar="NAME",
        help="auto (Voreinstellung) oder ddp: mehrere Prozesse teilen sich jeden Stapel",
    )
    engine.add_argument(
        "--precision",
        type=one_of("Genauigkeit", PRECISIONS),
        default="32-true",
        metavar="NAME",
        help=f"{', '.join(PRECISIONS)} (Voreinstellung: 32-true)",
    )
    train.set_defaults(run=run_train)

    evaluate = commands.add_parser(
        "evaluate",
        help="ein trainiertes Netz auf dem Testteil messen",
        description="Misst ein trainiertes Netz auf dem Testteil. Die letzte Zeile ist JSON.",
    )
    evaluate.add_argument("folder", type=Path, metavar="ORDNER", help="Ordner eines Laufs")
    _add_data(evaluate)
    evaluate.set_defaults(run=run_evaluate)

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
        type=Path,
        metavar="ORDNER",
        help="Ordner eines Laufs (Voreinstellung: die mitgelieferte LSTM)",
    )
    predict.set_defaults(run=run_predict)

    data = commands.add_parser(
        "data",
        help="zeigen, welche Daten geladen werden",
        description="Zeigt, was geladen wird: woher, wie viel, SHA-256.",
    )
    _add_data(data)
    data.set_defaults(run=run_data)
    return parser


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        metavar="QUELLE",
        help=f"{SOURCES}. Voreinstellung: die Umgebungsvariable ANNCOURSE_DATA, sonst imdb",
    )


def run_train(arguments: argparse.Namespace) -> int:
    """Trainieren."""
    from dataclasses import replace

    from anncourse.config import Config
    from anncourse.sources import load_reviews

    output = arguments.output or Path("runs", f"{arguments.cell}-seed{arguments.seed}")
    reviews = load_reviews(arguments.data)
    note(f"Daten: {reviews}")

    from anncourse.data import ReviewsDataModule
    from anncourse.training import fit

    config = Config()
    changes = {"epochs": arguments.epochs, "init": arguments.init}
    config = replace(config, **{k: value for k, value in changes.items() if value is not None})
    engine = {name: getattr(arguments, name) for name in ENGINE}
    data = ReviewsDataModule(reviews, config)
    try:
        with redirect_stdout(sys.stderr):  # dorthin der Balken; hierhin nur die Zeile JSON
            _, result = fit(arguments.cell, data, config, arguments.seed, output, **engine)
    except KeyboardInterrupt:
        note("Abgebrochen vor dem Ende der ersten Epoche: Es gibt noch nichts zu behalten.")
        return 130
    if result is None:  # ein weiterer Prozess desselben Trainings
        return 0
    if result.interrupted:
        note(
            f"Abgebrochen. Die Gewichte der bisher besten Epoche ({result.best_epoch}) liegen in "
            f"«{output}»; result.json ist als gekürzt vermerkt. Auf dem Testteil misst sie: "
            f"python -m anncourse evaluate {output}"
        )
    else:
        note(f"Gewichte, Verlauf und Ergebnis liegen in «{output}».")
    print(json.dumps(result.summary(), ensure_ascii=False))
    return 130 if result.interrupted else 0


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Messen."""
    from anncourse.results import interval
    from anncourse.sources import load_reviews
    from anncourse.text import tokenise
    from anncourse.weights import load_weights

    weights = load_weights(arguments.folder)
    reviews = load_reviews(arguments.data)

    from anncourse.data import EncodedReviews
    from anncourse.models import model_from_weights
    from anncourse.training import evaluate

    words = [tokenise(text) for text in reviews.test_texts]
    vocabulary, maxlen = weights.vocabulary, weights.config.maxlen
    part = EncodedReviews.encode(words, reviews.test_labels, vocabulary, maxlen)
    accuracy = evaluate(model_from_weights(weights), part)
    low, high = interval(accuracy, len(part))
    note(
        f"{weights.cell} auf {reviews.name}: {100 * accuracy:.1f} % von {len(part)} Kritiken "
        f"(95-%-Intervall {100 * low:.1f} bis {100 * high:.1f} %)"
    )
    result = {"cell": weights.cell, "data": reviews.name, "digest": reviews.digest}
    result |= {"test_accuracy": accuracy, "interval": [low, high], "reviews": len(part)}
    print(json.dumps(result, ensure_ascii=False))
    return 0


def run_predict(arguments: argparse.Namespace) -> int:
    """Beurteilen."""
    from anncourse.prediction import read
    from anncourse.weights import SHIPPED_FOLDER, load_weights

    texts = [decode(os.fsencode(text)) for text in arguments.text] or read_lines()
    weights = load_weights(arguments.model or SHIPPED_FOLDER / "lstm")
    readings = []
    for number, text in enumerate(texts, start=1):
        try:
            readings.append(read(weights, text))
        except InputError as error:
            raise InputError(f"Kritik {number}: {error}") from error
    for text, reading in zip(texts, readings):
        print(f"{reading.label} {reading.probability:.3f} {' '.join(text.split())}")
    return 0


def read_lines() -> list[str]:
    """Die Kritiken der Standardeingabe, eine je Zeile."""
    lines = []
    if sys.stdin is not None:
        if sys.stdin.isatty():
            note("Eine Kritik je Zeile; Ctrl-D beendet die Eingabe.")
        lines = sys.stdin.buffer.read().splitlines()  # Bytes: nur echte Zeilenenden trennen
    if not lines:
        raise InputError(
            "Keine Kritik gegeben. Erwartet wird ein Text, zum Beispiel: "
            'python -m anncourse predict "a wonderful film"'
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
    from anncourse.sources import HUB_NAME, HUB_REVISION, load_reviews

    source = arguments.data or os.environ.get("ANNCOURSE_DATA") or "imdb"
    origin = {
        "imdb": f"Hub, {HUB_NAME}, Revision {HUB_REVISION}",
        "sample": "erzeugt von anncourse.sample",
    }
    reviews = load_reviews(source)
    print(f"Name:     {reviews.name}")
    print(f"Herkunft: {origin.get(source) or Path(source).expanduser().resolve()}")
    for part, labels in (("Training", reviews.train_labels), ("Test", reviews.test_labels)):
        print(f"{part + ':':9} {len(labels)} Kritiken, davon {labels.sum()} positiv")
    print(f"SHA-256:  {reviews.digest}")
    return 0


def note(text: str) -> None:
    """Ein Satz an den Menschen, auf der Standardfehlerausgabe; bei mehreren Prozessen einmal."""
    if os.environ.get("LOCAL_RANK", "0") == "0":
        print(text, file=sys.stderr)


def main(argv: list[str] | None = None) -> int:
    """Führt einen Befehl aus.

    Returns
    -------
    int
        0; 2 bei einem Fehler der Eingabe, 1 bei einem Fehler ausserhalb, 130 nach Ctrl-C.
    """
    try:
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


if __name__ == "__main__":
    if sys.stdout is not None:
        sys.stdout.reconfigure(errors="backslashreplace")  # auch eine Ausgabe, die nur ASCII kann
    status = main()
    sys.stdout = None  # main hat sie geleert; was noch darin steht, nimmt niemand mehr an
    sys.exit(status)
