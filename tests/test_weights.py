"""Gewichte als safetensors: hin und zurück, und jede fremde Datei wird abgewiesen."""

import json
import pickle
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from anncourse.cells import STEPS, sigmoid, unpack
from anncourse.config import CELLS, Config
from anncourse.errors import InputError
from anncourse.experiments.units import without_units
from anncourse.models import build_model, model_from_weights
from anncourse.prediction import read
from anncourse.text import Vocabulary
from anncourse.weights import LAYER, WEIGHTS_FILE, Weights, expected_shapes, load_weights

CONFIG = Config(vocabulary_size=20, embedding_dim=3, hidden_size=4)
VOCABULARY = Vocabulary.build([["good", "bad", "don't", "café", "<odd>", "a\nb"]], 20)


def saved(folder, cell: str = "lstm", config: Config = CONFIG):
    torch.manual_seed(0)
    model = build_model(cell, config)
    (folder / WEIGHTS_FILE).write_bytes(weights_of(model).to_bytes())
    return model


def weights_of(model, **changed) -> Weights:
    """Die Zahlen eines Netzes; ``changed`` ersetzt einzelne Felder."""
    arrays = {name: value.numpy() for name, value in model.state_dict().items()}
    return Weights(model.cell, arrays | changed, VOCABULARY, model.config)


# --- Hin und zurück -------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
def test_round_trip(cell, tmp_path):
    model = saved(tmp_path, cell)
    for where in (tmp_path, str(tmp_path), tmp_path / WEIGHTS_FILE):
        loaded = load_weights(where)
        assert (loaded.cell, loaded.vocabulary, loaded.config) == (cell, VOCABULARY, CONFIG)
        assert set(loaded.arrays) == set(model.state_dict())
        for name, tensor in model.state_dict().items():
            assert np.array_equal(loaded.arrays[name], tensor.numpy())
    assert [file.name for file in tmp_path.iterdir()] == [WEIGHTS_FILE]


@pytest.mark.parametrize("cell", CELLS)
def test_expected_shapes_are_those_of_the_model(cell):
    shapes = {name: tuple(t.shape) for name, t in build_model(cell, CONFIG).state_dict().items()}
    assert expected_shapes(cell, CONFIG) == shapes


def test_model_from_weights_answers_like_the_saved_model(tmp_path):
    model = saved(tmp_path, "gru").eval()
    again = model_from_weights(load_weights(tmp_path))
    assert type(again) is type(model) and not again.training
    ids = torch.randint(2, 20, (3, 7))
    assert torch.equal(again(ids), model(ids))


def test_an_array_in_another_memory_order_stays_the_same(tmp_path):
    turned = np.arange(60, dtype=np.float32).reshape(3, 20).T  # (20, 3)
    weights = weights_of(build_model("lstm", CONFIG), **{"embedding.weight": turned})
    (tmp_path / WEIGHTS_FILE).write_bytes(weights.to_bytes())
    assert np.array_equal(load_weights(tmp_path).arrays["embedding.weight"], turned)


@pytest.mark.parametrize("cell", CELLS)
def test_layer_is_the_recurrent_one_alone(cell, tmp_path):
    model = saved(tmp_path, cell)
    layer = load_weights(tmp_path).layer()
    assert set(layer) == {name for name, _ in model.recurrent.named_parameters()}
    for name, parameter in model.recurrent.named_parameters():
        assert np.array_equal(layer[name], parameter.detach().numpy())


def test_numpy_numbers_in_the_configuration(tmp_path):
    config = replace(CONFIG, maxlen=np.int64(50), learning_rate=np.float32(0.5))
    saved(tmp_path, config=config)
    loaded = load_weights(tmp_path).config
    assert loaded == config and type(loaded.maxlen) is int


def test_saving_again_replaces_the_file(tmp_path):
    saved(tmp_path, "rnn")
    saved(tmp_path, "gru")
    assert load_weights(tmp_path).cell == "gru"
    assert len(list(tmp_path.iterdir())) == 1


