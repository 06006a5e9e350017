# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Draw what the predictor knows on top of a picture: skeletons, forecast fans, the action, the latency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from ghtt_core.hands.layout import BONES, HAND_NAMES, THUMB_CMC, WRIST
from ghtt_core.streaming.forecast import Forecast

Image = NDArray[np.uint8]
Project = Callable[[NDArray[np.float32]], NDArray[np.float64]]

BACKGROUND = (30, 26, 24)
HAND_COLOURS = ((255, 170, 50), (50, 140, 255))
"""BGR: left blue, right orange, apart for colour-blind eyes too."""
_TEXT = (240, 240, 240)
_MUTED = (175, 175, 175)
_SUBPIXEL = 4
_FAN_JOINTS = (WRIST, 8, 16)
"""Wrist, index tip and ring tip: enough to see a hand turn, few enough to see through."""
_FAN_STEPS = 10
_FAN_NEAR, _FAN_FAR = 0.75, 0.12
"""Opacity of a fan at its start and at its end."""
_GHOSTS_S = (0.5, 1.0)
"""Where the deterministic sample's whole hand is drawn, seconds ahead."""


@dataclass(frozen=True, eq=False)
class Scene:
    """What to draw for one picture.

    Attributes:
        now_ns: Time of the picture.
        joints: (2, 21, 3) refined joints in metres, or None before there are any.
        valid: (2,) bool, which of them are there.
        forecast: Newest forecast, or None; only the part after ``now_ns`` is drawn.
        action: Labels with their probabilities, best first.
        status: One word or two; empty when there is nothing to say.
        details: Small lines at the bottom, left and right.
    """

    now_ns: int
    joints: NDArray[np.float32] | None = None
    valid: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(2, np.bool_))
    forecast: Forecast | None = None
    action: Sequence[tuple[str, float]] = ()
    status: str = ""
    details: tuple[str, str] = ("", "")


