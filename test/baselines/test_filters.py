# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from ghtt_core.baselines.filters import OneEuroFilter, SavitzkyGolayFilter, hold_missing, interpolate_missing

FRAMES = 40


def noisy_motion(seed: int, frames: int = FRAMES) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    return random.normal(0.0, 0.3, (1, 2, 21, 3)) + random.normal(0.0, 0.01, (frames, 2, 21, 3)).cumsum(0)


def one_euro_by_hand(samples: NDArray[np.float64], rate: float, minimum: float, beta: float, cut: float) -> list[float]:
    """The published algorithm on one coordinate, written the long way."""

    def weight(cutoff: float) -> float:
        return 1.0 / (1.0 + (1.0 / (2.0 * math.pi * cutoff)) * rate)

    output, speed = [float(samples[0])], 0.0
    for before, value in itertools.pairwise(samples):
        speed = weight(cut) * (value - before) * rate + (1.0 - weight(cut)) * speed
        alpha = weight(minimum + beta * abs(speed))
        output.append(alpha * value + (1.0 - alpha) * output[-1])
    return output


def test_one_euro_is_the_published_algorithm() -> None:
    joints = noisy_motion(0)
    filtered = OneEuroFilter(1.2, 3.0, 0.8, wrist_relative=False)(joints, np.ones((FRAMES, 2), bool))
    expected = one_euro_by_hand(joints[:, 1, 7, 2], 30.0, 1.2, 3.0, 0.8)
    np.testing.assert_allclose(filtered[:, 1, 7, 2], expected, atol=1e-12)


@pytest.mark.parametrize("wrist_relative", [False, True])
def test_one_euro_is_causal_and_starts_at_the_first_measurement(wrist_relative: bool) -> None:
    joints, valid = noisy_motion(1), np.ones((FRAMES, 2), bool)
    valid[:3, 0] = False
    changed = joints.copy()
    changed[20:] += 1.0
    one_euro = OneEuroFilter(wrist_relative=wrist_relative)
    before, after = one_euro(joints, valid), one_euro(changed, valid)
    np.testing.assert_array_equal(before[:20], after[:20])
    np.testing.assert_allclose(before[3, 0], joints[3, 0])
    assert not before[:3, 0].any()


@pytest.mark.parametrize("wrist_relative", [False, True])
def test_one_euro_never_reads_missing_frames_and_restarts_after_a_long_gap(wrist_relative: bool) -> None:
    joints, valid = noisy_motion(2), np.ones((FRAMES, 2), bool)
    valid[5:7, 1] = False
    valid[12:32, 1] = False
    joints[~valid] = np.nan
    filtered = OneEuroFilter(wrist_relative=wrist_relative)(joints, valid)
    assert np.isfinite(filtered).all()
    np.testing.assert_array_equal(filtered[5, 1], filtered[4, 1])  # held
    np.testing.assert_allclose(filtered[32, 1], joints[32, 1])  # a fresh start after 0.67 s
    assert np.abs(filtered[7, 1] - joints[7, 1]).max() > 1e-6  # a short gap does not reset


@given(
    seed=st.integers(0, 1000),
    half=st.integers(2, 9),
    order=st.integers(0, 3),
    extra=st.integers(0, 20),
)
@settings(max_examples=25, deadline=None)
def test_savitzky_golay_agrees_with_scipy(seed: int, half: int, order: int, extra: int) -> None:
    window = 2 * half + 1
    joints = noisy_motion(seed, window + extra)
    filtered = SavitzkyGolayFilter(window, order)(joints, np.ones((window + extra, 2), bool))
    np.testing.assert_allclose(filtered, savgol_filter(joints, window, order, axis=0, mode="interp"), atol=1e-8)


def test_savitzky_golay_fits_through_missing_frames() -> None:
    time = np.linspace(0.0, 1.0, FRAMES)[:, None, None, None]
    parabola = np.broadcast_to(0.3 + 0.2 * time - 0.5 * time**2, (FRAMES, 2, 21, 3)).copy()
    valid = np.ones((FRAMES, 2), bool)
    valid[[0, 7, 8, 20], 0] = False
    joints = parabola.copy()
    joints[~valid] = np.nan
    filtered = SavitzkyGolayFilter(11, 2)(joints, valid)
    np.testing.assert_allclose(filtered[:, 1], parabola[:, 1], atol=1e-9)
    np.testing.assert_allclose(filtered[:, 0], parabola[:, 0], atol=1e-5)


def test_savitzky_golay_on_short_and_empty_input() -> None:
    joints = noisy_motion(3, 4)
    valid = np.ones((4, 2), bool)
    valid[:, 1] = False
    filtered = SavitzkyGolayFilter(11, 2)(joints, valid)
    assert filtered.shape == joints.shape
    assert not filtered[:, 1].any()
    one = SavitzkyGolayFilter()(joints[:1], np.ones((1, 2), bool))
    np.testing.assert_allclose(one, joints[:1], atol=1e-12)
    sparse = np.zeros((4, 2), bool)
    sparse[1] = True
    assert np.isfinite(SavitzkyGolayFilter()(joints, sparse)).all()


@pytest.mark.parametrize(("window", "order"), [(4, 2), (3, 3)])
def test_savitzky_golay_refuses_an_impossible_window(window: int, order: int) -> None:
    with pytest.raises(ValueError, match="odd"):
        SavitzkyGolayFilter(window, order)


def test_filters_reduce_white_noise_on_a_slow_motion() -> None:
    random = np.random.default_rng(0)
    clean = np.broadcast_to(0.1 * np.sin(np.linspace(0.0, 3.0, 120))[:, None, None, None], (120, 2, 21, 3))
    noisy = clean + random.normal(0.0, 0.003, clean.shape)
    valid = random.uniform(size=(120, 2)) > 0.05
    for smooth in (OneEuroFilter(), SavitzkyGolayFilter()):
        error = np.abs(smooth(noisy, valid) - clean)[5:].mean()
        assert error < 0.85 * np.abs(hold_missing(noisy, valid) - clean)[5:].mean()


def test_filling_missing_frames() -> None:
    values = np.array([[0.0], [9.0], [2.0], [9.0], [9.0], [8.0], [9.0]])
    seen = np.array([False, False, True, False, False, True, False])
    np.testing.assert_allclose(interpolate_missing(values, seen)[:, 0], [2.0, 2.0, 2.0, 4.0, 6.0, 8.0, 8.0])
    joints = np.broadcast_to(values[:, None, :, None], (7, 1, 21, 3))
    np.testing.assert_allclose(hold_missing(joints, seen[:, None])[:, 0, 0, 0], [0.0, 0.0, 2.0, 2.0, 2.0, 8.0, 8.0])
