# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where one frame was over time, relative to its parent: sorted poses and interpolation between them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from transforms3d.quaternions import qconjugate, qmult, qpow, rotate_vector

from ghtt_ros.embedded.tf2_exceptions import ExtrapolationException

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Rigid:
    """A rigid map of points: rotate, then translate.

    Attributes:
        translation: (3,) metres.
        rotation: (4,) unit quaternion w, x, y, z.
    """

    translation: Vector
    rotation: Vector

    def after(self, first: Rigid) -> Rigid:
        """The map that applies `first` and then this one."""
        moved = rotate_vector(first.translation, self.rotation, is_normalized=True) + self.translation
        return Rigid(moved, qmult(self.rotation, first.rotation))

    def inverse(self) -> Rigid:
        """The map back."""
        back = qconjugate(self.rotation)
        return Rigid(-rotate_vector(self.translation, back, is_normalized=True), back)

    def towards(self, other: Rigid, share: float) -> Rigid:
        """Between this pose (share 0) and another (share 1): straight line, and the shorter great arc."""
        translation = self.translation + share * (other.translation - self.translation)
        turn = qmult(qconjugate(self.rotation), other.rotation)
        if turn[0] < 0:
            turn = -turn
        # Rounding can push the cosine of the half angle past one, where its arc is not defined.
        turn = turn / np.linalg.norm(turn)
        rotation = self.rotation if turn[0] >= 1.0 else qmult(self.rotation, qpow(turn, share))
        return Rigid(translation, rotation / np.linalg.norm(rotation))


IDENTITY = Rigid(np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0]))


@dataclass(frozen=True)
class Link:
    """A frame's pose in its parent: `pose` maps points of the frame into the parent."""

    stamp_ns: int
    parent: str
    pose: Rigid


class StaticTrack:
    """A frame that never moves."""

    is_static = True

    def __init__(self) -> None:
        """Start empty; the first link follows at once."""
        self._link: Link | None = None

    def insert(self, link: Link, keep_ns: int) -> bool:
        """Replace the pose."""
        self._link = link
        return True

    def at(self, stamp_ns: int, frame: str) -> Link | None:
        """The pose, whatever the time."""
        return self._link

    def latest(self) -> Link | None:
        """The pose."""
        return self._link

    def clear(self) -> None:
        """Keep the pose: it is not a matter of time."""


class MovingTrack:
    """A frame that moves: poses sorted by stamp, at most `keep_ns` old."""

    is_static = False

    def __init__(self) -> None:
        """Start empty."""
        self._stamps: list[int] = []
        self._links: list[Link] = []

    def insert(self, link: Link, keep_ns: int) -> bool:
        """Add a pose; one that is too old or has a stamp that is known already is refused with False."""
        if self._stamps and link.stamp_ns < self._stamps[-1] - keep_ns:
            return False
        place = bisect_left(self._stamps, link.stamp_ns)
        if place < len(self._stamps) and self._stamps[place] == link.stamp_ns:
            return False
        self._stamps.insert(place, link.stamp_ns)
        self._links.insert(place, link)
        expired = bisect_left(self._stamps, self._stamps[-1] - keep_ns)
        if expired:
            del self._stamps[:expired], self._links[:expired]
        return True

    def at(self, stamp_ns: int, frame: str) -> Link | None:
        """The pose at a time, interpolated; None when nothing is known at all.

        Raises:
            ExtrapolationException: The time is before the oldest or after the newest pose.
        """
        if not self._stamps:
            return None
        place = bisect_right(self._stamps, stamp_ns)
        if place and self._stamps[place - 1] == stamp_ns:
            return self._links[place - 1]
        if place == 0 or place == len(self._stamps):
            raise ExtrapolationException(self._refusal(stamp_ns, frame))
        before, after = self._links[place - 1], self._links[place]
        if before.parent != after.parent:
            return before
        share = (stamp_ns - before.stamp_ns) / (after.stamp_ns - before.stamp_ns)
        return Link(stamp_ns, before.parent, before.pose.towards(after.pose, share))

    def latest(self) -> Link | None:
        """The newest pose."""
        return self._links[-1] if self._links else None

    def clear(self) -> None:
        """Forget all poses."""
        self._stamps.clear()
        self._links.clear()

    def _refusal(self, stamp_ns: int, frame: str) -> str:
        asked = f"Requested time {stamp_ns / 1e9:.6f}"
        between = f"between frame [{frame}] and its parent [{self._links[0].parent}]"
        if len(self._stamps) == 1:
            return (
                f"Lookup would require extrapolation at time {stamp_ns / 1e9:.6f}, but only time "
                f"{self._stamps[0] / 1e9:.6f} is in the buffer, {between}"
            )
        if stamp_ns > self._stamps[-1]:
            return (
                f"Lookup would require extrapolation into the future.  {asked} but the latest data is at time "
                f"{self._stamps[-1] / 1e9:.6f}, {between}"
            )
        return (
            f"Lookup would require extrapolation into the past.  {asked} but the earliest data is at time "
            f"{self._stamps[0] / 1e9:.6f}, {between}"
        )


Track = StaticTrack | MovingTrack
