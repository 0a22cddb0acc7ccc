"""Prüfungen zu 9.3.8: Einheiten abschalten und ein Logit zerlegen."""

import math
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from anncourse.cells import lstm_step, unroll
from anncourse.errors import AnncourseError
from anncourse.experiments.units import without_units
from anncourse.models import model_from_weights
from anncourse.sources import load_reviews
from anncourse.teaching.display import Markdown
from anncourse.teaching.exercises.judging import (
    SEED,
    Hint,
    call,
    expect,
    expect_number,
    judge,
    named,
    number,
    numbers,
    plain,
    returned,
    same,
    yes_no,
)
from anncourse.text import pad
from anncourse.weights import Weights, load_weights

REVIEWS = 400  # so viele Kritiken wählen die Einheiten aus, und an so vielen anderen wird gemessen
STRONGEST = 12
LOSS = 5.0  # ab so vielen verlorenen Punkten «braucht» das Netz die Einheiten


# --- Übung 21 ---------------------------------------------------------------------------------


def check_21(
    accuracy: Callable,
    silence: Callable = ...,  # type: ignore[assignment]
    prediction: object = ...,
    conclusion: object = ...,
) -> Markdown:
    """Übung 21: zwölf Einheiten abschalten, erst im Logit, dann beim Lesen.

    Parameters
    ----------
    accuracy : callable
        ``accuracy(h, labels, w, b, off)`` mit h (N, H) und w (H,); Ergebnis in %.
    silence : callable
        ``silence(p, off)``; Ergebnis die Gewichte, mit denen niemand diese Einheiten hört.
    prediction : mapping
        ``logit`` und ``reading``: Vorhersage in %.
    conclusion : mapping
        ``output_needs``, ``net_needs``, ``logit_shows`` und ``smaller``, je ja oder nein.
    """
    start = (
        "Sagen Sie zuerst vorher, wie gut das Netz ohne zwölf seiner 32 Einheiten noch urteilt. "
        "Rechnen Sie dann in `accuracy` das Logit jeder Kritik aus."
    )
    measured = _measure(prediction)  # vor der Zeitgrenze: Laden kann dauern
    return judge(
        21,
        start,
        lambda: _at_output(accuracy, measured),
        lambda: _while_reading(silence, measured),
        lambda: _conclusion(prediction, conclusion, measured),
    )


@dataclass(frozen=True)
class Measured:
    """Richtig in %, vorhergesagt und gemessen; oder warum es keine Messung gibt."""

    predicted: tuple[float, float] = (0, 0)
    everything: float = 0
    logit: float = 0
    reading: float = 0
    data: str = ""
    missing: str = ""


def _measure(prediction: object) -> Measured:
    try:
        predicted = _predicted(prediction)
    except Exception:  # was daran nicht stimmt, sagt Teil c
        wanted = "sobald Ihre Vorhersage dasteht, in Prozent: 70 statt 0.7."
        return Measured(missing=f"Die Messung sehen Sie, {wanted}")
    try:
        return Measured(predicted, *_results())
    except AnncourseError as error:
        return Measured(missing=f"Messen lässt es sich hier nicht: {error}")


def _predicted(prediction: object) -> tuple[float, float]:
    parts = named(prediction, ("logit", "reading"))
    logit, reading = (number(parts[name], f"`{name}`: ") for name in ("logit", "reading"))
    if not (0 <= logit <= 100 and 0 <= reading <= 100):
        raise Hint("Die Vorhersagen sind Prozente: Zahlen zwischen 0 und 100.")
    if logit <= 1 and reading <= 1:
        raise Hint("Die Vorhersagen sind Prozente: 70 statt 0.7.")
    return logit, reading


