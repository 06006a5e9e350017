# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghtt_core.estimators.detection import Detection, is_plausible
from ghtt_core.estimators.identity import HandTracker
from ghtt_core.hands.layout import LEFT, RIGHT

Seen = Callable[..., Detection]
FRAME_NS = 33_333_333
LEFT_X, RIGHT_X = 900.0, 300.0
"""A person facing the camera: the right hand is on the left of the image."""


class Feed:
    """Feeds a tracker and remembers where each side was reported."""

    def __init__(self) -> None:
        self.tracker = HandTracker()
        self.frame = 0

    def __call__(self, *detections: Detection, skip: int = 0) -> tuple[float | None, float | None]:
        self.frame += 1 + skip
        hands = self.tracker.update(detections, self.frame * FRAME_NS)
        left, right = (None if hand is None else float(hand.detection.centre[0]) for hand in hands)
        return left, right


@pytest.fixture
def feed() -> Feed:
    return Feed()


def near(found: float | None, x: float) -> bool:
    return found is not None and abs(found - x) < 60


def test_a_hand_gets_its_side_within_three_frames_and_keeps_it(feed: Feed, seen_at: Seen) -> None:
    results = [feed(seen_at(RIGHT_X + i, 300)) for i in range(20)]
    assert all(left is None for left, _ in results)
    assert all(near(right, RIGHT_X) for _, right in results[2:])


def test_one_bad_frame_does_not_make_a_hand(feed: Feed, seen_at: Seen) -> None:
    assert feed(seen_at(500, 300)) == (None, None)


def test_one_bad_label_does_not_change_a_side(feed: Feed, seen_at: Seen) -> None:
    for i in range(6):
        feed(seen_at(RIGHT_X + i, 300))
    left, right = feed(seen_at(RIGHT_X + 6, 300, LEFT, 0.99))
    assert left is None
    assert near(right, RIGHT_X)


def test_a_first_label_that_was_wrong_is_voted_out(feed: Feed, seen_at: Seen) -> None:
    for _ in range(3):
        assert feed(seen_at(RIGHT_X, 300, LEFT))[1] is None
    results = [feed(seen_at(RIGHT_X, 300, RIGHT)) for _ in range(15)]
    assert near(results[-1][1], RIGHT_X)
    assert results[-1][0] is None


def test_equal_labels_for_both_hands_give_one_left_and_one_right(feed: Feed, seen_at: Seen) -> None:
    for i in range(5):
        feed(seen_at(RIGHT_X + i, 300, RIGHT), seen_at(LEFT_X - i, 300, LEFT))
    for side in (LEFT, RIGHT):
        for i in range(60):
            left, right = feed(seen_at(RIGHT_X + 5, 300 + i, side, 0.99), seen_at(LEFT_X - 5, 300, side, 0.99))
            assert near(left, LEFT_X)
            assert near(right, RIGHT_X)


def test_hands_that_cross_keep_their_sides(feed: Feed, seen_at: Seen) -> None:
    for i in range(61):
        x = 300 + 10 * i
        left, right = feed(seen_at(1200 - x, 260, LEFT), seen_at(x, 420, RIGHT))
        if i > 3:
            assert near(right, x)
            assert near(left, 1200 - x)


def test_two_readings_of_one_hand_are_one_hand(feed: Feed, seen_at: Seen) -> None:
    for i in range(30):
        reading = seen_at(RIGHT_X + i, 300, RIGHT)
        other = seen_at(RIGHT_X + i + 30 + i % 7 * 6, 310, LEFT, 0.9)
        left, right = feed(*((reading, other) if i % 2 else (other, reading)))
        assert left is None or right is None
    assert near(right, RIGHT_X + 29)


