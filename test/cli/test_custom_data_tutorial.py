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
from ghtt_core.data.store.dataset import open_dataset
from ghtt_core.models.checkpoint import load_checkpoint
from ghtt_core.training.image import ImageRecipe
from ghtt_core.training.recipe import load_recipe

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "custom_data.md"
LABELS = ("open box", "pour bottle", "shake jar")


def blocks() -> list[tuple[str, str]]:
    """Language and text of all fenced blocks."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def write_file(folder: Path, text: str) -> Path:
    """Save a block under the name in its first line."""
    path = folder / text.splitlines()[0].removeprefix("# ")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_who_follows_it_gets_a_dataset_and_a_model_of_the_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("examples", "models"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    for language, text in blocks():
        if language == "yaml":
            write_file(tmp_path, text)
        elif language == "bash":
            for line in text.splitlines():
                command, *words = shlex.split(line)
                assert command == "ghtt"
                assert main(words) == 0, line
    check_dataset(tmp_path / "mine" / "data")
    check_model(tmp_path / "mine")


def check_dataset(folder: Path) -> None:
    dataset = open_dataset(folder, verify=True)
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


def check_model(folder: Path) -> None:
    checkpoint = load_checkpoint(folder / "action" / "checkpoint")
    assert checkpoint.labels == LABELS
    assert checkpoint.card.text_encoder == "words"
    for name in ("run", "run-bag"):
        summary = json.loads((folder / name / "summary.json").read_text())
        assert summary["frames"] == 45
        assert summary["model_id"] == "mine"
        assert summary["forecasts"] > 0
        with np.load(folder / name / "motion.npz") as motion:
            assert tuple(motion["action_labels"]) == LABELS
    # It began as the checkpoint that ships, so that it is better than its input after a few steps already.
    report = json.loads((folder / "evaluation.json").read_text())
    (errors,) = report["recognition"]["mpjpe_ra_mm"].values()
    assert errors["refined_offline"]["mean"] < 0.7 * errors["input"]["mean"]
    assert report["dataset"]["labels"] == len(LABELS)
    assert report["prediction"]
    assert "<html" in (folder / "evaluation.html").read_text()


def test_the_table_it_shows_is_that_of_the_example() -> None:
    shown = next(text for language, text in blocks() if language == "text")
    assert (ROOT / "examples" / "custom_data" / "actions.csv").read_text().startswith(shown)


def test_the_recipe_for_videos_goes_on_from_the_network_that_ships(tmp_path: Path) -> None:
    text = next(text for _, text in blocks() if text.startswith("# mine/image.yaml"))
    recipe = load_recipe(write_file(tmp_path, text), ImageRecipe)
    assert recipe.model == load_recipe(ROOT / "config" / "recipes" / "small_image.yaml", ImageRecipe).model
    assert recipe.initial == "models/f-small"


def test_every_option_it_names_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    named = set(re.findall(r"`?(--[a-z-]+)", PAGE.read_text()))
    known = ""
    for words in (["prepare", "custom"], ["prepare", "video"], ["run"], ["evaluate"], ["train", "image"]):
        assert main([*words, "--help"]) == 0
        known += capsys.readouterr().out
    assert sorted(option for option in named if option not in known) == []