def test_shipped_weights():
    shipped = load_weights()
    assert shipped.cell == "lstm" and len(shipped.vocabulary) == 10_000
    assert sum(array.size for array in shipped.arrays.values()) == 328_481
    assert read(shipped, "A wonderful film, one of the best I have ever seen.").label == "positiv"
    assert read(shipped, "A boring film, one of the worst I have ever seen.").label == "negativ"


# --- Einheiten abschalten -------------------------------------------------------------------


def probability_without(weights, units, text):
    """Dasselbe von Hand: nach jedem Schritt ihren Zustand auf null setzen."""
    p = unpack(weights.cell, weights.layer())
    state = {"h": np.zeros(CONFIG.hidden_size), "c": np.zeros(CONFIG.hidden_size)}
    for word in weights.vocabulary.encode_review(text, CONFIG.maxlen):
        state = STEPS[weights.cell](weights.arrays["embedding.weight"][word], state, p)
        state["h"][units] = 0
    return sigmoid(state["h"] @ weights.arrays["output.weight"][0] + weights.arrays["output.bias"])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("units", [[], [2], [3, 0], [0, 1, 2, 3]])
def test_silent_units_count_as_zero_at_every_step(cell, units, tmp_path):
    saved(tmp_path, cell, replace(CONFIG, init="pytorch"))
    weights = load_weights(tmp_path)
    before = {name: array.copy() for name, array in weights.arrays.items()}
    text = "good bad don't café good good bad"
    heard, silent = read(weights, text), read(without_units(weights, units), text)
    assert silent.probability == pytest.approx(probability_without(weights, units, text)[0])
    assert (silent.probability == heard.probability) == (not units)
    assert all(np.array_equal(weights.arrays[name], before[name]) for name in before)


# --- Schreiben geht nicht -------------------------------------------------------------------


def test_a_word_with_a_blank_would_come_back_as_two():
    vocabulary = Vocabulary(("<PAD>", "<UNK>", "new york"))
    weights = replace(weights_of(build_model("lstm", CONFIG)), vocabulary=vocabulary)
    with pytest.raises(InputError, match="«new york» enthält ein Leerzeichen. Erwartet"):
        weights.to_bytes()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", expected_shapes("gru", CONFIG))
def test_a_single_number_that_is_not_finite_is_not_stored(name, value):
    weights = weights_of(build_model("gru", CONFIG))
    array = weights.arrays[name].copy()
    array.flat[-1] = value
    weights = replace(weights, arrays=weights.arrays | {name: array})
    with pytest.raises(InputError, match=f"«{name}» .* nicht endlich.*learning_rate"):
        weights.to_bytes()


# --- Lesen geht nicht -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "fehlt"])
def test_missing_file(name, tmp_path):
    with pytest.raises(InputError, match="gibt es nicht. Erwartet .*anncourse train"):
        load_weights(tmp_path / name)


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "s3://bucket/run"])
def test_a_name_that_is_no_place_on_this_machine(name):
    with pytest.raises(InputError, match="gibt es nicht|kein Ort auf diesem Rechner"):
        load_weights(name)


