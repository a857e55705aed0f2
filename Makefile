# The one door to this project: `make` lists what it can do.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$p; break; }; done)

.DEFAULT_GOAL := help
.PHONY: help setup demo test chaos soak check format docs states bench lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: $(VENV)/.ready ## set up .venv with everything that is locked

$(VENV)/.ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, with its venv module: install it, or say make PYTHON=/path/to/python3"; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: setup ## run the main job: emulator, ingress, two workers, callers (DEMO_SECONDS, DEMO_SEED)
	$(BIN)/switchhook demo

test: setup ## run all tests
	$(BIN)/python -m pytest -n 4 --dist loadfile

chaos: setup ## break real processes in every way, also in those that take minutes
	$(BIN)/python -m pytest tests/e2e/chaos -m "soak or not soak" -rP

soak: setup ## simulate deployments under faults, by ever new seeds (SOAK_SECONDS)
	$(BIN)/switchhook soak

check: setup ## format, lint, types, import walls
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: setup ## put the code into its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: setup ## make the tables of docs/ anew from the code
	$(BIN)/python -m tests.documents

states: setup ## keep a state in today's form for the test that later releases read it (see tests/unit/ledger/test_forms.py)
	$(BIN)/python -m tests.states

bench: setup ## measure the hot paths beside their floors
	$(BIN)/python -m tests.bench

lock: setup ## make requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --extra embedded --extra dev --output-file requirements.lock pyproject.toml

clean: ## remove what was built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
