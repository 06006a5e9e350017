# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a camera can see of two hands: joints outside its picture, and joints behind hands, arms and objects."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.synthetic.posed import PosedObject, Primitive
from ghtt_core.data.views import View
from ghtt_core.hands.layout import NUM_HANDS, NUM_JOINTS, PARENTS, WRIST

Floats = NDArray[np.float32]

_NEAREST_M: Final = 0.05
_BONES: Final = np.array([(PARENTS[j], j) for j in range(1, NUM_JOINTS)])
_BONE_RADII: Final = np.array([0.016, 0.014, 0.011, 0.009] + [0.012, 0.010, 0.009, 0.007] * 4, np.float32)
"""Metres, about half the thickness of an adult's hand along each bone, thumb first."""
_FOREARM_M: Final = 0.18
_FOREARM_RADIUS: Final = np.float32(0.028)
_CLEARANCE_M: Final = np.float32(0.012)
"""A bone hides a joint only if it passes at least so far in front of it: a joint lies inside its own flesh."""


def in_view(view: View, joints: Floats, margin: float = 0.0) -> NDArray[np.bool_]:
    """Find the joints inside the picture.

    Args:
        view: The camera.
        joints: (T, ..., 3) metres in its frame.
        margin: Pixels from the edge that count as outside.

    Returns:
        (T, ...) bool.
    """
    pixels = view.project(joints)
    width, height = view.size
    with np.errstate(invalid="ignore"):
        x, y = pixels[..., 0], pixels[..., 1]
        inside = (x >= margin - 0.5) & (x < width - 0.5 - margin) & (y >= margin - 0.5) & (y < height - 0.5 - margin)
    seen: NDArray[np.bool_] = inside & (joints[..., 2] > _NEAREST_M)
    return seen


def hidden_joints(
    view: View, joints: Floats, valid: NDArray[np.bool_], objects: tuple[PosedObject, ...] = ()
) -> NDArray[np.bool_]:
    """Find the joints that the camera cannot see because something is in front of them.

    Bones and forearms are capsules, objects are what they are made of.

    Args:
        view: The camera.
        joints: (T, 2, 21, 3) metres, world frame.
        valid: (T, 2) which hands are there.
        objects: Things with poses of the same frames.

    Returns:
        (T, 2, 21) bool.
    """
    seen = view.to_camera(joints)
    targets = seen.reshape(len(seen), NUM_HANDS * NUM_JOINTS, 3)
    hidden = np.zeros(targets.shape[:2], bool)
    for hand in range(NUM_HANDS):
        hidden |= _behind_hand(targets, seen[:, hand], hand) & valid[:, hand, None]
    for thing in objects:
        if thing.visible.any():
            hidden |= _behind_object(view, targets, thing)
    return hidden.reshape(len(seen), NUM_HANDS, NUM_JOINTS)


def _behind_hand(targets: Floats, hand_joints: Floats, hand: int) -> NDArray[np.bool_]:
    """Which of (T, N, 3) lie behind a bone of one hand (T, 21, 3), all in the camera's frame."""
    starts, ends = hand_joints[:, _BONES[:, 0]], hand_joints[:, _BONES[:, 1]]
    wrist = hand_joints[:, WRIST]
    back = wrist - hand_joints[:, [9, 13]].mean(axis=1)
    back /= np.maximum(np.linalg.norm(back, axis=-1, keepdims=True), 1e-6)
    starts = np.concatenate([starts, wrist[:, None]], axis=1)
    ends = np.concatenate([ends, (wrist + np.float32(_FOREARM_M) * back)[:, None]], axis=1)
    radii = np.append(_BONE_RADII, _FOREARM_RADIUS)
    hidden = np.zeros(targets.shape[:2], bool)
    own = np.full(targets.shape[1], -1)
    own[hand * NUM_JOINTS : (hand + 1) * NUM_JOINTS] = np.arange(NUM_JOINTS)
    for bone, radius in enumerate(radii):
        a, b = starts[:, bone], ends[:, bone]
        # A joint is never hidden by the bones that meet in it, nor by those next to them.
        touched = {WRIST} if bone == len(_BONES) else {int(j) for j in _BONES[bone]}
        near = (
            touched | {PARENTS[j] for j in touched} | {j for j in range(NUM_JOINTS) if PARENTS[j] in touched - {WRIST}}
        )
        others = np.flatnonzero(~np.isin(own, list(near)))
        # Only bones in front can hide anything; comparing depths first leaves few rays to follow.
        front = np.minimum(a[:, 2], b[:, 2])[:, None] + _CLEARANCE_M < targets[:, others, 2]
        frame, which = np.nonzero(front)
        if len(frame):
            hit = _ray_meets_capsule(targets[frame, others[which]], a[frame], b[frame], radius)
            hidden[frame[hit], others[which[hit]]] = True
    return hidden


