# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where the hands of a run come from: pictures with an estimator, or recorded poses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ghtt_core.cli.overlay import OverlayPainter
from ghtt_core.cli.virtual_camera import frame_motion
from ghtt_core.estimators.recorded import RecordedPoses, Recording
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import FRAME_RATE

CANVAS_WIDTH, CANVAS_HEIGHT = 1280, 720


class Observation(NamedTuple):
    """One input frame.

    Attributes:
        frame: The hands in it.
        image: (height, width, 3) BGR picture to draw on.
        estimate_ms: How long finding the hands took.
    """

    frame: HandFrame
    image: NDArray[np.uint8]
    estimate_ms: float


class HandSource(Protocol):
    """Something that gives observations in order of time.

    Attributes:
        estimator: Name of what finds the hands.
        frame_id: Coordinate frame of the joints.
        fps: Pictures per second.
        count: Number of observations, or None where nobody knows.
        painter: Draws on this source's pictures.
    """

    estimator: str
    frame_id: str
    fps: float
    count: int | None
    painter: OverlayPainter

    def __iter__(self) -> Iterator[Observation]:
        """Give every observation once.

        Raises:
            InputError: If the input breaks off or holds something that cannot be used.
        """

    def close(self) -> None:
        """Free the input."""


class RecordingSource:
    """Recorded poses on a dark picture, seen by a camera that frames the whole motion."""

    def __init__(self, sequence: Recording) -> None:
        """Place the camera.

        Args:
            sequence: Checked poses.

        Raises:
            InputError: If it has no frames.
        """
        self._poses = RecordedPoses(sequence)
        self.estimator = self._poses.name
        self.frame_id = sequence.frame_id
        self.count: int | None = len(self._poses)
        steps = np.diff(sequence.stamps_ns)
        # The median: a gap in the recording must not make the film slow.
        self.fps = float(np.clip(1e9 / np.median(steps), 1, 240)) if len(steps) else FRAME_RATE
        camera = frame_motion(sequence.joints, sequence.valid, CANVAS_WIDTH, CANVAS_HEIGHT)
        self.painter = OverlayPainter(camera.project, CANVAS_WIDTH, CANVAS_HEIGHT)
        self._canvas = self.painter.canvas()
        if sequence.valid.any():
            middle = sequence.joints[sequence.valid].mean(axis=(0, 1))
            self.painter.draw_scale_bar(self._canvas, camera.pixels_per_metre(middle))

    def __iter__(self) -> Iterator[Observation]:
        """Give every recorded frame once."""
        return (Observation(frame, self._canvas.copy(), 0.0) for frame in self._poses)

    def close(self) -> None:
        """Nothing to free."""
