"""Die Seite «Selbst trainieren»: Gradienten gegen PyTorch, Läufe gegen das Modul, Bedienung."""

import re

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from torch import nn

from anncourse.config import CELLS, Config
from anncourse.experiments import page as experiment
from anncourse.experiments.many import step
from anncourse.experiments.page import PageTask
from anncourse.experiments.stored import measured

from .conftest import BOOK

PAGE = "book/trainieren.html"
LAYERS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
NAMES = {
    "W": "weight_ih_l0",
    "U": "weight_hh_l0",
    "b": "bias_ih_l0",
    "b_U": "bias_hh_l0",
}
BATCH = """([settings, limit]) => {
  const recipe = { ...anncourse.TRAINING.recipe, gradient_norm: limit };
  const run = anncourse.learn({ ...settings, rate: 0, clipped: limit !== null }, recipe);
  run.next();  // mit der Lernrate 0 bleiben die Gewichte
  return { loss: run.loss, norm: run.norm, gradient: Object.fromEntries(
    Object.entries(run.gradient).map(([name, values]) => [name, [...values]])) };
}"""
LOSSES = """([settings, number]) => {
  const run = anncourse.learn(settings, anncourse.TRAINING.recipe);
  return Array.from({ length: number }, () => { run.next(); return run.loss; });
}"""


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
def training(page, site, complaints):
    page.goto(site + PAGE)
    return page


def torch_net(task: PageTask, seed: int):
    """Dasselbe Netz als gewöhnliche Schicht von PyTorch, doppelt genau."""
    weights, random = task.start(seed)
    layer = LAYERS[task.cell](2, task.width, batch_first=True).double()
    output = nn.Linear(task.width, 1).double()
    with torch.no_grad():
        for ours, name in NAMES.items():
            layer.get_parameter(name).copy_(torch.from_numpy(weights[ours]))
        output.weight.copy_(torch.from_numpy(weights["V"]))
        output.bias.copy_(torch.from_numpy(weights["v"]))
    return layer, output, random


@pytest.mark.parametrize("limit", [None, 0.01])
@pytest.mark.parametrize("distractors", [True, False])
@pytest.mark.parametrize("width, lag", [(1, 5), (4, 30), (8, 60)])
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_equal_those_of_pytorch(training, cell, width, lag, distractors, limit):
    task = PageTask(cell, width, lag, distractors, scale_W=1.3, scale_U=1.7, bias=1.0)
    seed = 7 * width + lag
    found = training.evaluate(BATCH, [task.settings(0.1) | {"seed": seed}, limit])
    layer, output, random = torch_net(task, seed)
    x = torch.from_numpy(task.sequences(random))
    h, _ = layer(x)
    logits = output(h[:, -1]).squeeze(-1)
    loss = nn.functional.binary_cross_entropy_with_logits(logits, (x[:, 0, 1] > 0).double())
    loss.backward()
    parameters = [*layer.parameters(), *output.parameters()]
    norm = nn.utils.clip_grad_norm_(parameters, limit or float("inf"))
    assert found["loss"] == pytest.approx(loss.item(), abs=1e-12)
    assert found["norm"] == pytest.approx(norm.item(), rel=1e-10)
    expected = {ours: layer.get_parameter(name).grad for ours, name in NAMES.items()}
    expected |= {"V": output.weight.grad, "v": output.bias.grad}
    largest = max(
        np.abs(np.array(found["gradient"][name]) - grad.numpy().ravel()).max()
        for name, grad in expected.items()
    )
    print(f"{cell}, H = {width}, k = {lag}: grösste Abweichung {largest:.1e}")
    assert largest < 1e-12
    if limit:
        total = sum((np.array(g) ** 2).sum() for g in found["gradient"].values())
        assert total**0.5 == pytest.approx(min(limit, norm.item()), rel=1e-3)


