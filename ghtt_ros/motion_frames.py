# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Move refined hands and forecasts from the camera's frame into the one that was asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ghtt_core.hands.frame import HandFrame
from ghtt_core.streaming.forecast import Forecast
from ghtt_core.streaming.status import Status
from ghtt_ros.motion_predictor_settings import MotionPredictorSettings
from ghtt_ros.node_support.callbacks import ErrorLog
from ghtt_ros.node_support.transforms import FrameLookup

Rigid = NDArray[np.float64]
"""(4, 4) for column vectors."""


class OutputFrame:
    """Looks a transform up once per frame of hands and says whether it was there.

    Attributes:
        missing: Frames of hands for which there was none.
    """

    def __init__(self, lookup: FrameLookup, errors: ErrorLog) -> None:
        """Take what listens to TF.

        Args:
            lookup: Transforms by time.
            errors: Where a missing transform is reported.
        """
        self._lookup = lookup
        self._errors = errors
        self.missing = 0

    def find(self, source: str, stamp_ns: int, settings: MotionPredictorSettings) -> tuple[Rigid | None, bool]:
        """Return the map into the output frame.

        Args:
            source: The camera's frame.
            stamp_ns: When.
            settings: Name of the output frame, and how far off in time a transform may be.

        Returns:
            The map, None where nothing has to be moved or nothing can be; and whether positions without it would be in
            the wrong frame.
        """
        target = settings.output_frame
        if not target or target == source:
            return None, False
        matrix = self._lookup.at(target, source, stamp_ns, settings.transform_tolerance)
        if matrix is None:
            self.missing += 1
            self._errors.warn(
                f"No transform from {source} to {target} at the time of the hands: {self._lookup.reason} Positions "
                f"stay in {source}, with status NO_TRANSFORM.",
                key=f"transform {source} {target}",
            )
        return matrix, matrix is None

    def clear(self) -> None:
        """Forget all moving transforms: time has jumped."""
        self._lookup.clear()

    def close(self) -> None:
        """Stop listening."""
        self._lookup.close()


def told_status(status: Status, lost_frame: bool) -> Status:
    """Return the status of values that should be in another frame; where there are no new ones, that is kept."""
    return status if not lost_frame or status in (Status.STALE_INPUT, Status.HANDS_LOST) else Status.NO_TRANSFORM


def moved_hands(frame: HandFrame, matrix: Rigid | None, frame_id: str) -> HandFrame:
    """Return hands in another frame; None moves nothing and keeps their own."""
    if matrix is None:
        return frame
    return replace(frame, joints=_moved(frame.joints, matrix, frame.valid), frame_id=frame_id)


def moved_forecast(forecast: Forecast, matrix: Rigid | None, frame_id: str) -> Forecast:
    """Return a forecast in another frame, all its steps by the same map; None moves nothing and keeps its own."""
    if matrix is None:
        return forecast
    origin = forecast.origin
    return replace(
        forecast,
        samples=_moved(forecast.samples, matrix, forecast.hands),
        origin=None if origin is None else _moved(origin, matrix, forecast.hands),
        frame_id=frame_id,
    )


def _moved(joints: NDArray[Any], matrix: Rigid, there: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Map (..., 2, 21, 3); hands that are not there stay zero."""
    rotation, translation = matrix[:3, :3].astype(np.float32), matrix[:3, 3].astype(np.float32)
    moved = (joints.reshape(-1, 3) @ rotation.T + translation).reshape(joints.shape)
    moved[..., ~there, :, :] = 0.0
    result: NDArray[np.float32] = moved
    return result
