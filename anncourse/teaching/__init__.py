"""Was ein Notebook zeigt: Bilder, Sätze mit Zahlen, Fortschritt, Übungen."""
