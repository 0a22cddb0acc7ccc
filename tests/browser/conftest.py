"""Das gebaute Buch, von einem Server auf diesem Rechner, und Chromium."""

import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

BOOK = Path(__file__).resolve().parents[2] / "_build" / "html"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def site():
    """Adresse des gebauten Buchs, mit Schrägstrich am Ende."""
    assert BOOK.exists(), "Das Buch ist nicht gebaut: make book"
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=BOOK))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {
        **browser_type_launch_args,
        "executable_path": shutil.which("chromium"),
        "args": ["--no-sandbox"],
    }
