# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Noise models: the paper's on features, a 2.5D one on image coordinates and depth, and a detector's on joints.

Noise is independent from frame to frame unless said otherwise, targets are never touched, and every model draws from
the generator it is given (the global one if None), which must live on the device of its input.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ghtt_core.hands.components import LEFT_TO_RIGHT, LOCAL, POSITION_SCALE
from ghtt_core.hands.layout import WRIST
from ghtt_core.hands.rigid import rotation_from_6d, rotation_from_vector, rotation_to_6d


@dataclass(frozen=True)
class PaperNoise:
    """The paper's noise on observed features (method, section 2); angles in radians.

    Attributes:
        local: Per coordinate of a local joint, palm units (2 mm on a palm of 8 cm).
        velocity_angle: Angle about a random axis.
        velocity_translation: Per coordinate, metres.
        left_to_right_angle: Angle about a random axis.
        left_to_right_translation: Per coordinate, metres.
    """

    local: float = 0.002 / 0.08
    velocity_angle: float = math.pi / 144
    velocity_translation: float = 0.0075
    left_to_right_angle: float = math.pi / 36
    left_to_right_translation: float = 0.05

    def __call__(self, features: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return noisy features (..., T, 153); the identity velocity of a first frame gets noise like any other."""
        local = features[..., LOCAL] + self.local * _normal(features[..., LOCAL], generator)
        maps = features[..., LOCAL.stop : LEFT_TO_RIGHT.stop]
        maps = maps.reshape(*features.shape[:-1], 3, 9)  # left and right velocity, left-to-right
        angle = maps.new_tensor([self.velocity_angle, self.velocity_angle, self.left_to_right_angle])
        shift = maps.new_tensor(
            [
                POSITION_SCALE * self.velocity_translation,
                POSITION_SCALE * self.velocity_translation,
                self.left_to_right_translation,
            ]
        )
        turn = random_rotation(angle.expand(maps.shape[:-1]), generator)
        rotation = rotation_to_6d(turn @ rotation_from_6d(maps[..., :6]))
        translation = maps[..., 6:] + shift.unsqueeze(-1) * _normal(maps[..., 6:], generator)
        return torch.cat((local, torch.cat((rotation, translation), dim=-1).flatten(-2)), dim=-1)


@dataclass(frozen=True)
class ImagePlaneNoise:
    """Noise of a network that sees image coordinates and depth ("2.5D"), independent per joint.

    Attributes:
        pixels: Per image coordinate, pixels of the normalised camera (480 x 270).
        depth_scale: Relative error of the depth.
        depth: Depth error of every joint, metres.
        relative_depth: Depth error of every joint but the wrist, on top, metres.
        focal: Focal length of the normalised camera, pixels. Its centre cancels.
        nearest: Depths are taken as at least this, metres, so that a joint beside the lens stays finite.
    """

    pixels: float = 2.0
    depth_scale: float = 0.005
    depth: float = 0.015
    relative_depth: float = 0.003
    focal: float = 240.0
    nearest: float = 0.05

    def __call__(self, joints: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return noisy joints (..., T, 2, 21, 3), metres, camera frame with z forward."""
        z = joints[..., 2].clamp_min(self.nearest)
        extra = self.relative_depth * _normal(z, generator)
        extra[..., WRIST] = 0.0
        noisy = z * (1 + self.depth_scale * _normal(z, generator)) + self.depth * _normal(z, generator) + extra
        noisy = noisy.clamp_min(self.nearest)
        plane = joints[..., :2] / z.unsqueeze(-1)
        plane = plane + (self.pixels / self.focal) * _normal(plane, generator)
        return torch.cat((plane * noisy.unsqueeze(-1), noisy.unsqueeze(-1)), dim=-1)


@dataclass(frozen=True)
class DetectorNoise:
    """Errors of a per-frame hand detector in the camera frame, independent per frame and hand.

    Attributes:
        wrist: Shift of the entire hand in x and in y, metres.
        wrist_depth: Shift of the entire hand in z, metres.
        angle: Angle of a turn about the wrist by a random axis, radians.
        joint: Per joint and coordinate, metres.
        missing: Share of hand-frames without a detection.
    """

    wrist: float = 0.003
    wrist_depth: float = 0.015
    angle: float = math.radians(3.0)
    joint: float = 0.003
    missing: float = 0.05

    def __call__(self, joints: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Return noisy joints (..., T, 2, 21, 3), metres, and which hands were detected, (..., T, 2) bool."""
        wrist = joints[..., WRIST : WRIST + 1, :]  # (..., T, 2, 1, 3)
        turn = random_rotation(joints.new_full(joints.shape[:-2], self.angle), generator)
        shift = _normal(wrist, generator) * joints.new_tensor([self.wrist, self.wrist, self.wrist_depth])
        noisy = (joints - wrist) @ turn + wrist + shift + self.joint * _normal(joints, generator)
        chance = torch.rand(joints.shape[:-2], generator=generator, device=joints.device)
        return noisy, chance >= self.missing


def random_rotation(angle: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Return rotations (..., 3, 3) about uniformly random axes by angles N(0, ``angle``^2), ``angle`` (...)."""
    axis = normalize(torch.randn(*angle.shape, 3, generator=generator, dtype=angle.dtype, device=angle.device), dim=-1)
    return rotation_from_vector(axis * (angle * _normal(angle, generator)).unsqueeze(-1))


def _normal(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Return standard normal numbers with the shape, dtype and device of ``like``."""
    return torch.randn(like.shape, generator=generator, dtype=like.dtype, device=like.device)
