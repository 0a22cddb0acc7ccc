"""Bilder aus Messungen und Rechnungen, in den Farben der Schemabilder. Jedes nennt seine Daten."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from anncourse.experiments.one_unit import fixed_point, kept, products, slope, states
from anncourse.results import RunResult
from anncourse.teaching.palette import CELL_COLOURS, COLOURS

TRAIN, VALIDATION = COLOURS["input"], COLOURS["state"]
CELL_STYLES = {"rnn": "-", "lstm": "--", "gru": "-."}
SCHEME_STYLES: dict[str, str | tuple] = {
    "PyTorch": ":",
    "Keras": "-",
    "Orthogonal": (0, (12, 4)),
    "Tor 3": "--",
    "Identität": "-.",
}


class Plot(Figure):
    """Ein Bild, das jedes Notebook von selbst zeigt, ohne Einstellung von Matplotlib."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
        return buffer.getvalue()


def curves(result: RunResult) -> Plot:
    """Genauigkeit und Verlust je Epoche, Training neben Validierung.

    Parameters
    ----------
    result : RunResult
        Ein Lauf.

    Returns
    -------
    Plot
        Links die Genauigkeit in Prozent, rechts der Verlust; die beste Epoche ist markiert.
    """
    table = result.table()
    figure = Plot(figsize=(8.5, 3.4), layout="constrained")
    panels = figure.subplots(1, 2)
    for axes, what, label, scale in zip(
        panels, ("accuracy", "loss"), ("Genauigkeit in %", "Verlust"), (100, 1)
    ):
        axes.plot(table.index, scale * table[f"train_{what}"], "o--", color=TRAIN, label="Training")
        axes.plot(
            table.index, scale * table[f"val_{what}"], "s-", color=VALIDATION, label="Validierung"
        )
        axes.axvline(result.best_epoch, color=COLOURS["line"], linewidth=0.8, linestyle=":")
        axes.set(xlabel="Epoche", ylabel=label, xticks=table.index)
        axes.grid(alpha=0.3)
    panels[0].legend()
    figure.suptitle(f"{result.cell.upper()}, Daten: {result.data}; gepunktet: beste Epoche")
    return figure


def growing_curve(history: Mapping[str, Sequence[float]], epochs: int, title: str) -> Plot:
    """Die Genauigkeiten bis zur laufenden Epoche, auf einer Achse, die von Anfang an alle zeigt.

    Parameters
    ----------
    history : mapping of str to sequence of float
        Bezeichnung («Training», «Validierung») → Genauigkeit je Epoche, zwischen 0 und 1.
    epochs : int
        So viele Epochen werden es.
    title : str
        Zelle und Name der Daten.
    """
    figure = Plot(figsize=(5, 2.6), layout="constrained")
    axes = figure.subplots()
    looks = ((TRAIN, "o--"), (VALIDATION, "s-"))
    for (name, values), (colour, style) in zip(history.items(), looks):
        shares = 100 * np.array(values)
        axes.plot(range(1, len(values) + 1), shares, style, color=colour, label=name)
    axes.set(xlabel="Epoche", ylabel="Genauigkeit in %", xlim=(0.5, epochs + 0.5), title=title)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    return figure


