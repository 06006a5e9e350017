# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.transform import Rotation

from ghtt_core.evaluation import metrics
from ghtt_core.hands.layout import RELATIVE_JOINTS, VALID_JOINTS

SEEDS = st.integers(0, 2**32 - 1)


def some_hands(seed: int, *shape: int) -> NDArray[np.float64]:
    """Random hands (*shape, 21, 3) of about the size of real ones, somewhere in front of a camera."""
    random = np.random.default_rng(seed)
    return random.normal(0.0, 0.05, (*shape, 21, 3)) + random.normal(0.0, 0.3, (*shape, 1, 3))


def all_valid(*shape: int) -> NDArray[np.bool_]:
    return np.ones(shape, bool)


@given(seed=SEEDS, scale=st.floats(0.3, 3.0))
@settings(max_examples=20, deadline=None)
def test_root_relative_error_ignores_position_and_hand_size(seed: int, scale: float) -> None:
    reference = some_hands(seed, 4, 2)
    prediction = scale * reference + np.array([0.1, -0.2, 0.5])
    assert metrics.mpjpe_ra_mm(prediction, reference, all_valid(4, 2)).mean == pytest.approx(0.0, abs=1e-9)


@given(seed=SEEDS, scale=st.floats(0.3, 3.0))
@settings(max_examples=20, deadline=None)
def test_aligned_error_ignores_any_similarity(seed: int, scale: float) -> None:
    reference = some_hands(seed, 4, 2)
    turn = Rotation.random(random_state=seed % 1000).as_matrix()
    prediction = scale * reference @ turn + np.array([0.1, -0.2, 0.5])
    assert metrics.mpjpe_pa_mm(prediction, reference, all_valid(4, 2)).mean == pytest.approx(0.0, abs=1e-9)


def test_root_relative_error_is_the_mean_over_nineteen_joints() -> None:
    reference = some_hands(0, 1)
    prediction = reference.copy()
    prediction[0, 8] += [0.0, 0.019, 0.0]  # an index tip 19 mm away; not a palm joint, so the scale stays 1
    assert metrics.mpjpe_ra_mm(prediction, reference, all_valid(1)).mean == pytest.approx(1.0)


def test_the_thumb_cmc_is_never_scored() -> None:
    reference = some_hands(0, 3, 2)
    prediction = reference.copy()
    prediction[..., 1, :] += 1.0
    for metric in (metrics.mpjpe_ra_mm, metrics.mpjpe_pa_mm, metrics.acceleration_error_mm):
        assert metric(prediction, reference, all_valid(3, 2)).mean == pytest.approx(0.0, abs=1e-9)
    assert metrics.ade_mm(metrics.displacement_errors(prediction[None], reference), all_valid(3, 2)).mean == 0.0


def test_a_mirrored_hand_is_not_aligned_away() -> None:
    reference = some_hands(1, 5)
    assert (metrics.mpjpe_pa_mm(reference * [-1.0, 1.0, 1.0], reference, all_valid(5)).mean or 0.0) > 10.0


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_aligned_error_agrees_with_scipy(seed: int) -> None:
    prediction, reference = some_hands(seed)[list(VALID_JOINTS)], some_hands(seed + 1)[list(VALID_JOINTS)]
    source, target = prediction - prediction.mean(0), reference - reference.mean(0)
    rotation, trace = orthogonal_procrustes(source, target)
    if np.linalg.det(rotation) < 0:  # scipy allows reflections: undo with the least important axis
        u, values, vt = np.linalg.svd(source.T @ target)
        rotation, trace = u @ np.diag([1.0, 1.0, -1.0]) @ vt, values[0] + values[1] - values[2]
    expected = np.linalg.norm(trace / np.square(source).sum() * source @ rotation - target, axis=-1).mean()
    whole_prediction, whole_reference = some_hands(seed), some_hands(seed + 1)
    assert metrics.aligned_errors(whole_prediction, whole_reference) == pytest.approx(expected, rel=1e-9)


def test_aligned_error_is_a_minimum() -> None:
    """No nearby similarity fits better in least squares; the reported error belongs to the best one."""
    random = np.random.default_rng(5)
    reference = some_hands(5)
    prediction = reference + random.normal(0.0, 0.01, reference.shape)
    unaligned = np.linalg.norm((prediction - reference)[list(VALID_JOINTS)], axis=-1).mean()
    assert metrics.aligned_errors(prediction, reference) < unaligned


def test_unmeasured_joints_are_masked_but_the_wrist_stays_the_root() -> None:
    reference = some_hands(2, 4)
    prediction = reference.copy()
    prediction[:, 12] += 0.5
    measured = np.ones(21, bool)
    measured[[0, 12]] = False
    assert metrics.mpjpe_ra_mm(prediction, reference, all_valid(4), measured).mean == pytest.approx(0.0, abs=1e-9)
    assert metrics.mpjpe_pa_mm(prediction, reference, all_valid(4), measured).mean == pytest.approx(0.0, abs=1e-9)
    prediction[:, 0] += [0.01, 0.0, 0.0]  # a wrong root moves every joint, measured or not
    assert (metrics.mpjpe_ra_mm(prediction, reference, all_valid(4), measured).mean or 0.0) > 5.0
    assert metrics.mpjpe_pa_mm(prediction, reference, all_valid(4), measured).mean == pytest.approx(0.0, abs=1e-9)


