# Every command a person needs; `make help` lists them.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help run test check bench lock setup clean

help: ## List the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

run: $(READY) ## Open the product with the Northwind demonstration on http://127.0.0.1:8000
	@$(BIN)/cogniflow up --demo

test: $(READY) ## Run every test, on PostgreSQL 18 and again on 15
	$(BIN)/python -m pytest $(ARGS)
	$(BIN)/python -m tests.oldest_postgres

check: $(READY) ## Check floors, house rules and style, in seconds
	$(BIN)/lint-imports --no-logo
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -q tests/architecture

bench: $(READY) ## Print every figure of the README, measured here
	$(BIN)/python -m bench

lock: $(READY) ## Pin the newest versions that setup.cfg admits
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile setup.cfg --extra test --extra build --universal --generate-hashes --python-version 3.11 \
		--no-annotate --no-header --upgrade --quiet --output-file requirements.lock

setup: $(READY) ## Only do the set-up

clean: ## Remove what set-up made; the data folder stays
	rm -rf $(VENV) node_modules build *.egg-info cogniflow/web/shell/static/vendor

$(READY): requirements.lock setup.cfg package-lock.json cogniflow/web/assets.py
	@test -n "$(PYTHON)" || { echo "CogniFlow needs Python 3.11 or newer, as python3 on PATH or as make PYTHON=..." >&2; exit 1; }
	@echo "Installing libraries into $(VENV), once: this takes a minute or two" >&2
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) >/dev/null 2>&1 || \
		{ $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip -q --python $(VENV) install pip; } 2>/dev/null || \
		{ echo "This Python can make no virtual environment with pip: install python3-venv (apt install python3-venv)." >&2; exit 1; }
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m cogniflow.web.assets
	@touch $(READY)
