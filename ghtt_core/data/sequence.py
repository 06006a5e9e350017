# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A recorded or generated piece of two-hand motion, checked once and then trusted everywhere."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.views import View
from ghtt_core.errors import InputError
from ghtt_core.hands.layout import FRAME_RATE, HAND_NAMES, NUM_HANDS, NUM_JOINTS

MAX_GAP_S = 0.25
"""Longer holes in the stamps are masked when resampling: a straight line across them would be invented motion."""
NO_OBJECT = -1
"""Object index of a frame whose object is unknown."""
_PARTICLES: Final = frozenset(("away", "down", "in", "off", "on", "out", "over", "up"))
"""Words that belong to the verb before them."""


@dataclass(frozen=True)
class ActionSegment:
    """A labelled stretch of frames.

    Attributes:
        start: First frame.
        end: One past the last frame.
        label: Name of the action, for example "pour bottle".
        verb: What is done.
        noun: The object it is done with.
    """

    start: int
    end: int
    label: str
    verb: str
    noun: str


def verb_and_noun(label: str) -> tuple[str, str]:
    """Guess what is done and with what from a label such as "take out the chips": ("take out", "chips").

    The verb is the first word with the particles that follow it, the noun the last word if there are others.
    """
    words = label.split()
    verb = words[:1] + list(itertools.takewhile(_PARTICLES.__contains__, words[1:]))
    return " ".join(verb), words[-1] if len(words) > len(verb) else ""


def _all_joints() -> NDArray[np.bool_]:
    return np.ones(NUM_JOINTS, bool)