def _ray_meets_capsule(target: Floats, a: Floats, b: Floats, radius: np.float32) -> NDArray[np.bool_]:
    """Whether segments (N, 3) from the camera's centre to targets pass through capsules well before their end."""
    ray, axis = target, b - a
    rr, ra, aa = (ray * ray).sum(-1), (ray * axis).sum(-1), np.maximum((axis * axis).sum(-1), 1e-12)
    rs, sa = (ray * a).sum(-1), (a * axis).sum(-1)
    bottom = np.maximum(rr * aa - ra * ra, 1e-12)
    along_axis = np.clip((ra * rs - rr * sa) / bottom, 0, 1)
    along_ray = np.clip((rs + along_axis * ra) / np.maximum(rr, 1e-12), 0, 1)
    along_axis = np.clip((along_ray * ra - sa) / aa, 0, 1)
    gap = a + along_axis[:, None] * axis - along_ray[:, None] * ray
    length = np.sqrt(rr)
    meets: NDArray[np.bool_] = ((gap * gap).sum(-1) < radius * radius) & (
        (1 - along_ray) * length > radius + _CLEARANCE_M
    )
    return meets


def _behind_object(view: View, targets: Floats, thing: PosedObject) -> NDArray[np.bool_]:
    """Which of (T, N, 3), camera frame, lie behind or inside a thing while it is visible."""
    frames = len(targets)
    pose = view.world_to_camera
    turn = pose[:, :, :3] @ thing.object_to_world[:, :, :3]  # object to camera
    shift = (pose[:, :, :3] @ thing.object_to_world[:, :, 3:])[..., 0] + pose[:, :, 3]
    hidden = np.zeros(targets.shape[:2], bool)
    for part in thing.parts:
        part_turn = turn @ part.part_to_object[:, :3]
        part_shift = (turn @ part.part_to_object[:, 3:])[..., 0] + shift
        size = np.maximum(part.size.astype(np.float32), 1e-4) / 2
        # In units of half its extents the part is a cube, a cylinder or a ball of radius one.
        eye = np.einsum("tij,ti->tj", part_turn, -part_shift) / size
        ends = np.einsum("tij,tni->tnj", part_turn, targets - part_shift[:, None]) / size
        rays = ends - np.broadcast_to(eye[:, None], ends.shape)
        hidden |= _meets_unit(part, np.broadcast_to(eye[:, None], ends.shape), rays)
    hidden[~thing.visible[:frames]] = False
    return hidden


def _meets_unit(part: Primitive, start: Floats, ray: Floats) -> NDArray[np.bool_]:
    """Whether segments (..., 3) from start to start + ray enter a unit shape before 97 % of their way."""
    safe = np.where(np.abs(ray) < 1e-6, np.float32(1e-6), ray)
    one, other = (-1 - start) / safe, (1 - start) / safe
    enter, leave = np.minimum(one, other), np.maximum(one, other)
    if part.kind == "box":
        first, last = enter.max(-1), leave.min(-1)
    else:
        round_axes = slice(0, 2 if part.kind == "cylinder" else 3)
        s, r = start[..., round_axes], ray[..., round_axes]
        a, b, c = np.maximum((r * r).sum(-1), 1e-12), (s * r).sum(-1), (s * s).sum(-1) - 1
        root = np.sqrt(np.maximum(b * b - a * c, 0))
        missed = b * b - a * c <= 0
        first, last = np.where(missed, 2, (-b - root) / a), np.where(missed, 1, (-b + root) / a)
        if part.kind == "cylinder":
            first, last = np.maximum(first, enter[..., 2]), np.minimum(last, leave[..., 2])
    meets: NDArray[np.bool_] = (first < last) & (first < 0.97) & (last > 0)
    return meets
