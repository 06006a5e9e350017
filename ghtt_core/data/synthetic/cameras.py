# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A rig like those of the field's recordings: four cameras around a table and one on the person's head.

Pictures are 480 x 270. Views are named ``cam0`` to ``cam3`` (they stand still) and ``cam4`` (egocentric, one pose per
frame), as in H2O.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.synthetic.tracks import smooth_noise
from ghtt_core.data.views import View
from ghtt_core.errors import InputError
from ghtt_core.hands.layout import NUM_HANDS, WRIST

Array = NDArray[np.float64]

SIZE: Final = (480, 270)
"""Width and height of every picture, pixels."""
VIEW_NAMES: Final = ("cam0", "cam1", "cam2", "cam3", "cam4")
EGO_VIEW: Final = "cam4"

_FIXED_FOCAL: Final = (235.0, 380.0)
"""Pixels: between a wide depth camera (91 degrees across) and an ordinary webcam."""
_EGO_FOCAL: Final = (225.0, 320.0)
_AZIMUTHS: Final = np.deg2rad([-88.0, 88.0, 148.0, 208.0])
"""Where the fixed cameras stand, seen from the hands, 0 being behind the person's back and 90 to the right."""
_ELEVATION: Final = np.deg2rad([26.0, 70.0])
_FILL: Final = (0.50, 0.95)
"""Share of the half picture that the hands' whole motion fills, where distances allow."""
_DISTANCE_M: Final = (0.45, 1.15)
_HEAD: Final = np.array([0.0, -0.16, 0.45])
_HEAD_NEAREST_M: Final = 0.28


def camera_rig(
    seed: int, joints: NDArray[np.float32], valid: NDArray[np.bool_], names: Sequence[str] = VIEW_NAMES
) -> tuple[View, ...]:
    """Place the cameras of one scene; which views are asked for does not change where any of them stands.

    Args:
        seed: Of the scene: the same seed and motion give the same rig.
        joints: (T, 2, 21, 3) metres, world frame of performances.
        valid: (T, 2) bool.
        names: Which of VIEW_NAMES, in the order wanted.

    Raises:
        InputError: If there is no view of a name.
    """
    for name in names:
        if name not in VIEW_NAMES:
            raise InputError(f"The synthetic rig has no view '{name}'; choose from {', '.join(VIEW_NAMES)}.")
    points = joints[valid].reshape(-1, 3).astype(np.float64)
    if not len(points):
        points = np.array([[0.0, 0.25, 0.08]])
    views = {}
    for number, name in enumerate(VIEW_NAMES):
        if name not in names:
            continue
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(20_260_103, number)))
        views[name] = _ego(rng, joints, valid) if name == EGO_VIEW else _fixed(rng, number, points)
    return tuple(views[name] for name in names)


