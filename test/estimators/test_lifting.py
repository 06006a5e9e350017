# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ghtt_core.errors import InputError
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.estimators.depth_filter import DepthFilter
from ghtt_core.estimators.lifting import HandLift, check_depth, palm_depth
from ghtt_core.estimators.palm import apparent_palm_size

Place = Callable[..., NDArray[np.float64]]
FRAME_NS = 33_333_333


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    turn=st.tuples(st.floats(-0.8, 0.8), st.floats(-0.8, 0.8), st.floats(-3.1, 3.1)),
    distance=st.floats(0.45, 1.5),
    beside=st.floats(-0.15, 0.15),
)
def test_distance_is_found_whatever_way_the_palm_is_turned(
    hand_in_camera: Place,
    landmarks_of: Place,
    camera: PinholeCamera,
    turn: tuple[float, float, float],
    distance: float,
    beside: float,
) -> None:
    true = hand_in_camera((beside, 0.05, distance), turn)
    lifted = HandLift().lift(landmarks_of(true, camera), camera, 0)
    assert abs(lifted[:, 2].mean() / true[:, 2].mean() - 1) < 0.15
    np.testing.assert_allclose(camera.project(lifted), camera.project(true), atol=0.05)


def test_a_face_on_hand_is_placed_to_a_millimetre(
    hand_in_camera: Place, landmarks_of: Place, camera: PinholeCamera
) -> None:
    true = hand_in_camera((0.0, 0.045, 0.7))  # its palm on the optical axis
    lifted = HandLift().lift(landmarks_of(true, camera), camera, 0)
    np.testing.assert_allclose(lifted, true, atol=2e-3)


def test_distances_scale_with_the_palm_size(hand_in_camera: Place, landmarks_of: Place, camera: PinholeCamera) -> None:
    landmarks = landmarks_of(hand_in_camera(turn=(0.4, 0.2, 0.1)), camera)
    adult, child = (HandLift(size).lift(landmarks, camera, 0) for size in (0.09, 0.06))
    np.testing.assert_allclose(child, adult * (2 / 3), rtol=1e-5)


def test_the_lens_is_taken_out(hand_in_camera: Place, landmarks_of: Place, camera: PinholeCamera) -> None:
    lens = PinholeCamera(camera.fx, camera.fy, camera.cx, camera.cy, 1280, 720, (-0.3, 0.1, 0.0, 0.0))
    true = hand_in_camera((0.35, 0.15, 0.7))
    lifted = HandLift().lift(landmarks_of(true, lens), lens, 0)
    assert np.linalg.norm(lifted - true, axis=1).max() < 0.012


def test_an_impossible_palm_is_refused() -> None:
    with pytest.raises(InputError, match="human hand"):
        HandLift(0.9)


@pytest.mark.parametrize("millimetres", [False, True])
def test_a_depth_image_overrides_a_wrong_palm_size(
    hand_in_camera: Place, landmarks_of: Place, camera: PinholeCamera, millimetres: bool
) -> None:
    true = hand_in_camera((0.0, 0.0, 0.8))
    depth: NDArray[Any] = np.full((720, 1280), 0.8)
    if millimetres:
        depth = (depth * 1000).astype(np.uint16)
    lift = HandLift(0.075)
    lifted = lift.lift(landmarks_of(true, camera), camera, 0, depth)
    np.testing.assert_allclose(lifted[:, 2], true[:, 2], atol=2e-3)
    # What the sensor said about this user's hand still counts when it loses sight of it.
    blind = lift.lift(landmarks_of(true, camera), camera, FRAME_NS, np.zeros_like(depth))
    np.testing.assert_allclose(blind[:, 2], true[:, 2], atol=5e-3)


def test_depth_readings_with_holes_and_background_are_survived(
    hand_in_camera: Place, landmarks_of: Place, camera: PinholeCamera
) -> None:
    pixels = landmarks_of(hand_in_camera((0.0, 0.0, 0.8)), camera)[:, :2]
    depth = np.full((720, 1280), 4.0)  # a wall
    near = np.rint(pixels[[0, 5, 9]]).astype(int)
    depth[near[:, 1], near[:, 0]] = 0.8
    hole = np.rint(pixels[13]).astype(int)
    depth[hole[1], hole[0]] = np.nan
    assert palm_depth(pixels, depth, 0.7) == pytest.approx(0.8)
    assert palm_depth(pixels, np.full((720, 1280), 4.0), 0.7) is None
    assert palm_depth(pixels + 5000, depth, 0.7) is None


def test_a_depth_image_that_is_not_aligned_is_refused() -> None:
    with pytest.raises(InputError, match="aligned"):
        check_depth(np.zeros((480, 640)), 720, 1280)
    with pytest.raises(InputError, match="millimetres"):
        check_depth(np.zeros((720, 1280), bool), 720, 1280)


def test_the_filter_halves_jitter_and_outlives_outliers() -> None:
    rng = np.random.default_rng(3)
    noisy = rng.normal(0.0, 0.02, 300)
    noisy[::25] += 0.5
    steady = DepthFilter()
    filtered = np.array([steady.update(i / 30, value) for i, value in enumerate(noisy)])
    assert np.abs(np.diff(filtered)).mean() < 0.5 * np.abs(np.diff(noisy)).mean()
    assert np.abs(filtered[10:]).max() < 0.06


def test_the_filter_lags_an_approaching_hand_by_less_than_a_median_would() -> None:
    speed, steady = 0.5, DepthFilter()
    lag = [i / 30 * speed - steady.update(i / 30, i / 30 * speed) for i in range(40)]
    assert 0 <= lag[-1] < 0.6 * 4 / 30 * speed


def test_a_filter_without_window_changes_nothing() -> None:
    through = DepthFilter(0.0)
    assert [through.update(i / 30, float(i % 3)) for i in range(6)] == [0, 1, 2, 0, 1, 2]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(-3.1, 3.1), st.floats(0.2, 5.0))
def test_apparent_size_follows_scale_and_ignores_turns_in_the_image(
    hand_in_camera: Place, turn: float, scale: float
) -> None:
    flat = hand_in_camera((0, 0, 0))[:, :2]
    c, s = np.cos(turn), np.sin(turn)
    moved = flat @ np.array([[c, s], [-s, c]]) * scale + 3.0
    assert apparent_palm_size(moved) == pytest.approx(apparent_palm_size(flat) * scale)
