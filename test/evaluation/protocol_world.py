# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A small prepared dataset of two subjects, two cameras and actions of every length the protocol treats differently."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ghtt_core.data.sequence import ActionSegment, HandSequence
from ghtt_core.data.store.dataset import write_dataset_file
from ghtt_core.data.store.sequence_store import SequenceStore, StoreWriter
from ghtt_core.data.synthetic.generator import SyntheticConfig, generate_sequence
from ghtt_core.data.synthetic.vocabulary import LABELS, OBJECT_NAMES
from ghtt_core.data.views import View
from ghtt_core.hands.canonical import estimate_template
from ghtt_core.models.config import FidConfig
from ghtt_core.models.fid_checkpoint import FidCard, save_fid
from ghtt_core.models.fid_network import FidNetwork

ACTIONS = ((0, 20), (20, 50), (50, 110), (120, 390))
"""Shorter than a second, exactly one, two, and longer than a window of 256 frames."""


def sequence(number: int) -> HandSequence:
    """400 frames of motion under two cameras, with actions that start where this module says."""
    config = SyntheticConfig(sequences=1, frames=400, free_fraction=0.0, leave_probability=0.0)
    motion = generate_sequence(config, 5, number)
    names = [(label, *label.partition(" ")[::2]) for label in LABELS[number : number + len(ACTIONS)]]
    known = [(label, verb, noun if noun in OBJECT_NAMES else OBJECT_NAMES[0]) for label, verb, noun in names]
    segments = tuple(ActionSegment(*span, *name) for span, name in zip(ACTIONS, known, strict=True))
    intrinsics = np.array([[240.0, 0, 240], [0, 240, 135], [0, 0, 1]])
    still = np.eye(3, 4, dtype=np.float32)[None]
    far = still.copy()
    far[0, 2, 3] = 0.4  # 40 cm further away
    views = tuple(View(name, intrinsics, (480, 270), pose) for name, pose in (("near", still), ("far", far)))
    return replace(motion, segments=segments, frame_id="world", views=views, name=f"n{number}", subject=f"s{number}")


def write_world(folder: Path) -> Path:
    """The dataset, with a split "val" of two sequences."""
    folder.mkdir()
    with StoreWriter(folder / "val", LABELS, OBJECT_NAMES) as writer:
        for number in range(2):
            writer.append(sequence(number))
    write_dataset_file(folder, "tiny", {"val": open_val(folder)})
    return folder


def open_val(folder: Path) -> SequenceStore:
    from ghtt_core.data.store.sequence_store import open_store

    return open_store(folder / "val")


def write_fid(folder: Path) -> Path:
    """A FID network of random weights: its distances mean nothing, but are zero for equal motions."""
    torch.manual_seed(0)
    config = FidConfig(width=8, heads=2, feedforward=8, layers=1)
    template = estimate_template(torch.from_numpy(sequence(0).joints[::10]).double()).tolist()
    card = FidCard(
        model_id="tiny-fid",
        model=config,
        palm_template=tuple(tuple(tuple(point) for point in hand) for hand in template),
        labels=LABELS,
        text_encoder="table",
        text_width=4,
    )
    save_fid(folder, FidNetwork(config, 4), card, torch.randn(len(LABELS), 4))
    return folder
