"""Die Prüfungen zu den Übungen aus Abschnitt 9.3.9: Jede urteilt auf Deutsch und gibt Hinweise.

Eine Prüfung vergleicht Zahlen, nicht Schreibweisen: Jede richtige Lösung gilt. Für die
häufigsten falschen Lösungen rechnet sie aus, was dabei herauskäme, und erkennt sie daran.
Ein Urteil sagt nur, ob der Code stimmt; was man sich dabei überlegen soll, steht im Notebook.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import wraps
from numbers import Number

import numpy as np
from numpy.typing import ArrayLike

from anncourse.cells import STACKED, gru_step, sigmoid
from anncourse.teaching.display import Markdown, say

SEED = 93  # für alle Zufallszahlen der Prüfungen
KINDS: dict[type, str] = {str: "ein Text", dict: "ein Wörterbuch"}


class _Hint(Exception):
    """Was an einer Antwort noch fehlt."""


class _Open(Exception):
    """Die Vorlage ist noch nicht ausgefüllt."""


def _judged(start: str) -> Callable:
    """Macht aus einer Prüfung eine, die nie abbricht; ``start`` hilft, wo noch nichts steht."""

    def decorate(check: Callable) -> Callable[[object], Markdown]:
        @wraps(check)
        def judge(answer: object) -> Markdown:
            try:
                return say(f"**Richtig.** {check(answer)}")
            except _Open:
                return say(f"**Noch offen.** Ersetzen Sie die drei Punkte. Ein Anfang: {start}")
            except _Hint as hint:
                return say(f"**Noch nicht.** {hint}")
            except Exception as error:
                return say(f"**Noch nicht.** Das lässt sich nicht lesen: `{error!r}`")

        return judge

    return decorate


def _call(function: Callable, *arguments: object) -> object:
    """Ruft die Funktion der Leserin mit eigenen Kopien auf."""
    if not callable(function):
        raise _Hint("Erwartet wird die Funktion selbst, ohne Klammern dahinter.")
    try:
        value = _plain(function(*deepcopy(arguments)))
    except _Open:
        raise
    except KeyError as error:
        raise _Hint(
            f"Ihre Funktion greift auf den Schlüssel `{', '.join(map(str, error.args))}` zu; in "
            "diesem Wörterbuch gibt es ihn nicht. Ändern oder entfernen Sie den Zugriff."
        ) from error
    except Exception as error:
        raise _Hint(f"Ihre Funktion bricht ab: `{type(error).__name__}: {error}`") from error
    if value is None:
        raise _Hint("Ihre Funktion gibt nichts zurück. Fehlt `return`?")
    return value


def _plain(value: object) -> object:
    """Macht aus Feldern, Tensoren, Tupeln und Generatoren Listen, auch ineinander."""
    if value is ...:
        raise _Open
    if hasattr(value, "tolist"):  # Felder und Zahlen von NumPy, Tensoren mit oder ohne Gradient
        value = value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, Iterator)):
        return [_plain(part) for part in value]
    return value


def _numbers(value: object, wanted: str, name: str = "") -> np.ndarray:
    """Die Antwort als Feld von Zahlen; ``name`` steht vor dem Hinweis."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise _Hint(
            f"{name}Die Teile Ihres Ergebnisses sind verschieden lang, gefragt ist {wanted}."
        ) from None
    for part in array.ravel().tolist():
        if not isinstance(part, Number):
            kind = KINDS.get(type(part), "keine Zahl")
            raise _Hint(f"{name}Das ist {kind} ({type(part).__name__}), gefragt ist {wanted}.")
    return array.astype(float) if array.dtype == object else array  # zum Beispiel Brüche


def _same(array: np.ndarray, expected: ArrayLike) -> bool:
    """Ob ein Feld Form und Zahlen hat wie erwartet, auf fünf Stellen genau."""
    return array.shape == np.shape(expected) and np.allclose(array, expected, atol=1e-6)


def _recognise(array: np.ndarray, mistakes: Mapping[str, ArrayLike], otherwise: str) -> str:
    """Der Hinweis zum Fehler, der genau diesen falschen Wert ergibt."""
    return next((hint for hint, wrong in mistakes.items() if _same(array, wrong)), otherwise)


