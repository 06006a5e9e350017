# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a camera does to a picture: exposure, colours, vignetting, focus and noise, different for every camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_GREY: Final = 112.0
_AUTOMATIC: Final = (0.45, 1.9)
"""How far a camera corrects its exposure."""
_SPARE_PX: Final = 64
"""Noise is drawn once, and each picture takes another part of it."""


@dataclass(frozen=True)
class Sensor:
    """One camera's ways.

    Attributes:
        exposure: Share of the time between frames in which the shutter is open.
        gain: Brightness factor.
        white: Factors of blue, green and red.
        gamma: Exponent of the tone curve.
        vignette: Loss of light in the corners.
        focus: Pixels, blur of the lens.
        noise: Standard deviation of the noise in the dark, of 255.
        shot: Further noise at full brightness, of 255.
    """

    exposure: float
    gain: float
    white: tuple[float, float, float]
    gamma: float
    vignette: float
    focus: float
    noise: float
    shot: float


def sample_sensor(rng: np.random.Generator) -> Sensor:
    """Draw a camera."""
    blue, green, red = np.exp(rng.normal(0.0, 0.05, 3))
    return Sensor(
        exposure=float(rng.uniform(0.1, 0.75)),
        gain=float(np.exp(rng.normal(0.0, 0.2))),
        white=(float(blue), float(green), float(red)),
        gamma=float(np.exp(rng.normal(0.0, 0.13))),
        vignette=float(rng.uniform(0.0, 0.35)),
        focus=float(rng.uniform(0.0, 0.8)) if rng.random() < 0.85 else float(rng.uniform(0.8, 1.5)),
        noise=float(np.exp(rng.normal(np.log(1.8), 0.6))),
        shot=float(np.exp(rng.normal(np.log(2.0), 0.6))),
    )


class Development:
    """Turns light into pictures of one camera."""

    def __init__(self, sensor: Sensor, size: tuple[int, int], rng: np.random.Generator, brightness: float) -> None:
        """Prepare curves and noise.

        Args:
            sensor: The camera.
            size: Width and height.
            rng: Source of its noise.
            brightness: Mean of the light that the camera measures, 0..255: exposure is automatic.
        """
        automatic = np.clip(_GREY / max(brightness, 1.0), *_AUTOMATIC)
        self._sensor = sensor
        width, height = size
        down, right = np.mgrid[0:height, 0:width].astype(np.float32)
        radius = ((right - width / 2) ** 2 + (down - height / 2) ** 2) / ((width / 2) ** 2 + (height / 2) ** 2)
        fall_off = 1 - np.float32(sensor.vignette) * radius
        self._factor = (
            fall_off[..., None] * np.array(sensor.white, np.float32) * np.float32(sensor.gain * automatic)
        ).astype(np.float32)
        level = np.arange(256) / 255.0
        self._curve = np.round(255 * level**sensor.gamma).astype(np.uint8)
        shape = (height + _SPARE_PX, width + _SPARE_PX, 3)
        self._noise = rng.standard_normal(shape, np.float32)

    def develop(self, light: Floats, rng: np.random.Generator) -> Image:
        """Take one picture of (H, W, 3) light, which is overwritten.

        Args:
            light: BGR, 0..255 and above.
            rng: Source of this picture's noise.
        """
        light *= self._factor
        if self._sensor.focus > 0.3:
            light = np.asarray(cv2.GaussianBlur(light, (0, 0), self._sensor.focus), np.float32)
        top, left = (int(v) for v in rng.integers(0, _SPARE_PX, 2))
        height, width = light.shape[:2]
        grain = self._noise[top : top + height, left : left + width]
        light += grain * (np.float32(self._sensor.noise) + light * np.float32(self._sensor.shot / 255))
        np.clip(light, 0, 255, out=light)
        return np.asarray(cv2.LUT(light.astype(np.uint8), self._curve), np.uint8)
