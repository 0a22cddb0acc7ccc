"""Prüfungen zu 9.3.1: eine Einheit von Hand, ein gesättigtes Netz."""

from collections.abc import Callable, Set

import numpy as np
from numpy.typing import ArrayLike

from anncourse.cells import rnn_step, sigmoid, unroll
from anncourse.teaching.display import Markdown
from anncourse.teaching.exercises.judging import (
    SEED,
    Hint,
    call,
    judge,
    named,
    number,
    numbers,
    plain,
    same,
    yes_no,
)

U_HAND, W_HAND, INPUTS = 1.5, 0.8, (1, -0.5, -0.5, 0)
ROUNDED, CLOSE = 0.01, 0.006  # so genau sind Zahlen von Hand, und so nahe liegt ein Fehler
SIZES = ((64, 32), (256, 8), (16, 100))  # H, I
SATURATED, SMALLEST, COMMON, LEFT = 0.2, 0.01, 0.6, 0.02  # die Schranken von Übung 10


def check_9(answer: object) -> Markdown:
    """Übung 9: eine Einheit von Hand, ihre vier Zustände und ihre Fixpunkte.

    Parameters
    ----------
    answer : mapping
        ``states`` (4 Zahlen), ``kept`` (ja oder nein), ``fixed_points`` (beliebig viele Zahlen).
    """
    start = "Für $t = 1$ steht in der Klammer von $\\tanh$ nur $w\\, x_1$, denn $h_0 = 0$."
    return judge(9, start, lambda: _states(_parts(answer)), lambda: _fixed_points(_parts(answer)))


def _parts(answer: object) -> dict[str, object]:
    return named(answer, ("states", "kept", "fixed_points"))


def _row(value: object, name: str) -> np.ndarray:
    """Eine Liste von Zahlen von Hand, auch als Menge, Zeile oder Spalte."""
    value = plain(sorted(value) if isinstance(value, Set) else value)
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        (value,) = value
    parts = value if isinstance(value, list) else [value]
    return np.array([number(part, name) for part in parts])


def _path(step: Callable, h: float = 0.0) -> list[float]:
    """Die Zustände nach jeder Eingabe; ``step(h, x)`` ist ein Schritt."""
    path = []
    for x in INPUTS:
        h = step(h, x)
        path.append(h)
    return path


def _states(parts: dict[str, object]) -> str:
    u, w, tanh = U_HAND, W_HAND, np.tanh
    right = np.array(_path(lambda h, x: tanh(u * h + w * x)))
    steps: dict[str, Callable] = {
        "Es fehlt der vorige Zustand $u\\, h_{t-1}$.": lambda h, x: tanh(w * x),
        "Die Gewichte sind vertauscht: $u$ gehört zum vorigen Zustand, $w$ zur Eingabe.": (
            lambda h, x: tanh(w * h + u * x)
        ),
        "Es fehlt $\\tanh$.": lambda h, x: u * h + w * x,
        "Die Eingabe wird mit $w$ multipliziert.": lambda h, x: tanh(u * h + x),
        "Der vorige Zustand wird mit $u$ multipliziert.": lambda h, x: tanh(h + w * x),
        "Die Ablenkungen sind negativ.": lambda h, x: tanh(u * h + w * abs(x)),
        "Das sind die Zustände mit $u = 2$. Hier ist $u = 1.5$.": lambda h, x: tanh(2 * h + w * x),
        "$\\tanh$ wirkt auf die ganze Summe, nicht nur auf $w\\, x_t$.": (
            lambda h, x: u * h + tanh(w * x)
        ),
        "$\\tanh$ wirkt auf die ganze Summe, nicht nur auf $u\\, h_{t-1}$.": (
            lambda h, x: tanh(u * h) + w * x
        ),
        "Das ist der Tangens. Gefragt ist $\\tanh$, auf dem Rechner oft `hyp` und `tan`.": (
            lambda h, x: np.tan(u * h + w * x)
        ),
        "Die Einheit rechnet mit $\\tanh$, nicht mit $\\sigma$.": lambda h, x: sigmoid(
            u * h + w * x
        ),
    }
    mistakes: dict[str, ArrayLike] = {hint: _path(step) for hint, step in steps.items()}
    mistakes |= {
        "Das Vorzeichen stimmt nicht: Das Bit ist $+1$.": -right,
        "Hier ist $h_0 = 0$, nicht 1.": _path(lambda h, x: tanh(u * h + w * x), 1.0),
        "Das sind $h_0$ bis $h_3$. Gefragt sind $h_1$ bis $h_4$.": [0, *right[:3]],
        "In den nächsten Schritt geht $h_{t-1}$ ein, also die Zahl *nach* $\\tanh$.": tanh(
            _path(lambda h, x: u * h + w * x)
        ),
        "Das sind die Zahlen aus dem Kapitel. Hier sind Gewichte und Eingaben andere.": [
            0.7616,
            0.9093,
            0.9487,
            0.956,
        ],
        "Runden Sie weniger: Gefragt sind zwei Stellen nach dem Punkt.": np.round(right, 1),
    }
    name = "Zustände: "
    found = _row(parts["states"], name)
    if len(found) == 5 and same(found, [0, *right], ROUNDED):
        raise Hint(f"{name}$h_0$ gehört nicht dazu. Gefragt sind $h_1$ bis $h_4$.")
    if len(found) != 4:
        raise Hint(f"{name}Gefragt sind vier Zahlen, $h_1$ bis $h_4$, nicht {len(found)}.")
    if not same(found, right, ROUNDED):
        wrong = 1 + int(np.argmax(np.abs(found - right) > ROUNDED))
        before = f"Bis $h_{wrong - 1}$ stimmt es. " if wrong > 1 else ""
        otherwise = (
            f"{before}Rechnen Sie $h_{wrong} = \\tanh(u\\, h_{wrong - 1} + w\\, x_{wrong})$ nach."
        )
        raise Hint(
            name + next((h for h, m in mistakes.items() if same(found, m, CLOSE)), otherwise)
        )
    if not yes_no(parts["kept"], "`kept`: "):
        raise Hint("Vergleichen Sie das Vorzeichen von $h_4$ mit dem von $x_1$.")
    return "Die Ablenkungen verkleinern den Zustand; sein Vorzeichen ändern sie nicht."


