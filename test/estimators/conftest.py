# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.estimators.detection import Detection
from ghtt_core.estimators.palm import PALM_FAN
from ghtt_core.hands.layout import RIGHT

PALM_M = 0.09


def rotation(vector: tuple[float, float, float]) -> NDArray[np.float64]:
    """Rotation matrix of a rotation vector, by Rodrigues' formula."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = np.array(vector) / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def right_hand() -> NDArray[np.float64]:
    """A right hand (21, 3) in metres, wrist at the origin, fingers up (-y), its palm towards the camera (-z)."""
    # The fan opens from the index finger at 0 degrees to the little finger at 43; here its middle points up, and the
    # index finger of a right hand that shows its palm is on the right of the image.
    half = np.radians(21.5)
    across, down = PALM_FAN @ [np.sin(half), -np.cos(half)], -PALM_FAN @ [np.cos(half), np.sin(half)]
    mcps = np.stack([across, down, np.zeros(5)], axis=1) * PALM_M
    hand = np.zeros((21, 3))
    for finger, base in enumerate(mcps[1:]):
        outward = base / np.linalg.norm(base)
        for joint in range(4):
            hand[5 + 4 * finger + joint] = base + outward * 0.025 * joint + [0, 0, -0.004 * joint]
    for joint in range(4):
        hand[1 + joint] = (0.02 + 0.015 * joint, -0.02 - 0.02 * joint, 0)
    return hand


@pytest.fixture
def camera() -> PinholeCamera:
    return PinholeCamera(900.0, 900.0, 639.5, 359.5, 1280, 720)


@pytest.fixture
def hand_in_camera() -> Callable[..., NDArray[np.float64]]:
    """Function (position, rotation vector, scale) -> joints (21, 3) in metres in the camera's frame."""

    def place(
        position: tuple[float, float, float] = (0.0, 0.0, 0.6),
        turn: tuple[float, float, float] = (0.0, 0.0, 0.0),
        scale: float = 1.0,
    ) -> NDArray[np.float64]:
        return right_hand() * scale @ rotation(turn).T + position

    return place


@pytest.fixture
def landmarks_of() -> Callable[[NDArray[np.float64], PinholeCamera], NDArray[np.float64]]:
    """Function (joints, camera) -> landmarks (21, 3) as a detector gives them: pixels and flat relative depth."""

    def look(joints: NDArray[np.float64], camera: PinholeCamera) -> NDArray[np.float64]:
        depth = joints[:, 2] - joints[0, 2]
        relative = depth / joints[0, 2] * camera.fx / 1.2
        return np.concatenate([camera.project(joints), relative[:, None]], axis=1)

    return look


@pytest.fixture
def seen_at() -> Callable[..., Detection]:
    """Function (x, y, side, probability) -> a detection of an open hand, about 100 px per palm."""

    def detect(x: float, y: float, side: int = RIGHT, probability: float = 0.95, palm_px: float = 100.0) -> Detection:
        points = right_hand() / PALM_M * palm_px
        points[:, 0] *= 1 if side == RIGHT else -1
        points[:, :2] += (x, y)
        return Detection(points, probability if side == RIGHT else 1 - probability)

    return detect
