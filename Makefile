# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
#
#   make run    install into .venv and run the demo; results in out/demo/
#   make test   install into .venv and run every check and test
#   make train-small   train models/ghtt-small again; stopped at any time, it goes on where it was
#
# Tools are started as modules of .venv's Python, never through scripts that remember a folder.
# PYTHON=/path/to/python3 chooses the interpreter, TORCH_INDEX=https://... another index for torch.

PYTHON ?=
TORCH_INDEX ?=
JOBS ?= 2
export PYTHON TORCH_INDEX
PY := .venv/bin/python

.PHONY: help run test train-small lint types contracts pytest format venv venv-test clean

help:
	@sed -n 's/^#   //p' Makefile

venv:
	@scripts/make_venv.sh run

venv-test:
	@scripts/make_venv.sh test

run: venv
	$(PY) -m ghtt_core.cli.main demo --out out/demo

# One job after another, cheapest first, so that the first failure is the last thing printed.
test: venv-test
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory types
	@$(MAKE) --no-print-directory contracts
	@$(MAKE) --no-print-directory pytest

lint:
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types:
	$(PY) -m mypy

contracts:
	$(PY) -c "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"

pytest:
	OMP_NUM_THREADS=1 $(PY) -m pytest -n $(JOBS)

format:
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

# Each stage starts from the checkpoint of the one before; the last holds all networks.
train-small: venv
	$(PY) -m pip install --quiet --constraint requirements/constraints.txt --editable ".[train,minilm]"
	$(PY) -m ghtt_core.cli.main train pose config/recipes/small_pose.yaml --resume
	$(PY) -m ghtt_core.cli.main train pose config/recipes/small_forecast.yaml --resume
	$(PY) -m ghtt_core.cli.main train pose config/recipes/small_decoder.yaml --resume
	$(PY) -m ghtt_core.cli.main train pose config/recipes/small_together.yaml --resume
	$(PY) -m ghtt_core.cli.main train action config/recipes/small_action.yaml --resume
	$(PY) -m ghtt_core.cli.main train object config/recipes/small_object.yaml --resume
	$(PY) -m ghtt_core.cli.main models verify out/train/small_object/checkpoint
	mkdir -p models && rm -rf models/ghtt-small && cp -r out/train/small_object/checkpoint models/ghtt-small

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
