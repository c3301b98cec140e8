# Two commands set everything up: `make run` and `make test`. The others are shortcuts.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA := examples/lgbm/data/online_shoppers_intention.csv

.PHONY: run test check fuzz examples bench clean

run: $(VENV)/run.stamp $(DATA)  ## install, make the sample data, run the LightGBM example on this machine
	@$(BIN)/python examples/lgbm/openmp.py
	$(BIN)/smp --env-file env.env run --local

test: $(VENV)/test.stamp  ## install what the tests need, check the code, run every test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

fuzz: $(VENV)/test.stamp  ## try 50,000 odd configurations, texts and definitions; FUZZ="--seed 2 --cases 200000" tries others
	$(BIN)/python -m tests.fuzz $(FUZZ)

examples: $(VENV)/examples.stamp  ## run every example on this machine, and print one table
	@$(BIN)/python examples/lgbm/openmp.py
	$(BIN)/python examples/run.py

bench: $(VENV)/test.stamp  ## measure validate, compile, plan and deploy on generated projects, and a local run of 500 steps
	$(BIN)/python benchmarks/measure.py
	$(BIN)/python benchmarks/plans.py
	$(BIN)/python benchmarks/local_steps.py

$(DATA): examples/lgbm/make_data.py | $(VENV)/run.stamp
	$(BIN)/python $<

$(BIN)/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 10))" || { echo "Python 3.10 or later is needed" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "the venv module is missing: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }

$(VENV)/run.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --editable '.[examples]'
	@touch $@

$(VENV)/examples.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --editable '.[examples,local,tensorflow,llm]'
	@touch $@ $(VENV)/run.stamp

$(VENV)/test.stamp: pyproject.toml requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --editable . --requirement requirements.txt
	@touch $@ $(VENV)/run.stamp

clean:  ## remove what was installed, built and run
	rm -rf $(VENV) .smp build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