def _expect(
    value: object,
    expected: ArrayLike,
    mistakes: Mapping[str, ArrayLike],
    otherwise: str,
    name: str = "",
) -> None:
    """Lässt den richtigen Wert gelten; ``otherwise`` gilt, wenn nur die Zahlen nicht stimmen."""
    shape = np.shape(expected)
    wanted = f"ein Feld der Form {shape}" if shape else "eine Zahl"
    array = _numbers(value, wanted, name)
    if _same(array, expected):
        return
    if array.shape != shape:
        otherwise = f"Erwartet wird {wanted}, Ihr Ergebnis hat die Form {array.shape}."
    elif any(_same(array, np.round(np.asarray(expected), places)) for places in range(1, 5)):
        otherwise = "Das ist gerundet, verglichen wird auf fünf Stellen genau. Runden Sie nicht."
    raise _Hint(name + _recognise(array, mistakes, otherwise))


@_judged("Mit `batch_first=True` ist die erste Zahl von `output` die Grösse des Stapels.")
def check_1(answer: Mapping[str, tuple]):
    """Übung 1: Formen der Ausgaben von ``nn.LSTM(50, 64, num_layers=2, batch_first=True)``.

    Parameters
    ----------
    answer : mapping
        ``output`` und ``h_n``, je ein Tupel, für eine Eingabe der Form (16, 120, 50).
    """
    if not hasattr(answer, "keys") or not {"output", "h_n"} <= set(answer.keys()):
        raise _Hint("Erwartet wird ein Wörterbuch mit `output` und `h_n`.")
    output, h_n = _plain(answer["output"]), _plain(answer["h_n"])
    _expect_shape(
        "`output`: ",
        output,
        (16, 120, 64),
        {
            "Mit `batch_first=True` steht der Stapel vorn, nicht die Zeit.": (120, 16, 64),
            "Die letzte Zahl ist die Länge des Zustands, nicht die der Eingabe.": (16, 120, 50),
            "Es enthält nur die oberste Schicht; die Schichten werden "
            "nicht hintereinandergehängt.": (
                16,
                120,
                128,
            ),
            "Es enthält jeden Zeitschritt, nicht nur den letzten.": (16, 64),
        },
        "Stapel, Zeitschritt, Einheit",
    )
    _expect_shape(
        "`h_n`: ",
        h_n,
        (2, 16, 64),
        {
            "`batch_first` gilt nur für Eingabe und `output`; in `h_n` steht die Schicht vorn.": (
                16,
                2,
                64,
            ),
            "Es enthält den letzten Zustand *jeder* Schicht, auch der unteren.": (1, 16, 64),
            "Vorn fehlt eine Achse für die Schichten.": (16, 64),
            "Es enthält nur den letzten Zeitschritt.": (2, 16, 120, 64),
        },
        "Schicht, Stapel, Einheit",
    )
    return "`batch_first` ändert `output`, aber nicht `h_n`; die oberste Schicht ist `h_n[-1]`."


def _expect_shape(name: str, value: object, expected: tuple, mistakes: Mapping, axes: str) -> None:
    """Lässt die richtige Form gelten; ``axes`` sagt, wofür ihre drei Zahlen stehen."""
    shape = _numbers(value, "ein Tupel von Zahlen", name)
    if shape.ndim != 1:
        raise _Hint(f"{name}Gefragt ist die Form als Tupel, zum Beispiel `(2, 3)`.")
    if not _same(shape, expected):
        given = tuple(shape.tolist())
        otherwise = f"{given} stimmt nicht. Es sind der Reihe nach drei Achsen: {axes}."
        raise _Hint(name + _recognise(shape, mistakes, otherwise))


