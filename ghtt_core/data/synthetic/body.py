# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From scripted hand motion to joints in a camera frame: forearms, wrists, tremor and the camera.

The person's frame: x right, y forward, z up, origin on the table edge in front of the chest, metres. Each hand is
scripted in its own copy of that frame in which x points to its own side, so one script serves both hands; the left
hand is the mirror image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from ghtt_core.data.synthetic.hand_model import Array, HandShape, forward_kinematics, limit_angles, sample_shape
from ghtt_core.data.synthetic.tracks import smooth_noise

WORKSPACE: Final[Array] = np.array([0.0, 0.24, 0.08])
"""Where hands mostly are, person frame, metres."""
_NEAREST: Final = 0.2
"""Metres in front of the camera."""
_GRASP_CENTRE: Final[Array] = np.array([0.085, 0.01, -0.03])


class HandMotion(NamedTuple):
    """One hand over time, in its own side's frame.

    Attributes:
        position: (T, 3) metres, the point between palm and fingers that holds things.
        angles: (T, 3) radians: supination, wrist extension, radial deviation, relative to the forearm.
        turn: (T, 3) additional free rotation as a rotation vector, radians.
        fingers: (T, 22) joint angles, radians.
    """

    position: Array
    angles: Array
    turn: Array
    fingers: Array


@dataclass(frozen=True, eq=False)
class Subject:
    """Who moves: a hand, arms and habits.

    Attributes:
        name: Identifier.
        shape: Hand geometry; both hands of a person are alike.
        elbow: (3,) resting elbow in the own side's frame, metres.
        elbow_follow: Share of the hand's motion that the elbow follows.
        pivot: 1 rotates the hand about what it holds, 0 about the wrist.
        left_handed: Whether the left hand leads.
        tempo: Speed factor of everything the subject does.
        size: Amplitude factor of movements.
        tremor: Metres, standard deviation of physiological tremor.
        drift: Metres, standard deviation of slow sway.
    """

    name: str
    shape: HandShape
    elbow: Array
    elbow_follow: float
    pivot: float
    left_handed: bool
    tempo: float
    size: float
    tremor: float
    drift: float


def make_subject(identity: int) -> Subject:
    """The subject of a given number: always the same one, whatever the seed of the data set."""
    rng = np.random.default_rng(np.random.SeedSequence(20_260_101, spawn_key=(identity,)))
    return Subject(
        name=f"s{identity:05d}",
        shape=sample_shape(rng),
        elbow=np.array([0.20, -0.06, 0.06]) + rng.normal(0.0, (0.05, 0.06, 0.05)),
        elbow_follow=rng.uniform(0.1, 0.6),
        pivot=rng.uniform(0.2, 1.0),
        left_handed=bool(rng.random() < 0.15),
        tempo=float(np.exp(rng.normal(0.08, 0.22))),
        size=float(np.exp(rng.normal(0.0, 0.12))),
        tremor=float(np.exp(rng.normal(np.log(0.00010), 0.7))),
        drift=float(np.exp(rng.normal(np.log(0.002), 0.6))),
    )


def with_tremor(motion: HandMotion, subject: Subject, rng: np.random.Generator) -> HandMotion:
    """Add what no hand is without: slow sway, restless small corrections that come and go, and an 8-12 Hz tremor."""
    frames = len(motion.position)
    sway = smooth_noise(rng, frames, 28, 0.0, 0.35)
    # Restlessness differs between moments by an order of magnitude: a hand lies still, then fiddles.
    restless = np.exp(rng.normal(0.0, 0.6) + 0.9 * smooth_noise(rng, frames, 1, 0.0, 0.25))
    motor = smooth_noise(rng, frames, 28, 0.3, float(rng.uniform(1.0, 2.5))) * np.minimum(restless, 6.0)
    tremor = smooth_noise(rng, frames, 6, 8.0, 11.0) * np.exp(0.5 * smooth_noise(rng, frames, 1, 0.0, 0.3))
    noise = subject.drift * sway
    noise[:, :3] += 0.4 * subject.drift * motor[:, :3]
    noise[:, 3:] += 0.9 * subject.drift * motor[:, 3:]
    noise[:, :6] += subject.tremor * tremor
    # One metre of translation noise corresponds to so many radians at the wrist and in the fingers.
    return HandMotion(
        position=motion.position + noise[:, :3],
        angles=motion.angles + [10.0, 8.0, 6.0] * noise[:, 3:6],
        turn=motion.turn,
        fingers=motion.fingers + 8.0 * noise[:, 6:],
    )


