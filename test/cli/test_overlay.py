# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the overlay shows: hands where they project, fans that fade, text; nothing that was not asked for."""

from __future__ import annotations

import numpy as np
import pytest

from ghtt_core.cli.overlay import HAND_COLOURS, OverlayPainter, Scene
from ghtt_core.streaming.forecast import Forecast

WIDTH, HEIGHT = 640, 480
BOTH = np.array([True, True])


def project(points: np.ndarray) -> np.ndarray:
    """A pinhole; NaN behind it."""
    depth = np.where(points[..., 2:] > 0.01, points[..., 2:], np.nan)
    return points[..., :2] / depth * 600.0 + (WIDTH / 2, HEIGHT / 2)


def hands(shift: float = 0.0) -> np.ndarray:
    """(2, 21, 3) metres: two flat fans in front of the camera."""
    joints = np.zeros((2, 21, 3), np.float32)
    for finger in range(5):
        for bone in range(4):
            joints[:, 1 + 4 * finger + bone] = (0.02 * (finger - 2), -0.05 - 0.02 * bone, 0.0)
    joints[0, :, 0] -= 0.12
    joints[1, :, 0] += 0.12
    return joints + np.array([shift, 0.05, 0.6], np.float32)


def forecast(samples: int = 6, steps: int = 45, speed: float = 0.1) -> Forecast:
    """Both hands drift downwards, each sample at its own speed."""
    drift = (
        np.arange(1, steps + 1)[None, :, None, None] / 30 * speed * (1 + np.arange(samples))[:, None, None, None] / 6
    )
    motion = np.zeros((samples, steps, 2, 21, 3), np.float32) + hands()
    motion[..., 1] += drift
    return Forecast(motion.astype(np.float32), 0, 33_333_333, 33_333_333, BOTH)


@pytest.fixture
def painter() -> OverlayPainter:
    return OverlayPainter(project, WIDTH, HEIGHT)


def near(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (np.abs(image.astype(int) - colour) < 40).all(axis=2)


def test_each_hand_is_drawn_in_its_colour_where_it_projects(painter: OverlayPainter) -> None:
    image = painter.canvas()
    painter.draw(image, Scene(0, hands(), BOTH))
    for hand in (0, 1):
        rows, columns = np.nonzero(near(image, HAND_COLOURS[hand]))
        low, high = project(hands()[hand]).min(0), project(hands()[hand]).max(0)
        assert len(rows) > 100
        assert columns.min() >= low[0] - 8
        assert columns.max() <= high[0] + 8
        assert rows.min() >= low[1] - 8
        assert rows.max() <= high[1] + 8


def test_a_hand_that_is_not_there_is_not_drawn(painter: OverlayPainter) -> None:
    image = painter.canvas()
    painter.draw(image, Scene(0, hands(), np.array([True, False])))
    assert near(image, HAND_COLOURS[0]).any()
    assert not near(image, HAND_COLOURS[1]).any()


def test_an_empty_scene_leaves_the_picture_alone(painter: OverlayPainter) -> None:
    image = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    before = image.copy()
    painter.draw(image, Scene(0))
    assert np.array_equal(image, before)


@pytest.mark.parametrize("shade", [25, 230])
def test_fans_fade_with_time_on_dark_and_light_pictures(painter: OverlayPainter, shade: int) -> None:
    image = np.full((HEIGHT, WIDTH, 3), shade, np.uint8)
    painter.draw(image, Scene(0, forecast=forecast(speed=0.12)))
    change = np.abs(image.astype(int) - shade).max(axis=2)
    wrist = project(hands()[1, 0]).astype(int)
    column = change[:, wrist[0] - 2 : wrist[0] + 3].max(axis=1)
    soon, late = column[wrist[1] + 2 : wrist[1] + 25], column[wrist[1] + 90 : wrist[1] + 115]
    assert soon.max() > 1.5 * late.max() > 0


def test_only_what_is_still_ahead_is_drawn(painter: OverlayPainter) -> None:
    image = painter.canvas()
    painter.draw(image, Scene(2_000_000_000, forecast=forecast()))
    assert np.array_equal(image, painter.canvas())


def test_layers_are_clean_after_each_picture(painter: OverlayPainter) -> None:
    first, second = painter.canvas(), painter.canvas()
    painter.draw(first, Scene(0, hands(), BOTH, forecast()))
    painter.draw(second, Scene(0, hands(), BOTH, forecast()))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("place", [(0, 0, -1.0), (50.0, 0, 0.5), (0, 0, 1e6), (0, 0, 0.004)])
def test_hands_in_strange_places_do_no_harm(painter: OverlayPainter, place: tuple[float, float, float]) -> None:
    image = painter.canvas()
    joints = (hands() + np.array(place)).astype(np.float32)
    motion = np.repeat(joints[None, None], 10, 1)
    painter.draw(image, Scene(0, joints, BOTH, Forecast(motion, 0, 10**8, 10**8, BOTH)))
    assert image.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("size", [(1280, 720), (320, 240), (48, 32), (270, 480)])
def test_text_fits_pictures_of_any_size(size: tuple[int, int]) -> None:
    painter = OverlayPainter(project, *size)
    image = painter.canvas()
    action = [("schrauben Löffel 茶", 0.71), ("b" * 80, 0.2), ("c", 0.0)]
    painter.draw(image, Scene(0, action=action, status="warming up", details=("1.00 s", "ghtt-small")))
    painter.draw_legend(image, BOTH)
    assert image.max() > 100
