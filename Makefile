# The one entry point: `make` lists what it can do. Needs only Python 3.11 or newer with venv, make and git.

PYTHON ?= python3
CONFIG ?= config.yaml
UV_VERSION := 0.13.9
TORCH_VERSION := 2.13.0

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -qq
REPORTS := build/tests
BENCH := build/bench

# The quick tests; the others, and what needs the package registry, make up the rest: every test runs once.
QUICK := not server and not slow and not data
PYTEST := $(BIN)/python -m pytest -q -rs
# A file's tests stay together: they share what they have set up.
SIDE_BY_SIDE := --numprocesses auto --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help install run demo docs test quick bench soak lock licences sbom notes clean python setup torch system servers lint types layers unit slow integration registry
.NOTPARALLEL:

help: ## print this list
	@echo "Listener: hear what is said about your brand. Usage: make TARGET"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'
	@echo "Another Python: make PYTHON=python3.12 install. Another configuration: make CONFIG=mine.yaml run."

install: $(VENV)/.stamp-install ## make .venv with the locked packages (only when something changed)

run: install ## install, then start the daemon on config.yaml
	@exec $(BIN)/listener run --config $(CONFIG)

demo: install ## install, then show the real daemon on invented brands, without a network
	@exec $(BIN)/python -m listener.demo

docs: $(VENV)/.stamp-dev ## build the documentation as a site into build/site, with every link and anchor checked
	@# Not --quiet: what is not said is not counted either, and --strict would find nothing.
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "docs: build/site/index.html"

test: python ## everything that CI runs: lint, types, layers, all tests; says what was skipped
	@.ci/stages

quick: lint types layers unit ## what to run before each commit: lint, types, layers, fast tests (under four minutes)

# Tone is measured in .venv, which holds what the extras need: an engine loads only what it needs, in a process of its
# own, so that the tests' packages beside it cost it nothing.
bench: $(BENCH)/.stamp $(VENV)/.stamp-dev ## measure: a feed to KPIs, a whole network, the daemon at rest, tone
	@$(BENCH)/bin/python -m benchmarks
	@$(BENCH)/bin/python -m benchmarks.owning
	@$(BIN)/python -m benchmarks.tone
	@$(BIN)/python -m benchmarks.comparative
	@$(BIN)/python -m benchmarks.int8

soak: $(VENV)/.stamp-dev ## run the daemon for a long time under faults, watch its memory; then kill it 200 times
	@$(BIN)/python -m benchmarks.soak
	@$(BIN)/python -m benchmarks.kills

# The locks are made from pyproject.toml alone, for every Python from 3.11 on, Linux and macOS, with the hashes of
# the public registry. UV_NO_CONFIG and the cleared variables keep an index of this machine out of them.
LOCK := env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL -u PIP_INDEX_URL -u UV_FIND_LINKS -u UV_INDEX -u UV_INDEX_URL \
	-u UV_EXTRA_INDEX_URL -u UV_DEFAULT_INDEX UV_NO_CONFIG=1 build/uv/bin/uv pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header pyproject.toml

lock: python ## make both lock files again from pyproject.toml (needs the package registry)
	@test -x build/uv/bin/uv || $(PYTHON) -m venv build/uv || exit 1
	@build/uv/bin/python -m pip --disable-pip-version-check install -qq uv==$(UV_VERSION)
	@$(LOCK) --group build --output-file requirements.lock $(LOCK_OPTIONS)
	@$(LOCK) --group build --group dev --group docs --group transformers --group training --output-file requirements-dev.lock $(LOCK_OPTIONS)
	@echo "lock: requirements.lock, requirements-dev.lock. Versions stay unless pyproject.toml asks for others;"
	@echo "      make lock LOCK_OPTIONS=--upgrade takes the newest that it admits."

licences: $(VENV)/.stamp-dev ## write docs/licences.md: the licence of every package and of third_party
	@$(BIN)/python packaging/licences.py

sbom: $(VENV)/.stamp-install ## write build/sbom.json: what the default install is made of (CycloneDX 1.6)
	@$(BIN)/python packaging/sbom.py $(CURDIR)/build/sbom.json

notes: ## print what CHANGELOG.md says of one version: make VERSION=0.1.0 notes
	@$(PYTHON) packaging/release_notes.py "$(VERSION)"

clean: ## remove .venv and what tests and builds left; never the data folder
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@echo "clean: removed .venv, build and caches; data/ stays"

# ---- installing ------------------------------------------------------------------------------------------------

