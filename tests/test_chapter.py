"""Das Kapitel auf einer Seite: Jeder Verweis führt in den Abschnitt, den er nennt."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = """
{title}
=======

Summary
-------
{text}

.. toctree::
   :hidden:

{pages}
"""


@pytest.fixture
def chapter(tmp_path):
    """Ein Buch aus drei Seiten, von denen zwei dieselbe Überschrift tragen."""
    write = {
        "index": ("Start", "First", ["one", "two"]),
        "one": ("First", ":ref:`two:Summary`, :doc:`index`, :doc:`two`", []),
        "two": ("Other", "See :ref:`one:Summary` and :ref:`two:Summary`.", []),
    }
    for name, (title, text, pages) in write.items():
        listed = "\n".join(f"   {page}" for page in pages)
        (tmp_path / f"{name}.rst").write_text(PAGE.format(title=title, text=text, pages=listed))
    (tmp_path / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT / 'book' / '_ext')!r})\n"
        "extensions = ['chapter', 'sphinx.ext.autosectionlabel']\n"
        "autosectionlabel_prefix_document = True\n"
    )
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-Wqb", "singlehtml", tmp_path, tmp_path / "out"],
        check=True,
    )
    return (tmp_path / "out" / "chapter.html").read_text("utf-8")


def test_every_target_is_unique_and_every_link_finds_its_own(chapter):
    targets = re.findall(r'\bid="([^"]+)"', chapter)
    assert len(targets) == len(set(targets))
    assert {"one/summary", "two/summary"} <= set(targets)
    links = re.findall(r'class="reference internal" href="#([^"]*)"', chapter)
    assert {"one/summary", "two/summary", "start", "two/other"} <= set(links)
    assert set(links) <= {*targets, ""}


def test_without_chromium_the_message_says_what_to_do(monkeypatch, load_tool):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CHROMIUM", "/nirgends/chromium")
    playwright = SimpleNamespace(chromium=SimpleNamespace(executable_path="/nirgends/chrome"))
    with pytest.raises(FileNotFoundError, match="Chromium fehlt.*apt-get install chromium"):
        load_tool("pdf").find_chromium(playwright)
