# Zwei Befehle genügen: «make book» und «make test». Alles Nötige richten sie selbst ein.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
DICTIONARY := .venv/share/hunspell/de_CH.dic
NOTEBOOKS := $(sort $(wildcard notebooks/*.ipynb))

# Ein Ordner mit Daten gilt von dort aus, wo der Befehl getippt wurde: nbval wechselt den Ordner.
# Seinen Namen liest die Shell, nicht make: make trennte ihn an jedem Leerzeichen.
DEFAULT := imdb
DATA = "$$(case "$${ANNCOURSE_DATA:=$(DEFAULT)}" in \
  (imdb|sample|/*) printf %s "$$ANNCOURSE_DATA";; \
  ('~'|'~'/*) printf %s "$$HOME$${ANNCOURSE_DATA\#?}";; \
  (*) printf %s "$$PWD/$$ANNCOURSE_DATA";; esac)"

# PyPIs torch bringt unter Linux mehrere GB für CUDA mit. Darum kommt vorher torch allein, ohne CUDA;
# ist sein Verzeichnis nicht zu erreichen, geht es ohne weiter.
ifeq ($(shell uname -s),Linux)
  TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
endif
without_cuda = $(if $(TORCH_INDEX),$(1) install --quiet --no-deps --retries 0 --timeout 10 \
  --index-url $(TORCH_INDEX) torch $(2) 2> /dev/null || true)

.DEFAULT_GOAL := help
.PHONY: help install lock lab book pdf site test test-browser test-colab notebooks sync search results bench check serve slug clean

help:  ## zeigt diese Übersicht
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

# Auch eine neue Version in __init__.py will installiert sein.
$(INSTALLED): requirements.txt constraints.txt pyproject.toml anncourse/__init__.py
	$(PYTHON) -m venv .venv
	$(call without_cuda,$(BIN)/pip,--constraint constraints.txt)
	$(BIN)/pip install --quiet --requirement requirements.txt --constraint constraints.txt
	touch $@

$(DICTIONARY): tests/dictionary.py | $(INSTALLED)
	$(BIN)/python tests/dictionary.py

install: $(INSTALLED)  ## legt .venv an und installiert, was in constraints.txt steht

lock:  ## schreibt constraints.txt neu: die neusten Versionen, die requirements.txt zulässt
	rm -rf _build/lock
	$(PYTHON) -m venv _build/lock
	$(call without_cuda,_build/lock/bin/pip)
	_build/lock/bin/pip install --quiet --requirement requirements.txt
	_build/lock/bin/pip freeze --exclude-editable > _build/lock/freeze
	echo '# Womit geprüft wurde; «make lock» schreibt diese Datei.' > constraints.txt
	sed 's/+cpu$$//' _build/lock/freeze | LC_ALL=C sort -f >> constraints.txt
	rm -rf _build/lock

# Die Wurzel ist der Klon: Dort sucht jupytext, was pyproject.toml über die Paare sagt.
lab: $(INSTALLED)  ## öffnet notebooks/ in JupyterLab; ein Paar bleibt beim Speichern ein Paar
	ANNCOURSE_DATA=$(DATA) PATH="$$PWD/$(BIN):$$PATH" $(BIN)/jupyter lab \
	  --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks

book: $(INSTALLED)  ## baut das Buch aus den gespeicherten Notebooks nach _build/html
	$(BIN)/jupyter-book build . -W -n --keep-going --quiet
	@echo "Das Buch liegt in _build/html/index.html"

pdf: $(INSTALLED)  ## druckt das ganze Kapitel nach _build/pdf (braucht Chromium)
	$(BIN)/jupyter-book build . --builder singlehtml -W -n --keep-going --quiet
	$(BIN)/python book/_tools/pdf.py

site: book pdf  ## stellt zusammen, was man veröffentlicht: Buch, PDF und ein zip zum Mitnehmen
	$(BIN)/python book/_tools/site.py

test: DEFAULT := sample
test: check $(DICTIONARY)  ## prüft Modul, Prosa, Buch und Notebooks (nbval, auf Beispieldaten, wenn ANNCOURSE_DATA nichts anderes sagt)
	OMP_NUM_THREADS=1 ANNCOURSE_DATA=$(DATA) $(BIN)/pytest tests notebooks \
	  --nbval-lax --nbval-current-env --nbval-cell-timeout=1200 -n 2 --dist loadfile

test-browser: $(INSTALLED)  ## prüft jede Seite des gebauten Buchs in Chromium (vorher: make book)
	OMP_NUM_THREADS=1 $(BIN)/pytest tests/browser

test-colab: $(INSTALLED)  ## führt die Notebooks wie in Colab aus (Netz, rund 10 Minuten)
	OMP_NUM_THREADS=1 $(BIN)/pytest tests/test_colab.py -m colab

notebooks: $(INSTALLED)  ## führt alle Notebooks auf ANNCOURSE_DATA (sonst imdb) aus und speichert die Ausgaben
	for notebook in $(NOTEBOOKS); do \
	  ANNCOURSE_DATA=$(DATA) $(BIN)/jupyter nbconvert --to notebook --execute --inplace \
	    --ExecutePreprocessor.record_timing=False $$notebook || exit 1; \
	done

# Ein neues Notebook braucht auch einen Kern; die anderen behalten ihren.
KERNEL := {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}

# Der zweite Befehl bringt einen Zwilling in die Form, in der ihn auch JupyterLab speichert.
sync: $(INSTALLED)  ## trägt Übungen und Änderungen der Textzwillinge (.md) in die Notebooks; Ausgaben bleiben
	$(BIN)/python book/_tools/exercises.py
	$(BIN)/jupytext --quiet --to ipynb --update --update-metadata '$(KERNEL)' notebooks/*.md
	$(BIN)/jupytext --quiet --to md:myst notebooks/*.ipynb

search: $(INSTALLED)  ## sucht das Rezept jeder Zelle, allein auf dem Validierungsteil (setzt fort)
	ANNCOURSE_DATA=$(DATA) $(BIN)/python -m anncourse.experiments.search

results: $(INSTALLED)  ## rechnet alle Läufe, aus denen die Tabellen entstehen (rund drei Stunden; setzt fort)
	ANNCOURSE_DATA=$(DATA) $(BIN)/python -m anncourse.experiments

bench: $(INSTALLED) book  ## misst unseren Weg gegen den naheliegenden (rund 25 Minuten, auf ruhigem Rechner)
	ANNCOURSE_DATA=$(DATA) $(BIN)/python benchmarks/bench.py
	ANNCOURSE_DATA=$(DATA) $(BIN)/python benchmarks/tried.py
	$(BIN)/python benchmarks/live.py

check: $(INSTALLED)  ## prüft nur den Code: Stil, Form und Typen
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

serve: $(INSTALLED)  ## zeigt das gebaute Buch unter http://localhost:8000
	$(PYTHON) -m http.server 8000 --directory _build/html

slug:  ## trägt eine andere Adresse ein: make slug SLUG=besitzer/name
	$(PYTHON) book/_tools/slug.py "$(SLUG)"

clean:  ## entfernt Gebautes; .venv bleibt
	rm -rf _build
