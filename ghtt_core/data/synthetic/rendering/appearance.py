# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How one scene looks: the person's skin and dress, the light, the table and the room, all drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.synthetic.posed import PosedObject, Primitive, PrimitiveKind
from ghtt_core.data.synthetic.rendering.body_surface import Body
from ghtt_core.data.synthetic.rendering.patterns import TABLE_KINDS, colour, pattern, wall
from ghtt_core.data.synthetic.rendering.skin import paint_atlas, sample_skin

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

ROOM_PX = 160
_TABLE_PX = 512
_KINDS: Final[tuple[PrimitiveKind, ...]] = ("box", "cylinder", "sphere")


@dataclass(frozen=True, eq=False)
class Light:
    """The light of a scene; colours are BGR factors around 1.

    Attributes:
        direction: (3,) unit, towards the main lamp, world.
        main: (3,) brightness of what faces it.
        sky: (3,) brightness from above.
        ground: (3,) brightness from below.
        gloss: Strength of highlights on skin and objects.
        shadow: How much of a table's brightness shadows take.
        softness: Metres, blur of shadows' edges.
    """

    direction: Floats
    main: Floats
    sky: Floats
    ground: Floats
    gloss: float
    shadow: float
    softness: float


@dataclass(frozen=True, eq=False)
class Appearance:
    """Everything about a scene's look.

    Attributes:
        atlas: (512, 512, 3) BGR texture of hands, body and objects.
        skin: Mean brightness of the person's skin in plain light, 0..255.
        body: The person's build and dress.
        thickness: Of the hands relative to common ones.
        light: The light.
        table: (512, 512, 3) BGR texture of the table's top.
        table_size: (4,) metres: left, right, near and far edge of the table in the world.
        table_scale: Metres that the table's texture covers.
        room: (6 * 160, 160, 3) BGR sides of the room: -x, +x, -y, +y, floor, ceiling.
        room_low: (3,) metres, one corner of the room.
        room_high: (3,) metres, the opposite corner.
        clutter: Things that lie about and are never touched.
    """

    atlas: Image
    skin: float
    body: Body
    thickness: float
    light: Light
    table: Image
    table_size: Floats
    table_scale: float
    room: Image
    room_low: Floats
    room_high: Floats
    clutter: tuple[PosedObject, ...]


def sample_appearance(seed: int, objects: tuple[PosedObject, ...], frames: int) -> Appearance:
    """Draw the look of a scene; the same seed gives the same look.

    Args:
        seed: Of the scene.
        objects: What is handled in it; gets labels and colours of its own.
        frames: How long it lasts.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(20_260_102,)))
    body = Body(
        shoulder=(float(rng.uniform(0.17, 0.23)), float(rng.uniform(-0.28, -0.12)), float(rng.uniform(0.28, 0.45))),
        sleeve=float(rng.uniform(0.3, 0.97)) if rng.random() < 0.65 else 0.0,
        loose=float(rng.uniform(0.003, 0.014)),
        folds=float(rng.uniform(0.0, 0.08)),
        stout=float(np.exp(rng.normal(0.0, 0.12))),
    )
    skin = sample_skin(rng)
    light = sample_light(rng)
    half = rng.uniform(0.45, 1.0)
    table_size = np.array([-half, half, rng.uniform(-0.06, 0.0), rng.uniform(0.55, 1.1)], np.float32)
    table = pattern(rng, str(rng.choice(TABLE_KINDS)), _TABLE_PX, _TABLE_PX)
    room = np.concatenate([wall(rng, ROOM_PX, ROOM_PX) for _ in range(6)])
    clutter = sample_clutter(rng, table_size, frames)
    colours = [255 * part.colour[::-1] for thing in (*objects, *clutter) for part in thing.parts]
    return Appearance(
        atlas=paint_atlas(rng, skin, colours),
        skin=float(skin.back.mean()),
        body=body,
        thickness=float(np.clip(np.exp(rng.normal(0.0, 0.09)), 0.8, 1.25)),
        light=light,
        table=table,
        table_size=table_size,
        table_scale=float(rng.uniform(0.5, 1.6)),
        room=room,
        room_low=np.array([rng.uniform(-3, -1.2), rng.uniform(-3, -0.8), -0.75], np.float32),
        room_high=np.array([rng.uniform(1.2, 3), rng.uniform(1.4, 3.5), rng.uniform(1.6, 2.2)], np.float32),
        clutter=clutter,
    )


def sample_light(rng: np.random.Generator) -> Light:
    """Draw a light: from soft and even to one hard lamp."""
    azimuth, height = rng.uniform(-np.pi, np.pi), np.arcsin(rng.uniform(0.35, 1.0))
    direction = np.array(
        [np.cos(height) * np.cos(azimuth), np.cos(height) * np.sin(azimuth), np.sin(height)], np.float32
    )
    warmth = rng.normal(0.0, 0.10)
    tint = np.array([1 - warmth, 1.0, 1 + warmth], np.float32)
    contrast = rng.uniform(0.25, 0.8)
    level = float(np.exp(rng.normal(-0.05, 0.22)))
    return Light(
        direction=direction,
        main=(level * 1.15 * contrast * tint).astype(np.float32),
        sky=(level * (1 - 0.65 * contrast) * (2 - tint)).astype(np.float32),
        ground=np.full(3, level * rng.uniform(0.12, 0.4) * (1.1 - contrast * 0.5), np.float32),
        gloss=float(rng.uniform(0.0, 0.35)),
        shadow=float(np.clip(contrast * rng.uniform(0.7, 1.2), 0.15, 0.85)),
        softness=float(rng.uniform(0.004, 0.035)),
    )


def sample_clutter(rng: np.random.Generator, table: Floats, frames: int) -> tuple[PosedObject, ...]:
    """Draw up to six boxes, cups and balls that stand where hands seldom are."""
    things = []
    for number in range(int(rng.integers(0, 7))):
        kind = _KINDS[int(rng.choice(3, p=(0.5, 0.4, 0.1)))]
        size = np.array([rng.uniform(0.03, 0.16), rng.uniform(0.03, 0.16), rng.uniform(0.01, 0.14)], np.float32)
        if kind != "box":
            size[1] = size[0] = min(size[0], 0.10)
        if kind == "sphere":
            size[2] = size[0]
        beside = rng.random() < 0.6
        x = (
            rng.choice((-1.0, 1.0)) * rng.uniform(0.34, max(0.36, table[1] - 0.08))
            if beside
            else rng.uniform(-0.5, 0.5)
        )
        y = rng.uniform(0.1, table[3]) if beside else rng.uniform(0.46, max(0.5, table[3] - 0.05))
        turn = rng.uniform(0, 2 * np.pi)
        pose = np.array(
            [[np.cos(turn), -np.sin(turn), 0, x], [np.sin(turn), np.cos(turn), 0, y], [0, 0, 1, 0]], np.float32
        )
        part_pose = np.eye(3, 4, dtype=np.float32)
        part_pose[2, 3] = size[2] / 2
        part = Primitive(kind, size, part_pose, colour(rng, vivid=1.0)[::-1] / np.float32(255))
        poses = np.broadcast_to(pose, (frames, 3, 4))
        things.append(PosedObject(f"clutter {number}", (part,), poses, np.ones(frames, bool)))
    return tuple(things)