def _fixed(rng: np.random.Generator, number: int, points: Array) -> View:
    """Camera on a stand that sees where the hands are most of the time."""
    focal = float(rng.uniform(*_FIXED_FOCAL))
    centre = np.median(points, axis=0) + rng.normal(0.0, 0.025, 3)
    azimuth = _AZIMUTHS[number] + rng.normal(0.0, np.deg2rad(16.0))
    elevation = rng.uniform(*_ELEVATION)
    outward = np.array([np.sin(azimuth) * np.cos(elevation), -np.cos(azimuth) * np.cos(elevation), np.sin(elevation)])
    rotation = _roll(rng.normal(0.0, np.deg2rad(2.5))) @ _look(-outward)
    local = (points[:: max(1, len(points) // 4000)] - centre) @ rotation.T
    half = np.array(SIZE) / 2 * rng.uniform(*_FILL)
    # Far enough for nearly all of the motion, but not for its rarest reach.
    needed = np.quantile((focal * np.abs(local[:, :2]) / half).max(axis=1) - local[:, 2], 0.97)
    eye = centre + float(np.clip(needed, *_DISTANCE_M)) * outward
    eye[2] = max(eye[2], 0.10)
    rotation = _roll(rng.normal(0.0, np.deg2rad(2.5))) @ _look(centre - eye)
    pose = np.concatenate([rotation, -(rotation @ eye)[:, None]], axis=1)[None]
    return View(VIEW_NAMES[number], _intrinsics(rng, focal), SIZE, pose.astype(np.float32))


def _ego(rng: np.random.Generator, joints: NDArray[np.float32], valid: NDArray[np.bool_]) -> View:
    """Camera on the person's head, which sways and follows the hands with its gaze."""
    frames = len(joints)
    focal = float(rng.uniform(*_EGO_FOCAL))
    head = _HEAD + rng.normal(0.0, (0.03, 0.05, 0.05))
    sway = smooth_noise(rng, frames, 6, 0.0, float(rng.uniform(0.2, 0.6)))
    eye = head + float(rng.uniform(0.004, 0.02)) * sway[:, :3]
    seen = np.where(valid[:, :, None], joints[:, :, WRIST], np.nan).astype(np.float64)
    present = valid.any(axis=1)
    middle = np.array([0.0, 0.25, 0.05])
    gaze = np.tile(middle, (frames, 1))
    if present.any():
        gaze[present] = np.nansum(seen[present], axis=1) / valid[present].sum(axis=1)[:, None]
        middle = np.median(gaze[present], axis=0)
        gaze[~present] = middle
    follow = float(rng.uniform(0.3, 0.9))
    gaze = middle + follow * (_slow(gaze, float(rng.uniform(0.92, 0.975))) - middle)
    gaze += np.array([0.0, 0.05, 0.0]) + rng.normal(0.0, 0.02, 3) + 0.012 * sway[:, 3:]
    # A head backs away from what comes too near.
    distance = np.linalg.norm(joints.reshape(frames, -1, 3) - eye[:, None], axis=-1)
    hidden = ~np.repeat(valid, joints.shape[2], axis=1).reshape(frames, NUM_HANDS * joints.shape[2])
    nearest = np.where(hidden, np.inf, distance).min(axis=1)
    back = _slow(np.clip(_HEAD_NEAREST_M - nearest, 0, 0.3)[:, None], 0.9)
    backwards = eye - gaze
    eye += 1.3 * back * backwards / np.linalg.norm(backwards, axis=1, keepdims=True)
    tilt = rng.normal(0.0, np.deg2rad(3.0)) + np.deg2rad(2.0) * sway[:, 5]
    rotation = _roll(tilt) @ _look(gaze - eye)
    poses = np.concatenate([rotation, -(rotation @ eye[:, :, None])], axis=2)
    return View(EGO_VIEW, _intrinsics(rng, focal), SIZE, poses.astype(np.float32))


def _intrinsics(rng: np.random.Generator, focal: float) -> Array:
    """Square pixels, nearly; a principal point that misses the middle by a few pixels."""
    right, down = np.array(SIZE) / 2 - 0.5 + rng.normal(0.0, 3.0, 2)
    return np.array([[focal, 0.0, right], [0.0, focal * float(np.exp(rng.normal(0.0, 0.003))), down], [0.0, 0.0, 1.0]])


def _look(forward: Array) -> Array:
    """Rows right, down and forward (..., 3, 3) of cameras that look along directions (..., 3) of the world, upright."""
    forward = forward / np.linalg.norm(forward, axis=-1, keepdims=True)
    right = np.stack([forward[..., 1], -forward[..., 0], np.zeros_like(forward[..., 0])], axis=-1)
    length = np.linalg.norm(right, axis=-1, keepdims=True)
    right = np.where(length > 1e-6, right / np.maximum(length, 1e-6), np.array([1.0, 0.0, 0.0]))
    return np.stack([right, np.cross(forward, right), forward], axis=-2)


def _roll(angle: Array | float) -> Array:
    """Rotations (..., 3, 3) of cameras about their own axes."""
    cos, sin = np.cos(np.asarray(angle)), np.sin(np.asarray(angle))
    zero, one = np.zeros_like(cos), np.ones_like(cos)
    rows = [np.stack(row, axis=-1) for row in ((cos, sin, zero), (-sin, cos, zero), (zero, zero, one))]
    return np.stack(rows, axis=-2)


def _slow(track: Array, keep: float) -> Array:
    """Follow a track (T, D) with a lag, forwards and backwards so that it leads as often as it trails."""
    smooth = track.copy()
    for _ in range(2):
        for i in range(1, len(smooth)):
            smooth[i] = keep * smooth[i - 1] + (1 - keep) * smooth[i]
        smooth = smooth[::-1]
    return smooth
