# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every recipe that comes along can be read, and those of `make experiments` fit together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ghtt_core.training.action import ActionRecipe
from ghtt_core.training.crop import CropRecipe
from ghtt_core.training.fid import FidRecipe
from ghtt_core.training.image import ImageRecipe
from ghtt_core.training.object import ObjectRecipe
from ghtt_core.training.pose import PoseRecipe
from ghtt_core.training.recipe import load_recipe

ROOT = Path(__file__).parents[2]
KINDS: dict[str, type[Any]] = {
    "pose": PoseRecipe,
    "action": ActionRecipe,
    "object": ObjectRecipe,
    "image": ImageRecipe,
    "crop": CropRecipe,
    "fid": FidRecipe,
}
FILES = sorted((ROOT / "config" / "recipes").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_recipe_can_be_read(path: Path) -> None:
    task = yaml.safe_load(path.read_text())["task"]
    assert load_recipe(path, KINDS[task]).loop.batch_size > 0


def test_experiments_start_from_what_an_earlier_step_of_the_makefile_leaves() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for path in FILES:
        if not path.stem.startswith("experiments_"):
            continue
        assert f"config/recipes/{path.name} " in makefile
        for word in path.read_text().replace(",", " ").replace("}", " ").split():
            if word.startswith("out/experiments/") and "cache" not in word:
                step = word.split("/")[2]
                assert f"$(EXPERIMENTS)/{step}/" in makefile, f"{path.name} reads {word}, which no step makes"
