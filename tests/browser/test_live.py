"""Die lebendigen Seiten im Browser, gegen NumPy und PyTorch."""

import re
import sys
import unicodedata
from html.entities import html5
from pathlib import Path

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from anncourse.cells import STEPS, unroll
from anncourse.models import model_from_weights
from anncourse.prediction import read
from anncourse.text import tokenise
from anncourse.weights import SHIPPED_FOLDER, load_weights

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "_build" / "html"
TRY, STEPWISE = "book/ausprobieren.html", "book/schritte.html"
TRICKY = [
    "",
    " ",
    "…",
    "Great.The film",
    "DIDN'T don’t rock'n'roll 'quoted' it''s '",
    "snake_case _x_",
    "<br />a<BR />b<br/>c<br>d</br>e<br clear='all'>f< br / >g<broken>h<br",
    "don´t don`t donʼt don\x92t ``x'' &amp;#39; don&#39;t caf&eacute; &Eacute; &notit; &AMP;",
    "&#0; &#1; a&#10;b a&#13;b a&#x80;b &#xD800; &#xFFFF; &#x10FFFF;",
    "&#9999999; &#99999999; &unheard; &A;",
    "&lt;br&gt; &lt;/textarea&gt; </textarea> <!-- &copy; -->",
    "&nbsp;x&shy;y &fjlig;ord &NotEqualTilde;",
    "cafe\u0301 café CAFÉ",
    "İstanbul ẞ ΣΑΣ",
    "naïve 1½ ² 10/10 Ⅷ ٣",
    "日本 映画",
    "e\u0301\u0302 a\u0308",
    "🎬film👍 ©2001",
    "ﬁne ǅ",
    "tab\tline\nbreak\u00a0nbsp\u2028end",
]


@pytest.fixture(scope="module")
def live():
    """benchmarks/live.py"""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        import live

        yield live


