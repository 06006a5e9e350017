# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a performance through its cameras; each is a pure function of the performance, view and frame."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.synthetic.performance import Performance
from ghtt_core.data.synthetic.rendering.appearance import Appearance, sample_appearance
from ghtt_core.data.synthetic.rendering.backdrop import Backdrop, in_colours
from ghtt_core.data.synthetic.rendering.geometry import CHUNK, SceneGeometry, Stretch
from ghtt_core.data.synthetic.rendering.raster import Layer, Mesh, rasterise
from ghtt_core.data.synthetic.rendering.sensor import Development, Sensor, sample_sensor
from ghtt_core.data.synthetic.rendering.shadows import shadow_mask
from ghtt_core.data.synthetic.rendering.skin import atlas_uv
from ghtt_core.data.synthetic.rendering.surfaces import Floats
from ghtt_core.data.views import View

Image = NDArray[np.uint8]

_NEAREST_M: Final = 0.07
_SUBPIXELS: Final = np.array([[-0.125, -0.375], [0.375, -0.125], [-0.375, 0.125], [0.125, 0.375]], np.float32)
"""Where in a pixel the exposures look: no two share a row or a column."""
_LONG_SMEAR_PX: Final = 6.0
_GLOSS_POWER: Final = 12
_SKIN_WEIGHT: Final = 0.75


class _Camera(NamedTuple):
    """One view and its ways."""

    view: View
    sensor: Sensor
    development: Development
    backdrop: Backdrop


class _Empty(NamedTuple):
    """What a camera sees before anybody acts.

    Attributes:
        light: (H, W, 3) BGR.
        table: (H, W) how much of each pixel shows the lit table.
        depth: (K, H, W) inverse depth behind which nothing is seen, 0 where there is no such.
    """

    light: Floats
    table: Floats
    depth: Floats


