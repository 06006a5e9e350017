# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A camera turned to a hand: its crop shows the hand where it says, and every hand looks alike wherever it is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ghtt_core.hands.hand_camera import CropPose, HandCamera
from ghtt_core.hands.normalised_camera import project

LENS = np.array([[380.0, 0.0, 240.0], [0.0, 380.0, 135.0], [0.0, 0.0, 1.0]])
SIZE = 96


def hand(where: tuple[float, float, float] = (0.2, -0.08, 0.5), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.05, 0.05, (21, 3)) + where


def aimed(joints: np.ndarray, mirrored: bool = False, margin: float = 1.6) -> HandCamera:
    return HandCamera.aimed(project(joints, LENS), LENS, margin, mirrored)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("moved", [(0.0, 0.0, 0.0, 1.0), (0.2, -0.1, 0.7, 1.3)])
def test_what_it_encodes_it_decodes(mirrored: bool, moved: tuple[float, ...]) -> None:
    joints = hand()
    camera = aimed(joints, mirrored).moved(*moved)
    np.testing.assert_allclose(camera.decode(camera.encode(joints)), joints, atol=1e-12)
    np.testing.assert_allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(camera.rotation) == pytest.approx(1.0)


@pytest.mark.parametrize("where", [(0.0, 0.0, 0.5), (0.28, 0.1, 0.45), (-0.3, -0.12, 0.6)])
def test_a_hand_is_in_the_middle_and_fills_its_share(where: tuple[float, float, float]) -> None:
    places = aimed(hand(where)).encode(hand(where)).places
    np.testing.assert_allclose(places.min(axis=0), -places.max(axis=0), atol=0.05)
    assert np.abs(places).max() == pytest.approx(1 / 1.6, abs=0.02)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_crop_shows_joints_where_it_says(mirrored: bool) -> None:
    joints = hand()
    camera = aimed(joints, mirrored).moved(0.1, -0.2, 0.5, 1.2)
    picture = np.zeros((270, 480, 3), np.uint8)
    for x, y in project(joints, LENS):
        cv2.circle(picture, (round(x * 16), round(y * 16)), 3 * 16, (255, 255, 255), -1, shift=4)
    crop = camera.draw(picture, LENS, SIZE)
    columns, rows = np.rint(project(camera.see(joints), camera.intrinsics(SIZE))).astype(int).T
    assert (crop[rows, columns] > 128).all()
    places = camera.encode(joints).places
    np.testing.assert_allclose(places * SIZE / 2 + (SIZE - 1) / 2, np.stack([columns, rows], 1), atol=0.51)


def test_a_left_hand_looks_like_the_right_one_in_a_mirror() -> None:
    right = hand()
    left = right * (-1.0, 1.0, 1.0)
    one, other = aimed(right).encode(right), aimed(left, mirrored=True).encode(left)
    for part, twin in zip(one, other, strict=True):
        np.testing.assert_allclose(part, twin, atol=1e-9)


def test_a_hand_looks_the_same_wherever_the_camera_sees_it() -> None:
    """Turning the real camera about its own place moves the hand over its picture and changes nothing in the crop."""
    joints = hand((0.0, 0.0, 0.5))
    turn, _ = cv2.Rodrigues(np.array([0.25, -0.4, 0.0]))
    one, other = (aimed(points).encode(points) for points in (joints, joints @ turn.T))
    # The roll about the axis of view is the turned camera's own.
    np.testing.assert_allclose(np.linalg.norm(one.places, axis=-1), np.linalg.norm(other.places, axis=-1), atol=0.06)
    np.testing.assert_allclose(one.depth, other.depth, atol=0.03)
    assert one.extent == pytest.approx(other.extent, abs=0.05)


def test_nonsense_stays_finite_and_in_front() -> None:
    camera = aimed(hand())
    wild = CropPose(np.full((21, 2), 50.0), np.full(21, -1e3), np.array(1e4))
    joints = camera.decode(wild)
    assert np.isfinite(joints).all()
    assert (camera.see(joints)[:, 2] > 0).all()
    one_place = HandCamera.aimed(np.full((21, 2), 100.0), LENS, 1.6)
    assert one_place.reach > 0
