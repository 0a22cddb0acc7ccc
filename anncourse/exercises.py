"""Die Prüfungen zu den Übungen aus Abschnitt 9.3.9: Jede urteilt auf Deutsch und gibt Hinweise.

Eine Prüfung vergleicht Zahlen, nicht Schreibweisen: Jede richtige Lösung gilt. Für die
häufigsten falschen Lösungen rechnet sie aus, was dabei herauskäme, und erkennt sie daran.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import wraps

import numpy as np
from IPython.display import Markdown

from anncourse.cells import gru_step, sigmoid
from anncourse.display import say

SEED = 93  # für alle Zufallszahlen der Prüfungen


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

        return judge

    return decorate


def _call(function: Callable, *arguments: object) -> object:
    """Ruft die Funktion der Leserin mit eigenen Kopien auf."""
    if not callable(function):
        raise _Hint("Erwartet wird die Funktion selbst, ohne Klammern dahinter.")
    try:
        value = function(*deepcopy(arguments))
    except KeyError as error:
        raise _Hint(f"Ihre Funktion greift auf {error} zu; das gibt es hier nicht.") from error
    except Exception as error:
        raise _Hint(f"Ihre Funktion bricht ab: `{type(error).__name__}: {error}`") from error
    if value is None or value is ...:
        raise _Open
    return value


def _same(value: object, expected: object) -> bool:
    """Ob eine Antwort Form und Zahlen hat wie erwartet."""
    try:
        array = np.asarray(value)
        return array.shape == np.shape(expected) and np.allclose(array, expected, atol=1e-6)
    except (TypeError, ValueError):
        return False


def _diagnose(value: object, mistakes: Mapping[str, object], otherwise: str) -> None:
    """Meldet den Fehler, der genau diesen falschen Wert ergibt."""
    for hint, wrong in mistakes.items():
        if _same(value, wrong):
            raise _Hint(hint)
    raise _Hint(otherwise)


@_judged("Mit `batch_first=True` ist die erste Zahl von `output` die Grösse des Stapels.")
def check_1(answer: Mapping[str, tuple]):
    """Übung 1: Formen der Ausgaben von ``nn.LSTM(50, 64, num_layers=2, batch_first=True)``.

    Parameters
    ----------
    answer : mapping
        ``output`` und ``h_n``, je ein Tupel, für eine Eingabe der Form (16, 120, 50).
    """
    try:
        output, h_n = answer["output"], answer["h_n"]
    except (KeyError, TypeError):
        raise _Hint("Erwartet wird ein Wörterbuch mit `output` und `h_n`.") from None
    if any(shape is None or shape is ... for shape in (output, h_n)):
        raise _Open
    if not _same(output, (16, 120, 64)):
        _diagnose(output, {
            "`output`: Mit `batch_first=True` steht der Stapel vorn, nicht die Zeit.":
                (120, 16, 64),
            "`output`: Die letzte Zahl ist die Länge des Zustands, nicht die der Eingabe.":
                (16, 120, 50),
            "`output` enthält nur die oberste Schicht; die Schichten werden nicht "
            "hintereinandergehängt.": (16, 120, 128),
            "`output` enthält jeden Zeitschritt, nicht nur den letzten.": (16, 64),
        }, "`output` hat drei Achsen: Stapel, Zeitschritt, Einheit.")
    if not _same(h_n, (2, 16, 64)):
        _diagnose(h_n, {
            "`h_n`: `batch_first` gilt nur für Eingabe und `output`; in `h_n` steht die Schicht "
            "vorn.": (16, 2, 64),
            "`h_n` enthält den letzten Zustand *jeder* Schicht, auch der unteren.": (1, 16, 64),
            "`h_n` hat vorn eine Achse für die Schichten.": (16, 64),
            "`h_n` enthält nur den letzten Zeitschritt.": (2, 16, 120, 64),
        }, "`h_n` hat drei Achsen: Schicht, Stapel, Einheit.")
    return "`batch_first` ändert `output`, aber nicht `h_n`; die oberste Schicht ist `h_n[-1]`."


@_judged("Zählen Sie eine Schicht des RNN: W, U und zwei Achsenabschnitte.")
def check_2(answer: Callable[[str, int, int, int], int]):
    """Übung 2: Anzahl Parameter gestapelter Schichten.

    Parameters
    ----------
    answer : callable
        ``answer(cell, input_size, hidden_size, num_layers)``; cell ist rnn, lstm oder gru.
    """
    from torch import nn

    layers, gates = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}, {"rnn": 1, "lstm": 4, "gru": 3}
    for cell, I, H, L in (("rnn", 9, 5, 1), ("lstm", 9, 5, 1), ("gru", 9, 5, 1), ("lstm", 9, 5, 3)):
        value = _call(answer, cell, I, H, L)
        expected = sum(p.numel() for p in layers[cell](I, H, num_layers=L).parameters())
        if not _same(value, expected):
            G, case = gates[cell], f"{cell}({I}, {H}, {L} Schichten)"
            _diagnose(value, {
                f"{case}: PyTorch führt je Tor *zwei* Achsenabschnitte.": expected - L * G * H,
                f"{case}: Je Tor und für den Kandidaten gibt es eigene Gewichte.": expected / G,
                f"{case}: Ab der zweiten Schicht ist die Eingabe der Zustand der Schicht darunter, "
                "also $H$ Zahlen lang.": L * G * (I * H + H * H + 2 * H),
                f"{case}: Jede Schicht hat eigene Gewichte.": G * (I * H + H * H + 2 * H),
            }, f"{case}: PyTorch hat {expected} Parameter, Ihre Funktion sagt {value}.")
    return "Alle vier Fälle stimmen mit PyTorch überein."


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
    if not _same(value, np.tanh(inner)):
        _diagnose(value, {
            "Die Zahlen stimmen, aber Ihr Ergebnis steht auf der Seite: (H, B) statt (B, H).":
                np.tanh(inner).T,
            "Es fehlt die Aktivierung tanh.": inner,
            "Es fehlt der Achsenabschnitt b.": np.tanh(inner - b),
            "Auch U muss transponiert werden: Jede Zeile von S ist ein Zustand.":
                np.tanh(X @ W.T + S @ U + b),
            "Der vorige Zustand S fehlt.": np.tanh(X @ W.T + b),
        }, f"Erwartet wird die Form (7, 3) und in jeder Zeile tanh(W x + U s + b); "
           f"Ihr Ergebnis hat die Form {np.shape(value)}.")
    return "Ein Matrixprodukt ersetzt die Schleife über den Stapel; die über die Zeit bleibt."


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
    if not _same(value, outputs[rows, lengths - 1]):
        _diagnose(value, {
            "Das ist der Zustand *nach* dem Auffüllen.": outputs[:, -1],
            "Um eins verschoben: Die Zählung beginnt bei 0, der letzte echte Schritt steht an der "
            "Stelle `lengths - 1`.": outputs[rows, lengths],
            "Für jede Folge ein anderer Schritt: Der Schnitt `outputs[:, lengths - 1]` nimmt alle "
            "Schritte für alle Folgen. Sie brauchen auch die Nummer der Folge.":
                outputs[:, lengths - 1],
            "Das ist das Mittel über alle Schritte, nicht der letzte.": outputs.mean(axis=1),
        }, f"Erwartet wird die Form (4, 3), Ihr Ergebnis hat die Form {np.shape(value)}.")
    full = np.array([6, 6, 3, 6])
    if not _same(_call(answer, outputs, full), outputs[rows, full - 1]):
        raise _Hint("Folgen, die den ganzen Platz füllen, liest Ihre Funktion noch falsch.")
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
    norms = [np.linalg.norm(g) for g in gradients]
    total = np.sqrt(np.sum(np.square(norms)))
    for limit in (1.0, 100.0):
        parameters = [torch.zeros(g.shape, dtype=torch.double) for g in gradients]
        for parameter, g in zip(parameters, gradients):
            parameter.grad = torch.from_numpy(g.copy())
        torch.nn.utils.clip_grad_norm_(parameters, limit)
        expected = np.concatenate([p.grad.numpy().ravel() for p in parameters])
        value = _flat(_call(answer, gradients, limit), gradients)
        if not np.allclose(value, expected, atol=1e-5):
            flat = np.concatenate([g.ravel() for g in gradients])
            single = [g * min(1, limit / norm) for g, norm in zip(gradients, norms)]
            _diagnose(value, {
                "Sie begrenzen jedes Feld für sich; damit ändert sich die Richtung. Gemeint ist "
                "die Norm aller zusammen.": np.concatenate([g.ravel() for g in single]),
                "Sie begrenzen jede Zahl für sich; damit ändert sich die Richtung.":
                    np.clip(flat, -limit, limit),
                "Unter der Schranke bleibt der Gradient, wie er ist; Ihre Funktion vergrössert "
                "ihn.":
                    flat * limit / total,
                "Sie vergleichen mit dem Quadrat der Norm; es fehlt die Wurzel.":
                    flat * min(1, limit / total**2),
                "Die Schranke wirkt nicht.": flat,
            }, f"Bei der Schranke {limit:g} weicht Ihr Ergebnis von `clip_grad_norm_` ab.")
    return "Gleich wie `torch.nn.utils.clip_grad_norm_`."


def _flat(value: object, gradients: list[np.ndarray]) -> np.ndarray:
    """Die Felder einer Liste hintereinander, wenn Zahl und Form stimmen."""
    try:
        if [np.shape(v) for v in value] == [g.shape for g in gradients]:
            return np.concatenate([np.asarray(v).ravel() for v in value])
    except TypeError:
        pass
    raise _Hint("Erwartet wird eine Liste mit gleich vielen Feldern derselben Form.")


@_judged("Gehen Sie von `lstm_step` aus. Was wird aus $c_t$, wenn $f_t$ immer 1 ist?")
def check_6(answer: Callable):
    """Übung 6: die LSTM von 1997, ohne Vergesstor.

    Parameters
    ----------
    answer : callable
        ``answer(x, state, p)`` wie `anncourse.cells.lstm_step`; p enthält kein ``W_f``.
    """
    x, state, p = _example("iok")
    h, c = state["h"], state["c"]
    i, o = (sigmoid(p[f"W_{g}"] @ x + p[f"U_{g}"] @ h + p[f"b_{g}"]) for g in "io")
    k = np.tanh(p["W_k"] @ x + p["U_k"] @ h + p["b_k"])
    new = c + i * k
    value = _entries(answer, x, state, p, ("h", "c"))
    if not _same(value["c"], new):
        _diagnose(value["c"], {
            "$c_t$: Der alte Übertrag fehlt. Ohne Vergesstor bleibt er ganz erhalten.": i * k,
            "$c_t$: Das Eingangstor wirkt auf den Kandidaten, nicht auf den alten Übertrag.":
                i * c + k,
            "$c_t$: Das ist die Kopplung $1 - i_t$; sie ist eine andere Zelle. 1997 bleibt der "
            "alte Übertrag ganz erhalten.": (1 - i) * c + i * k,
            "$c_t$: Das Eingangstor $i_t$ fehlt.": c + k,
        }, "$c_t$ stimmt nicht. Erwartet wird der alte Übertrag plus $i_t \\odot k_t$.")
    if not _same(value["h"], o * np.tanh(new)):
        _diagnose(value["h"], {
            "$h_t$: Gelesen wird der *neue* Übertrag $c_t$, nicht $c_{t-1}$.": o * np.tanh(c),
            "$h_t$: Vor dem Ausgangstor steht noch tanh.": o * new,
            "$h_t$: Das Ausgangstor fehlt.": np.tanh(new),
        }, "$h_t$ stimmt nicht. Erwartet wird $o_t \\odot \\tanh(c_t)$.")
    return (
        "Auf dem direkten Weg ist $\\partial c_t/\\partial c_{t-1}$ jetzt die Einheitsmatrix: "
        "Nichts verschwindet, aber auch nichts wird vergessen."
    )


@_judged("Gehen Sie von `gru_step` aus; nur die Zeile des Kandidaten ändert sich.")
def check_7(answer: Callable):
    """Übung 7: die GRU mit dem Rücksetztor vor der Multiplikation, wie bei Cho et al. 2014.

    Parameters
    ----------
    answer : callable
        ``answer(x, state, p)`` wie `anncourse.cells.gru_step`; p enthält kein ``b_n2``.
    """
    x, state, p = _example("rzn")
    h = state["h"]
    r, z = (sigmoid(p[f"W_{g}"] @ x + p[f"U_{g}"] @ h + p[f"b_{g}"]) for g in "rz")
    n = np.tanh(p["W_n"] @ x + p["U_n"] @ (r * h) + p["b_n"])
    outside = gru_step(x, state, p | {"b_n2": np.zeros_like(h)})["h"]
    value = _entries(answer, x, state, p, ("h",))["h"]
    if not _same(value, (1 - z) * n + z * h):
        _diagnose(value, {
            "Das ist die Form von PyTorch: $r_t$ steht noch ausserhalb. Multiplizieren Sie zuerst "
            "$r_t \\odot h_{t-1}$.": outside,
            "$z_t$ gewichtet in diesem Kapitel den *alten* Zustand.": z * n + (1 - z) * h,
            "Das Rücksetztor fehlt.":
                (1 - z) * np.tanh(p["W_n"] @ x + p["U_n"] @ h + p["b_n"]) + z * h,
            "Das Rücksetztor wirkt nur auf den alten Zustand, nicht auf die Eingabe.":
                (1 - z) * np.tanh(r * (p["W_n"] @ x + p["U_n"] @ h + p["b_n"])) + z * h,
            "Das ist erst der Kandidat; mischen Sie ihn mit dem alten Zustand.": n,
        }, "$h_t$ stimmt nicht. Der Kandidat lautet "
           "$\\tanh(W_n x_t + U_n (r_t \\odot h_{t-1}) + b_n)$.")
    difference = np.abs(value - outside).max()
    return (
        f"Mit denselben Gewichten weicht die Form von PyTorch hier um bis zu {difference:.2f} ab. "
        "Gleich wären beide, wenn alle Werte von $r_t$ gleich wären oder $U_n$ diagonal."
    )


@_judged("`np.linalg.eigvals` gibt auch komplexe Eigenwerte; gefragt ist der grösste *Betrag*.")
def check_8(answer: Callable):
    """Übung 8: Spektralradius und Gradient nach k Schritten im linearen RNN.

    Parameters
    ----------
    answer : callable
        ``answer(U, k)``; Ergebnis der Spektralradius und die Norm, also zwei Zahlen.
    """
    U = np.random.default_rng(SEED).normal(size=(6, 6)) / np.sqrt(6)
    k = 5
    eigenvalues, largest = np.linalg.eigvals(U), np.linalg.norm(U, 2)
    radius, power = np.abs(eigenvalues).max(), np.linalg.matrix_power(U, k)
    value = _call(answer, U, k)
    try:
        first, second = value
    except (TypeError, ValueError):
        raise _Hint("Erwartet werden zwei Zahlen: `return radius, norm`.") from None
    if np.iscomplexobj(first):
        raise _Hint("Der Spektralradius ist reell: Nehmen Sie den Betrag der Eigenwerte.")
    if not _same(first, radius):
        _diagnose(first, {
            "Spektralradius: Das ist der grösste *Realteil*. Gefragt ist der grösste Betrag.":
                eigenvalues.real.max(),
            "Spektralradius: Das ist der grösste Singulärwert. Gefragt sind die Eigenwerte.":
                largest,
            "Spektralradius: Das ist der Betrag des grössten Realteils. Nehmen Sie zuerst den "
            "Betrag, dann das Maximum.": np.abs(eigenvalues.real).max(),
        }, "Der Spektralradius stimmt nicht. Er ist der grösste Betrag eines Eigenwerts von U.")
    if not _same(second, np.linalg.norm(power, 2)):
        _diagnose(second, {
            "Norm: $\\rho(U)^k$ ist nicht die Norm; es beschreibt nur das Wachstum für sehr grosse "
            "$k$.": radius**k,
            "Norm: $\\sigma_{\\max}(U)^k$ ist nur eine obere Schranke. Bilden Sie zuerst $U^k$.":
                largest**k,
            "Norm: Das ist die Frobenius-Norm. Gefragt ist der grösste Singulärwert: "
            "`np.linalg.norm(…, 2)`.": np.linalg.norm(power),
            "Norm: `U**k` potenziert jede Zahl einzeln. Die Potenz einer Matrix ist "
            "`np.linalg.matrix_power(U, k)`.": np.linalg.norm(U**k, 2),
        }, "Die Norm stimmt nicht. Die Jacobi-Matrix ist $U^k$; gefragt ist ihr grösster "
           "Singulärwert.")
    return (
        f"Hier gilt $\\rho(U)^{k} = {radius**k:.2f}$, die Norm ist {second:.2f} und die Schranke "
        f"$\\sigma_{{\\max}}(U)^{k} = {largest**k:.1f}$: drei verschiedene Zahlen."
    )


def _example(gates: str) -> tuple[np.ndarray, dict, dict]:
    """Eingabe, Zustand und Gewichte einer kleinen Zelle, I = 4 und H = 3."""
    rng = np.random.default_rng(SEED)
    x, state = rng.normal(size=4), {"h": rng.normal(size=3), "c": rng.normal(size=3)}
    p = {}
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
    if any(value[name] is ... for name in names):
        raise _Open
    return value
