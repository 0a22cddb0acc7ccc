"""Das Urteil über eine Antwort: auf Deutsch, mit Hinweis, nach wenigen Sekunden, ohne Abbruch.

Eine Prüfung vergleicht Zahlen, nicht Schreibweisen: Jede richtige Lösung gilt. Für die
häufigsten falschen Lösungen rechnet sie aus, was dabei herauskäme, und erkennt sie daran.
Ein Urteil sagt nur, ob die Antwort stimmt; was man sich dabei überlegen soll, steht im Notebook.
"""

import ctypes
import re
import reprlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence, Set, ValuesView
from copy import deepcopy
from fractions import Fraction
from itertools import islice
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from anncourse.teaching.display import Markdown, say
from anncourse.teaching.exercises.score import record

SEED = 93  # für alle Zufallszahlen der Prüfungen
SECONDS = 10.0  # so lange darf eine Prüfung rechnen
LARGEST = 100_000  # so viele Zahlen hat eine Antwort höchstens
DEEPEST = 6  # so tief sind ihre Listen höchstens geschachtelt
KINDS: dict[type, str] = {str: "ein Text", dict: "ein Wörterbuch", set: "eine Menge"}

RIGHT, WRONG, OPEN = "Richtig.", "Noch nicht.", "Noch offen."

Part = Callable[[], str]  # prüft einen Teil einer Übung und gibt einen Satz dazu zurück


class Hint(Exception):
    """Was an einer Antwort noch fehlt."""


class Open(Exception):
    """Die Vorlage ist noch nicht ausgefüllt."""


class TooLong(BaseException):
    """Die Zeit ist um. Kein ``except Exception`` in einer Antwort fängt das ab."""


def judge(number: int, start: str, *parts: Part) -> Markdown:
    """Prüft die Teile einer Übung und hält fest, wie viele stimmen.

    Parameters
    ----------
    number : int
        Die Übung.
    start : str
        Ein Anfang, für die noch leere Vorlage.
    parts : callable
        Prüft je einen Teil: gibt einen Satz zurück, wirft `Hint` oder `Open`.
    """
    found = [_verdict(part) for part in parts]
    record(number, [verdict == RIGHT for verdict, _ in found])
    if all(verdict == OPEN for verdict, _ in found):
        return say(f"**{OPEN}** Ersetzen Sie die drei Punkte. Ein Anfang: {start}")
    places = [f"Teil {letter}: " if len(parts) > 1 else "" for letter in "abcdef"]
    return say(
        "\n\n".join(
            f"**{verdict}** {place}{sentence}" for place, (verdict, sentence) in zip(places, found)
        )
    )


def _verdict(part: Part) -> tuple[str, str]:
    try:
        return RIGHT, in_time(part)
    except Open:
        return OPEN, "Ersetzen Sie die drei Punkte."
    except Hint as hint:
        return WRONG, str(hint)
    except Exception as error:
        return WRONG, f"Das lässt sich nicht lesen: `{show(error)}`"


# --- Die Funktion einer Leserin aufrufen ------------------------------------------------------


def in_time(part: Part) -> str:
    """Führt eine Prüfung in einem eigenen Faden aus und bricht sie nach ``SECONDS`` ab."""
    outcome: list = []

    def work() -> None:
        try:
            outcome.append(part())
        except TooLong:
            outcome.append(None)
        except BaseException as error:
            outcome.append(error)

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    try:
        worker.join(SECONDS)
    finally:  # auch wenn jemand die Zelle unterbricht
        _stop(worker, outcome)
    if not outcome or outcome[0] is None:
        rest = "" if outcome else " Sie läuft im Hintergrund weiter: Starten Sie den Kern neu."
        raise Hint(
            f"Nach {SECONDS:g} Sekunden ist Ihre Lösung noch nicht fertig. Hört eine Schleife nie "
            f"auf?{rest}"
        )
    result = outcome[0]
    if isinstance(result, SystemExit):
        raise Hint("Ihre Lösung beendet Python, mit `exit` oder `quit`. Entfernen Sie das.")
    if isinstance(result, BaseException):
        raise result
    return result


def _stop(worker: threading.Thread, outcome: list) -> None:
    """Wirft im Faden `TooLong`, mehrmals: Ein ``except:`` ohne Namen fängt es ab."""
    for _ in range(40):
        if outcome or not worker.is_alive():
            return
        ident = ctypes.c_ulong(worker.ident or 0)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(TooLong))
        worker.join(0.05)


def call(function: Any, *arguments: object, slips: Mapping[str, str] | None = None) -> Any:
    """Was `returned` gibt, aus Listen."""
    return plain(returned(function, *arguments, slips=slips))


def returned(function: Any, *arguments: object, slips: Mapping[str, str] | None = None) -> Any:
    """Ruft die Funktion der Leserin mit eigenen Kopien auf.

    Bricht sie ab und steht ein Stück aus ``slips`` (Stück → Hinweis) in der Meldung von Python, so
    gilt dessen Hinweis.
    """
    if function is ...:
        raise Open
    if not callable(function):
        raise Hint("Erwartet wird die Funktion selbst, ohne Klammern dahinter.")
    try:
        value = function(*deepcopy(arguments))
        value = list(islice(value, LARGEST + 1)) if isinstance(value, Iterator) else value
    except Exception as error:
        raise Hint(_reason(error, slips or {})) from error
    if value is None:
        raise Hint("Ihre Funktion gibt nichts zurück. Fehlt `return`?")
    return value


