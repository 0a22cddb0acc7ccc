"""Fehler, die eine Leserin auslösen kann. Jede Meldung sagt, was gegeben war, was erwartet
wird und was zu tun ist.
"""


class AnncourseError(Exception):
    """Gemeinsame Basis aller Fehler des Pakets."""

    exit_status = 1


class InputError(AnncourseError, ValueError):
    """Die Eingabe stimmt nicht: unbekannte Zelle, leere Kritik, falscher Ordner, ...

    Die Kommandozeile endet mit Status 2.
    """

    exit_status = 2


class OutsideError(AnncourseError, RuntimeError):
    """Etwas ausserhalb des Programms ist gescheitert: Netz, Datenträger, Rechte.

    Die Kommandozeile endet mit Status 1.
    """

    exit_status = 1
