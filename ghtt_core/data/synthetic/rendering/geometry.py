# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The surfaces of a scene, lit but not yet seen by a camera, built for a few consecutive frames at a time."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

import numpy as np

from ghtt_core.data.synthetic.performance import Performance
from ghtt_core.data.synthetic.rendering.appearance import Appearance, Light
from ghtt_core.data.synthetic.rendering.body_surface import arm_surface, person_surface
from ghtt_core.data.synthetic.rendering.hand_surface import hand_axes, hand_scale, hand_surface
from ghtt_core.data.synthetic.rendering.skin import object_tile
from ghtt_core.data.synthetic.rendering.solids import object_surface
from ghtt_core.data.synthetic.rendering.surfaces import Floats, Surface, joined
from ghtt_core.hands.layout import NUM_HANDS

CHUNK: Final = 16
_KEPT: Final = 2


class Stretch(NamedTuple):
    """Lit surfaces of consecutive frames.

    Attributes:
        surface: Points (T, V, 3) in the world, the hands' first, those of things that are never touched last.
        light: (T, V, 3) brightness without highlights, BGR.
        first: Frame of the first row.
        hand_points: How many of the points are the hands'.
        touched: How many of the triangles belong to what may move.
    """

    surface: Surface
    light: Floats
    first: int
    hand_points: int
    touched: int


class SceneGeometry:
    """Surfaces of one performance."""

    def __init__(self, performance: Performance, look: Appearance) -> None:
        """Measure the hands.

        Args:
            performance: What happens.
            look: How it looks.
        """
        self._performance, self._look = performance, look
        joints = performance.sequence.joints
        valid = performance.sequence.valid
        self._scales = [
            hand_scale(joints[valid[:, hand], hand]) if valid[:, hand].any() else 1.0 for hand in range(NUM_HANDS)
        ]
        self._stretches: OrderedDict[int, Stretch] = OrderedDict()

    def stretch(self, index: int) -> Stretch:
        """Frames index * CHUNK up to the next multiple of it, and one more at either side where there is one."""
        if index not in self._stretches:
            last = len(self._performance.sequence)
            frames = slice(max(0, index * CHUNK - 1), min(last, (index + 1) * CHUNK + 1))
            self._stretches[index] = self._build(frames)
            while len(self._stretches) > _KEPT:
                self._stretches.popitem(last=False)
        return self._stretches[index]

    def still(self) -> Stretch:
        """What never moves, in one frame: the person's torso and head, and things that lie about."""
        surface = joined([*self._clutter(slice(0, 1)), person_surface(self._look.body)])
        surface = _seen_by_cameras(surface)
        return Stretch(surface, lit(surface.normals, self._look.light), 0, 0, 0)

    def _build(self, frames: slice) -> Stretch:
        sequence = self._performance.sequence
        hands: list[Surface] = []
        arms: list[Surface] = []
        for hand in range(NUM_HANDS):
            joints = sequence.joints[frames, hand].astype(np.float32)
            axes = hand_axes(joints, hand, self._scales[hand])
            for parts, surface in (
                (hands, hand_surface(joints, axes, self._look.thickness)),
                (arms, arm_surface(joints, axes, self._look.body)),
            ):
                surface.points[~sequence.valid[frames, hand]] = np.nan
                parts.append(surface)
        parts = [*hands, *arms]
        tile = 0
        for thing in self._performance.objects:
            tiles = [object_tile(tile + part) for part in range(len(thing.parts))]
            tile += len(thing.parts)
            parts.append(object_surface(thing, tiles, frames))
        touched = sum(len(part.triangles) for part in parts)
        whole = _seen_by_cameras(joined([*parts, *self._clutter(frames)]))
        hand_points = sum(part.points.shape[1] for part in hands)
        return Stretch(whole, lit(whole.normals, self._look.light), frames.start, hand_points, touched)

    def _clutter(self, frames: slice) -> list[Surface]:
        tile = sum(len(thing.parts) for thing in self._performance.objects)
        parts = []
        for thing in self._look.clutter:
            tiles = [object_tile(tile + part) for part in range(len(thing.parts))]
            tile += len(thing.parts)
            parts.append(object_surface(thing, tiles, frames))
        return parts


def _seen_by_cameras(surface: Surface) -> Surface:
    """Outward triangles turn the other way in a picture, whose rows go down."""
    return surface._replace(triangles=np.ascontiguousarray(surface.triangles[:, ::-1]))


def lit(normals: Floats, light: Light) -> Floats:
    """Brightness (..., V, 3) of surfaces with the given normals, without highlights."""
    facing = np.clip(normals @ light.direction, 0, None)
    up = normals[..., 2:] * np.float32(0.5) + np.float32(0.5)
    total: Floats = (light.ground + (light.sky - light.ground) * up + light.main * facing[..., None]).astype(np.float32)
    return total
