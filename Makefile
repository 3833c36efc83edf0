# Two commands for a newcomer: `make demo` and `make test`. Needs python3 >= 3.11, git and make; sets up .venv itself.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
# More workers than cores: half of a test is waiting for the job that it started.
PYTEST := $(PY) -m pytest -n 4 --dist worksteal

unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint suite test-all coverage bench docs clean golden

demo: $(VENV)/installed
	@$(PY) -m leadline demo

test: $(VENV)/installed-dev
	$(PY) tools/counterparts.py
	@$(MAKE) --no-print-directory -j 2 lint suite

# Beside the suite, so said in one piece.
lint: $(VENV)/installed-dev
	@said=$$(exec 2>&1; set -ex; \
	$(PY) -m ruff check src tests benchmarks tools; \
	$(PY) -m ruff format --check -q src tests benchmarks tools; \
	$(PY) -m mypy; \
	$(VENV)/bin/lint-imports; \
	$(PY) tools/reference.py --check; \
	$(PY) tools/record_format.py --check; \
	$(PY) tools/plugin.py --check); status=$$?; echo "$$said"; exit $$status

suite: $(VENV)/collected
	$(PYTEST) -m "not long"

# The workers read the test files as one pass has written them down.
$(VENV)/collected: $(VENV)/installed-dev $(shell find tests -name '*.py')
	@$(PY) -m pytest -n 0 -qq --collect-only -m "not long" > /dev/null || true
	@touch $@

# What continuous integration runs: the long ones too, and those of chance with more examples.
test-all: test
	$(PY) tools/counterparts.py agents
	$(PYTEST) --hypothesis-profile many -m "long or hypothesis"

# Lines and branches of src that `make test` carries out; twice its time. Pages of the lines: make coverage REPORT=html
COVERED = COVERAGE_FOLDER=$(CURDIR)/.cache/coverage $(PY) -m coverage
RULES   = --rcfile=$(CURDIR)/tools/coverage.ini
REPORT ?= report
coverage: $(VENV)/installed-dev
	rm -rf .cache/coverage && mkdir -p .cache/coverage
	$(COVERED) run $(RULES) -m pytest -n 4 --dist worksteal -m "not long" || true
	$(COVERED) combine $(RULES) -q
	$(COVERED) $(REPORT) $(RULES)

bench: $(VENV)/installed-dev
	$(PY) benchmarks/bench.py --write docs/performance.md

docs: $(VENV)/installed-dev
	$(PY) tools/reference.py
	$(PY) tools/record_format.py
	$(PY) tools/plugin.py

golden: $(VENV)/installed-dev
	LEADLINE_UPDATE_GOLDEN=1 $(PY) -m pytest -q tests/unit tests/cli/test_answers.py -k golden

$(VENV)/installed: pyproject.toml tools/setup_venv.py
	@$(PYTHON) tools/setup_venv.py $(VENV)
	@touch $@

$(VENV)/installed-dev: pyproject.toml tools/setup_venv.py
	@$(PYTHON) tools/setup_venv.py $(VENV) dev
	@touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) build dist
