# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which hand is which over time: continuity first, running votes second, a single frame never.

Per-frame handedness is wrong for a third of the frames once fingers are hidden, and often the same for both hands.
Here a hand keeps its side while it can be followed. Votes accumulate slowly, count little for views that are known to
mislead, and cancel where both hands are given the same label. There is at most one left and one right by construction.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ghtt_core.estimators.detection import Detection, palm_distance, remove_duplicates
from ghtt_core.hands.layout import LEFT, NUM_HANDS, RIGHT


@dataclass(frozen=True)
class TrackerConfig:
    """Tuning of `HandTracker`; distances are in palms (the apparent size of the hand's palm).

    Attributes:
        memory_s: How long an unseen hand keeps its side.
        tentative_s: How long a hand without a side is remembered.
        gate_palms: How far from its predicted place a hand is still itself in the next frame.
        gate_growth: How much that grows per second unseen.
        gate_limit: Where the growth ends.
        duplicate_palms: A new detection this close to a followed hand is a second reading of that hand.
        vote_limit: Largest number of votes a hand can hold, so that a wrong side can be voted out.
        switch_votes: Votes beyond zero (per hand) that it takes to change a side.
        confirm_frames: Frames before a new hand may be given a side.
        confirm_votes: Votes before a new hand may be given a side.
    """

    memory_s: float = 1.5
    tentative_s: float = 0.3
    gate_palms: float = 1.2
    gate_growth: float = 4.0
    gate_limit: float = 4.0
    duplicate_palms: float = 1.0
    vote_limit: float = 20.0
    switch_votes: float = 2.0
    confirm_frames: int = 2
    confirm_votes: float = 1.5


class TrackedHand(NamedTuple):
    """A hand with a side.

    Attributes:
        detection: Its landmarks in this frame.
        number: Stays the same as long as the hand is followed.
    """

    detection: Detection
    number: int


@dataclass(eq=False)
class _Track:
    number: int
    detection: Detection
    seen_s: float
    votes: float = 0.0
    frames: int = 1
    side: int | None = None
    velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))

    def move(self, detection: Detection, now_s: float, follow: bool) -> None:
        """Take the newest detection; `follow` is False where the hand was found again elsewhere."""
        step = (detection.centre - self.detection.centre) / max(now_s - self.seen_s, 1e-3)
        self.velocity = 0.5 * self.velocity + 0.5 * step if follow else np.zeros(2)
        self.detection, self.seen_s = detection, now_s
        self.frames += 1


