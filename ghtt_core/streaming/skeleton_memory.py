# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The skeletons of two hands as far as a stream or a recording has shown them (`ghtt_core.hands.skeleton`)."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from ghtt_core.hands.layout import NUM_HANDS, PALM_JOINTS
from ghtt_core.hands.skeleton import NUM_BONES, Skeleton, SkeletonEvidence, estimate_skeleton, skeleton_evidence

MEMORY_FRAMES: Final = 256
"""Frames over which a skeleton, and the size of a palm, is taken as constant."""
_JITTER_FRAMES: Final = 3


class SkeletonMemory:
    """What the newest frames of a stream say about the hands' skeletons; of fixed size."""

    def __init__(self, template: Tensor) -> None:
        """Know nothing.

        Args:
            template: (2, 5, 3) canonical palms.
        """
        self._template = template
        shape = (MEMORY_FRAMES, NUM_HANDS)
        self._evidence = SkeletonEvidence(
            palm=torch.zeros(*shape, len(PALM_JOINTS), 3),
            seen=torch.zeros(shape, dtype=torch.bool),
            squared=torch.zeros(*shape, NUM_BONES),
            measured=torch.zeros(*shape, NUM_BONES, dtype=torch.bool),
            jitter=torch.zeros(*shape, NUM_BONES),
            followed=torch.zeros(*shape, NUM_BONES, dtype=torch.bool),
        )
        self._total = 0

    def clear(self) -> None:
        """Forget everything."""
        self._total = 0
        for part in self._evidence:
            part.zero_()

    def push(self, joints: Tensor, joint_valid: Tensor) -> None:
        """Take the last of the newest frames.

        Args:
            joints: (T, 2, 21, 3) metres, T >= 1.
            joint_valid: (T, 2, 21) bool.
        """
        newest = skeleton_evidence(joints[-_JITTER_FRAMES:], joint_valid[-_JITTER_FRAMES:], self._template)
        slot = self._total % MEMORY_FRAMES
        for kept, part in zip(self._evidence, newest, strict=True):
            kept[slot] = part[-1]
        self._total += 1

    def skeleton(self) -> Skeleton:
        """Return what is known by now."""
        return estimate_skeleton(self._evidence.pick(slice(0, min(self._total, MEMORY_FRAMES))))


def skeletons_known_by(evidence: SkeletonEvidence, frames: Tensor) -> Skeleton:
    """What a stream would know of its skeletons by some frames of a recording.

    Args:
        evidence: Of the T frames of the recording.
        frames: (B,) int64, the newest frame each.

    Returns:
        Skeletons (B, 2).
    """
    back = torch.arange(1 - min(MEMORY_FRAMES, len(evidence.seen)), 1, device=frames.device)
    history = frames[:, None] + back  # (B, M)
    there = (history >= 0)[..., None]
    known = evidence.pick(history.clamp(min=0))
    return estimate_skeleton(
        known._replace(
            seen=known.seen & there,
            measured=known.measured & there[..., None],
            followed=known.followed & there[..., None],
        )
    )
