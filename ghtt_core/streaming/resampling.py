# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bring a stream of hand frames with any timing to 30 frames per second, by stamp, with no added delay where possible.

Rules, in the order they are applied to a new frame:

1. A stamp that repeats the last one, or lies behind it by at most ``LATE_NS``, is ignored: it brings nothing new.
2. A stamp that lies further behind, or more than ``MAX_GAP_NS`` ahead, starts the stream anew.
3. A frame within a fifth of a step of the next grid time is taken as it is, with its own stamp. The grid follows such
   frames slowly, so a 29.97 Hz camera with jitter passes through unchanged and never drifts out of phase.
4. Every other grid time up to the frame is interpolated: linear where a hand was seen in both neighbours, from the
   nearer neighbour where that one saw it, not valid otherwise.

Cameras faster than 30 Hz are thinned by rule 3 and 4, slower ones are filled by rule 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import FRAME_RATE

STEP_NS: Final = round(1e9 / FRAME_RATE)
MAX_GAP_NS: Final = 250_000_000
"""Longest gap that is bridged; a longer one starts the stream anew."""
LATE_NS: Final = 100_000_000
"""A frame that comes late by at most this is dropped; a larger step back is a clock that was set."""
_TOLERANCE_NS: Final = STEP_NS // 5
_FOLLOW: Final = 10
"""The grid moves by one part in this of a frame's offset from it."""


@dataclass(frozen=True, eq=False)
class Resampled:
    """What one input frame gives.

    Attributes:
        frames: Frames on the grid, oldest first; often one, none where the input is faster, several after a dropout.
        restarted: The stream starts anew with these frames: everything known before is about another time.
        ignored: The input brought nothing new.
    """

    frames: tuple[HandFrame, ...] = ()
    restarted: bool = False
    ignored: bool = False


class StampResampler:
    """Turns frames with any stamps into frames about 1/30 s apart; holds one frame of state."""

    def __init__(self) -> None:
        """Start without a past."""
        self._last: HandFrame | None = None
        self._next_ns = 0

    def reset(self) -> None:
        """Forget the past; the next frame starts a new grid."""
        self._last = None

    def push(self, frame: HandFrame) -> Resampled:
        """Take one frame and give what can be given now."""
        last = self._last
        if last is None:
            return self._start(frame, restarted=False)
        elapsed = frame.stamp_ns - last.stamp_ns
        if -LATE_NS <= elapsed <= 0:
            return Resampled(ignored=True)
        if elapsed < 0 or elapsed > MAX_GAP_NS:
            return self._start(frame, restarted=True)
        self._last = frame
        # Of a camera so fast that several frames fall within the tolerance, the nearest is wanted.
        early = min(_TOLERANCE_NS, elapsed // 2)
        frames = []
        while frame.stamp_ns > self._next_ns + _TOLERANCE_NS:
            frames.append(interpolate(last, frame, self._next_ns))
            self._next_ns += STEP_NS
        offset = frame.stamp_ns - self._next_ns
        if offset >= -early:
            frames.append(frame)
            self._next_ns += STEP_NS + offset // _FOLLOW
        return Resampled(tuple(frames))

    def _start(self, frame: HandFrame, *, restarted: bool) -> Resampled:
        self._last = frame
        self._next_ns = frame.stamp_ns + STEP_NS
        return Resampled((frame,), restarted=restarted)


def interpolate(before: HandFrame, after: HandFrame, stamp_ns: int) -> HandFrame:
    """Give the hands at a time between two frames.

    Args:
        before: The earlier frame.
        after: The later frame.
        stamp_ns: Time in ``[before.stamp_ns, after.stamp_ns]``.

    Returns:
        A frame at that time: joints and confidence linear where a hand is valid in both frames, those of the nearer
        frame where only that one has it; its object feature is the nearer frame's.
    """
    share = np.float32((stamp_ns - before.stamp_ns) / (after.stamp_ns - before.stamp_ns))
    near = before if share < 0.5 else after
    joints, confidence = np.zeros_like(near.joints), np.zeros_like(near.confidence)
    for hand in np.flatnonzero(near.valid):
        joints[hand], confidence[hand] = near.joints[hand], near.confidence[hand]
        if before.valid[hand] and after.valid[hand]:
            joints[hand] = (1 - share) * before.joints[hand] + share * after.joints[hand]
            confidence[hand] = (1 - share) * before.confidence[hand] + share * after.confidence[hand]
    return HandFrame(
        stamp_ns=stamp_ns,
        joints=joints,
        valid=near.valid,
        confidence=confidence,
        object_feature=near.object_feature,
        frame_id=after.frame_id,
    )