def _reason(error: Exception, slips: Mapping[str, str]) -> str:
    """Woran eine Funktion scheitert, die abbricht."""
    what = f"{type(error).__name__}: {_short(error)}".removesuffix(": ")
    for fragment, hint in slips.items():
        if fragment in what:
            return hint
    if isinstance(error, KeyError):
        return (
            f"Ihre Funktion greift auf den Schlüssel `{', '.join(map(str, error.args))}` zu; in "
            "diesem Wörterbuch gibt es ihn nicht. Welche gibt es, und was gilt, wenn einer fehlt?"
        )
    if isinstance(error, NameError):
        return (
            f"Ihre Funktion kennt einen Namen nicht: `{_short(error)}`. Fehlt ein `import`, oder "
            "ist eine Zelle weiter oben nicht ausgeführt?"
        )
    return f"Ihre Funktion bricht ab: `{what}`"


def show(value: object) -> str:
    """Eine Antwort in wenigen Zeichen, auch wenn sie sich nicht schreiben lässt."""
    try:
        return reprlib.repr(value)
    except Exception:
        return f"ein Objekt der Klasse {type(value).__name__}"


def _short(error: Exception) -> str:
    try:
        text = str(error)
    except Exception:
        return "ohne Text"
    text = text.replace("`", "'")  # sonst endete dort der Code im Hinweis
    return text if len(text) <= 200 else f"{text[:200]} …"


# --- Antworten lesen --------------------------------------------------------------------------


def plain(value: Any, depth: int = 0) -> Any:
    """Macht aus Feldern, Tensoren, Tupeln und Generatoren Listen, auch ineinander."""
    if value is ...:
        raise Open
    if depth > DEEPEST:
        raise Hint("Ihre Antwort ist zu tief geschachtelt.")
    if hasattr(value, "to_numpy"):  # Tabellen und Spalten von pandas
        value = value.to_numpy()
    if hasattr(value, "tolist"):  # Felder und Zahlen von NumPy, Tensoren mit oder ohne Gradient
        if getattr(value, "nbytes", 0) > 8 * LARGEST:
            raise Hint("Ihre Antwort hat viel zu viele Zahlen.")
        value = value.tolist()
    if isinstance(value, Mapping):
        return {key: plain(part, depth + 1) for key, part in value.items()}
    if isinstance(value, Sequence | Iterator | ValuesView) and not isinstance(value, str | bytes):
        parts = list(islice(value, LARGEST + 1))  # ein Generator hört vielleicht nie auf
        if len(parts) > LARGEST:
            raise Hint("Ihre Antwort hat viel zu viele Teile. Hört sie nie auf?")
        return [plain(part, depth + 1) for part in parts]
    return value


def named(answer: object, names: Sequence[str]) -> dict[str, object]:
    """Die Teile einer Antwort unter ihren Namen; auch der Reihe nach, ohne Namen."""
    *first, last = (f"`{name}`" for name in names)
    wanted = f"Erwartet wird ein Wörterbuch mit {', '.join(first)} und {last}"
    if answer is ...:
        raise Open
    if hasattr(answer, "keys"):
        found = {str(key).strip().lower(): answer[key] for key in answer.keys()}  # type: ignore
        if not {name.lower() for name in names} <= set(found):
            raise Hint(f"{wanted}.")
        return {name: found[name.lower()] for name in names}
    parts = plain(answer)
    if not isinstance(parts, list) or len(parts) != len(names):
        raise Hint(f"{wanted}.")
    return dict(zip(names, parts))