def rotation_matrices(vectors: Array) -> Array:
    """Rotation vectors (T, 3) to matrices (T, 3, 3) acting on columns (Rodrigues)."""
    angle = np.linalg.norm(vectors, axis=-1)
    x, y, z = np.moveaxis(vectors / np.maximum(angle, 1e-12)[:, None], 1, 0)
    cos, sin = np.cos(angle), np.sin(angle)
    rest = 1.0 - cos
    rows = [
        cos + x * x * rest, x * y * rest - z * sin, x * z * rest + y * sin,
        y * x * rest + z * sin, cos + y * y * rest, y * z * rest - x * sin,
        z * x * rest - y * sin, z * y * rest + x * sin, cos + z * z * rest,
    ]  # fmt: skip
    matrices: Array = np.stack(rows, axis=-1).reshape(-1, 3, 3)
    return matrices


def pose_hand(motion: HandMotion, subject: Subject) -> Array:
    """Joints (T, 21, 3) in the own side's frame, as a right hand."""
    elbow = subject.elbow + subject.elbow_follow * (motion.position - WORKSPACE)
    distal = motion.position - elbow
    distal /= np.maximum(np.linalg.norm(distal, axis=-1, keepdims=True), 1e-6)
    # A forearm that points straight up has no unique "up" side; leaning the reference backwards avoids that pose.
    dorsal = np.array([0.0, -0.25, 1.0]) - (distal @ np.array([0.0, -0.25, 1.0]))[:, None] * distal
    dorsal /= np.maximum(np.linalg.norm(dorsal, axis=-1, keepdims=True), 1e-6)
    forearm = np.stack([distal, np.cross(dorsal, distal), dorsal], axis=-1)  # columns: hand axes in person frame
    zero = np.zeros(len(distal))
    roll = rotation_matrices(np.stack([motion.angles[:, 0], zero, zero], axis=-1))
    extend = rotation_matrices(np.stack([zero, -motion.angles[:, 1], zero], axis=-1))
    deviate = rotation_matrices(np.stack([zero, zero, motion.angles[:, 2]], axis=-1))
    orientation = forearm @ roll @ extend @ deviate @ rotation_matrices(motion.turn)
    local = forward_kinematics(limit_angles(motion.fingers), subject.shape) - subject.pivot * _GRASP_CENTRE
    joints: Array = local @ orientation.swapaxes(1, 2) + motion.position[:, None]
    joints += (subject.pivot - 1.0) * _GRASP_CENTRE[0] * distal[:, None]
    return joints


def two_hands(left: HandMotion, right: HandMotion, subject: Subject) -> Array:
    """Joints (T, 2, 21, 3) in the person's frame."""
    joints = np.stack([pose_hand(left, subject), pose_hand(right, subject)], axis=1)
    joints[:, 0, :, 0] *= -1.0
    return joints


def look_from_camera(joints: Array, rng: np.random.Generator) -> Array:
    """Move joints (T, 2, 21, 3) from the person's frame to that of a camera (x right, y down, z forward).

    Most cameras are on the person's head and sway with it; the others look from anywhere around.
    """
    frames = len(joints)
    centre = np.median(joints[:, :, 0], axis=(0, 1)) + rng.normal(0.0, (0.04, 0.04, 0.03))
    if rng.random() < 0.6:
        eye = centre + rng.normal((0.0, -0.32, 0.40), 0.06)
        sway = rng.uniform(0.0, 1.0)
    else:
        azimuth, elevation = rng.uniform(-np.pi, np.pi), rng.uniform(0.15, 1.35)
        reach = np.array([np.cos(elevation) * np.sin(azimuth), np.cos(elevation) * np.cos(azimuth), np.sin(elevation)])
        eye, sway = centre + rng.uniform(0.5, 0.85) * reach, 0.0
    forward = (centre - eye) / np.linalg.norm(centre - eye)
    right = np.cross(forward, np.array([0.0, 0.0, 1.0]))
    right /= np.linalg.norm(right)
    rows = np.stack([right, np.cross(forward, right), forward])
    roll = rotation_matrices(np.array([[0.0, 0.0, rng.normal(0.0, 0.08)]]))[0]
    seen = (joints - eye) @ (roll @ rows).T
    if sway:
        motion = smooth_noise(rng, frames, 6, 0.0, 0.4) * sway
        seen = seen @ rotation_matrices(motion[:, :3] * 0.02)[:, None].swapaxes(-1, -2)
        seen += motion[:, None, None, 3:] * 0.01
    # Nothing is closer to a camera than it can focus.
    seen[..., 2] += max(_NEAREST - float(seen[..., 2].min()), 0.0)
    viewed: Array = seen
    return viewed
