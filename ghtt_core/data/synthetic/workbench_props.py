# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the things of the workbench vocabulary look like, attached to the hand that handles them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.synthetic.hand_model import Array
from ghtt_core.data.synthetic.posed import PosedObject, Primitive, PrimitiveKind
from ghtt_core.data.synthetic.workbench import World

_SHAPES: Final[dict[str, tuple[PrimitiveKind, tuple[float, float, float], tuple[float, float, float]]]] = {
    "bottle": ("cylinder", (0.06, 0.06, 0.20), (0.2, 0.5, 0.8)),
    "cup": ("cylinder", (0.08, 0.08, 0.09), (0.9, 0.9, 0.85)),
    "jar": ("cylinder", (0.075, 0.075, 0.10), (0.7, 0.5, 0.2)),
    "box": ("box", (0.09, 0.12, 0.06), (0.6, 0.45, 0.3)),
    "book": ("box", (0.14, 0.20, 0.02), (0.5, 0.1, 0.15)),
    "phone": ("box", (0.07, 0.15, 0.008), (0.1, 0.1, 0.12)),
    "sponge": ("box", (0.07, 0.10, 0.03), (0.9, 0.85, 0.2)),
    "ball": ("sphere", (0.07, 0.07, 0.07), (0.8, 0.3, 0.2)),
    "bread": ("box", (0.09, 0.16, 0.08), (0.7, 0.5, 0.3)),
    "knife": ("box", (0.02, 0.24, 0.015), (0.6, 0.6, 0.65)),
    "bolt": ("cylinder", (0.012, 0.012, 0.05), (0.5, 0.5, 0.5)),
}


def posed_props(world: World) -> tuple[PosedObject, ...]:
    """Everything that is handled, in the leading hand while it is: this vocabulary has no motion of things."""
    lead = 0 if world.subject.left_handed else 1
    names = dict.fromkeys(segment.noun for segment in world.segments if segment.noun in _SHAPES)
    if not names:
        return ()
    poses = _held_poses(world.joints[:, lead])
    return tuple(_prop(name, poses, world) for name in names)


def _prop(name: str, poses: NDArray[np.float32], world: World) -> PosedObject:
    kind, size, colour = _SHAPES[name]
    centre = np.eye(3, 4, dtype=np.float32)
    centre[2, 3] = size[2] / 2
    visible = np.zeros(len(poses), bool)
    for segment in world.segments:
        visible[segment.start : segment.end] |= segment.noun == name
    placed = poses.copy()
    placed[:, :, 3] -= placed[:, :, 2] * np.float32(size[2] / 2)
    part = Primitive(kind, np.array(size, np.float32), centre, np.array(colour, np.float32))
    return PosedObject(name, (part,), placed, visible)


def _held_poses(joints: Array) -> NDArray[np.float32]:
    """(T, 3, 4) where a hand of joints (T, 21, 3) holds things: between palm and fingertips, z along the knuckles."""
    centre = (joints[:, [5, 9, 13, 17]].mean(axis=1) + joints[:, [4, 8, 12, 16, 20]].mean(axis=1)) / 2
    up = joints[:, 5] - joints[:, 17]
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    ahead = joints[:, 9] - joints[:, 0]
    ahead -= (ahead * up).sum(axis=1, keepdims=True) * up
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    poses: NDArray[np.float32] = np.stack([ahead, np.cross(up, ahead), up, centre], axis=-1).astype(np.float32)
    return poses