@_judged("Zählen Sie eine Schicht des RNN: W, U und zwei Achsenabschnitte.")
def check_2(answer: Callable[[str, int, int, int], int]):
    """Übung 2: Anzahl Parameter gestapelter Schichten.

    Parameters
    ----------
    answer : callable
        ``answer(cell, input_size, hidden_size, num_layers)``; cell ist rnn, lstm oder gru.
    """
    from anncourse.models import CLASSIFIERS, count_parameters

    I, H = 9, 5
    for cell, L in (("rnn", 1), ("lstm", 1), ("gru", 1), ("rnn", 2), ("lstm", 3), ("gru", 4)):
        value = _call(answer, cell, I, H, L)
        expected = count_parameters(CLASSIFIERS[cell].recurrent_layer(I, H, num_layers=L))
        G = len(STACKED[cell])
        _expect(
            value,
            expected,
            {
                "PyTorch führt je Tor *zwei* Achsenabschnitte.": expected - L * G * H,
                "Je Tor und für den Kandidaten gibt es eigene Gewichte.": expected / G,
                "Ab der zweiten Schicht ist die Eingabe der Zustand der Schicht darunter, also $H$ "
                "Zahlen lang.": L * G * (I * H + H * H + 2 * H),
                "Jede Schicht hat eigene Gewichte.": G * (I * H + H * H + 2 * H),
            },
            f"PyTorch hat {expected} Parameter, Ihre Funktion sagt {value}.",
            f"{cell}({I}, {H}, {L} {'Schicht' if L == 1 else 'Schichten'}): ",
        )
    return "Alle sechs Fälle stimmen mit PyTorch überein."


@_judged("Im Stapel ist jede *Zeile* von X eine Eingabe. Welche Form hat `X @ W.T`?")
def check_3(answer: Callable):
    """Übung 3: ein Schritt des SimpleRNN für einen ganzen Stapel.

    Parameters
    ----------
    answer : callable
        ``answer(X, S, W, U, b)`` mit X (B, I), S (B, H); Ergebnis (B, H).
    """
    rng = np.random.default_rng(SEED)
    X, S = rng.normal(size=(7, 4)), rng.normal(size=(7, 3))
    W, U, b = rng.normal(size=(3, 4)), rng.normal(size=(3, 3)), rng.normal(size=3)
    value = _call(answer, X, S, W, U, b)
    inner = X @ W.T + S @ U.T + b
    _expect(
        value,
        np.tanh(inner),
        {
            "Die Zahlen stimmen, aber Ihr Ergebnis steht auf der Seite: "
            "(H, B) statt (B, H).": np.tanh(inner).T,
            "Es fehlt die Aktivierung tanh.": inner,
            "Es fehlt der Achsenabschnitt b.": np.tanh(inner - b),
            "Auch U muss transponiert werden: Jede Zeile von S ist ein Zustand.": np.tanh(
                X @ W.T + S @ U + b
            ),
            "Der vorige Zustand S fehlt.": np.tanh(X @ W.T + b),
        },
        "Die Form stimmt, die Zahlen nicht: In jeder Zeile wird tanh(W x + U s + b) erwartet.",
    )
    return "Mit Matrixprodukten braucht der Stapel keine Schleife; die über die Zeit bleibt."


@_judged("Die Folge Nummer 0 hat `lengths[0]` echte Schritte. Welche Stelle ist der letzte davon?")
def check_4(answer: Callable):
    """Übung 4: der letzte Zustand vor rechts aufgefüllten Stellen.

    Parameters
    ----------
    answer : callable
        ``answer(outputs, lengths)`` mit (B, T, H) und (B,); Ergebnis (B, H).
    """
    outputs = np.random.default_rng(SEED).normal(size=(4, 6, 3))
    lengths = np.array([2, 5, 1, 4])
    value = _call(answer, outputs, lengths)
    rows = np.arange(4)
    _expect(
        value,
        outputs[rows, lengths - 1],
        {
            "Das ist der Zustand *nach* dem Auffüllen.": outputs[:, -1],
            "Um eins verschoben: Die Zählung beginnt bei 0, der letzte echte Schritt steht an der "
            "Stelle `lengths - 1`.": outputs[rows, lengths],
            "Für jede Folge ein anderer Schritt: Der Schnitt `outputs[:, lengths - 1]` nimmt alle "
            "Schritte für alle Folgen. Sie brauchen auch die Nummer der Folge.": outputs[
                :, lengths - 1
            ],
            "Das ist das Mittel über alle Schritte, nicht der letzte.": outputs.mean(axis=1),
        },
        "Die Form stimmt, die Zahlen nicht: Für die Folge 0 wird `outputs[0, lengths[0] - 1]` "
        "erwartet, für die anderen entsprechend.",
    )
    full = np.array([6, 6, 3, 6])
    _expect(
        _call(answer, outputs, full),
        outputs[rows, full - 1],
        {},
        "Folgen, die den ganzen Platz füllen, liest Ihre Funktion noch falsch.",
    )
    return "So arbeitet auch das Packen: Es überspringt die aufgefüllten Stellen."


