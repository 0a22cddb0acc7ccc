"""Prüfungen zu 9.3.6: LSTM und GRU, ihre Formen, Parameter, Tore und Wege."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from anncourse.cells import STACKED, gru_step, lstm_step, sigmoid, unroll
from anncourse.models import CLASSIFIERS, count_parameters
from anncourse.teaching.display import Markdown
from anncourse.teaching.exercises.judging import (
    SEED,
    Hint,
    call,
    expect,
    expect_number,
    judge,
    letters,
    named,
    number,
    numbers,
    plain,
    recognise,
    same,
)

# --- Übung 1: Formen ablesen ------------------------------------------------------------------


def check_1(answer: Mapping[str, tuple] | Sequence[tuple]) -> Markdown:
    """Übung 1: Formen der Ausgaben von ``nn.LSTM(50, 64, num_layers=2, batch_first=True)``.

    Parameters
    ----------
    answer : mapping or sequence
        ``output`` und ``h_n``, je ein Tupel, für eine Eingabe der Form (16, 120, 50).
    """
    start = "Mit `batch_first=True` ist die erste Zahl von `output` die Grösse des Stapels."
    return judge(1, start, lambda: _shapes(answer))


def _shapes(answer: Mapping[str, tuple] | Sequence[tuple]) -> str:
    shapes = {name: plain(value) for name, value in named(answer, ("output", "h_n")).items()}
    _expect_shape(
        "`output`: ",
        shapes["output"],
        (16, 120, 64),
        {
            "Mit `batch_first=True` steht der Stapel vorn, nicht die Zeit.": (120, 16, 64),
            "Die letzte Zahl ist die Länge des Zustands, nicht die der Eingabe.": (16, 120, 50),
            "Es enthält nur die oberste Schicht; die Schichten werden nicht "
            "hintereinandergehängt.": (16, 120, 128),
            "Es enthält jeden Zeitschritt, nicht nur den letzten.": (16, 64),
            "Das ist die Form von `h_n`; die beiden sind vertauscht.": (2, 16, 64),
        },
        "Stapel, Zeitschritt, Einheit",
    )
    _expect_shape(
        "`h_n`: ",
        shapes["h_n"],
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
    shape = numbers(value, "ein Tupel von Zahlen", name)
    if shape.ndim != 1:
        raise Hint(f"{name}Gefragt ist die Form als Tupel, zum Beispiel `(2, 3)`.")
    if not same(shape, expected):
        given = tuple(shape.tolist())
        otherwise = f"{given} stimmt nicht. Es sind der Reihe nach drei Achsen: {axes}."
        raise Hint(name + recognise(shape, mistakes, otherwise))


# --- Übung 2: Parameter zählen ----------------------------------------------------------------


def check_2(answer: Callable[[str, int, int, int], int]) -> Markdown:
    """Übung 2: Anzahl Parameter gestapelter Schichten.

    Parameters
    ----------
    answer : callable
        ``answer(cell, input_size, hidden_size, num_layers)``; cell ist rnn, lstm oder gru.
    """
    start = "Zählen Sie eine Schicht des RNN: W, U und zwei Achsenabschnitte."
    return judge(2, start, lambda: _parameters(answer))


def _parameters(answer: Callable[[str, int, int, int], int]) -> str:
    I, H = 9, 5
    for cell, L in (("rnn", 1), ("lstm", 1), ("gru", 1), ("rnn", 2), ("lstm", 3), ("gru", 4)):
        value = call(answer, cell, I, H, L)
        expected = count_parameters(CLASSIFIERS[cell].recurrent_layer(I, H, num_layers=L))
        G = len(STACKED[cell])
        expect(
            value,
            expected,
            {
                "PyTorch führt je Tor *zwei* Achsenabschnitte.": expected - L * G * H,
                "Es fehlen die Achsenabschnitte.": expected - 2 * L * G * H,
                "Je Tor und für den Kandidaten gibt es eigene Gewichte.": expected / G,
                "Ab der zweiten Schicht ist die Eingabe der Zustand der Schicht darunter, also $H$ "
                "Zahlen lang.": L * G * (I * H + H * H + 2 * H),
                "Jede Schicht hat eigene Gewichte.": G * (I * H + H * H + 2 * H),
            },
            f"PyTorch hat {expected} Parameter, Ihre Funktion sagt {value}.",
            f"{cell}({I}, {H}, {L} {'Schicht' if L == 1 else 'Schichten'}): ",
        )
    return "Alle sechs Fälle stimmen mit PyTorch überein."


# --- Übung 6: die LSTM von 1997 ---------------------------------------------------------------


def check_6(answer: Callable, direct_path: object = ...) -> Markdown:
    """Übung 6: die LSTM von 1997, ohne Vergesstor, und der direkte Weg des Gradienten.

    Parameters
    ----------
    answer : callable
        ``answer(x, state, p)`` wie `anncourse.cells.lstm_step`; p enthält kein ``W_f``.
    direct_path : callable
        ``direct_path(run, k)`` mit den Grössen einer LSTM, je (T, H); Ergebnis ``2000`` und
        ``1997``, je (H,).
    """
    start = "Gehen Sie von `lstm_step` aus. Was wird dort aus $c_t$, wenn $f_t$ immer 1 ist?"
    return judge(6, start, lambda: _lstm_1997(answer), lambda: _direct_path(direct_path))


def _lstm_1997(answer: Callable) -> str:
    x, state, p = _example("ioc")
    h, c = state["h"], state["c"]
    i, o = (sigmoid(p[f"W_{g}"] @ x + p[f"U_{g}"] @ h + p[f"b_{g}"]) for g in "io")
    candidate = np.tanh(p["W_c"] @ x + p["U_c"] @ h + p["b_c"])
    new = c + i * candidate
    no_gate = "1997 gab es kein Vergesstor, und `p` enthält keines. Was bleibt dann von $c_{t-1}$?"
    value = _entries(answer, x, state, p, ("h", "c"), {"_f'": no_gate})
    expect(
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
        "Was bleibt vom alten Übertrag, wenn kein Tor davorsteht, und was kommt dazu?",
        "$c_t$: ",
    )
    expect(
        value["h"],
        o * np.tanh(new),
        {
            "Gelesen wird der *neue* Übertrag $c_t$, nicht $c_{t-1}$.": o * np.tanh(c),
            "Vor dem Ausgangstor steht noch tanh.": o * new,
            "Das Ausgangstor fehlt.": np.tanh(new),
        },
        "Gelesen wird wie in `lstm_step`.",
        "$h_t$: ",
    )
    return "Der Code stimmt. Bleibt die Frage, was man in Kauf nimmt."


def _direct_path(answer: object) -> str:
    T, inputs = 6, np.random.default_rng(SEED).normal(size=(6, 4))
    _, _, p = _example("ifoc")
    smaller = {name: a[:2, :2] if name[0] == "U" else a[:2] for name, a in p.items()}
    whole, part = (unroll(lstm_step, inputs, some) for some in (p, smaller))
    for run, k in ((whole, 4), (whole, 2), (whole, T), (whole, 0), (part, 3)):
        H = run["f"].shape[1]
        value = named(call(answer, run, k), ("2000", "1997"))
        forget, let_in = (run[name][T - k :].prod(axis=0) for name in "fi")
        expect(
            value["2000"],
            forget,
            _path_mistakes(run, k),
            "Jeder Schritt auf der Spur bringt den Faktor $f_t$; multiplizieren Sie jene der "
            "letzten $k$ Schritte, je Einheit.",
            f"`2000`, k = {k}: ",
        )
        old = numbers(value["1997"], f"ein Feld der Form ({H},)", f"`1997`, k = {k}: ")
        expect(
            np.full(H, old) if old.ndim == 0 else old,  # eine Zahl gilt für alle Einheiten
            np.ones(H),
            {
                "1997 gibt es kein Vergesstor. Womit wird $c_{t-1}$ dort multipliziert?": forget,
                "Bei null verschwände der Gradient ganz. Ohne Tor bleibt er.": np.zeros(H),
                "Das Eingangstor steht vor dem Kandidaten, nicht auf der Spur.": let_in,
            },
            "In $c_t = c_{t-1} + i_t \\odot \\tilde c_t$ ist die Ableitung nach $c_{t-1}$ auf "
            "der Spur in jedem Schritt dieselbe Zahl.",
            f"`1997`, k = {k}: ",
        )
    return "Auf dem direkten Weg zählt nur, womit die Spur multipliziert wird; $U$ kommt nicht vor."


def _path_mistakes(run: Mapping[str, np.ndarray], k: int) -> dict[str, ArrayLike]:
    """Womit der direkte Weg verwechselt wird: Hinweis → was dabei herauskäme."""
    f, i, o, candidate = (run[name] for name in ("f", "i", "o", "candidate"))
    T = len(f)
    if k == 0:
        return {
            "Auf dem Weg von $c_T$ zu $c_T$ liegt kein Schritt. `f[-0:]` ist das ganze Feld; "
            "schneiden Sie von vorn, mit `T - k`.": f.prod(axis=0)
        }
    last, earlier = f[T - k :], f[max(T - k - 1, 0) : T - 1]
    to_h = o * (1 - np.tanh(run["c"]) ** 2)
    multiply = "Hintereinander liegende Schritte multiplizieren sich."
    return {
        "Das ist nur $f_T$. Auf dem Weg liegen $k$ Schritte.": f[-1],
        "Sie nehmen $k$-mal dasselbe Tor. Jeder Schritt hat sein eigenes.": f[-1] ** k,
        "Das sind alle $T$ Schritte. Gezählt werden nur die letzten $k$.": f.prod(axis=0),
        "Das sind die *ersten* $k$ Schritte. Auf dem Weg von $c_T$ zurück liegen die letzten "
        "$k$.": f[:k].prod(axis=0),
        "Um eins verschoben: $f_T$ gehört dazu, $f_{T-k}$ nicht mehr.": earlier.prod(axis=0),
        "Ein Faktor zu viel: $f_{T-k}$ führt von $c_{T-k}$ noch einen Schritt weiter "
        "zurück.": earlier.prod(axis=0) * f[-1],
        "Ein Faktor zu wenig: Von $c_T$ bis $c_{T-k}$ sind es $k$ Schritte.": last[1:].prod(axis=0),
        f"Sie addieren. {multiply}": last.sum(axis=0),
        f"Sie mitteln. {multiply}": last.mean(axis=0),
        "Das ist das Eingangstor. Es steht vor dem Kandidaten, nicht auf der Spur.": i[
            T - k :
        ].prod(axis=0),
        "Das ist das Ausgangstor. Es steht zwischen $c_t$ und $h_t$, nicht auf der Spur.": o[
            T - k :
        ].prod(axis=0),
        "Der Kandidat gehört nicht dazu: Auf dem direkten Weg hängt er nicht von $c_{t-1}$ ab.": (
            f + i * candidate
        )[T - k :].prod(axis=0),
        "Darin steckt $\\partial h_t / \\partial c_t$. Das gehört zum Umweg über $h_t$.": (
            f * to_h
        )[T - k :].prod(axis=0),
    }


# --- Übung 7: die GRU nach Cho et al. ---------------------------------------------------------


def check_7(answer: Callable, forms: object = ...) -> Markdown:
    """Übung 7: die GRU mit dem Rücksetztor vor der Multiplikation, wie bei Cho et al. 2014.

    Parameters
    ----------
    answer : callable
        ``answer(x, state, p)`` wie `anncourse.cells.gru_step`; p enthält kein ``b_h2``.
    forms : mapping
        Beispiele: ``r``, mit dem beide Formen gleich rechnen, ``U_h`` ebenso, und in
        ``different`` ein r und ein U_h, mit denen sie sich unterscheiden.
    """
    start = "Gehen Sie von `gru_step` aus; nur die Zeile des Kandidaten ändert sich."
    return judge(7, start, lambda: _gru_cho(answer), lambda: _two_forms(forms))


def _gru_cho(answer: Callable) -> str:
    x, state, p = _example("rzh")
    h = state["h"]
    r, z = (sigmoid(p[f"W_{g}"] @ x + p[f"U_{g}"] @ h + p[f"b_{g}"]) for g in "rz")
    candidate = np.tanh(p["W_h"] @ x + p["U_h"] @ (r * h) + p["b_h"])
    outside = gru_step(x, state, p | {"b_h2": np.zeros_like(h)})["h"]
    inside = "$b'_h$ gehört zur Form von PyTorch; bei Cho et al. gibt es nur $b_h$."
    value = _entries(answer, x, state, p, ("h",), {"b_h2": inside})["h"]
    expect(
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
        "Vergleichen Sie den Kandidaten mit Gleichung (9.3.26) und die Mischung mit `gru_step`: "
        "Sie bleibt, wie sie war.",
        "$h_t$: ",
    )
    return "Der Code stimmt. Wann die Form von PyTorch gleich rechnet, fragt Teil b."


def _two_forms(answer: object) -> str:
    """Gleich rechnen beide für jeden Zustand, wenn U_h diag(r) = diag(r) U_h gilt."""
    parts = named(answer, ("r", "U_h", "different"))
    r, U = _reset(parts["r"], "`r`: "), _recurrent(parts["U_h"], "`U_h`: ")
    if not np.allclose(r, r[0]):
        raise Hint(
            f"`r`: Mit den Werten {np.round(r, 2).tolist()} rechnen nicht bei jedem $U_h$ beide "
            "gleich. Auf das Gewicht von Einheit $k$ nach Einheit $j$ wirkt in "
            "$U_h (r_t \\odot h_{t-1})$ das $r$ von Einheit $k$, in $r_t \\odot (U_h h_{t-1})$ "
            "jenes von Einheit $j$. Wann ist das dasselbe, gleich welche $j$ und $k$?"
        )
    mixed = U - np.diag(np.diag(U))
    if not np.allclose(mixed, 0, atol=1e-9):
        j, k = np.argwhere(np.abs(mixed) > 1e-9)[0]
        raise Hint(
            f"`U_h`: In Zeile {j + 1}, Spalte {k + 1} steht {U[j, k]:.3g}. Dort macht es einen "
            f"Unterschied, ob Einheit {k + 1} vor dem Mischen mit ihrem $r$ gedämpft wird oder "
            f"Einheit {j + 1} danach mit ihrem. Welche Gewichte darf es also nur geben?"
        )
    if not np.diag(U).all():
        raise Hint("`U_h`: In jeder Zeile soll eine Zahl stehen, die nicht null ist.")
    pair = parts["different"]
    if isinstance(pair, Mapping):
        pair = list(named(pair, ("r", "U_h")).values())
    pair = plain(pair)
    if not isinstance(pair, list) or len(pair) != 2:
        raise Hint("`different`: Erwartet werden zwei Teile: zuerst $r$, dann $U_h$.")
    r, U = _reset(pair[0], "`different`, r: "), _recurrent(pair[1], "`different`, U_h: ")
    if len(r) != len(U):
        raise Hint(f"`different`: $r$ hat {len(r)} Werte, $U_h$ aber {len(U)} Zeilen.")
    if np.allclose(r, r[0]):
        raise Hint("`different`: Alle Werte von $r$ sind gleich; damit rechnen beide gleich.")
    if not (np.abs(U - np.diag(np.diag(U))) > 1e-9).any():
        raise Hint("`different`: $U_h$ ist diagonal; damit rechnen beide gleich.")
    if np.allclose(U * r, r[:, None] * U):
        raise Hint(
            "`different`: $U_h$ mischt hier nur Einheiten, deren $r$ gleich ist; damit rechnen "
            "beide gleich. Geben Sie diesen Einheiten verschiedene Werte."
        )
    return "Ihre Beispiele stimmen für jeden Zustand $h_{t-1}$."


def _reset(value: object, name: str) -> np.ndarray:
    """Die Werte eines Rücksetztors, je Einheit einer."""
    r = _real(value, "je Einheit eine Zahl", name)
    if r.ndim == 2 and 1 in r.shape:
        r = r.ravel()
    if r.ndim != 1:
        raise Hint(f"{name}Gefragt ist je Einheit eine Zahl; Ihre Antwort hat die Form {r.shape}.")
    if len(r) < 2:
        raise Hint(f"{name}Mit einer Einheit rechnen beide immer gleich. Nehmen Sie drei.")
    if not ((r > 0) & (r < 1)).all():
        raise Hint(f"{name}Ein Tor liegt zwischen 0 und 1; die Grenzen selbst erreicht es nicht.")
    return r


def _recurrent(value: object, name: str) -> np.ndarray:
    """Eine quadratische Matrix U_h."""
    U = _real(value, "eine Matrix", name)
    if U.ndim != 2 or len(U) != U.shape[1]:
        raise Hint(
            f"{name}Gefragt ist eine Matrix der Form (H, H), für drei Einheiten drei Zeilen zu "
            f"drei Zahlen; Ihre Antwort hat die Form {U.shape}."
        )
    if len(U) < 2:
        raise Hint(f"{name}Mit einer Einheit rechnen beide immer gleich. Nehmen Sie drei.")
    return U


# --- Übung 18: ein Schritt von Hand und ein Riegel --------------------------------------------

ONE_UNIT = {
    "i": (0.5, 1.0, 0.0),
    "f": (0.5, -1.0, 1.0),
    "o": (-0.5, 1.0, 1.0),
    "c": (-0.5, 1.0, 0.5),
}
X, H_BEFORE, C_BEFORE = 2.0, -0.5, 1.8
LENGTH, SEQUENCES = 60, 200


def check_18(step: object, latch: object = ...) -> Markdown:
    """Übung 18: ein Schritt einer LSTM mit einer Einheit, und Gewichte für einen Riegel.

    Parameters
    ----------
    step : mapping
        Die Zahlen ``c``, ``h`` und ``factor``.
    latch : mapping
        ``W_g`` (zwei Zahlen) und ``b_g`` für g in i, f, o und c; wer will, auch ``U_g``.
    """
    start = "Rechnen Sie zuerst die vier Summen $w\\, x_t + u\\, h_{t-1} + b$."
    return judge(18, start, lambda: _one_step(step), lambda: _latch(latch))


def _one_step(answer: object) -> str:
    def sigma(x: float) -> float:
        return float(sigmoid(np.array(x)))

    def tanh(x: float) -> float:
        return float(np.tanh(x))

    def carry(sums: Mapping[str, float]) -> float:
        return sigma(sums["f"]) * C_BEFORE + sigma(sums["i"]) * tanh(sums["c"])

    sums = {g: w * X + u * H_BEFORE + b for g, (w, u, b) in ONE_UNIT.items()}
    no_u = {g: w * X + b for g, (w, u, b) in ONE_UNIT.items()}
    no_b = {g: w * X + u * H_BEFORE for g, (w, u, b) in ONE_UNIT.items()}
    by_c = {g: w * X + u * C_BEFORE + b for g, (w, u, b) in ONE_UNIT.items()}
    i, f, o, k = sigma(sums["i"]), sigma(sums["f"]), sigma(sums["o"]), tanh(sums["c"])
    c = carry(sums)
    h = o * tanh(c)
    parts = named(answer, ("c", "h", "factor"))
    expect_number(
        parts["c"],
        c,
        0.002,
        {
            "Der alte Übertrag fehlt: $c_t = f_t\\, c_{t-1} + i_t\\, \\tilde c_t$.": i * k,
            "Eingangstor und Vergesstor sind vertauscht.": i * C_BEFORE + f * k,
            "Das Vergesstor fehlt.": C_BEFORE + i * k,
            "Das Eingangstor fehlt.": f * C_BEFORE + k,
            "Vor dem Kandidaten steht $i_t$, nicht $1 - f_t$.": f * C_BEFORE + (1 - f) * k,
            "Der Kandidat fehlt.": f * C_BEFORE,
            "Der Kandidat geht durch tanh.": f * C_BEFORE + i * sums["c"],
            "Der Kandidat geht durch tanh, nicht durch $\\sigma$.": f * C_BEFORE
            + i * sigma(sums["c"]),
            "Die Tore gehen durch $\\sigma$, nicht durch tanh.": tanh(sums["f"]) * C_BEFORE
            + tanh(sums["i"]) * k,
            "Auf die Spur kommt $c_{t-1}$, nicht $h_{t-1}$.": f * H_BEFORE + i * k,
            "In den Summen fehlt $u\\, h_{t-1}$.": carry(no_u),
            "In den Summen fehlt der Achsenabschnitt $b$.": carry(no_b),
            "In den Summen steht $h_{t-1}$, nicht $c_{t-1}$.": carry(by_c),
            "Das ist $h_t$. Der Übertrag ist die Zahl davor.": h,
        },
        "Rechnen Sie die vier Summen nach, dann $f_t\\, c_{t-1} + i_t\\, \\tilde c_t$.",
        "$c_t$: ",
    )
    expect_number(
        parts["h"],
        h,
        0.002,
        {
            "Vor dem Ausgangstor steht noch tanh.": o * c,
            "Das Ausgangstor fehlt.": tanh(c),
            "Gelesen wird der *neue* Übertrag $c_t$, nicht $c_{t-1}$.": o * tanh(C_BEFORE),
            "Zuerst tanh, dann das Tor: $o_t \\tanh(c_t)$.": tanh(o * c),
            "Statt des Ausgangstors steht das Eingangstor.": i * tanh(c),
            "Statt des Ausgangstors steht das Vergesstor.": f * tanh(c),
            "Vor dem Ausgangstor steht tanh, nicht $\\sigma$.": o * sigma(c),
            "Das ist $o_t$ allein.": o,
        },
        "Gefragt ist $o_t \\tanh(c_t)$.",
        "$h_t$: ",
    )
    expect_number(
        parts["factor"],
        f,
        0.002,
        {
            "Das ist $f_t\\, c_{t-1}$. Gefragt ist die Ableitung nach $c_{t-1}$.": f * C_BEFORE,
            "Das ist das Eingangstor.": i,
            "Das ist das Ausgangstor.": o,
            "Das ist die Ableitung von $\\sigma$. Auf dem direkten Weg ist das Tor selbst der "
            "Faktor.": f * (1 - f),
            "Ohne Vergesstor wäre es 1. Diese Zelle hat eines.": 1.0,
            "Das führt weiter bis $h_t$. Der direkte Weg bleibt auf der Spur.": f
            * o
            * (1 - tanh(c) ** 2),
            "Das ist die Summe vor $\\sigma$.": sums["f"],
        },
        "Welche Zahl steht in $c_t$ vor $c_{t-1}$?",
        "Faktor: ",
    )
    return "Der direkte Weg hat ein Tor als Faktor; der Umweg durch $u$ kommt noch dazu."


def _latch(answer: object) -> str:
    p = _latch_weights(answer)
    x, wanted = _marked_values()
    run = _run(p, x)
    right = wanted * run["h"][-1, 0] > 0.5
    if not right.all():
        alone = _run(p | {f"U_{g}": np.zeros((1, 1)) for g in "ifoc"}, x)
        if (wanted * alone["h"][-1, 0] > 0.5).all():
            raise Hint("Mit $U = 0$ hielte Ihr Riegel; was über $U$ zurückkommt, stört ihn.")
        raise Hint(f"{_latch_mistake(run, x)} Es stimmen {right.sum()} von {SEQUENCES} Folgen.")
    return f"Ihr Riegel hält in allen {SEQUENCES} Folgen den Wert, der zuletzt zu merken war."


def _latch_weights(answer: object) -> dict[str, np.ndarray]:
    """Die Gewichte der Leserin, wie `lstm_step` sie braucht; U ist null, wenn es fehlt."""
    found = named(answer, [f"{letter}_{g}" for g in "ifoc" for letter in "Wb"])
    p = {}
    for g in "ifoc":
        W = _real(found[f"W_{g}"], "ein Paar von Zahlen", f"`W_{g}`: ").ravel()
        if W.size != 2:
            raise Hint(
                f"`W_{g}`: Gefragt sind zwei Zahlen, für $m_t$ und $v_t$; Sie haben {W.size}."
            )
        U = answer.get(f"U_{g}", 0) if isinstance(answer, Mapping) else 0
        p[f"W_{g}"] = W.reshape(1, 2)
        p[f"U_{g}"] = np.full((1, 1), number(U, f"`U_{g}`: "))
        p[f"b_{g}"] = np.array([number(found[f"b_{g}"], f"`b_{g}`: ")])
    return p


def _run(p: Mapping[str, np.ndarray], x: np.ndarray) -> dict[str, np.ndarray]:
    """Alle Folgen zugleich: Jede ist eine Spalte, also hat jede Grösse die Form (T, 1, B)."""
    zero = np.zeros((1, SEQUENCES))
    with np.errstate(all="ignore"):  # sehr grosse Gewichte
        return unroll(lstm_step, x, p, {"h": zero, "c": zero})


def _marked_values() -> tuple[np.ndarray, np.ndarray]:
    """Folgen (T, 2, B) aus Marke und Wert; gesucht ist +1 oder −1, je Folge. Marke 0: merken."""
    rng = np.random.default_rng(SEED)
    mark, value = np.ones((LENGTH, SEQUENCES)), rng.integers(0, 2, (LENGTH, SEQUENCES))
    wanted = np.zeros(SEQUENCES)
    for n in range(SEQUENCES):
        places = rng.choice(LENGTH, rng.integers(1, 6), replace=False)
        mark[places, n] = 0
        wanted[n] = 2 * value[places.max(), n] - 1
    return np.stack([mark, value], axis=1), wanted


def _latch_mistake(run: Mapping[str, np.ndarray], x: np.ndarray) -> str:
    """Welcher Teil der Zelle nicht tut, was ein Riegel braucht."""
    i, f, o, candidate = (run[name][:, 0] for name in ("i", "f", "o", "candidate"))
    if np.isnan(run["h"]).any():
        return "Die Zahlen laufen über. Nehmen Sie kleinere Gewichte."
    keep, distract, value = x[:, 0] == 0, x[:, 0] == 1, x[:, 1]
    one, zero = (candidate[keep & (value == v)].mean() for v in (1, 0))
    if one < 0 < zero:
        return "Kandidat: Das Vorzeichen ist verkehrt. Der Wert 1 soll die Spur positiv machen."
    if abs(zero) < 0.1 < one:
        return (
            "Kandidat: Beim Wert 0 kommt fast 0 auf die Spur, und daran sieht niemand, was "
            "gemeint war. Der Kandidat soll dort negativ sein; das geht mit $b_c$."
        )
    if abs(one - zero) < 0.1:
        return (
            f"Kandidat: Er ist beim Wert 1 fast gleich wie beim Wert 0 ({one:.2f} und {zero:.2f}). "
            "Er muss $v_t$ lesen, die zweite Zahl der Eingabe."
        )
    if not zero < 0 < one:
        return (
            f"Kandidat: Er ist beim Wert 1 im Mittel {one:.2f} und beim Wert 0 {zero:.2f}. "
            "Das Vorzeichen soll die beiden unterscheiden."
        )
    if i[keep].mean() < 0.5 < i[distract].mean():
        return "Eingangstor: Es öffnet bei der Ablenkung und schliesst, wenn zu merken ist."
    if f[distract].mean() < 0.5 < f[keep].mean():
        return "Vergesstor: Es löscht bei der Ablenkung und behält, wenn Neues zu merken ist."
    if i[distract].mean() > 0.01:
        return (
            f"Eingangstor: Bei der Ablenkung ist es im Mittel {i[distract].mean():.2f} offen; über "
            "viele Schritte kommt so Falsches auf die Spur."
        )
    if f[distract].mean() < 0.98:
        return (
            f"Vergesstor: Bei der Ablenkung bleibt je Schritt im Mittel das "
            f"{f[distract].mean():.2f}-Fache; nach vielen Schritten ist der Wert verblasst."
        )
    if i[keep].mean() < 0.7:
        return (
            f"Eingangstor: Wenn zu merken ist, steht es im Mittel bei {i[keep].mean():.2f}; der "
            "neue Wert kommt kaum auf die Spur."
        )
    if f[keep].mean() > 0.1:
        return (
            f"Vergesstor: Wenn Neues zu merken ist, steht es im Mittel bei {f[keep].mean():.2f}; "
            "das Alte bleibt liegen und hebt das Neue auf."
        )
    if any(o[-1][some].mean() < 0.7 for some in (keep[-1], distract[-1]) if some.any()):
        return (
            f"Ausgangstor: Im letzten Schritt steht es im Mittel bei {o[-1].mean():.2f}. Auf der "
            "Spur liegt der Wert, aber er kommt nicht immer heraus."
        )
    weak = min(abs(one), abs(zero))
    if weak < 0.6:
        return (
            f"Kandidat: Das Vorzeichen stimmt, aber im Betrag ist er nur {weak:.2f}; so kommt "
            "$h_T = o_T \\tanh(c_T)$ nicht über 0.5. Machen Sie $W_c$ und $b_c$ grösser."
        )
    return (
        "Die Tore tun fast das Richtige. Machen Sie die Gewichte grösser, damit sie ganz schalten."
    )


# --- Übung 19: Vergesstor am Anfang -----------------------------------------------------------

BIASES = ("0", "1", "3")
NEVER = {
    "d": "D folgt nicht: Gemessen ist, was das Training von dort aus findet, nicht, welche "
    "Gewichte es gibt. In Übung 18 wählen Sie selbst welche.",
    "e": "E folgt nicht: Gemessen ist eine Aufgabe mit Zufallszahlen, keine Kritik.",
    "f": "F folgt nicht: Mit mehr Stapeln haben Sie nicht gemessen.",
}


def check_19(prediction: object, measured: object = ..., conclusion: object = ...) -> Markdown:
    """Übung 19: die Bit-Aufgabe mit dem Achsenabschnitt 0, 1 und 3 beim Vergesstor.

    Parameters
    ----------
    prediction : mapping
        Achsenabschnitt → erwarteter Anteil richtiger Antworten.
    measured : mapping
        Achsenabschnitt → gemessene Anteile, einer je Lauf.
    conclusion : str
        Die Buchstaben der Aussagen, die aus ``measured`` folgen.
    """
    start = "Wie gross ist $\\sigma(b_f)^{40}$ für 0, 1 und 3?"
    return judge(
        19,
        start,
        lambda: _prediction(prediction),
        lambda: _measured(measured, prediction),
        lambda: _conclusion(measured, conclusion),
    )


def _prediction(answer: object) -> str:
    for bias, value in named(_by_bias(answer), BIASES).items():
        name = f"$b_f = {bias}$: "
        _share(np.array([number(value, name)]), name)
    return "Ihre Vorhersage steht. Ob sie eintrifft, sagt die Messung."


def _measured(answer: object, prediction: object) -> str:
    runs = _runs(answer)
    means = ", ".join(f"{values.mean():.2f}" for values in runs.values())
    try:
        expected = named(_by_bias(prediction), BIASES)
        told = ", ".join(f"{number(value):.2f}" for value in expected.values())
    except Exception:  # dazu sagt Teil a etwas
        return f"Im Mittel richtig, für 0, 1 und 3: {means}."
    return f"Im Mittel richtig, für 0, 1 und 3: {means}. Vorhergesagt hatten Sie {told}."


def _runs(answer: object) -> dict[str, np.ndarray]:
    """Die gemessenen Anteile je Achsenabschnitt, wenn es Messungen sein können."""
    runs = {}
    for bias, value in named(_by_bias(answer), BIASES).items():
        name = f"$b_f = {bias}$: "
        values = _real(value, "eine Liste von Zahlen", name)
        if values.ndim != 1 or len(values) < 5:
            raise Hint(f"{name}Gefragt ist eine Liste von fünf Zahlen, je Lauf eine.")
        _share(values, name)
        runs[bias] = values
    counts = [len(values) for values in runs.values()]
    if len(set(counts)) > 1:
        raise Hint(f"Die Zahl der Läufe ist verschieden: {counts}. So vergleicht man nicht.")
    none, one, three = runs.values()
    if any(np.ptp(values) == 0 and values[0] < 0.98 for values in runs.values()):
        raise Hint("Alle Läufe ergeben genau dieselbe Zahl. Hat jeder seinen eigenen `seed`?")
    if same(none, three) or same(none, one) or same(one, three) and one.min() < 0.98:
        raise Hint(
            "Zu zwei Achsenabschnitten gehören genau dieselben Zahlen. Kommt `bias` in `run` beim "
            "Vergesstor an?"
        )
    if three.mean() < 0.85:
        raise Hint(
            f"Mit $b_f = 3$ stimmen im Mittel {three.mean():.2f}. Das ist zu wenig: Haben Sie das "
            "Vergesstor getroffen? PyTorch stapelt in der Reihenfolge $i, f, g, o$. Und bleiben "
            "alle 300 Stapel?"
        )
    if none.mean() > 0.75:
        raise Hint(
            f"Mit $b_f = 0$ stimmen im Mittel {none.mean():.2f}. Das ist zu viel: Steht der "
            "Abstand noch auf 40, und bekommt das Vergesstor wirklich 0?"
        )
    return runs


def _share(values: np.ndarray, name: str) -> None:
    """Lässt nur Anteile zwischen 0 und 1 gelten."""
    if values.max() > 1:
        raise Hint(f"{name}Gefragt ist ein Anteil zwischen 0 und 1, nicht Prozent.")
    if values.min() < 0:
        raise Hint(f"{name}Ein Anteil ist nie negativ.")


def _by_bias(answer: object) -> object:
    """Dieselbe Antwort mit den Schlüsseln 0, 1 und 3 als Text; 3 und 3.0 sind dasselbe."""
    if not hasattr(answer, "keys"):
        return answer
    keys = {key: str(key) for key in answer.keys()}
    for key in keys:
        try:
            keys[key] = f"{float(key):g}"
        except (TypeError, ValueError):
            pass
    return {text: answer[key] for key, text in keys.items()}  # type: ignore[index]


def _conclusion(measured: object, answer: object) -> str:
    found = letters(answer, "abcdef")
    try:
        none, one, three = _runs(measured).values()
    except Hint:
        raise Hint("Was folgt, hängt an Ihren Messungen: Zuerst muss Teil b stimmen.") from None
    for letter, hint in NEVER.items():
        if letter in found:
            raise Hint(hint)
    solved = int((one >= 0.98).sum())
    follows = {
        "a": (three.mean() > none.mean(), f"{three.mean():.2f} gegen {none.mean():.2f}"),
        "b": (three.min() > none.max(), f"{three.min():.2f} gegen {none.max():.2f}"),
        "c": (5 * solved >= 4 * len(one), f"gelöst in {solved} von {len(one)} Läufen"),
    }
    for letter, (true, seen) in follows.items():
        if (letter in found) != true:
            verb = "folgt" if true else "folgt nicht"
            raise Hint(f"{letter.upper()} {verb}. Ihre Messung: {seen}.")
    return "Das folgt aus Ihren Zahlen, und mehr nicht."


# --- Was mehrere brauchen ---------------------------------------------------------------------


def _real(value: object, wanted: str, name: str) -> np.ndarray:
    """Ein Feld aus reellen, endlichen Zahlen."""
    array = numbers(plain(value), wanted, name)
    if np.iscomplexobj(array) or not np.isfinite(array).all():
        raise Hint(f"{name}Gefragt sind reelle, endliche Zahlen.")
    return array.astype(float)


def _example(gates: str) -> tuple[np.ndarray, dict, dict]:
    """Eingabe, Zustand und Gewichte einer kleinen Zelle, I = 4 und H = 3."""
    rng = np.random.default_rng(SEED)
    x, state = rng.normal(size=4), {"h": rng.normal(size=3), "c": rng.normal(size=3)}
    p: dict[str, np.ndarray] = {}
    for g in gates:
        p |= {f"W_{g}": rng.normal(size=(3, 4)), f"U_{g}": rng.normal(size=(3, 3))}
        p |= {f"b_{g}": rng.normal(size=3)}
    return x, state, p


def _entries(answer: Callable, x, state, p, names: tuple[str, ...], slips: dict) -> dict:
    """Der neue Zustand, wie ihn die Funktion der Leserin zurückgibt."""
    value = call(answer, x, state, p, slips=slips)
    if not isinstance(value, dict) or not set(names) <= set(value):
        wanted = ", ".join(f'"{name}": …' for name in names)
        raise Hint(f"Erwartet wird ein Wörterbuch: `return {{{wanted}}}`.")
    return value
