# Patron: one command for each thing a person does with this tree. `make` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
PLUGINS := $(sort $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)))
DISTRIBUTIONS := core $(PLUGINS)
FRONTEND := $(shell find core/frontend -type f -not -path '*/node_modules/*' 2>/dev/null)
BUILD_INPUTS := $(wildcard $(addsuffix /pyproject.toml,$(DISTRIBUTIONS)) core/hatch_build.py) $(FRONTEND)
TYPED := $(wildcard core/patron) $(foreach plugin,$(PLUGINS),$(wildcard $(plugin)/patron_*)) tools bench

export PATRON_PORT ?= 8000
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PATH := $(CURDIR)/$(BIN):$(PATH)
export UV_LINK_MODE ?= copy
export UV_NO_PROGRESS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup browser demo test bench bench-large soak pairs lint format docs build lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.distributions ## Build .venv with core, every module and the tools

$(VENV)/.python: requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Patron needs Python 3.11 or newer: make setup PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/.requirements: $(VENV)/.python requirements/runtime.txt requirements/dev.txt
	$(UV) pip install --quiet --compile-bytecode --require-hashes -r requirements/runtime.txt -r requirements/dev.txt
	@touch $@

$(VENV)/.distributions: $(VENV)/.requirements $(BUILD_INPUTS) $(wildcard plugins)
	$(UV) pip install --quiet --no-deps --no-build-isolation $(addprefix -e ./,$(DISTRIBUTIONS))
	@$(BIN)/python -m compileall -q core/patron $(wildcard plugins/*/patron_*) # a start is mostly imports
	@touch $@

browser: setup ## Find or fetch the browser that the tests drive
	@$(BIN)/python tools/browser.py

demo: setup ## Serve a filled Patron on PATRON_PORT (8000) and print a sign-in link
	@$(BIN)/patron demo --dir .demo --port $(PATRON_PORT)

test: lint browser ## Lint, types, contracts, then every test: both databases, browser, wheels
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

bench: setup ## Measure the daily work on both databases into bench/results.json
	$(BIN)/python -m bench $(ARGS)

bench-large: setup ## The same with a million customers
	$(BIN)/python -m bench --customers 1000000 $(ARGS)

soak: setup ## The long tests, then half an hour of mixed work, watching memory and errors
	$(BIN)/pytest -m soak
	$(BIN)/python -m bench --soak 1800 $(ARGS)

pairs: setup ## Every module absent and every pair present, then each module's tests without each other one
	$(BIN)/pytest -m soak tests/test_module_pairs.py
	$(BIN)/python tools/pairs.py $(ARGS)

lint: setup ## Style, strict types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(TYPED)
	$(BIN)/python tools/contracts.py
	$(BIN)/lint-imports --no-logo

format: setup ## Put the code into the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## Generate the reference pages from the code
	$(BIN)/patron docs --to docs/reference

build: setup ## Build a wheel of every distribution into dist/
	$(foreach folder,$(DISTRIBUTIONS),$(UV) build --quiet --wheel --no-build-isolation --out-dir dist ./$(folder) &&) true

lock: $(VENV)/.python ## Pin what the distributions need, with hashes (ARGS=--upgrade for the newest)
	$(BIN)/python tools/lock.py $(ARGS)

clean: ## Remove what the other targets made
	rm -rf $(VENV) .demo dist core/patron/static/build core/frontend/node_modules
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
