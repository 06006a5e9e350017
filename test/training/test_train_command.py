# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import importlib
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from tiny_task import assert_same_state, log_lines

from ghtt_core.cli.main import main
from ghtt_core.models.checkpoint import load_checkpoint
from ghtt_core.training.pose import PoseTask
from ghtt_core.training.recipe import load_recipe

RECIPES = sorted((Path(__file__).parents[2] / "config" / "recipes").glob("*.yaml"))


def tiny_recipe(folder: Path, **loop: Any) -> Path:
    """A pose recipe of four steps on a handful of generated sequences, kept in `folder`."""
    tree = {
        "task": "pose",
        "model": {"width": 16, "heads": 2, "feedforward": 32, "encoder_layers": 1, "decoder_layers": 1},
        "data": {
            "synthetic": {
                "train": {"sequences": 3, "frames": 150, "subjects": 3},
                "validation_sequences": 2,
                "cache": str(folder / "data"),
                "workers": 1,
            }
        },
        "loop": {"steps": 4, "batch_size": 8, "log_every": 3, "checkpoint_every": 0, "ema_decay": 0.9, **loop},
    }
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run (`run`), with its recipe and its generated data."""
    folder = tmp_path_factory.mktemp("train")
    assert main(["train", "pose", str(tiny_recipe(folder)), "--out", str(folder / "run"), "--device", "cpu"]) == 0
    return folder


def test_training_leaves_a_checkpoint_that_loads_metrics_and_the_recipe(straight: Path) -> None:
    checkpoint = load_checkpoint(straight / "run" / "checkpoint")
    features = checkpoint.pose_block.encode(
        torch.zeros(1, 16, 153), torch.ones(1, 16, dtype=torch.bool), torch.ones(1, 16, 2, 21, dtype=torch.bool)
    )
    assert features.refined.isfinite().all()
    train, evaluate = log_lines(straight / "run")
    assert (train["step"], evaluate["step"]) == (3, 4)
    assert (straight / "run" / "recipe.yaml").read_text() == (straight / "tiny.yaml").read_text()


def test_the_real_pose_task_stopped_after_two_steps_and_resumed_equals_four_in_one_go(
    straight: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real_loss = PoseTask.loss

    def loss_with_ctrl_c(self: PoseTask, step: int, *arguments: Any) -> Any:
        if step == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return real_loss(self, step, *arguments)

    command = ["train", "pose", str(straight / "tiny.yaml"), "--out", str(straight / "stopped"), "--device", "cpu"]
    with monkeypatch.context() as patched:
        patched.setattr(PoseTask, "loss", loss_with_ctrl_c)
        assert main(command) == 130
    assert "stopped at step 2 of 4" in capsys.readouterr().err
    assert main([*command, "--resume"]) == 0
    assert_same_state(straight / "run", straight / "stopped")
    assert log_lines(straight / "run") == log_lines(straight / "stopped")
    first, second = (load_checkpoint(straight / name / "checkpoint").pose_block for name in ("run", "stopped"))
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name])


def test_mistakes_are_one_sentence_and_exit_code_2(
    straight: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def sentence(*arguments: str) -> str:
        assert main(["train", "pose", *arguments]) == 2
        text = capsys.readouterr().err.strip()
        assert "\n" not in text
        return text

    recipe = str(straight / "tiny.yaml")
    assert "cannot read the recipe" in sentence(str(tmp_path / "none.yaml"))
    assert "loop.threads must be at least 1" in sentence(str(tiny_recipe(tmp_path, threads=0)))
    assert "--threads must be at least 1" in sentence(recipe, "--threads", "0")
    assert "holds a run already" in sentence(recipe, "--out", str(straight / "run"))
    (tmp_path / "file").write_text("")
    assert "cannot write into" in sentence(recipe, "--out", str(tmp_path / "file"))
    changed = str(tiny_recipe(tmp_path, seed=5))
    Path(changed).write_text(Path(changed).read_text().replace(str(tmp_path / "data"), str(straight / "data")))
    assert "loop.seed was 0 and is 5" in sentence(changed, "--out", str(straight / "run"), "--resume")
    if not torch.cuda.is_available():
        assert "no CUDA device" in sentence(recipe, "--out", str(tmp_path / "run"), "--device", "cuda")


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help"]) == 0
    assert "ghtt train pose config/recipes/" in capsys.readouterr().out


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_recipes_that_ship_can_be_read(path: Path) -> None:
    task = yaml.safe_load(path.read_text())["task"]
    module = importlib.import_module(f"ghtt_core.training.{task}")
    recipe = load_recipe(path, getattr(module, f"{task.capitalize()}Recipe"))
    assert recipe.task == task
