"""Was das Buch misst: Funktionen mit Zufallsstarts und gespeicherten Ergebnissen."""
