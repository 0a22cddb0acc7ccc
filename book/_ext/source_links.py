"""Neben jedem Eintrag der API ein Verweis auf seine Zeilen im Repositorium."""

import importlib
import inspect
from functools import reduce
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def set_resolver(app, config) -> None:
    """Gibt sphinx.ext.linkcode die Funktion, die zu einem Namen die Adresse findet."""
    options = config.html_theme_options
    start = f"{options['repository_url']}/blob/{options['repository_branch']}"

    def resolve(domain: str, info: dict) -> str | None:
        module = importlib.import_module(info["module"])
        try:
            thing = reduce(getattr, info["fullname"].split("."), module)
            lines, first = inspect.getsourcelines(inspect.unwrap(getattr(thing, "fget", thing)))
            path = Path(inspect.getsourcefile(thing)).relative_to(ROOT)
        except (AttributeError, TypeError, ValueError):  # Konstanten, Attribute, fremde Klassen
            return None
        return f"{start}/{path.as_posix()}#L{first}-L{first + len(lines) - 1}"

    config.linkcode_resolve = resolve


def setup(app):
    """Von Sphinx aufgerufen."""
    app.setup_extension("sphinx.ext.linkcode")
    app.connect("config-inited", set_resolver, priority=200)  # nach course.set_repository
    return {"parallel_read_safe": True, "parallel_write_safe": True}
