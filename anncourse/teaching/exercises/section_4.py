"""Prüfungen zu 9.3.4: die Schleife des Trainings, Verlust und Vertrauensintervall."""

from collections.abc import Callable
from math import exp, log, log2, log10, sqrt

import numpy as np
import torch
from torch import nn

from anncourse.results import interval
from anncourse.teaching.display import Markdown
from anncourse.teaching.exercises.judging import (
    SEED,
    Hint,
    Open,
    call,
    expect_number,
    judge,
    named,
    number,
    numbers,
    returned,
)

STEPS = 100  # so lange wird geübt
EQUAL = [[5, 3, 17, 9], [2, 11, 8, 14], [7, 19, 1, 6]]  # drei Kritiken, gleich lang
SHORT, LONG = [4, 12], [9, 2, 15, 7, 18, 3]
PRACTICE = [[3, 14, 7, 2], [11, 5, 9, 16], [8, 1, 13, 4], [6, 17, 12, 10]]
LABELS = [1.0, 0.0, 1.0, 0.0]


def check_14(reader: Callable, step: object = ...) -> Markdown:
    """Übung 14: drei Fehler in einer Trainingsschleife, jeder an seinem Verhalten erkannt.

    Parameters
    ----------
    reader : type
        Die Klasse: ``reader()(reviews)`` gibt zu B Listen von Wortnummern B Zahlen.
    step : callable
        ``step(net, optimizer, reviews, labels)``; Ergebnis der Verlust.
    """
    # Der erste Optimierer lädt sekundenlang nach; das soll nicht auf die Zeit der Antwort gehen.
    torch.optim.RMSprop([torch.zeros(1)])
    start = "Lassen Sie die Vorlage prüfen, wie sie ist."
    return judge(
        14,
        start,
        lambda: _order(reader),
        lambda: _company(reader),
        lambda: _learning(reader, step),
    )


