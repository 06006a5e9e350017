# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
#
#   make run    install into .venv and run the demo; results in out/demo/
#   make test   install into .venv and run every check and test
#   make train-small   train models/ghtt-small again; stopped at any time, it goes on where it was
#   make train-image   train models/f-small again, on rendered pictures; likewise
#   make experiments   train everything small on the synthetic world and print the paper's Tables 1 and 3 for it; under
#                      three hours on two cores; stopped at any time, it goes on where it was
#
# Tools are started as modules of .venv's Python, never through scripts that remember a folder.
# PYTHON=/path/to/python3 chooses the interpreter, TORCH_INDEX=https://... another index for torch.

PYTHON ?=
TORCH_INDEX ?=
JOBS ?= 2
export PYTHON TORCH_INDEX
PY := .venv/bin/python

.PHONY: help run test train-small train-image experiments lint types contracts pytest format venv venv-test clean

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
	$(PY) -m ghtt_core.cli.main train pose config/recipes/small_world.yaml --resume
	$(PY) -m ghtt_core.cli.main train pose config/recipes/small_skeleton.yaml --resume
	$(PY) -m ghtt_core.cli.main train pose config/recipes/small_fingers.yaml --resume
	$(PY) -m ghtt_core.cli.main train action config/recipes/small_action.yaml --resume
	$(PY) -m ghtt_core.cli.main train object config/recipes/small_object.yaml --resume
	$(PY) -m ghtt_core.cli.main models verify out/train/small_object/checkpoint
	mkdir -p models && rm -rf models/ghtt-small && cp -r out/train/small_object/checkpoint models/ghtt-small

train-image: venv
	$(PY) -m pip install --quiet --constraint requirements/constraints.txt --editable ".[train,minilm]"
	@$(MAKE) --no-print-directory out/data/synthetic/dataset.json
	$(PY) -m ghtt_core.cli.main train image config/recipes/small_image.yaml --resume
	@$(MAKE) --no-print-directory out/data/hands/dataset.json
	$(PY) -m ghtt_core.cli.main train crop config/recipes/small_crop.yaml --resume
	$(PY) -m ghtt_core.cli.main models verify out/train/small_crop/checkpoint
	mkdir -p models && rm -rf models/f-small && cp -r out/train/small_crop/checkpoint models/f-small

out/data/synthetic/dataset.json:
	$(PY) -m ghtt_core.cli.main prepare synthetic --store $(@D) --sequences 440 --frames 288 \
		--images jpeg --picture-every 24 --seed 11
out/data/hands/dataset.json:
	$(PY) -m ghtt_core.cli.main prepare synthetic --store $(@D) --sequences 1100 --frames 288 \
		--val-share 0.04 --test-share 0 --images jpeg --picture-every 36 --seed 12

# Two steps at a time with a thread each: two networks side by side use two cores better than one after the other, and
# with more threads than cores all wait for each other.
# Every step leaves a file that says it is done. Delete a step's folder to have it done again with a changed recipe.
EXPERIMENTS := out/experiments
GHTT := $(PY) -m ghtt_core.cli.main
EXPERIMENT_TABLES := $(EXPERIMENTS)/table1.json $(EXPERIMENTS)/table3.json

experiments: venv
	$(PY) -m pip install --quiet --constraint requirements/constraints.txt --editable ".[train,minilm]"
	@TTY_COMPATIBLE=0 OMP_NUM_THREADS=1 $(MAKE) --no-print-directory --jobs 2 $(EXPERIMENT_TABLES)
	@$(GHTT) tables 1 --evaluated $(EXPERIMENTS)/table1.json --markdown $(EXPERIMENTS)/table1.md
	@$(GHTT) tables 3 --evaluated $(EXPERIMENTS)/table3.json --markdown $(EXPERIMENTS)/table3.md

# Motion alone for P, A and the FID network, single pictures for F, and videos for E^PO and Table 1.
$(EXPERIMENTS)/poses/dataset.json:
	$(GHTT) prepare synthetic --store $(@D) --sequences 500 --frames 900 --val-share 0.06 --test-share 0 --seed 21
$(EXPERIMENTS)/pictures/dataset.json:
	$(GHTT) prepare synthetic --store $(@D) --sequences 400 --frames 288 --val-share 0.04 --test-share 0 --seed 22 \
		--images jpeg --picture-every 24
$(EXPERIMENTS)/watched/dataset.json:
	$(GHTT) prepare synthetic --store $(@D) --sequences 24 --frames 300 --val-share 0.5 --test-share 0 --seed 23 \
		--free-fraction 0 --images jpeg

$(EXPERIMENTS)/pose/checkpoint/card.json: | $(EXPERIMENTS)/poses/dataset.json
	$(GHTT) train pose config/recipes/experiments_pose.yaml --out $(EXPERIMENTS)/pose --resume
$(EXPERIMENTS)/together/checkpoint/card.json: | $(EXPERIMENTS)/pose/checkpoint/card.json
	$(GHTT) train pose config/recipes/experiments_together.yaml --out $(EXPERIMENTS)/together --resume
$(EXPERIMENTS)/action/checkpoint/card.json: | $(EXPERIMENTS)/together/checkpoint/card.json
	$(GHTT) train action config/recipes/experiments_action.yaml --out $(EXPERIMENTS)/action --resume
$(EXPERIMENTS)/fid/checkpoint/card.json: | $(EXPERIMENTS)/poses/dataset.json
	$(GHTT) train fid config/recipes/experiments_fid.yaml --out $(EXPERIMENTS)/fid --resume
$(EXPERIMENTS)/image/checkpoint/card.json: | $(EXPERIMENTS)/pictures/dataset.json
	$(GHTT) train image config/recipes/experiments_image.yaml --out $(EXPERIMENTS)/image --resume
$(EXPERIMENTS)/watched/observed.done: | $(EXPERIMENTS)/watched/dataset.json $(EXPERIMENTS)/image/checkpoint/card.json
	$(GHTT) prepare observe --store $(@D) --image-model $(EXPERIMENTS)/image/checkpoint
	touch $@
$(EXPERIMENTS)/object/checkpoint/card.json: | $(EXPERIMENTS)/action/checkpoint/card.json $(EXPERIMENTS)/watched/observed.done
	$(GHTT) train object config/recipes/experiments_object.yaml --out $(EXPERIMENTS)/object --resume

$(EXPERIMENTS)/table1.json: | $(EXPERIMENTS)/object/checkpoint/card.json
	$(GHTT) tables 1 --store $(EXPERIMENTS)/watched --model $(EXPERIMENTS)/object/checkpoint --observed resnet18 --json $@
$(EXPERIMENTS)/table3.json: | $(EXPERIMENTS)/object/checkpoint/card.json $(EXPERIMENTS)/fid/checkpoint/card.json
	$(GHTT) tables 3 --store $(EXPERIMENTS)/poses --model $(EXPERIMENTS)/object/checkpoint \
		--fid $(EXPERIMENTS)/fid/checkpoint --json $@

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
