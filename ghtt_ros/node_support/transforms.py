# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rigid transforms from TF at a given time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.clock import ClockType
from rclpy.time import Time
from tf2_ros import Buffer, ExtrapolationException, TransformException, TransformListener
from transforms3d.quaternions import quat2mat


class FrameLookup:
    """Listens to TF and gives rigid maps between frames."""

    def __init__(self, node: Any) -> None:
        """Start listening on the node's executor."""
        self._buffer = Buffer()
        self._listener = TransformListener(self._buffer, node)
        self.reason = ""

    def at(self, target: str, source: str, stamp_ns: int, tolerance_s: float = 0.0) -> NDArray[np.float64] | None:
        """Return the map of points in one frame to another as it was at a time; never waits.

        Args:
            target: Frame of the result.
            source: Frame of the points.
            stamp_ns: When.
            tolerance_s: How far the newest transform known may be from that time where that time is not covered.

        Returns:
            (4, 4) for column vectors, or None where TF does not know; `reason` then says why.
        """
        self.reason = ""
        if target == source:
            return np.eye(4)
        when = Time(nanoseconds=stamp_ns, clock_type=ClockType.ROS_TIME)
        try:
            found = self._buffer.lookup_transform(target, source, when)
        except ExtrapolationException as error:
            self.reason = str(error)
            found = self._newest(target, source, stamp_ns, tolerance_s)
        except TransformException as error:
            self.reason = str(error)
            return None
        matrix = None if found is None else transform_matrix(found.transform)
        if found is not None and matrix is None:
            self.reason = f"The transform from {source} to {target} has no finite rotation and translation."
        return matrix

    def clear(self) -> None:
        """Forget all transforms: time jumped back."""
        self._buffer.clear()

    def close(self) -> None:
        """Stop listening."""
        self._listener.unregister()

    def _newest(self, target: str, source: str, stamp_ns: int, tolerance_s: float) -> Any:
        if tolerance_s <= 0:
            return None
        try:
            found = self._buffer.lookup_transform(target, source, Time(clock_type=ClockType.ROS_TIME))
        except TransformException:
            return None
        apart = abs(Time.from_msg(found.header.stamp).nanoseconds - stamp_ns)
        return found if apart <= tolerance_s * 1e9 else None


def transform_matrix(transform: Any) -> NDArray[np.float64] | None:
    """Turn a geometry_msgs/Transform into (4, 4), or None where it is no rigid transform."""
    translation, rotation = transform.translation, transform.rotation
    move = np.array([translation.x, translation.y, translation.z])
    quaternion = np.array([rotation.w, rotation.x, rotation.y, rotation.z])
    length = float(np.linalg.norm(quaternion))
    if not np.isfinite(move).all() or not np.isfinite(length) or length < 1e-6:
        return None
    matrix = np.eye(4)
    matrix[:3, :3] = quat2mat(quaternion / length)
    matrix[:3, 3] = move
    return matrix


def transform_points(matrix: NDArray[np.float64], points: NDArray[Any]) -> NDArray[np.float64]:
    """Map points (..., 3) by a rigid map (4, 4)."""
    return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3], np.float64)
