"""Die Gewichte als Skripte: was gerundet wird, wie es gepackt ist, was darin steht."""

import base64
import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from anncourse.cells import STEPS
from anncourse.prediction import read
from anncourse.sample import generate
from anncourse.teaching import palette
from anncourse.weights import SHIPPED_FOLDER, Weights, load_weights

ROOT = Path(__file__).resolve().parents[1]
GENERATED = {"palette", "runs"}  # entstehen beim Bauen, wie die Netze


@pytest.fixture(scope="module")
def live():
    """book/_ext/live.py"""
    spec = spec_from_file_location("live_extension", ROOT / "book" / "_ext" / "live.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def content(script: str) -> dict:
    head, _, rest = script.partition(" = ")
    net = json.loads(rest.removesuffix(";\n"))
    assert head == f'anncourse.nets["{net["cell"]}"]'
    return net


@pytest.mark.parametrize("bits", [8, 10, 16])
def test_rounding_misses_by_half_a_step_at_most(live, bits):
    rng = np.random.default_rng(93)
    matrix = rng.normal(size=(300, 32)) * rng.uniform(0.1, 3, size=(300, 1))
    matrix[0] = 0
    numbers, scales, unit = live.quantise(matrix, bits)
    steps = scales[:, None] * unit  # (V, 1)
    assert np.all(np.abs(numbers * steps - matrix) <= steps / 2 + 1e-12)
    assert np.abs(numbers).max() == 2 ** (bits - 1) - 1
    assert not numbers[0].any() and scales[0] == 0
    # feiner als ein Massstab für alle: jede Zeile nützt ihren Bereich fast aus
    assert np.abs(numbers[1:]).max(axis=1).min() > 0.7 * 2 ** (bits - 1)


@pytest.mark.parametrize("bits", [7, 8, 10, 16])
def test_packed_numbers_lie_gapless_highest_bit_first(live, bits):
    half = 2 ** (bits - 1)
    numbers = np.random.default_rng(93).integers(-half, half, size=(5, 8))
    packed = live.pack(numbers, bits)
    digits = "".join(f"{byte:08b}" for byte in packed)
    found = [int(digits[n : n + bits], 2) - half for n in range(0, numbers.size * bits, bits)]
    assert found == numbers.ravel().tolist()
    assert len(packed) == -(-numbers.size * bits // 8)


@pytest.mark.parametrize("cell", STEPS)
def test_script_is_deterministic_and_holds_the_net(live, cell):
    weights = load_weights(SHIPPED_FOLDER / cell)
    script = live.weight_script(weights, live.BITS[cell])
    assert script == live.weight_script(weights, live.BITS[cell])
    assert script.isascii()
    net = content(script)
    assert net["words"].split(" ") == list(weights.vocabulary.words)
    assert net["maxlen"] == weights.config.maxlen
    w = np.frombuffer(base64.b64decode(net["parameters"]["w"]), "<f4")
    assert np.array_equal(w, weights.arrays["output.weight"][0])


@pytest.mark.parametrize("cell", STEPS)
def test_rounded_net_reads_like_the_trained_one(live, cell):
    weights = load_weights(SHIPPED_FOLDER / cell)
    numbers, scales, unit = live.quantise(weights.arrays["embedding.weight"], live.BITS[cell])
    arrays = weights.arrays | {"embedding.weight": numbers * scales[:, None] * unit}
    rounded = Weights(cell, arrays, weights.vocabulary, weights.config)
    differences = [
        np.abs(read(weights, text).probabilities - read(rounded, text).probabilities).max()
        for text in generate(50, seed=96)[0]
    ]
    assert max(differences) < 0.01


def test_every_script_of_a_page_exists(live):
    for page, names in live.SCRIPTS.items():
        assert (ROOT / f"{page}.md").exists()
        for name in names:
            there = (ROOT / "book" / "_extra" / "live" / f"{name}.js").exists()
            assert there != (name in GENERATED), name


def test_builder_writes_nets_and_palette(live, tmp_path):
    builder = SimpleNamespace(name="html")
    live.write_weights(SimpleNamespace(builder=builder, outdir=tmp_path))
    written = {path.stem for path in (tmp_path / "live").iterdir()}
    assert written == {"palette", *STEPS}
    assert (tmp_path / "live" / "palette.js").read_text("ascii") == palette.script()


def test_pdf_needs_no_script(live, tmp_path):
    live.write_weights(SimpleNamespace(builder=SimpleNamespace(name="latex"), outdir=tmp_path))
    assert not list(tmp_path.iterdir())


def test_palette_script_holds_the_colours_of_the_pictures():
    lines = dict(line.rstrip(";").split(" = ", 1) for line in palette.script().splitlines())
    assert {name: json.loads(value) for name, value in lines.items()} == {
        "anncourse.COLOURS": palette.COLOURS,
        "anncourse.TINTS": palette.TINTS,
        "anncourse.CELL_COLOURS": palette.CELL_COLOURS,
    }
