"""«Ausprobieren»: welche Wörter zählen, gegen NumPy und PyTorch, und wie man ein Wort wählt."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from torch import nn

from anncourse.cells import STACKED, STEPS
from anncourse.models import CLASSIFIERS
from anncourse.prediction import read, sigmoid
from anncourse.sample import generate
from anncourse.text import tokenise
from anncourse.weights import SHIPPED_FOLDER, load_weights

BOOK = Path(__file__).resolve().parents[2] / "_build" / "html"
TRY = "book/ausprobieren.html"
TURN = "I expected a dull and boring film, but the story is wonderful."
TEXTS = [TURN, "good", "My friend Hildegunn didn't like it", *generate(8, seed=97)[0]]
COUNT = """async ([cell, texts]) => {
  await anncourse.load(cell);
  return texts.map((text) => {
    const reading = anncourse.read(cell, text), again = anncourse.rereading(reading);
    return {
      logits: reading.logits,
      inputs: reading.inputs.map((x) => [...x]),
      p: Object.fromEntries(Object.entries(reading.p).map(([name, values]) => [name, [...values]])),
      without: reading.words.map((_, t) => again.without(t)),
      gradients: again.gradients().map((gradient) => [...gradient]),
    };
  });
}"""


@pytest.fixture
def reading(page, site):
    """Die Seite; was die Konsole rot meldet, fällt am Ende auf."""
    found = []
    page.on("console", lambda m: found.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.goto(site + TRY)
    yield page
    assert found == []


def type_review(page, text, cell="LSTM"):
    page.get_by_role("radio", name=cell).check()
    page.get_by_label("Ihre Kritik").fill(text)
    expect(page.locator(".live-current")).to_contain_text(cell)
    expect(page.locator(".live-words button")).to_have_count(len(tokenise(text)))


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def columns(page) -> dict[str, np.ndarray]:
    """Die erste Tabelle, fertig gerechnet, Spalte für Spalte."""
    if not page.locator(".live details[open]").count():
        page.get_by_text("Alle Werte als Tabellen").click()
    table = page.get_by_role("table", name="was jedes Wort zählt")
    expect(table).not_to_contain_text("…")
    heads = table.locator("thead th").all_inner_texts()[1:]
    cells = [number(text) for text in table.locator("td").all_inner_texts()]
    return dict(zip(heads, np.array(cells).reshape(-1, len(heads)).T, strict=True))


def last_logit(weights, words: list[str]) -> float:
    """Das Logit nach allen Wörtern, mit NumPy; ohne Wort der Achsenabschnitt."""
    arrays = weights.arrays
    b = float(arrays["output.bias"][0])
    if not words:
        return b
    return b + float(read(weights, " ".join(words)).states["h"][-1] @ arrays["output.weight"][0])


# --- Rechnen --------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", STEPS)
def test_leaving_a_word_out_is_reading_the_text_without_it(reading, cell):
    weights = load_weights(SHIPPED_FOLDER / cell)
    for text, found in zip(TEXTS, reading.evaluate(COUNT, [cell, TEXTS]), strict=True):
        words = tokenise(text)
        for t in range(len(words)):
            ours = found["without"][t]
            expected = last_logit(weights, words[:t] + words[t + 1 :])
            assert ours[-1] == pytest.approx(expected, abs=0.02), (text, words[t])
            assert ours[: t + 1] == found["logits"][: t + 1] and ours[t + 1] == ours[t]


@pytest.mark.parametrize("cell", STEPS)
def test_leaving_out_is_what_the_page_itself_reads(reading, cell):
    words = tokenise(TURN)
    shorter = [" ".join(words[:t] + words[t + 1 :]) for t in range(len(words))]
    whole, *others, again = reading.evaluate(COUNT, [cell, [TURN, *shorter, TURN]])
    for t, other in enumerate(others):
        expected = other["logits"][: t + 1] + other["logits"][t:]
        assert whole["without"][t] == pytest.approx(expected, abs=1e-12)
    assert whole == again


@pytest.mark.parametrize("cell", STEPS)
def test_gradients_are_those_of_pytorch(reading, cell):
    largest = 0.0
    for found in reading.evaluate(COUNT, [cell, TEXTS]):
        p = {name: np.array(values) for name, values in found["p"].items()}
        x = torch.tensor([found["inputs"]], dtype=torch.float64, requires_grad=True)  # (1, T, E)
        E, H = x.shape[2], len(p["w"])
        layer = CLASSIFIERS[cell].recurrent_layer(E, H, batch_first=True).double()
        stacked = {
            "weight_ih_l0": np.concatenate([p[f"W{g}"].reshape(H, E) for g in STACKED[cell]]),
            "weight_hh_l0": np.concatenate([p[f"U{g}"].reshape(H, H) for g in STACKED[cell]]),
            "bias_ih_l0": np.concatenate([p[f"b{g}"] for g in STACKED[cell]]),
        }
        b_hh = np.zeros_like(stacked["bias_ih_l0"])
        if cell == "gru":
            b_hh[2 * H :] = p["b_h2"]
        stacked["bias_hh_l0"] = b_hh
        layer.load_state_dict({name: torch.from_numpy(value) for name, value in stacked.items()})
        output = nn.functional.linear(layer(x)[0][0, -1], torch.from_numpy(p["w"])[None])
        output.backward()
        difference = np.abs(np.array(found["gradients"]) - x.grad[0].numpy()).max()
        largest = max(largest, float(difference))
    print(f"\n{cell}: grösste Abweichung {largest:.1e}")
    assert largest < 1e-6


# --- Balken und Tabelle ---------------------------------------------------------------------


@pytest.mark.parametrize("cell", STEPS)
def test_table_holds_the_three_measures(reading, cell):
    type_review(reading, TURN, cell.upper())
    shown = columns(reading)
    [found] = reading.evaluate(COUNT, [cell, [TURN]])
    logits, x, g = (np.array(found[name]) for name in ("logits", "inputs", "gradients"))
    expected = {
        "Wirkung im Schritt": np.diff(logits),
        "Weglassen": logits[-1] - np.array(found["without"])[:, -1],
        "Gradient": (x * g).sum(axis=1),
        "Norm des Gradienten": np.linalg.norm(g, axis=1),
    }
    for name, values in expected.items():
        assert np.allclose(shown[name], values, atol=0.0051), name
    assert shown["Wirkung im Schritt"][-1] == shown["Weglassen"][-1]  # beim letzten Wort dasselbe


def test_bars_show_the_table_on_one_scale_above_the_words_of_the_curve(reading):
    type_review(reading, TURN)
    shown = columns(reading)
    names = ["Wirkung im Schritt", "Weglassen", "Gradient"]
    limit = max(np.abs(shown[name]).max() for name in names)
    points = reading.locator(".live-figure circle")
    places = [float(points.nth(n).get_attribute("cx")) for n in range(len(shown["Gradient"]))]
    for name in names:
        picture = reading.get_by_role("img", name=f"Balken {name}")
        middle = float(picture.locator("line").get_attribute("y1"))
        drawn = dict.fromkeys(places, 0.0)
        for path in picture.locator("path").all():
            for x, y in re.findall(r"M([\d.]+) \d+h16V([\d.]+)", path.get_attribute("d")):
                drawn[float(x) + 8] = (middle - float(y)) / (middle - 6) * limit
        assert np.allclose(list(drawn.values()), shown[name], atol=0.02), name


def test_questions_hold_where_the_three_measures_part(reading):
    reading.get_by_role("button", name="Dreimal dasselbe").click()
    expect(reading.locator(".live-words button")).to_have_count(5)
    shown = columns(reading)
    step, left, gradient = (
        np.abs(shown[name][1:4]) for name in ("Wirkung im Schritt", "Weglassen", "Gradient")
    )
    assert step.argmax() == 0 and gradient.argmax() == 2
    assert np.ptp(left) == 0 and left[0] < step.min()
    reading.get_by_role("radio", name="GRU").check()
    reading.get_by_role("button", name="Verneinung").click()
    expect(reading.locator(".live-words button")).to_have_count(17)
    shown = columns(reading)
    apart = np.minimum(np.abs(shown["Wirkung im Schritt"]), np.abs(shown["Weglassen"]))
    apart[shown["Wirkung im Schritt"] * shown["Weglassen"] > 0] = 0
    words = reading.locator(".live-words button").all_inner_texts()
    assert words[apart.argmax()].split()[0] == "not" and apart.max() > 0.5
    assert np.sort(apart)[-2] < 0.1


@pytest.mark.parametrize("measure", ["Wirkung im Schritt", "Weglassen", "Gradient"])
def test_legend_says_what_each_measure_can_and_cannot_tell(reading, measure):
    type_review(reading, TURN)
    parts = reading.locator(".live-limits").locator(f"dt:text-is('{measure}') ~ dd")
    assert parts.nth(0).inner_text().startswith("sagt: ")
    assert parts.nth(1).inner_text().startswith("sagt nicht: ")


def test_bars_follow_the_text_and_the_net(reading):
    type_review(reading, TURN)
    before = columns(reading)["Weglassen"]
    type_review(reading, "A wonderful film")
    assert len(columns(reading)["Weglassen"]) == 3
    type_review(reading, TURN)
    assert np.array_equal(columns(reading)["Weglassen"], before)
    type_review(reading, TURN, "GRU")
    assert not np.array_equal(columns(reading)["Weglassen"], before)


def test_500_words_are_computed_in_slices(reading):
    field, figure = reading.get_by_label("Ihre Kritik"), reading.locator(".live-figure")
    type_review(reading, "film", "RNN")
    words = ["a dull film", "a fine story", "the end of it", "not my kind"] * 40
    text = " ".join(words).split()[:500]
    pending = """(text) => {
      const field = document.querySelector("#live-text");
      field.value = text;
      field.dispatchEvent(new Event("input"));
      return document.querySelector(".live-figure").textContent.includes("wird gerechnet …");
    }"""
    assert reading.evaluate(pending, " ".join(text))  # da ist die Seite schon wieder frei
    field.fill("A short film")  # unterbricht
    assert len(columns(reading)["Weglassen"]) == 3
    assert reading.evaluate(pending, " ".join(text))
    expect(figure).not_to_contain_text("wird gerechnet", timeout=120_000)
    shown = columns(reading)["Weglassen"]
    weights = load_weights(SHIPPED_FOLDER / "rnn")
    for t in (0, 250, len(text) - 1):
        expected = last_logit(weights, text) - last_logit(weights, text[:t] + text[t + 1 :])
        assert shown[t] == pytest.approx(expected, abs=0.02)


# --- Ein Wort wählen ------------------------------------------------------------------------


def chosen(page) -> list[str]:
    return [text.split()[0] for text in page.locator(".live-words .live-chosen").all_inner_texts()]


def second_curve(page) -> np.ndarray:
    """Die Punkte der gestrichelten Kurve: Nummer des Worts, Wahrscheinlichkeit."""
    points = page.locator(".live-without polyline").get_attribute("points")
    x, y = np.array([pair.split(",") for pair in points.split(" ")]).astype(float).T
    return np.stack([x / 26 - 0.5, 1 - (y - 8) / 134])


def assert_chosen(page, t, cell="lstm", text=TURN):
    """Liste, Satz, Spalte und Kurve zeigen dasselbe Wort."""
    words = tokenise(text)
    assert chosen(page) == [words[t]]
    assert f"«{words[t]}»" in page.locator(".live-picked").inner_text()
    place = page.locator(".live-figure circle").nth(t).bounding_box()
    band = page.locator(".live-band").bounding_box()
    assert band["x"] < place["x"] and place["x"] + place["width"] < band["x"] + band["width"]
    [found] = page.evaluate(COUNT, [cell, [text]])
    at, p = second_curve(page)
    expected = sigmoid(np.array(found["without"][t]))  # das erste Logit steht vor dem ersten Wort
    assert at.tolist() == list(range(max(0, t - 1), len(words)))
    assert np.allclose(p, expected[max(1, t) :], atol=0.001)


def assert_none_chosen(page):
    assert chosen(page) == []
    assert page.locator(".live-without").count() == 0
    assert page.locator(".live-band").is_hidden()
    assert "Wählen Sie ein Wort" in page.locator(".live-picked").inner_text()


def test_pointer_on_a_word_shows_the_curve_without_it(reading):
    type_review(reading, TURN)
    assert_none_chosen(reading)
    for t in (3, 0, 11):
        reading.locator(".live-words button").nth(t).hover()
        assert_chosen(reading, t)
    reading.mouse.move(5, 5)
    assert_none_chosen(reading)


def test_pointer_on_the_picture_chooses_the_word_of_the_column(reading):
    type_review(reading, TURN)
    for picture, t in (("Kurve der", 5), ("Balken Weglassen", 2), ("Balken Gradient", 11)):
        image = reading.get_by_role("img", name=picture)
        image.hover(position={"x": 26 * t + 13, "y": 20})
        assert_chosen(reading, t)
    image.click(position={"x": 26 * 4 + 13, "y": 20})  # bleibt gewählt
    reading.mouse.move(5, 5)
    assert_chosen(reading, 4)


def test_scrolling_under_a_resting_pointer_chooses_nothing(reading):
    type_review(reading, TURN)
    word = reading.locator(".live-words button").nth(3)
    word.hover()
    assert_chosen(reading, 3)
    place = word.evaluate("(node) => node.getBoundingClientRect().y")
    reading.mouse.move(word.bounding_box()["x"] + 10, place - 140)
    reading.mouse.wheel(0, 150)
    reading.wait_for_function(
        "() => document.querySelector('.live-words button:hover')", timeout=10_000
    )
    assert_none_chosen(reading)


def test_keyboard_walks_from_word_to_word(reading):
    type_review(reading, TURN)
    reading.get_by_label("Ihre Kritik").focus()
    words = reading.locator(".live-words button")
    for _ in range(20):
        reading.keyboard.press("Tab")
        if words.first.evaluate("(node) => node === document.activeElement"):
            break
    assert_chosen(reading, 0)
    for key, t in (("ArrowRight", 1), ("ArrowLeft", 0), ("ArrowLeft", 0), ("End", 11), ("Home", 0)):
        reading.keyboard.press(key)
        assert_chosen(reading, t)
    reading.keyboard.press("ArrowRight")
    reading.keyboard.press("Tab")  # alle Wörter sind ein einziger Halt
    assert_none_chosen(reading)
    reading.keyboard.press("Shift+Tab")
    assert_chosen(reading, 1)


def test_escape_undoes_the_choice(reading):
    type_review(reading, TURN)
    word = reading.locator(".live-words button").nth(3)
    word.focus()
    reading.keyboard.press("Escape")
    assert_none_chosen(reading)
    reading.keyboard.press("ArrowRight")
    assert_chosen(reading, 4)
    reading.get_by_label("Ihre Kritik").focus()
    image = reading.get_by_role("img", name="Kurve der")
    image.hover(position={"x": 26 * 3 + 5, "y": 20})
    reading.keyboard.press("Escape")
    image.hover(position={"x": 26 * 3 + 15, "y": 20})  # dieselbe Spalte
    assert_none_chosen(reading)
    image.hover(position={"x": 26 * 2 + 15, "y": 20})
    assert_chosen(reading, 2)


def test_a_tap_chooses_and_the_sentence_is_spoken(site, open_page):
    page = open_page(viewport={"width": 375, "height": 700}, has_touch=True)
    page.goto(site + TRY)
    type_review(page, TURN)
    page.locator(".live-words button").nth(3).tap()
    assert_chosen(page, 3)
    page.get_by_role("img", name="Balken Weglassen").tap(position={"x": 26 * 5 + 13, "y": 20})
    assert_chosen(page, 5)
    sentence = page.locator(".live-picked").inner_text()
    expect(page.locator("#live-reading [aria-live]")).to_have_text(sentence)


def test_sentence_names_both_verdicts_and_the_three_measures(reading):
    text = "I liked it but it is boring"
    type_review(reading, text)
    shown = columns(reading)
    [found] = reading.evaluate(COUNT, ["lstm", [text]])
    p = sigmoid(found["logits"][-1])
    for t, word in enumerate(tokenise(text)):
        reading.locator(".live-words button").nth(t).focus()
        sentence = reading.locator(".live-picked").inner_text()
        others = sigmoid(found["without"][t][-1])
        verdicts = ["positiv" if one > 0.5 else "negativ" for one in (others, p)]
        for part in (f"«{word}»", f"{others:.2f}", f"{p:.2f}", *verdicts):
            assert part in sentence
        assert ("bliebe" in sentence) == (verdicts[0] == verdicts[1])
        numbers = [number(n) for n in re.findall(r"[−+]?\d\.\d\d(?=[,.]| *$)", sentence)][-4:]
        assert numbers == [values[t] for values in list(shown.values())[2:]]


def test_a_word_out_of_sight_moves_its_column_into_sight(reading):
    reading.set_viewport_size({"width": 375, "height": 700})
    text = " ".join(["a dull film"] * 20)
    type_review(reading, text)
    scroller = reading.get_by_role("region", name="Kurve und Balken")
    cells = reading.get_by_role("region", name="Heatmaps")
    for t in (0, 59, 30):
        reading.locator(".live-words button").nth(t).focus()
        band, box = reading.locator(".live-band").bounding_box(), scroller.bounding_box()
        assert box["x"] + 36 <= band["x"] + 1
        assert band["x"] + band["width"] <= box["x"] + box["width"] + 1
        left = scroller.evaluate("(box) => box.scrollLeft")
        expect(cells).to_have_js_property("scrollLeft", left)


def test_a_single_word_leaves_the_intercept(reading):
    type_review(reading, "good")
    reading.locator(".live-words button").focus()
    assert_chosen(reading, 0, text="good")
    b = float(load_weights().arrays["output.bias"][0])
    assert f"{sigmoid(b):.2f}" in reading.locator(".live-picked").inner_text()


def test_an_unknown_word_can_be_left_out(reading):
    text = "Hildegunn made a dull film"
    type_review(reading, text)
    reading.locator(".live-words .live-unknown").focus()
    assert_chosen(reading, 0, text=text)


def test_typing_ends_the_choice_and_empty_text_hides_everything(reading):
    type_review(reading, TURN)
    reading.locator(".live-words button").nth(3).hover()
    reading.get_by_label("Ihre Kritik").fill("A dull film")
    assert_none_chosen(reading)
    for text in ("", "…", "zzqx"):
        reading.get_by_label("Ihre Kritik").fill(text)
        assert reading.locator(".live-words").is_hidden()
        assert reading.locator(".live-figure").is_hidden()
    reading.keyboard.press("Escape")
    type_review(reading, TURN)
    reading.locator(".live-words button").nth(3).focus()
    assert_chosen(reading, 3)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_while_a_word_is_chosen(page, site, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(site + TRY)
    type_review(page, "an unskippable and touching film")
    columns(page)
    page.locator(".live-words button").nth(3).focus()
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()


def test_it_works_from_a_file(page):
    page.goto((BOOK / TRY).as_uri())
    type_review(page, TURN)
    page.locator(".live-words button").nth(3).focus()
    assert_chosen(page, 3)
