# mailer: `make demo` shows a whole Saturday, `make test` proves it. Both install what they need.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: messages help demo test lint judges explore chaos bench image golden format clean browser caniemail

help:           ## say what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

demo: $(VENV)/.demo    ## install, then assemble, send and show the Saturday edition
	$(BIN)/mailer demo

test: $(VENV)/.dev lint browser    ## install everything needed, then prove every promise
	$(BIN)/coverage erase
	$(BIN)/python -m pytest $(TOGETHER) --cov --cov-report=
	$(BIN)/coverage report

# A process per core: each starts a PostgreSQL and a browser once, so not dozens of them.
TOGETHER := --numprocesses=auto --maxprocesses=4 --dist=worksteal

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/codespell README.md CHANGELOG.md docs mailer

browser: $(VENV)/.dev
	@sh tests/browser.sh $(BIN)

judges: $(VENV)/.dev browser    ## have strangers' programs judge our mail; MAILER_JUDGES names their folder
	@test -n "$$MAILER_JUDGES" || { echo "Say where they are: make judges MAILER_JUDGES=/path" >&2; exit 2; }
	MAILER_JUDGES="$$MAILER_JUDGES" $(BIN)/python -m pytest -m judges

explore: $(VENV)/.dev    ## look for examples that break a property, at random
	MAILER_EXPLORE=yes $(BIN)/python -m pytest -q tests/unit tests/checks tests/system/test_any_request.py

chaos: $(VENV)/.dev    ## kill, stop and starve senders by the hundred; count lost, doubled, in doubt
	$(BIN)/python -m tests.chaos $(CHAOS)

bench: $(VENV)/.dev    ## measure the real command beside others; BENCH=medium or full write docs/performance.md
	$(BIN)/python -m tests.bench $(if $(filter medium full,$(BENCH)),$(BENCH) -o docs,quick)

image: $(VENV)/.dev    ## build the container's image by hand and run it, as root; BASE names a Debian's root
	@test -n "$(BASE)" || { echo "Say where it is: make image BASE=/path (tests/image.py says how to make one)" >&2; exit 2; }
	$(BIN)/python -m tests.image $(BASE)

golden: $(VENV)/.dev    ## render the samples anew into tests/golden; then look at the difference
	rm -f tests/golden/*
	MAILER_GOLDEN=write $(BIN)/python -m pytest -q tests/unit/rendering/test_golden.py
	@git --no-pager diff --stat -- tests/golden

format: $(VENV)/.dev    ## mend what a program can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: $(VENV)/.dev    ## gather every sentence of ours into the French catalogue
	$(BIN)/python -m tests.messages

caniemail: $(VENV)/.dev    ## fetch what mail programs support (npm), measure our themes anew
	@mkdir -p build && cd build && npm pack --silent caniemail
	$(BIN)/python -m tests.checks.caniemail build/caniemail-*.tgz

clean:          ## forget what was installed and measured here
	rm -rf $(VENV) build dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON). Say: make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "mailer needs Python 3.11 or newer; $(PYTHON) is older. Say: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "No virtual environment could be made (Debian: apt-get install python3-venv)." >&2; exit 1; }

$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	@echo "Installing mailer into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	@echo "Installing mailer and the tools that test it into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.demo
