# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The camera for recordings shows the whole motion, fingers up and the left hand on the left, in whatever frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ghtt_core.cli.virtual_camera import frame_motion
from ghtt_core.data.recordings import load_recording

numbers = st.floats(-1, 1, allow_nan=False)


@pytest.fixture(scope="module")
def motion(demo_recording: Path) -> np.ndarray:
    return load_recording(demo_recording, "reference").joints[:90]


@settings(max_examples=20, deadline=None)
@given(turn=st.tuples(numbers, numbers, numbers), shift=st.tuples(numbers, numbers, numbers))
def test_shows_everything_the_right_way_up(
    motion: np.ndarray, turn: tuple[float, float, float], shift: tuple[float, float, float]
) -> None:
    joints = (motion @ Rotation.from_rotvec(np.array(turn) * 3).as_matrix() + 2 * np.array(shift)).astype(np.float32)
    camera = frame_motion(joints, np.ones((len(joints), 2), bool), 1280, 720)
    pixels = camera.project(joints)
    assert (pixels > 0).all()
    assert (pixels < (1280, 720)).all()
    # The motion fills the picture in one direction.
    low, high = pixels.min((0, 1, 2)), pixels.max((0, 1, 2))
    assert max((high - low) / (1280, 720)) > 0.5
    assert pixels[:, 0, 0, 0].mean() < pixels[:, 1, 0, 0].mean()
    assert pixels[:, :, 9, 1].mean() < pixels[:, :, 0, 1].mean()
    assert np.allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(camera.rotation) == pytest.approx(1)


def test_one_hand_is_seen_from_its_back(motion: np.ndarray) -> None:
    for hand, thumb_side in ((0, 1), (1, -1)):
        valid = np.zeros((len(motion), 2), bool)
        valid[:, hand] = True
        pixels = frame_motion(motion, valid).project(motion[:, hand])
        across = (pixels[:, 5, 0] - pixels[:, 17, 0]).mean()
        assert across * thumb_side > 0


def test_nothing_to_see_gives_a_camera_all_the_same() -> None:
    camera = frame_motion(np.zeros((4, 2, 21, 3), np.float32), np.zeros((4, 2), bool))
    assert np.isfinite(camera.project(np.array([0.1, 0.1, 1.0], np.float32))).all()


def test_a_single_point_in_time_and_space_is_framed() -> None:
    joints = np.full((1, 2, 21, 3), 0.3, np.float32)
    camera = frame_motion(joints, np.ones((1, 2), bool))
    assert np.allclose(camera.project(joints), (640, 360), atol=1)


def test_points_behind_the_camera_have_no_pixel(motion: np.ndarray) -> None:
    camera = frame_motion(motion, np.ones((len(motion), 2), bool))
    behind = (camera.position - camera.rotation[2]).astype(np.float32)
    assert np.isnan(camera.project(behind)).all()
