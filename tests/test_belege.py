"""Die Seite «Belege»: aus den gespeicherten Läufen, und jede Kernaussage hat eine Zeile."""

import pytest
from pages import NAMES

from anncourse.experiments.difference import compare
from anncourse.experiments.held import solved_nets
from anncourse.experiments.imdb import better
from anncourse.experiments.lengths import by_quarter
from anncourse.experiments.many import SOLVED, solved
from anncourse.experiments.stored import measured

SECTIONS = NAMES[2:8]  # 9.3.3 bis 9.3.8
# Was die Kernaussagen behaupten: Der erste ist genauer als der zweite, oder nicht zu unterscheiden.
BETTER = [
    ("gru-keras-?", "lstm-keras-?"),
    ("lstm-keras-?", "rnn-keras-?"),
    ("tfidf_bigrams", "lstm-keras-?"),
    ("tfidf_bigrams", "rnn-keras-?"),
]
BETTER += [(f"{cell}-keras-?", f"{cell}-pytorch-?") for cell in ("rnn", "lstm", "gru")]
BETTER += [(better("rnn", "pytorch_recurrent"), better("rnn", "pytorch_embedding"))]
BETTER += [("rnn-keras-?", better("rnn", "pytorch_recurrent"))]
BETTER += [("lstm-keras-?", better("lstm", "pytorch_embedding"))]
BETTER += [("lstm-keras-?", "rnn-wide-?"), ("lstm-keras-?", "lstm-mean-?")]
BETTER += [("rnn-similar-right-?", "rnn-fixed-right-?"), ("rnn-fixed-left-?", "rnn-fixed-right-?")]
EQUAL = [
    ("lstm-keras-?", better("lstm", "pytorch_recurrent")),
    *((f"lstm-{form}-?", "lstm-keras-?") for form in ("bidirectional", "two_layers", "maximum")),
    ("gru-keras-?", "tfidf_bigrams"),
    ("lstm-keras-?", "lstm-orthogonal-?"),
    ("gru-keras-?", "gru-orthogonal-?"),
    ("lstm-keras-?", "lstm-half_open-?"),
]


@pytest.fixture(scope="module")
def belege(load_tool):
    return load_tool("belege")


def test_the_page_is_made_from_the_stored_runs(belege):
    made = belege.page()
    assert belege.PAGE.read_text("utf-8") == made, "Neu erzeugen: python book/_tools/belege.py"


@pytest.mark.parametrize("name", SECTIONS)
def test_every_headline_has_a_row(belege, name):
    points = belege.headlines(belege.ROOT / "notebooks" / f"{name}.md")
    page = belege.PAGE.read_text("utf-8")
    assert len(points) >= 4
    assert all(f"| {point} |" in page for point in points)


def test_a_headline_without_evidence_is_an_error(belege, monkeypatch):
    evidence = dict(belege.EVIDENCE["03_imdb"])
    evidence.popitem()
    monkeypatch.setitem(belege.EVIDENCE, "03_imdb", evidence)
    with pytest.raises(ValueError, match="Kernaussage ohne Beleg"):
        belege.page()


def test_evidence_without_a_headline_is_an_error(belege, monkeypatch):
    evidence = belege.EVIDENCE["03_imdb"] | {"Was nirgends steht": list}
    monkeypatch.setitem(belege.EVIDENCE, "03_imdb", evidence)
    with pytest.raises(ValueError, match="Beleg ohne Kernaussage"):
        belege.page()


@pytest.mark.parametrize("one, other", BETTER)
def test_what_is_said_to_be_better_is_better_beyond_chance(one, other):
    assert compare(one, other).low > 0


@pytest.mark.parametrize("one, other", EQUAL)
def test_what_is_said_to_be_equal_cannot_be_told_apart(one, other):
    assert not compare(one, other).clear


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_no_growth_with_length_is_shown(cell):
    assert not by_quarter(f"{cell}-whole-?", "rnn-whole-?")[1].clear


def test_in_the_counter_example_the_gates_win_in_every_run():
    runs = measured("order-*")["test_accuracies"]
    assert min(*runs["order-lstm"], *runs["order-gru"], *runs["order-gru-opened"]) > 0.99
    assert max(runs["order-rnn"]) < 0.99


def test_who_halves_every_disturbance_holds_and_who_stays_orthogonal_does_not(belege):
    """Abschnitt 9.3.5."""
    runs = measured("held-rnn-*")
    for _, run in runs.iterrows():
        for right, factor, readable in zip(run["accuracies"], run["factor"], run["readable"]):
            if right >= SOLVED and factor < belege.SAFE:
                assert readable == 1
            if run["start"] == "kept":
                assert readable < 0.6 and 0.9 < factor < 1


def test_most_of_those_alternate(belege):
    """Abschnitt 9.3.5: Richtig und verkehrt wechseln in jedem Schritt."""
    nets = solved_nets()
    assert nets[nets["factor"] < belege.SAFE]["alternating"].mean() > 0.5


def solved_lag(row, width, ending=""):
    """Der grösste gelöste Abstand einer Zeile der Bit-Aufgabe; 0: keiner."""
    lags = measured("bit-*")["lags"][f"bit-{row}-{width:02}{ending}"]
    return max((int(lag) for lag, runs in lags.items() if solved(runs) >= 4), default=0)


