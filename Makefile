# Two commands matter: `make demo` and `make test`. Each does all its own set-up.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast lint fmt bench audit lock clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

$(VENV)/.uv: requirements/tools.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.txt
	@touch $@

$(VENV)/.demo: $(VENV)/.uv requirements/demo.txt pyproject.toml
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/demo.txt
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.uv requirements/dev.txt pyproject.toml
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/dev.txt
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo ## the whole thing on this machine: open the address it prints (ARGS="--port 0 --events DIR")
	$(BIN)/python -m bot demo $(ARGS)

test: $(VENV)/.dev ## every test, in parallel and in random order (ARGS="-k words")
	$(BIN)/python -m pytest -n auto $(ARGS)

test-fast: $(VENV)/.dev ## without browser, crash and PostgreSQL tests
	$(BIN)/python -m pytest -n auto -m "not browser and not crash and not postgres" $(ARGS)

lint: $(VENV)/.dev ## ruff, mypy, import contract, bandit, Dockerfile
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml bot commands renderers
	$(BIN)/hadolint Dockerfile

fmt: $(VENV)/.dev ## format and fix what can be fixed
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## the scoreboard: medians, and ratios to a floor in the same run
	$(BIN)/python -m benchmarks $(ARGS)

audit: $(VENV)/.dev ## known vulnerabilities of what runs in production
	$(BIN)/pip-audit --require-hashes --disable-pip -r requirements/run.txt

lock: $(VENV)/.uv ## compile requirements/*.txt from pyproject.toml
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11 pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11 pyproject.toml --group demo -o requirements/demo.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11 pyproject.toml --group demo --group dev -o requirements/dev.txt

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
