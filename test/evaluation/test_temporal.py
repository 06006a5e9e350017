# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from ghtt_core.evaluation.stream_protocol import ToldLabels, score_labels
from ghtt_core.evaluation.temporal import (
    Stretch,
    detection_delay,
    frame_accuracy,
    in_labelled_time,
    segmental_f1,
    stretches,
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
    assert segmental_f1(*in_labelled_time(stretches(predicted), TRUTH, len(predicted)), 0.6).mean == 1.0


def test_a_label_that_is_late_by_less_than_the_pause_costs_nothing_in_labelled_time() -> None:
    truth = [Stretch(0, 10, 1), Stretch(20, 30, 2)]
    predicted = labels((1, 18), (2, 12))
    found, true = in_labelled_time(stretches(predicted), truth, len(predicted))
    assert found == true == [Stretch(0, 10, 1), Stretch(10, 20, 2)]
    only_idle = [Stretch(12, 18, 5)]
    assert in_labelled_time(only_idle, truth, 30)[0] == []


def test_segments_are_scored_as_stated_and_delays_by_what_was_known_at_once() -> None:
    truth = [Stretch(0, 20, 1), Stretch(20, 40, 2)]
    scores = score_labels(ToldLabels(labels((-1, 9), (1, 20), (2, 11)), labels((1, 20), (2, 20))), truth)
    assert scores["f1", "50"].mean == scores["f1_labelled", "50"].mean == 1.0
    assert scores["f1_at_once", "50"].mean == 0.5  # 11 of 29 frames, and 11 of 20
    assert scores["frame_accuracy",].mean == pytest.approx(22 / 40)
    assert scores["detection_delay_s",].mean == pytest.approx(0.3)
