# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The normalised camera: hands survive the way there and back, whatever camera saw them."""

from __future__ import annotations

import numpy as np
import pytest

from ghtt_core.data.synthetic.config import SyntheticConfig
from ghtt_core.data.synthetic.generator import generate_sequence
from ghtt_core.hands import normalised_camera as normal
from ghtt_core.hands.letterbox import Letterbox

BOTH = np.ones(2, bool)


@pytest.fixture(scope="module")
def hands() -> np.ndarray:
    sequence = generate_sequence(SyntheticConfig(frames=64, leave_probability=0.0), 5, 0)
    return sequence.joints[::8].astype(np.float64)


def camera(focal: float) -> np.ndarray:
    return np.array([[focal, 0.0, 236.0], [0.0, 1.01 * focal, 139.0], [0.0, 0.0, 1.0]])


def round_trip(joints: np.ndarray, focal: float, together: bool) -> np.ndarray:
    moved, found = normal.to_normalised(joints, BOTH, camera(focal), together)
    assert found.all()
    pixels = normal.project(moved, normal.normalised_matrix())
    back, ok = normal.from_normalised(pixels, moved[..., 2], found, camera(focal), together)
    assert ok.all()
    return back


def shape_error_mm(back: np.ndarray, joints: np.ndarray) -> float:
    return float(1e3 * np.linalg.norm((back - back[:, :1]) - (joints - joints[:, :1]), axis=-1).mean())


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(("focal", "shape_mm", "place_mm"), [(239.0, 0.05, 0.5), (225.0, 0.5, 1.0), (320.0, 2.5, 4.0)])
def test_there_and_back_again(
    hands: np.ndarray, focal: float, shape_mm: float, place_mm: float, together: bool
) -> None:
    for joints in hands:
        back = round_trip(joints, focal, together)
        assert shape_error_mm(back, joints) < shape_mm
        assert 1e3 * np.linalg.norm(back - joints, axis=-1).mean() < place_mm


def test_hands_that_move_each_by_itself_keep_their_shape_better(hands: np.ndarray) -> None:
    for joints in hands[:4]:
        one_body = shape_error_mm(round_trip(joints, 450.0, True), joints)
        assert shape_error_mm(round_trip(joints, 450.0, False), joints) < one_body / 2


def test_hands_move_as_one_rigid_body(hands: np.ndarray) -> None:
    joints = hands[0]
    moved, _ = normal.to_normalised(joints, BOTH, camera(400.0))

    def distances(points: np.ndarray) -> np.ndarray:
        flat = points.reshape(-1, 3)
        return np.linalg.norm(flat[:, None] - flat[None], axis=-1)

    np.testing.assert_allclose(distances(moved), distances(joints), atol=1e-9)


def test_a_longer_focal_length_brings_hands_nearer_to_the_normalised_camera(hands: np.ndarray) -> None:
    joints = hands[0]
    moved, _ = normal.to_normalised(joints, BOTH, camera(480.0))
    assert moved[..., 2].mean() == pytest.approx(joints[..., 2].mean() / 2, rel=0.15)


def test_one_hand_alone_is_enough(hands: np.ndarray) -> None:
    left = np.array([True, False])
    moved, found = normal.to_normalised(hands[0], left, camera(300.0))
    assert found.tolist() == [True, False]
    assert (moved[1] == 0).all()
    back, ok = normal.from_normalised(
        normal.project(moved, normal.normalised_matrix()), moved[..., 2], found, camera(300.0)
    )
    assert ok.tolist() == [True, False]
    assert np.abs(back[0] - hands[0, 0]).max() < 0.01
    assert (back[1] == 0).all()


def test_nobody_there_is_no_error() -> None:
    nobody = np.zeros(2, bool)
    assert not normal.to_normalised(np.zeros((2, 21, 3)), nobody, camera(300.0))[1].any()
    assert not normal.from_normalised(np.zeros((2, 21, 2)), np.zeros((2, 21)), nobody, camera(300.0))[1].any()


def test_hands_behind_the_camera_are_not_moved(hands: np.ndarray) -> None:
    behind = hands[0] * (1, 1, -1)
    assert not normal.to_normalised(behind, BOTH, camera(300.0))[1].any()


@pytest.mark.parametrize("spread", [0.0, 1e-4])
def test_a_hand_that_collapsed_to_a_point_still_lies_on_its_pixel(spread: float) -> None:
    pixels = np.full((2, 21, 2), 200.0) + spread * np.arange(21)[:, None]
    joints, valid = normal.from_normalised(pixels, np.full((2, 21), 0.5), BOTH, camera(480.0))
    assert valid.all()
    np.testing.assert_allclose(normal.project(joints, camera(480.0)), pixels, atol=1e-6)
    assert joints[..., 2].mean() == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(20))
def test_nonsense_never_becomes_nan(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.normal(240, 10.0 ** rng.uniform(0, 6), (2, 21, 2))
    depth = rng.normal(0.0, 10.0 ** rng.uniform(-3, 3), (2, 21))
    if seed % 4 == 0:
        pixels[0, 3] = np.nan
    joints, valid = normal.from_normalised(pixels, depth, BOTH, camera(300.0))
    assert np.isfinite(joints).all()
    assert valid.tolist() == [seed % 4 != 0, True]
    assert (joints[valid][..., 2] > 0).all()


@pytest.mark.parametrize("size", [(480, 270), (1280, 720), (640, 480), (300, 700), (17, 13), (1919, 1081)])
def test_a_point_keeps_its_place_on_the_letterboxed_picture(size: tuple[int, int]) -> None:
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    x, y = round(0.7 * (width - 1)), round(0.4 * (height - 1))
    reach = max(width, height) // 40 + 1
    image[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1] = 255
    box = Letterbox.fit(size)
    drawn = box.draw(image)
    assert drawn.shape == (270, 480, 3)
    weight = drawn[..., 0].astype(float)
    seen = np.array([(weight * np.arange(480)).sum(), (weight * np.arange(270)[:, None]).sum()]) / weight.sum()
    expected = box.intrinsics(np.eye(3)) @ (x, y, 1.0)
    assert np.abs(seen - expected[:2]).max() < 0.75 * max(box.scale, 1.0)