@_judged("Die Norm aller Gradienten zusammen ist $\\sqrt{\\sum_j \\lVert g_j \\rVert^2}$.")
def check_5(answer: Callable):
    """Übung 5: den Gradienten nach der Norm begrenzen.

    Parameters
    ----------
    answer : callable
        ``answer(gradients, max_norm)`` mit einer Liste von Feldern; Ergebnis eine solche Liste.
    """
    import torch

    rng = np.random.default_rng(SEED)
    gradients = [rng.normal(size=shape) for shape in ((3, 4), (3,), (2, 2))]
    flat = np.concatenate([g.ravel() for g in gradients])
    norms, total = [float(np.linalg.norm(g)) for g in gradients], np.linalg.norm(flat)
    for limit in (0.5, 2.0, 100.0):
        reference = torch.zeros(flat.size, dtype=torch.double)
        reference.grad = torch.from_numpy(flat.copy())
        torch.nn.utils.clip_grad_norm_(reference, limit)
        value = _flat(_call(answer, gradients, limit), gradients)
        single = [g * min(1, limit / norm) for g, norm in zip(gradients, norms)]
        _expect(
            value,
            reference.grad.numpy(),
            {
                "Sie begrenzen jedes Feld für sich; damit ändert sich die Richtung. Gemeint ist "
                "die Norm aller zusammen.": np.concatenate([g.ravel() for g in single]),
                "Sie begrenzen jede Zahl für sich; damit ändert sich die Richtung.": np.clip(
                    flat, -limit, limit
                ),
                "Unter der Schranke bleibt der Gradient, wie er ist; Ihre "
                "Funktion vergrössert ihn.": flat * limit / total,
                "Sie vergleichen mit dem Quadrat der Norm; es fehlt die Wurzel.": flat
                * min(1, limit / total**2),
                "Sie vergleichen mit der Summe der Normen statt mit der Wurzel aus der Summe ihrer "
                "Quadrate.": flat * min(1, limit / sum(norms)),
                "Sie vergleichen mit der grössten Norm statt mit der Norm "
                "aller Felder zusammen.": flat * min(1, limit / max(norms)),
                "Die Schranke wirkt nicht.": flat,
            },
            f"Bei der Schranke {limit:g} weicht Ihr Ergebnis von `clip_grad_norm_` ab: Erwartet "
            f"wird jedes Feld mal {min(1, limit / total):.3f}; die Norm Ihres Ergebnisses ist "
            f"{np.linalg.norm(value):.3f}.",
        )
    return "Gleich wie `torch.nn.utils.clip_grad_norm_`."


def _flat(value: object, gradients: list[np.ndarray]) -> np.ndarray:
    """Die Felder einer Liste hintereinander, wenn Zahl und Form stimmen."""
    shapes = [g.shape for g in gradients]
    wanted = f"Erwartet wird eine Liste mit gleich vielen Feldern derselben Form: {shapes}"
    if not isinstance(value, list) or len(value) != len(shapes):
        raise _Hint(f"{wanted}.")
    arrays = [_numbers(part, "ein Feld von Zahlen") for part in value]
    found = [array.shape for array in arrays]
    if found != shapes:
        raise _Hint(f"{wanted}, nicht {found}.")
    return np.concatenate([array.ravel() for array in arrays])


