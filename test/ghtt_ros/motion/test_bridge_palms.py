# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Future palms turn as their joints do."""

from __future__ import annotations

import ghtt_ros

# isort: split
import numpy as np
from geometry_msgs.msg import Pose, Quaternion
from hypothesis import given, settings
from hypothesis import strategies as st
from transforms3d.quaternions import axangle2quat, qmult, quat2mat

from ghtt_core.hands.frame import HandFrame
from ghtt_ros.bridge_palms import PalmTracker

assert ghtt_ros.__name__ == "ghtt_ros"
ANGLE = st.floats(-1.5, 1.5)


def tracker_of(joints: np.ndarray, quaternion: np.ndarray) -> PalmTracker:
    tracker = PalmTracker()
    w, x, y, z = quaternion.tolist()
    frame = HandFrame(0, joints.astype(np.float32), np.array([False, True]))
    tracker.take(frame, [Pose(), Pose(orientation=Quaternion(x=x, y=y, z=z, w=w))])
    return tracker


@given(ANGLE, ANGLE, st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_the_orientation_is_that_of_the_palm_turned(now: float, turn: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    joints = rng.normal(size=(2, 21, 3)) * 0.05
    axes = rng.normal(size=(2, 3))
    before = axangle2quat(axes[0], now)
    tracker = tracker_of(joints, before)
    assert tracker.known.tolist() == [False, True]
    angles = np.linspace(0, turn, 5)
    turned = np.stack([joints[1] @ quat2mat(axangle2quat(axes[1], angle)).T + angle for angle in angles])
    found = tracker.orientations(turned.astype(np.float32), 1)
    assert np.allclose(np.linalg.norm(found, axis=1), 1)
    for angle, (x, y, z, w) in zip(angles, found, strict=True):
        expected = qmult(axangle2quat(axes[1], angle), before)
        assert abs(np.dot(expected, [w, x, y, z])) > 1 - 1e-4
    assert ((found[1:] * found[:-1]).sum(-1) > 0).all()


def test_a_pose_that_is_no_rotation_is_not_learnt() -> None:
    tracker = tracker_of(np.ones((2, 21, 3)), np.zeros(4))
    assert not tracker.known.any()
