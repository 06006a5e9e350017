# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from ghtt_core.evaluation.temporal import (
    Stretch,
    detection_delay,
    frame_accuracy,
    segmental_f1,
    stretches,
    without_unlabelled,
)

TRUTH = [Stretch(0, 10, 3), Stretch(20, 40, 5), Stretch(40, 60, 3)]


def labels(*runs: tuple[int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.concatenate([np.full(count, label, np.int64) for label, count in runs])


def test_runs_of_labels() -> None:
    assert stretches(labels((3, 4), (-1, 2), (3, 1), (5, 2))) == [Stretch(0, 4, 3), Stretch(6, 7, 3), Stretch(7, 9, 5)]
    assert stretches(np.zeros(0, np.int64)) == []


def test_the_truth_itself_is_perfect() -> None:
    predicted = labels((3, 10), (-1, 10), (5, 20), (3, 20))
    assert frame_accuracy(predicted, TRUTH).mean == 1.0
    assert segmental_f1(stretches(predicted), TRUTH, 0.5).mean == 1.0
    delay, detected = detection_delay(predicted, TRUTH, 30.0)
    assert (delay.mean, detected.mean) == (0.0, 1.0)


def test_a_segment_that_is_cut_in_two_counts_once() -> None:
    # 12 and 7 frames of 20: the first half is the one found, the second is a false alarm.
    predicted = [Stretch(0, 10, 3), Stretch(20, 32, 5), Stretch(33, 40, 5), Stretch(40, 60, 3)]
    assert segmental_f1(predicted, TRUTH, 0.5).mean == pytest.approx(2 * 3 / (4 + 3))


@pytest.mark.parametrize(("overlap", "score"), [(0.10, 1.0), (0.25, 1.0), (0.34, 0.0)])
def test_the_overlap_decides(overlap: float, score: float) -> None:
    # Intersection 10, union 30.
    assert segmental_f1([Stretch(10, 30, 5)], [Stretch(0, 20, 5)], overlap).mean == score


def test_wrong_labels_and_missed_actions() -> None:
    assert segmental_f1([Stretch(0, 10, 4)], TRUTH, 0.1).mean == 0.0
    assert segmental_f1([], TRUTH, 0.1).mean == 0.0
    assert segmental_f1([], [], 0.1).mean is None


def test_overlapping_true_actions_are_each_right() -> None:
    truth = [Stretch(0, 10, 1), Stretch(5, 15, 2)]
    assert frame_accuracy(labels((1, 8), (2, 7)), truth).mean == 1.0


def test_delay_counts_from_the_start_of_an_action_and_misses_are_told() -> None:
    predicted = labels((5, 26), (5, 20), (3, 14))
    delay, detected = detection_delay(predicted, TRUTH, 30.0)
    assert delay.mean == pytest.approx((0 / 30 + 6 / 30) / 2)
    assert detected.mean == pytest.approx(2 / 3)


def test_idle_time_can_be_left_out() -> None:
    predicted = labels((3, 20), (5, 20), (3, 20))
    assert segmental_f1(stretches(predicted), TRUTH, 0.6).mean == pytest.approx(2 / 3)
    assert segmental_f1(stretches(without_unlabelled(predicted, TRUTH)), TRUTH, 0.6).mean == 1.0
