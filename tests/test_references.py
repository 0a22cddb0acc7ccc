"""Die Literatur: Jede Quelle ist angeführt, jede angeführte steht im Verzeichnis."""

import re

import pytest
from pages import CHAPTER, FENCE, NOTEBOOKS, PAGES, ROOT, read
from pybtex.database import parse_file

ENTRIES = parse_file(str(ROOT / "book" / "references.bib")).entries
LINK = re.compile(r"\]\(<?([^)\s>]+)>?\)")
PUBLISHERS = ("doi.org", "arxiv.org", "proceedings.mlr.press", "aclanthology.org", "colah.")

DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>{}]+")
ARXIV = re.compile(r"\d{4}\.\d{4,5}")
URL = re.compile(r"https://[\w.-]+/\S+")
# Diplomarbeit und Buch: Name und ein Verweis auf das Verzeichnis
WITHOUT_ADDRESS = {"hochreiter1991": "Hochreiter", "chollet2017": "Chollet"}


def addresses(key: str) -> list[str]:
    """Wohin ein Eintrag verweist, als vollständige Adressen."""
    start = {"doi": "https://doi.org/", "eprint": "https://arxiv.org/abs/", "url": ""}
    fields = ENTRIES[key].fields
    return [start[name] + fields[name] for name in start if name in fields]


def links(path) -> list[str]:
    return LINK.findall(FENCE.sub("", read(path)))


@pytest.mark.parametrize("key", list(ENTRIES))
def test_a_reference_has_a_well_formed_address(key):
    fields = ENTRIES[key].fields
    form = {"doi": DOI, "eprint": ARXIV, "url": URL}
    given = [name for name in form if name in fields]
    assert given or key in WITHOUT_ADDRESS
    for name in given:
        assert form[name].fullmatch(fields[name]), fields[name]
    assert re.fullmatch(r"(19|20)\d\d", fields["year"])


@pytest.mark.parametrize("path", CHAPTER, ids=lambda path: path.stem)
def test_every_citation_stands_in_the_bibliography(path):
    known = {address for key in ENTRIES for address in addresses(key)}
    for link in links(path):
        if any(publisher in link for publisher in PUBLISHERS):
            assert link in known


@pytest.mark.parametrize("key", list(ENTRIES))
def test_every_reference_is_cited_in_a_notebook(key):
    """Mit dem Link auf die Quelle oder, wo es keinen gibt, mit dem auf das Verzeichnis."""
    if key in WITHOUT_ADDRESS:
        cited = re.compile(rf"{WITHOUT_ADDRESS[key]}\b[^.]*\]\(\.\./book/literatur\.md\)")
        assert any(cited.search(read(path)) for path in NOTEBOOKS)
    else:
        assert any(address in links(path) for address in addresses(key) for path in NOTEBOOKS)


@pytest.mark.parametrize("path", CHAPTER, ids=lambda path: path.stem)
def test_the_text_of_a_citation_agrees_with_the_bibliography(path):
    """«[Elman 1990](…)» und «[Cho et al. 2014](…)»: Name und Jahr stehen so im Eintrag."""
    keys = {address: key for key in ENTRIES for address in addresses(key)}
    for text, link in re.findall(r"\[([^\]]+)\]\((https://[^)\s]+)\)", FENCE.sub("", read(path))):
        if link in keys:
            entry = ENTRIES[keys[link]]
            authors = [" ".join(person.last_names) for person in entry.persons["author"]]
            names = f"{authors[0]} et al." if len(authors) > 2 else " und ".join(authors)
            assert " ".join(text.split()) == f"{names} {entry.fields['year']}"


def test_cited_keys_exist_and_the_guide_names_every_reference():
    keys = {path.stem: set(re.findall(r"\{cite:\w+\}`([^`]+)`", read(path))) for path in PAGES}
    assert set().union(*keys.values()) <= set(ENTRIES)
    assert keys["literatur"] == set(ENTRIES)