def numbers(value: object, wanted: str, name: str = "") -> np.ndarray:
    """Die Antwort als Feld von Zahlen; ``name`` steht vor dem Hinweis."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise Hint(
            f"{name}Die Teile Ihres Ergebnisses sind verschieden lang, gefragt ist {wanted}."
        ) from None
    for part in array.ravel().tolist():
        if isinstance(part, str | bytes) or not (
            isinstance(part, Number) or hasattr(part, "__float__")
        ):
            kind = KINDS.get(type(part), "keine Zahl")
            raise Hint(f"{name}Das ist {kind} ({type(part).__name__}), gefragt ist {wanted}.")
    return array.astype(float) if array.dtype == object else array  # zum Beispiel Brüche


def number(value: object, name: str = "") -> float:
    """Eine Zahl von Hand: auch als Text, Bruch oder Feld aus einer einzigen Zahl."""
    value = plain(value)
    wanted = "eine Zahl mit Dezimalpunkt"
    if isinstance(value, str):
        text = value.strip().replace("−", "-").replace(",", ".")
        try:
            value = float(Fraction(text)) if "/" in text else float(text)
        except (ValueError, ZeroDivisionError):
            raise Hint(f"{name}{show(value)} ist keine Zahl, gefragt ist {wanted}.") from None
    if isinstance(value, list) and len(value) == 2 and all(type(part) is int for part in value):
        raise Hint(f"{name}Das sind zwei ganze Zahlen. Dezimalzahlen haben einen Punkt: 0.87.")
    array = numbers(value, wanted, name)
    if array.size != 1:
        raise Hint(f"{name}Gefragt ist eine einzige Zahl.")
    if np.iscomplexobj(array) or not np.isfinite(array).all():
        raise Hint(f"{name}Gefragt ist eine reelle, endliche Zahl.")
    return float(array.reshape(()))


def yes_no(value: object, name: str = "") -> bool:
    """Ja oder nein: als Wahrheitswert, als 0 oder 1, als Wort."""
    value = plain(value)
    while isinstance(value, list) and len(value) == 1:
        (value,) = value
    words = {"ja": True, "nein": False, "true": True, "false": False, "wahr": True, "falsch": False}
    if isinstance(value, str) and value.strip().lower() in words:
        return words[value.strip().lower()]
    if isinstance(value, bool) or (isinstance(value, Number) and value in (0, 1)):
        return bool(value)
    raise Hint(f"{name}Gefragt ist `True` oder `False`.")


def letters(value: object, allowed: str) -> set[str]:
    """Ausgewählte Buchstaben: ``"bdf"``, ``["B", "d", "f"]``, ``{"b", "d", "f"}``."""
    if isinstance(value, Set):
        value = sorted(map(str, value))
    value = plain(value)
    parts = value if isinstance(value, list) else [value]
    if not all(isinstance(part, str) for part in parts):
        raise Hint(f"Gefragt sind Buchstaben von {allowed[0]} bis {allowed[-1]} als Text.")
    found = set(re.sub(r"[\s,;.()/+&-]|\bund\b", "", " ".join(map(str, parts)).lower()))
    if found - set(allowed):
        raise Hint(f"Es gibt nur die Buchstaben von {allowed[0]} bis {allowed[-1]}.")
    return found


# --- Vergleichen ------------------------------------------------------------------------------


def same(array: np.ndarray, expected: ArrayLike, atol: float = 1e-6, rtol: float = 1e-5) -> bool:
    """Ob ein Feld Form und Zahlen hat wie erwartet, ohne Angabe auf fünf Stellen genau."""
    return array.shape == np.shape(expected) and np.allclose(array, expected, rtol, atol)


def recognise(array: np.ndarray, mistakes: Mapping[str, ArrayLike], otherwise: str) -> str:
    """Der Hinweis zum Fehler, der genau diesen falschen Wert ergibt."""
    return next((hint for hint, wrong in mistakes.items() if same(array, wrong)), otherwise)


def expect(
    value: object,
    expected: ArrayLike,
    mistakes: Mapping[str, ArrayLike],
    otherwise: str,
    name: str = "",
) -> None:
    """Lässt den richtigen Wert gelten; ``otherwise`` gilt, wenn nur die Zahlen nicht stimmen.

    Ist der Wert ein Fehler aus ``mistakes`` (Hinweis → was dabei herauskäme), gilt dessen Hinweis.
    """
    shape = tuple(np.shape(expected))
    wanted = f"ein Feld der Form {shape}" if shape else "eine Zahl"
    array = numbers(value, wanted, name)
    if same(array, expected):
        return
    if array.shape != shape:
        otherwise = f"Erwartet wird {wanted}, Ihr Ergebnis hat die Form {array.shape}."
    elif np.isnan(array.astype(complex)).any():
        otherwise = "Ihr Ergebnis enthält `nan`: Es teilt durch null oder läuft über."
    elif any(same(array, np.round(np.asarray(expected), places)) for places in range(1, 5)):
        otherwise = "Das ist gerundet, verglichen wird auf fünf Stellen genau. Runden Sie nicht."
    raise Hint(name + recognise(array, mistakes, otherwise))


def expect_number(
    value: object,
    expected: float,
    tolerance: float,
    mistakes: Mapping[str, float] | None = None,
    otherwise: str = "",
    name: str = "",
) -> None:
    """Lässt eine Zahl von Hand gelten, auf ``tolerance`` genau; verrät nie die richtige."""
    found = number(value, name)
    if abs(found - expected) <= tolerance:
        return
    general = {
        "Das Vorzeichen stimmt nicht.": -expected,
        "Das ist hundertmal zu gross. Sitzt der Dezimalpunkt? Gefragt sind keine Prozente.": (
            100 * expected
        ),
    }
    tried = dict(mistakes or {}) | (general if expected else {})
    for hint, wrong in sorted(tried.items(), key=lambda pair: abs(found - pair[1])):
        if abs(found - wrong) <= max(tolerance, abs(wrong) / 200):  # der nächste gilt
            raise Hint(name + hint)
    if abs(found - expected) <= 5 * tolerance:
        otherwise = "Fast. Haben Sie unterwegs gerundet? Rechnen Sie mit allen Stellen weiter."
    raise Hint(name + (otherwise or "Rechnen Sie nach: Diese Zahl stimmt nicht."))
