"""Das Buch, bevor es gebaut wird: Reihenfolge, Nummern, Verweise, Literatur, Schreibweise."""

import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from pybtex.database import parse_file

ROOT = Path(__file__).resolve().parents[1]
NAMES = [
    "01_rnn_numpy", "02_rnn_pytorch", "03_imdb", "04_simple_rnn", "05_vanishing_gradients",
    "06_lstm_gru", "07_lstm_imdb", "08_inside_the_cell", "09_exercises",
]
NOTEBOOKS = [ROOT / "notebooks" / f"{name}.md" for name in NAMES]
PAGES = sorted((ROOT / "book").glob("*.md"))
TEXTS = [*NOTEBOOKS, *PAGES]

FENCE = re.compile(r"^(`{3,}|:{3,})[^\n]*\n.*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
LINK = re.compile(r"\]\(<?([^)\s>]+)>?\)")
TAG = re.compile(r"\\tag\{([^}]*)\}")
CAPTION = re.compile(r"^\*Abbildung ([^:\s]+):", re.MULTILINE)
HEADING = re.compile(r"^#{1,3} +(.+?) *$", re.MULTILINE)

DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>{}]+")
ARXIV = re.compile(r"\d{4}\.\d{4,5}")
URL = re.compile(r"https://[\w.-]+/\S+")
WITHOUT_ADDRESS = {"hochreiter1991", "chollet2017"}  # Diplomarbeit und Buch


def read(path: Path) -> str:
    assert path.exists(), f"{path.relative_to(ROOT)} fehlt"
    return path.read_text("utf-8")


def prose(path: Path) -> str:
    """Der Text einer Seite ohne Kopf, Codezellen, HTML-Tags und Code im Satz."""
    text = FRONT_MATTER.sub("", read(path))
    text = FENCE.sub(_glossary_only, text)
    text = re.sub(r"</?[a-z][^<>]*>", "", text)
    return re.sub(r"(`+).+?\1", "", text, flags=re.DOTALL)


def _glossary_only(block: re.Match) -> str:
    return block[0].replace("```", "") if block[0].startswith("```{glossary}") else ""


def whole_chapter() -> str:
    return "\n".join(prose(path) for path in NOTEBOOKS)


def bibliography():
    return parse_file(str(ROOT / "book" / "references.bib")).entries


def addresses(entry) -> list[str]:
    """Wohin ein Eintrag verweist, als vollständige Adressen."""
    start = {"doi": "https://doi.org/", "eprint": "https://arxiv.org/abs/", "url": ""}
    return [start[f] + entry.fields[f] for f in start if f in entry.fields]


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
    listed = re.findall(r"automodule:: anncourse\.(\w+)", read(ROOT / "book" / "api.md"))
    present = {p.stem for p in (ROOT / "anncourse").glob("*.py") if not p.stem.startswith("_")}
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


# --- Literatur ------------------------------------------------------------------------------


@pytest.mark.parametrize("key", list(bibliography()))
def test_a_reference_has_a_well_formed_address(key):
    fields = bibliography()[key].fields
    form = {"doi": DOI, "eprint": ARXIV, "url": URL}
    given = [name for name in form if name in fields]
    assert given or key in WITHOUT_ADDRESS
    for name in given:
        assert form[name].fullmatch(fields[name]), fields[name]
    assert re.fullmatch(r"(19|20)\d\d", fields["year"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_every_citation_stands_in_the_bibliography(path):
    known = {address for entry in bibliography().values() for address in addresses(entry)}
    publishers = ("doi.org", "arxiv.org", "proceedings.mlr.press", "aclanthology.org", "colah.")
    for link in LINK.findall(FENCE.sub("", read(path))):
        if any(publisher in link for publisher in publishers):
            assert link in known


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_cited_keys_exist(path):
    keys = re.findall(r"\{cite:\w+\}`([^`]+)`", read(path))
    assert set(keys) <= set(bibliography())


# --- Schreibweise ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_swiss_spelling(path):
    assert "\N{LATIN SMALL LETTER SHARP S}" not in read(path)
    straight = [line for line in prose(path).splitlines() if re.search(r"[\"„“”]", line)]
    assert not straight, "Anführungszeichen sind «…»"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_notebooks_use_no_sphinx_roles_or_directives(path):
    text = FRONT_MATTER.sub("", read(path))
    assert not re.search(r"\{[a-z:]+\}`", text)
    assert set(re.findall(r"^[`:]{3,}\{([\w-]+)\}", text, re.MULTILINE)) <= {"code-cell"}
    assert not re.search(r"^\([\w-]+\)=$", text, re.MULTILINE)


def test_glossary_is_sorted():
    page = read(ROOT / "book" / "glossar.md")
    block = re.search(r"```\{glossary\}\n(.*?)```", page, re.DOTALL)
    terms = [line for line in block[1].splitlines() if line and not line.startswith(" ")]
    assert len(terms) > 50
    assert len(terms) == len(set(terms))
    assert terms == sorted(terms, key=lambda t: t.lower().translate(str.maketrans("äöü", "aou")))
