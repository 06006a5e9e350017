# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Triangles to pixels: a depth-buffered scan-line rasteriser, vectorised over all triangles of several exposures.

A picture is the mean of a few exposures that differ in time and by a fraction of a pixel, which gives motion blur and
smooth edges at once with the right depth order between everything. Pixels that show one part in all exposures are
shaded once, only those on an edge are shaded in every exposure.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_SMALLEST_AREA: Final = np.float32(1e-3)
"""Square pixels, twice the area of a triangle worth drawing."""
_KEY: Final = "<i8"
"""Its bytes are looked at one by one, so their order is fixed."""
_SPAN_BITS: Final = 24
_SPAN_MASK: Final = (1 << _SPAN_BITS) - 1
_HALF: Final = np.float32(0.5)
_BRIGHTEST: Final = 400.0


class Mesh(NamedTuple):
    """What is the same in all exposures of a picture.

    Attributes:
        triangles: (F, 3) vertex numbers; those that turn from x towards y in the picture face the camera.
        parts: (F,) number from 1 to 255 of the part that each belongs to; edges between parts are smoothed.
        shading: (V, 5) brightness of blue, green and red, which multiplies the texture, and its texel x and y.
        atlas: (rows, columns) uint32 texels, BGR in the three lower bytes.
    """

    triangles: Ints
    parts: NDArray[np.uint8]
    shading: Floats
    atlas: NDArray[np.uint32]


class Layer(NamedTuple):
    """What covers the background.

    Attributes:
        colour: (rows, columns, 3) float32: colour 0..255 times cover, of a part of the picture.
        cover: (rows, columns) float32, 0 where nothing was drawn to 1.
        depth: (K, rows, columns) float32 inverse depth of every exposure in 1/metres, with what was drawn before.
        corner: Row and column of its first pixel in the picture.
    """

    colour: Floats
    cover: Floats
    depth: Floats
    corner: tuple[int, int]


class _Triangles(NamedTuple):
    """Triangles that face the camera and touch the picture, in every exposure."""

    exposure: Ints
    number: Ints
    corners: Floats  # (N, 3, 3): x, y, inverse depth
    area: Floats


class _Spans(NamedTuple):
    """Runs of covered pixels within a row of the picture."""

    triangle: Ints
    row: Ints
    first: Ints
    length: Ints


def rasterise(points: Floats, mesh: Mesh, size: tuple[int, int], drawn: Floats | None = None) -> Layer | None:
    """Draw opaque triangles.

    Args:
        points: (K, V, 3) x and y in pixels (pixel centres at .5) and inverse depth in 1/metres of each of K exposures;
            points that must not be drawn have an inverse depth of zero.
        mesh: What to draw.
        size: Width and height of the picture.
        drawn: (K, H, W) float32 inverse depth of what is in the picture already and may hide triangles.

    Returns:
        The mean of the exposures, or None where nothing is seen.
    """
    seen = _facing(points, mesh.triangles, size)
    spans = _scan(seen, size)
    if not len(spans.length):
        return None
    top, left = int(spans.row.min()), int(spans.first.min())
    height = int(spans.row.max()) + 1 - top
    width = int((spans.first + spans.length).max()) - left
    buffer = np.zeros((len(points), height, width), _KEY)
    depth = buffer.view("<f4")[..., 1::2]
    if drawn is not None:
        depth[:] = drawn[:, top : top + height, left : left + width]
    _compare(buffer, seen, mesh.parts, spans, (top, left))
    colour, cover = _shade(buffer, seen, spans.triangle, mesh, (top, left))
    return Layer(colour, cover, depth, (top, left))


