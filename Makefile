# make run and make test work from a bare python3 (3.11 or newer): the environment is made first, in .venv.

PYTHON ?= python3
CORES ?= all
CONFIG ?= workflow/presets/headline.yaml
TESTS ?= tests
REPORT := results/report.html

ENVIRONMENT := .venv/.synced
SNAKEMAKE = snakemake $(if $(CONFIG),--configfile $(CONFIG))
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help run full seeds ablations test mutants bench lint environment clean clean-results
.DEFAULT_GOAL := help

help:
	@echo "make run      what occlusion costs and what restoring brings back: table, and $(REPORT)"
	@echo "              CORES=N: use N cores (default: all); CONFIG=FILE: overlay config.yaml with FILE instead"
	@echo "make full     every row of config.yaml: networks trained again, further completions, true masks"
	@echo "make seeds    the same for three seeds; make ablations: what each option brings"
	@echo "make test     the test suite; TESTS=tests/workflow: a part of it"
	@echo "make mutants  whether the tests notice errors: some fifty, one at a time"
	@echo "make bench    how fast things are, beside references, in some ten minutes: table and results/bench.json"
	@echo "make lint     style of the code and of the workflow"
	@echo "make clean    remove the environment and caches; make clean-results: remove all results"

run: $(ENVIRONMENT)
	$(SNAKEMAKE) --cores $(CORES) --quiet rules host
	@$(SNAKEMAKE) --cores 1 --quiet all -- print_comparison
	@$(SNAKEMAKE) --report $(REPORT) --quiet all
	@echo "The report with all tables and figures: $(REPORT)"

full:
	$(MAKE) run CONFIG=

seeds:
	$(MAKE) run CONFIG=workflow/presets/seeds.yaml

ablations:
	$(MAKE) run CONFIG=workflow/presets/ablations.yaml

# A process a core: most tests use one, and those of whole workflows wait a lot.
test: $(ENVIRONMENT)
	python -m pytest -n auto $(TESTS)

mutants: $(ENVIRONMENT)
	python tests/mutants.py

bench: $(ENVIRONMENT)
	OMP_WAIT_POLICY=PASSIVE python -m benchmarks.suite --json results/bench.json

lint: $(ENVIRONMENT)
	ruff check
	ruff format --check
	snakefmt --check Snakefile workflow
	snakemake --lint

environment: $(ENVIRONMENT)

# uv, if it is not installed, comes from a small environment of its own. Bytecode is compiled now, because
# every job of a run starts a new Python.
$(ENVIRONMENT): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "error: got $$($(PYTHON) --version 2>&1), wanted Python 3.11 or newer: make PYTHON=/path/to/python3" >&2; \
		exit 1; }
	@test -x .venv/bin/python || $(PYTHON) -m venv --without-pip .venv
	@command -v uv > /dev/null || test -x .venv/.uv/bin/uv || { \
		$(PYTHON) -m venv .venv/.uv && .venv/.uv/bin/python -m pip install --quiet uv; } || { \
		echo "error: could not install uv with pip; install uv or Python's venv module by hand" >&2; exit 1; }
	PATH="$$PATH:.venv/.uv/bin" uv pip sync --compile-bytecode --python .venv/bin/python requirements.lock
	@touch $@

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

clean-results:
	rm -rf .snakemake
	find results -mindepth 1 -not -name .gitkeep -delete
