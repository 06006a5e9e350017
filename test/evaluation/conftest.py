# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A tiny checkpoint of random weights that knows the synthetic actions, in memory and on disk, and short recordings."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ghtt_core.data.recordings import save_recording
from ghtt_core.data.sequence import HandSequence
from ghtt_core.data.synthetic.generator import SyntheticConfig, generate_sequence
from ghtt_core.data.synthetic.vocabulary import LABELS, OBJECT_NAMES
from ghtt_core.hands.canonical import estimate_template
from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.card import Card
from ghtt_core.models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from ghtt_core.models.config import BlockConfig
from ghtt_core.models.pose_block import PoseBlock

sys.path.insert(0, str(Path(__file__).parent))  # for protocol_world

TINY = BlockConfig(width=16, heads=2, feedforward=16, encoder_layers=1, decoder_layers=1)
TEXT_WIDTH = 8


@pytest.fixture(scope="session")
def motion() -> HandSequence:
    """Four seconds of clean synthetic motion, both hands in view."""
    return generate_sequence(SyntheticConfig(sequences=1, frames=120, free_fraction=0.0, leave_probability=0.0), 3, 0)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory, motion: HandSequence) -> Path:
    """A checkpoint folder with random weights."""
    return _save(tmp_path_factory.mktemp("model") / "tiny", motion, action=True)


@pytest.fixture(scope="session")
def pose_model_folder(tmp_path_factory: pytest.TempPathFactory, motion: HandSequence) -> Path:
    """The same without an action block."""
    return _save(tmp_path_factory.mktemp("model") / "tiny-pose", motion, action=False)


@pytest.fixture(scope="session")
def checkpoint(model_folder: Path) -> Checkpoint:
    return load_checkpoint(model_folder)


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory, motion: HandSequence) -> list[Path]:
    """Two recordings of different length, the second with a hand out of view for a while."""
    folder = tmp_path_factory.mktemp("recordings")
    first, second = folder / "first.npz", folder / "second.npz"
    save_recording(first, cut(motion, 0, 60))
    gap = cut(motion, 60, 110)
    gap.valid[20:26, 1] = False
    save_recording(second, gap)
    return [first, second]


def cut(sequence: HandSequence, start: int, end: int) -> HandSequence:
    frames = slice(start, end)
    return HandSequence(
        sequence.joints[frames].copy(), sequence.valid[frames].copy(), sequence.stamps_ns[frames].copy(), name="cut"
    )


def _save(folder: Path, motion: HandSequence, *, action: bool) -> Path:
    torch.manual_seed(0)
    template = estimate_template(torch.from_numpy(motion.joints[::10]).double())
    text = torch.from_numpy(np.random.default_rng(0).normal(size=(len(LABELS) + len(OBJECT_NAMES), TEXT_WIDTH)))
    blocks = {"pose_block": PoseBlock(TINY)} | ({"action_block": ActionBlock(TINY, TEXT_WIDTH)} if action else {})
    card = Card(
        model_id="tiny",
        pose=TINY,
        palm_template=tuple(tuple(tuple(point) for point in hand) for hand in template.tolist()),
        action=TINY if action else None,
        labels=LABELS if action else (),
        object_names=OBJECT_NAMES if action else (),
        text_encoder="table" if action else "",
        text_width=TEXT_WIDTH if action else 0,
    )
    tables = (text[: len(LABELS)].float(), text[len(LABELS) :].float()) if action else (None, None)
    save_checkpoint(folder, blocks, card, *tables)
    return folder