@cache
def _results() -> tuple[float, float, float, str]:
    """Richtig in %: mit allen Einheiten, ohne die stärksten im Logit, ohne sie beim Lesen."""
    weights, reviews = load_weights(), load_reviews()
    w, b = weights.arrays["output.weight"][0], weights.arrays["output.bias"][0]
    chosen = np.random.default_rng(SEED).permutation(len(reviews.test_texts))[: 2 * REVIEWS]

    @torch.no_grad()
    def last_states(net: Weights, positions: np.ndarray) -> np.ndarray:
        model = model_from_weights(net)
        texts = [reviews.test_texts[k] for k in positions]
        ids = [net.vocabulary.encode_review(text, net.config.maxlen) for text in texts]
        h = np.empty((len(ids), net.config.hidden_size))
        for batch in np.array_split(np.argsort([len(review) for review in ids]), 4):
            padded = pad([ids[k] for k in batch], max(len(ids[k]) for k in batch))
            h[batch] = model.recurrent(model.embedding(torch.from_numpy(padded)))[1][0][-1]
        return h

    pick, check = np.array_split(chosen, 2)
    correlation = np.corrcoef(last_states(weights, pick).T, reviews.test_labels[pick])[-1, :-1]
    off = np.abs(correlation).argsort()[::-1][:STRONGEST].tolist()
    labels, h = reviews.test_labels[check], last_states(weights, check)
    silent = last_states(without_units(weights, off), check)
    return (
        _accuracy(h, labels, w, b, []),
        _accuracy(h, labels, w, b, off),
        _accuracy(silent, labels, w, b, off),
        reviews.name,
    )


def _accuracy(h, labels, w, b, off, threshold=0.0) -> float:
    logits = b + np.delete(h, off, axis=1) @ np.delete(w, off)
    return 100 * float(np.mean((logits > threshold) == labels))


def _at_output(answer: Callable, measured: Measured) -> str:
    rng = np.random.default_rng(SEED)
    for off in ([1, 4], [], [0, 2, 3]):
        h, w, b = rng.uniform(-1, 1, size=(250, 6)), rng.normal(size=6), -0.7
        labels = (h @ w + rng.normal(size=250) > 0).astype(int)
        h[off], labels[off] = np.sign(w), 1  # damit auffällt, wer Zeilen statt Spalten nullt
        rest = [j for j in range(6) if j not in off]
        other_axis = h.copy()
        other_axis[off] = 0
        right = _accuracy(h, labels, w, b, off)
        value = call(answer, h, labels, w, b, off)
        if same(numbers(value, "eine Zahl in %"), h[:, rest] @ w[rest] + b):
            raise Hint("Das sind die Logits. Gefragt ist, wie viel Prozent der Urteile stimmen.")
        expect(
            value,
            right,
            {
                "Gefragt sind Prozent, nicht der Anteil.": right / 100,
                "Das ist eine Anzahl. Gefragt sind Prozent.": right / 100 * len(h),
                "Es fehlt der Achsenabschnitt b.": _accuracy(h, labels, w, 0, off),
                "Die Schwelle 0.5 gilt für die Wahrscheinlichkeit. Bei welchem Logit ist σ(s) = "
                "0.5?": _accuracy(h, labels, w, b, off, threshold=0.5),
                "Bei Ihnen ist jedes Urteil «positiv», denn σ(s) ist immer grösser als null. "
                "Vergleichen Sie das Logit mit 0 oder σ(s) mit 0.5.": 100 * labels.mean(),
                "Die Einheiten `off` zählen noch mit.": _accuracy(h, labels, w, b, []),
                "Umgekehrt: Die Einheiten `off` sollen fehlen, die übrigen bleiben.": _accuracy(
                    h, labels, w, b, rest
                ),
                "Das ist die falsche Achse: In `h` ist jede Zeile eine Kritik, jede *Spalte* eine "
                "Einheit.": _accuracy(other_axis, labels, w, b, []),
                "Das ist der Anteil der *falschen* Urteile.": 100 - right,
            },
            "Die Zahl stimmt nicht. Rechnen Sie je Kritik das Logit aus Gleichung (9.3.25), ohne "
            "die Beiträge der Einheiten `off`; positiv ist, was über 0 liegt.",
        )
        _expect_unchanged(answer, h, labels, w, b, off)
    if measured.missing:
        return measured.missing
    return (
        f"{measured.data}, {REVIEWS} Kritiken: Mit allen Einheiten sind "
        f"{measured.everything:.1f} % richtig, ohne die {STRONGEST} stärksten im Logit "
        f"{measured.logit:.1f} %; vorhergesagt hatten Sie {measured.predicted[0]:g} %."
    )


