# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from ghtt_core.cli.main import main
from ghtt_core.data.synthetic.vocabulary import LABELS, OBJECT_NAMES
from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.checkpoint import load_checkpoint, save_checkpoint
from ghtt_core.models.config import BlockConfig
from ghtt_core.models.pose_block import PoseBlock

SIZES = {"width": 16, "heads": 2, "feedforward": 32, "encoder_layers": 1, "decoder_layers": 1}
TEXT_WIDTH = 12


def train(kind: str, folder: Path, **sections: Any) -> Path:
    """Run `ghtt train` on a recipe and return the checkpoint."""
    recipe = {"task": kind, "loop": {"steps": 2, "batch_size": 8}, **sections}
    (folder / f"{kind}.yaml").write_text(yaml.safe_dump(recipe))
    assert main(["train", kind, str(folder / f"{kind}.yaml"), "--out", str(folder / kind), "--device", "cpu"]) == 0
    return folder / kind / "checkpoint"


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """P, then its decoder on forecasts, then A on it, then E^PO, each trained for two steps."""
    folder = tmp_path_factory.mktemp("chain")
    synthetic = {
        "train": {"sequences": 3, "frames": 400, "subjects": 3, "free_fraction": 0.0},
        "validation_sequences": 2,
        "cache": str(folder / "data"),
        "workers": 1,
    }
    first = train("pose", folder, model=SIZES, data={"synthetic": synthetic}, model_id="chain")
    (folder / "pose").rename(folder / "first")
    pose = train(
        "pose",
        folder,
        model=SIZES,
        data={"synthetic": synthetic},
        model_id="chain",
        initial=str(folder / "first" / first.name),
        standardise=True,
        decoder_only=True,
        augmentation={"detector_probability": 1.0, "tempo_sigma": 0.5, "missing_hand": 0.2},
        objective={"forecast": 1.0},
    )
    sizes = BlockConfig(**SIZES)
    card = load_checkpoint(pose).card
    text = torch.nn.functional.normalize(torch.randn(len(LABELS) + len(OBJECT_NAMES), TEXT_WIDTH), dim=-1)
    save_checkpoint(
        folder / "table",
        {"pose_block": PoseBlock(sizes), "action_block": ActionBlock(sizes, TEXT_WIDTH)},
        type(card)(
            model_id="table",
            pose=sizes,
            palm_template=card.palm_template,
            action=sizes,
            labels=LABELS,
            object_names=OBJECT_NAMES,
            text_encoder="minilm",
            text_width=TEXT_WIDTH,
        ),
        text[: len(LABELS)],
        text[len(LABELS) :],
    )
    action = train(
        "action",
        folder,
        model=SIZES,
        pose_checkpoint=str(pose),
        data={"synthetic": synthetic},
        text_encoder="table",
        text_table=str(folder / "table"),
        noise_variants=1,
        input_noise={"detector_probability": 1.0, "skeleton_sigma": 0.02},
        objective={"object_dropout": 0.5, "unknown_start": 0.5, "at_start": 0.3, "forecast": 1.0},
    )
    aggregator = {"width": TEXT_WIDTH, "heads": 2, "feedforward": 16, "layers": 1}
    train("object", folder, model=aggregator, checkpoint=str(action))
    return folder


def test_the_last_checkpoint_holds_all_three_blocks_and_says_how_they_were_trained(chain: Path) -> None:
    checkpoint = load_checkpoint(chain / "object" / "checkpoint")
    assert checkpoint.action_block is not None
    assert checkpoint.object_aggregator is not None
    assert checkpoint.labels == LABELS
    assert checkpoint.object_names == OBJECT_NAMES
    assert set(checkpoint.card.training_recipe) == {"pose", "action", "object"}
    assert set(checkpoint.card.metrics) == {"pose", "action", "object"}
    assert len(checkpoint.card.training_recipe["pose"]) == 2
    assert "whole_action_without_object_top1" in checkpoint.card.metrics["action"]
    assert checkpoint.label_transitions is not None
    assert checkpoint.label_transitions.sum() > 0


def test_training_on_forecasts_changes_the_decoder_alone(chain: Path) -> None:
    before = load_checkpoint(chain / "first" / "checkpoint").pose_block.state_dict()
    after = load_checkpoint(chain / "pose" / "checkpoint").pose_block.state_dict()
    changed = {name for name in before if not torch.allclose(before[name], after[name], atol=1e-5)}
    assert changed
    assert all(name.startswith("vae.decoder.") for name in changed)


def test_forecasts_are_not_trained_on_noise_that_no_joint_has(
    chain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = yaml.safe_load((chain / "pose.yaml").read_text()) | {"augmentation": {"detector_probability": 0.5}}
    (tmp_path / "pose.yaml").write_text(yaml.safe_dump(recipe))
    assert main(["train", "pose", str(tmp_path / "pose.yaml"), "--out", str(tmp_path / "run")]) == 2
    assert "detector_probability" in capsys.readouterr().err


def test_training_the_action_block_leaves_the_pose_block_as_it_was(chain: Path) -> None:
    before = load_checkpoint(chain / "pose" / "checkpoint").pose_block.state_dict()
    after = load_checkpoint(chain / "object" / "checkpoint").pose_block.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_name_the_table_does_not_know_is_refused(
    chain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = yaml.safe_load((chain / "action.yaml").read_text()) | {"text_table": str(chain / "pose" / "checkpoint")}
    (tmp_path / "action.yaml").write_text(yaml.safe_dump(recipe))
    assert main(["train", "action", str(tmp_path / "action.yaml"), "--out", str(tmp_path / "run")]) == 2
    assert "has no embedding of" in capsys.readouterr().err
