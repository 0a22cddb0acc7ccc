// Texte der Suche auf Deutsch. Ersetzt die Datei von Sphinx, die eval braucht (verboten durch die Sperre).
Object.assign(Documentation.TRANSLATIONS, {
 ", in ": ", in ",
 "Hide Search Matches": "Suchergebnisse ausblenden",
 "Please activate JavaScript to enable the search\n    functionality.": "Bitte aktivieren Sie JavaScript, wenn Sie die Suchfunktion nutzen wollen.",
 "Preparing search...": "Suche wird vorbereitet...",
 "Quick search": "Schnellsuche",
 "Search": "Suche",
 "Search Page": "Suche",
 "Search Results": "Suchergebnisse",
 "Search within %(docstitle)s": "Suche in %(docstitle)s",
 "Search finished, found ${resultCount} page(s) matching the search query.": "Die Suche ergab ${resultCount} Treffer.",
 "Searching": "Suchen",
 "Your search did not match any documents. Please make sure that all words are spelled correctly and that you've selected enough categories.": "Ihre Suche ergab keine Treffer. Bitte stellen Sie sicher, dass alle Wörter richtig geschrieben sind und genügend Kategorien ausgewählt sind.",
 "search": "suchen",
 "search this documentation": "durchsuche diese Dokumentation"
});
Documentation.PLURAL_EXPR = (n) => (n === 1 ? 0 : 1);
Documentation.LOCALE = "de";