def _expect_unchanged(answer: Callable, *arguments: object) -> None:
    own = deepcopy(arguments)
    returned(lambda: answer(*own))
    try:
        np.testing.assert_equal(own, arguments)
    except AssertionError:
        raise Hint(
            "Ihr Ergebnis stimmt, aber Ihre Funktion verändert die Felder, die sie bekommt: Jede "
            "spätere Messung «mit allen Einheiten» wäre verdorben. Auch in `dict(p)` und "
            "`p.copy()` sind es noch dieselben Felder; kopieren Sie jedes, das Sie ändern."
        ) from None


def _while_reading(answer: Callable, measured: Measured) -> str:
    rng = np.random.default_rng(SEED)
    shapes = {"W": (6, 5), "U": (6, 6), "b": (6,)}
    p = {f"{k}_{gate}": rng.normal(size=shapes[k]) for k in shapes for gate in "ifoc"}
    inputs = rng.normal(size=(9, 5))
    for off in ([1, 4], [0, 2, 3], []):
        value = call(answer, p, off)
        if not isinstance(value, Mapping) or not set(p) <= set(value):
            raise Hint("Erwartet wird ein Wörterbuch mit allen Namen aus `p`, auch den W und b.")
        mine = {name: numbers(value[name], "ein Feld", f"`{name}`: ") for name in p}
        for name, array in mine.items():
            if array.shape != p[name].shape:
                raise Hint(
                    f"`{name}` hat die Form {array.shape} statt {p[name].shape}. Die Einheiten "
                    "bleiben im Netz: Setzen Sie Zahlen auf null, statt sie zu entfernen."
                )
        rest = [j for j in range(6) if j not in off]
        mistakes = {
            "Die übrigen Einheiten rechnen noch genau wie zuvor.": p,
            "Sie nullen *Zeilen* von U. So hören diese Einheiten nichts mehr, aber die anderen "
            "hören sie noch. Welche Achse von U trifft auf $h_{t-1}$?": _zero(p, "U", rows=off),
            "Nur das Eingangstor hört die Einheiten nicht mehr. Vergesstor, Ausgangstor und "
            "Kandidat hören sie noch.": _zero(p, "U", off, gates="i"),
            "Die Tore hören die Einheiten nicht mehr, aber der Kandidat hört sie noch.": _zero(
                p, "U", off, gates="ifo"
            ),
            "Der Kandidat hört die Einheiten nicht mehr, aber die Tore hören sie noch.": _zero(
                p, "U", off, gates="c"
            ),
            "Sie nullen Spalten von W. W liest das Wort $x_t$, nicht die anderen Einheiten.": _zero(
                p, "W", off
            ),
            "Sie nullen auch Spalten von W. W liest das Wort $x_t$, nicht die anderen "
            "Einheiten.": _zero(p, "WU", off),
            "Umgekehrt: Unhörbar sollen die Einheiten `off` sein, nicht die übrigen.": _zero(
                p, "U", rest
            ),
            "Jetzt hört keine Einheit mehr irgendeine. Nullen Sie von U nur, was die Einheiten "
            "`off` liest.": _zero(p, "U", range(6)),
        }
        with np.errstate(all="ignore"):
            states = {
                hint: unroll(lstm_step, inputs, wrong)["h"][:, rest]
                for hint, wrong in mistakes.items()
            }
            expect(
                unroll(lstm_step, inputs, mine)["h"][:, rest],
                unroll(lstm_step, inputs, _zero(p, "U", off))["h"][:, rest],
                states,
                "Die übrigen Einheiten rechnen nicht so, als wären die Einheiten `off` in jedem "
                "Schritt null. Welche Zahlen in U multipliziert der Schritt mit deren $h_{t-1}$?",
            )
        _expect_unchanged(answer, p, off)
    if measured.missing:
        return measured.missing
    return (
        f"Fehlen dieselben Einheiten beim Lesen, sind {measured.reading:.1f} % richtig; "
        f"vorhergesagt hatten Sie {measured.predicted[1]:g} %."
    )


