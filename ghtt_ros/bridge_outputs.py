# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Forecasts and hands as the standard messages that planners and costmaps already read."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from geometry_msgs.msg import Pose, PoseArray, Quaternion, Transform, Vector3
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField
from trajectory_msgs.msg import MultiDOFJointTrajectory, MultiDOFJointTrajectoryPoint

from ghtt_core.bags.fields import put, put_header, put_time
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import HAND_NAMES, NUM_JOINTS, WRIST
from ghtt_core.streaming.forecast import Forecast
from ghtt_ros.bridge_palms import PalmTracker

PALM_NAMES: Final = tuple(f"{name}_palm" for name in HAND_NAMES)
"""Joint names of the trajectory."""
POINT: Final = np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("t", "<f4"), ("joint", "<u4"), ("radius", "<f4")])
"""A point of the cloud: metres, seconds after the header's stamp, joint 0 to 41, metres."""


def pose_array(frame: HandFrame, wrists: Any) -> Any:
    """Make a PoseArray of the palms that are there, left before right.

    Args:
        frame: Refined hands.
        wrists: Two geometry_msgs/Pose of their palms.
    """
    message = PoseArray(poses=[_copied(wrists[hand]) for hand in np.flatnonzero(frame.valid)])
    put_header(message.header, frame.stamp_ns, frame.frame_id)
    return message


def point_cloud(forecast: Forecast, coverage: float) -> Any:
    """Make a PointCloud2 with one point for each joint of each step, at its mean.

    The radius is the calibrated one where there is one; else it holds a share ``coverage`` of the samples.

    Args:
        forecast: As received.
        coverage: In (0, 1).
    """
    radius = forecast.radius if forecast.radius is not None else forecast.envelope(coverage, "joint").radii
    hands = np.flatnonzero(forecast.hands)
    steps = len(forecast.stamps_ns)
    points = np.zeros((steps, len(hands), NUM_JOINTS), POINT)
    for axis, name in enumerate("xyz"):
        points[name] = forecast.mean[:, hands][..., axis]
    points["t"] = ((forecast.stamps_ns - forecast.t0_ns) / 1e9)[:, None, None]
    points["joint"] = hands[:, None] * NUM_JOINTS + np.arange(NUM_JOINTS)
    points["radius"] = radius[:, hands]
    return cloud_message(points.reshape(-1), forecast.t0_ns, forecast.frame_id)


def cloud_message(points: NDArray[Any], stamp_ns: int, frame_id: str) -> Any:
    """Wrap (N,) points of the kind `POINT` in a PointCloud2; N may be 0."""
    kinds = {"f": PointField.FLOAT32, "u": PointField.UINT32}
    message = PointCloud2(height=1, width=len(points), is_bigendian=False, is_dense=True)
    put_header(message.header, stamp_ns, frame_id)
    assert POINT.fields is not None
    message.fields = [
        PointField(name=name, offset=offset, datatype=kinds[kind.kind], count=1)
        for name, (kind, offset, *_) in POINT.fields.items()
    ]
    message.point_step = POINT.itemsize
    message.row_step = POINT.itemsize * len(points)
    put(message, "data", np.frombuffer(points.tobytes(), np.uint8))
    return message


def trajectory(forecast: Forecast, palms: PalmTracker) -> Any:
    """Make a MultiDOFJointTrajectory of the mean palms; its first point is the header's stamp where that is known.

    Hands whose orientation was never told are left out.
    """
    hands = [int(hand) for hand in np.flatnonzero(forecast.hands & palms.known)]
    joints, offsets = forecast.mean, forecast.stamps_ns - forecast.t0_ns
    if forecast.origin is not None:
        joints, offsets = np.concatenate((forecast.origin[None], joints)), np.concatenate(([0], offsets))
    message = empty_trajectory(forecast.t0_ns, forecast.frame_id)
    if not hands:
        return message
    message.joint_names = [PALM_NAMES[hand] for hand in hands]
    turns = [palms.orientations(joints[:, hand], hand).tolist() for hand in hands]
    places = [joints[:, hand, WRIST].tolist() for hand in hands]
    points = []
    for step, offset in enumerate(offsets.tolist()):
        point = MultiDOFJointTrajectoryPoint()
        point.transforms = [_transform(place[step], turn[step]) for place, turn in zip(places, turns, strict=True)]
        put_time(point.time_from_start, offset)
        points.append(point)
    message.points = points
    return message


def empty_trajectory(stamp_ns: int, frame_id: str) -> Any:
    """Make a MultiDOFJointTrajectory that says that no motion is known."""
    message = MultiDOFJointTrajectory()
    put_header(message.header, stamp_ns, frame_id)
    return message


def _transform(place: list[float], turn: list[float]) -> Any:
    x, y, z = place
    return Transform(
        translation=Vector3(x=x, y=y, z=z), rotation=Quaternion(x=turn[0], y=turn[1], z=turn[2], w=turn[3])
    )


def _copied(pose: Any) -> Any:
    copy = Pose()
    copy.position.x, copy.position.y, copy.position.z = pose.position.x, pose.position.y, pose.position.z
    turn = pose.orientation
    copy.orientation.x, copy.orientation.y, copy.orientation.z, copy.orientation.w = turn.x, turn.y, turn.z, turn.w
    return copy