@pytest.mark.parametrize("cell", CELLS)
def test_gradient_of_the_state_equals_that_of_pytorch(training, cell):
    task, seed = PageTask(cell, 3, 12, scale_U=1.5, bias=1.0), 5
    found = training.evaluate(
        """([settings, example]) => {
          const { random, build } = anncourse.learning;
          const net = build(settings, random(settings.seed));
          const trace = anncourse.example(net, settings, example);
          const { h, c } = anncourse.bptt.stateGradients(net, trace);
          return { x: [...trace.x].slice(2), h: [...h], c: [...c] };
        }""",
        [task.settings(0.1) | {"seed": seed}, 3],
    )
    layer, _, _ = torch_net(task, seed)
    x = torch.tensor(found["x"], dtype=torch.double).view(1, -1, 2)
    T = task.lag + 1
    assert x.shape[1] == T and len(found["h"]) == T + 1
    assert found["h"][0] == pytest.approx(3**0.5)

    def last(begin):
        return lambda h, c: layer(x[:, begin:], (h, c) if cell == "lstm" else h)[0][0, -1]

    for k in range(1, T + 1):
        begin = T - k
        h = c = torch.zeros(1, 1, 3, dtype=torch.double)
        if begin:
            _, state = layer(x[:, :begin])
            h, c = state if cell == "lstm" else (state, c)
        for name, place in (("h", 0), ("c", 1)):
            if name == "c" and cell != "lstm":
                continue
            jacobian = torch.autograd.functional.jacobian(last(begin), (h.detach(), c.detach()))[
                place
            ]
            assert found[name][k] == pytest.approx(jacobian.norm().item(), rel=1e-9), (name, k)


@pytest.fixture
def rates():
    """Mit welcher Lernrate die Seite jeden Versuch zeigt."""
    found = measured("page-*")["rate"].fillna(experiment.SHOWN_RATE)
    return {name: float(rate) for name, rate in found.items()}


@pytest.mark.parametrize("name", experiment.runs())
def test_a_run_is_that_of_the_module(training, rates, name):
    """Gleicher Anfang, gleiche Folgen, gleicher Optimierer: vier Stapel, derselbe Verlust.

    Länger nicht: Wo der Gradient explodiert, wächst auch ein Unterschied in der letzten Stelle.
    """
    task, rate = experiment.runs()[name], rates[name]
    nets, draw = task.build([2]), task.drawing([2])
    weights = list(nets.parameters())
    squares, losses = [torch.zeros_like(weight) for weight in weights], []
    for _ in range(4):
        x, y = draw()
        nets.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(nets(x)[-1:], y)
        loss.backward()
        losses.append(loss.item())
        step(weights, squares, torch.tensor([rate]), task.optimiser)
    assert training.evaluate(LOSSES, [task.settings(rate) | {"seed": 2}, 4]) == pytest.approx(
        losses, abs=1e-9
    )


def test_the_stored_run_of_the_lstm_is_the_one_shown(training):
    run = measured("page-*").loc["page-lstm-3"]
    solved = training.evaluate(
        """() => {
          const { runs, recipe } = anncourse.TRAINING;
          const run = anncourse.learn(runs["page-lstm-3"].settings, recipe);
          while (!run.solved) run.next();
          return run.solved;
        }"""
    )
    assert solved == run["batches"][0]


def test_recipe_is_that_of_the_chapter(training):
    recipe = training.evaluate("anncourse.TRAINING.recipe")
    for name in ("rho", "epsilon", "gradient_norm"):
        assert recipe[name] == getattr(Config, name)


# --- Bedienung --------------------------------------------------------------------------------


def status(page) -> str:
    return page.locator(".live-status").inner_text()


def batches(page) -> int:
    return int(re.search(r"Stapel (\d+)", status(page))[1])


def settings(page) -> dict:
    return page.evaluate(
        "Object.fromEntries(new URLSearchParams("
        "document.querySelector('#live-link').value.split('#')[1]))"
    )


def test_start_pause_and_one_batch(training):
    assert "Noch kein Stapel" in status(training)
    training.get_by_role("button", name="Start", exact=True).click()
    expect(training.locator(".live-status")).to_contain_text(re.compile(r"Stapel \d+:"))
    training.get_by_role("button", name="Pause").click()
    stopped = batches(training)
    training.get_by_role("button", name="Ein Stapel").click()
    assert batches(training) == stopped + 1
    training.wait_for_timeout(300)
    assert batches(training) == stopped + 1
    training.get_by_role("button", name="Weiter").click()
    expect(training.locator(".live-status")).not_to_contain_text(f"Stapel {stopped + 1}:")


def test_the_same_start_gives_the_same_run(training):
    seen = []
    for _ in range(2):
        for _ in range(5):
            training.get_by_role("button", name="Ein Stapel").click()
        seen.append(status(training))
        training.get_by_role("button", name="Noch einmal, gleicher Zufallsstart").click()
        assert "Noch kein Stapel" in status(training)
    assert seen[0] == seen[1]
    training.get_by_role("button", name="Nächster Zufallsstart").click()
    assert settings(training)["seed"] == "2"
    for _ in range(5):
        training.get_by_role("button", name="Ein Stapel").click()
    assert status(training) != seen[0]


