# Everything runs from a fresh clone: the virtual environment is made and kept up to date here.
SYSTEM_PYTHON ?= python3
VENV := .venv
PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
BENCHMARK_STAMP := $(VENV)/.installed-benchmark
BENCHMARK_REQUIREMENTS := tests/benchmarks/requirements.txt
# Two processes, each with a database of its own; a module stays in one, as its fixtures do. In the
# order of their names: browser and servers come early, and neither process waits long at the end.
IN_PARALLEL := -n 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help install browser console test pictures faults lint format benchmark latency wheel clean

help:  ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP)  ## Make .venv with what the program needs

$(STAMP): requirements.txt
	@$(SYSTEM_PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make SYSTEM_PYTHON=python3.11 ..."; exit 1; }
	test -x $(PYTHON) || $(SYSTEM_PYTHON) -m venv $(VENV)
	$(PYTHON) -m pip install --quiet -r requirements.txt
	@touch $@

$(DEV_STAMP): $(STAMP) requirements-dev.txt
	$(PYTHON) -m pip install --quiet -r requirements-dev.txt
	@touch $@

# The system's own browser will do; otherwise Debian's package as root, else Playwright's build.
browser: $(DEV_STAMP)
	@if command -v chromium || command -v chromium-browser || command -v google-chrome; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; \
	else \
		$(PYTHON) -m playwright install chromium; \
	fi

console: $(STAMP)  ## Start the local stack with demo data and the console on it
	$(PYTHON) -m console

test: $(DEV_STAMP) browser lint  ## Lint, types, layering and every test
	$(PYTHON) -m pytest $(IN_PARALLEL)

pictures: $(DEV_STAMP) browser  ## Every page and state, both sizes and themes, in tests/artifacts
	ALL_LOOKS=1 $(PYTHON) -m pytest tests/browser/test_reach.py

faults: $(DEV_STAMP)  ## Commits that meet faults, counted by kind; ARGS="--commits 200 --seed 1"
	$(PYTHON) -m tests.faults $(ARGS)

lint: $(DEV_STAMP)  ## ruff, mypy and the import contracts
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(VENV)/bin/lint-imports

format: $(DEV_STAMP)  ## Rewrite the sources in the house format
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

$(BENCHMARK_STAMP): $(DEV_STAMP) $(BENCHMARK_REQUIREMENTS)
	$(PYTHON) -m pip install --quiet -r $(BENCHMARK_REQUIREMENTS)
	@touch $@

benchmark: $(BENCHMARK_STAMP)  ## Compare with the dense model and other solvers; ARGS="--quick"
	$(PYTHON) -m tests.benchmarks $(ARGS)

latency: $(DEV_STAMP) browser  ## Seconds each page and the slider take in the browser; ARGS="--workers 1000"
	$(PYTHON) -m tests.benchmarks.pages $(ARGS)

wheel: $(STAMP)  ## Build the wheel into dist/
	$(PYTHON) -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:  ## Remove what was generated; databases of the local stack stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf tests/artifacts tests/benchmarks/results dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