@dataclass(frozen=True, eq=False)
class HandSequence:
    """Two hands over time.

    Attributes:
        joints: (T, 2, 21, 3) float32, metres; hand 0 is left. Zero where the hand is not valid.
        valid: (T, 2) bool, whether each hand was seen.
        stamps_ns: (T,) int64, strictly increasing nanoseconds.
        joint_valid: (21,) bool; False marks a joint that was never measured (interpolated by a conversion).
        segments: Labelled actions, in order of their start; they may overlap.
        subject: Who moved; splits hold out whole subjects.
        name: What to call the sequence in reports.
        frame_id: Name of the coordinate frame; "world" where views say how cameras looked at it.
        object_names: Names that object_ids index.
        object_ids: (T,) int16 index into object_names, -1 where unknown; None when there is no such annotation.
        views: Cameras that watched.
        more_segments: Further annotations of the same frames by name, for example "coarse".
    """

    joints: NDArray[np.float32]
    valid: NDArray[np.bool_]
    stamps_ns: NDArray[np.int64]
    joint_valid: NDArray[np.bool_] = field(default_factory=_all_joints)
    segments: tuple[ActionSegment, ...] = ()
    subject: str = ""
    name: str = ""
    frame_id: str = "camera"
    object_names: tuple[str, ...] = ()
    object_ids: NDArray[np.int16] | None = None
    views: tuple[View, ...] = ()
    more_segments: Mapping[str, tuple[ActionSegment, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse anything the rest of the project could trip over.

        Raises:
            InputError: If a shape, a type, a stamp, a joint or a segment is wrong.
        """
        where = f"Sequence '{self.name}'" if self.name else "The sequence"
        frames = len(self.joints)
        if frames == 0:
            raise InputError(f"{where} has no frames; record or convert at least one.")
        if self.joints.shape != (frames, NUM_HANDS, NUM_JOINTS, 3) or self.joints.dtype != np.float32:
            raise InputError(
                f"{where} needs joints (T, 2, 21, 3) float32, got {self.joints.shape} {self.joints.dtype}."
            )
        if self.valid.shape != (frames, NUM_HANDS) or self.valid.dtype != np.bool_:
            raise InputError(f"{where} needs valid ({frames}, 2) bool, got {self.valid.shape} {self.valid.dtype}.")
        if self.joint_valid.shape != (NUM_JOINTS,) or self.joint_valid.dtype != np.bool_:
            raise InputError(f"{where} needs joint_valid (21,) bool, got {self.joint_valid.shape}.")
        self._check_stamps(where)
        self._check_joints(where)
        self._check_labels(where)
        self._check_views(where)

    def _check_stamps(self, where: str) -> None:
        if self.stamps_ns.shape != (len(self.joints),) or self.stamps_ns.dtype != np.int64:
            raise InputError(
                f"{where} needs one int64 time stamp per frame ({len(self.joints)}), got {self.stamps_ns.shape}."
            )
        steps = np.diff(self.stamps_ns)
        bad = np.flatnonzero(steps <= 0)
        if bad.size:
            frame = int(bad[0]) + 1
            what = "repeats the one before it" if steps[frame - 1] == 0 else "goes backwards"
            raise InputError(f"{where}: the time stamp of frame {frame} {what}; stamps must increase.")

    def _check_joints(self, where: str) -> None:
        finite = np.isfinite(self.joints).all(axis=(2, 3))  # (T, 2)
        bad = np.argwhere(self.valid & ~finite)
        if bad.size:
            frame, hand = (int(x) for x in bad[0])
            raise InputError(
                f"{where}: frame {frame} has a NaN or infinite joint in the {HAND_NAMES[hand]} hand although it is "
                "marked valid; fix the value or mark the hand as not valid."
            )
        if not finite.all():
            # Hands that were not seen may hold anything in a file; inside the project they are zero, never NaN.
            object.__setattr__(self, "joints", np.where(self.valid[..., None, None], self.joints, np.float32(0)))

    def _check_labels(self, where: str) -> None:
        frames = len(self.joints)
        for segment in (*self.segments, *(segment for table in self.more_segments.values() for segment in table)):
            if not 0 <= segment.start < segment.end <= frames:
                raise InputError(
                    f"{where}: action '{segment.label}' spans frames {segment.start} to {segment.end}, "
                    f"outside 0 to {frames} or empty."
                )
        if self.object_ids is None:
            return
        if self.object_ids.shape != (frames,) or self.object_ids.dtype != np.int16:
            raise InputError(f"{where} needs object_ids ({frames},) int16, got {self.object_ids.shape}.")
        if self.object_ids.min() < NO_OBJECT or self.object_ids.max() >= len(self.object_names):
            raise InputError(f"{where}: object_ids point outside the {len(self.object_names)} object names.")

    def _check_views(self, where: str) -> None:
        names = [view.name for view in self.views]
        if len(set(names)) < len(names):
            raise InputError(f"{where} has two views of one name: {', '.join(sorted(names))}.")
        for view in self.views:
            lengths = [len(view.world_to_camera)] if view.moving else []
            if view.images is not None:
                lengths += [len(a) for a in (view.images.present, view.images.numbers) if a is not None]
            if any(length != len(self.joints) for length in lengths):
                raise InputError(f"{where}: view '{view.name}' is not as long as the {len(self.joints)} frames.")

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.joints)

    @property
    def duration_s(self) -> float:
        """Seconds from the first to the last frame."""
        return float(self.stamps_ns[-1] - self.stamps_ns[0]) * 1e-9

    def resampled(self, fps: float = FRAME_RATE) -> HandSequence:
        """The same motion at a constant rate, linear between measured frames.

        A hand is valid at a new instant if it was valid in both neighbouring frames and these are at most 0.25 s
        apart; so holes stay holes. Segments keep their times. Returns the sequence itself if it has that rate already.

        Raises:
            InputError: If the rate is not above zero or the result would be absurdly long.
        """
        if not (np.isfinite(fps) and fps > 0):
            raise InputError(f"A sequence cannot be resampled to {fps} frames per second; give a rate above zero.")
        period = 1e9 / fps
        grid_error = self.stamps_ns - (self.stamps_ns[0] + np.arange(len(self)) * period)
        if np.abs(grid_error).max() < 0.02 * period:
            return self
        seconds = (self.stamps_ns - self.stamps_ns[0]) * 1e-9
        count = int(np.floor(seconds[-1] * fps + 1e-3)) + 1
        if count > 100 * len(self) + 10_000:
            raise InputError(
                f"'{self.name}' has {len(self)} frames spread over {seconds[-1]:.0f} s, which would become {count} "
                "frames; check the unit of its time stamps (seconds)."
            )
        times = np.minimum(np.arange(count) / fps, seconds[-1])
        after = np.clip(np.searchsorted(seconds, times, side="left"), 0, len(self) - 1)
        before = np.maximum(np.where(seconds[after] == times, after, after - 1), 0)
        gap = seconds[after] - seconds[before]
        weight = np.where(gap > 0, (times - seconds[before]) / np.where(gap > 0, gap, 1.0), 0.0)
        valid = self.valid[before] & self.valid[after] & (gap <= MAX_GAP_S)[:, None]
        blend = weight.astype(np.float32)[:, None, None, None]
        joints = self.joints[before] * (1 - blend) + self.joints[after] * blend
        joints[~valid] = 0.0
        nearest = np.where(weight < 0.5, before, after)
        return replace(
            self,
            joints=joints,
            valid=valid,
            stamps_ns=self.stamps_ns[0] + np.round(np.arange(count) * period).astype(np.int64),
            segments=_moved_segments(self.segments, seconds, fps, count),
            object_ids=None if self.object_ids is None else self.object_ids[nearest],
            views=tuple(view.taken(nearest.astype(np.int64)) for view in self.views),
            more_segments={n: _moved_segments(s, seconds, fps, count) for n, s in self.more_segments.items()},
        )


def _moved_segments(
    segments: tuple[ActionSegment, ...], seconds: NDArray[np.float64], fps: float, count: int
) -> tuple[ActionSegment, ...]:
    """Segments at the new rate; one that would vanish keeps one frame."""
    moved = []
    for segment in segments:
        start = min(round(float(seconds[segment.start]) * fps), count - 1)
        last = round(float(seconds[segment.end - 1]) * fps)
        moved.append(replace(segment, start=start, end=min(max(last, start) + 1, count)))
    return tuple(moved)
