"""Prüfungen zu 9.3.5: der Gradient, rückwärts gerechnet, begrenzt und abgeschätzt."""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from anncourse.bptt import backward
from anncourse.cells import rnn_step, unroll
from anncourse.teaching.display import Markdown
from anncourse.teaching.exercises.judging import (
    SEED,
    Hint,
    Open,
    call,
    expect,
    expect_number,
    judge,
    named,
    numbers,
    plain,
    same,
)

# --- Übung 5 ----------------------------------------------------------------------------------


def check_5(answer: Callable) -> Markdown:
    """Übung 5: den Gradienten nach der Norm begrenzen.

    Parameters
    ----------
    answer : callable
        ``answer(gradients, max_norm)`` mit einer Liste von Feldern; Ergebnis eine solche Liste.
    """
    start = "Die Norm aller Gradienten zusammen ist $\\sqrt{\\sum_j \\lVert g_j \\rVert^2}$."
    return judge(5, start, lambda: _clip(answer))


def _clip(answer: Callable) -> str:
    rng = np.random.default_rng(SEED)
    gradients = [rng.normal(size=shape) for shape in ((3, 4), (3,), (2, 2))]
    flat = np.concatenate([g.ravel() for g in gradients])
    norms, total = [float(np.linalg.norm(g)) for g in gradients], np.linalg.norm(flat)
    for limit in (0.5, 2.0, 100.0):
        reference = torch.zeros(flat.size, dtype=torch.double)
        reference.grad = torch.from_numpy(flat.copy())
        torch.nn.utils.clip_grad_norm_(reference, limit)
        value = _flat(call(answer, gradients, limit), gradients)
        single = [g * min(1, limit / norm) for g, norm in zip(gradients, norms)]
        expect(
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
        raise Hint(f"{wanted}.")
    arrays = [numbers(part, "ein Feld von Zahlen") for part in value]
    found = [array.shape for array in arrays]
    if found != shapes:
        raise Hint(f"{wanted}, nicht {found}.")
    return np.concatenate([array.ravel() for array in arrays])


# --- Übung 8 ----------------------------------------------------------------------------------


def check_8(answer: Callable, by_hand: object = ...) -> Markdown:
    """Übung 8: Spektralradius und Gradient nach k Schritten im linearen RNN.

    Parameters
    ----------
    answer : callable
        ``answer(U, k)``; Ergebnis der Spektralradius und die Norm, also zwei Zahlen.
    by_hand : mapping
        Für eine Matrix von Hand: ``radius``, ``cube`` (2, 2) und ``k``.
    """
    start = "`np.linalg.eigvals` gibt auch komplexe Eigenwerte; gefragt ist der grösste *Betrag*."
    return judge(8, start, lambda: _radius_and_norm(answer), lambda: _growth(by_hand))


def _radius_and_norm(answer: Callable) -> str:
    rng = np.random.default_rng(SEED)
    for size, k in ((6, 5), (4, 3)):
        U = rng.normal(size=(size, size)) / np.sqrt(size)
        eigenvalues, power = np.linalg.eigvals(U), np.linalg.matrix_power(U, k)
        radius, real = np.abs(eigenvalues).max(), eigenvalues.real.max()
        norm, largest = np.linalg.norm(power, 2), np.linalg.norm(U, 2)
        first, second = _pair(call(answer, U, k))
        if np.iscomplexobj(first):
            raise Hint("Der Spektralradius ist reell: Nehmen Sie den Betrag der Eigenwerte.")
        expect(
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
        expect(
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
        raise Hint("Das sind ganze Zahlen. Dezimalzahlen haben einen Punkt: 0.87 statt 0,87.")
    if not isinstance(value, list) or len(value) != 2:
        raise Hint("Erwartet werden zwei Zahlen: zuerst der Spektralradius, dann die Norm.")
    return [numbers(part, "eine Zahl mit Dezimalpunkt") for part in value]


def _growth(answer: object) -> str:
    U = np.array([[0.5, 2.0], [0.0, 0.5]])
    found = named(answer, ("radius", "cube", "k"))
    expect_number(
        found["radius"],
        0.5,
        1e-3,
        {
            "Das ist der Eintrag neben der Diagonale. Gefragt ist der grösste Betrag eines "
            "Eigenwerts.": 2.0,
            "Das ist ungefähr der grösste Singulärwert. Gefragt sind die Eigenwerte.": 2.118,
            "Das ist die Determinante, das Produkt der Eigenwerte.": 0.25,
            "Das ist die Spur, die Summe der Eigenwerte.": 1.0,
        },
        "Bei einer Dreiecksmatrix stehen die Eigenwerte auf der Diagonale.",
        "`radius`: ",
    )
    cube = numbers(plain(found["cube"]), "ein Feld der Form (2, 2)", "`cube`: ")
    cube = cube.reshape(2, 2) if cube.size == 4 else cube
    expect(
        cube,
        U @ U @ U,
        {
            "Sie potenzieren jede Zahl einzeln. Gemeint ist das Matrixprodukt.": U**3,
            "Das ist $U^2$.": U @ U,
            "Das ist $U^4$.": U @ U @ U @ U,
            "Das ist $3U$.": 3 * U,
            "Sie haben Zeilen und Spalten vertauscht.": (U @ U @ U).T,
        },
        "Multiplizieren Sie Zeile mal Spalte: zuerst $U \\cdot U$, das Ergebnis nochmals mit $U$.",
        "`cube`: ",
    )
    hints = {"Das wäre das kleinste $k$ für die Diagonale, $0.5^k$. Daneben steht mehr.": 4}
    for k in range(1, 9):
        entry = 2 * k * 0.5 ** (k - 1)
        hints[f"Für {k} ist der Eintrag {entry:.3g}, also noch nicht unter 0.1."] = k
    hints |= {f"Auch für ein kleineres $k$ als {k} ist er unter 0.1.": k for k in range(10, 50)}
    otherwise = "Rechnen Sie $U^4$, $U^5$, … und suchen Sie die Regel für die Zahl rechts oben."
    expect_number(found["k"], 9, 0, hints, otherwise, "`k`: ")
    return "Die Norm wächst zuerst, obwohl der Spektralradius kleiner als 1 ist."


# --- Übung 16 ---------------------------------------------------------------------------------


def check_16(loop: object, function: object = ...) -> Markdown:
    """Übung 16: die Rückwärtsrechnung durch die Zeit, von Hand und als Baustein für Autograd.

    Parameters
    ----------
    loop : callable
        ``loop(x, h, p, dL_dh)``; Ergebnis ein Wörterbuch mit den Gradienten nach W, U und b.
    function : type
        Eine Unterklasse von ``torch.autograd.Function``: ``apply(x, W, U, b)`` mit x (B, T, I) gibt
        alle Zustände (B, T, H).
    """
    start = (
        "Am Ende ist $g_T$ die letzte Zeile von `dL_dh`, und $\\delta_T = (1 - h_T^2) \\odot g_T$."
    )
    return judge(16, start, lambda: _loop(loop), lambda: _function(function))


def _loop(loop: object) -> str:
    rng = np.random.default_rng(SEED)
    for T, I, H, every in ((9, 4, 2, True), (6, 2, 3, False), (1, 2, 3, True), (30, 3, 5, True)):
        x, p = rng.normal(size=(T, I)), {"W": rng.normal(size=(H, I)), "b": rng.normal(size=H)}
        p["U"] = rng.normal(size=(H, H)) / np.sqrt(H)
        h, dL_dh = unroll(rnn_step, x, p)["h"], rng.normal(size=(T, H))
        if not every:
            dL_dh[:-1] = 0  # der Verlust hängt nur von h_T ab
        right = backward(x, h, p, dL_dh)
        found = named(call(loop, x, h, p, dL_dh), ("W", "U", "b"))
        if not any(np.any(numbers(found[name], "ein Feld von Zahlen")) for name in found):
            raise Open  # die Vorlage summiert noch nichts
        case = f"Folge aus {T} {'Schritt' if T == 1 else 'Schritten'}"
        case += ", Verlust in jedem Schritt" if every else ""
        for name in ("b", "W", "U"):
            slips = {hint: wrong[name] for hint, wrong in _slips(x, h, p, dL_dh).items()}
            slips[
                "Der Gradient steht quer: $\\delta_t$ gibt die Zeile, die Eingabe die Spalte."
            ] = right[name].T
            slips["Das Vorzeichen ist verkehrt."] = -right[name]
            slips["Er ist überall null: Summieren Sie in jedem Schritt?"] = 0 * right[name]
            slips["Die Beiträge der Schritte werden addiert, nicht gemittelt."] = right[name] / T
            expect(
                found[name],
                right[name],
                {hint: wrong for hint, wrong in slips.items() if not same(wrong, right[name])},
                "Die Form stimmt, die Zahlen nicht. Rechnen Sie $\\delta_t$ für den letzten "
                "Schritt von Hand und vergleichen Sie.",
                f"Gradient nach {name} ({case}): ",
            )
    return "Ihre Schleife gibt dieselben Gradienten wie Autograd."


def _slips(x, h, p, dL_dh) -> dict[str, dict[str, np.ndarray]]:
    """Hinweis → die Gradienten, die ein typischer Fehler ergibt."""
    before = np.vstack([np.zeros_like(h[:1]), h[:-1]])

    def slip(slope=1 - h**2, back=p["U"].T, seen=before, losses=dL_dh, add=True, order=-1):
        grad = {name: np.zeros_like(p[name]) for name in "WUb"}
        g = np.zeros(h.shape[1])
        for t in range(len(h))[::order]:
            g = g + losses[t]
            delta = slope[t] * g
            new = {"W": np.outer(delta, x[t]), "U": np.outer(delta, seen[t]), "b": delta}
            grad = {name: new[name] + add * grad[name] for name in grad}
            g = back @ delta
        return grad

    last = np.zeros_like(dL_dh)
    last[-1] = dL_dh[-1]
    return {
        "Es fehlt die Ableitung von tanh, der Faktor $1 - h_t^2$.": slip(slope=np.ones_like(h)),
        "Die Ableitung von tanh ist $1 - h_t^2$, mit dem Quadrat.": slip(slope=1 - h),
        "Zu $\\delta_t$ gehört $h_t$, nicht $h_{t-1}$.": slip(slope=1 - before**2),
        "Zurück geht es mit $U^\\top$, nicht mit $U$.": slip(back=p["U"]),
        "Bei $U$ steht neben $\\delta_t$ der *vorige* Zustand $h_{t-1}$, nicht $h_t$.": slip(
            seen=h
        ),
        "Die Beiträge der Schritte werden addiert; Sie behalten nur einen.": slip(add=False),
        "Auch die Schritte vor dem letzten haben einen Verlust: Zu $g_t$ kommt `dL_dh[t]`.": slip(
            losses=last
        ),
        "Zwischen zwei Schritten fehlt $U^\\top$: $g_{t-1}$ entsteht aus $\\delta_t$.": slip(
            back=np.eye(h.shape[1])
        ),
        "Vom späteren Schritt kommt nichts zurück: $g_{t-1}$ enthält $U^\\top \\delta_t$.": slip(
            back=np.zeros_like(p["U"])
        ),
        "Sie laufen vorwärts durch die Zeit. Beginnen Sie bei $t = T$.": slip(order=1),
    }


def _function(function: object) -> str:
    if function is ...:
        raise Open
    if not (isinstance(function, type) and issubclass(function, torch.autograd.Function)):
        raise Hint(
            "Erwartet wird die Klasse selbst, eine Unterklasse von `torch.autograd.Function`."
        )
    torch.manual_seed(SEED)
    for B, T, I, H in ((3, 7, 2, 4), (1, 1, 2, 3), (4, 20, 5, 3)):
        layer = nn.RNN(I, H, batch_first=True, dtype=torch.double)
        x = torch.randn(B, T, I, dtype=torch.double, requires_grad=True)
        W, U, b, b_hh = layer.parameters()
        nn.init.zeros_(b_hh)
        dL_dh = torch.randn(B, T, H, dtype=torch.double)
        states = _apply(function, x, W, U, b)
        expect(
            plain(states),
            plain(layer(x)[0]),
            {"Das ist nur der letzte Zustand.": plain(layer(x)[0][:, -1])},
            "`forward` gibt andere Zustände als `nn.RNN`.",
            f"Zustände, B = {B}, T = {T}: ",
        )
        found = _gradients(states, (x, W, U, b), dL_dh)
        right = torch.autograd.grad(layer(x)[0], (x, W, U, b), dL_dh)
        for name, one, other in zip("bUWx", found[::-1], right[::-1]):
            if one is None:
                raise Hint(f"Der Gradient nach {name} ist `None`.")
            expect(
                plain(one),
                plain(other),
                _batch_slips(name, x, W, U, states, dL_dh)
                | {
                    "Summieren Sie über Stapel und Zeit, ohne zu mitteln.": plain(other / (B * T)),
                    "Über die Folgen wird addiert, nicht gemittelt.": plain(other / B),
                    "Das Vorzeichen ist verkehrt.": plain(-other),
                },
                "Die Form stimmt, die Zahlen nicht. Gehen Sie von Ihrer Schleife aus Teil a aus; "
                "Vektoren sind jetzt Zeilen, aus $U^\\top \\delta_t$ wird `delta @ U`.",
                f"Gradient nach {name}, B = {B}, T = {T}: ",
            )
    ours, theirs = _milliseconds(function)
    return (
        "Gleich wie `nn.RNN`. Vorwärts und rückwärts, auf einem Thread dieses Rechners (B = 64, "
        f"T = 100, I = H = 32): Ihre Schicht {ours:.1f} ms, `nn.RNN` {theirs:.1f} ms."
    )


@torch.no_grad()
def _batch_slips(name: str, x, W, U, states, dL_dh) -> dict[str, list]:
    """Hinweis → der Gradient nach ``name``, den ein typischer Fehler in `backward` ergibt."""
    h = torch.cat([torch.zeros_like(states[:, :1]), states], dim=1)  # (B, T + 1, H)

    def slip(slope=1 - h[:, 1:] ** 2, back=U, seen=h[:, :-1], across=False):
        d, g = torch.zeros_like(dL_dh), torch.zeros_like(dL_dh[:, 0])
        for t in reversed(range(x.shape[1])):
            d[:, t] = slope[:, t] * (g + dL_dh[:, t])
            g = d[:, t] @ back
        rows = d.flatten(0, 1).T
        dU = rows @ seen.flatten(0, 1)
        found = {"x": d @ W, "b": d.sum(dim=(0, 1)), "W": rows @ x.flatten(0, 1)}
        return plain((found | {"U": dU.T if across else dU})[name])

    return {
        "Zu Schritt $t$ gehört `h[:, t + 1]`: Hier beginnt `h` mit $h_0$.": slip(
            1 - h[:, :-1] ** 2
        ),
        "Es fehlt die Ableitung von tanh.": slip(torch.ones_like(states)),
        "Die Ableitung von tanh ist $1 - h_t^2$, mit dem Quadrat.": slip(1 - states),
        "Er steht quer: $\\delta_t$ gibt die Zeile, der Zustand die Spalte.": slip(across=True),
        "Zurück geht es mit `delta @ U`, nicht mit `delta @ U.T`.": slip(back=U.T),
        "Neben $\\delta_t$ steht bei $U$ der vorige Zustand, hier `h[:, t]`.": slip(seen=states),
        "Vom späteren Schritt kommt nichts zurück; addieren Sie `delta @ U`.": slip(back=0 * U),
    }


def _apply(function, *arguments):
    """Die Zustände als Tensor, die an den Argumenten hängen."""
    try:
        states = function.apply(*arguments)
    except Exception as error:
        raise Hint(f"`forward` bricht ab: `{type(error).__name__}: {error}`") from error
    if not isinstance(states, torch.Tensor):
        raise Hint("`forward` gibt die Zustände zurück, einen Tensor der Form (B, T, H).")
    return states


def _gradients(states, leaves, dL_dh):
    try:
        return torch.autograd.grad(states, leaves, dL_dh, allow_unused=True)
    except Exception as error:
        if "ellipsis" in str(error):
            raise Open from error
        if "number of gradients" in str(error):
            raise Hint(
                "`backward` gibt vier Gradienten zurück, in der Reihenfolge `x`, `W`, `U`, `b`; "
                "Ihre Methode gibt mehr oder weniger."
            ) from error
        raise Hint(f"`backward` bricht ab: `{type(error).__name__}: {error}`") from error


def _milliseconds(function) -> tuple[float, float]:
    """Die kürzeste von drei Zeiten, auf einem Thread: eigene Schicht und ``nn.RNN``."""
    layer, x = nn.RNN(32, 32, batch_first=True), torch.randn(64, 100, 32)
    W, U, b, _ = layer.parameters()
    best, threads = [float("inf"), float("inf")], torch.get_num_threads()
    torch.set_num_threads(1)
    for _ in range(3):
        for place, run in enumerate((lambda: function.apply(x, W, U, b), lambda: layer(x)[0])):
            start = time.perf_counter()
            run()[:, -1].sum().backward()
            best[place] = min(best[place], 1000 * (time.perf_counter() - start))
    torch.set_num_threads(threads)
    return best[0], best[1]


# --- Übung 17 ---------------------------------------------------------------------------------

WEIGHT, STEPS = 1.25, 20


def check_17(answer: object) -> Markdown:
    """Übung 17: Fixpunkt, Steigung und was vom Gradienten bleibt.

    Parameters
    ----------
    answer : mapping
        ``threshold``, ``fixed_point``, ``slope``, ``after_20``: vier Zahlen.
    """
    start = "Bei null ist die Steigung von $\\tanh(u\\,h)$ gleich $u$."
    return judge(17, start, lambda: _held(answer))


def _held(answer: object) -> str:
    fixed = 1.0
    for _ in range(200):  # läuft von selbst zum Fixpunkt
        fixed = float(np.tanh(WEIGHT * fixed))
    steep = WEIGHT * (1 - fixed**2)
    found = named(answer, ("threshold", "fixed_point", "slope", "after_20"))
    expect_number(
        found["threshold"],
        1.0,
        1e-9,
        {
            "Mit diesem Gewicht hält die Einheit, aber auch schon mit kleineren.": 2.0,
            "Mit diesem Gewicht verblasst das Bit noch.": 0.5,
            "Mit $u = 0$ ist jeder Zustand null: Da bleibt nichts.": 0.0,
        },
        "Zwei weitere Fixpunkte gibt es, sobald die Kurve bei null steiler ist als die Diagonale.",
        "`threshold`: ",
    )
    expect_number(
        found["fixed_point"],
        fixed,
        2e-3,
        {
            "Null ist auch ein Fixpunkt. Gefragt ist der positive.": 0.0,
            "Das ist $\\tanh(1.25)$, der erste Schritt von 1 aus. Setzen Sie immer wieder "
            "ein.": float(np.tanh(WEIGHT)),
            "Das ist der Fixpunkt für $u = 2$.": 0.9575,
            "Das ist $1/u$. Gefragt ist, wo $\\tanh(u\\,h) = h$ ist.": 1 / WEIGHT,
            "Das ist $\\tanh(1)$, also ohne $u$.": float(np.tanh(1)),
        },
        "Beginnen Sie bei 1 und setzen Sie immer wieder in $\\tanh(1.25\\,h)$ ein, bis sich drei "
        "Stellen nicht mehr ändern; das braucht einige Schritte.",
        "`fixed_point`: ",
    )
    expect_number(
        found["slope"],
        steep,
        4e-3,
        {
            "Es fehlt der Faktor $u$.": steep / WEIGHT,
            "Das ist die Steigung bei null. Gefragt ist jene am Fixpunkt.": WEIGHT,
            "Sie rechnen $1 - h^*$; in der Ableitung steht das Quadrat.": WEIGHT * (1 - fixed),
            "Das ist $h^{*2}$; gefragt ist $u\\,(1 - h^{*2})$.": fixed**2,
            "Das ist $u\\,h^{*2}$; es fehlt die Differenz zu 1.": WEIGHT * fixed**2,
        },
        "Setzen Sie den Fixpunkt in $u\\,(1 - h^2)$ ein.",
        "`slope`: ",
    )
    expect_number(
        found["after_20"],
        steep**STEPS,
        0.15 * steep**STEPS,  # die Steigung ist auf drei Stellen gerundet
        {
            "Zwanzig Steigungen werden multipliziert, nicht addiert.": STEPS * steep,
            "Das ist $u^{20}$: So wüchse der Gradient ohne $\\tanh$.": WEIGHT**STEPS,
            "Das sind neunzehn Faktoren.": steep ** (STEPS - 1),
            "Das ist $h^{*20}$. Multipliziert werden die Steigungen.": fixed**STEPS,
        },
        "In jedem der zwanzig Schritte kommt dieselbe Steigung als Faktor dazu.",
        "`after_20`: ",
    )
    return "Ohne Störung bleibt das Bit für immer, der Gradient nicht einmal zwanzig Schritte."