def _new(reader: Callable):
    """Ein neues Netz, immer dasselbe, dessen leere Schritte den Zustand null nicht ändern."""
    if isinstance(reader, nn.Module):
        raise Hint("Erwartet wird die Klasse selbst, `Reader` ohne Klammern dahinter.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        net = returned(reader)
    if not isinstance(net, nn.Module):
        raise Hint("`Reader` soll eine Klasse bleiben, die von `nn.Module` abstammt.")
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if "bias" in name:
                weight.zero_()
    return net.eval()


def _judged(net, reviews: list[list[int]]) -> np.ndarray:
    """Die Zahl zu jeder Kritik: Form (B,)."""
    with torch.no_grad():
        values = numbers(call(net, reviews), "eine Zahl je Kritik", "`forward`: ")
    if values.shape not in ((len(reviews),), (len(reviews), 1)):
        raise Hint(
            f"`forward` gibt ein Feld der Form {values.shape} zurück, wo der Stapel {len(reviews)} "
            f"Kritik{'en' if len(reviews) > 1 else ''} hat. Erwartet wird eine Zahl je Kritik."
        )
    return values.astype(float).ravel()


def _close(one, other) -> bool:
    return np.allclose(one, other, rtol=0, atol=1e-5)


def _keeps_apart(net) -> bool:
    """Ob eine andere Reihenfolge im Stapel kein Urteil ändert."""
    return _close(_judged(net, EQUAL), _judged(net, EQUAL[::-1])[::-1])


def _order(reader: Callable) -> str:
    net = _new(reader)
    if not _keeps_apart(net):
        raise Hint(
            "Vertauschen Sie die Reihenfolge der Kritiken im Stapel: Das Urteil über eine Kritik "
            "ändert sich dabei."
        )
    (before,) = _judged(net, EQUAL[:1])
    for position in range(len(EQUAL[0])):
        changed = [*EQUAL[0]]
        changed[position] = 10
        if abs(_judged(net, [changed])[0] - before) < 1e-6:
            raise Hint(
                f"Ersetzen Sie in einer Kritik das {position + 1}. von {len(changed)} Wörtern: Ihr "
                "Urteil bleibt genau gleich. Liest das Netz jedes Wort?"
            )
    return "Jede Kritik wird für sich gelesen."


def _company(reader: Callable) -> str:
    net = _new(reader)
    alone, both = _judged(net, [SHORT]), _judged(net, [SHORT, LONG])
    if not _close(alone, both[:1]):
        raise Hint(
            "Legen Sie zu einer kurzen Kritik eine lange in den Stapel: Das Urteil über die kurze "
            "ändert sich dabei."
        )
    if _keeps_apart(net):  # sonst fände sich hier der Fehler aus Teil a noch einmal
        mixed = _judged(net, [LONG, EQUAL[0], SHORT])
        apart = [*_judged(net, [LONG]), *_judged(net, [EQUAL[0]]), *alone]
        if not _close(mixed, apart):
            raise Hint(
                "In einem Stapel verschieden langer Kritiken wird nicht jede so beurteilt, wie "
                "wenn sie allein darin steht."
            )
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if "weight_hh" in name:
                weight.zero_()
    if abs(np.subtract(*_judged(net, [[4], [12]]))) < 1e-6:
        raise Hint(
            "Setzen Sie $U$ auf null: Dann kennt das Netz nur noch, was es zuletzt gelesen hat. "
            "Zwei verschiedene Kritiken aus je einem Wort beurteilt Ihres jetzt gleich. Was liest "
            "es nach diesem Wort?"
        )
    return "Gefragt wird nach dem letzten Wort, wie lang die andern Kritiken auch sind."


def _learning(reader: Callable, step: object) -> str:
    if step is ...:
        raise Open
    if not callable(step):
        raise Hint("Erwartet wird die Funktion `step` selbst, ohne Klammern dahinter.")
    net = _new(reader)
    output = _judged(net, PRACTICE)
    still = _new(reader)
    recorder = _Recorder(still.parameters())
    for _ in range(2):  # die Gewichte bleiben, also auch die Gradienten
        returned(lambda: step(still, recorder, [[*r] for r in PRACTICE], torch.tensor(LABELS)) or 0)
    before = [weight.detach().clone() for weight in net.parameters()]
    optimizer = torch.optim.RMSprop(net.parameters(), lr=0.01)

    def practise() -> list:
        net.train()
        labels = torch.tensor(LABELS)
        return [step(net, optimizer, [[*r] for r in PRACTICE], labels) for _ in range(STEPS)]

    losses = returned(practise)
    first, last = losses[0], losses[-1]  # type: ignore[index]
    if first is None:
        raise Hint("`step` gibt den Verlust nicht zurück. Fehlt `return loss`?")
    first, last = number(first, "`step`: "), number(last, "`step`: ")
    if all(torch.equal(old, new) for old, new in zip(before, net.parameters())):
        raise Hint(
            "`step` ändert keines der Gewichte. Welche drei Aufrufe folgen auf den Verlust, und in "
            "welcher Reihenfolge?"
        )
    if last > 0.5:
        raise Hint(
            f"Üben Sie {STEPS} Schritte an vier Kritiken: Der Verlust bleibt über 0.5. Wo alle "
            "Urteile sicher und richtig sind, müsste er gegen null gehen."
        )
    if last > 0.1:
        raise Hint(f"Nach {STEPS} Schritten an vier Kritiken ist der Verlust noch über 0.1.")
    if not any(_close(first, loss) for loss in _cross_entropies(output, np.array(LABELS))):
        raise Hint(
            "Was `step` zurückgibt, ist nicht die Kreuzentropie aus Gleichung (9.3.7), berechnet "
            "vor dem Schritt und gemittelt über den Stapel."
        )
    if len(recorder.seen) > 2:
        raise Hint("`step` macht mehr als einen Schritt.")
    if recorder.seen and not torch.allclose(recorder.seen[0], recorder.seen[-1], atol=1e-6):
        raise Hint("Ab dem zweiten Schritt zählen die alten Gradienten mit. Welcher Aufruf fehlt?")
    return "An vier Kritiken geübt, geht der Verlust gegen null."


class _Recorder(torch.optim.SGD):
    """Ein Optimierer, der nichts ändert und sich die Gradienten jedes Schritts merkt."""

    def __init__(self, parameters):
        super().__init__(parameters, lr=0.0)
        self.seen: list[torch.Tensor] = []

    def step(self, closure=None):
        gradients = [p.grad for p in self.param_groups[0]["params"] if p.grad is not None]
        self.seen.append(torch.cat([g.detach().flatten() for g in gradients]).clone())
        return super().step(closure)


def _cross_entropies(output: np.ndarray, labels: np.ndarray) -> list[float]:
    """Der Verlust, wenn die Zahlen Logits sind und wenn sie Wahrscheinlichkeiten sind."""
    losses = [np.logaddexp(0, output) - labels * output]
    if ((0 < output) & (output < 1)).all():
        losses.append(-np.log(np.where(labels == 1, output, 1 - output)))
    return [value for loss in losses for value in (loss.mean(), loss.sum())]


# --- Mit dem Taschenrechner -------------------------------------------------------------------

LOGIT = -0.8
REVIEWS, RIGHT = 200, 168


def check_15(one: object, many: object = ...) -> Markdown:
    """Übung 15: Verlust, Ableitung und Intervall mit dem Taschenrechner.

    Parameters
    ----------
    one : mapping
        ``p``, ``loss`` und ``slope`` zu einer positiven Kritik mit dem Logit −0.8.
    many : mapping
        ``low``, ``high`` und ``needed`` zu 168 richtigen Urteilen von 200.
    """
    start = "Setzen Sie $s$ in Gleichung (9.3.6) ein: Das ergibt $p$."
    return judge(15, start, lambda: _one_review(one), lambda: _many_reviews(many))


def _one_review(answer: object) -> str:
    values = named(answer, ("p", "loss", "slope"))
    p = 1 / (1 + exp(-LOGIT))
    expect_number(
        values["p"],
        p,
        0.0015,
        {
            "Ein Vorzeichen stimmt nicht: Das Logit ist negativ, also ist $-s$ positiv.": 1 - p,
            "Das ist erst $e^s$.": exp(LOGIT),
            "Das ist erst $e^{-s}$.": exp(-LOGIT),
            "Im Nenner fehlt die 1.": 1 / exp(LOGIT),
        },
        name="`p`: ",
    )
    expect_number(
        values["loss"],
        -log(p),
        0.0015,
        {
            "Das ist der Verlust, wenn die Kritik negativ wäre. Sie ist positiv, $y = 1$.": (
                -log(1 - p)
            ),
            "Gemeint ist der natürliche Logarithmus, auf dem Taschenrechner `ln`.": -log10(p),
            "Gemeint ist der natürliche Logarithmus, nicht jener zur Basis 2.": -log2(p),
            "Der Logarithmus einer Zahl unter 1 ist negativ; vor dem Verlust steht ein Minus.": (
                log(p)
            ),
            "Das Vorzeichen von $y s$ stimmt nicht.": log(1 + exp(LOGIT)) + LOGIT,
            "Das ist $1 - p$. Der Verlust ist minus der Logarithmus von $p$.": 1 - p,
        },
        name="`loss`: ",
    )
    expect_number(
        values["slope"],
        p - 1,
        0.0015,
        {
            "Zuerst steht die Wahrscheinlichkeit, dann das Label.": 1 - p,
            "Das Label ist noch nicht abgezogen.": p,
            "Das ist die Ableitung von $\\sigma$. Gefragt ist jene des Verlusts, und die ist "
            "einfacher.": p * (1 - p),
            "Das ist die Ableitung nach $p$. Gefragt ist jene nach $s$.": -1 / p,
        },
        name="`slope`: ",
    )
    return "Ein Schritt gegen diese Ableitung hebt das Logit."


def _many_reviews(answer: object) -> str:
    values = named(answer, ("low", "high", "needed"))
    n, q = REVIEWS, RIGHT / REVIEWS
    half = 1.96 * sqrt(q * (1 - q) / n)
    wrong = {
        "Es fehlt der Faktor 1.96.": half / 1.96,
        "Unter der Wurzel fehlt das $n$.": half * sqrt(n),
        "Ihr Intervall ist fast null breit. Die Wurzel umfasst den ganzen Bruch.": half / sqrt(n),
        "Unter der Wurzel fehlt der Faktor $1 - q$.": half / sqrt(1 - q),
    }
    for name, sign, wilson in zip(("low", "high"), (-1, 1), interval(q, n)):
        expect_number(
            values[name],
            q + sign * half,
            0.0015,
            {
                "Die beiden Enden sind vertauscht.": q - sign * half,
                "Das ist die halbe Breite. Gefragt sind die Enden des Intervalls.": half,
                "Gefragt ist ein Anteil, nicht die Anzahl.": n * (q + sign * half),
            }
            | {hint: q + sign * wide for hint, wide in wrong.items()}
            | {
                "Unter der Wurzel steht die Zahl aller Kritiken, nicht jene der richtigen.": (
                    q + sign * half * sqrt(n / RIGHT)
                )
            }
            | {"Das ist das Intervall nach Wilson. Gefragt ist Gleichung (9.3.8).": wilson},
            name=f"`{name}`: ",
        )
    expect_number(
        values["needed"],
        4 * n,
        8,  # wer mit der gerundeten Breite rechnet, trifft nicht genau
        {
            "Doppelt so viele genügen nicht: $n$ steht unter der Wurzel.": 2 * n,
            "Mit weniger Kritiken wird das Intervall breiter, nicht schmaler.": n / 4,
            "Mit halb so vielen Kritiken wird das Intervall breiter.": n / 2,
            "Damit sich $\\sqrt n$ verdoppelt, muss $n$ stärker wachsen.": n * sqrt(2),
            "So viele kommen dazu. Gefragt ist die Anzahl insgesamt.": 3 * n,
        },
        "Unter der Wurzel steht $n$ im Nenner. Womit ist $n$ zu multiplizieren, damit die Wurzel "
        "halb so gross wird?",
        name="`needed`: ",
    )
    return "Genauer messen ist teuer: Die Anzahl wächst mit dem Quadrat."
