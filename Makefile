# One line a target; `make help` lists them. Everything lives in .venv and ~/.cache/rialto.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: help run test test-long test-containers check format bench dashboards dashboards-pictures fuzz
.PHONY: peers metrics triton soak train-demo clean

help:            ## list the targets
	@grep -E '^[a-z-]+: .*##|^[a-z-]+:  *##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 22

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

test-long: check programs metrics triton typescript azurite   ## the suite and the minutes-long checks
	$(BIN)/pytest

# The page is tested in a real browser, metadata by an independent reader, alerts by Prometheus;
# Debian's are taken where they are missing.
.PHONY: programs
programs:
	@command -v chromium exiftool promtool amtool | wc -l | grep -q 4 || { apt-get update -qq && \
	  apt-get install -y -qq --no-install-recommends chromium libimage-exiftool-perl prometheus \
	    prometheus-alertmanager; }

triton: $(VENV)/run.done   ## install a real Triton, in an environment of its own
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
	$(BIN)/python -m benchmarks.batching triton
	$(BIN)/python -m benchmarks.batching priorities
	$(BIN)/python -m benchmarks.arrivals
	$(BIN)/python -m benchmarks.load
	$(BIN)/python -m benchmarks.scale

soak: $(VENV)/test.done triton   ## callers, cancels and kills for SECONDS (1800); counts must sum up
	$(BIN)/python -m benchmarks.soak $(or $(SECONDS),1800)

fuzz: $(VENV)/test.done   ## damaged files into the decoders, FUZZ_SECONDS of them (3600)
	$(BIN)/python -m tests.fuzz_decoders $(or $(FUZZ_SECONDS),3600)

test-containers: $(VENV)/test.done   ## build, run, kill and end the containers, by a Docker engine of its own
	@command -v dockerd docker mmdebstrap iptables | wc -l | grep -q 4 || { apt-get update -qq && \
	  apt-get install -y -qq --no-install-recommends docker.io mmdebstrap iptables iproute2; }
	$(BIN)/python -m deploy.containers.journey

dashboards: $(VENV)/test.done   ## write Grafana's JSON and the Operator's rules anew
	$(BIN)/python -m deploy.grafana.build
	$(BIN)/python -m deploy.kustomize.alerts

dashboards-pictures: $(VENV)/test.done programs triton   ## draw docs/rialto-*.png from services at work
	$(BIN)/python -m deploy.grafana.pictures

# What the TypeScript recipe needs, under the cache, for a test that uses no network.
.PHONY: typescript
CACHE := $(or $(RIALTO_CACHE),$(HOME)/.cache/rialto)
typescript:      ## install what checks the TypeScript recipe
	@command -v npm >/dev/null || { apt-get update -qq && \
	  apt-get install -y -qq --no-install-recommends nodejs npm; }
	mkdir -p $(CACHE)/typescript
	cp examples/typescript/package*.json $(CACHE)/typescript
	cd $(CACHE)/typescript && npm ci --silent --no-audit --no-fund

.PHONY: azurite
azurite:         ## install Azure's blob storage as Microsoft emulates it
	@command -v npm >/dev/null || { apt-get update -qq && \
	  apt-get install -y -qq --no-install-recommends nodejs npm; }
	npm install --silent --no-audit --no-fund --prefix $(CACHE)/azurite azurite@3.37.0

train-demo: $(VENV)/test.done   ## five minutes of training on PHOTOS=folder, and its curve
	@test -n "$(PHOTOS)" || { echo "make train-demo PHOTOS=a/folder/of/photographs"; exit 2; }
	$(BIN)/python -m benchmarks.train_demo "$(PHOTOS)"

clean:           ## remove the environment and what tools left
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache *.egg-info