def test_the_link_carries_the_settings(training, site):
    training.get_by_role("radio", name="GRU").check()
    training.get_by_label("Einheiten H").fill("3")
    training.get_by_label("Lernrate").select_option("0.1")
    training.get_by_label("Gradient auf die Norm").uncheck()
    training.get_by_label("Zufallsstart", exact=True).fill("17")
    training.get_by_label("Zufallsstart", exact=True).press("Tab")
    link = training.locator("#live-link").input_value()
    before = settings(training)
    assert before.items() >= {"cell": "gru", "width": "3", "rate": "0.1", "seed": "17"}.items()
    assert before["clipped"] == "false" and link == training.url
    training.wait_for_load_state("networkidle")
    training.get_by_label("Einheiten H").fill("5")
    training.goto(link)  # bleibt auf der Seite
    assert settings(training) == before
    training.reload()
    assert settings(training) == before
    expect(training.get_by_role("radio", name="GRU")).to_be_checked()
    expect(training.locator("#live-width + output")).to_have_text("3")


def test_an_impossible_link_is_brought_into_bounds(training, site):
    training.goto(
        site + PAGE + "#cell=tree&width=99&lag=-3&rate=0.5&seed=x&optimiser=adam&bias=1e9"
        "&clipped=perhaps&unknown=1&scale_U=NaN"
    )
    found = settings(training)
    assert found["cell"] == "lstm" and found["optimiser"] == "rmsprop"
    assert (found["width"], found["lag"], found["bias"]) == ("8", "5", "6")
    assert found["seed"] == "1" and found["clipped"] == "false"
    training.get_by_role("button", name="Ein Stapel").click()
    assert batches(training) == 1


def test_a_change_begins_anew(training):
    training.get_by_role("button", name="Ein Stapel").click()
    training.get_by_role("slider", name="Abstand k").fill("12")
    assert "Noch kein Stapel" in status(training)
    expect(training.locator("#live-step")).to_have_attribute("max", "13")
    training.get_by_role("radio", name="SimpleRNN").check()
    expect(training.locator("#live-bias")).to_be_hidden()


def test_a_guess_comes_before_the_run_and_the_resolution_after(training):
    part = training.locator(".live-experiment").nth(1)
    start = part.get_by_role("button", name="Versuch starten")
    expect(part.locator("details").first).not_to_have_attribute("open", "")
    start.click()
    expect(part.locator(".live-message")).to_contain_text("Tippen Sie zuerst")
    expect(part.get_by_role("radio").first).to_be_focused()
    part.get_by_role("radio").nth(3).check()
    start.click()
    part.get_by_role("radio", name="so schnell es geht").check()
    expect(part.locator(".live-message")).to_contain_text("Ihr Tipp", timeout=120_000)
    first, second = measured("page-*").loc[["page-lstm-0", "page-lstm-3"], "batches"]
    sentences = part.locator(".live-message").inner_text()
    assert first[0] == 0 and "Achsenabschnitt 0: nach 1500 Stapeln nicht gelöst" in sentences
    assert f"Achsenabschnitt 3: nach {second[0]} Stapeln gelöst" in sentences
    expect(part.get_by_role("table")).to_be_visible()
    training.get_by_role("button", name="Versuchsstand hierher holen").click()
    expect(training.locator("#live-training .live-lab")).to_be_visible()


def test_stored_runs_stand_on_the_page_without_javascript(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + PAGE)
    assert page.get_by_text("Ohne JavaScript").is_visible()
    for number in filter(None, measured("page-*").loc["page-lstm-3", "batches"]):
        assert page.get_by_text(f"nach {number} Stapeln").count() >= 1
    assert page.locator(
        "tr", has_text=re.compile(r"^\s*0\.1\s+\d+ von 10\s+\d+ von 10\s*$")
    ).count()
    context.close()


def test_a_whole_experiment_by_keyboard(training):
    part = training.locator(".live-experiment").first
    part.get_by_role("radio").first.focus()
    for key in ("Space", "ArrowDown", "ArrowDown", "Tab"):
        training.keyboard.press(key)
    expect(part.get_by_role("radio").nth(2)).to_be_checked()
    expect(part.get_by_role("button", name="Versuch starten")).to_be_focused()
    training.keyboard.press("Enter")
    expect(training.locator(".live-status")).to_contain_text(re.compile(r"Stapel \d+:"))
    part.get_by_role("button", name="Pause").press("Enter")
    expect(part.get_by_role("button", name="Weiter")).to_be_focused()