class SceneRenderer:
    """Draws one performance."""

    def __init__(self, performance: Performance, views: Sequence[View]) -> None:
        """Draw lots for the look of the scene and of its cameras, from the performance's appearance seed.

        Args:
            performance: What happens.
            views: Cameras to draw through; one that moves looks out of the person's eyes, so that torso and head are
                not in its pictures.
        """
        self._seed = performance.appearance_seed
        frames = len(performance.sequence)
        self.look: Appearance = sample_appearance(self._seed, performance.objects, frames)
        self._geometry = SceneGeometry(performance, self.look)
        self._atlas = np.zeros(self.look.atlas.shape[:2], np.uint32)
        for channel in range(3):
            self._atlas |= self.look.atlas[..., channel].astype(np.uint32) << (8 * channel)
        self._cameras = []
        for number, view in enumerate(views):
            rng = self._rng(number, 0)
            sensor = sample_sensor(rng)
            backdrop = Backdrop(self.look, view.intrinsics, view.size)
            brightness = max(float(backdrop.draw(view.pose(0))[0][::8, ::8].mean()), self._skin_brightness())
            self._cameras.append(_Camera(view, sensor, Development(sensor, view.size, rng, brightness), backdrop))
        self._screens: OrderedDict[tuple[int, int], Floats] = OrderedDict()
        self._empty: dict[int, _Empty] = {}

    def draw(self, frame: int, number: int) -> Image:
        """Draw one picture.

        Args:
            frame: Which frame of the performance.
            number: Which of the views.

        Returns:
            (H, W, 3) BGR.
        """
        camera = self._cameras[number]
        pose = camera.view.pose(frame)
        stretch = self._geometry.stretch(frame // CHUNK)
        row = frame - stretch.first
        empty = self._before(number, frame)
        light = empty.light * self._sunlit(camera, stretch, row, pose, empty.table)
        points = self._exposures(number, frame, stretch)
        drawn = empty.depth
        if len(points) > len(drawn):
            drawn = np.tile(drawn, (len(points) // len(drawn), 1, 1))
        triangles = None if camera.view.moving else stretch.touched
        layer = rasterise(points, self._mesh(stretch, row, pose, triangles), camera.view.size, drawn)
        if layer is not None:
            _cover(light, layer)
        return camera.development.develop(light, self._rng(number, 1 + frame))

    def _rng(self, number: int, moment: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=(number, moment)))

    def _skin_brightness(self) -> float:
        """What a camera takes care not to overexpose, on the scale of a whole picture's mean."""
        light = self.look.light
        return _SKIN_WEIGHT * self.look.skin * float((0.7 * light.sky + 0.3 * light.ground + 0.5 * light.main).mean())

    def _before(self, number: int, frame: int) -> _Empty:
        """The scene without what moves; what a camera that stands still sees of it is drawn once."""
        camera = self._cameras[number]
        if camera.view.moving:
            light, table, depth = camera.backdrop.draw(camera.view.pose(frame))
            return _Empty(light, table, np.repeat(depth[None], len(_SUBPIXELS), axis=0))
        if number not in self._empty:
            self._empty[number] = self._stage(camera)
        return self._empty[number]

    def _stage(self, camera: _Camera) -> _Empty:
        """Table, room, the person's body and what lies about, through a camera that stands still."""
        pose = camera.view.pose(0)
        light, table, behind = camera.backdrop.draw(pose)
        still = self._geometry.still()
        light = light * self._sunlit(camera, still, 0, pose, table)
        screen = _project(camera.view, still.surface.points, np.zeros(1, np.int64))[0]
        points = np.repeat(screen[None], len(_SUBPIXELS), axis=0)
        points[..., :2] += _SUBPIXELS[:, None]
        depth = np.repeat(behind[None], len(points), axis=0)
        layer = rasterise(points, self._mesh(still, 0, pose), camera.view.size, depth)
        if layer is not None:
            _cover(light, layer)
            (top, left), (height, width) = layer.corner, layer.cover.shape
            part = np.s_[top : top + height, left : left + width]
            depth[:, part[0], part[1]] = layer.depth
            table[part] *= 1 - layer.cover
        return _Empty(light, table, depth)

    def _sunlit(self, camera: _Camera, stretch: Stretch, row: int, pose: Floats, table: Floats) -> Floats:
        """Factor (H, W, 3) of the table's brightness under the shadows of one frame."""
        light = self.look.light
        points, bulks = stretch.surface.points[row], stretch.surface.bulks
        view = camera.view
        mask = shadow_mask(points, bulks, light.direction, pose, view.intrinsics, view.size, light.softness)
        return in_colours(1 - np.float32(light.shadow) * mask * table)

    def _mesh(self, stretch: Stretch, row: int, pose: Floats, triangles: int | None = None) -> Mesh:
        """One frame's triangles, all or the first so many, with highlights as the camera at a pose sees them."""
        surface = stretch.surface
        half = self.look.light.direction - pose[2, :3]
        half /= max(float(np.linalg.norm(half)), 1e-6)
        shine = np.clip(surface.normals[row] @ half, 0, None) ** _GLOSS_POWER
        light = stretch.light[row] + np.float32(self.look.light.gloss) * shine[:, None]
        shading = np.concatenate([light, atlas_uv(surface.texture, surface.tile)], axis=1).astype(np.float32)
        chosen = surface.triangles[:triangles]
        return Mesh(chosen, (surface.tile[chosen[:, 0]] + 1).astype(np.uint8), shading, self._atlas)

    def _exposures(self, number: int, frame: int, stretch: Stretch) -> Floats:
        """Vertices in the picture (K, V, 3) while the shutter is open."""
        screen = self._screen(number, frame // CHUNK, stretch)
        row = frame - stretch.first
        earlier, later = max(row - 1, 0), min(row + 1, len(screen) - 1)
        here, before, after = screen[row], screen[earlier], screen[later]
        share = np.float32(self._cameras[number].sensor.exposure / max(later - earlier, 1))
        smear = (after - before) * share
        smear[(before[:, 2] <= 0) | (after[:, 2] <= 0)] = 0
        longest = float(np.abs(smear[: stretch.hand_points, :2]).max(initial=0))
        repeats = 2 if longest > _LONG_SMEAR_PX else 1
        count = repeats * len(_SUBPIXELS)
        moments = (np.arange(count, dtype=np.float32) + np.float32(0.5)) / np.float32(count) - np.float32(0.5)
        points: Floats = here + moments[:, None, None] * smear
        points[..., :2] += np.tile(_SUBPIXELS, (repeats, 1))[:, None]
        points[:, here[:, 2] <= 0, 2] = 0
        return points

    def _screen(self, number: int, index: int, stretch: Stretch) -> Floats:
        """Vertices of all frames of a stretch in one camera's picture, see :func:`_project`."""
        key = (number, index)
        if key not in self._screens:
            frames = np.arange(stretch.first, stretch.first + len(stretch.surface.points))
            self._screens[key] = _project(self._cameras[number].view, stretch.surface.points, frames)
            while len(self._screens) > 2 * len(self._cameras):
                self._screens.popitem(last=False)
        return self._screens[key]


def _project(view: View, points: Floats, frames: NDArray[np.int64]) -> Floats:
    """Points (T, V, 3) of frames in the picture: pixels with centres at .5, and inverse depth, 0 if too near."""
    seen = (view.taken(frames) if view.moving else view).to_camera(points)
    drawable = seen[..., 2] > _NEAREST_M  # False for NaN, too
    inverse = np.where(drawable, 1 / np.where(drawable, seen[..., 2], 1), 0).astype(np.float32)
    seen[~drawable] = 0
    k = view.intrinsics.astype(np.float32)
    x = (k[0, 0] * seen[..., 0] + k[0, 1] * seen[..., 1]) * inverse + k[0, 2] + np.float32(0.5)
    y = k[1, 1] * seen[..., 1] * inverse + k[1, 2] + np.float32(0.5)
    return np.stack([x, y, inverse], axis=-1)


def _cover(light: Floats, layer: Layer) -> None:
    """Put a layer on a picture, in place."""
    (top, left), (height, width) = layer.corner, layer.cover.shape
    part = light[top : top + height, left : left + width]
    part *= in_colours(1 - layer.cover)
    part += layer.colour
