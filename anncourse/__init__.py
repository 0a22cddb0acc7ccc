"""Begleitmodul zu Kapitel 9.3 «Rekurrente neuronale Netze verstehen».

Der Import von ``anncourse`` selbst tut nichts: Er lädt keine Daten, setzt keinen
Zufallsstart und holt keine schwere Bibliothek. Man importiert, was man braucht, aus den
Untermodulen, in der Reihenfolge, in der die Daten fliessen: ``sources``, ``text``,
``cache``, ``data``, ``cells``, ``models``, ``training``, ``prediction``, ``results``.
"""

__version__ = "0.1.0"