def test_a_hand_hidden_for_a_second_comes_back_with_its_side(feed: Feed, seen_at: Seen) -> None:
    for _ in range(10):
        feed(seen_at(RIGHT_X, 300, RIGHT), seen_at(LEFT_X, 300, LEFT))
    for _ in range(30):
        left, right = feed(seen_at(LEFT_X, 300, LEFT))
        assert right is None
        assert near(left, LEFT_X)
    # Found again elsewhere, and with a wrong label.
    left, right = feed(seen_at(RIGHT_X + 250, 200, LEFT), seen_at(LEFT_X, 300, LEFT))
    assert near(right, RIGHT_X + 250)
    assert near(left, LEFT_X)


def test_a_side_is_forgotten_after_the_memory_ends(feed: Feed, seen_at: Seen) -> None:
    for _ in range(30):
        feed(seen_at(RIGHT_X, 300, RIGHT))
    for _ in range(4):
        left, right = feed(seen_at(RIGHT_X, 300, LEFT), skip=0 if feed.frame > 30 else 90)
    assert near(left, RIGHT_X)
    assert right is None


def test_a_third_hand_is_ignored(feed: Feed, seen_at: Seen) -> None:
    for i in range(10):
        left, right = feed(
            seen_at(RIGHT_X, 300, RIGHT), seen_at(LEFT_X, 300, LEFT), *([seen_at(600, 600, LEFT)] if i > 4 else [])
        )
    assert near(left, LEFT_X)
    assert near(right, RIGHT_X)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000))
def test_sides_survive_a_third_of_wrong_labels_and_missing_frames(seen_at: Seen, seed: int) -> None:
    rng = np.random.default_rng(seed)
    feed = Feed()

    def look(x: float, y: float, side: int) -> Sequence[Detection]:
        if rng.random() < 0.15:
            return []
        wrong = rng.random() < 0.33
        x, y = rng.normal((x, y), 3)
        return [seen_at(x, y, 1 - side if wrong else side, rng.uniform(0.6, 1.0))]

    for _ in range(8):
        feed(seen_at(RIGHT_X, 300, RIGHT), seen_at(LEFT_X, 300, LEFT))
    for i in range(90):
        y = 300 + 80 * np.sin(i / 10)
        found = [*look(RIGHT_X, y, RIGHT), *look(LEFT_X, 600 - y, LEFT)]
        rng.shuffle(found)  # type: ignore[arg-type]
        left, right = feed(*found)
        assert left is None or near(left, LEFT_X)
        assert right is None or near(right, RIGHT_X)


def test_equal_input_gives_equal_output(seen_at: Seen) -> None:
    def play() -> list[tuple[float | None, float | None]]:
        rng = np.random.default_rng(0)
        feed = Feed()
        return [
            feed(*(seen_at(*rng.uniform(0, 900, 2), int(rng.integers(2))) for _ in range(int(rng.integers(4)))))
            for _ in range(100)
        ]

    assert play() == play()


def test_scenery_is_no_hand(seen_at: Seen) -> None:
    assert is_plausible(seen_at(600, 300), 1280, 720)
    assert not is_plausible(seen_at(600, 300, palm_px=3.0), 1280, 720)
    assert not is_plausible(seen_at(9000, 300), 1280, 720)
    stretched = seen_at(600, 300).landmarks.copy()
    stretched[8] += (900, 0, 0)
    assert not is_plausible(Detection(stretched, 0.9), 1280, 720)
    stretched[8] = np.nan
    assert not is_plausible(Detection(stretched, 0.9), 1280, 720)


def test_hands_seen_end_on_hardly_vote(seen_at: Seen) -> None:
    flat = seen_at(600, 300, RIGHT, 0.99)
    deep = flat.landmarks.copy()
    deep[:, 2] = np.linspace(0, 200, 21)
    assert Detection(deep, 0.99).side_evidence < 0.2 * flat.side_evidence


def test_reading_a_hand_as_the_other_one_counts_its_fingers_backwards(seen_at: Seen) -> None:
    hand = seen_at(600, 300, LEFT, 0.9)
    other = hand.as_other_side()
    np.testing.assert_array_equal(other.landmarks[5:9], hand.landmarks[17:21])
    np.testing.assert_array_equal(other.as_other_side().landmarks, hand.landmarks)
    assert other.agreement(RIGHT) == pytest.approx(0.9)
