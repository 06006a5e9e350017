# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Procedural surfaces: wood, cloth, stone, stripes, checks and rooms, each different for every seed."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

TABLE_KINDS: Final = ("plain", "speckled", "wood", "planks", "checks", "stripes", "stone", "blotches", "mat")
CLOTH_KINDS: Final = ("plain", "plain", "speckled", "stripes", "checks", "blotches")


def colour(rng: np.random.Generator, dark: float = 25.0, light: float = 235.0, vivid: float = 0.7) -> Floats:
    """A random colour (3,) BGR, 0..255: some grey, some vivid."""
    grey = rng.uniform(dark, light)
    tint = rng.normal(0.0, 1.0, 3)
    tint -= tint.mean()
    mixed = grey * (1 + vivid * float(rng.random()) * 0.6 * tint)
    return np.clip(mixed, 4, 250).astype(np.float32)


def fractal(rng: np.random.Generator, height: int, width: int, coarse: int = 4, octaves: int = 5) -> Floats:
    """Smooth noise (height, width) of mean 0 and deviation 1 with detail at several scales."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        cells = coarse * 2**octave
        grid = rng.standard_normal((min(cells, height), min(cells, width)), np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) * np.float32(0.6**octave)
    total -= total.mean()
    scaled: Floats = total / max(float(total.std()), 1e-6)
    return scaled


def pattern(rng: np.random.Generator, kind: str, height: int, width: int) -> Image:
    """Paint one surface.

    Args:
        rng: Source of its colours and shapes.
        kind: One of TABLE_KINDS.
        height: Rows.
        width: Columns.

    Returns:
        (height, width, 3) BGR.
    """
    base, other = colour(rng), colour(rng)
    down, right = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = rng.uniform(0, np.pi)
    share: NDArray[Any]
    along = (np.cos(angle) * right + np.sin(angle) * down) / width
    beside = (np.cos(angle) * down - np.sin(angle) * right) / width
    if kind == "speckled":
        share = np.clip(0.5 + 0.5 * rng.standard_normal((height, width), np.float32), 0, 1) * rng.uniform(0.2, 0.8)
    elif kind in ("wood", "planks"):
        base = (np.array([60, 105, 160]) * rng.uniform(0.35, 1.35) + rng.normal(0, 12, 3)).astype(np.float32)
        other = base * rng.uniform(0.5, 0.85)
        warp = fractal(rng, height, width, 2, 3)
        share = 0.5 + 0.5 * np.sin(rng.uniform(60, 160) * beside + rng.uniform(1, 5) * warp + 3 * np.sin(6 * along))
        if kind == "planks":
            boards = np.floor(beside * rng.uniform(5, 12))
            share = 0.6 * share + 0.4 * (np.sin(boards * 12.9898 + 3.1) * 43758.5 % 1.0)
    elif kind == "checks":
        count = rng.uniform(4, 18)
        share = ((np.floor(along * count) + np.floor(beside * count)) % 2).astype(np.float32)
    elif kind == "stripes":
        share = (np.sin(2 * np.pi * rng.uniform(3, 25) * along) > rng.uniform(-0.6, 0.6)).astype(np.float32)
    elif kind == "stone":
        share = np.exp(-np.abs(fractal(rng, height, width, 3, 6)) * rng.uniform(1.5, 5))
    elif kind == "blotches":
        share = (fractal(rng, height, width, int(rng.integers(3, 10)), 4) > rng.normal(0, 0.5)).astype(np.float32)
    elif kind == "mat":
        share = ((np.abs(down / height - 0.4) < 0.22) & (np.abs(right / width - 0.5) < 0.3)).astype(np.float32)
    else:
        share = np.zeros((height, width), np.float32)
    painted = base + (other - base) * np.asarray(share, np.float32)[..., None]
    painted *= 1 + np.float32(rng.uniform(0.01, 0.09)) * fractal(rng, height, width)[..., None]
    painted = cv2.GaussianBlur(painted.astype(np.float32), (0, 0), 0.7)
    return np.clip(painted, 0, 255).astype(np.uint8)


def wall(rng: np.random.Generator, height: int, width: int) -> Image:
    """Paint one side of a room (height, width, 3): a surface with shelves, windows, pictures or clutter on it."""
    image = pattern(rng, str(rng.choice(["plain", "plain", "speckled", "stone", "planks", "stripes"])), height, width)
    for _ in range(int(rng.integers(0, 14))):
        w, h = (int(rng.uniform(0.05, 0.45) * extent) for extent in (width, height))
        x, y = int(rng.integers(-w // 2, width - w // 2)), int(rng.integers(-h // 2, height - h // 2))
        shade = tuple(float(c) for c in colour(rng))
        if rng.random() < 0.25:
            cv2.ellipse(image, (x + w // 2, y + h // 2), (w // 2, h // 2), 0, 0, 360, shade, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(image, (x, y), (x + w, y + h), shade, -1 if rng.random() < 0.7 else int(rng.integers(2, 9)))
    if rng.random() < 0.25:
        x, y = int(rng.integers(0, width // 2)), int(rng.integers(0, height // 2))
        cv2.rectangle(image, (x, y), (x + width // 3, y + height // 3), (250, 245, 235), -1)
    blurred = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.6, 4.0)))
    return np.asarray(blurred, np.uint8)
