"""Fehler, die eine Leserin auslösen kann: was gegeben war, was erwartet wird, was zu tun ist."""

import errno

REASONS = {
    errno.EACCES: "keine Berechtigung",
    errno.EPERM: "keine Berechtigung",
    errno.EEXIST: "dort liegt schon eine Datei",
    errno.EFBIG: "die Datei würde zu gross",
    errno.EISDIR: "das ist ein Ordner",
    errno.ELOOP: "die Verknüpfungen führen im Kreis",
    errno.ENAMETOOLONG: "der Name ist zu lang",
    errno.ENOENT: "das gibt es nicht",
    errno.ENOSPC: "auf dem Datenträger ist kein Platz mehr",
    errno.ENOTDIR: "ein Teil des Pfads ist eine Datei, kein Ordner",
    errno.EROFS: "der Datenträger lässt sich nur lesen",
}


class AnncourseError(Exception):
    """Gemeinsame Basis aller Fehler des Pakets; mit diesem Status endet die Kommandozeile."""

    exit_status = 1


class InputError(AnncourseError, ValueError):
    """Die Eingabe stimmt nicht: unbekannte Zelle, leere Kritik, falscher Ordner …"""

    exit_status = 2


class OutsideError(AnncourseError, RuntimeError):
    """Etwas ausserhalb des Programms ist gescheitert: Internet, Datenträger, Rechte."""


def missing_extra(package: str, extra: str) -> OutsideError:
    """Der Fehler, wenn ein Paket fehlt, das nur ein Zusatz mitbringt."""
    return OutsideError(
        f"Hier fehlt das Paket {package}. Es kommt mit dem Zusatz «{extra}»: "
        f'pip install "anncourse[{extra}]", im Klon pip install -e ".[{extra}]".'
    )


def reason(error: OSError) -> str:
    """Warum das Betriebssystem etwas verweigert hat, auf Deutsch, soweit bekannt."""
    return REASONS.get(error.errno or 0) or error.strerror or str(error)


def printable(text: str) -> str:
    """Der Text ohne Steuerzeichen: Ein Terminal gehorchte ihnen, statt sie zu zeigen."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
