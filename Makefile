# `make help` lists what there is. Everything is installed into this folder; nothing outside it is touched, except
# that `make test` installs Chromium and Go if the machine has none.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
UV := 0.13.8
JOBS ?= auto
COUNT ?= 10000000
PYTEST = $(BIN)/pytest -q
# In the given order, so that the slowest folders come first; left alone, files with few tests come last.
BY_FILE := --dist loadfile --no-loadscope-reorder
PYTHON_READY := $(VENV)/.ready
NODE_READY := node_modules/.ready
BUILD_READY := build/.ready
LOCALE_READY := build/.locale

FRONTEND := $(shell find frontend src/openmai -type f \( -path 'frontend/*' -o -path '*/jinja2/*' \) ! -path '*/node_modules/*' 2>/dev/null)
CATALOGUES := $(shell find src/openmai/locale -name '*.po' 2>/dev/null)

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: setup build ## Set everything up and run the product with an invented community
	@$(BIN)/openmai demo

# Two groups at a time: one waits for clocks while the other computes. The longest come first, and have no
# prerequisite that would let the others pass them.
GROUPS := test-core test-browser test-subpoena test-people test-frontend test-talk
# Make 4 can keep what they say apart.
APART := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.PHONY: test
test: setup build chromium go ## Set everything up and test it
	@echo "Two groups of tests run at a time; each says what it found when it ends."
	@$(MAKE) --no-print-directory --keep-going --jobs=2 $(APART) $(GROUPS)

.PHONY: $(GROUPS)
test-core: setup build ## Test what is no site: proofs, log, command line, demo, platform, architecture
	@scripts/install-go
	$(PYTEST) tests/demo tests/cli tests/platform tests/anonymity tests/architecture -n $(JOBS) $(BY_FILE)

test-browser: setup build ## Test whole journeys in Chromium
	@scripts/install-chromium
	$(PYTEST) tests/browser -n $(JOBS) $(BY_FILE)

test-subpoena: setup build ## Test in small what `make adversary` tests in full
	$(PYTEST) tests/adversary -n $(JOBS) --dist loadgroup

test-people: setup build ## Test the real-name site
	$(PYTEST) tests/people --ds=openmai.sites.people.settings -n $(JOBS) $(BY_FILE)

test-talk: setup build ## Test Job Talk
	$(PYTEST) tests/talk tests/fuzz --ds=openmai.sites.talk.settings -n $(JOBS) $(BY_FILE)

test-frontend: setup build ## Test the front end in Node
	npm test --silent

.PHONY: check
check: setup build ## Lint, types, layers and settings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	npm run --silent check

.PHONY: bench
bench: setup build ## Run the benchmarks; NAME=verify for one
	@$(BIN)/python -m bench $(NAME)

.PHONY: adversary
adversary: setup build chromium ## Run the full subpoena test, and write docs/subpoena-test.md
	@$(BIN)/python -m tests.adversary

.PHONY: fuzz
fuzz: setup build ## Judge ten million hostile variations of submissions; COUNT=100000 for fewer
	@$(BIN)/python -m tests.fuzz --count $(COUNT) --seed openmai-3

.PHONY: fuzz-guided
fuzz-guided: setup build ## The same judge led by coverage, for ten minutes
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r tests/fuzz/requirements.lock
	@$(BIN)/python -m tests.fuzz.guided build/fuzz-corpus -max_total_time=600

.PHONY: build
build: $(BUILD_READY) $(LOCALE_READY) ## Build the front end and the translations, if anything changed

.PHONY: setup
setup: $(PYTHON_READY) $(NODE_READY) ## Install the Python and Node packages of the lock files

.PHONY: chromium
chromium: ## Find or install Chromium
	@scripts/install-chromium

.PHONY: go
go: ## Find or install Go, which reads our log in a test
	@scripts/install-go

.PHONY: messages
messages: $(PYTHON_READY) ## Bring the translation catalogues up to date with the code
	@scripts/messages

.PHONY: screenshots
screenshots: setup chromium ## Photograph every page of the running demo
	@$(BIN)/python scripts/screenshots --people http://localhost:8000 --talk http://127.0.0.1:8001

.PHONY: lock
lock: $(PYTHON_READY) ## Resolve the Python packages again after a change in pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --quiet --output-file requirements.lock
	$(BIN)/uv pip compile tests/fuzz/requirements.in --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --quiet --output-file tests/fuzz/requirements.lock

.PHONY: clean
clean: ## Remove what was built and installed, and keep the demo's data
	rm -rf $(VENV) node_modules build

$(PYTHON_READY): requirements.lock pyproject.toml scripts/make-venv
	@scripts/make-venv $(VENV) $(UV)
	@touch $@

$(NODE_READY): package.json package-lock.json scripts/check-node
	@scripts/check-node
	@echo "Installing the Node packages…"
	@npm ci --loglevel=error
	@touch $@

$(BUILD_READY): $(NODE_READY) $(FRONTEND)
	@echo "Building the front end…"
	@node frontend/build.mjs
	@mkdir -p $(@D) && touch $@

$(LOCALE_READY): $(PYTHON_READY) $(CATALOGUES)
	@if [ -n "$(CATALOGUES)" ]; then $(BIN)/pybabel --quiet compile --domain django --directory src/openmai/locale; fi
	@mkdir -p $(@D) && touch $@
