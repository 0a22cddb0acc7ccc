"""Das Quiz eines Abschnitts: Skript und Stil lädt nur eine Seite, auf der eines steht."""


def add_quiz(app, pagename, templatename, context, doctree) -> None:
    """Im PDF bleibt das Quiz, wie das Notebook es ausgibt, mit offenen Antworten."""
    if app.builder.name == "html" and '<div class="quiz">' in context.get("body", ""):
        app.add_js_file("quiz.js", loading_method="defer")
        app.add_css_file("quiz.css")


def setup(app):
    """Von Sphinx aufgerufen."""
    app.connect("html-page-context", add_quiz)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
