"""Das Buch, bevor es gebaut wird: Reihenfolge, Nummern, Verweise, Form."""

import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest
from pages import (
    CHAPTER,
    FENCE,
    FRONT_MATTER,
    LISTED,
    NAMES,
    NOTEBOOKS,
    PAGES,
    ROOT,
    TEXTS,
    TOC,
    prose,
    read,
)

LINK = re.compile(r"\]\(<?([^)\s>]+)>?\)")
TAG = re.compile(r"\\tag\{([^}]*)\}")
CAPTION = re.compile(r"^\*Abbildung ([^:\s]+):", re.MULTILINE)
HEADING = re.compile(r"^#{1,3} +(.+?) *$", re.MULTILINE)


def whole_text() -> str:
    return "\n".join(prose(path) for path in NOTEBOOKS)


def title(path: Path) -> str:
    titles = re.findall(r"^# (.+)$", FENCE.sub("", read(path)), re.MULTILINE)
    assert len(titles) == 1, "genau eine Überschrift erster Ordnung"
    return titles[0]


def anchors(path: Path) -> set[str]:
    """Die Sprungziele einer Seite, gebildet wie von MyST (und GitHub) aus den Überschriften."""
    slugs = set()
    for heading in HEADING.findall(FENCE.sub("", read(path))):
        words = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
        slugs.add(words.replace(" ", "-"))
    return slugs


# --- Aufbau ---------------------------------------------------------------------------------


def test_toc_lists_every_notebook_and_every_page():
    found = {f"notebooks/{path.name}" for path in ROOT.glob("notebooks/*.ipynb")}
    assert {file for file in LISTED if file.startswith("notebooks/")} == found
    pages = {TOC["root"], *(file for file in LISTED if file.startswith("book/"))}
    assert pages == {f"book/{path.stem}" for path in PAGES}
    assert len(LISTED) == len(set(LISTED))


@pytest.mark.parametrize("suffix", ["md", "ipynb"])
def test_each_notebook_has_both_twins_and_none_else_lies_about(suffix):
    assert sorted(path.stem for path in ROOT.glob(f"notebooks/*.{suffix}")) == sorted(NAMES)


@pytest.mark.parametrize("number, path", list(enumerate(NOTEBOOKS, 1)), ids=NAMES)
def test_heading_and_file_carry_the_number(number, path):
    assert title(path).startswith(f"9.3.{number} ")
    assert path.stem.startswith(f"{number:02}_")


@pytest.mark.parametrize("path, following", list(zip(CHAPTER, CHAPTER[1:])), ids=NAMES[:8])
def test_each_section_of_the_chapter_leads_to_the_next(path, following):
    assert f"[{title(following)}]({following.stem}.ipynb)" in read(path)


def test_repository_address_stands_in_pyproject_alone():
    project = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    address = project["urls"]["Repository"]
    assert address.startswith("https://github.com/")
    assert address not in read(ROOT / "_config.yml")


def test_api_page_documents_every_public_module():
    listed = re.findall(r"automodule:: anncourse\.([\w.]+)", read(ROOT / "book" / "api.md"))
    files = [p.relative_to(ROOT / "anncourse") for p in (ROOT / "anncourse").rglob("*.py")]
    present = {
        ".".join(file.with_suffix("").parts)
        for file in files
        if not re.match(r"_|section_\d\d", file.stem)  # section_10: zu einem angefügten Abschnitt
    }
    assert {"config", "experiments.lag", "teaching.plots"} <= present
    assert len(listed) == len(set(listed))
    assert set(listed) == present


# --- Nummern und Verweise -------------------------------------------------------------------


def test_equations_are_numbered_in_order_and_references_exist():
    text = whole_text()
    tags = TAG.findall(text)
    assert tags == [f"9.3.{n}" for n in range(1, len(tags) + 1)]
    assert tags
    referred = set(re.findall(r"Gleichung(?:en)? \((9\.3\.\d+)\)", text))
    referred |= set(re.findall(r"\((9\.3\.\d+)\)", text))
    assert referred <= set(tags)


def test_figures_are_numbered_in_order_and_references_exist():
    text = whole_text()
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
