# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How well actions are told apart in a stream in which nobody says when they begin (numpy only).

Labels are numbers, -1 where there is none. Every score is a sum that pools and can be resampled: an F1 score is kept as
``2 tp`` out of ``2 tp + fp + fn``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ghtt_core.evaluation.metrics import Average

NO_LABEL: Final = -1
OVERLAPS: Final = (10, 25, 50)
"""Intersection over union, in percent, from which a segment counts as found."""


class Stretch(NamedTuple):
    """Frames from start up to, not including, end that carry one label."""

    start: int
    end: int
    label: int


def stretches(labels: NDArray[np.int64]) -> list[Stretch]:
    """Runs of equal labels, those without a label left out."""
    if not len(labels):
        return []
    starts = np.concatenate([[0], np.flatnonzero(np.diff(labels)) + 1])
    ends = np.append(starts[1:], len(labels))
    return [
        Stretch(int(start), int(end), int(labels[start]))
        for start, end in zip(starts, ends, strict=True)
        if labels[start] != NO_LABEL
    ]


def frame_accuracy(predicted: NDArray[np.int64], truth: Sequence[Stretch]) -> Average:
    """Share of labelled frames that are named right; where true actions overlap, any of them is right."""
    labelled, right = np.zeros(len(predicted), bool), np.zeros(len(predicted), bool)
    for start, end, label in truth:
        labelled[start:end] = True
        right[start:end] |= predicted[start:end] == label
    return Average.of(right.astype(np.float64), labelled)


def segmental_f1(predicted: Sequence[Stretch], truth: Sequence[Stretch], overlap: float) -> Average:
    """F1 score of whole segments.

    A predicted segment is right if it overlaps a true one of its label by ``overlap`` of their union and that one has
    not been found yet; predicted segments are taken in order of time, each looks for the true one it overlaps most.

    Args:
        predicted: Segments as predicted.
        truth: True segments; they may overlap.
        overlap: Smallest intersection over union, 0 to 1.
    """
    found = np.zeros(len(truth), bool)
    hits = 0
    for start, end, label in predicted:
        unions = [
            (min(end, true.end) - max(start, true.start)) / (max(end, true.end) - min(start, true.start))
            if true.label == label and not found[index]
            else 0.0
            for index, true in enumerate(truth)
        ]
        best = int(np.argmax(unions)) if unions else -1
        if best >= 0 and unions[best] >= overlap and unions[best] > 0:
            found[best] = True
            hits += 1
    return Average(2.0 * hits, len(predicted) + len(truth))


def in_labelled_time(
    segments: Sequence[Stretch], truth: Sequence[Stretch], frames: int
) -> tuple[list[Stretch], list[Stretch]]:
    """Segments and truth on a clock that stands still where the truth has no label, so that idle time does not count.

    Args:
        segments: Segments as predicted; those that lie in unlabelled time altogether are left out.
        truth: True segments.
        frames: Length of the stream.
    """
    labelled = np.zeros(frames, bool)
    for start, end, _ in truth:
        labelled[start:end] = True
    clock = np.concatenate([[0], np.cumsum(labelled)])
    told, true = (
        [Stretch(int(clock[start]), int(clock[end]), label) for start, end, label in spans]
        for spans in (segments, truth)
    )
    return [span for span in told if span.start < span.end], true


def detection_delay(
    predicted: NDArray[np.int64], truth: Sequence[Stretch], frame_rate: float
) -> tuple[Average, Average]:
    """Seconds from the start of an action to the first frame within it that is named right, and the share detected.

    Args:
        predicted: (T,) label of every frame, as it was known when the frame was the newest.
        truth: True segments.
        frame_rate: Frames per second.

    Returns:
        Delay in seconds over the actions that were detected at all, and the share of actions that were.
    """
    delays = []
    for start, end, label in truth:
        right = np.flatnonzero(predicted[start:end] == label)
        if len(right):
            delays.append(float(right[0]) / frame_rate)
    return Average(float(sum(delays)), len(delays)), Average(float(len(delays)), len(truth))
