# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Surfaces of boxes, cylinders and spheres, and of objects made of them."""

from __future__ import annotations

from typing import Final

import numpy as np

from ghtt_core.data.synthetic.posed import PosedObject, Primitive
from ghtt_core.data.synthetic.rendering.surfaces import Floats, Surface, from_grids, grid_texture, joined, loft

_BOX_CELLS: Final = 3
_CYLINDER_COLUMNS: Final = 21
_SPHERE_RINGS: Final = 9


def object_surface(thing: PosedObject, tiles: list[int], frames: slice) -> Surface:
    """An object over time; where it is not visible its points are NaN.

    Args:
        thing: The object.
        tiles: Number of the tile of each of its parts.
        frames: Which of its frames.
    """
    own = joined([primitive_surface(part, tile) for part, tile in zip(thing.parts, tiles, strict=True)])
    pose = thing.object_to_world[frames]  # (T, 3, 4)
    turn = pose[:, :, :3].transpose(0, 2, 1)
    points = own.points @ turn + pose[:, None, :, 3]
    points[~thing.visible[frames]] = np.nan
    return own._replace(points=points.astype(np.float32), normals=(own.normals @ turn).astype(np.float32))


def primitive_surface(part: Primitive, tile: int) -> Surface:
    """Surface of one part in its object's frame: points (V, 3)."""
    make = {"box": _box, "cylinder": _cylinder, "sphere": _sphere}[part.kind]
    surface = make(part.size.astype(np.float32), tile)
    surface = surface._replace(bulks=(np.arange(surface.points.shape[-2]),))
    rotation, shift = part.part_to_object[:, :3], part.part_to_object[:, 3]
    return surface._replace(
        points=(surface.points @ rotation.T + shift).astype(np.float32),
        normals=(surface.normals @ rotation.T).astype(np.float32),
    )


def _box(size: Floats, tile: int) -> Surface:
    """Six faces, each cut into cells so that texture and light bend with perspective."""
    steps = _BOX_CELLS + 1
    texture = grid_texture(steps, steps)
    flat = texture - np.float32(0.5)
    row, column = np.meshgrid(np.arange(_BOX_CELLS), np.arange(_BOX_CELLS), indexing="ij")
    here = (row * steps + column).ravel()
    quads = np.stack([here, here + 1, here + steps + 1, here, here + steps + 1, here + steps], 1).reshape(-1, 3)
    faces = []
    for axis in range(3):
        for sign in (1, -1):
            first, second = (axis + 1) % 3, (axis + 2) % 3
            points = np.zeros((len(flat), 3), np.float32)
            points[:, first], points[:, second], points[:, axis] = flat[:, 0] * sign, flat[:, 1], 0.5 * sign
            normals = np.zeros_like(points)
            normals[:, axis] = sign
            faces.append(Surface(points * size, normals, quads, texture, np.full(len(flat), tile)))
    return joined(faces)


def _cylinder(size: Floats, tile: int) -> Surface:
    """A mantle and two lids."""
    half = size * np.float32(0.5)
    mantle = _turned(np.ones(4, np.float32), np.linspace(-1, 1, 4, dtype=np.float32), half)
    rim = np.array([0.001, 0.6, 1.0], np.float32)
    top = _turned(rim[::-1], np.ones(3, np.float32), half)
    bottom = _turned(rim, -np.ones(3, np.float32), half)
    parts = [from_grids(grid[None, None], [tile]) for grid in (mantle, top, bottom)]
    for number, sign in ((1, 1), (2, -1)):
        normals = np.zeros_like(parts[number].normals)
        normals[..., 2] = sign
        parts[number] = parts[number]._replace(normals=normals, texture=parts[number].texture * np.float32(0.3))
    surface = joined(parts)
    return surface._replace(points=surface.points[0], normals=surface.normals[0])


def _sphere(size: Floats, tile: int) -> Surface:
    latitude = np.linspace(-np.pi / 2, np.pi / 2, _SPHERE_RINGS, dtype=np.float32)
    grid = _turned(np.maximum(np.cos(latitude), np.float32(1e-3)), np.sin(latitude), size * np.float32(0.5))
    surface = from_grids(grid[None, None], [tile])
    return surface._replace(points=surface.points[0], normals=surface.normals[0])


def _turned(radii: Floats, heights: Floats, half: Floats) -> Floats:
    """Grid (R, C, 3) of rings about z with radii and heights relative to half the extents."""
    centres = np.zeros((len(radii), 3), np.float32)
    centres[:, 2] = heights * half[2]
    side = np.broadcast_to(np.array([1, 0, 0], np.float32), centres.shape)
    top = np.broadcast_to(np.array([0, 1, 0], np.float32), centres.shape)
    return loft(centres, side, top, radii * half[0], radii * half[1], _CYLINDER_COLUMNS)
