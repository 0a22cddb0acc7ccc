"""Wer zusieht, sieht den Fortschritt: was der Kern darüber weiss, in wirklichen Kernen gefragt."""

import sys
from types import SimpleNamespace

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

from anncourse.session import live_session

QUESTION = "from anncourse.session import live_session\nprint(live_session())"


@pytest.fixture(scope="module")
def ask():
    """Führt eine Codezelle aus, wie eine Oberfläche es tut, und gibt zurück, was sie druckt."""
    manager, client = start_new_kernel()

    def ask(code, **options):
        printed = []

        def hook(message):
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        client.execute_interactive(code, output_hook=hook, timeout=120, **options)
        return "".join(printed).strip()

    yield ask
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_somebody_who_could_answer_is_watching(ask):
    """So rufen JupyterLab, VS Code und Colab: ``input()`` fände eine Antwort."""
    assert ask(QUESTION, allow_stdin=True) == "True"


def test_nobody_watches_where_a_notebook_is_only_executed(ask):
    assert ask(QUESTION, allow_stdin=False) == "False"
    cell = nbformat.v4.new_code_cell(QUESTION)
    NotebookClient(nbformat.v4.new_notebook(cells=[cell])).execute()  # wie nbconvert
    assert cell.outputs[0].text.strip() == "False"


def test_outside_of_jupyter_a_terminal_watches(monkeypatch):
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: False))
    assert not live_session()
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: True))
    assert live_session()
    monkeypatch.setattr(sys, "stderr", None)
    assert not live_session()
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace())
    assert live_session()
