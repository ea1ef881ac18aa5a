# One line a target; `make help` lists them. Everything lives in .venv and ~/.cache/rialto.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: help run test test-long check format bench peers metrics triton clean

help:            ## list the targets
	@grep -E '^[a-z-]+: .*##|^[a-z-]+:  *##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

$(VENV)/run.done: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/test.done: $(VENV)/run.done
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	touch $@

run: $(VENV)/run.done   ## install, then serve on http://127.0.0.1:8000
	$(BIN)/rialto serve

check: $(VENV)/test.done   ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/test.done   ## put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: check programs metrics triton   ## check, then the whole suite
	$(BIN)/pytest -m "not long"

test-long: check programs metrics triton   ## the suite and the minutes-long checks
	$(BIN)/pytest

# The page is tested in a real browser, metadata by an independent reader, alerts by Prometheus;
# Debian's are taken where they are missing.
.PHONY: programs
programs:
	@command -v chromium exiftool promtool amtool | wc -l | grep -q 4 || { apt-get update -qq && \
	  apt-get install -y -qq --no-install-recommends chromium libimage-exiftool-perl prometheus \
	    prometheus-alertmanager; }

triton:          ## install a real Triton, in an environment of its own
	deploy/triton/install.sh

peers: $(VENV)/test.done   ## install the peers that benchmarks stand beside
	benchmarks/peers/setup.sh

metrics: $(VENV)/test.done   ## fetch the weights of LPIPS and DISTS
	$(BIN)/python -c "from bridge.perceptual_weights import fetch_weights; fetch_weights()"

bench: $(VENV)/test.done   ## the figures of docs/06-measurements
	$(BIN)/python -m benchmarks.efficiency
	$(BIN)/python -m benchmarks.batching
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.queue_rates
	$(BIN)/python -m benchmarks.archive_doors
	$(BIN)/python -m benchmarks.archive_memory
	$(BIN)/python -m benchmarks.triton

clean:           ## remove the environment and what tools left
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache *.egg-info