def _zero(p, kinds: str, columns: Iterable[int] = (), rows: Iterable[int] = (), gates="ifoc"):
    """Dieselben Gewichte; von diesen Matrizen sind einige Spalten oder Zeilen null."""
    changed = {f"{kind}_{gate}": p[f"{kind}_{gate}"].copy() for kind in kinds for gate in gates}
    for array in changed.values():
        array[:, [j for j in columns if j < array.shape[1]]] = 0
        array[list(rows)] = 0
    return p | changed


def _conclusion(prediction: object, conclusion: object, measured: Measured) -> str:
    _predicted(prediction)
    names = ("output_needs", "net_needs", "logit_shows", "smaller")
    answers = {name: yes_no(v, f"`{name}`: ") for name, v in named(conclusion, names).items()}
    if measured.missing:
        raise Hint(measured.missing)
    lost = {
        "output_needs": measured.everything - measured.logit,
        "net_needs": measured.everything - measured.reading,
    }
    for name, points in lost.items():
        if answers[name] != (points > LOSS):
            raise Hint(
                f"`{name}` passt nicht zur Messung: Wie viele Punkte fehlen auf die Zahl mit allen "
                f"Einheiten? Die Grenze liegt bei {LOSS:g}."
            )
    if answers["logit_shows"]:
        raise Hint(
            "`logit_shows`: Wer eine Einheit nur im Logit weglässt, ändert nichts daran, was die "
            "anderen beim Lesen von ihr gehört haben."
        )
    if answers["smaller"]:
        raise Hint(
            "`smaller`: Diese Gewichte haben mit 32 Einheiten gelernt. Gemessen ist nicht, was "
            "andere Gewichte ohne die zwölf gelernt hätten."
        )
    return "Ihre Schlüsse folgen aus der Messung."


# --- Übung 24 ---------------------------------------------------------------------------------

H_T = (-0.6, 0.75, -0.55, 0.2)
WEIGHT = (-2.2, -0.8, 2.0, -1.8)
BIAS = 0.2
CONTRIBUTIONS = [w * h for w, h in zip(WEIGHT, H_T)]
LOGIT = sum(CONTRIBUTIONS) + BIAS


def check_24(verdict: object, removal: object = ..., reading: object = ...) -> Markdown:
    """Übung 24: ein Logit in Beiträge zerlegen.

    Parameters
    ----------
    verdict : mapping
        ``contributions`` (vier Zahlen), ``logit`` und ``probability``.
    removal : mapping
        ``most`` (Nummer der Einheit) und ``without_2`` (Logit).
    reading : mapping
        ``same_if_zero`` und ``same_if_unheard``, je ja oder nein.
    """
    start = "Der Beitrag einer Einheit ist ihr Gewicht mal ihr Zustand, mit Vorzeichen."
    return judge(
        24, start, lambda: _verdict(verdict), lambda: _removal(removal), lambda: _heard(reading)
    )