@_judged("Gehen Sie von `lstm_step` aus. Was wird aus $c_t$, wenn $f_t$ immer 1 ist?")
def check_6(answer: Callable):
    """Übung 6: die LSTM von 1997, ohne Vergesstor.

    Parameters
    ----------
    answer : callable
        ``answer(x, state, p)`` wie `anncourse.cells.lstm_step`; p enthält kein ``W_f``.
    """
    x, state, p = _example("ioc")
    h, c = state["h"], state["c"]
    i, o = (sigmoid(p[f"W_{g}"] @ x + p[f"U_{g}"] @ h + p[f"b_{g}"]) for g in "io")
    candidate = np.tanh(p["W_c"] @ x + p["U_c"] @ h + p["b_c"])
    new = c + i * candidate
    value = _entries(answer, x, state, p, ("h", "c"))
    _expect(
        value["c"],
        new,
        {
            "Der alte Übertrag fehlt. Ohne Vergesstor bleibt er ganz erhalten.": i * candidate,
            "Das Eingangstor wirkt auf den Kandidaten, nicht auf den alten Übertrag.": i * c
            + candidate,
            "Das ist die Kopplung $1 - i_t$; sie ist eine andere Zelle. 1997 bleibt der alte "
            "Übertrag ganz erhalten.": (1 - i) * c + i * candidate,
            "Das Eingangstor $i_t$ fehlt.": c + candidate,
        },
        "Erwartet wird der alte Übertrag plus $i_t \\odot \\tilde c_t$.",
        "$c_t$: ",
    )
    _expect(
        value["h"],
        o * np.tanh(new),
        {
            "Gelesen wird der *neue* Übertrag $c_t$, nicht $c_{t-1}$.": o * np.tanh(c),
            "Vor dem Ausgangstor steht noch tanh.": o * new,
            "Das Ausgangstor fehlt.": np.tanh(new),
        },
        "Erwartet wird $o_t \\odot \\tanh(c_t)$.",
        "$h_t$: ",
    )
    return "Der Code stimmt. Bleibt die Frage nach dem direkten Weg und seinem Preis."


@_judged("Gehen Sie von `gru_step` aus; nur die Zeile des Kandidaten ändert sich.")
def check_7(answer: Callable):
    """Übung 7: die GRU mit dem Rücksetztor vor der Multiplikation, wie bei Cho et al. 2014.

    Parameters
    ----------
    answer : callable
        ``answer(x, state, p)`` wie `anncourse.cells.gru_step`; p enthält kein ``b_h2``.
    """
    x, state, p = _example("rzh")
    h = state["h"]
    r, z = (sigmoid(p[f"W_{g}"] @ x + p[f"U_{g}"] @ h + p[f"b_{g}"]) for g in "rz")
    candidate = np.tanh(p["W_h"] @ x + p["U_h"] @ (r * h) + p["b_h"])
    outside = gru_step(x, state, p | {"b_h2": np.zeros_like(h)})["h"]
    value = _entries(answer, x, state, p, ("h",))["h"]
    _expect(
        value,
        (1 - z) * candidate + z * h,
        {
            "Das ist die Form von PyTorch: $r_t$ steht noch ausserhalb. Multiplizieren Sie zuerst "
            "$r_t \\odot h_{t-1}$.": outside,
            "$z_t$ gewichtet in diesem Kapitel den *alten* Zustand.": z * candidate + (1 - z) * h,
            "Das Rücksetztor fehlt.": (1 - z) * np.tanh(p["W_h"] @ x + p["U_h"] @ h + p["b_h"])
            + z * h,
            "Das Rücksetztor wirkt nur auf den alten Zustand, nicht auf die Eingabe.": (1 - z)
            * np.tanh(r * (p["W_h"] @ x + p["U_h"] @ h + p["b_h"]))
            + z * h,
            "Das ist erst der Kandidat; mischen Sie ihn mit dem alten Zustand.": candidate,
            "In der Mischung fehlt vor dem Kandidaten der Faktor $1 - z_t$.": candidate + z * h,
            "In der Mischung fehlt der alte Zustand, gewichtet mit $z_t$.": (1 - z) * candidate,
            "In der Mischung steht der alte Zustand ohne $r_t$.": (1 - z) * candidate + z * r * h,
        },
        "Der Kandidat lautet $\\tanh(W_h x_t + U_h (r_t \\odot h_{t-1}) + b_h)$, die Mischung "
        "$(1 - z_t) \\odot \\tilde h_t + z_t \\odot h_{t-1}$.",
        "$h_t$: ",
    )
    return "Der Code stimmt. Bleibt die Frage, wann die Form von PyTorch gleich rechnet."


