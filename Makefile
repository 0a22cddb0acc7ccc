# Zwei Befehle genügen: «make book» und «make test». Alles Nötige richten sie selbst ein.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
DICTIONARY := .venv/share/hunspell/de_CH.dic
NOTEBOOKS := $(sort $(wildcard notebooks/*.ipynb))

# Ein Ordner mit Daten gilt von dort aus, wo der Befehl getippt wurde: nbval wechselt den Ordner.
DATA := $(or $(ANNCOURSE_DATA),imdb)
ifeq ($(filter imdb sample,$(DATA)),)
  DATA := $(abspath $(DATA))
endif

.DEFAULT_GOAL := help
.PHONY: help install book pdf test test-browser test-colab notebooks sync results bench check serve slug clean

help:  ## zeigt diese Übersicht
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

$(INSTALLED): requirements.txt constraints.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.txt --constraint constraints.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

$(DICTIONARY): tests/dictionary.py | $(INSTALLED)
	$(BIN)/python tests/dictionary.py

install: $(INSTALLED)  ## legt .venv an und installiert, was in constraints.txt steht

book: $(INSTALLED)  ## baut das Buch aus den gespeicherten Notebooks nach _build/html
	$(BIN)/jupyter-book build . -W -n --keep-going --quiet
	@echo "Das Buch liegt in _build/html/index.html"

pdf: $(INSTALLED)  ## druckt das ganze Kapitel nach _build/pdf (braucht Chromium)
	$(BIN)/jupyter-book build . --builder singlehtml -W -n --keep-going --quiet
	$(BIN)/python book/_tools/pdf.py

test: $(INSTALLED) $(DICTIONARY)  ## prüft Modul, Prosa, Buch und Notebooks (nbval, auf Beispieldaten, wenn ANNCOURSE_DATA nichts anderes sagt)
	$(BIN)/ruff check .
	OMP_NUM_THREADS=1 ANNCOURSE_DATA=$(if $(ANNCOURSE_DATA),$(DATA),sample) $(BIN)/pytest tests notebooks \
	  --nbval-lax --nbval-current-env --nbval-cell-timeout=1200 -n 2 --dist loadfile

test-browser: $(INSTALLED)  ## prüft jede Seite des gebauten Buchs in Chromium (vorher: make book)
	OMP_NUM_THREADS=1 $(BIN)/pytest tests/browser

test-colab: $(INSTALLED)  ## führt die Notebooks wie in Colab aus (Netz, rund 10 Minuten)
	OMP_NUM_THREADS=1 $(BIN)/pytest tests/test_colab.py -m colab

notebooks: $(INSTALLED)  ## führt alle neun Notebooks auf ANNCOURSE_DATA (sonst imdb) aus und speichert die Ausgaben
	for notebook in $(NOTEBOOKS); do \
	  ANNCOURSE_DATA=$(DATA) $(BIN)/jupyter nbconvert --to notebook --execute --inplace \
	    --ExecutePreprocessor.record_timing=False $$notebook || exit 1; \
	done

sync: $(INSTALLED)  ## trägt Änderungen der Textzwillinge (.md) in die Notebooks; Ausgaben bleiben
	for twin in notebooks/*.md; do \
	  $(BIN)/jupytext --quiet --to ipynb --update $$twin || exit 1; \
	done

results: $(INSTALLED)  ## rechnet alle Läufe, aus denen die Tabellen entstehen (rund 50 Minuten; setzt fort)
	ANNCOURSE_DATA=$(DATA) $(BIN)/python benchmarks/measure.py
	for cell in rnn lstm gru; do \
	  OMP_NUM_THREADS=1 ANNCOURSE_DATA=$(DATA) $(BIN)/python -m anncourse train --cell $$cell \
	    --seed 0 --output anncourse/trained/$$cell || exit 1; \
	done

bench: $(INSTALLED) book  ## misst unseren Weg gegen den naheliegenden (rund 10 Minuten, auf ruhigem Rechner)
	ANNCOURSE_DATA=$(DATA) $(BIN)/python benchmarks/bench.py
	ANNCOURSE_DATA=$(DATA) $(BIN)/python benchmarks/tried.py
	$(BIN)/python benchmarks/live.py

check: $(INSTALLED)  ## prüft nur den Stil des Codes
	$(BIN)/ruff check .

serve: $(INSTALLED)  ## zeigt das gebaute Buch unter http://localhost:8000
	$(PYTHON) -m http.server 8000 --directory _build/html

slug:  ## trägt eine andere Adresse ein: make slug SLUG=besitzer/name
	$(PYTHON) book/_tools/slug.py "$(SLUG)"

clean:  ## entfernt Gebautes; .venv bleibt
	rm -rf _build