class HandTracker:
    """Follows up to two hands through image detections and tells left from right."""

    def __init__(self, config: TrackerConfig | None = None) -> None:
        """Start with no hands.

        Args:
            config: Tuning; the defaults suit 15 to 60 frames per second.
        """
        self.config = config or TrackerConfig()
        self.reset()

    def reset(self) -> None:
        """Forget all hands."""
        self._tracks: list[_Track] = []
        self._next = 0

    def remembers(self, number: int) -> bool:
        """Tell whether the hand of this number is still known, seen or not."""
        return any(track.number == number for track in self._tracks)

    def update(self, detections: Sequence[Detection], stamp_ns: int) -> tuple[TrackedHand | None, TrackedHand | None]:
        """Add the detections of one frame.

        Args:
            detections: All hands found, in any order, duplicates included.
            stamp_ns: Time of the frame, later than the one before.

        Returns:
            The left and the right hand where they are seen and known.
        """
        now = stamp_ns * 1e-9
        self._forget(now)
        detections = remove_duplicates(sorted(detections, key=self._doubt))
        seen = self._follow(detections, now)
        self._adopt([d for d in detections if all(d is not track.detection for track in seen)], seen, now)
        self._vote(seen)
        self._assign()
        hands: list[TrackedHand | None] = [None] * NUM_HANDS
        for track in seen:
            if track.side is not None:
                hands[track.side] = TrackedHand(track.detection, track.number)
        return hands[LEFT], hands[RIGHT]

    def _forget(self, now: float) -> None:
        config = self.config
        self._tracks = [
            track
            for track in self._tracks
            if now - track.seen_s <= (config.tentative_s if track.side is None else config.memory_s)
        ]

    def _doubt(self, detection: Detection) -> tuple[float, float]:
        """Order readings of one hand: those that agree with the side it is known to have come first."""
        known = [track for track in self._tracks if track.side is not None]
        certainty = abs(2.0 * detection.right_probability - 1.0)
        if not known:
            return 0.0, -certainty
        nearest = min(known, key=lambda track: palm_distance(detection, track.detection))
        return float(detection.agreement(nearest.side or LEFT) < 0.5), -certainty

    def _cost(self, track: _Track, detection: Detection, now: float) -> float:
        """Distance in palms between where a track should be and a detection; infinite outside the gate."""
        config = self.config
        gap = now - track.seen_s
        # A straight line says little after a tenth of a second: hands turn.
        predicted = track.detection.centre + track.velocity * min(gap, 0.1)
        distance = float(np.linalg.norm(detection.centre - predicted)) / track.detection.palm_px
        distance += 0.5 * abs(float(np.log(detection.palm_px / track.detection.palm_px)))
        if distance > min(config.gate_palms + config.gate_growth * gap, config.gate_limit):
            return np.inf
        mismatch = 0.0 if track.side is None else 1.0 - detection.agreement(track.side)
        return distance + 0.3 * mismatch

    def _follow(self, detections: Sequence[Detection], now: float) -> list[_Track]:
        """Match tracks and detections at the least total cost; returns the tracks seen now."""
        costs = [[self._cost(track, detection, now) for detection in detections] for track in self._tracks]
        choices = [[None, *(j for j, cost in enumerate(row) if np.isfinite(cost))] for row in costs]
        best: tuple[tuple[int, float], tuple[int | None, ...]] = ((0, 0.0), (None,) * len(self._tracks))
        for choice in itertools.product(*choices):
            used = [j for j in choice if j is not None]
            if len(set(used)) == len(used):
                total = sum(costs[i][j] for i, j in enumerate(choice) if j is not None)
                best = min(best, ((-len(used), total), choice), key=lambda candidate: candidate[0])
        seen = []
        for track, j in zip(self._tracks, best[1], strict=True):
            if j is not None:
                track.move(detections[j], now, follow=True)
                seen.append(track)
        return seen

    def _adopt(self, strangers: Sequence[Detection], seen: list[_Track], now: float) -> None:
        """Decide what detections are that no track explains: a second reading, a hand found again, or a new one."""
        limit = self.config.duplicate_palms
        for detection in sorted(strangers, key=lambda d: -abs(d.side_evidence)):
            if len(seen) >= NUM_HANDS or any(palm_distance(detection, track.detection) < limit for track in seen):
                continue
            lost = [track for track in self._tracks if track not in seen and track.side is not None]
            if not seen:
                # Both hands may be the one found again; its label decides, or it counts as a new hand.
                lost = [track for track in lost if detection.agreement(track.side or LEFT) > 0.5]
            if lost:
                # With the other hand in view, the one that reappears is the one that was lost.
                track = max(lost, key=lambda track: track.seen_s)
                track.move(detection, now, follow=False)
            else:
                track = _Track(self._next, detection, now)
                self._next += 1
                self._make_room(seen)
                self._tracks.append(track)
            seen.append(track)

    def _make_room(self, seen: Sequence[_Track]) -> None:
        """Drop the unseen track with the least claim when a third would be added."""
        unseen = [track for track in self._tracks if track not in seen]
        while len(self._tracks) >= NUM_HANDS and unseen:
            weakest = min(unseen, key=lambda track: (track.side is not None, track.seen_s))
            unseen.remove(weakest)
            self._tracks.remove(weakest)

    def _vote(self, seen: Sequence[_Track]) -> None:
        evidence = [track.detection.side_evidence for track in seen]
        if len(seen) == NUM_HANDS:
            # One is left and one is right, so only the difference says anything.
            half = (evidence[0] - evidence[1]) / 2
            evidence = [half, -half]
        limit = self.config.vote_limit
        for track, vote in zip(seen, evidence, strict=True):
            track.votes = float(np.clip(track.votes + vote, -limit, limit))

    def _assign(self) -> None:
        """Give sides to tracks; an existing side changes only against a clear majority."""
        config = self.config
        if len(self._tracks) == 1:
            track = self._tracks[0]
            wanted = RIGHT if track.votes > 0 else LEFT
            needed = config.confirm_votes if track.side is None else config.switch_votes
            if wanted != track.side and abs(track.votes) > needed and track.frames >= config.confirm_frames:
                track.side = wanted
        elif len(self._tracks) == NUM_HANDS:
            self._assign_pair(*self._tracks)

    def _assign_pair(self, first: _Track, second: _Track) -> None:
        config = self.config
        margin = first.votes - second.votes
        if first.side is None and second.side is None:
            if abs(margin) > config.confirm_votes and min(first.frames, second.frames) >= config.confirm_frames:
                first.side, second.side = (RIGHT, LEFT) if margin > 0 else (LEFT, RIGHT)
            return
        known, other = (first, second) if first.side is not None else (second, first)
        if other.side is None and other.frames < config.confirm_frames:
            return
        other.side = RIGHT if known.side == LEFT else LEFT
        against = -margin if first.side == RIGHT else margin
        if against > 2 * config.switch_votes:
            first.side, second.side = second.side, first.side
