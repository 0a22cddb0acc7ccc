"""Das Buch, bevor es gebaut wird: Reihenfolge, Nummern, Verweise, Form."""

import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from pages import FENCE, FRONT_MATTER, NAMES, NOTEBOOKS, PAGES, ROOT, TEXTS, prose, read

LINK = re.compile(r"\]\(<?([^)\s>]+)>?\)")
TAG = re.compile(r"\\tag\{([^}]*)\}")
CAPTION = re.compile(r"^\*Abbildung ([^:\s]+):", re.MULTILINE)
HEADING = re.compile(r"^#{1,3} +(.+?) *$", re.MULTILINE)


def whole_chapter() -> str:
    return "\n".join(prose(path) for path in NOTEBOOKS)


def anchors(path: Path) -> set[str]:
    """Die Sprungziele einer Seite, gebildet wie von MyST (und GitHub) aus den Überschriften."""
    slugs = set()
    for heading in HEADING.findall(FENCE.sub("", read(path))):
        words = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
        slugs.add(words.replace(" ", "-"))
    return slugs


# --- Aufbau ---------------------------------------------------------------------------------


def test_toc_lists_the_nine_notebooks_in_order():
    toc = yaml.safe_load(read(ROOT / "_toc.yml"))
    files = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    assert [f for f in files if f.startswith("notebooks/")] == [
        f"notebooks/{name}.ipynb" for name in NAMES
    ]
    pages = {toc["root"], *(f for f in files if f.startswith("book/"))}
    assert pages == {f"book/{path.stem}" for path in PAGES}


@pytest.mark.parametrize("name", NAMES)
def test_both_twins_of_a_notebook_exist(name):
    assert (ROOT / "notebooks" / f"{name}.ipynb").exists()
    assert (ROOT / "notebooks" / f"{name}.md").exists()


def test_no_other_notebooks_lie_about():
    found = {path.stem for suffix in ("md", "ipynb") for path in ROOT.glob(f"notebooks/*.{suffix}")}
    assert found == set(NAMES)


@pytest.mark.parametrize("number, path", list(enumerate(NOTEBOOKS, 1)), ids=NAMES)
def test_the_heading_carries_the_number_and_start_page_and_links_repeat_it(number, path):
    titles = re.findall(r"^# (.+)$", FENCE.sub("", read(path)), re.MULTILINE)
    assert len(titles) == 1, "genau eine Überschrift erster Ordnung"
    assert titles[0].startswith(f"9.3.{number} ")
    assert f"[{titles[0]}](../notebooks/{path.stem}.ipynb)" in read(ROOT / "book" / "index.md")
    if number > 1:
        assert f"[{titles[0]}]({path.stem}.ipynb)" in read(NOTEBOOKS[number - 2])


def test_repository_address_stands_in_pyproject_alone():
    project = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    address = project["urls"]["Repository"]
    assert address.startswith("https://github.com/")
    assert address not in read(ROOT / "_config.yml")


def test_api_page_documents_every_public_module():
    listed = re.findall(r"automodule:: anncourse\.([\w.]+)", read(ROOT / "book" / "api.md"))
    files = [p.relative_to(ROOT / "anncourse") for p in (ROOT / "anncourse").rglob("*.py")]
    present = {
        ".".join(file.with_suffix("").parts) for file in files if not file.stem.startswith("_")
    }
    assert {"config", "experiments.lag", "teaching.plots"} <= present
    assert len(listed) == len(set(listed))
    assert set(listed) == present


# --- Nummern und Verweise -------------------------------------------------------------------


def test_equations_are_numbered_in_order_and_references_exist():
    text = whole_chapter()
    tags = TAG.findall(text)
    assert tags == [f"9.3.{n}" for n in range(1, len(tags) + 1)]
    assert tags
    referred = set(re.findall(r"Gleichung(?:en)? \((9\.3\.\d+)\)", text))
    referred |= set(re.findall(r"\((9\.3\.\d+)\)", text))
    assert referred <= set(tags)


def test_figures_are_numbered_in_order_and_references_exist():
    text = whole_chapter()
    captions = CAPTION.findall(text)
    assert captions == [f"9.3.{n}" for n in range(1, len(captions) + 1)]
    assert captions
    referred = set(re.findall(r"Abbildung(?:en)? (9\.3\.\d+)", text))
    assert referred <= set(captions)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_no_placeholder_number_is_left(path):
    assert not re.findall(r"\b(?:EQ|FIG)-[\w-]+", read(path))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_internal_links_resolve(path):
    for link in LINK.findall(prose(path)):
        if re.match(r"[a-z]+:", link):
            assert link.startswith("https://"), link
            continue
        target, _, anchor = unquote(link).partition("#")
        page = (path.parent / target).resolve() if target else path
        assert page.exists(), link
        if anchor:
            assert anchor in anchors(page.with_suffix(".md")), link


# --- Form ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_notebooks_use_no_sphinx_roles_or_directives(path):
    text = FRONT_MATTER.sub("", read(path))
    assert not re.search(r"\{[a-z:]+\}`", text)
    assert set(re.findall(r"^[`:]{3,}\{([\w-]+)\}", text, re.MULTILINE)) <= {"code-cell"}
    assert not re.search(r"^\([\w-]+\)=$", text, re.MULTILINE)
