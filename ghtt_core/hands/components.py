# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The component code: 153 numbers per frame of two hands, free of the camera, and the way back to joints.

| slice | content | unit |
|---|---|---|
| 0:63, 63:126 | left and right local joints, divided by the frame's own palm size | palm units |
| 126:135, 135:144 | left and right velocity, local(t) -> local(t-1): 6D rotation, translation | metres x 10 |
| 144:153 | left local -> right local: 6D rotation, translation | metres |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ghtt_core.hands import canonical, missing
from ghtt_core.hands.layout import NUM_HANDS, NUM_JOINTS, WRIST
from ghtt_core.hands.rigid import (
    RigidMap,
    apply,
    compose,
    cumulative_compose,
    identity,
    relative,
    rotation_from_6d,
    rotation_to_6d,
)

POSITION_SCALE: Final = 10.0
"""k: trajectory and velocity translations are k times metres."""
NOMINAL_PALM_SIZE: Final = 0.08
"""Metres; stands in for the palm size of a hand that was never seen."""
SMALLEST_PALM_SIZE: Final = 1e-3
"""Metres; guards the division by the palm size of a collapsed hand."""

LOCAL: Final = slice(0, 126)
LOCAL_LEFT: Final = slice(0, 63)
LOCAL_RIGHT: Final = slice(63, 126)
VELOCITY: Final = slice(126, 144)
VELOCITY_LEFT: Final = slice(126, 135)
VELOCITY_RIGHT: Final = slice(135, 144)
LEFT_TO_RIGHT: Final = slice(144, 153)


@dataclass(frozen=True)
class ComponentCode:
    """Features of a sequence and what is needed to go back to the camera frame.

    Attributes:
        features: (..., T, 153), finite everywhere.
        camera_to_local: Maps (..., T, 2), metres.
        palm_size: (..., T, 2) metres; interpolated where a hand is missing, nominal where it is never seen.
    """

    features: Tensor
    camera_to_local: RigidMap
    palm_size: Tensor


def encode(joints: Tensor, template: Tensor, hand_valid: Tensor | None = None) -> ComponentCode:
    """Turn joints of two hands into the component code; the first frame's velocity is the identity.

    Where a hand is missing its local joints are 0 and its rigid map is filled by ``missing.fill_maps``. A hand that is
    never seen has identity velocities and an identity left-to-right map.

    Args:
        joints: (..., T, 2, 21, 3) metres, any fixed frame. May hold anything, NaN included, where a hand is missing.
        template: (2, 5, 3) palm template.
        hand_valid: (..., T, 2) bool; None if every hand is there.

    Returns:
        The code, of the dtype of ``joints``.
    """
    if hand_valid is not None and bool(hand_valid.all()):
        hand_valid = None
    if hand_valid is not None:
        joints = torch.where(hand_valid[..., None, None], joints, torch.zeros_like(joints))
    maps = canonical.camera_to_local(joints, template)
    size = canonical.palm_size(joints)
    if hand_valid is not None:
        maps = missing.fill_maps(maps, hand_valid)
        ever = hand_valid.any(dim=-2, keepdim=True)
        size = torch.where(ever, missing.fill_frames(size, hand_valid), NOMINAL_PALM_SIZE)
    centred = joints - joints[..., WRIST : WRIST + 1, :]
    local = (centred @ maps.rotation) / size.clamp_min(SMALLEST_PALM_SIZE)[..., None, None]
    velocity = _velocity(maps)
    left_to_right = relative(_hand(maps, 0), _hand(maps, 1))
    if hand_valid is not None:
        both = ever.all(dim=-1)  # (..., 1)
        left_to_right = RigidMap(
            torch.where(both[..., None, None], left_to_right.rotation, torch.eye(3).to(joints)),
            torch.where(both[..., None], left_to_right.translation, torch.zeros(3).to(joints)),
        )
    features = torch.cat(
        (local.flatten(-3), pack_maps(velocity, POSITION_SCALE).flatten(-2), pack_maps(left_to_right, 1.0)), dim=-1
    )
    return ComponentCode(features, maps, size)


def pack_maps(maps: RigidMap, scale: float) -> Tensor:
    """Return maps (...) as (..., 9): 6D rotation, then translation times ``scale``."""
    return torch.cat((rotation_to_6d(maps.rotation), maps.translation * scale), dim=-1)


def unpack_maps(packed: Tensor, scale: float) -> RigidMap:
    """Return the maps (...) of ``packed`` (..., 9): inverse of :func:`pack_maps`."""
    return RigidMap(rotation_from_6d(packed[..., :6]), packed[..., 6:] / scale)