def _verdict(answer: object) -> str:
    parts = named(answer, ("contributions", "logit", "probability"))
    values = plain(parts["contributions"])
    values = list(values.values()) if isinstance(values, dict) else values
    if not isinstance(values, list) or len(values) != len(H_T):
        raise Hint("`contributions`: Gefragt sind vier Zahlen, je Einheit eine.")
    for j, (value, right) in enumerate(zip(values, CONTRIBUTIONS)):
        mistakes = {
            "Das ist der Zustand allein.": H_T[j],
            "Das ist das Gewicht allein.": WEIGHT[j],
            "Der Beitrag ist ein Produkt, keine Summe.": H_T[j] + WEIGHT[j],
            "Der Achsenabschnitt gehört zu keiner Einheit; er kommt einmal zur Summe.": right
            + BIAS,
        }
        expect_number(value, right, 0.006, mistakes, name=f"`contributions`, Einheit {j + 1}: ")
    mistakes = {
        "Es fehlt der Achsenabschnitt b.": LOGIT - BIAS,
        "Der Achsenabschnitt wird addiert, nicht abgezogen.": LOGIT - 2 * BIAS,
        "Beiträge haben ein Vorzeichen; Sie addieren ihre Beträge.": BIAS
        + sum(map(abs, CONTRIBUTIONS)),
        "Gefragt ist das Logit, noch ohne σ.": _sigmoid(LOGIT),
        "Das ist ein Mittel. Das Logit ist die Summe.": BIAS + sum(CONTRIBUTIONS) / len(H_T),
    }
    expect_number(parts["logit"], LOGIT, 0.006, mistakes, name="`logit`: ")
    mistakes = {
        "Das ist die Wahrscheinlichkeit für «negativ».": _sigmoid(-LOGIT),
        "Gefragt ist σ, nicht tanh.": math.tanh(LOGIT),
        "Das ist nur $e^s$. σ(s) ist $1 / (1 + e^{-s})$.": math.exp(LOGIT),
        "Das ist nur $e^{-s}$. σ(s) ist $1 / (1 + e^{-s})$.": math.exp(-LOGIT),
        "Hier fehlt der Achsenabschnitt.": _sigmoid(LOGIT - BIAS),
        "Das ist noch das Logit.": LOGIT,
    }
    expect_number(parts["probability"], _sigmoid(LOGIT), 0.006, mistakes, name="`probability`: ")
    return "Die Beiträge und der Achsenabschnitt ergeben genau das Logit."


def _sigmoid(s: float) -> float:
    return 1 / (1 + math.exp(-s))


def _removal(answer: object) -> str:
    parts = named(answer, ("most", "without_2"))
    most = number(parts["most"], "`most`: ")
    if most not in (1, 2, 3, 4):
        raise Hint("`most`: Gefragt ist die Nummer der Einheit, 1 bis 4.")
    if most == 1:
        raise Hint("`most`: Dieser Beitrag ist der grösste. Zieht er in die Richtung des Urteils?")
    if most != 1 + CONTRIBUTIONS.index(min(CONTRIBUTIONS)):
        raise Hint(
            "`most`: Wie lautet das Urteil? Eine andere Einheit zieht stärker dorthin. Es zählt "
            "das Produkt, nicht das Gewicht oder der Zustand allein."
        )
    second, right = CONTRIBUTIONS[1], LOGIT - CONTRIBUTIONS[1]
    mistakes = {
        "Der Beitrag wird abgezogen, mit seinem Vorzeichen.": LOGIT + second,
        "Hier fehlt der Achsenabschnitt.": right - BIAS,
        "Hier fehlt Einheit 3: Gezählt wird von 1.": LOGIT - CONTRIBUTIONS[2],
        "Hier fehlt Einheit 1.": LOGIT - CONTRIBUTIONS[0],
        "Sie haben den Zustand abgezogen, nicht den Beitrag.": LOGIT - H_T[1],
        "Sie haben das Gewicht abgezogen, nicht den Beitrag.": LOGIT - WEIGHT[1],
        "Das ist der Beitrag der Einheit, nicht das Logit ohne sie.": second,
        "Das ist noch das Logit mit allen Einheiten.": LOGIT,
        "Gefragt ist das Logit, noch ohne σ.": _sigmoid(right),
    }
    expect_number(parts["without_2"], right, 0.006, mistakes, name="`without_2`: ")
    return "Das Urteil kann an einer Einheit hängen, die nicht am meisten dazu beiträgt."


def _heard(answer: object) -> str:
    parts = named(answer, ("same_if_zero", "same_if_unheard"))
    zero, unheard = (yes_no(parts[name], f"`{name}`: ") for name in parts)
    if zero:
        raise Hint(
            "`same_if_zero`: Die anderen Einheiten hören Einheit 2 in jedem Schritt. Bleiben ihre "
            "letzten Zustände gleich, wenn dort null steht?"
        )
    if not unheard:
        raise Hint(
            "`same_if_unheard`: Was ändert sich an den Zuständen der anderen Einheiten, wenn sie "
            "Einheit 2 ohnehin nicht hören?"
        )
    return "Das Logit sieht nur den letzten Schritt, das Abschalten beim Lesen alle."
