# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a stream must remember: the newest 16 frames, and one mid-level feature per frame of the last 16 clips."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import CLIP_FRAMES, MAX_CLIPS, MCP_JOINTS, NUM_HANDS, NUM_JOINTS, PALM_JOINTS, WRIST
from ghtt_core.hands.skeleton import Skeleton
from ghtt_core.streaming.refinement import median_palm_size
from ghtt_core.streaming.skeleton_memory import MEMORY_FRAMES, SkeletonMemory

HISTORY_FRAMES = CLIP_FRAMES * MAX_CLIPS
"""Frames for which a mid-level feature is kept: 16 clips."""


class FrameWindow:
    """The newest 16 frames, oldest first, and palm sizes and skeletons of the newest 256; all of fixed size.

    Attributes:
        count: Frames in the window, at most 16.
        joints: (16, 2, 21, 3) float32 metres.
        joint_valid: (16, 2, 21) bool.
        since_seen: (2,) int64, frames since each hand was seen, 0 if it is in the newest frame.
    """

    def __init__(self, template: Tensor) -> None:
        """Start empty.

        Args:
            template: (2, 5, 3) canonical palms.
        """
        self._skeleton = SkeletonMemory(template.cpu())
        self.joints = np.zeros((CLIP_FRAMES, NUM_HANDS, NUM_JOINTS, 3), np.float32)
        self.joint_valid = np.zeros((CLIP_FRAMES, NUM_HANDS, NUM_JOINTS), np.bool_)
        self._sizes = np.full((MEMORY_FRAMES, NUM_HANDS), np.nan, np.float32)
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.count = 0
        self.since_seen = np.full(NUM_HANDS, MEMORY_FRAMES, np.int64)
        self._total = 0
        self.joints[:] = 0.0
        self.joint_valid[:] = False
        self._sizes[:] = np.nan
        self._skeleton.clear()

    def push(self, frame: HandFrame) -> None:
        """Append a frame; joints without confidence count as not measured."""
        if self.count == CLIP_FRAMES:
            self.joints[:-1] = self.joints[1:]
            self.joint_valid[:-1] = self.joint_valid[1:]
        else:
            self.count += 1
        known = frame.valid[:, None] & (frame.confidence > 0)
        newest = self.count - 1
        self.joint_valid[newest] = known
        self.joints[newest] = np.where(known[..., None], frame.joints, 0.0)
        seen = known[:, list(PALM_JOINTS)].all(-1)
        spokes = frame.joints[:, list(MCP_JOINTS)] - frame.joints[:, WRIST : WRIST + 1]
        self._sizes[self._total % MEMORY_FRAMES] = np.where(seen, np.linalg.norm(spokes, axis=-1).mean(-1), np.nan)
        self._total += 1
        self.since_seen = np.where(seen, 0, np.minimum(self.since_seen + 1, MEMORY_FRAMES))
        self._skeleton.push(
            torch.from_numpy(self.joints[: self.count]), torch.from_numpy(self.joint_valid[: self.count])
        )

    def skeleton(self) -> Skeleton:
        """Return the skeletons of the hands, (1, 2), as far as they are known by now."""
        return Skeleton(*(part[None] for part in self._skeleton.skeleton()))

    def palm_size(self) -> Tensor:
        """Return the median palm size of each hand, (1, 2) metres; a nominal one for a hand never seen."""
        sizes = torch.from_numpy(self._sizes)
        return median_palm_size(sizes, ~sizes.isnan())[None]

    def frame_valid(self) -> Tensor:
        """Return which frames of the window are real, (1, 16) bool."""
        return (torch.arange(CLIP_FRAMES) < self.count)[None]


class Candidates(NamedTuple):
    """The same past, observed from K different starts; row i holds the newest i + 1 clips, in order of time.

    Attributes:
        mid_level: (K, K, d).
        object_feature: (K, K, text_width).
        clip_valid: (K, K) bool.
        object_valid: (K, K) bool.
    """

    mid_level: Tensor
    object_feature: Tensor
    clip_valid: Tensor
    object_valid: Tensor


class ClipHistory:
    """One mid-level feature per frame, of the clip that ends there, for the newest 256 frames; of fixed size.

    So the clips that end now, 16 frames ago, 32 frames ago and so on are there at every frame without being encoded
    again.
    """

    def __init__(self, width: int, object_width: int, device: torch.device) -> None:
        """Reserve all memory.

        Args:
            width: d.
            object_width: Channels of an object feature.
            device: Where features live.
        """
        self._mid_level = torch.zeros(HISTORY_FRAMES, width, device=device)
        self._object = torch.zeros(HISTORY_FRAMES, object_width, device=device)
        self._clip_valid = np.zeros(HISTORY_FRAMES, np.bool_)
        self._object_valid = np.zeros(HISTORY_FRAMES, np.bool_)
        self._stamps = np.zeros(HISTORY_FRAMES, np.int64)
        self.total = 0

    def clear(self) -> None:
        """Forget everything."""
        self.total = 0

    def push(self, stamp_ns: int, mid_level: Tensor | None, object_feature: Tensor | None) -> None:
        """Append the clip that ends at a frame; None where no hand, or no object, was seen in it."""
        slot = self.total % HISTORY_FRAMES
        self._stamps[slot] = stamp_ns
        self._clip_valid[slot] = mid_level is not None
        self._object_valid[slot] = object_feature is not None
        if mid_level is not None:
            self._mid_level[slot] = mid_level
        if object_feature is not None:
            self._object[slot] = object_feature
        self.total += 1

    @property
    def oldest(self) -> int:
        """Number of the oldest frame that is kept; frames count from 0 since the stream began."""
        return max(self.total - HISTORY_FRAMES, 0)

    def stamp_ns(self, frame: int) -> int:
        """Return the stamp of a frame that is kept."""
        return int(self._stamps[frame % HISTORY_FRAMES])

    def candidates(self) -> Candidates:
        """Observe the past from every start that lies a whole number of clips before now (the oldest may be cut)."""
        slots, valid = self._layout()
        device = self._mid_level.device
        index = torch.from_numpy(slots).to(device)
        return Candidates(
            self._mid_level[index],
            self._object[index],
            torch.from_numpy(valid & self._clip_valid[slots]).to(device),
            torch.from_numpy(valid & self._object_valid[slots]).to(device),
        )

    def _layout(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        clips = min(-(-self.total // CLIP_FRAMES), MAX_CLIPS)
        row, column = np.mgrid[:clips, :clips]
        age = (row - column) * CLIP_FRAMES
        valid = age >= 0
        return (self.total - 1 - np.where(valid, age, 0)) % HISTORY_FRAMES, valid