def _fixed_points(parts: dict[str, object]) -> str:
    positive = 1.0
    for _ in range(100):
        positive = np.tanh(U_HAND * positive)
    right, name = (-positive, 0.0, positive), "Fixpunkte: "
    found = _row(parts["fixed_points"], name)
    if not len(found):
        raise Hint(f"{name}Ihre Liste ist leer.")
    for h in found:
        if min(abs(h - fixed) for fixed in right) > CLOSE:
            raise Hint(name + _not_fixed(h))
    missing = [fixed for fixed in right if min(abs(found - fixed)) > ROUNDED]
    if len(missing) == 2:
        other = "Zwei fehlen noch. Beginnen Sie bei $h = 1$ und wiederholen Sie $\\tanh(1.5\\, h)$."
        known = (
            "Zwei fehlen noch. Einer hat das andere Vorzeichen, beim dritten bewegt sich nichts."
        )
        raise Hint(name + (other if positive in missing and -positive in missing else known))
    if missing == [0.0]:
        raise Hint(f"{name}Einer fehlt noch: der, bei dem weder $+$ noch $-$ gespeichert ist.")
    if missing:
        raise Hint(f"{name}Einer fehlt noch. Was ist $\\tanh(-a)$, verglichen mit $\\tanh(a)$?")
    return "Alle drei. Im mittleren ist kein Bit gespeichert; die beiden anderen bieten ihm Platz."


def _not_fixed(h: float) -> str:
    """Warum eine Zahl kein Fixpunkt ist."""
    if abs(abs(h) - 0.9575) < CLOSE:
        return "Diese Zahl gehört zu $u = 2$. Hier ist $u = 1.5$."
    if abs(abs(h) - np.tanh(U_HAND)) < CLOSE:
        return "Das ist erst *ein* Schritt von $\\pm 1$ aus. Wiederholen Sie ihn."
    if abs(h) > 1 - 1e-9:
        return f"$\\tanh$ bleibt zwischen $-1$ und 1 und erreicht sie nie: {h:g} ist kein Fixpunkt."
    return f"Setzen Sie $h = {h:.4g}$ ein: $\\tanh(1.5\\, h)$ ist noch eine andere Zahl."


def check_10(answer: Callable) -> Markdown:
    """Übung 10: Anfangswerte, mit denen ein SimpleRNN nicht gesättigt ist und doch etwas behält.

    Parameters
    ----------
    answer : callable
        ``answer(rng, hidden_size, input_size)``; Ergebnis W (H, I), U (H, H), b (H,).
    """
    start = "Alle Zahlen sind positiv. Welches Vorzeichen haben dann die Summanden?"
    return judge(10, start, lambda: _start_values(answer))


def _start_values(answer: Callable) -> str:
    for H, I in SIZES:
        p = _weights(answer, SEED, H, I)
        with np.errstate(all="ignore"):  # riesige Gewichte laufen über
            _measure(p, H, I)
    H, I = SIZES[-1]
    again, other = _weights(answer, SEED, H, I), _weights(answer, SEED + 1, H, I)
    if any(not np.array_equal(again[name], p[name]) for name in p):
        raise Hint(
            "Aus demselben Zufallsstart wurden zweimal verschiedene Gewichte. Ziehen Sie alle "
            "Zufallszahlen aus `rng`."
        )
    if all(np.array_equal(other[name], p[name]) for name in p):
        raise Hint(
            "Aus zwei Zufallsstarts wurden dieselben Gewichte. Ziehen Sie die Zufallszahlen aus "
            "`rng`."
        )
    verdict = "Die Ausgaben verteilen sich, und der Zustand behält etwas von früheren Eingaben."
    narrow, wide = (_weights(answer, SEED, H, 8)["U"].std() for H in (16, 256))
    if wide > 0.5 * narrow:
        verdict += (
            " Ihre Zahlen in $U$ sind aber bei jedem $H$ etwa gleich gross. Wie gross würde die "
            "Summe bei 10 000 Einheiten?"
        )
    return verdict