# A .venv that works needs no other Python: it may have been made with PYTHON=... once.
python:
	@$(BIN)/python -c '' 2>/dev/null && exit 0; \
	if ! command -v $(PYTHON) >/dev/null; then why="'$(PYTHON)' was not found: install Python 3.11 or newer"; \
	elif ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then why="'$(PYTHON)' is $$($(PYTHON) --version 2>&1): Listener needs Python 3.11 or newer"; \
	elif ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then why="'$(PYTHON)' comes without venv: on Debian and Ubuntu, apt install python3-venv"; \
	else exit 0; fi; \
	echo "make: $$why, or name another one: make PYTHON=python3.12 install" >&2; exit 1

# eldc carries the source of its table, 49 MB of C, beside the table: nothing reads it.
SPARE = $(1)/lib/python3*/site-packages/eldc/*.[ch]

# A .venv whose Python is gone (an upgraded system, a moved folder) is made anew instead of failing later.
$(VENV)/.stamp-install: requirements.lock pyproject.toml | python
	@$(BIN)/python -c '' 2>/dev/null || { echo "install: a virtual environment in $(VENV)"; $(PYTHON) -m venv --clear $(VENV); }
	@echo "install: $$(grep -c == requirements.lock) packages of requirements.lock"
	@$(PIP) --require-hashes -r requirements.lock
	@rm -f $(call SPARE,$(VENV))
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@
	@echo "install: done; the command is $(BIN)/listener"

# Listens to .stamp-torch where it is there: what torch may have moved goes back to the locked version.
$(VENV)/.stamp-dev: requirements-dev.lock $(VENV)/.stamp-install $(wildcard $(VENV)/.stamp-torch)
	@echo "install: $$(grep -c == requirements-dev.lock) packages of requirements-dev.lock"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

# torch is in no lock: which build fits depends on the machine. By itself, so that nothing else chooses it.
$(VENV)/.stamp-torch: $(VENV)/.stamp-install
	@echo "install: torch $(TORCH_VERSION), by itself, for the tests of the transformers engine"
	@if $(PIP) torch==$(TORCH_VERSION); then touch $@; \
	else echo "SKIPPED: torch $(TORCH_VERSION) cannot be installed here; the tests that need it will be skipped"; fi

# What is measured is what a user installs: packages of the tests (numpy, rich) make every command start slower.
$(BENCH)/.stamp: requirements.lock pyproject.toml | python
	@echo "bench: the default install, by itself, in $(BENCH)"
	@$(PYTHON) -m venv --clear $(BENCH)
	@$(BENCH)/bin/python -m pip --disable-pip-version-check install -qq --require-hashes -r requirements.lock
	@rm -f $(call SPARE,$(BENCH))
	@$(BENCH)/bin/python -m pip --disable-pip-version-check install -qq --no-deps --no-build-isolation --editable .
	@touch $@

torch: $(VENV)/.stamp-torch
	@$(BIN)/python -c 'import torch; print("torch build:", torch.__version__)' 2>/dev/null || echo "torch build: none"

# ---- the stages of `make test`, which CI calls too ---------------------------------------------------------------

system:
	@.ci/system

# Real servers for the tests of collectors, into build/; what cannot be had is told in a line, and its tests skipped.
servers:
	@.ci/bluesky
	@.ci/snac
	@.ci/maildev

setup:
	@$(MAKE) --no-print-directory torch
	@$(MAKE) --no-print-directory $(VENV)/.stamp-dev
	@$(BIN)/python --version

lint types layers unit slow integration registry: $(VENV)/.stamp-dev

lint:
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types:
	@$(BIN)/mypy

layers:
	@mkdir -p build
	@$(BIN)/lint-imports --no-logo >build/layers.log 2>&1 || { cat build/layers.log; exit 1; }
	@echo "layers: $$(tail -n 1 build/layers.log)"

# Tests run where only loopback is left: what tries to leave the machine fails. Not every machine can make that.
CUT_OFF = cut=; if .ci/offline true; then cut=.ci/offline; else echo "SKIPPED: the tests run with the network on"; fi; $$cut

unit:
	@$(CUT_OFF) $(PYTEST) $(SIDE_BY_SIDE) -m "$(QUICK)" --timeout 120 --junitxml $(REPORTS)/unit.xml

# What needs no server and measures no time can be run side by side too.
slow:
	@$(CUT_OFF) $(PYTEST) $(SIDE_BY_SIDE) -m "not ($(QUICK)) and not registry and not server and not alone" --timeout 600 --junitxml $(REPORTS)/slow.xml

integration:
	@$(CUT_OFF) $(PYTEST) -m "not ($(QUICK)) and not registry and (server or alone)" --timeout 600 --junitxml $(REPORTS)/integration.xml

# What asks the package registry cannot be cut off.
registry:
	@$(PYTEST) -m registry --timeout 600 --junitxml $(REPORTS)/registry.xml