def test_how_far_a_bit_is_kept():
    """Abschnitt 9.3.6: Was dort abzulesen ist."""
    rnn = ("pytorch", "orthogonal", "small", "kept")
    one_unit = max(solved_lag(f"rnn-{start}", 1) for start in rnn)
    assert min(solved_lag(f"{cell}-keras-3", 1) for cell in ("lstm", "gru")) > one_unit
    assert solved_lag("rnn-pytorch", 4) == solved_lag("rnn-orthogonal", 4) == 10
    assert 50 <= solved_lag("rnn-small", 4) <= solved_lag("lstm-keras-3", 4) < 200
    assert solved_lag("lstm-orthogonal-1", 4) > solved_lag("lstm-keras-1", 4)
    for row in ("rnn-small", "lstm-keras-1", "lstm-keras-3"):
        assert solved_lag(row, 4, "-silence") > solved_lag(row, 4)
    assert solved_lag("rnn-small", 32) == solved_lag("rnn-pytorch", 32) == 200
    assert solved_lag("rnn-pytorch", 32) > solved_lag("lstm-pytorch", 32)
    assert solved_lag("gru-pytorch", 4) > solved_lag("lstm-pytorch", 4)
    assert solved_lag("mingru-pytorch-3", 4) == solved_lag("lstm-keras-chrono", 4) == 200
    for width in (4, 32):
        opened = solved_lag("lstm-keras-3", width)
        assert opened >= 4 * max(
            solved_lag(f"lstm-{s}", width) for s in ("pytorch", "keras-0", "keras-1")
        )
        assert solved_lag("gru-keras-3", width) == 200
        assert solved_lag("rnn-kept", width) < min(
            solved_lag(f"rnn-{start}", width) for start in ("pytorch", "orthogonal", "small")
        )


def test_who_learns_the_latch():
    """Abschnitt 9.3.6: eine LSTM-Einheit immer, ein RNN mit einer Einheit nie, mit vieren schon."""
    runs = measured("latch-*")["accuracies"].map(lambda found: solved({"accuracies": found}))
    assert runs["latch-lstm-keras-1-01"] == runs["latch-lstm-keras-3-01"] == 10
    assert runs["latch-rnn-orthogonal-01"] == runs["latch-rnn-small-01"] == 0
    assert runs["latch-rnn-orthogonal-04"] == 10
    assert 0 < runs["latch-gru-keras-3-01"] < 10 and 0 < runs["latch-gru-keras-0-01"] < 10
    gates = measured("latch-lstm-*-01")["gates"].explode()
    assert all(run["f"]["mark"] < 0.35 < 0.8 < run["f"]["else"] for run in gates)


def left(name, inputs, when="before"):
    """Was bei k = 50 vom Gradienten bleibt, ein Wert je Zufallsstart."""
    return [entry[inputs][50] for entry in measured(f"gradient-{name}")[when].iloc[0]]


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_from_the_values_of_pytorch_every_gradient_vanishes(cell):
    for inputs in ("reviews", "noise", "bit"):
        assert max(left(f"{cell}-pytorch", inputs)) < 1e-8


def test_what_keeps_a_gradient_alive_and_what_training_brings_back():
    """Abschnitt 9.3.5."""
    assert min(left("rnn-keras", "reviews")) > 0.1 and max(left("rnn-keras", "noise")) < 1e-6
    assert max(left("gru-keras", "reviews")) < 1e-8
    for inputs in ("reviews", "noise"):
        for cell in ("lstm", "gru"):
            trained = left(f"{cell}-trained", inputs, "after")
            assert min(trained) > 100 * max(left(f"{cell}-keras", inputs))
    assert max(left("rnn-trained", "noise", "after")) < 1e-6
    gates = [entry["gate"] for entry in measured("gradient-lstm-trained")["after"].iloc[0]]
    assert max(gates) < 0.731  # σ(1), wo es begann
    entries = measured("gradient-gru-trained")["after"].iloc[0]
    assert all(entry["gate"] ** 50 < entry["reviews"][50] / 100 for entry in entries)


def test_a_gate_set_to_its_mean_costs_the_gru_more():
    """Abschnitt 9.3.8."""
    for cell, least, most in (("lstm", 0.02, 0.1), ("gru", 0.15, 0.3)):
        for entry in measured(f"gradient-{cell}-trained")["after"].iloc[0]:
            assert least < entry["accuracy"] - entry["set"]["mean"] < most
            assert entry["set"]["zero"] < 0.7
            assert cell == "lstm" or abs(entry["set"]["one"] - 0.5) < 0.01


def test_what_a_truncated_net_learns():
    """Abschnitt 9.3.5: sicher die erste Grenze, mit 20 Schritten auch den Abstand 50."""
    runs = measured("truncated-*")["accuracies"].map(lambda found: solved({"accuracies": found}))
    assert runs["truncated-10-010"] == runs["truncated-20-020"] == 5
    assert runs["truncated-20-050"] == 5 and 0 < runs["truncated-10-050"] < 5


def test_neutral_directions_are_neither_needed_nor_enough():
    """Abschnitt 9.3.5, Abstand 50 mit 32 Einheiten."""
    bits = measured("bit-rnn-*-32")["lags"]
    pytorch, kept = (bits[f"bit-rnn-{start}-32"]["50"] for start in ("pytorch", "kept"))
    assert max(pytorch["neutral"]["0"]) < 6 and solved(pytorch) == 5
    assert min(kept["neutral"]["end"]) == 32 and solved(kept) == 0


@pytest.mark.parametrize("start", ["orthogonal", "stretched"])
def test_a_clipped_gradient_reaches_further(start):
    """Abschnitt 9.3.5."""
    free = solved_lag(f"rnn-{start}", 32, "-unclipped")
    assert solved_lag(f"rnn-{start}", 32, "-sgd") >= 4 * max(free, 1)
