# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Videos of any rate among frames at 30 per second: which pictures are looked at, and which frames they belong to."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.sequence import HandSequence
from ghtt_core.data.views import ImageSource
from ghtt_core.hands.layout import FRAME_RATE

_NEAR: Final = 0.005
"""A rate this close to a multiple of 30 is taken for it: 29.97 is what cameras call 30."""
_SAME_MOMENT_NS: Final = 9_000_000
"""A picture taken this near to a frame shows the frame; a hand at 1 m/s moves a finger's breadth less."""


def choose_pictures(stamps_ns: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose the pictures that are worth looking at: all of slow videos, every n-th of fast ones.

    Args:
        stamps_ns: (N,) increasing times of all pictures.

    Returns:
        Numbers (M,) of the chosen pictures, and their times (M,) from 0 on. The times are stretched by up to half a
        per cent where that makes the rate a multiple of 30.
    """
    times = (stamps_ns - stamps_ns[0]).astype(np.float64)
    if len(times) > 1:
        # The mean: containers round the steps between pictures to whole milliseconds.
        rate = (len(times) - 1) * 1e9 / times[-1]
        multiple = max(1, round(rate / FRAME_RATE))
        if abs(rate / (multiple * FRAME_RATE) - 1) < _NEAR:
            times *= rate / (multiple * FRAME_RATE)
    grid = np.arange(int(np.floor(times[-1] * FRAME_RATE / 1e9 + 0.5)) + 1) * (1e9 / FRAME_RATE)
    after = np.searchsorted(times, grid).clip(1, max(len(times) - 1, 1)).clip(max=len(times) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(grid - times[before] <= times[after] - grid, before, after)
    numbers = np.unique(nearest)
    return numbers, np.round(times[numbers]).astype(np.int64)


def at_frame_rate(sequence: HandSequence, numbers: NDArray[np.int64], offered: NDArray[np.bool_]) -> HandSequence:
    """Bring labels of pictures to 30 frames per second.

    A frame with a picture of its moment has exactly the labels of that picture; frames between pictures have labels
    between theirs, and no picture.

    Args:
        sequence: One frame per picture, with one view, which has the pictures.
        numbers: (T,) number of the picture of each of its frames.
        offered: (T,) whether that picture may be shown; the labels count all the same.
    """
    (view,) = sequence.views
    source = view.images
    assert source is not None
    pictures = ImageSource(source.kind, source.path, numbers=numbers.astype(np.int32))
    moved = replace(sequence, views=(replace(view, images=pictures),)).resampled(FRAME_RATE)
    (view,) = moved.views
    assert view.images is not None
    shown = np.array([view.images.number(frame) for frame in range(len(moved))])
    place = np.searchsorted(numbers, shown)
    same = np.abs(sequence.stamps_ns[place] - moved.stamps_ns) <= _SAME_MOMENT_NS
    joints, valid = moved.joints.copy(), moved.valid.copy()
    joints[same], valid[same] = sequence.joints[place[same]], sequence.valid[place[same]]
    present = same & offered[place]
    images = replace(view.images, present=None if present.all() else present).taken(np.arange(len(moved)))
    return replace(moved, joints=joints, valid=valid, views=(replace(view, images=images),))
