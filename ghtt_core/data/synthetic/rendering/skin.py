# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The atlas of one scene: skin with nails, creases and knuckles, or gloves; cloth; face and hair; objects."""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.synthetic.rendering.body_surface import (
    FACE_TILE,
    FOREARM_TILE,
    HAIR_TILE,
    SLEEVE_TILE,
    TORSO_TILE,
)
from ghtt_core.data.synthetic.rendering.hand_surface import FINGER_TILES, PALM_TILE, WEB_TILE
from ghtt_core.data.synthetic.rendering.patterns import CLOTH_KINDS, colour, fractal, pattern

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

TILE_PX: Final = 64
TILES_ACROSS: Final = 8
FIRST_OBJECT_TILE: Final = 12
_MARGIN_PX: Final = 1.0

_TONES: Final = np.array(
    [[190, 206, 236], [165, 190, 232], [130, 165, 222], [105, 142, 200], [78, 112, 168], [54, 80, 128], [36, 52, 88]],
    np.float32,
)
"""BGR of skin in plain light, from light to dark."""
_GLOVED: Final = 0.05
_RING: Final = 0.15
_NAIL_POLISH: Final = 0.15
_TATTOOED: Final = 0.06


class Skin(NamedTuple):
    """Colours of one person's hands, BGR 0..255.

    Attributes:
        back: Of the back of the hand.
        palm: Of its inner side.
        nail: Of the nails.
        joint: Of knuckles and finger tips.
    """

    back: Floats
    palm: Floats
    nail: Floats
    joint: Floats


def sample_skin(rng: np.random.Generator) -> Skin:
    """Draw a person's colours."""
    place = rng.uniform(0, len(_TONES) - 1)
    low = int(place)
    back = _TONES[low] + (_TONES[min(low + 1, len(_TONES) - 1)] - _TONES[low]) * np.float32(place - low)
    back = np.clip(back * np.exp(rng.normal(0, 0.06, 3)), 10, 250).astype(np.float32)
    light = _TONES[1]
    palm = back + (light - back) * np.float32(rng.uniform(0.08, 0.4))
    joint = back * np.array([0.84, 0.86, 0.98], np.float32)
    nail = colour(rng, vivid=1.0) if rng.random() < _NAIL_POLISH else palm * np.array([1.05, 1.04, 1.06], np.float32)
    return Skin(back, palm, np.minimum(nail, 255), joint)


