# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Scripts: when a hand moves where, turns how, and takes which posture; rendered to tracks in one go."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ghtt_core.data.synthetic.body import HandMotion, Subject
from ghtt_core.data.synthetic.hand_model import NUM_ANGLES, Array
from ghtt_core.data.synthetic.tracks import burst, min_jerk, submovements
from ghtt_core.data.synthetic.vocabulary import ObjectKind


@dataclass(frozen=True, eq=False)
class _Cycle:
    """A burst of oscillation added to some channels."""

    begin: float
    end: float
    frequency: float
    phase: float
    skew: float
    amplitude: Array


class _Channel:
    """Superposed submovements of one group of numbers."""

    def __init__(self, start: Array) -> None:
        self.start = np.array(start, float)
        self.target = self.start
        self.onsets: list[float] = []
        self.durations: list[float] = []
        self.targets: list[Array] = []

    def add(self, onset: float, duration: float, target: Array) -> None:
        self.onsets.append(onset)
        self.durations.append(max(duration, 0.05))
        self.targets.append(np.array(target, float))
        self.target = self.targets[-1]

    def render(self, times: Array) -> Array:
        if not self.onsets:
            return np.repeat(self.start[None], len(times), axis=0)
        keys = np.array(self.onsets), np.array(self.durations), np.stack(self.targets)
        return submovements(times, self.start, *keys)


class HandScript:
    """What one hand does, written by appending; times in seconds from the start of the stream."""

    def __init__(self, position: Array, angles: Array, fingers: Array, rng: np.random.Generator) -> None:
        """Begin at rest in the given pose (own side's frame, see body.HandMotion)."""
        self._position, self._angles, self._fingers = _Channel(position), _Channel(angles), _Channel(fingers)
        self._cycles: list[_Cycle] = []
        self._rng = rng

    @property
    def position(self) -> Array:
        """Where the hand will be when everything scripted so far is done, metres."""
        return self._position.target

    @property
    def angles(self) -> Array:
        """Its wrist angles then, radians."""
        return self._angles.target

    def move(
        self,
        onset: float,
        duration: float,
        position: Array | None = None,
        angles: Array | None = None,
        fingers: Array | None = None,
        lift: float = 0.0,
    ) -> float:
        """Move to a pose; None keeps. A lift bows the path upwards by that many metres. Returns when it is done."""
        if position is not None:
            early = self._position.target + 0.92 * (position - self._position.target)
            self._position.add(onset, 0.9 * duration, early + np.array([0.0, 0.0, lift]))
            # A reach ends with a small correction that overlaps the main movement, and comes down from its bow.
            self._position.add(onset + 0.4 * duration, 0.6 * duration, position)
        if angles is not None:
            self._angles.add(onset + 0.05 * duration, 0.9 * duration, angles)
        if fingers is not None:
            self._fingers.add(onset, duration, fingers)
        return onset + duration

    def cycle(
        self,
        begin: float,
        end: float,
        frequency: float,
        position: tuple[float, float, float] = (0.0, 0.0, 0.0),
        angles: tuple[float, float, float] = (0.0, 0.0, 0.0),
        fingers: Array | None = None,
        phase: float = 0.0,
        skew: float = 0.0,
    ) -> float:
        """Oscillate around the pose: amplitudes in metres, degrees, and radians for fingers. Returns the end.

        A skew above 0 makes the rise fast and the fall slow, below 0 the other way round.
        """
        joints = np.zeros(NUM_ANGLES) if fingers is None else fingers
        amplitude = np.concatenate([position, np.deg2rad(angles), joints])
        self._cycles.append(_Cycle(begin, end, frequency, phase, skew, amplitude))
        return end

    def render(self, times: Array) -> HandMotion:
        """The tracks at the given times (T,)."""
        tracks = [channel.render(times) for channel in (self._position, self._angles, self._fingers)]
        motion = np.concatenate(tracks, axis=1)  # (T, 28)
        for cycle in self._cycles:
            first, last = np.searchsorted(times, [cycle.begin, cycle.end])
            t = times[first:last]
            # The rhythm of a living hand wanders a little; it never ticks like a clock.
            wander = np.interp(t, np.linspace(cycle.begin, cycle.end + 1e-6, 5), self._rng.normal(0.0, 0.25, 5))
            angle = 2 * np.pi * cycle.frequency * (t - cycle.begin) + cycle.phase + wander
            wave = np.sin(angle + cycle.skew * np.sin(angle)) * burst(t, cycle.begin, cycle.end, 0.3)
            motion[first:last] += wave[:, None] * cycle.amplitude
        return HandMotion(motion[:, :3], motion[:, 3:6], np.zeros((len(times), 3)), motion[:, 6:])


@dataclass(eq=False)
class Scene:
    """Everything an action needs to know to perform itself.

    Attributes:
        rng: Source of its variations.
        subject: Who performs it.
        lead: Script of the dominant hand.
        aid: Script of the other hand.
        thing: What is handled.
        site: (3,) where the thing lies, in the leading hand's frame, metres.
        now: Seconds, moved forward by the action.
        tempo: Speed factor of this performance.
        size: Amplitude factor of this performance.
    """

    rng: np.random.Generator
    subject: Subject
    lead: HandScript
    aid: HandScript
    thing: ObjectKind
    site: Array
    now: float
    tempo: float = field(default=1.0)
    size: float = field(default=1.0)

    def span(self, seconds: float, spread: float = 0.1) -> float:
        """A duration of about so many seconds in this performance."""
        return float(seconds / self.tempo * np.exp(self.rng.normal(0.0, spread)))

    def rate(self, hertz: float, spread: float = 0.08) -> float:
        """A frequency of about so many hertz in this performance."""
        return float(hertz * self.tempo**0.5 * np.exp(self.rng.normal(0.0, spread)))

    def near(self, point: tuple[float, float, float], spread: float = 0.012) -> Array:
        """A point (own side's frame, metres) hit as exactly as people hit points."""
        value: Array = np.array(point) + self.rng.normal(0.0, spread, 3)
        return value

    def turned(self, degrees: tuple[float, float, float], spread: float = 5.0) -> Array:
        """Wrist angles in radians from degrees, with the variation between performances."""
        value: Array = np.deg2rad(np.array(degrees) + self.rng.normal(0.0, spread, 3))
        return value


def mirrored(point: Array) -> Array:
    """A point of one hand's frame in the other hand's frame."""
    value: Array = point * np.array([-1.0, 1.0, 1.0])
    return value


def ease(times: Array, begin: float, end: float) -> Array:
    """(T,) minimum-jerk ramp from 0 to 1 between two instants."""
    return min_jerk((times - begin) / max(end - begin, 1e-6))
