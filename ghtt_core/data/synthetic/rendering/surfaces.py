# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Surfaces as grids of points: rings along something, columns around it; the last column repeats the first."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_TINY: Final = np.float32(1e-9)


class Surface(NamedTuple):
    """Triangles with normals; points and normals may move, the rest does not.

    Attributes:
        points: (..., V, 3) metres.
        normals: (..., V, 3) outward, of length 1.
        triangles: (F, 3) vertex numbers, counter-clockwise seen from outside.
        texture: (V, 2) place in the part's tile, 0..1 around and 0..1 along.
        tile: (V,) number of the tile.
        bulks: Vertex numbers of pieces that are nearly convex, whose outlines throw the shadows.
    """

    points: Floats
    normals: Floats
    triangles: Ints
    texture: Floats
    tile: Ints
    bulks: tuple[Ints, ...] = ()


def grid_triangles(rings: int, columns: int) -> Ints:
    """Triangles of one grid whose columns turn counter-clockwise about the direction of its rings."""
    ring, column = np.meshgrid(np.arange(rings - 1), np.arange(columns - 1), indexing="ij")
    here = (ring * columns + column).ravel()
    quads = np.stack([here, here + 1, here + columns + 1, here, here + columns + 1, here + columns], axis=1)
    return quads.reshape(-1, 3)


def grid_texture(rings: int, columns: int) -> Floats:
    """Texture places (rings * columns, 2) of one grid."""
    along, around = np.meshgrid(np.linspace(0, 1, rings), np.linspace(0, 1, columns), indexing="ij")
    return np.stack([around, along], axis=-1).reshape(-1, 2).astype(np.float32)


def grid_normals(points: Floats) -> Floats:
    """Outward normals of grids (..., rings, columns, 3) that close around, by differences of neighbours."""
    around = np.empty_like(points)
    around[..., 1:-1, :] = points[..., 2:, :] - points[..., :-2, :]
    around[..., 0, :] = points[..., 1, :] - points[..., -2, :]
    around[..., -1, :] = around[..., 0, :]
    along = np.empty_like(points)
    along[..., 1:-1, :, :] = points[..., 2:, :, :] - points[..., :-2, :, :]
    along[..., 0, :, :] = points[..., 1, :, :] - points[..., 0, :, :]
    along[..., -1, :, :] = points[..., -1, :, :] - points[..., -2, :, :]
    # The ring in which a surface ends in a point has no extent; its neighbour's direction serves.
    for edge, inner in ((0, 1), (-1, -2)):
        flat = (around[..., edge, :, :] ** 2).sum(-1, keepdims=True) < 1e-12
        around[..., edge, :, :] = np.where(flat, around[..., inner, :, :], around[..., edge, :, :])
    return unit(cross(around, along))


def unit(vectors: Floats) -> Floats:
    """Vectors (..., 3) at length 1."""
    length = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))
    scaled: Floats = vectors / np.maximum(length, _TINY)[..., None]
    return scaled


def cross(a: Floats, b: Floats) -> Floats:
    """Cross product of (..., 3), without the generality that makes numpy's slow."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    product: Floats = np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)
    return product


def across(direction: Floats, towards: Floats) -> Floats:
    """Unit vectors at a right angle to unit directions (..., 3), leaning towards others."""
    return unit(towards - (towards * direction).sum(-1, keepdims=True) * direction)


def loft(centres: Floats, side: Floats, top: Floats, half_width: Floats, half_height: Floats, columns: int) -> Floats:
    """Elliptical rings about centres.

    Args:
        centres: (..., R, 3) metres.
        side: (..., R, 3) unit direction of the width; side x top points along the rings' order for outward triangles.
        top: (..., R, 3) unit direction of the height.
        half_width: (..., R) metres.
        half_height: (..., R) metres.
        columns: Points around, the last of which repeats the first, which lies at the bottom.

    Returns:
        (..., R, columns, 3).
    """
    angle = np.linspace(0, 2 * np.pi, columns, dtype=np.float32)
    wide = (half_width[..., None] * side)[..., None, :]
    high = (half_height[..., None] * top)[..., None, :]
    ring: Floats = centres[..., None, :] + np.sin(angle)[:, None] * wide - np.cos(angle)[:, None] * high
    return ring.astype(np.float32)


def joined(surfaces: list[Surface]) -> Surface:
    """Several surfaces as one; their points must have the same leading shape."""
    offsets = np.cumsum([0, *(surface.points.shape[-2] for surface in surfaces)])
    return Surface(
        np.concatenate([surface.points for surface in surfaces], axis=-2),
        np.concatenate([surface.normals for surface in surfaces], axis=-2),
        np.concatenate([s.triangles + offset for s, offset in zip(surfaces, offsets[:-1], strict=True)]),
        np.concatenate([surface.texture for surface in surfaces]),
        np.concatenate([surface.tile for surface in surfaces]),
        tuple(b + offset for s, offset in zip(surfaces, offsets[:-1], strict=True) for b in s.bulks),
    )


def from_grids(
    grids: Floats, tiles: list[int], flip: bool = False, bulks: tuple[tuple[int, int], ...] = ((0, -1),)
) -> Surface:
    """A surface of grids.

    Args:
        grids: (T, G, R, C, 3) metres.
        tiles: (G) tile of each.
        flip: For mirror images, so that their normals still point outwards.
        bulks: First and last ring of the nearly convex pieces of each grid.
    """
    frames, count, rings, columns, _ = grids.shape
    normals = grid_normals(grids)
    triangles = grid_triangles(rings, columns)
    if flip:
        normals, triangles = -normals, triangles[:, ::-1]
    each = rings * columns
    return Surface(
        grids.reshape(frames, count * each, 3),
        normals.reshape(frames, count * each, 3).astype(np.float32),
        np.concatenate([triangles + number * each for number in range(count)]),
        np.tile(grid_texture(rings, columns), (count, 1)),
        np.repeat(np.asarray(tiles, np.int64), each),
        tuple(
            number * each + np.concatenate([np.arange(columns - 1) + (ring % rings) * columns for ring in ends])
            for number in range(count)
            for ends in bulks
        ),
    )
