# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A tiny prepared dataset whose pictures are hands drawn with lines: what F can learn within seconds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ghtt_core.data.store.dataset import write_dataset_file
from ghtt_core.data.store.sequence_store import SequenceStore, StoreWriter, open_store
from ghtt_core.data.synthetic.cameras import camera_rig
from ghtt_core.data.synthetic.config import HELD_OUT_SUBJECT, SyntheticConfig
from ghtt_core.data.synthetic.performance import perform_world
from ghtt_core.data.views import ImageSource
from ghtt_core.hands.layout import BONES

FINGERS = ((60, 60, 230), (60, 200, 60), (230, 120, 60), (60, 220, 220), (220, 60, 220))


def write_drawn_dataset(
    folder: Path, sequences: int = 2, frames: int = 40, views: tuple[str, ...] = ("cam0", "cam4"), every: int = 1
) -> Path:
    """Write a dataset with the splits train and val and its pictures beside it; returns its folder.

    Every so many frames have a picture.
    """
    source, splits = folder / "source", {}
    for number, split in enumerate(("train", "val")):
        config = SyntheticConfig(
            sequences=sequences,
            frames=max(frames, 32),
            first_subject=number * HELD_OUT_SUBJECT,
            leave_probability=1.0,
        )
        splits[split] = _write_split(folder / "data" / split, source, split, config, frames, views, every)
    write_dataset_file(folder / "data", "drawn", splits, source)
    return folder / "data"


def _write_split(
    store: Path, source: Path, split: str, config: SyntheticConfig, frames: int, views: tuple[str, ...], every: int
) -> SequenceStore:
    with StoreWriter(store, source_root=source) as writer:
        for index in range(config.sequences):
            sequence = perform_world(config, 3, index).sequence
            cameras = []
            for view in camera_rig(index, sequence.joints, sequence.valid, views):
                pattern = f"{split}/{index:03d}/{view.name}/%06d.png"
                (source / pattern).parent.mkdir(parents=True, exist_ok=True)
                joints = view.to_camera(sequence.joints)
                shown = np.arange(len(joints)) % every == 0
                for frame in np.flatnonzero(shown):
                    image = draw_hands(joints[frame], sequence.valid[frame], view.intrinsics, view.size)
                    cv2.imwrite(str(source / (pattern % frame)), image)
                images = ImageSource("frames", pattern, present=None if every == 1 else shown)
                cameras.append(replace(view, images=images))
            writer.append(replace(sequence, views=tuple(cameras)))
    return open_store(store)


def draw_hands(joints: np.ndarray, valid: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Picture (H, W, 3) of hands (2, 21, 3) in the camera's frame; left palms are light, right ones dark."""
    image = np.full((size[1], size[0], 3), 90, np.uint8)
    for hand in np.flatnonzero(valid):
        if joints[hand, :, 2].min() < 0.05:
            continue
        seen = joints[hand] @ intrinsics.T
        pixels = np.clip(seen[:, :2] / seen[:, 2:], -2000, 2000).astype(int)
        width = max(int(intrinsics[0, 0] * 0.015 / joints[hand, :, 2].mean()), 1)
        palm = pixels[[0, 1, 2, 5, 9, 13, 17]]
        cv2.fillConvexPoly(image, cv2.convexHull(palm), (230, 230, 230) if hand == 0 else (30, 30, 30))
        for parent, child in BONES:
            colour = FINGERS[(child - 1) // 4]
            cv2.line(image, tuple(map(int, pixels[parent])), tuple(map(int, pixels[child])), colour, width)
    return image
