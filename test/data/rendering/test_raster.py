# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from ghtt_core.data.synthetic.rendering.raster import Mesh, rasterise

SIZE = (60, 40)
WHITE = np.full((4, 4), 0xFFFFFF, np.uint32)
SUBPIXELS = np.array([[-0.125, -0.375], [0.375, -0.125], [-0.375, 0.125], [0.125, 0.375]], np.float32)


def draw(points, triangles, shades=None, parts=None, drawn=None, offsets=SUBPIXELS):
    """Picture (40, 60, 4) of points (V, 3) or one set per exposure."""
    points = np.asarray(points, np.float32)
    if points.ndim == 2:
        points = np.repeat(points[None], len(offsets), axis=0)
        points[..., :2] += offsets[:, None]
    triangles = np.asarray(triangles, np.int64)
    shading = np.zeros((points.shape[1], 5), np.float32)
    shading[:, :3] = 0.5 if shades is None else np.asarray(shades, np.float32)[:, None]
    parts = np.ones(len(triangles), np.uint8) if parts is None else np.asarray(parts, np.uint8)
    layer = rasterise(points, Mesh(triangles, parts, shading, WHITE), SIZE, drawn)
    picture = np.zeros((SIZE[1], SIZE[0], 4), np.float32)
    if layer is not None:
        (top, left), (height, width) = layer.corner, layer.cover.shape
        picture[top : top + height, left : left + width] = np.dstack([layer.colour, layer.cover])
    return picture


def square(left, top, side, depth=1.0):
    corners = [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
    return [(x, y, 1 / depth) for x, y in corners]


QUAD = [(0, 1, 2), (0, 2, 3)]


def test_cover_is_the_area_of_the_triangle():
    corners = np.array([(7.3, 4.1), (48.2, 11.7), (20.9, 33.3)])
    cover = draw(np.c_[corners, np.ones(3)], [(0, 1, 2)])[..., 3]
    (ax, ay), (bx, by) = corners[1:] - corners[0]
    assert cover.sum() == pytest.approx(abs(ax * by - ay * bx) / 2, rel=0.01)
    assert cover.max() == 1


def test_a_surface_of_many_triangles_has_no_holes_and_no_double_edges():
    rng = np.random.default_rng(0)
    y, x = np.meshgrid(np.linspace(4, 36, 9), np.linspace(4, 56, 13), indexing="ij")
    inner = (slice(1, -1), slice(1, -1))
    x[inner] += rng.uniform(-1.5, 1.5, x[inner].shape)
    y[inner] += rng.uniform(-1.5, 1.5, y[inner].shape)
    points = np.stack([x, y, np.full_like(x, 0.5)], axis=-1).reshape(-1, 3)
    number = np.arange(9 * 13).reshape(9, 13)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]
    triangles = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    picture = draw(points, triangles)
    assert (picture[4:36, 4:56, 3] == 1).all()
    np.testing.assert_allclose(picture[4:36, 4:56, :3], 127.5, rtol=1e-4)
    assert picture[:4].max() == picture[36:].max() == 0


def test_the_back_of_a_triangle_is_not_drawn():
    assert draw(square(10, 10, 20), [t[::-1] for t in QUAD]).max() == 0


def test_what_is_nearer_hides_what_is_behind_it_whatever_the_order():
    near, far = square(20, 10, 15, 0.5), square(10, 5, 30, 1.0)
    for points, shades in ((near + far, [0.2] * 4 + [0.8] * 4), (far + near, [0.8] * 4 + [0.2] * 4)):
        picture = draw(points, [*QUAD, (4, 5, 6), (4, 6, 7)], shades, [1, 1, 2, 2])
        assert picture[17, 27, 0] == pytest.approx(0.2 * 255, rel=1e-3)
        assert picture[7, 12, 0] == pytest.approx(0.8 * 255, rel=1e-3)


def test_surfaces_that_cross_show_the_nearer_one_on_each_side():
    level = [(10, 5, 1.0), (50, 5, 1.0), (50, 35, 1.0), (10, 35, 1.0)]
    sloped = [(10, 5, 0.5), (50, 5, 1.5), (50, 35, 1.5), (10, 35, 0.5)]
    picture = draw(level + sloped, [*QUAD, (4, 5, 6), (4, 6, 7)], [0.2] * 4 + [0.8] * 4, [1, 1, 2, 2])
    np.testing.assert_allclose(picture[10:30, 12:29, 0], 0.2 * 255, rtol=1e-3)
    np.testing.assert_allclose(picture[10:30, 31:48, 0], 0.8 * 255, rtol=1e-3)


def test_what_was_drawn_before_hides_only_what_is_behind_it():
    drawn = np.zeros((4, SIZE[1], SIZE[0]), np.float32)
    drawn[:, :, :30] = 1 / 0.7
    picture = draw(square(10, 5, 30, 1.0), QUAD, drawn=drawn)[..., 3]
    assert picture[:, :30].max() == 0
    assert picture[10, 35] == 1
    assert draw(square(10, 5, 30, 0.6), QUAD, drawn=drawn)[10, 15, 3] == 1


def test_light_is_interpolated_across_a_triangle():
    picture = draw(square(10, 5, 30), QUAD, [0.0, 1.0, 1.0, 0.0])
    across = picture[20, 12:38, 0]
    assert (np.diff(across) > 0).all()
    assert across[13] == pytest.approx(255 * (25.5 - 10) / 30, abs=4)  # half a pixel of the slope


def test_motion_while_the_shutter_is_open_smears_edges_and_keeps_the_area():
    still = np.array(square(20, 10, 15), np.float32)
    moved = np.repeat(still[None], 8, axis=0)
    moved[..., 0] += np.linspace(-4, 4, 8, dtype=np.float32)[:, None]
    blurred = draw(moved, QUAD)[..., 3]
    assert blurred.sum() == pytest.approx(225, rel=0.02)
    edge = blurred[17, 14:30]
    assert (np.diff(edge) >= 0).all()
    assert len(np.unique(edge)) >= 7


def test_points_that_must_not_be_drawn_take_their_triangles_along():
    points = square(10, 10, 20)
    points[2] = (30, 30, 0.0)
    assert draw(points, QUAD).max() == 0


def test_triangles_partly_outside_the_picture_are_cut():
    picture = draw(square(-20, -20, 50), QUAD)[..., 3]
    assert (picture[:29, :29] == 1).all()
    assert picture[31:].max() == 0