def test_the_gate_of_one_gru_writes_at_the_mark_and_then_keeps(training):
    """Was unter «Frei probieren» steht: der Zufallsstart 1 so, der Zufallsstart 3 anders."""
    training.get_by_role("link", name="eine GRU mit einer einzigen Einheit").click()
    expect(training.get_by_role("radio", name="GRU")).to_be_checked()
    gates = {}
    for seed in (1, 3):
        gates[seed] = training.evaluate(
            """(seed) => {
              const asked = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
              const settings = { cell: asked.cell, optimiser: asked.optimiser, seed,
                width: +asked.width, lag: +asked.lag, bias: +asked.bias, rate: +asked.rate,
                scale_W: 1, scale_U: 1, distractors: true, clipped: true };
              const run = anncourse.learn(settings, anncourse.TRAINING.recipe);
              while (!run.solved) run.next();
              const trace = anncourse.example(run.net, settings, 1);
              return [...trace.gates].filter((_, n) => n % 3 === 1).slice(1);
            }""",
            seed,
        )
    assert gates[1][0] < 0.2 and np.mean(gates[1][1:]) > 0.9
    assert gates[3][0] > 0.7


def test_pictures_follow_unit_and_step(training):
    training.get_by_label("Einheit", exact=True).select_option("2")
    training.get_by_label("Schritt t").fill("4")
    sentence = training.get_by_text(re.compile(r"Einheit 2 im Schritt 4"))
    slope = float(re.search(r"Steigung (−?\d\.\d\d)", sentence.inner_text())[1].replace("−", "-"))
    gate = training.evaluate(
        """() => {
          const settings = anncourse.TRAINING.runs["page-lstm-3"].settings;
          const { random, build } = anncourse.learning;
          const trace = anncourse.example(build(settings, random(1)), settings, 1);
          return trace.gates[4 * 16 + 4 + 2];
        }"""
    )
    assert slope == pytest.approx(gate, abs=0.006)


@pytest.mark.parametrize("cell", CELLS)
def test_the_slope_of_a_unit_is_that_of_its_curve(training, cell):
    difference, slope = training.evaluate(
        """(cell) => {
          const settings = { ...anncourse.TRAINING.runs["page-lstm-3"].settings, cell, lag: 9 };
          const { random, build } = anncourse.learning;
          const net = build(settings, random(3)), trace = anncourse.example(net, settings, 1);
          const { map, path, slope } = anncourse.unitMap(net, trace, 1, 6);
          return [(map(path[5] + 1e-6) - map(path[5] - 1e-6)) / 2e-6, slope];
        }""",
        cell,
    )
    assert slope == pytest.approx(difference, rel=1e-6)


def test_pictures_rest_for_who_wants_no_motion(training):
    for wish, calm in (("reduce", True), ("no-preference", False)):
        training.emulate_media(reduced_motion=wish)
        training.get_by_role("button", name="Noch einmal").click()
        training.evaluate(
            """() => {
              window.drawn = 0;
              new MutationObserver(() => { window.drawn += 1; }).observe(
                document.querySelector(".live-status"), { childList: true });
            }"""
        )
        training.get_by_role("button", name=re.compile("Start|Weiter")).click()
        training.wait_for_timeout(1500)
        assert (training.evaluate("window.drawn") <= 1) == calm


def test_it_works_from_a_file_without_network(page, complaints):
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto((BOOK / PAGE).as_uri())
    page.get_by_label("Einheiten H").fill("2")
    page.get_by_role("button", name="Ein Stapel").click()
    assert batches(page) == 1 and page.url.endswith(page.locator("#live-link").input_value()[-20:])
    assert all(url.startswith(("file:", "data:")) for url in requests)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page, site, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(site + PAGE)
    page.locator(".live-experiment").first.get_by_role("radio").first.check()
    page.locator(".live-experiment").first.get_by_role("button", name="Versuch starten").click()
    page.get_by_role("button", name="Pause").click()
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()


def test_nothing_scrolls_sideways_at_320_pixels(page, site):
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(site + PAGE)
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    page.get_by_role("button", name="Ein Stapel").click()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.evaluate("document.querySelector('.bd-article').scrollWidth") <= 320