def rates(lines: Mapping[str, Mapping[float, float]], title: str) -> Plot:
    """Genauigkeit nach der Lernrate, eine Linie je Art von Anfangswerten.

    Parameters
    ----------
    lines : mapping
        «Keras» oder «PyTorch» → Lernrate → Genauigkeit zwischen 0 und 1.
    title : str
        Titel mit dem Namen der Daten.
    """
    figure = Plot(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    looks = {"Keras": (VALIDATION, "s-"), "PyTorch": (TRAIN, "o--")}
    for name, line in lines.items():
        colour, style = looks[name]
        axes.semilogx(list(line), 100 * np.array([*line.values()]), style, color=colour, label=name)
    axes.set(xlabel="Lernrate", ylabel="Genauigkeit in %")
    axes.legend(title="Anfangswerte")
    axes.grid(alpha=0.3)
    figure.suptitle(title)
    return figure


def confusion(labels: np.ndarray, predictions: np.ndarray, data: str) -> Plot:
    """Konfusionsmatrix: wie oft welches Urteil auf welche Klasse fiel.

    Parameters
    ----------
    labels, predictions : numpy.ndarray
        Wahre und vorhergesagte Klassen, 0 oder 1, Form ``(N,)``.
    data : str
        Name der Daten für den Titel.
    """
    counts = np.zeros((2, 2), dtype=int)
    np.add.at(counts, (np.asarray(labels, int), np.asarray(predictions, int)), 1)
    figure = Plot(figsize=(4.4, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(counts, cmap="Blues", vmin=0)
    for (row, column), count in np.ndenumerate(counts):
        dark = count > counts.max() / 2
        axes.text(
            column,
            row,
            f"{count}\n{100 * count / counts[row].sum():.1f} %",
            ha="center",
            va="center",
            color="white" if dark else "black",
        )
    classes = ["negativ", "positiv"]
    axes.set(xticks=[0, 1], yticks=[0, 1], xticklabels=classes, yticklabels=classes)
    axes.set(xlabel="Urteil des Netzes", ylabel="Wahre Klasse", title=f"Testteil, Daten: {data}")
    return figure


def comparison(results: Sequence[RunResult]) -> Plot:
    """Validierungsgenauigkeit je Epoche für mehrere Netze."""
    figure = Plot(figsize=(6.5, 3.6), layout="constrained")
    axes = figure.subplots()
    for result in results:
        table = result.table()
        axes.plot(
            table.index,
            100 * table["val_accuracy"],
            marker="o",
            label=result.cell.upper(),
            color=CELL_COLOURS[result.cell],
            linestyle=CELL_STYLES[result.cell],
        )
    longest = max((result.table().index for result in results), key=len)
    axes.set(xlabel="Epoche", ylabel="Genauigkeit der Validierung in %", xticks=longest)
    axes.set_title(f"Daten: {results[0].data}")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def measured_accuracies(groups: Mapping[str, Sequence[float]], title: str) -> Plot:
    """Testgenauigkeit mehrerer Läufe: ein Punkt je Lauf, ein Strich für den Mittelwert.

    Parameters
    ----------
    groups : mapping
        Beschriftung → Anteile zwischen 0 und 1, ein Wert je Lauf; das erste Wort nennt die Zelle.
    title : str
        Titel mit dem Namen der Daten.
    """
    figure = Plot(figsize=(7.5, 1 + 0.38 * len(groups)), layout="constrained")
    axes = figure.subplots()
    for row, (label, values) in enumerate(groups.items()):
        percent = 100 * np.asarray(values)
        colour = CELL_COLOURS[label.split()[0].strip(",").lower()]
        axes.plot(percent, np.full(len(percent), row), "o", color=colour, alpha=0.6)
        axes.plot(percent.mean(), row, "|", color=COLOURS["line"], markersize=16)
    axes.set_yticks(range(len(groups)), groups)
    axes.invert_yaxis()
    axes.set(xlabel="Testgenauigkeit in %", title=title)
    axes.grid(axis="x", alpha=0.3)
    return figure


def gradient_decay(
    rows: Mapping[str, Mapping[str, Mapping[str, np.ndarray]]], title: str, lowest: float = 1e-20
) -> Plot:
    """Norm des Gradienten gegen den Abstand k, logarithmisch, relativ zu k = 0.

    Die Farbe sagt, welche Zelle, die Linienform, welche Anfangswerte; dick ist nach dem Training.
    Von mehreren Zufallsstarts ist der Median gezeichnet; das Band reicht vom kleinsten Wert zum
    grössten.

    Parameters
    ----------
    rows : mapping
        Eingaben → Zelle → Anfangswerte (eine Beschriftung aus `SCHEME_STYLES`, mit oder ohne
        «, trainiert») → Normen, Form ``(T,)`` oder ``(Zufallsstarts, T)``, aus `gradient_norms`.
    title : str
        Titel mit dem Namen der Daten.
    lowest : float
        Was darunter liegt, ist abgeschnitten.
    """
    columns = len(next(iter(rows.values())))
    size = (8.5 if columns > 1 else 7, 1 + 2.3 * len(rows))
    figure = Plot(figsize=size, layout="constrained")
    grid = figure.subplots(len(rows), columns, sharex=True, sharey=True, squeeze=False)
    for panels, (inputs, cells) in zip(grid, rows.items()):
        for axes, (cell, norms) in zip(panels, cells.items()):
            for label, values in norms.items():
                seeds = np.atleast_2d(values)
                relative = np.where(seeds > 0, seeds / seeds[:, :1], np.nan)
                scheme, *trained = label.split(", ")
                colour = CELL_COLOURS[cell]
                axes.semilogy(
                    np.median(relative, axis=0),
                    label=label,
                    color=colour,
                    linestyle=SCHEME_STYLES[scheme],
                    linewidth=3 if trained else 1.4,
                )
                if len(seeds) > 1:
                    low, high = relative.min(0), relative.max(0)
                    axes.fill_between(range(len(low)), low, high, color=colour, alpha=0.15, lw=0)
            axes.set_title(f"{cell.upper()}, {inputs}", fontsize=10)
            axes.grid(alpha=0.3)
    for axes in grid[0]:  # die Zeilen zeigen dieselben Linien
        axes.legend(fontsize=8, loc="lower left")
    grid[0, 0].set_ylim(bottom=lowest)
    figure.suptitle(title)
    figure.supxlabel("Abstand k in Schritten", fontsize=10)
    figure.supylabel(r"$\|\partial h_T/\partial x_{T-k}\|$, relativ zu $k=0$", fontsize=10)
    return figure


def lag_accuracy(
    panels: Mapping[str, Mapping[str, Mapping[int, Sequence[float]]]], title: str
) -> Plot:
    """Genauigkeit gegen den Abstand: ein Zeichen je Lauf, eine Linie durch die Mittelwerte.

    Parameters
    ----------
    panels : mapping
        Überschrift → Beschriftung → Abstand → Anteile zwischen 0 und 1, ein Wert je Lauf.
        Beschriftungen, die keine Zelle nennen, gelten dem RNN.
    title : str
        Titel mit dem Namen der Daten.
    """
    figure = Plot(figsize=(8.5 if len(panels) > 1 else 6.5, 3.6), layout="constrained")
    grid = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    lags = sorted({lag for lines in panels.values() for runs in lines.values() for lag in runs})
    for axes, (heading, lines) in zip(grid, panels.items()):
        for number, (label, runs) in enumerate(lines.items()):
            colour = CELL_COLOURS.get(label.lower(), CELL_COLOURS["rnn"])
            style, marker = ("-", "--", "-.")[number], ("o", "s", "^")[number]
            places = [lags.index(lag) + 0.14 * (number - 1) for lag in runs]  # nebeneinander
            for place, values in zip(places, runs.values()):
                axes.plot(
                    np.full(len(values), place),
                    100 * np.asarray(values),
                    marker,
                    color=colour,
                    alpha=0.5,
                    markersize=4,
                    linestyle="none",
                )
            means = [100 * np.mean(values) for values in runs.values()]
            axes.plot(places, means, color=colour, linestyle=style, marker=marker, label=label)
        axes.set_xticks(range(len(lags)), lags)
        axes.axhline(50, color=COLOURS["line"], linewidth=0.8, linestyle=":")
        axes.set_title(heading, fontsize=10)
        axes.grid(alpha=0.3)
    grid[0].legend(fontsize=8)
    grid[0].set_ylabel("Genauigkeit in %")
    figure.suptitle(title)
    figure.supxlabel("Abstand k in Schritten; gepunktet: geraten", fontsize=10)
    return figure


def heat_map(values: np.ndarray, words: Sequence[str], units: Sequence[int], title: str) -> Plot:
    """Grössen einer Zelle über eine Kritik: Wörter waagrecht, Einheiten senkrecht.

    Parameters
    ----------
    values : numpy.ndarray
        Form ``(T, H)``, zum Beispiel der Übertrag oder ein Tor.
    words : sequence of str
        Die T Wörter.
    units : sequence of int
        Welche Einheiten zu sehen sind.
    title : str
        Titel.
    """
    chosen = values[:, units].T  # (Einheiten, T)
    gate = chosen.min() >= 0 and chosen.max() <= 1
    limit = 1 if gate else np.abs(chosen).max()
    figure = Plot(figsize=(8.5, 1.6 + 0.22 * len(units)), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(
        chosen,
        aspect="auto",
        cmap="Greens" if gate else "PuOr_r",
        vmin=0 if gate else -limit,
        vmax=limit,
    )
    axes.set_xticks(range(len(words)), words, rotation=60, ha="right")
    axes.set_yticks(range(len(units)), list(map(str, units)))
    axes.set(ylabel="Einheit", title=title)
    figure.colorbar(image)
    return figure


def reading_curve(words: Sequence[str], probabilities: np.ndarray, title: str = "") -> Plot:
    """Wahrscheinlichkeit «positiv» nach jedem Wort.

    Parameters
    ----------
    words : sequence of str
        Die T Wörter.
    probabilities : numpy.ndarray
        Form ``(T,)``.
    title : str
        Titel mit dem Namen des Netzes oder der Daten.
    """
    figure = Plot(figsize=(8.5, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot(probabilities, "o-", color=COLOURS["state"])
    axes.axhline(0.5, color=COLOURS["line"], linewidth=0.8, linestyle=":")
    axes.set_xticks(range(len(words)), words, rotation=60, ha="right")
    axes.set(ylim=(0, 1), ylabel="Wahrscheinlichkeit «positiv»", title=title)
    axes.grid(alpha=0.3)
    return figure


def word_effects(words: Sequence[str], bars: Mapping[str, np.ndarray], title: str) -> Plot:
    """Zwei Balken je Wort, in Einheiten des Logits.

    Parameters
    ----------
    words : sequence of str
        Die T Wörter.
    bars : mapping
        Zwei Beschriftungen → Werte, Form ``(T,)``.
    title : str
        Titel mit dem Namen des Netzes oder der Daten.
    """
    figure = Plot(figsize=(8.5, 3), layout="constrained")
    axes = figure.subplots()
    looks = ((-0.2, COLOURS["line"], 0.35), (0.2, COLOURS["state"], 1))
    for (label, values), (shift, colour, alpha) in zip(bars.items(), looks):
        places = np.arange(len(words)) + shift
        axes.bar(places, values, 0.4, label=label, color=colour, alpha=alpha)
    axes.axhline(0, color=COLOURS["line"], linewidth=0.8)
    axes.set_xticks(range(len(words)), words, rotation=60, ha="right")
    axes.set(ylabel="Logit", title=title)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(fontsize=8)
    return figure


def cobweb(weights: Sequence[float], steps: int = 12) -> Plot:
    """Eine Einheit h → tanh(u h): links ihr Weg als Spinnweb, rechts das Produkt der Steigungen.

    Bis u = 1 beginnt der Weg bei 1 und verblasst, darüber beginnt er bei 0.1 und wächst.

    Parameters
    ----------
    weights : sequence of float
        Bis zu drei Werte von u.
    steps : int
        Schritte des Wegs.
    """
    figure = Plot(figsize=(8.5, 2.9), layout="constrained")
    *panels, last = figure.subplots(1, len(weights) + 1)
    h = np.linspace(-0.3, 1.2, 200)
    for u, axes, style in zip(weights, panels, ("-", "--", ":")):
        start, fixed = (0.1 if u > 1 else 1.0), fixed_point(u)
        corners = np.repeat([start, *states(u, start, steps)], 2)  # waagrecht, senkrecht, …
        tangent = np.array([-0.25, 0.25])
        axes.plot(h, h, color=COLOURS["line"], linewidth=0.8)
        axes.plot(h, np.tanh(u * h), style, color=COLOURS["state"])
        axes.plot(corners[:-1], corners[1:], color=COLOURS["candidate"], linewidth=0.8)
        axes.plot(fixed + tangent, fixed + slope(u, fixed) * tangent, color=COLOURS["carry"], lw=2)
        axes.plot(fixed, fixed, "o", color=COLOURS["carry"])
        axes.set(xlim=(-0.3, 1.2), ylim=(-0.3, 1.2), xlabel=r"$h_{t-1}$", box_aspect=1)
        axes.set_title(f"u = {u:g}, Steigung {slope(u, fixed):.3g}", fontsize=10)
        left = products(slope(u, states(u, fixed, steps)))
        last.plot(range(1, steps + 1), left, style, color=COLOURS["state"], label=f"u = {u:g}")
    panels[0].set_ylabel(r"$h_t$")
    last.set(yscale="log", xlabel="Abstand k", box_aspect=1)
    last.set_title("Produkt am Fixpunkt", fontsize=10)
    last.legend(fontsize=8)
    last.grid(alpha=0.3)
    figure.suptitle("Eine Einheit, h → tanh(u h), gerechnet. Punkt: Fixpunkt; dick: seine Steigung")
    return figure


def noisy_unit(weights: Sequence[float], noise: float = 0.1, steps: int = 30) -> Plot:
    """Eine Einheit im Rauschen: ihr Weg von +1 und von −1 aus, und wie oft ihr Bit noch stimmt.

    Parameters
    ----------
    weights : sequence of float
        Bis zu drei Werte von u.
    noise : float
        Standardabweichung der Eingaben.
    steps : int
        Schritte des Wegs.
    """
    figure = Plot(figsize=(8.5, 2.7), layout="constrained")
    *panels, last = figure.subplots(1, len(weights) + 1)
    start = np.repeat([1.0, -1.0], 3)
    inputs = noise * np.random.default_rng(93).standard_normal((steps, len(start)))
    for u, axes, style in zip(weights, panels, ("-.", "-", ":")):
        path = np.vstack([start, states(u, start, steps, inputs)])  # (steps + 1, 6)
        axes.plot(path[:, :3], color=COLOURS["state"], linewidth=0.9)
        axes.plot(path[:, 3:], "--", color=COLOURS["candidate"], linewidth=0.9)
        axes.axhline(0, color=COLOURS["line"], linewidth=0.8, linestyle=":")
        axes.set(ylim=(-1.1, 1.1), xlabel="Schritt t", title=f"u = {u:g}")
        shares = 100 * np.array([1, *kept(u, noise, steps)])
        last.plot(shares, style, color=COLOURS["line"], label=f"u = {u:g}")
    panels[0].set_ylabel(r"Zustand $h_t$")
    last.axhline(50, color=COLOURS["line"], linewidth=0.8, linestyle=":")
    last.set(ylim=(40, 104), xlabel="Schritt t", ylabel="Bit stimmt, in %")
    last.legend(fontsize=8, loc="center right")
    figure.suptitle(f"Eine Einheit, Rauschen {noise:g}, gerechnet")
    return figure


def latch(x: np.ndarray, states: Mapping[str, np.ndarray], title: str) -> Plot:
    """Eine LSTM-Einheit, die ein Bit hält: oben die Eingaben, dann die Spur, unten die Tore.

    Parameters
    ----------
    x : numpy.ndarray
        Marke und Wert, Form ``(T, 2)``.
    states : mapping
        Was `anncourse.cells.unroll` zurückgibt; gezeichnet wird die erste Einheit.
    title : str
        Titel mit dem Namen der Daten.
    """
    figure = Plot(figsize=(8.5, 5.2), layout="constrained")
    inputs, track, gates = figure.subplots(3, 1, sharex=True, height_ratios=(1, 1.4, 1.4))
    t, marked = np.arange(1, len(x) + 1), x[:, 0] == 1
    inputs.plot(t, x[:, 1], ".", color=COLOURS["input"], markersize=3, label="Wert")
    inputs.plot(t[marked], x[marked, 1], "s", color=COLOURS["line"], label="markierter Wert")
    inputs.set(yticks=(-1, 1), ylabel="$x_t$")
    c = states["c"][:, 0]  # (T,)
    track.plot(t, c, color=COLOURS["carry"], label="Spur $c_t$")
    track.axhline(0, color=COLOURS["line"], linewidth=0.8, linestyle=":")
    track.set_ylabel("$c_t$")
    for name, label, style in (
        ("f", "Vergesstor $f_t$", "-"),
        ("i", "Eingangstor $i_t$", ":"),
        ("o", "Ausgangstor $o_t$", "--"),
    ):
        gates.plot(t, states[name][:, 0], style, color=COLOURS["gate"], label=label)
    gates.set(ylim=(-0.05, 1.05), ylabel="Tor", xlabel="Schritt t")
    for axes in (inputs, track, gates):
        for place in t[marked]:
            axes.axvline(place, color=COLOURS["line"], linewidth=0.6, alpha=0.4)
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.suptitle(title)
    return figure