def _weights(answer: Callable, seed: int, H: int, I: int) -> dict[str, np.ndarray]:
    """Was die Funktion zurückgibt, wenn Zahl und Formen stimmen."""
    value = named(call(answer, np.random.default_rng(seed), H, I), ("W", "U", "b"))
    p = {}
    for name, shape in (("W", (H, I)), ("U", (H, H)), ("b", (H,))):
        p[name] = numbers(value[name], "ein Feld von Zahlen", f"`{name}`: ")
        if p[name].shape != shape:
            raise Hint(
                f"`{name}` hat für $H = {H}$, $I = {I}$ die Form {p[name].shape}, "
                f"erwartet wird {shape}."
            )
        if np.iscomplexobj(p[name]) or not np.isfinite(p[name]).all():
            raise Hint(f"`{name}` enthält Zahlen, die nicht reell und endlich sind.")
    return p


def _measure(p: dict[str, np.ndarray], H: int, I: int) -> None:
    """Misst an Zufallszahlen, ob das Netz gesättigt ist und ob es etwas behält."""
    place = f"Bei $H = {H}$, $I = {I}$ "
    rng = np.random.default_rng(SEED)
    inputs = rng.normal(size=(100, I))
    h = unroll(rnn_step, inputs, p)["h"]  # (100, H)

    share = np.mean(~(np.abs(h) <= 0.99))  # zählt auch nan
    if share > SATURATED:
        raise Hint(
            f"{place}sind {100 * share:.0f} % der Ausgaben im Betrag grösser als 0.99. "
            f"{_cause(p, inputs, h)}"
        )
    spread = h.std(axis=0).mean()
    if spread < SMALLEST:
        raise Hint(
            f"{place}ändern sich die Ausgaben kaum, ihre Standardabweichung ist {spread:.1g}: $W$ "
            "ist zu klein. Die Zahlen in $W x_t$ dürfen in der Grössenordnung von 1 sein."
        )
    squares = np.linalg.svd(h - h.mean(axis=0), compute_uv=False) ** 2
    if squares[0] > COMMON * squares.sum():
        positive = [name for name in ("W", "U") if (p[name] >= 0).all()]
        reason = f" In ${positive[0]}$ ist keine Zahl negativ." if positive else ""
        raise Hint(
            f"{place}ist nichts gesättigt, aber die Einheiten tun fast alle dasselbe: "
            f"{100 * squares[0] / squares.sum():.0f} % der Schwankung haben sie gemeinsam.{reason} "
            "Jede braucht eigene Gewichte um null."
        )
    left = _left(p, inputs, h, rng)
    if left < LEFT:
        positive_u = (p["U"] >= 0).all() and p["U"].any()
        reason = "in $U$ ist keine Zahl negativ" if positive_u else "$U$ ist zu klein"
        raise Hint(
            f"{place}ist nichts gesättigt, aber das Netz vergisst: Von einer geänderten Eingabe "
            f"sind zwei Schritte später noch {100 * left:.1f} % übrig; {reason}."
        )


def _cause(p: dict[str, np.ndarray], inputs: np.ndarray, h: np.ndarray) -> str:
    """Welcher Summand zu gross ist, und warum."""
    size = {
        "W x_t": np.abs(inputs @ p["W"].T).mean(),
        "U h_{t-1}": np.abs(h[:-1] @ p["U"].T).mean(),
        "b": np.abs(p["b"]).mean(),
    }
    largest = max(size, key=lambda name: size[name])
    matrix = largest[0]
    measured = ", ".join(f"${name}$ {value:.3g}" for name, value in size.items())
    reason = f"${matrix}$ ist zu gross."
    if matrix != "b":
        count = p[matrix].shape[1]
        reason = f"Mit {count} Summanden ist jedes Gewicht in ${matrix}$ noch zu gross."
        if (p[matrix] >= 0).all():
            reason = f"In ${matrix}$ ist keine Zahl negativ; die Gewichte sollen um null liegen."
    return f"Mittlere Beträge: {measured}. {reason}"


def _left(p: dict[str, np.ndarray], inputs: np.ndarray, h: np.ndarray, rng) -> float:
    """Welcher Teil von einer geänderten Eingabe zwei Schritte später noch übrig ist."""
    now = later = 0.0
    for t in range(20, 90, 10):
        changed = inputs.copy()
        changed[t] = rng.normal(size=inputs.shape[1])
        distance = np.linalg.norm(unroll(rnn_step, changed[: t + 3], p)["h"] - h[: t + 3], axis=1)
        now, later = now + distance[t], later + distance[t + 2]
    return later / now if now else 0.0
