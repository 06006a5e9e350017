# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""docs/custom_data.md: the commands and files that it shows are run and written here, word for word and in order."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from ghtt_core.cli.main import main
from ghtt_core.data.dataset import open_dataset
from ghtt_core.models.checkpoint import load_checkpoint
from ghtt_core.training.image import ImageRecipe
from ghtt_core.training.recipe import load_recipe

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "custom_data.md"
LABELS = ("open box", "pour bottle", "shake jar")


def blocks() -> list[tuple[str, str]]:
    """Language and text of all fenced blocks."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of somebody who did what the tutorial says."""
    folder = tmp_path_factory.mktemp("tutorial")
    for name in ("examples", "models"):
        (folder / name).symlink_to(ROOT / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for language, text in blocks():
            if language == "yaml":
                path = Path(text.splitlines()[0].removeprefix("# "))
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            elif language == "bash":
                for line in text.splitlines():
                    command, *words = shlex.split(line)
                    assert command == "ghtt"
                    assert main(words) == 0, line
    return folder


def test_the_dataset_has_the_recordings_labels_and_subjects_of_the_example(followed: Path) -> None:
    dataset = open_dataset(followed / "mine" / "data", verify=True)
    assert set(dataset.splits) == {"train", "val"}
    for store in dataset.splits.values():
        assert store.labels == LABELS
        assert store.object_names == ("bottle", "box", "jar")
        assert len(store.segments)
    names = {name for store in dataset.splits.values() for name in store.names}
    assert names == {"ana-1", "ana-2", "ben-1", "ben-2", "chi-1", "chi-2"}
    train, val = (set(dataset.splits[split].subjects) for split in ("train", "val"))
    assert train | val == {"ana", "ben", "chi"}
    assert not train & val
    assert not dataset.faults


def test_the_trained_model_knows_the_actions_and_runs(followed: Path) -> None:
    checkpoint = load_checkpoint(followed / "mine" / "action" / "checkpoint")
    assert checkpoint.labels == LABELS
    assert checkpoint.card.text_encoder == "words"
    for name in ("run", "run-bag"):
        summary = json.loads((followed / "mine" / name / "summary.json").read_text())
        assert summary["frames"] == 60
        assert summary["model_id"] == "mine"
        assert summary["forecasts"] > 0
        with np.load(followed / "mine" / name / "motion.npz") as motion:
            assert tuple(motion["action_labels"]) == LABELS
    # It began as the checkpoint that ships, so that even a few steps leave it better than its input.
    pooled = json.loads((followed / "mine" / "refinement.json").read_text())["pooled"]
    assert pooled


def test_the_table_it_shows_is_that_of_the_example() -> None:
    shown = next(text for language, text in blocks() if language == "text")
    assert (ROOT / "examples" / "custom_data" / "actions.csv").read_text().startswith(shown)


def test_the_recipe_for_videos_goes_on_from_the_network_that_ships(followed: Path) -> None:
    recipe = load_recipe(followed / "mine" / "image.yaml", ImageRecipe)
    assert recipe.model == load_recipe(ROOT / "config" / "recipes" / "small_image.yaml", ImageRecipe).model
    assert recipe.initial == "models/f-small"


def test_every_option_it_names_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    named = set(re.findall(r"`?(--[a-z-]+)", PAGE.read_text()))
    known = ""
    for words in (["prepare", "custom"], ["prepare", "video"], ["run"], ["evaluate"], ["train", "image"]):
        assert main([*words, "--help"]) == 0
        known += capsys.readouterr().out
    assert sorted(option for option in named if option not in known) == []
