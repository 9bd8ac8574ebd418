# Everything from a bare clone with Python 3.11+, pip and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check

# Real data sets for tests and benchmarks, where they are at hand.
ifneq ($(wildcard ../shared/data),)
export TASTEGRAPH_DATA ?= $(abspath ../shared/data)
endif

.PHONY: audit coverage help ray licences settings quickstart test lint mutants bench torture fuzz browser pictures docs lock lowest wheel clean

help:
	@echo "make quickstart  train on MovieLens 100K and print a Guess You Love list"
	@echo "make test        lint, types and all tests: what CI runs"
	@echo "make lint        format and lint checks, types, dead code"
	@echo "make coverage    all tests, and the share of lines that they run"
	@echo "make mutants     which changes of ranking, graph and the losses no test notices; MUTANTS=\"tastegraph.ranking.metrics*\""
	@echo "make bench       speed against peers (long); CASES=\"propagation step\" for some"
	@echo "make torture     kill runs at every write and at 30 random moments, go on, compare (half an hour)"
	@echo "make fuzz        ten minutes of coverage-guided runs against readers, recipes and saved models; FUZZ_SECONDS=200 each"
	@echo "make audit       look the pinned packages up among known vulnerabilities (online)"
	@echo "make licences    the licences of what comes along, into docs/licences.md"
	@echo "make settings    the keys of a recipe, from their classes, into docs/settings.md"
	@echo "make ray         the tests of tune --ray on a Ray of their own (267 MB more to install)"
	@echo "make browser     Debian's Chromium and PostgreSQL, which some tests of the service need, where they are missing"
	@echo "make pictures    the pictures of the pages in docs/, of a run of MovieLens 1M"
	@echo "make wheel       the source distribution and the wheel, installed in an empty environment and tried (online, minutes)"
	@echo "make lowest      the lowest versions allowed, installed and tested (online, minutes); LOWEST_TESTS=tests/cli for some"
	@echo "make docs        the documentation site, in build/site"
	@echo "make lock        resolve dependencies anew into constraints.txt"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "TasteGraph needs Python 3.11 or newer: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(PIP) install --quiet -c constraints.txt -e ".[dev,bench,compare,graphgym,mlflow,serve,postgresql,tensorboard,tune]"
	@touch $@

$(VENV)/.docs: $(VENV)/.dev
	$(PIP) install --quiet -c constraints.txt -e ".[docs]"
	@touch $@

quickstart: $(VENV)/.runtime
	$(BIN)/tastegraph quickstart

lint: $(VENV)/.dev
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/vulture

# Most tests wait for a process of their own: two at one time take little more than half as long.
TEST_WORKERS ?= 2

test: lint
	$(BIN)/python -m pytest --quiet -n $(TEST_WORKERS) --dist loadfile

coverage: $(VENV)/.dev
	$(BIN)/python -m pytest --quiet -n $(TEST_WORKERS) --dist loadfile --cov --cov-report=term --cov-fail-under=95

$(VENV)/.mutants: $(VENV)/.dev
	$(PIP) install --quiet -c constraints.txt -e ".[mutants]"
	@touch $@

# A function, a file or a room: MUTANTS="tastegraph.ranking.metrics*". Data sets are left out, they would take too long.
MUTANTS ?= *

mutants: $(VENV)/.mutants
	TASTEGRAPH_DATA= $(BIN)/mutmut run "$(MUTANTS)"
	$(BIN)/mutmut results

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks $(CASES)

torture: $(VENV)/.dev
	$(BIN)/python tests/studies/torture.py faults
	$(BIN)/python tests/studies/torture.py forced
	$(BIN)/python tests/studies/torture.py kills 30

# Tests skip with the reason what is not there; as root on Debian it is put there.
browser:
	@{ command -v chromium && ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1 || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium postgresql >/dev/null; } || \
	  echo "no Chromium or no PostgreSQL: tests that need them are skipped"

pictures: $(VENV)/.dev browser
	[ -d build/pictured ] || $(BIN)/tastegraph train ml-1m --recipe ml-1m --set 'baselines=["popularity","itemknn","ease"]' --out build/pictured
	$(BIN)/python -m benchmarks.pictures build/pictured docs/pictures

# Ray takes as much room as torch, so CI does without; its tests are skipped where it is missing.
$(VENV)/.ray: $(VENV)/.dev
	$(PIP) install --quiet -c constraints.txt -e ".[ray]"
	@touch $@

ray: $(VENV)/.ray
	$(BIN)/python -m pytest --quiet tests/studies/test_on_ray.py

FUZZ_SECONDS ?= 200

$(VENV)/.fuzz: $(VENV)/.dev
	$(PIP) install --quiet -c constraints.txt -e ".[fuzz]"
	@touch $@

fuzz: $(VENV)/.fuzz
	for target in readers recipes models; do \
	  $(BIN)/python -m fuzz.$$target -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=4096 -timeout=20 || exit 1; done

$(VENV)/.audit: $(VENV)/.dev
	$(PIP) install --quiet -c constraints.txt -e ".[audit]"
	@touch $@

audit: $(VENV)/.audit
	@$(BIN)/python -m supply.audit

licences: $(VENV)/.dev
	$(PIP) install --quiet -c constraints.txt -e ".[index,onnx,ray]"
	$(BIN)/python -m supply.licences docs/licences.md

settings: $(VENV)/.dev
	$(BIN)/python -m supply.settings docs/settings.md

docs: $(VENV)/.docs
	$(BIN)/sphinx-build --quiet --fail-on-warning --fresh-env docs build/site
	$(BIN)/python -m supply.site build/site
	@echo "build/site/index.html"

$(VENV)/.release: $(VENV)/.runtime
	$(PIP) install --quiet -c constraints.txt -e ".[release]"
	@touch $@

wheel: $(VENV)/.release
	rm -rf build/dist
	$(BIN)/python -m build --outdir build/dist .
	$(BIN)/python -m supply.installed build/dist/*.whl constraints.txt

# Below its pin torch would bring CUDA builds of other years, and cornac brings a newer numpy along; the rest is the lowest that
# pyproject.toml allows of what it names.
LOWEST := build/lowest
LOWEST_TESTS ?= tests/graph tests/ranking tests/lightgcn tests/baselines tests/data tests/cli tests/serving

lowest: $(VENV)/.release
	rm -rf $(LOWEST)
	$(PYTHON) -m venv $(LOWEST)
	grep '^torch==' constraints.txt > $(LOWEST)/torch.txt
	$(BIN)/uv pip compile --quiet --no-annotate --no-header --resolution lowest-direct --override $(LOWEST)/torch.txt \
	  --extra bench --extra compare --extra index --extra onnx --extra serve --python $(BIN)/python pyproject.toml | grep -vE '^(cuda|nvidia|triton)' > $(LOWEST)/versions.txt
	$(LOWEST)/bin/python -m pip install --quiet -r $(LOWEST)/versions.txt -e . \
	  hatchling httpx hypothesis ir-measures onnxruntime pytest pytest-cov pytest-xdist
	cd $(LOWEST) && bin/tastegraph quickstart
	$(LOWEST)/bin/python -m pytest --quiet -n $(TEST_WORKERS) --dist loadfile -k "not cornac" $(LOWEST_TESTS)

lock:
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet "torch>=2.6,<3" -e ".[audit,dev,bench,compare,graphgym,mlflow,serve,postgresql,ray,tensorboard,tune,docs,release]"
	build/lock/bin/python -m pip freeze --exclude-editable | sed 's/+cpu//' > constraints.txt

clean:
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .hypothesis