@pytest.fixture
def complaints(page):
    """Was die Konsole der Seite rot meldet; am Ende nichts."""
    found = []
    page.on("console", lambda m: found.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    # Wer weiterblättert, bricht ab, was noch lädt; das ist kein Fehler.
    page.on("requestfailed", lambda r: "ABORTED" in r.failure or found.append(r.url))
    yield found
    assert found == []


@pytest.fixture
def reading(page, site, complaints):
    page.goto(site + TRY)
    return page


@pytest.fixture
def stepwise(page, site, complaints):
    page.goto(site + STEPWISE)
    return page


def verdict(page) -> str:
    return page.locator(".live-current").inner_text()


# --- Rechnen --------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", STEPS)
def test_every_probability_is_within_a_hundredth_of_numpy_on_200_reviews(reading, live, cell):
    texts = live.reviews(200)
    lengths = [len(tokenise(text)) for text in texts]
    assert min(lengths) == 1 and max(lengths) > 500
    difference = live.largest_difference(reading, cell, texts)
    print(f"\n{cell}: grösste Abweichung {difference:.5f}")
    assert difference < 0.01


@pytest.mark.parametrize("cell", STEPS)
@torch.no_grad()
def test_last_probability_is_within_a_hundredth_of_pytorch(reading, live, cell):
    weights = load_weights(SHIPPED_FOLDER / cell)
    model, texts = model_from_weights(weights), live.reviews(200)
    shown = reading.evaluate(live.READ, [cell, texts])
    for text, probabilities in zip(texts, shown):
        ids = weights.vocabulary.encode_review(text, weights.config.maxlen)
        expected = model(torch.from_numpy(ids).long()[None]).sigmoid().item()
        assert probabilities[-1] == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("cell", STEPS)
def test_one_step_is_exactly_that_of_cells(stepwise, cell):
    rng = np.random.default_rng(93)
    gates = {"rnn": [""], "lstm": ["_i", "_f", "_o", "_c"], "gru": ["_r", "_z", "_h"]}[cell]
    p = {f"W{g}": rng.normal(size=(3, 2)) for g in gates}
    p |= {f"U{g}": rng.normal(size=(3, 3)) for g in gates}
    p |= {f"b{g}": rng.normal(size=3) for g in [*gates, "_h2"]}
    x, h, c = rng.normal(size=2), rng.normal(size=3), rng.normal(size=3)
    flat = {name: value.ravel().tolist() for name, value in p.items()}
    shown = stepwise.evaluate(
        """([cell, x, h, c, flat]) => {
          const p = {};
          for (const name in flat) p[name] = Float64Array.from(flat[name]);
          const state = { h: Float64Array.from(h), c: Float64Array.from(c) };
          const next = anncourse.steps[cell](x, state, p);
          return Object.fromEntries(Object.entries(next).map(([name, v]) => [name, [...v]]));
        }""",
        [cell, x.tolist(), h.tolist(), c.tolist(), flat],
    )
    expected = STEPS[cell](x, {"h": h, "c": c}, p)
    assert shown.keys() == expected.keys()
    for name, values in expected.items():
        assert np.allclose(shown[name], values, atol=1e-12), name


def test_tokeniser_equals_python_on_tricky_strings(reading, live):
    texts = TRICKY + live.reviews(200)
    shown = reading.evaluate("texts => texts.map(anncourse.tokenise)", texts)
    assert shown == [tokenise(text) for text in texts]


def test_tokeniser_equals_python_on_all_real_training_reviews(reading, real_reviews):
    texts = real_reviews.train_texts
    for start in range(0, len(texts), 2500):
        part = texts[start : start + 2500]
        shown = reading.evaluate("texts => texts.map((t) => anncourse.tokenise(t).join(' '))", part)
        assert shown == [" ".join(tokenise(text)) for text in part]


def test_tokeniser_equals_python_on_every_named_entity(reading):
    texts = [f"a&{name}b" for name in html5]
    shown = reading.evaluate("texts => texts.map((t) => anncourse.tokenise(t).join(' '))", texts)
    assert shown == [" ".join(tokenise(text)) for text in texts]


def test_tokeniser_equals_python_around_every_character(reading):
    every = map(chr, range(sys.maxunicode + 1))
    characters = [c for c in every if unicodedata.category(c) not in ("Cn", "Cs")]
    shown = reading.evaluate(
        "text => [...text].map((c) => anncourse.tokenise(`a${c}b`).join(' ')).join('|')",
        "".join(characters),
    ).split("|")
    expected = [" ".join(tokenise(f"a{c}b")) for c in characters]
    triples = zip(characters, shown, expected, strict=True)
    assert [f"U+{ord(c):04X}" for c, ours, pythons in triples if ours != pythons] == []


def test_lstm_with_vocabulary_is_below_500_kilobytes(live):
    size = live.compressed(BOOK, "lstm")
    print(f"\n{size} Bytes")
    assert size < 500_000


# --- Die Seite «Ausprobieren» ---------------------------------------------------------------


def test_typing_gives_the_verdict_of_numpy(reading):
    text = "A dull film, but I didn’t regret it."
    reading.get_by_label("Ihre Kritik").press_sequentially(text)
    probability = read(load_weights(), text).probability
    reading.wait_for_selector(".live-current")
    shown = float(re.search(r"0\.\d\d|1\.00", verdict(reading))[0])
    assert shown == pytest.approx(probability, abs=0.015)
    assert ("positiv" in verdict(reading)) == (probability > 0.5)


def test_nets_are_loaded_on_first_use_only(reading):
    def loaded():
        return re.findall(r"live/(lstm|rnn|gru)\.js", reading.content())

    assert loaded() == []
    reading.get_by_role("button", name="Verneinung").click()
    reading.wait_for_selector(".live-current")
    assert loaded() == ["lstm"]
    reading.get_by_role("radio", name="GRU").check()
    reading.wait_for_selector(".live-current:has-text('GRU')")
    assert loaded() == ["lstm", "gru"]
    assert reading.locator(".live-verdicts li").count() == 2


@pytest.mark.parametrize("number", range(6))
def test_every_example_is_read(reading, number):
    reading.locator(".live-buttons button").nth(number).click()
    reading.wait_for_selector(".live-current")
    words = tokenise(reading.get_by_label("Ihre Kritik").input_value())
    shown = reading.locator(".live-words .live-word")
    assert [text.split()[0] for text in shown.all_inner_texts()] == words


def test_first_two_examples_consist_of_the_same_words(reading):
    found = []
    for number in (0, 1):
        reading.locator(".live-buttons button").nth(number).click()
        found.append(sorted(tokenise(reading.get_by_label("Ihre Kritik").input_value())))
    assert found[0] == found[1]


def test_effects_add_up_to_the_logit_and_unknown_words_are_marked(reading):
    reading.get_by_role("button", name="Unbekannte").click()
    reading.wait_for_selector(".live-current")
    current = reading.evaluate("anncourse.read('lstm', document.querySelector('#live-text').value)")
    assert current["logits"][0] == pytest.approx(float(load_weights().arrays["output.bias"][0]))
    assert sum(current["effects"]) == pytest.approx(current["logits"][-1] - current["logits"][0])
    known = load_weights().vocabulary.ids
    unknown = [word for word in current["words"] if word not in known]
    assert "hildegunn" in unknown
    marked = reading.locator(".live-words .live-unknown").all_text_contents()
    assert [text.split()[0] for text in marked] == unknown
    assert all("unbekannt" in text for text in marked)


def test_text_without_a_known_word_gets_a_sentence_instead_of_a_verdict(reading):
    field, message = reading.get_by_label("Ihre Kritik"), reading.locator(".live-message")
    field.fill("good")
    reading.wait_for_selector(".live-current")
    for text, sentence in (("zzqx Hildegunn", "Kein Wort davon"), ("… ?!", "kein Wort"), ("", "")):
        field.fill(text)
        assert sentence in message.text_content()
        assert reading.locator(".live-verdicts").is_hidden()


def test_much_unknown_gets_a_hint_beside_the_verdict(reading):
    reading.locator("#live-text").fill("Der Film war langweilig und schlecht")
    expect(reading.locator(".live-message")).to_contain_text("Wörtern kennt das Netz nicht")
    expect(reading.locator(".live-verdicts")).to_be_visible()
    reading.locator("#live-text").fill("A good film with Hildegunn")
    expect(reading.locator(".live-message")).to_be_empty()


def test_an_example_is_read_from_its_start_what_is_typed_from_its_end(reading):
    reading.set_viewport_size({"width": 375, "height": 700})
    scroller = reading.get_by_role("region", name="Kurve und Balken")
    reading.get_by_role("button", name="Langer Nachsatz").click()
    expect(scroller).to_be_visible()
    assert scroller.evaluate("box => box.scrollLeft") == 0
    reading.locator("#live-text").press_sequentially(" It")
    assert scroller.evaluate("box => box.scrollLeft + box.clientWidth + 2 >= box.scrollWidth")


def test_only_the_last_500_words_are_read(reading):
    reading.get_by_label("Ihre Kritik").fill("terrible " * 7 + "good " * 500)
    reading.wait_for_selector(".live-current")
    assert reading.locator(".live-words .live-word").count() == 500
    assert "7 davor" in reading.locator(".live-message").inner_text()


def test_heat_map_and_its_tables_show_the_states(reading):
    text = "I loved every minute of it"
    reading.get_by_label("Ihre Kritik").fill(text)
    reading.get_by_text("Alle Werte als Tabellen").click()
    weights = load_weights()
    units = np.argsort(-np.abs(weights.arrays["output.weight"][0]), kind="stable")[:8]
    states = read(weights, text).states
    for name, symbol in (("Übertragsspur", "c"), ("Vergesstor", "f"), ("Ausgangstor", "o")):
        table = reading.get_by_role("table", name=name)
        assert table.locator("thead th").all_inner_texts()[1:] == [f"Einheit {u}" for u in units]
        cells = table.locator("td").all_inner_texts()
        shown = np.array([float(c.replace("−", "-")) for c in cells]).reshape(-1, 8)
        assert np.allclose(shown, states[symbol][:, units], atol=0.03)
    canvas = reading.get_by_role("img", name="Heatmap Vergesstor")
    colours = canvas.evaluate(
        "(c) => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    )
    red = np.array(colours).reshape(8, -1, 4)[:, :, 0]  # von 255 (zu) bis 0 (offen)
    assert np.allclose(red, 255 * (1 - states["f"][:, units].T), atol=8)


def test_other_units_can_be_chosen(reading):
    reading.get_by_role("button", name="Verneinung").click()
    reading.get_by_label("Einheiten", exact=True).select_option("8 bis 15")
    labels = reading.locator(".live-panel div.live-labels").filter(has_text="8").first
    assert labels.inner_text().split() == [str(unit) for unit in range(8, 16)]


def test_it_works_from_a_file_without_network(page, complaints):
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto((BOOK / TRY).as_uri())
    for name in ("LSTM", "RNN", "GRU"):
        page.get_by_role("radio", name=name).check()
        page.get_by_role("button", name="Verneinung").click()
        page.wait_for_selector(f".live-current:has-text('{name}')")
    assert all(url.startswith(("file:", "data:")) for url in requests)
    page.goto((BOOK / STEPWISE).as_uri())
    page.get_by_role("button", name="Weiter").click()
    assert page.get_by_text("Schritt 2 von 4").is_visible()


@pytest.mark.parametrize("path", [TRY, STEPWISE])
def test_without_javascript_a_sentence_says_what_one_would_see(browser, site, path):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + path)
    assert page.get_by_text("Ohne JavaScript").first.is_visible()
    context.close()


# --- Die Seite «Schritt für Schritt» --------------------------------------------------------


def test_arrow_keys_and_buttons_step_through_the_cell(stepwise):
    stage = stepwise.get_by_role("group", name="LSTM in vier Schritten")
    caption = stage.locator("p")
    stage.focus()
    for key, step in (
        ("ArrowRight", 2),
        ("ArrowRight", 3),
        ("ArrowLeft", 2),
        ("End", 4),
        ("ArrowRight", 4),
        ("Home", 1),
        ("ArrowLeft", 1),
    ):
        stepwise.keyboard.press(key)
        assert caption.inner_text().startswith(f"Schritt {step} von 4")
    stage.get_by_role("button", name="Weiter").press("Enter")
    assert caption.inner_text().startswith("Schritt 2 von 4")
    stage.get_by_role("button", name="Zurück").press("ArrowRight")
    assert caption.inner_text().startswith("Schritt 3 von 4")


def test_numbers_of_the_cell_follow_its_equations(stepwise):
    stage = stepwise.get_by_role("group", name="LSTM in vier Schritten")
    stage.press("End")
    given = {"Eingabe x": "-1.5", "voriger Zustand": "0.3", "voriger Übertrag": "2"}
    for label, value in given.items():
        stepwise.get_by_label(label).fill(value)
    equations = stepwise.locator(".live-equations dd").all_inner_texts()
    lines = [text.replace("−", "-") for text in equations]
    results = [float(re.search(r"= (-?\d\.\d\d)$", line.strip())[1]) for line in lines]
    p = {}
    for gate, line in zip("fico", lines):
        W, x, U, h, b = map(float, re.findall(r"-?\d\.\d", line.rpartition("= ")[0]))
        assert (x, h) == (-1.5, 0.3)
        p |= {f"W_{gate}": np.array([[W]]), f"U_{gate}": np.array([[U]])}
        p |= {f"b_{gate}": np.array([b])}
    state = STEPS["lstm"](np.array([-1.5]), {"h": np.array([0.3]), "c": np.array([2.0])}, p)
    names = ("f", "i", "candidate", "o", "c", "h")
    assert results == pytest.approx([state[name][0] for name in names], abs=0.006)
    picture = stage.get_by_role("img").text_content().replace("−", "-")
    assert all(f"{value:.2f}" in picture for value in results)


@pytest.mark.parametrize(
    "u, w, without, with_tanh",
    [
        ("0.5", "0.5", "verschwindet", "verschwindet"),
        ("1", "0", "bleibt in der Grössenordnung von 1", "bleibt in der Grössenordnung von 1"),
        ("1.6", "0", "explodiert", "explodiert"),
        ("1.6", "1", "explodiert", "verschwindet"),
    ],
)
def test_slider_changes_the_sentence(stepwise, u, w, without, with_tanh):
    stepwise.get_by_label("Gewicht u").fill(u)
    stepwise.get_by_label("Gewicht w").fill(w)
    sentence = stepwise.locator("#live-gradient-sentence").inner_text()
    first, second = sentence.split("Mit tanh")
    assert f"u = {float(u):.2f}" in first
    expect(stepwise.locator("#live-gradient [aria-live]")).to_contain_text(
        first.replace(" · 10−", " mal 10 hoch −")  # vorgelesen, nicht gezeigt
    )
    assert f"Sie {without}." in first and f"Sie {with_tanh}." in second


def test_what_moves_also_stands_where_it_is_explained(page, site, complaints):
    page.goto(site + "notebooks/05_vanishing_gradients.html")
    page.get_by_label("Gewicht u").fill("1.6")
    expect(page.locator("#live-gradient-sentence")).to_contain_text("u = 1.60")
    page.goto(site + "notebooks/06_lstm_gru.html")
    page.get_by_role("group", name="LSTM in vier Schritten").press("End")
    expect(page.locator("#live-cellsteps")).to_contain_text("Schritt 4 von 4")


def test_gradient_agrees_with_differences(stepwise):
    u, w, T, small = 1.2, 0.5, 20, 1e-6
    shown = stepwise.evaluate("([u, w]) => anncourse.gradients(u, w)", [u, w])
    p = {"W": np.full((1, 1), w), "U": np.full((1, 1), u), "b": np.zeros(1)}
    x = np.sin(np.arange(1, T + 1))[:, None]
    h = unroll(STEPS["rnn"], x, p)["h"]
    for t in range(1, T):
        ends = [
            unroll(STEPS["rnn"], x[t:], p, {"h": h[t - 1] + shift})["h"][-1, 0]
            for shift in (small, -small)
        ]
        assert shown["tanh"][t - 1] == pytest.approx((ends[0] - ends[1]) / (2 * small), rel=1e-4)
        assert shown["linear"][t - 1] == pytest.approx(u ** (T - t))


def test_reduced_motion_is_respected(stepwise):
    stage = stepwise.get_by_role("group", name="LSTM in vier Schritten")
    for wish, animation in (("no-preference", "live-appear"), ("reduce", "none")):
        stepwise.emulate_media(reduced_motion=wish)
        stage.press("Home")
        stage.press("ArrowRight")
        style = "(node) => getComputedStyle(node).animationName"
        assert stage.locator(".live-new").first.evaluate(style) == animation


# --- Für alle -------------------------------------------------------------------------------


def open_everything(page, site, path):
    page.goto(site + path)
    if path == TRY:
        page.get_by_label("Ihre Kritik").fill("an unskippable and touching film")
        page.get_by_text("Alle Werte als Tabellen").click()
        page.wait_for_selector(".live table")
    else:
        page.get_by_role("group", name="LSTM in vier Schritten").press("End")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [TRY, STEPWISE])
def test_axe_finds_nothing(page, site, path, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    open_everything(page, site, path)
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()


@pytest.mark.parametrize("path", [TRY, STEPWISE])
def test_nothing_scrolls_sideways_at_320_pixels(page, site, path):
    page.set_viewport_size({"width": 320, "height": 640})
    open_everything(page, site, path)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.evaluate("document.querySelector('.bd-article').scrollWidth") <= 320
