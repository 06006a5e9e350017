# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What tests all over the tree share; lets every test import the modules of `standins`."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch

from ghtt_core.data.recordings import load_recording
from ghtt_core.hands.canonical import estimate_template
from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.card import Card
from ghtt_core.models.checkpoint import save_checkpoint
from ghtt_core.models.config import BlockConfig
from ghtt_core.models.pose_block import PoseBlock

sys.path.insert(0, str(Path(__file__).parent / "standins"))

# Two processes of two threads each starve one another; and torch 2.13 writes beyond its memory when several threads
# train convolutions of fewer than 16 channels, which only tests have.
torch.set_num_threads(1)

LABELS = ("grab bottle", "pour bottle", "stir cup", "pass cup")


@pytest.fixture(scope="session")
def demo_recording() -> Path:
    """The recording that comes with the package."""
    return Path(str(files("ghtt_core"))) / "assets" / "demo.npz"


@pytest.fixture(scope="session")
def random_checkpoint(tmp_path_factory: pytest.TempPathFactory, demo_recording: Path) -> Path:
    """A checkpoint folder with tiny untrained networks: every file and check is real, the motion is not."""
    folder = tmp_path_factory.mktemp("checkpoint") / "random-tiny"
    torch.manual_seed(0)
    sizes = BlockConfig(width=32, heads=2, feedforward=32, encoder_layers=1, decoder_layers=1)
    clean = torch.from_numpy(load_recording(demo_recording, "reference").joints[:64])
    template = estimate_template(clean, None)
    card = Card(
        model_id="random-tiny",
        pose=sizes,
        palm_template=tuple(tuple(tuple(point) for point in hand) for hand in template.tolist()),
        action=sizes,
        labels=LABELS,
        text_encoder="table",
        text_width=16,
    )
    text = torch.nn.functional.normalize(torch.randn(len(LABELS), 16), dim=1)
    save_checkpoint(folder, {"pose_block": PoseBlock(sizes), "action_block": ActionBlock(sizes, 16)}, card, text)
    return folder


@pytest.fixture
def short_recording(tmp_path: Path, demo_recording: Path) -> Path:
    """Two seconds of the bundled recording, to be changed at will."""
    with np.load(demo_recording) as arrays:
        path = tmp_path / "short.npz"
        np.savez(path, joints=arrays["joints"][:60], valid=arrays["valid"][:60], t=arrays["t"][:60])
    return path