def local_joints(features: Tensor) -> Tensor:
    """Return the local joints (..., T, 2, 21, 3), palm units, of features (..., T, 153)."""
    return features[..., LOCAL].reshape(*features.shape[:-1], NUM_HANDS, NUM_JOINTS, 3)


def integrate(features: Tensor, base: RigidMap | None = None) -> RigidMap:
    """Chain the velocities of features (..., T, 153) to maps local(t) -> base.

    Args:
        features: (..., T, 153).
        base: Maps (..., 2), metres, appended to every frame (for example base -> camera); None for none.

    Returns:
        Maps (..., T, 2), metres. The base frame is the frame before the first, or the first one itself where its
        velocity is the identity.
    """
    steps = unpack_maps(
        features[..., VELOCITY].reshape(*features.shape[:-1], NUM_HANDS, 9).transpose(-2, -3), POSITION_SCALE
    )
    chained = cumulative_compose(steps)  # (..., 2, T)
    maps = RigidMap(chained.rotation.transpose(-3, -4), chained.translation.transpose(-2, -3))
    return maps if base is None else compose(maps, _every_frame(base))


def trajectory(camera_to_local: RigidMap, base: RigidMap) -> Tensor:
    """Return the trajectory target: each frame's local -> base map, both hands.

    Args:
        camera_to_local: Maps (..., T, 2), metres.
        base: Maps camera -> base (..., 2), metres.

    Returns:
        (..., T, 18): left 6D, left translation (metres x 10), right 6D, right translation.
    """
    return pack_maps(relative(camera_to_local, _every_frame(base)), POSITION_SCALE).flatten(-2)


def trajectory_from_features(features: Tensor) -> Tensor:
    """Return the trajectory (..., T, 18) that the velocities of features (..., T, 153) integrate to."""
    return pack_maps(integrate(features), POSITION_SCALE).flatten(-2)


def decode(features: Tensor, palm_size: Tensor, base_to_camera: RigidMap, normalise_size: bool = False) -> Tensor:
    """Turn features back into joints.

    Args:
        features: (..., T, 153).
        palm_size: (..., 2) metres, one per sequence and hand.
        base_to_camera: Maps (..., 2), metres, of the frame before ``features[0]`` (or of frame 0 itself where its
            velocity is the identity).
        normalise_size: First bring every frame's local joints to palm size 1, so that the decoded hand has exactly
            the given size.

    Returns:
        (..., T, 2, 21, 3) metres, camera frame.
    """
    if normalise_size:
        features = normalise_local_size(features)
    points = local_joints(features) * palm_size[..., None, :, None, None]
    return apply(integrate(features, base_to_camera), points)


def mirror(joints: Tensor) -> Tensor:
    """Return joints (..., 2, 21, 3) seen in a mirror: the hands change places and x changes its sign."""
    return joints.flip(-3) * joints.new_tensor([-1.0, 1.0, 1.0])


def normalise_local_size(features: Tensor) -> Tensor:
    """Return features (..., T, 153) with every frame's local joints divided by their own palm size."""
    local = local_joints(features)
    size = canonical.palm_size(local)
    # A missing hand's local joints are all zero: leave them.
    size = torch.where(size > SMALLEST_PALM_SIZE, size, torch.ones_like(size))
    return torch.cat(((local / size[..., None, None]).flatten(-3), features[..., LOCAL.stop :]), dim=-1)


def _velocity(maps: RigidMap) -> RigidMap:
    """Return local(t) -> local(t-1) (..., T, 2) of camera -> local maps (..., T, 2); identity at t = 0."""
    now = RigidMap(maps.rotation[..., 1:, :, :, :], maps.translation[..., 1:, :, :])
    before = RigidMap(maps.rotation[..., :-1, :, :, :], maps.translation[..., :-1, :, :])
    step = relative(now, before)
    first = identity((*maps.translation.shape[:-3], 1, NUM_HANDS), maps.rotation.dtype, maps.rotation.device)
    return RigidMap(
        torch.cat((first.rotation, step.rotation), dim=-4), torch.cat((first.translation, step.translation), dim=-3)
    )


def _hand(maps: RigidMap, hand: int) -> RigidMap:
    """Return the maps (...) of one hand of maps (..., 2)."""
    return RigidMap(maps.rotation[..., hand, :, :], maps.translation[..., hand, :])


def _every_frame(maps: RigidMap) -> RigidMap:
    """Insert a frame axis into maps (..., 2): (..., 1, 2)."""
    return RigidMap(maps.rotation.unsqueeze(-4), maps.translation.unsqueeze(-3))
