// sphinx-copybutton kennt die Sprache «de», aber nicht «de-CH» und zeigte sonst englische Wörter.
if (typeof locale !== "undefined") {
  locale = "de";
}
