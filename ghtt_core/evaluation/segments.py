# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which stretches of a store the paper's protocol looks at: segments to forecast in and windows to recognise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.hands.layout import CLIP_FRAMES, MAX_CLIPS

SEGMENT_FRAMES: Final = 112
"""16 observed frames and the longest forecast, 96."""
WINDOW_FRAMES: Final = CLIP_FRAMES * MAX_CLIPS
"""Longest window that is recognised as one action."""
SUBSETS: Final = {">1s": 30, ">2s": 60}
"""Frames of the action, the 16 observed ones included, that a segment of each subset has at least."""


@dataclass(frozen=True, eq=False)
class Segments:
    """Stretches of labelled actions, one row each.

    Attributes:
        row: (M,) int64 action, index into the segments of the store.
        sequence: (M,) int64 sequence of the store.
        start: (M,) int64 first frame, frames of the whole store.
        end: (M,) int64 one past the last frame that is looked at.
        left: (M,) int64 frames of the action from the start on, however many are looked at.
        phase: (M,) int64 clips since the start of the action.
    """

    row: NDArray[np.int64]
    sequence: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    left: NDArray[np.int64]
    phase: NDArray[np.int64]

    def __len__(self) -> int:
        """Number of stretches."""
        return len(self.row)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Segments:
        """Some of them."""
        parts = (self.row, self.sequence, self.start, self.end, self.left, self.phase)
        return Segments(*(part[rows] for part in parts))


def forecast_segments(
    store: SequenceStore, minimum: int, stride: int = CLIP_FRAMES, frames: int = SEGMENT_FRAMES
) -> Segments:
    """Segments of the forecast protocol: observe 16 frames, predict to the end of the action or 96 frames.

    Starts are every ``stride`` frames from the start of an action while at least ``minimum`` of its frames are left.
    Shorter actions are left out.

    Args:
        store: Where the actions lie.
        minimum: Fewest frames left, the observed ones included.
        stride: Frames from one start to the next; 1 gives every start, as for the true motions of the FID.
        frames: Longest segment.
    """
    length = store.segments[:, 2] - store.segments[:, 1]
    needed = max(minimum, CLIP_FRAMES + 1)
    return _stretches(store, np.maximum((length - needed) // stride + 1, 0), stride, frames)


def recognition_windows(store: SequenceStore) -> Segments:
    """Windows of the recognition protocol: whole actions, long ones in windows of at most 256 frames."""
    length = store.segments[:, 2] - store.segments[:, 1]
    # A rest of a single frame is no motion; the protocol drops it.
    return _stretches(store, np.maximum((length - 2) // WINDOW_FRAMES + 1, 0), WINDOW_FRAMES, WINDOW_FRAMES)


def _stretches(store: SequenceStore, count: NDArray[np.int64], stride: int, frames: int) -> Segments:
    """``count[i]`` stretches of action i, ``stride`` frames apart, of at most ``frames`` frames."""
    row = np.repeat(np.arange(len(count)), count)
    within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    sequence, begin, end = store.segments[row, :3].T
    start = begin + stride * within
    return Segments(row, sequence, start, np.minimum(start + frames, end), end - start, stride * within // CLIP_FRAMES)
