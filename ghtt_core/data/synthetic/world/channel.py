# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A scripted group of numbers over time: minimum-jerk submovements that blend, jumps, and bursts of oscillation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ghtt_core.data.synthetic.hand_model import Array
from ghtt_core.data.synthetic.world.exact import sincos
from ghtt_core.hands.layout import FRAME_RATE

_SHORTEST: Final = 0.05
"""Seconds; nothing a hand does is quicker."""
_TURN: Final = 2.0 * math.pi


def frame_at(seconds: float) -> int:
    """First frame at or after an instant."""
    return math.ceil(seconds * FRAME_RATE - 1e-6)


def eased(progress: Array) -> Array:
    """Minimum-jerk progress from 0 to 1, clipped outside."""
    s = np.minimum(np.maximum(progress, 0.0), 1.0)
    value: Array = (s * s * s) * (10.0 + s * (6.0 * s - 15.0))
    return value


@dataclass(frozen=True, eq=False)
class Cycle:
    """A burst of oscillation.

    Attributes:
        begin: Seconds.
        end: Seconds.
        hertz: Frequency.
        amplitude: (D,).
        phase: Radians at the beginning.
        skew: Above 0 the rise is fast and the fall slow, below 0 the other way round.
        wander: Five phase errors, radians, spread over the burst: a living rhythm never ticks like a clock.
    """

    begin: float
    end: float
    hertz: float
    amplitude: Array
    phase: float
    skew: float
    wander: Sequence[float]

    def add_to(self, track: Array, offset: int) -> None:
        """Add to a track (T, D) whose first row is frame number ``offset``; in place."""
        first, last = max(frame_at(self.begin), offset), min(frame_at(self.end), offset + len(track))
        if first >= last:
            return
        t = np.arange(first, last) / FRAME_RATE - self.begin
        length = self.end - self.begin
        # Overlapping hats interpolate the wander linearly.
        place = t * ((len(self.wander) - 1) / length)
        wander = np.zeros_like(t)
        for k, error in enumerate(self.wander):
            wander = wander + error * np.maximum(1.0 - np.abs(place - k), 0.0)
        angle = (_TURN * self.hertz) * t + (self.phase + wander)
        if self.skew:
            angle = angle + self.skew * sincos(angle)[0]
        ramp = min(0.25, length / 2.0)
        envelope = eased(t / ramp) * eased((length - t) / ramp)
        track[first - offset : last - offset] += (sincos(angle)[0] * envelope)[:, None] * self.amplitude


@dataclass(eq=False)
class _Epoch:
    """What happens between two jumps."""

    start: float
    value: Array
    moves: list[tuple[float, float, Array]] = field(default_factory=list)
    cycles: list[Cycle] = field(default_factory=list)


class Channel:
    """D numbers over time, written by appending."""

    def __init__(self, value: Sequence[float] | Array) -> None:
        """Constant until something happens."""
        self.target: Array = np.array(value, float)
        self._epochs = [_Epoch(-1.0, self.target)]

    def jump(self, at: float, value: Sequence[float] | Array) -> None:
        """Have another value from an instant on, whatever happened before."""
        self.target = np.array(value, float)
        self._epochs.append(_Epoch(at, self.target))

    def move(self, onset: float, duration: float, target: Sequence[float] | Array) -> float:
        """Move to a target; overlapping moves blend without a stop. Returns when it is done."""
        goal = np.array(target, float)
        # What was meant to begin before the last jump begins with it: the jump's value is where it starts from.
        late = max(self._epochs[-1].start - onset, 0.0)
        onset, duration = onset + late, max(duration - late, _SHORTEST)
        self._epochs[-1].moves.append((onset, duration, goal - self.target))
        self.target = goal
        return onset + duration

    def cycle(self, burst: Cycle) -> None:
        """Oscillate around whatever else happens."""
        self._epochs[-1].cycles.append(burst)

    def render(self, frames: int) -> Array:
        """(T, D) from frame 0 on."""
        track = np.empty((frames, len(self.target)))
        bounds = [min(max(frame_at(epoch.start), 0), frames) for epoch in self._epochs] + [frames]
        bounds[0] = 0
        for epoch, first, last in zip(self._epochs, bounds, bounds[1:], strict=False):
            if last > first:
                _render_epoch(epoch, track[first:last], first)
        return track


def _render_epoch(epoch: _Epoch, track: Array, offset: int) -> None:
    frames = len(track)
    track[:] = epoch.value
    for onset, duration, step in epoch.moves:
        first = min(max(frame_at(onset) - offset, 0), frames)
        last = min(max(frame_at(onset + duration) - offset, first), frames)
        if last > first:
            progress = (np.arange(first + offset, last + offset) / FRAME_RATE - onset) / duration
            track[first:last] += eased(progress)[:, None] * step
        track[last:] += step
    for burst in epoch.cycles:
        burst.add_to(track, offset)
