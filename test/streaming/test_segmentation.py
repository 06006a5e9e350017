# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The start of an action is found soon after it happens, and noise does not move it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ghtt_core.errors import InputError
from ghtt_core.streaming.segmentation import ActionStart, LabelBelief, SegmentationConfig

STRIDE = 8


def seen_from_every_start(frames: int, change: int | None, certainty: float = 0.9) -> NDArray[np.float32]:
    """(K, 3) log-probabilities: label 0 until ``change``, label 1 after; each start sees its share of both."""
    rows = min(-(-frames // 16), 16)
    result = np.full((rows, 3), (1 - certainty) / 2)
    for row in range(rows):
        length = min((row + 1) * 16, frames)
        after = 0 if change is None else min(max(frames - change, 0), length)
        share = after / length
        result[row, 0] = max(certainty * (1 - share), 0.01)
        result[row, 1] = max(certainty * share, 0.01)
    result /= result.sum(-1, keepdims=True)
    return np.log(result).astype(np.float32)


def run(change: int | None, until: int, config: SegmentationConfig | None = None) -> tuple[list[int], ActionStart]:
    tracker = ActionStart(config or SegmentationConfig())
    labels = []
    for frames in range(16, until, STRIDE):
        scores = seen_from_every_start(frames, change)
        labels.append(int(scores[tracker.update(scores, frames)].argmax()))
    return labels, tracker


def test_one_action_keeps_its_start() -> None:
    labels, tracker = run(None, 200)
    assert set(labels) == {0}
    assert tracker.start == 0


def test_a_change_is_found_soon_and_placed_near_where_it_was() -> None:
    labels, tracker = run(96, 176)
    first = labels.index(1)
    assert 16 + first * STRIDE - 96 <= 32  # found within about a second
    assert set(labels[first:]) == {1}
    assert abs(tracker.start - 96) <= 16


def test_a_single_odd_update_changes_nothing() -> None:
    tracker = ActionStart(SegmentationConfig(persistence=2))
    for frames in range(16, 200, STRIDE):
        scores = seen_from_every_start(frames, 0 if frames == 120 else None)
        if frames == 120:
            scores[-1] = seen_from_every_start(frames, None)[-1]
        tracker.update(scores, frames)
    assert tracker.start == 0


def test_a_wider_margin_is_steadier() -> None:
    steady, quick = SegmentationConfig(margin=50.0), SegmentationConfig(margin=0.1, persistence=1)
    assert run(96, 176, steady)[0].count(1) < run(96, 176)[0].count(1) < run(96, 176, quick)[0].count(1)


def test_the_start_follows_the_memory_of_16_clips() -> None:
    tracker = ActionStart(SegmentationConfig())
    for frames in range(16, 1000, STRIDE):
        row = tracker.update(seen_from_every_start(frames, None), frames)
    assert row == 15
    assert tracker.start == frames - 256


def believe(seen: list[int], certainty: float = 0.6, stride: int = STRIDE) -> tuple[list[int], LabelBelief]:
    """Labels believed while the newest clips look like these, one of 36."""
    belief, labels = LabelBelief(SegmentationConfig()), []
    for number, label in enumerate(seen):
        chance = np.full((2, 36), (1 - certainty) / 35)
        chance[:, label] = certainty
        believed = belief.update(np.log(chance).astype(np.float32), 16 + number * stride)
        assert np.exp(believed).sum() == pytest.approx(1.0, abs=1e-4)
        labels.append(int(believed.argmax()))
    return labels, belief


def test_what_is_believed_does_not_flicker_and_follows_a_change() -> None:
    assert believe([4, 4, 4, 7, 4, 4, 9, 4, 4])[0] == [4] * 9
    labels, belief = believe([4] * 10 + [7] * 6)
    assert labels[:10] == [4] * 10
    assert labels.index(7) - 10 <= 2
    assert labels[-1] == 7
    assert abs(belief.start - (16 + 10 * STRIDE)) <= 16


def test_an_action_that_is_believed_late_is_said_to_have_begun_when_it_did() -> None:
    labels, belief = believe([4] * 10 + [7] * 12, certainty=0.2)
    late = labels.index(7)
    assert late - 10 >= 2, "the evidence was meant to be weak"
    assert belief.start == 16 + 10 * STRIDE - 16  # the newest clip when it first looked like that


def test_what_followed_in_training_is_believed_sooner() -> None:
    """Label 1 always follows label 0; the pictures cannot tell 1 from 2."""
    counts = np.zeros((4, 4), np.float32)
    counts[0, 1] = counts[1, 2] = counts[2, 0] = 20
    look = {label: np.log(np.full((2, 4), 0.04)).astype(np.float32) for label in (0, 1)}
    look[0][:, 0] = np.log(0.88)
    look[1][:, 1:3] = np.log(0.46)
    look[1][:, 2] += 0.01  # seen alone it would be 2

    def said(transitions: np.ndarray | None, novelty: float = 0.25, pause: int = 0) -> list[int]:
        belief = LabelBelief(SegmentationConfig(novelty=novelty), transitions)
        seen = [0] * 6 + [1] * 6
        return [
            int(belief.update(look[label], 16 + n * STRIDE + (pause if n >= 6 else 0)).argmax())
            for n, label in enumerate(seen)
        ]

    assert said(counts) == [0] * said(counts).index(1) + [1] * (12 - said(counts).index(1))
    assert said(counts).index(1) <= said(None).index(2)
    assert said(None)[-1] == said(counts, novelty=1.0)[-1] == said(counts, pause=3000)[-1] == 2
    with_nothing_after = counts.copy()
    with_nothing_after[0] = 0
    assert said(with_nothing_after)[-1] == 2


def test_after_a_long_pause_the_next_look_decides() -> None:
    belief = LabelBelief(SegmentationConfig())
    sure, else_ = np.log(np.full((1, 3), 0.005)), np.log(np.full((1, 3), 0.25))
    sure[0, 0], else_[0, 1] = np.log(0.99), np.log(0.5)
    assert belief.update(sure.astype(np.float32), 16).argmax() == 0
    assert belief.update(else_.astype(np.float32), 22).argmax() == 0
    assert belief.update(else_.astype(np.float32), 3000).argmax() == 1
    belief.clear()
    assert belief.update(else_.astype(np.float32), 16).argmax() == 1
    assert belief.start == 0


@pytest.mark.parametrize(
    "values",
    [
        {"margin": -1.0},
        {"persistence": 0},
        {"tie": -0.1},
        {"margin": float("nan")},
        {"stay": 1.0},
        {"stay": -0.1},
        {"novelty": 0.0},
        {"novelty": 1.5},
    ],
)
def test_impossible_settings_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(InputError):
        SegmentationConfig(**values)