@_judged("`np.linalg.eigvals` gibt auch komplexe Eigenwerte; gefragt ist der grösste *Betrag*.")
def check_8(answer: Callable):
    """Übung 8: Spektralradius und Gradient nach k Schritten im linearen RNN.

    Parameters
    ----------
    answer : callable
        ``answer(U, k)``; Ergebnis der Spektralradius und die Norm, also zwei Zahlen.
    """
    rng = np.random.default_rng(SEED)
    for size, k in ((6, 5), (4, 3)):
        U = rng.normal(size=(size, size)) / np.sqrt(size)
        eigenvalues, power = np.linalg.eigvals(U), np.linalg.matrix_power(U, k)
        radius, real = np.abs(eigenvalues).max(), eigenvalues.real.max()
        norm, largest = np.linalg.norm(power, 2), np.linalg.norm(U, 2)
        first, second = _pair(_call(answer, U, k))
        if np.iscomplexobj(first):
            raise _Hint("Der Spektralradius ist reell: Nehmen Sie den Betrag der Eigenwerte.")
        _expect(
            first,
            radius,
            {
                "Die Reihenfolge ist vertauscht. Zuerst kommt der "
                "Spektralradius, dann die Norm.": norm,
                "Das ist der grösste *Realteil*. Gefragt ist der grösste Betrag.": real,
                "Das ist der grösste Singulärwert. Gefragt sind die Eigenwerte.": largest,
            },
            f"Der grösste Betrag eines Eigenwerts von U ist {radius:.6f}, Ihre Funktion sagt "
            f"{np.round(first, 6)}.",
            "Spektralradius: ",
        )
        _expect(
            second,
            norm,
            {
                "$\\rho(U)^k$ ist nicht die Norm; es beschreibt nur das "
                "Wachstum für sehr grosse $k$.": radius**k,
                "$\\sigma_{\\max}(U)^k$ ist nur eine obere Schranke. Bilden "
                "Sie zuerst $U^k$.": largest**k,
                "Das ist die Frobenius-Norm. Gefragt ist der grösste Singulärwert: "
                "`np.linalg.norm(…, 2)`.": np.linalg.norm(power),
                "`U**k` potenziert jede Zahl einzeln. Die Potenz einer Matrix ist "
                "`np.linalg.matrix_power(U, k)`.": np.linalg.norm(U**k, 2),
            },
            f"Für k = {k} ist der grösste Singulärwert von $U^k$ {norm:.6f}, Ihre Funktion sagt "
            f"{np.round(second, 6)}.",
            "Norm: ",
        )
    return "Der Code stimmt. Vergleichen Sie nun mit $\\rho(U)^k$ und $\\sigma_{\\max}(U)^k$."


def _pair(value: object) -> list[np.ndarray]:
    """Die beiden Zahlen einer Antwort."""
    if isinstance(value, list) and value and all(type(part) is int for part in value):
        raise _Hint("Das sind ganze Zahlen. Dezimalzahlen haben einen Punkt: 0.87 statt 0,87.")
    if not isinstance(value, list) or len(value) != 2:
        raise _Hint("Erwartet werden zwei Zahlen: `return radius, norm`.")
    return [_numbers(part, "eine Zahl mit Dezimalpunkt") for part in value]


def _example(gates: str) -> tuple[np.ndarray, dict, dict]:
    """Eingabe, Zustand und Gewichte einer kleinen Zelle, I = 4 und H = 3."""
    rng = np.random.default_rng(SEED)
    x, state = rng.normal(size=4), {"h": rng.normal(size=3), "c": rng.normal(size=3)}
    p: dict[str, np.ndarray] = {}
    for g in gates:
        p |= {f"W_{g}": rng.normal(size=(3, 4)), f"U_{g}": rng.normal(size=(3, 3))}
        p |= {f"b_{g}": rng.normal(size=3)}
    return x, state, p


def _entries(answer: Callable, x, state, p, names: tuple[str, ...]) -> dict:
    """Der neue Zustand, wie ihn die Funktion der Leserin zurückgibt."""
    value = _call(answer, x, state, p)
    if not isinstance(value, dict) or not set(names) <= set(value):
        wanted = ", ".join(f'"{name}": …' for name in names)
        raise _Hint(f"Erwartet wird ein Wörterbuch: `return {{{wanted}}}`.")
    return value
