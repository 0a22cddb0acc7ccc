"""Das gebaute Buch in Chromium: ein Server auf diesem Rechner, ein Browser, jede Seite einmal."""

import gzip
import threading
import tomllib
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "_build" / "html"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
REPOSITORY = PROJECT["urls"]["Repository"]
FOLDER = f"/{REPOSITORY.rpartition('/')[2]}/"  # dort liegt das Buch bei GitHub Pages
TEXT = ("text/", "application/javascript", "application/json", "image/svg")


def pages() -> list[str]:
    """Jede Seite des gebauten Buchs; ohne Buch die eine, an der «site» das meldet."""
    found = sorted(str(page.relative_to(BOOK)) for page in BOOK.rglob("*.html"))
    # index.html schickt nur weiter; _static/ enthält Vorlagen des Themas
    return [p for p in found if p != "index.html" and p[0] != "_"] or ["book/index.html"]


@cache
def load(path: Path) -> tuple[bytes, dict]:
    """Eine Datei, wie GitHub Pages sie überträgt: Text komprimiert."""
    kind = guess_type(path.name)[0] or "application/octet-stream"
    body = path.read_bytes()
    headers = {"Content-Type": kind}
    if kind.startswith(TEXT):
        body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        headers["Content-Type"] += "; charset=utf-8"
    return body, headers


class Handler(BaseHTTPRequestHandler):
    """Liefert das Buch unter FOLDER aus, unter jeder anderen Adresse 404.html."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked = unquote(urlsplit(self.path).path)
        path = BOOK / asked.removeprefix(FOLDER)
        path = path / "index.html" if path.is_dir() else path
        found = asked.startswith(FOLDER) and path.is_file()
        body, headers = load(path if found else BOOK / "404.html")
        self.send_response(200 if found else 404)
        for name, value in {**headers, "Content-Length": len(body)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Nichts: pytest meldet, was schiefgeht."""


@pytest.fixture(scope="session")
def site():
    """Die Adresse des gebauten Buchs auf diesem Rechner, mit Schrägstrich am Ende."""
    if not (BOOK / "index.html").exists():
        pytest.fail(f"{BOOK.relative_to(ROOT)} fehlt. Bauen Sie das Buch: make book", pytrace=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{FOLDER}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser_type_launch_args(playwright, load_tool):
    """Dasselbe Chromium, mit dem «make pdf» druckt."""
    try:
        return {"executable_path": load_tool("pdf").find_chromium(playwright)}
    except FileNotFoundError as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture(scope="session")
def open_page(browser):
    """Öffnet eine leere Seite mit eigenem Zwischenspeicher, ohne Bewegung und auf Deutsch."""

    def start(**settings):
        settings = {"viewport": {"width": 1280, "height": 900}, "locale": "de-CH", **settings}
        return browser.new_context(reduced_motion="reduce", **settings).new_page()

    return start