CONTENTS = {
    "leer": b"",
    "text": b"das ist kein Netz\n" * 20,
    "json": json.dumps({"a": 1}).encode(),
    "pickle": pickle.dumps({"a": [1, 2, 3]}),
    "zip": b"PK\x03\x04" + bytes(500),
    "nullen": bytes(500),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_not_a_safetensors_file(kind, tmp_path):
    (tmp_path / WEIGHTS_FILE).write_bytes(CONTENTS[kind])
    with pytest.raises(InputError, match="lässt sich nicht als safetensors.*Trainieren Sie"):
        load_weights(tmp_path)


@pytest.mark.parametrize("keep", [4, 100, -1])
def test_truncated_file(keep, tmp_path):
    saved(tmp_path)
    file = tmp_path / WEIGHTS_FILE
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(InputError, match="lässt sich nicht als safetensors.*Trainieren Sie"):
        load_weights(tmp_path)


def test_a_folder_in_the_place_of_the_file(tmp_path):
    (tmp_path / WEIGHTS_FILE).mkdir()
    with pytest.raises(InputError, match="lässt sich nicht als safetensors"):
        load_weights(tmp_path)


def foreign(folder, tensors=None, **changed) -> None:
    """Eine gültige safetensors-Datei, deren Angaben geändert sind (None: fehlen)."""
    metadata = {
        "cell": "lstm",
        "vocabulary": " ".join(VOCABULARY.words),
        "config": json.dumps(asdict(CONFIG)),
    } | changed
    metadata = {name: value for name, value in metadata.items() if value is not None}
    tensors = tensors or build_model("lstm", CONFIG).state_dict()
    save_file(tensors, folder / WEIGHTS_FILE, metadata)


def test_helper_writes_what_load_weights_reads(tmp_path):
    foreign(tmp_path)
    assert load_weights(tmp_path).config == CONFIG


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float8_e4m3fn, torch.int64])
def test_file_of_another_program(dtype, tmp_path):
    tensors = {"model.layers.0.weight": torch.zeros(4, 4).to(dtype)}
    save_file(tensors, tmp_path / WEIGHTS_FILE, {"format": "pt"})
    with pytest.raises(InputError, match="nicht von anncourse geschrieben.*Erwartet.*train"):
        load_weights(tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        {"cell": None},
        {"vocabulary": None},
        {"config": None},
        {"cell": "transformer"},
        {"config": "{"},
        {"config": "null"},
        {"config": "[1, 2]"},
        {"config": '{"layers": 12}'},
        {"config": json.dumps(asdict(CONFIG) | {"hidden_size": None})},
        {"config": json.dumps(asdict(CONFIG) | {"hidden_size": 10**9})},
        {"config": json.dumps(asdict(CONFIG) | {"maxlen": -5})},
        {"config": json.dumps(asdict(CONFIG) | {"learning_rate": float("inf")})},
    ],
    ids=str,
)
def test_foreign_metadata(changed, tmp_path):
    foreign(tmp_path, **changed)
    with pytest.raises(InputError, match="nicht von anncourse geschrieben.*Erwartet.*train"):
        load_weights(tmp_path)


@pytest.mark.parametrize(
    "tensors",
    [
        build_model("gru", CONFIG).state_dict(),
        build_model("lstm", replace(CONFIG, hidden_size=5)).state_dict(),
        build_model("lstm", CONFIG).state_dict() | {"extra.weight": torch.zeros(2)},
        {"output.bias": torch.zeros(1)},
        {n: t.bfloat16() for n, t in build_model("lstm", CONFIG).state_dict().items()},
    ],
    ids=["gru", "size", "extra", "missing", "bfloat16"],
)
def test_weights_of_another_architecture(tensors, tmp_path):
    foreign(tmp_path, tensors)
    with pytest.raises(InputError, match="passen nicht zur Zelle «lstm».*Wählen Sie"):
        load_weights(tmp_path)


@pytest.mark.parametrize(
    "vocabulary", ["", "good bad", "<UNK> <PAD> good", " ".join(["<PAD>", "<UNK>", *"abc" * 10])]
)
def test_vocabulary_that_does_not_fit_the_embedding(vocabulary, tmp_path):
    foreign(tmp_path, vocabulary=vocabulary)
    with pytest.raises(InputError, match="Wortschatz .* passt nicht.*Erwartet"):
        load_weights(tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["embedding.weight", f"{LAYER}bias_ih_l0", "output.bias"])
def test_a_file_with_a_number_that_is_not_finite(name, value, tmp_path):
    tensors = build_model("lstm", CONFIG).state_dict()
    tensors[name].view(-1)[-1] = value
    foreign(tmp_path, tensors)
    with pytest.raises(InputError, match=f"«{name}» .* nicht endlich.*Trainieren Sie neu"):
        load_weights(tmp_path)
