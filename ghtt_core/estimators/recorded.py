# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Recorded poses behind the same seam as a camera's estimator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ghtt_core.errors import InputError
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import NUM_HANDS, NUM_JOINTS


class Recording(Protocol):
    """What is replayed; `ghtt_core.data.sequence.HandSequence` is one."""

    @property
    def joints(self) -> NDArray[np.float32]:
        """(T, 2, 21, 3) metres."""

    @property
    def valid(self) -> NDArray[np.bool_]:
        """(T, 2) whether each hand was seen."""

    @property
    def stamps_ns(self) -> NDArray[np.int64]:
        """(T,) increasing nanoseconds."""

    @property
    def joint_valid(self) -> NDArray[np.bool_]:
        """(21,) False marks a joint that was never measured."""

    @property
    def frame_id(self) -> str:
        """Name of the coordinate frame."""


class RecordedPoses:
    """Replays a recording, frame by frame or beside the video it was made from."""

    name = "recorded"

    def __init__(self, recording: Recording) -> None:
        """Take a recording.

        Args:
            recording: Checked poses.

        Raises:
            InputError: If it has no frames.
        """
        if len(recording.stamps_ns) == 0:
            raise InputError("The recording has no frames.")
        self._recording = recording
        measured = np.broadcast_to(np.asarray(recording.joint_valid, np.float32), (NUM_HANDS, NUM_JOINTS))
        # A recording may say how sure it is of every joint; one that does not is sure of what it measured.
        confidence = getattr(recording, "confidence", None)
        if confidence is None:
            confidence = np.broadcast_to(measured, (len(recording.stamps_ns), *measured.shape))
        self._confidence: NDArray[np.float32] = confidence
        steps = np.diff(recording.stamps_ns)
        self._reach_ns = int(np.median(steps)) if len(steps) else 0

    def __len__(self) -> int:
        """Number of frames."""
        return len(self._recording.stamps_ns)

    def frame(self, index: int) -> HandFrame:
        """Return one recorded frame; joints that were never measured have confidence 0."""
        recording = self._recording
        valid = np.array(recording.valid[index], bool)
        return HandFrame(
            stamp_ns=int(recording.stamps_ns[index]),
            joints=np.where(valid[:, None, None], recording.joints[index], 0.0).astype(np.float32),
            valid=valid,
            confidence=np.where(valid[:, None], self._confidence[index], 0.0).astype(np.float32),
            frame_id=recording.frame_id,
        )

    def __iter__(self) -> Iterator[HandFrame]:
        """Yield all frames in order."""
        return (self.frame(index) for index in range(len(self)))

    def estimate(
        self,
        image_bgr: NDArray[np.uint8],
        camera: PinholeCamera,
        stamp_ns: int,
        depth: NDArray[Any] | None = None,
    ) -> HandFrame:
        """Return the recorded frame nearest in time, stamped as asked; no hands where the recording has none near.

        Args:
            image_bgr: Not looked at.
            camera: Not looked at; the recording's own frame is kept.
            stamp_ns: Time on the recording's clock.
            depth: Not looked at.
        """
        stamps = self._recording.stamps_ns
        after = int(np.searchsorted(stamps, stamp_ns))
        nearest = min(
            (index for index in (after - 1, after) if 0 <= index < len(stamps)),
            key=lambda index: abs(int(stamps[index]) - stamp_ns),
        )
        found = self.frame(nearest)
        near = 2 * abs(found.stamp_ns - stamp_ns) <= max(self._reach_ns, 1)
        return HandFrame(
            stamp_ns=stamp_ns,
            joints=found.joints if near else np.zeros_like(found.joints),
            valid=found.valid & near,
            confidence=found.confidence if near else np.zeros_like(found.confidence),
            frame_id=found.frame_id,
        )

    def reset(self) -> None:
        """Nothing to forget."""

    def close(self) -> None:
        """Nothing to free."""