class OverlayPainter:
    """Draws scenes on pictures of one size through one camera."""

    def __init__(self, project: Project, width: int, height: int, horizon_s: float = 1.0) -> None:
        """Set up the drawing layers.

        Args:
            project: Maps (..., 3) metres to (..., 2) pixels.
            width: Pixels per row.
            height: Rows.
            horizon_s: How much of a forecast is drawn.
        """
        self.width, self.height = width, height
        self._project = project
        self._size = (width, height)
        self._horizon_s = horizon_s
        self._scale = max(height / 720, 0.4)
        self._layer: Image = np.zeros((height, width, 3), np.uint8)
        self._opacity: Image = np.zeros((height, width), np.uint8)

    def canvas(self) -> Image:
        """Return an empty dark picture."""
        return np.full((self._size[1], self._size[0], 3), BACKGROUND, np.uint8)

    def draw(self, image: Image, scene: Scene) -> None:
        """Draw a scene onto a (height, width, 3) BGR picture, in place."""
        if scene.forecast is not None:
            self._draw_forecast(image, scene.forecast, scene.now_ns)
        if scene.joints is not None:
            for hand in np.flatnonzero(scene.valid):
                self._draw_hand(image, scene.joints[hand], HAND_COLOURS[hand])
        self._draw_text(image, scene)

    def draw_scale_bar(self, image: Image, pixels_per_metre: float) -> None:
        """Draw ten centimetres at the lower right."""
        length = round(pixels_per_metre * 0.1)
        right, bottom = self._size[0] - round(24 * self._scale), self._size[1] - round(64 * self._scale)
        cv2.line(image, (right - length, bottom), (right, bottom), _MUTED, max(1, round(2 * self._scale)), cv2.LINE_AA)
        self._put(image, "10 cm", (right - length, bottom - round(8 * self._scale)), 0.5, _MUTED)

    def _draw_hand(self, image: Image, joints: NDArray[np.float32], colour: tuple[int, int, int]) -> None:
        pixels, inside = self._pixels(joints)
        dark = tuple(int(channel * 0.35) for channel in colour)
        size = self._hand_scale(joints)
        for width, tint in ((max(2, round(3 * size)) + 2, dark), (max(2, round(3 * size)), colour)):
            for a, b in BONES:
                if inside[a] and inside[b]:
                    cv2.line(image, pixels[a], pixels[b], tint, width, cv2.LINE_AA, _SUBPIXEL)
        for joint in range(len(joints)):
            if joint != THUMB_CMC and inside[joint]:
                radius = round((4.5 if joint == WRIST else 3.0) * size * 2**_SUBPIXEL)
                cv2.circle(image, pixels[joint], radius, (255, 255, 255), -1, cv2.LINE_AA, _SUBPIXEL)
                cv2.circle(image, pixels[joint], round(radius * 0.66), colour, -1, cv2.LINE_AA, _SUBPIXEL)

    def _draw_forecast(self, image: Image, forecast: Forecast, now_ns: int) -> None:
        """Blend the future in, the far end first so that what comes soon lies on top."""
        last_ns = min(now_ns + round(self._horizon_s * 1e9), forecast.end_ns)
        first_ns = max(now_ns, forecast.start_ns)
        if last_ns <= first_ns:
            return
        times = np.linspace(first_ns, last_ns, _FAN_STEPS + 1).round().astype(np.int64)
        samples = np.stack([forecast.at(int(time)) for time in times], axis=1)  # (S, steps + 1, 2, 21, 3)
        hands = np.flatnonzero(forecast.hands)
        fans = {}
        for hand in hands:
            pixels, inside = self._pixels(samples[:, :, hand, list(_FAN_JOINTS)])  # (S, steps + 1, 3, 2)
            fans[hand] = (pixels.transpose(0, 2, 1, 3).reshape(-1, _FAN_STEPS + 1, 2), inside)
        for step in reversed(range(_FAN_STEPS)):
            opacity = _FAN_FAR + (_FAN_NEAR - _FAN_FAR) * (1 - step / _FAN_STEPS) ** 1.5
            for hand in hands:
                pixels, inside = fans[hand]
                keep = inside[:, step : step + 2].all(axis=1).reshape(-1)
                pieces = list(pixels[keep, step : step + 2])
                width = max(1, round(1.3 * self._scale))
                # The colour reaches beyond the line: smooth edges are the opacity's business alone.
                cv2.polylines(
                    self._layer, pieces, False, _lighter(HAND_COLOURS[hand]), width + 2, cv2.LINE_8, _SUBPIXEL
                )
                cv2.polylines(self._opacity, pieces, False, 255 * opacity, width, cv2.LINE_AA, _SUBPIXEL)
        for ahead_s in _GHOSTS_S:
            time = now_ns + round(ahead_s * 1e9)
            if first_ns <= time <= last_ns:
                ghost = forecast.at(time)[0]
                for hand in hands:
                    self._draw_ghost(ghost[hand], HAND_COLOURS[hand], 0.75 - 0.4 * ahead_s)
        self._blend(image)

    def _draw_ghost(self, joints: NDArray[np.float32], colour: tuple[int, int, int], opacity: float) -> None:
        pixels, inside = self._pixels(joints)
        width = max(1, round(1.6 * self._hand_scale(joints)))
        for a, b in BONES:
            if inside[a] and inside[b]:
                cv2.line(self._layer, pixels[a], pixels[b], _lighter(colour), width + 2, cv2.LINE_8, _SUBPIXEL)
                cv2.line(self._opacity, pixels[a], pixels[b], 255 * opacity, width, cv2.LINE_AA, _SUBPIXEL)

    def _blend(self, image: Image) -> None:
        """Blend the layers into the picture where something was drawn, and clear them."""
        x, y, width, height = cv2.boundingRect(self._opacity)
        if not width:
            return
        window = np.s_[y : y + height, x : x + width]
        share = self._opacity[window].astype(np.float32) / 255
        image[window] = cv2.blendLinear(image[window], self._layer[window], 1 - share, share)
        self._layer[window] = 0
        self._opacity[window] = 0

    def _pixels(self, points: NDArray[np.float32]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Project to fixed-point pixels; the mask says which points lie near enough to the picture to be drawn."""
        pixels = self._project(points)
        size = np.array(self._size)
        with np.errstate(invalid="ignore"):
            near = np.isfinite(pixels) & (pixels > -size) & (pixels < 2 * size)
        inside: NDArray[np.bool_] = np.asarray(near.all(axis=-1))
        fixed = np.where(inside[..., None], pixels, 0.0) * 2**_SUBPIXEL
        return fixed.round().astype(np.int32), inside

    def _hand_scale(self, joints: NDArray[np.float32]) -> float:
        """Return how thick to draw: hands far away get thinner lines."""
        pixels = self._project(joints[[WRIST, 9]])
        length = float(np.linalg.norm(pixels[1] - pixels[0])) if np.isfinite(pixels).all() else 0.0
        return float(np.clip(length / 90, 0.45, 1.6))

    def _draw_text(self, image: Image, scene: Scene) -> None:
        scale = self._scale
        if scene.action:
            width = round(420 * scale)
            rows = min(3, len(scene.action))
            _darken(image, 0, 0, width, round((24 + 30 * rows + 12) * scale))
            for row, (label, probability) in enumerate(scene.action[:rows]):
                y = round((36 + 30 * row) * scale)
                colour = _TEXT if row == 0 else _MUTED
                self._put(image, f"{label}", (round(16 * scale), y), 0.68 if row == 0 else 0.52, colour)
                share = f"{100 * probability:.0f} %"
                self._put(image, share, (round(404 * scale) - self._text_width(share, 0.52), y), 0.52, colour)
                bar = round(388 * scale * probability)
                cv2.rectangle(
                    image,
                    (round(16 * scale), y + round(7 * scale)),
                    (round(16 * scale) + bar, y + round(9 * scale)),
                    colour,
                    -1,
                )
        if scene.status:
            _darken(image, self._size[0] - round(250 * scale), 0, self._size[0], round(48 * scale))
            self._put(
                image, scene.status, (self._size[0] - round(234 * scale), round(32 * scale)), 0.62, (90, 220, 255)
            )
        if any(scene.details):
            top = self._size[1] - round(40 * scale)
            _darken(image, 0, top, self._size[0], self._size[1])
            baseline = self._size[1] - round(14 * scale)
            self._put(image, scene.details[0], (round(16 * scale), baseline), 0.5, _MUTED)
            right = self._size[0] - round(16 * scale) - self._text_width(scene.details[1], 0.5)
            self._put(image, scene.details[1], (right, baseline), 0.5, _MUTED)

    def draw_legend(self, image: Image, hands: NDArray[np.bool_]) -> None:
        """Name the colours of the hands that are there, above the bottom line."""
        x = round(16 * self._scale)
        for hand in np.flatnonzero(hands):
            self._put(image, HAND_NAMES[hand], (x, self._size[1] - round(54 * self._scale)), 0.55, HAND_COLOURS[hand])
            x += round(70 * self._scale)

    def _put(self, image: Image, text: str, place: tuple[int, int], size: float, colour: tuple[int, int, int]) -> None:
        thickness = max(1, round(1.3 * self._scale))
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, size * self._scale, colour, thickness, cv2.LINE_AA)

    def _text_width(self, text: str, size: float) -> int:
        thickness = max(1, round(1.3 * self._scale))
        return int(cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size * self._scale, thickness)[0][0])


def _lighter(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    blue, green, red = (round(channel + (255 - channel) * 0.35) for channel in colour)
    return blue, green, red


def _darken(image: Image, left: int, top: int, right: int, bottom: int) -> None:
    window = image[max(top, 0) : bottom, max(left, 0) : right]
    window[:] = (window.astype(np.uint16) * 2 // 5).astype(np.uint8)