def atlas_uv(texture: Floats, tile: NDArray[np.int64]) -> Floats:
    """Places (V, 2) in the atlas, in texels, of places 0..1 in tiles."""
    corner = np.stack([tile % TILES_ACROSS, tile // TILES_ACROSS], axis=1).astype(np.float32) * TILE_PX
    return (corner + _MARGIN_PX + texture * np.float32(TILE_PX - 2 * _MARGIN_PX)).astype(np.float32)


def object_tile(number: int) -> int:
    """Tile of the numbered part; scenes of very many parts share tiles."""
    return FIRST_OBJECT_TILE + number % (TILES_ACROSS**2 - FIRST_OBJECT_TILE)


def paint_atlas(rng: np.random.Generator, skin: Skin, part_colours: list[Floats]) -> Image:
    """Paint all tiles of a scene.

    Args:
        rng: Source of every variation.
        skin: Colours of the person.
        part_colours: (3,) BGR 0..255 of the parts of all objects in their order.

    Returns:
        (512, 512, 3) BGR.
    """
    atlas = np.zeros((TILES_ACROSS * TILE_PX, TILES_ACROSS * TILE_PX, 3), np.uint8)

    def put(tile: int, image: Floats | Image) -> None:
        row, column = tile // TILES_ACROSS * TILE_PX, tile % TILES_ACROSS * TILE_PX
        atlas[row : row + TILE_PX, column : column + TILE_PX] = np.clip(image, 0, 255)

    gloved = rng.random() < _GLOVED
    rough = np.float32(rng.uniform(0.01, 0.06))
    ring_finger = int(rng.integers(1, 5)) if rng.random() < _RING else -1
    cloth = _cloth(rng)
    for tile in (*FINGER_TILES, PALM_TILE, WEB_TILE, FOREARM_TILE):
        if tile in FINGER_TILES:
            image = _finger(rng, skin, tile == FINGER_TILES[0])
            if tile == ring_finger:
                image[12:15] = np.array([90, 190, 225], np.float32) if rng.random() < 0.6 else 200
        else:
            image = _two_sided(skin)
        image *= 1 + rough * fractal(rng, TILE_PX, TILE_PX, 4, 4)[..., None]
        if tile in (FOREARM_TILE, PALM_TILE) and rng.random() < _TATTOOED:
            mark = fractal(rng, TILE_PX, TILE_PX, 5, 3) > 0.9
            image[mark] = 0.5 * image[mark] + 0.5 * np.array([70, 50, 40], np.float32)
        put(tile, image)
    if gloved:
        glove = pattern(rng, str(rng.choice(["plain", "speckled"])), TILE_PX, TILE_PX)
        for tile in (*FINGER_TILES, PALM_TILE, WEB_TILE):
            put(tile, glove)
    put(SLEEVE_TILE, cloth)
    put(TORSO_TILE, cloth if rng.random() < 0.7 else _cloth(rng))
    put(FACE_TILE, skin.back * (1 + rough * fractal(rng, TILE_PX, TILE_PX)[..., None]))
    put(HAIR_TILE, colour(rng, 10, 130, 0.4) * (1 + 0.2 * fractal(rng, TILE_PX, TILE_PX, 8, 3)[..., None]))
    for number, part in enumerate(part_colours[: TILES_ACROSS**2 - FIRST_OBJECT_TILE]):
        put(object_tile(number), _object(rng, part))
    return atlas


def _two_sided(skin: Skin) -> Floats:
    """Palm colour below, back colour above: around runs from the palm's middle over the side to the back."""
    up = 0.5 - 0.5 * np.cos(np.linspace(0, 2 * np.pi, TILE_PX, dtype=np.float32))
    share = np.clip((up - 0.35) / 0.3, 0, 1)[None, :, None]
    image = skin.palm + (skin.back - skin.palm) * share
    return np.repeat(image, TILE_PX, axis=0).astype(np.float32)


def _finger(rng: np.random.Generator, skin: Skin, thumb: bool) -> Floats:
    """A finger unrolled: columns run around it from its palmar side, rows from base to tip."""
    image = _two_sided(skin)
    row = np.arange(TILE_PX, dtype=np.float32)[:, None] / (TILE_PX - 1)
    column = np.arange(TILE_PX, dtype=np.float32)[None] / (TILE_PX - 1)
    dorsal = np.clip((0.5 - 0.5 * np.cos(2 * np.pi * column) - 0.4) / 0.4, 0, 1)
    # Rings of the surface lie at even steps of rows; these are those of the joints.
    for place in (4 / 14, 8 / 14):
        bump = np.exp(-(((row - place) / 0.035) ** 2))
        image += (skin.joint - image) * (bump * dorsal * 0.8)[..., None]
        crease = np.exp(-(((row - place) / 0.012) ** 2)) * (1 - dorsal)
        image *= (1 - 0.22 * crease)[..., None]
    tip = np.clip((row - 0.82) / 0.18, 0, 1) * (1 - dorsal)
    image += (skin.joint * 1.02 - image) * (0.6 * tip)[..., None]
    wide = rng.uniform(0.13, 0.17)
    nail = ((column - 0.5) / wide) ** 2 + ((row - 0.80) / 0.10) ** 2
    edge = np.clip((1.15 - nail) / 0.3, 0, 1)
    image += (skin.nail - image) * edge[..., None]
    image *= (1 - 0.12 * np.exp(-(((nail - 1.1) / 0.15) ** 2)))[..., None]
    return image.astype(np.float32)


def _cloth(rng: np.random.Generator) -> Floats:
    return pattern(rng, str(rng.choice(CLOTH_KINDS)), TILE_PX, TILE_PX).astype(np.float32)


def _object(rng: np.random.Generator, part: Floats) -> Floats:
    """One part of an object: its colour, often with a label, always a little uneven."""
    image = np.empty((TILE_PX, TILE_PX, 3), np.float32)
    image[:] = part
    if rng.random() < 0.6:
        for _ in range(int(rng.integers(1, 5))):
            shade = tuple(float(c) for c in colour(rng))
            x, y = (int(v) for v in rng.integers(0, TILE_PX, 2))
            w, h = (int(v) for v in rng.integers(4, 40, 2))
            cv2.rectangle(image, (x, y), (x + w, y + h), shade, -1)
    image *= 1 + 0.04 * fractal(rng, TILE_PX, TILE_PX)[..., None]
    return image