def test_only_valid_hand_frames_count_and_pooling_weights_them() -> None:
    reference = some_hands(3, 6, 2)
    prediction = reference.copy()
    prediction[0, 0, 8] += [0.019, 0.0, 0.0]
    prediction[1:] = np.nan
    valid = np.zeros((6, 2), bool)
    valid[0] = True
    first = metrics.mpjpe_ra_mm(prediction, reference, valid)
    assert first.count == 2
    assert first.mean == pytest.approx(0.5)
    second = metrics.mpjpe_ra_mm(reference, reference, all_valid(6, 2))
    assert (first + second).mean == pytest.approx(1.0 / 14.0)
    assert metrics.mpjpe_ra_mm(prediction, reference, np.zeros((6, 2), bool)).mean is None


def test_acceleration_error_of_a_parabola_against_rest() -> None:
    frames = np.arange(10.0)[:, None, None, None]
    reference = np.broadcast_to(some_hands(4), (10, 2, 21, 3))
    moving = reference + 0.5 * 0.002 * frames**2 * np.array([0.0, 0.6, 0.8])  # 2 mm per frame squared
    error = metrics.acceleration_error_mm(moving, reference, all_valid(10, 2))
    assert error.mean == pytest.approx(2.0)
    assert error.count == 16
    steady = reference + 0.01 * frames  # a constant speed is no acceleration
    assert metrics.acceleration_error_mm(steady, reference, all_valid(10, 2)).mean == pytest.approx(0.0, abs=1e-9)


def test_acceleration_needs_three_valid_frames_in_a_row() -> None:
    reference = np.broadcast_to(some_hands(4), (7, 1, 21, 3)).copy()
    prediction = reference.copy()
    prediction[3] = np.nan
    valid = all_valid(7, 1)
    valid[3] = False
    error = metrics.acceleration_error_mm(prediction, reference, valid)
    assert error.count == 2  # frames 1 and 5
    assert error.mean == pytest.approx(0.0, abs=1e-9)
    assert metrics.acceleration_error_mm(prediction[:2], reference[:2], valid[:2]).count == 0


def test_forecast_errors_in_closed_form() -> None:
    future = np.broadcast_to(some_hands(6), (8, 2, 21, 3))
    drift = 0.001 * np.arange(1.0, 9.0)[:, None, None, None] * np.array([1.0, 0.0, 0.0])  # 1 mm more each frame
    samples = np.stack([future + drift, future + 0.5 * drift, future + 3.0 * drift])
    errors = metrics.displacement_errors(samples, future)
    assert errors.shape == (3, 8, 2)
    assert metrics.ade_mm(errors, all_valid(8, 2)).mean == pytest.approx(4.5)
    assert metrics.fde_mm(errors, all_valid(8, 2)).mean == pytest.approx(8.0)
    assert metrics.best_of_ade_mm(errors, all_valid(8, 2)).mean == pytest.approx(2.25)


def test_best_of_chooses_one_sample_for_both_hands() -> None:
    future = np.broadcast_to(some_hands(7), (4, 2, 21, 3))
    left_right = np.zeros((2, 4, 2, 21, 3))
    left_right[0, :, 0] += [0.0, 0.0, 0.010]  # sample 0: left 10 mm off, right exact
    left_right[1, :, 1] += [0.0, 0.0, 0.020]  # sample 1: right 20 mm off, left exact
    errors = metrics.displacement_errors(future + left_right, future)
    assert metrics.best_of_ade_mm(errors, all_valid(4, 2)).mean == pytest.approx(5.0)
    only_left = np.broadcast_to(np.array([True, False]), (4, 2))
    assert metrics.best_of_ade_mm(errors, only_left).mean == pytest.approx(0.0)
    assert metrics.best_of_ade_mm(errors, np.zeros((4, 2), bool)).mean is None


@given(seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_best_of_is_never_worse_than_any_sample(seed: int) -> None:
    random = np.random.default_rng(seed)
    errors = random.uniform(0.0, 0.1, (5, 6, 2))
    valid = random.uniform(size=(6, 2)) < 0.8
    best = metrics.best_of_ade_mm(errors, valid).mean
    if best is not None:
        singles = [metrics.ade_mm(errors[sample : sample + 1], valid).mean or 0.0 for sample in range(5)]
        assert best == pytest.approx(min(singles))


def test_palm_size_and_joint_sets_are_those_of_the_layout() -> None:
    hand = np.zeros((21, 3))
    hand[[5, 9, 13, 17]] = [[0.08, 0.0, 0.0], [0.0, 0.09, 0.0], [0.0, 0.0, 0.1], [0.0, 0.11, 0.0]]
    assert metrics.palm_size(hand) == pytest.approx(0.095)
    assert len(RELATIVE_JOINTS) == 19
    with pytest.raises(ValueError, match="21"):
        metrics.root_relative_errors(hand, hand, np.ones(20, bool))
