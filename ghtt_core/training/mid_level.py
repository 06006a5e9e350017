# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Mid-level features of a whole store, computed once before the action block is trained (P is frozen)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor

from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.data.windows import PoseWindowSampler
from ghtt_core.hands.layout import CLIP_FRAMES
from ghtt_core.models.inference import prepare_for_inference
from ghtt_core.models.pose_block import PoseBlock
from ghtt_core.training.augmentation import AugmentationConfig, corrupt, vary


@torch.inference_mode()
def compute_mid_levels(
    pose_block: PoseBlock,
    store: SequenceStore,
    template: Tensor,
    *,
    augmentation: AugmentationConfig | None,
    seed: int,
    path: Path,
    wanted: NDArray[np.bool_] | None = None,
    batch_size: int = 256,
) -> NDArray[np.float16]:
    """Encode the 16 frames that start at every frame of a store; frames past a sequence's end are masked.

    Args:
        pose_block: The frozen pose block.
        store: Sequences with N frames in all.
        template: (2, 5, 3) canonical palms.
        augmentation: Corruption of the input, or None for clean poses.
        seed: Seed of the corruption.
        path: Where the array is kept; an existing file is used as it is.
        wanted: (N,) start frames that are needed; the others stay 0. All when None.
        batch_size: Windows per pass.

    Returns:
        (N, d) float16 memory-mapped means mu^P, one per start frame.
    """
    if path.exists():
        return _open(path)
    sampler = PoseWindowSampler(store, frames=CLIP_FRAMES, cut_probability=0.0)
    device = next(pose_block.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    none = AugmentationConfig(cut_probability=0.0, clean_probability=1.0)
    config = augmentation or none
    network = prepare_for_inference(pose_block)
    result = np.zeros((len(sampler), pose_block.config.width), np.float16)
    starts = torch.arange(len(sampler)) if wanted is None else torch.from_numpy(np.flatnonzero(wanted))
    for indices in track(torch.split(starts, batch_size), description=f"mid-level features {path.stem}"):
        window = sampler.batch(indices)
        joints, hand_valid = window.joints, window.hand_valid
        if augmentation is not None:
            still = AugmentationConfig(
                size_sigma=config.size_sigma, skeleton_sigma=config.skeleton_sigma, finger_sigma=config.finger_sigma
            )
            joints, hand_valid = vary(joints, hand_valid, template, still, generator)
        observed = corrupt(joints, hand_valid, window.joint_valid, template, config, generator)
        mu = network.encode(
            observed.features.to(device), window.frame_valid.to(device), observed.joint_valid.to(device)
        ).mu
        result[indices.numpy()] = mu.float().cpu().numpy()
    temporary = path.with_suffix(".partial.npy")
    np.save(temporary, result)
    temporary.replace(path)
    return _open(path)


def _open(path: Path) -> NDArray[np.float16]:
    features: NDArray[np.float16] = np.load(path, mmap_mode="r", allow_pickle=False)
    return features
