# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt train fid` on hands that are carried along, as open as the verb says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from ghtt_core.cli.main import main
from ghtt_core.data.sequence import ActionSegment, HandSequence
from ghtt_core.data.store.sequence_store import StoreWriter
from ghtt_core.data.synthetic.generator import SyntheticConfig, generate_sequence
from ghtt_core.errors import CheckpointError
from ghtt_core.hands.canonical import estimate_template
from ghtt_core.models.card import Card
from ghtt_core.models.checkpoint import load_checkpoint, save_checkpoint
from ghtt_core.models.config import BlockConfig
from ghtt_core.models.fid_checkpoint import load_fid
from ghtt_core.models.fid_network import motion_code
from ghtt_core.models.pose_block import PoseBlock

VERBS = ("stroke", "push", "knock")
LABELS = tuple(f"{verb} {noun}" for verb in VERBS for noun in ("box", "cup"))
OPEN = (1.3, 0.7, 0.1)  # length of the fingers beyond their first joints


def moving(number: int) -> HandSequence:
    """Six actions of 40 frames: the hands of a synthetic pose carried along, as open as the verb says."""
    rng = np.random.default_rng(number)
    pose = generate_sequence(SyntheticConfig(sequences=1, frames=32, free_fraction=0.0), number, 0).joints[10]
    joints, segments = [], []
    for place, label in enumerate(rng.permutation(6)):
        shaped = pose.copy()
        for base in (5, 9, 13, 17):
            first, rest = pose[:, base : base + 1], pose[:, base + 1 : base + 4]
            shaped[:, base + 1 : base + 4] = first + OPEN[label // 2] * (rest - first)
        step = rng.normal(scale=0.004, size=3)
        joints.append(shaped + np.arange(40)[:, None, None, None] * step)
        verb, noun = LABELS[label].split()
        segments.append(ActionSegment(40 * place, 40 * place + 40, LABELS[label], verb, noun))
    moved = np.concatenate(joints).astype(np.float32)
    return HandSequence(
        moved,
        np.ones((240, 2), bool),
        np.round(np.arange(240) * 1e9 / 30).astype(np.int64),
        segments=tuple(segments),
        subject=f"s{number}",
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fid")
    for split, numbers in (("train", range(4)), ("val", range(10, 12))):
        with StoreWriter(folder / split, LABELS, ("box", "cup")) as writer:
            for number in numbers:
                writer.append(moving(number))
    sizes = BlockConfig(width=16, heads=2, feedforward=16, encoder_layers=1, decoder_layers=1)
    template = estimate_template(torch.from_numpy(moving(0).joints).double()).tolist()
    text = torch.nn.functional.normalize(torch.randn(3, 12, generator=torch.Generator().manual_seed(0)), dim=-1)
    card = Card(
        model_id="table",
        pose=sizes,
        palm_template=tuple(tuple(tuple(point) for point in hand) for hand in template),
        object_names=VERBS,
        text_encoder="minilm",
        text_width=12,
    )
    save_checkpoint(folder / "table", {"pose_block": PoseBlock(sizes)}, card, object_text=text)
    recipe = {
        "task": "fid",
        "model": {"width": 32, "heads": 2, "feedforward": 32, "layers": 1},
        "data": {"train": str(folder / "train"), "validation": str(folder / "val")},
        "loop": {"steps": 100, "batch_size": 16, "learning_rate": 0.003},
        "label_kind": "verb",
        "max_frames": 48,
        "text_encoder": "table",
        "text_table": str(folder / "table"),
    }
    (folder / "fid.yaml").write_text(yaml.safe_dump(recipe))
    assert main(["train", "fid", str(folder / "fid.yaml"), "--out", str(folder / "run"), "--device", "cpu"]) == 0
    return folder / "run" / "checkpoint"


def test_it_learns_to_name_the_verbs_of_unseen_subjects(trained: Path) -> None:
    card = load_fid(trained).card
    assert card.labels == VERBS
    assert card.metrics["actions"] == 12
    assert card.metrics["top1"] > 0.9


def test_the_feature_of_a_motion_does_not_depend_on_the_frame_it_is_seen_from(trained: Path) -> None:
    fid = load_fid(trained)
    joints = torch.from_numpy(moving(20).joints[None, :40])
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(1)))[0]
    turn = turn * torch.linalg.det(turn)
    masks = (torch.ones(1, 40, 2, dtype=torch.bool), torch.ones(1, 40, dtype=torch.bool))
    features = []
    for seen in (joints, joints @ turn + torch.tensor([0.3, -0.2, 1.0])):
        code, shown = motion_code(seen, *masks, torch.ones(1, 21, dtype=torch.bool), fid.template)
        with torch.inference_mode():
            features.append(fid.network(code.features, masks[1], shown))
    torch.testing.assert_close(features[0], features[1], atol=2e-3, rtol=1e-3)


def test_padding_does_not_change_the_feature(trained: Path) -> None:
    fid = load_fid(trained)
    joints = torch.from_numpy(moving(21).joints[None, :60])
    valid = torch.arange(60)[None] < 40
    features = []
    for frames in (40, 60):
        hands = torch.ones(1, frames, 2, dtype=torch.bool)
        code, shown = motion_code(
            joints[:, :frames], hands, valid[:, :frames], torch.ones(1, 21, dtype=torch.bool), fid.template
        )
        with torch.inference_mode():
            features.append(fid.network(code.features, valid[:, :frames], shown))
    torch.testing.assert_close(features[0], features[1], atol=1e-4, rtol=1e-4)


def test_it_is_verified_like_other_checkpoints(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "verify", str(trained)]) == 0
    assert "ghtt-fid: sound" in capsys.readouterr().out


def test_checkpoints_of_one_kind_are_not_taken_for_the_other(trained: Path) -> None:
    with pytest.raises(CheckpointError, match="FID network"):
        load_checkpoint(trained)
    with pytest.raises(CheckpointError, match="motion model"):
        load_fid(trained.parent.parent / "table")
