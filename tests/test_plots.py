"""Bilder aus Messungen: PNG, mit dem Namen der Daten, deutsch, ohne Nebenwirkung."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.image import imread
from test_results import METRICS

from anncourse.results import RunResult
from anncourse.teaching import plots

PNG = b"\x89PNG\r\n\x1a\n"
WORDS = ["a", "wonderful", "film"]


def run_of(cell):
    return RunResult(
        cell=cell,
        data="Prüfdaten",
        digest="0f" * 32,
        seed=7,
        epochs=2,
        parameters=1,
        best_epoch=2,
        val_accuracy=0.875,
        test_accuracy=0.8125,
        seconds_per_epoch=1.5,
        seconds_total=4.0,
        interrupted=False,
        config={},
        versions={},
        machine={},
        metrics=METRICS,
    )


def curves():
    return plots.curves(run_of("lstm"))


def growing_curve():
    return plots.growing_curve({"Training": [0.6, 0.8], "Validierung": [0.7, 0.75]}, 8, "Prüfdaten")


def confusion():
    return plots.confusion(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1]), "Prüfdaten")


def rates():
    return plots.rates({"Keras": {1e-3: 0.9, 1e-2: 0.8}, "PyTorch": {1e-2: 0.8}}, "Prüfdaten")


def comparison():
    return plots.comparison([run_of(cell) for cell in ("rnn", "lstm", "gru")])


def gradient_decay():
    rnn = {"Keras": np.array([4.0, 2.0, 0.0]), "Keras, trainiert": np.array([2.0, 1.5, 1.0])}
    lstm = {"PyTorch": np.array([1.0, 0.5, 0.25])}
    return plots.gradient_decay({"Kritiken": {"rnn": rnn, "lstm": lstm}}, "Prüfdaten")


def lag_accuracy():
    lines = {"RNN": {10: [1.0, 0.9], 25: [0.5, 0.6]}, "LSTM": {10: [1.0, 1.0], 25: [1.0, 0.5]}}
    return plots.lag_accuracy({"Keras": lines, "offen": lines}, "Prüfdaten")


def cobweb():
    return plots.cobweb([0.5, 1.0, 2.0])


def noisy_unit():
    return plots.noisy_unit([0.5, 2.0])


def latch():
    x = np.array([[1, 1], [0, -1], [1, -1]])
    states = {name: np.full((3, 1), value) for name, value in zip("cfio", (0.5, 0.9, 0.2, 0.7))}
    return plots.latch(x, states, "Prüfdaten")


def heat_map():
    values = np.array([[0.5, -2.0, 1.0], [0.0, 1.0, 0.0], [0.1, 0.2, 0.3]])
    return plots.heat_map(values, WORDS, [1, 2], "Übertrag, Prüfdaten")


def reading_curve():
    return plots.reading_curve(WORDS, np.array([0.5, 0.9, 0.8]), "Prüfdaten")


def word_effects():
    bars = {"Sprung": np.array([0.1, 2.0, -0.5]), "Wirkung": np.array([0.0, 1.5, 0.25])}
    return plots.word_effects(WORDS, bars, "Prüfdaten")


def measured_accuracies():
    return plots.measured_accuracies({"RNN": [0.85, 0.875], "LSTM": [0.9, 0.91]}, "Prüfdaten")


FIGURES = [
    curves,
    growing_curve,
    confusion,
    rates,
    comparison,
    measured_accuracies,
    gradient_decay,
    lag_accuracy,
    cobweb,
    noisy_unit,
    latch,
    heat_map,
    reading_curve,
    word_effects,
]


def texts(figure):
    """Titel, Achsen und Legenden eines Bilds."""
    titles = [figure.get_suptitle()]
    for axes in figure.axes:
        titles += [axes.get_title(), axes.get_xlabel(), axes.get_ylabel()]
        if axes.get_legend():
            titles += [text.get_text() for text in axes.get_legend().get_texts()]
    return titles


@pytest.mark.parametrize("draw", FIGURES)
def test_png_names_its_data(draw, tmp_path):
    figure = draw()
    picture = figure._repr_png_()
    assert picture.startswith(PNG)
    (tmp_path / "picture.png").write_bytes(picture)
    assert imread(tmp_path / "picture.png").std() > 0.05  # nicht leer
    titles = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]
    source = "gerechnet" if draw in (cobweb, noisy_unit) else "Prüfdaten"
    assert any(source in title for title in titles)


@pytest.mark.parametrize("draw", FIGURES)
def test_same_data_same_picture(draw):
    assert draw()._repr_png_() == draw()._repr_png_()


def test_every_plot_is_tested():
    drawn = {
        name
        for name, thing in vars(plots).items()
        if getattr(thing, "__annotations__", {}).get("return") is plots.Plot
    }
    assert drawn == {draw.__name__ for draw in FIGURES}


def test_curves():
    figure = curves()
    accuracy, loss = figure.axes
    assert texts(figure) == [
        "LSTM, Daten: Prüfdaten; gepunktet: beste Epoche",
        "",
        "Epoche",
        "Genauigkeit in %",
        "Training",
        "Validierung",
        "",
        "Epoche",
        "Verlust",
    ]
    train, validation, best = accuracy.lines
    assert train.get_ydata().tolist() == [50, 62.5]
    assert validation.get_ydata().tolist() == [75, 87.5]
    assert list(best.get_xdata()) == [2, 2]
    assert [line.get_ydata().tolist() for line in loss.lines[:2]] == [[0.7, 0.5], [0.6, 0.25]]
    assert accuracy.get_xticks().tolist() == [1, 2]


def test_confusion_counts_and_shares():
    axes = confusion().axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}  # (Urteil, Wahrheit)
    assert cells == {
        (0, 0): "2\n66.7 %",
        (1, 0): "1\n33.3 %",
        (0, 1): "0\n0.0 %",
        (1, 1): "2\n100.0 %",
    }
    assert axes.get_xlabel() == "Urteil des Netzes" and axes.get_ylabel() == "Wahre Klasse"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["negativ", "positiv"]


def test_comparison_tells_the_nets_apart_without_colour():
    axes = comparison().axes[0]
    assert [line.get_label() for line in axes.lines] == ["RNN", "LSTM", "GRU"]
    assert len({line.get_linestyle() for line in axes.lines}) == 3
    assert len({line.get_color() for line in axes.lines}) == 3
    assert axes.lines[0].get_ydata().tolist() == [75, 87.5]


def test_gradient_decay_is_relative_and_skips_zeros():
    left, right = gradient_decay().axes
    before, after = left.lines
    assert before.get_ydata()[:2].tolist() == [1, 0.5]
    assert np.isnan(before.get_ydata()[2])  # 0 hat auf der Achse keinen Platz
    assert after.get_ydata().tolist() == [1, 0.75, 0.5]
    assert left.get_yscale() == "log" and left.get_title() == "RNN, Kritiken"
    assert after.get_linewidth() > before.get_linewidth()
    assert before.get_color() == after.get_color() != right.lines[0].get_color()


def test_of_several_seeds_the_median_and_a_band():
    seeds = np.array([[1.0, 0.5], [2.0, 0.2], [1.0, 0.3]])  # relativ: 0.5, 0.1, 0.3
    axes = plots.gradient_decay({"Kritiken": {"rnn": {"Keras": seeds}}}, "Prüfdaten").axes[0]
    assert axes.lines[0].get_ydata().tolist() == pytest.approx([1, 0.3])
    (band,) = axes.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert heights.min() == pytest.approx(0.1) and 0.5 in heights.round(9)


def test_latch_shows_marks_track_and_gates():
    inputs, track, gates = latch().axes
    marks = next(line for line in inputs.lines if line.get_label() == "markierter Wert")
    assert marks.get_xdata().tolist() == [1, 3] and marks.get_ydata().tolist() == [1, -1]
    assert track.lines[0].get_ydata().tolist() == [0.5] * 3
    shown = [line.get_ydata()[0] for line in gates.lines if line.get_label().endswith("$")]
    assert shown == [0.9, 0.2, 0.7]


def test_a_cell_looks_the_same_in_every_plot():
    colours = {line.get_label(): line.get_color() for line in comparison().axes[0].lines}
    decay = [axes.lines[0].get_color() for axes in gradient_decay().axes]
    assert decay == [colours["RNN"], colours["LSTM"]]
    dots = [line for line in measured_accuracies().axes[0].lines if line.get_marker() == "o"]
    assert [line.get_color() for line in dots] == [colours["RNN"], colours["LSTM"]]
    for line in lag_accuracy().axes[0].lines:
        if line.get_label() in colours:
            assert line.get_color() == colours[line.get_label()]


def test_lag_accuracy_shows_every_run_and_the_mean():
    axes = lag_accuracy().axes[0]
    shown = {line.get_label(): line for line in axes.lines}
    assert shown["RNN"].get_ydata().tolist() == pytest.approx([95, 55])
    dots = [line.get_ydata().tolist() for line in axes.lines if line.get_linestyle() == "None"]
    assert dots == [[100, 90], [50, 60], [100, 100], [100, 50]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["10", "25"]


def test_heat_map_shows_the_chosen_units():
    axes = heat_map().axes[0]
    (image,) = axes.images
    assert image.get_array().tolist() == [[-2, 1, 0.2], [1, 0, 0.3]]  # (Einheiten, Wörter)
    assert image.get_clim() == (-2, 2)  # um 0 symmetrisch
    assert [label.get_text() for label in axes.get_xticklabels()] == WORDS
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1", "2"]
    assert axes.get_ylabel() == "Einheit"


def test_heat_map_of_a_gate_runs_from_0_to_1():
    figure = plots.heat_map(np.array([[0.2, 0.4]] * 3), WORDS, [0, 1], "Tor")
    assert figure.axes[0].images[0].get_clim() == (0, 1)


def test_word_effects_shows_two_bars_per_word():
    (axes,) = word_effects().axes
    assert [bar.get_height() for bar in axes.patches] == [0.1, 2.0, -0.5, 0.0, 1.5, 0.25]
    left, right = axes.patches[1], axes.patches[4]  # «wonderful»
    assert left.get_x() + left.get_width() / 2 < 1 < right.get_x() + right.get_width() / 2
    assert [label.get_text() for label in axes.get_xticklabels()] == WORDS


def test_reading_curve():
    axes = reading_curve().axes[0]
    assert axes.lines[0].get_ydata().tolist() == [0.5, 0.9, 0.8]
    assert axes.get_ylim() == (0, 1) and axes.get_ylabel() == "Wahrscheinlichkeit «positiv»"
    assert [label.get_text() for label in axes.get_xticklabels()] == WORDS


@pytest.mark.parametrize("draw", FIGURES)
def test_settings_of_matplotlib_stay(draw):
    names = set(matplotlib.rcParams) - {"backend"}  # ihn nur zu lesen, lädt pyplot
    before = {name: matplotlib.rcParams[name] for name in names}
    draw()._repr_png_()
    assert {name: matplotlib.rcParams[name] for name in names} == before


def test_needs_neither_pyplot_nor_torch():
    code = (
        "import sys\n"
        "from anncourse.teaching import plots\n"
        "figure = plots.reading_curve(['a', 'film'], [0.2, 0.8])\n"
        "assert figure._repr_png_()\n"
        "assert not {'matplotlib.pyplot', 'torch', 'pytorch_lightning'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_cobweb_marks_the_fixed_point_and_its_slope():
    *panels, product = cobweb().axes
    (point,) = [line for line in panels[2].lines if line.get_marker() == "o"]
    assert point.get_xdata() == pytest.approx(0.9575, abs=1e-4)
    assert "0.166" in panels[2].get_title()
    assert product.lines[2].get_ydata()[9] == pytest.approx(1.6e-8, rel=0.05)
    assert (product.lines[1].get_ydata() == 1).all()


def test_noisy_unit_keeps_its_bit_only_with_the_larger_weight():
    half, two, share = noisy_unit().axes
    assert [line.get_ydata()[0] for line in half.lines[:6]] == [1, 1, 1, -1, -1, -1]
    assert all(np.sign(line.get_ydata()).std() == 0 for line in two.lines[:6])
    lost, held = (line.get_ydata() for line in share.lines[:2])
    assert lost[-1] == pytest.approx(50, abs=2) and (held == 100).all()
