# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Batches of windows cut from a store: 32 frames for the pose block, clips of an action for the action block."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ghtt_core.data.store import SequenceStore
from ghtt_core.errors import InputError
from ghtt_core.hands.layout import CLIP_FRAMES

POSE_WINDOW_FRAMES: Final = 2 * CLIP_FRAMES


class PoseWindow(NamedTuple):
    """A batch for the pose block: 16 observed frames, then the frames to predict.

    Attributes:
        joints: (B, T, 2, 21, 3) float32 metres. Slots without a frame of their own hold a copy of the last one.
        hand_valid: (B, T, 2) bool, whether the hand was seen in the frame the slot shows.
        frame_valid: (B, T) bool, whether the slot has a frame of its own.
        joint_valid: (B, 21) bool, joints that were measured.
    """

    joints: Tensor
    hand_valid: Tensor
    frame_valid: Tensor
    joint_valid: Tensor


def cut_observed(
    batch: int, probability: float, generator: torch.Generator | None, frames: int = POSE_WINDOW_FRAMES
) -> tuple[Tensor, Tensor]:
    """Which frame of the video each slot of a window shows, with some observed parts cut short (method section 2).

    With the given probability the observed part keeps only U{2..16} frames; the rest of its 16 slots are copies of its
    last frame, and the future follows right after the cut.

    Returns:
        offset: (B, T) int64 frame shown by each slot, counted from the first.
        slot_valid: (B, T) bool, False for the copies.
    """
    cut = torch.randint(2, CLIP_FRAMES + 1, (batch,), generator=generator)
    uncut = torch.rand(batch, generator=generator) >= probability
    length = torch.where(uncut, CLIP_FRAMES, cut)[:, None]  # (B, 1)
    slot = torch.arange(frames)[None]  # (1, T)
    observed = slot < CLIP_FRAMES
    offset = torch.where(observed, torch.minimum(slot, length - 1), slot - CLIP_FRAMES + length)
    return offset, ~observed | (slot < length)


class PoseWindowSampler:
    """Windows of consecutive frames of untrimmed video; every frame is a start."""

    def __init__(
        self,
        store: SequenceStore,
        frames: int = POSE_WINDOW_FRAMES,
        cut_probability: float = 0.25,
        sequences: NDArray[np.int64] | None = None,
    ) -> None:
        """Prepare the table of starts.

        Args:
            store: Where the frames lie.
            frames: T, at least 16.
            cut_probability: How often the observed part is cut short; 0 for validation.
            sequences: Indices of the sequences to draw from; all when None.

        Raises:
            InputError: If there is nothing to draw from or the window is shorter than a clip.
        """
        if frames < CLIP_FRAMES:
            raise InputError(f"A pose window needs at least {CLIP_FRAMES} frames, got {frames}.")
        chosen = np.arange(len(store)) if sequences is None else np.asarray(sequences, np.int64)
        if chosen.size == 0:
            raise InputError(f"No sequence of the store {store.folder} is left to draw windows from.")
        self.store = store
        self.frames = frames
        self.cut_probability = cut_probability
        self._start = torch.from_numpy(store.starts[chosen])
        self._end = torch.from_numpy(store.ends[chosen])
        self._joint_valid = torch.from_numpy(store.joint_valid[chosen])
        self._cumulative = torch.cumsum(self._end - self._start, dim=0)

    def __len__(self) -> int:
        """Number of starts."""
        return int(self._cumulative[-1])

    def sample(self, size: int, generator: torch.Generator | None = None) -> PoseWindow:
        """Draw windows at uniformly random starts."""
        return self.batch(torch.randint(len(self), (size,), generator=generator), generator)

    def batch(self, indices: Tensor, generator: torch.Generator | None = None) -> PoseWindow:
        """Windows at given starts.

        Args:
            indices: (B,) int64 in 0..len(self)-1.
            generator: Source of the cuts.

        Returns:
            The batch, as torch tensors in memory of its own.
        """
        row = torch.searchsorted(self._cumulative, indices, right=True)
        end = self._end[row]
        first = end - (self._cumulative[row] - indices)
        offset, slot_valid = cut_observed(len(indices), self.cut_probability, generator, self.frames)
        frame = first[:, None] + offset  # (B, T)
        frame_valid = slot_valid & (frame < end[:, None])
        shown = torch.minimum(frame, end[:, None] - 1).numpy()
        return PoseWindow(
            joints=torch.from_numpy(self.store.joints[shown]),
            hand_valid=torch.from_numpy(self.store.valid[shown]),
            frame_valid=frame_valid,
            joint_valid=self._joint_valid[row],
        )