def _facing(points: Floats, triangles: Ints, size: tuple[int, int]) -> _Triangles:
    """Keep the triangles that face the camera, lie in front of it and touch the picture."""
    middle = points[len(points) // 2]
    x, y, inverse = (np.take(middle[:, axis], triangles) for axis in range(3))  # (F, 3)
    area = _areas(x, y)
    keep = (area > 0) & (inverse.min(axis=1) > 0)
    # Blur reaches a little beyond what the middle exposure shows.
    keep &= (x.max(axis=1) > -8) & (x.min(axis=1) < size[0] + 8) & (y.max(axis=1) > -8) & (y.min(axis=1) < size[1] + 8)
    kept = np.flatnonzero(keep)
    corners = np.take(points, triangles[kept], axis=1).reshape(-1, 3, 3)
    number = np.tile(kept, len(points))
    exposure = np.repeat(np.arange(len(points)), len(kept))
    area = _areas(corners[..., 0], corners[..., 1])
    if (area <= _SMALLEST_AREA).any():
        some = np.flatnonzero(area > _SMALLEST_AREA)
        exposure, number, corners, area = exposure[some], number[some], corners[some], area[some]
    return _Triangles(exposure, number, corners, area)


def _areas(x: Floats, y: Floats) -> Floats:
    """Twice the signed areas of triangles (..., 3)."""
    doubled: Floats = (x[..., 1] - x[..., 0]) * (y[..., 2] - y[..., 0]) - (x[..., 2] - x[..., 0]) * (
        y[..., 1] - y[..., 0]
    )
    return doubled


def _scan(seen: _Triangles, size: tuple[int, int]) -> _Spans:
    """Cut triangles into runs of pixels whose centres they cover."""
    x, y = seen.corners[..., 0], seen.corners[..., 1]
    order = np.argsort(y, axis=1)
    y = np.take_along_axis(y, order, axis=1)
    x = np.take_along_axis(x, order, axis=1)
    begin = np.clip(np.ceil(y[:, 0] - _HALF), 0, size[1]).astype(np.int64)
    end = np.clip(np.ceil(y[:, 2] - _HALF), 0, size[1]).astype(np.int64)
    count = end - begin
    owner = np.repeat(np.arange(len(count)), count)
    row = np.arange(len(owner)) + np.repeat(begin - (np.cumsum(count) - count), count)
    centre = row.astype(np.float32) + _HALF
    # Two edges bound every row: the longest one, and one of the two others. Triangles that share an edge compute its
    # crossing from the same two points in the same order, so no pixel is lost between them.
    long_edge = _line(x[:, 0], y[:, 0], x[:, 2], y[:, 2])
    upper, lower = _line(x[:, 0], y[:, 0], x[:, 1], y[:, 1]), _line(x[:, 1], y[:, 1], x[:, 2], y[:, 2])
    short_edge = np.stack([upper, lower], axis=1).reshape(-1, 2)
    below = centre > np.take(y[:, 1], owner)
    a = np.take(long_edge, owner, axis=0)
    b = np.take(short_edge, 2 * owner + below, axis=0)
    one, other = a[:, 0] + a[:, 1] * centre, b[:, 0] + b[:, 1] * centre
    first = np.clip(np.ceil(np.minimum(one, other) - _HALF), 0, size[0]).astype(np.int64)
    length = np.clip(np.ceil(np.maximum(one, other) - _HALF), 0, size[0]).astype(np.int64) - first
    some = np.flatnonzero(length > 0)
    return _Spans(owner[some], row[some], first[some], length[some])


def _line(x0: Floats, y0: Floats, x1: Floats, y1: Floats) -> Floats:
    """Start and slope (N, 2) of x over y along edges; level ones are never asked."""
    rise = y1 - y0
    slope = (x1 - x0) / np.where(rise > 0, rise, np.float32(1))
    return np.stack([x0 - y0 * slope, slope], axis=1)


def _compare(buffer: Ints, seen: _Triangles, parts: NDArray[np.uint8], spans: _Spans, corner: tuple[int, int]) -> None:
    """Keep the nearest span of every pixel of every exposure.

    The upper half of a number in the buffer is the inverse depth, because the bits of positive floats sort like the
    floats; below are part and number of the span.
    """
    top, left = corner
    _, height, width = buffer.shape
    x, y, inverse = seen.corners[..., 0], seen.corners[..., 1], seen.corners[..., 2]
    # Inverse depth is linear in the picture.
    to_second, to_third = inverse[:, 1] - inverse[:, 0], inverse[:, 2] - inverse[:, 0]
    along = (to_second * (y[:, 2] - y[:, 0]) - to_third * (y[:, 1] - y[:, 0])) / seen.area
    across = (to_third * (x[:, 1] - x[:, 0]) - to_second * (x[:, 2] - x[:, 0])) / seen.area
    which = spans.triangle
    table = np.stack([inverse[:, 0], along, across, x[:, 0], y[:, 0]], axis=1)[which]
    right = spans.first.astype(np.float32) + _HALF - table[:, 3]
    down = spans.row.astype(np.float32) + _HALF - table[:, 4]
    start = table[:, 0] + table[:, 1] * right + table[:, 2] * down
    begin = np.cumsum(spans.length) - spans.length
    total = int(begin[-1] + spans.length[-1])
    count = np.arange(total)
    number = np.repeat(np.arange(len(begin)), spans.length)
    step = (count - np.take(begin, number)).astype(np.float32)
    depth = np.take(start, number) + np.take(table[:, 1], number) * step
    np.maximum(depth, np.float32(1e-6), out=depth)
    key = depth.view(np.int32).astype(np.int64)
    key <<= 32
    label = (parts[seen.number[which]].astype(np.int64) << _SPAN_BITS) | np.arange(len(begin))
    key |= np.take(label, number)
    base = (seen.exposure[which] * height + spans.row - top) * width + (spans.first - left) - begin
    count += np.take(base, number)
    np.maximum.at(buffer.reshape(-1), count, key)


def _shade(
    buffer: Ints, seen: _Triangles, span_triangle: Ints, mesh: Mesh, corner: tuple[int, int]
) -> tuple[Floats, Floats]:
    """Colours times cover (rows, columns, 3), and cover (rows, columns), of what the buffer shows."""
    exposures, height, width = buffer.shape
    pixels = height * width
    flat = buffer.reshape(exposures, pixels)
    part = np.ascontiguousarray(flat.view(np.uint8)[:, _SPAN_BITS // 8 :: 8])
    middle = exposures // 2
    same = (part == part[middle]).all(axis=0)
    inner = np.flatnonzero(same & (part[middle] > 0))
    edge = np.flatnonzero(~same)
    exposure, which = np.nonzero(part[:, edge])
    border = edge[which]
    place = np.concatenate([inner, border])
    picked = np.concatenate([flat[middle, inner], flat[exposure, border]]) & _SPAN_MASK
    painted = _texture(seen, span_triangle[picked], mesh, place % width + corner[1], place // width + corner[0])
    total = np.zeros((pixels, 3), np.float32)
    total[inner] = painted[: len(inner)]
    cover = (part > 0).sum(axis=0, dtype=np.uint8) * np.float32(1 / exposures)
    painted *= np.float32(1 / exposures)
    borders = np.searchsorted(exposure, np.arange(exposures + 1)) + len(inner)
    for begin, end in pairwise(borders.tolist()):
        total[place[begin:end]] += painted[begin:end]
    return total.reshape(height, width, 3), cover.reshape(height, width)


def _texture(seen: _Triangles, triangle: Ints, mesh: Mesh, column: Ints, row: Ints) -> Floats:
    """Colours (N, 3) of triangles at pixels."""
    used = np.zeros(len(seen.area), bool)
    used[triangle] = True
    rows = np.flatnonzero(used)
    renumbered = np.zeros(len(used), np.int64)
    renumbered[rows] = np.arange(len(rows))
    x, y = seen.corners[rows, :, 0], seen.corners[rows, :, 1]
    values = mesh.shading[mesh.triangles[seen.number[rows]]]  # (M, 3, 5)
    area = seen.area[rows, None]
    second, third = values[:, 1] - values[:, 0], values[:, 2] - values[:, 0]
    along = (second * (y[:, 2] - y[:, 0])[:, None] - third * (y[:, 1] - y[:, 0])[:, None]) / area
    across = (third * (x[:, 1] - x[:, 0])[:, None] - second * (x[:, 2] - x[:, 0])[:, None]) / area
    origin = values[:, 0] + along * (_HALF - x[:, :1]) + across * (_HALF - y[:, :1])
    table = np.take(np.concatenate([origin, along, across], axis=1), renumbered[triangle], axis=0)
    shade = table[:, 5:10] * column.astype(np.float32)[:, None]
    shade += table[:, 10:] * row.astype(np.float32)[:, None]
    shade += table[:, :5]
    # Grazing triangles may overshoot by rounding.
    texel = shade[:, 3:].astype(np.int64)
    rows_of_atlas, columns_of_atlas = mesh.atlas.shape
    np.clip(texel, 0, (columns_of_atlas - 1, rows_of_atlas - 1), out=texel)
    colour = np.take(mesh.atlas.reshape(-1), texel[:, 1] * columns_of_atlas + texel[:, 0])
    painted = np.empty((len(triangle), 3), np.float32)
    painted[:, 0] = (colour & 255) * shade[:, 0]
    painted[:, 1] = ((colour >> 8) & 255) * shade[:, 1]
    painted[:, 2] = (colour >> 16) * shade[:, 2]
    return np.clip(painted, 0, _BRIGHTEST, out=painted)
