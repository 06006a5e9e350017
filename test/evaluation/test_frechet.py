# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fréchet and kernel distance against closed forms and independent implementations."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import linalg

from ghtt_core.evaluation.frechet import FeatureStatistics, frechet_distance, kernel_distance


def statistics(features: NDArray[np.floating], batch: int = 37) -> FeatureStatistics:
    gathered = FeatureStatistics(features.shape[1])
    for first in range(0, len(features), batch):
        gathered.add(features[first : first + batch])
    return gathered


def drawn(seed: int, count: int = 400, width: int = 12, far: float = 0.0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, width)) @ rng.normal(size=(width, width)) + far + rng.normal(size=width)


def whitened(count: int, width: int) -> NDArray[np.float64]:
    """Features whose sample mean is exactly 0 and whose sample covariance is exactly the identity."""
    raw = np.random.default_rng(3).normal(size=(count, width))
    raw -= raw.mean(0)
    return np.asarray(raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw.T)).T), np.float64)


def by_square_root(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The formula as it is written down, with the square root of a matrix that is not symmetric."""
    first, second = np.cov(one.T), np.cov(other.T)
    root = linalg.sqrtm(first @ second).real
    difference = one.mean(0) - other.mean(0)
    return float(difference @ difference + np.trace(first + second - 2 * root))


def test_mean_and_covariance_do_not_depend_on_batches() -> None:
    features = drawn(0, far=1000.0)
    gathered = statistics(features)
    np.testing.assert_allclose(gathered.mean, features.mean(0))
    np.testing.assert_allclose(gathered.covariance, np.cov(features.T), rtol=1e-9)
    assert gathered.count == 400


def test_gaussians_of_known_distance() -> None:
    white = whitened(300, 5)
    scales, shift = np.array([1.0, 2.0, 0.5, 3.0, 1.0]), np.array([1.0, -2.0, 0.0, 0.0, 2.0])
    found = frechet_distance(statistics(white), statistics(white * scales + shift))
    assert found == pytest.approx(float((shift**2).sum() + ((scales - 1) ** 2).sum()), rel=1e-9)
    assert frechet_distance(statistics(white), statistics(white)) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("count", "width"), [(400, 12), (40, 12), (2000, 64)])
def test_agrees_with_the_written_formula(count: int, width: int) -> None:
    one, other = drawn(1, count, width), drawn(2, count + 7, width)
    found = frechet_distance(statistics(one), statistics(other))
    assert found == pytest.approx(by_square_root(one, other), rel=1e-6)
    assert found == pytest.approx(frechet_distance(statistics(other), statistics(one)), rel=1e-9)


def test_fewer_motions_than_channels_still_give_a_finite_distance() -> None:
    one, other = drawn(1, 6), drawn(2, 5)
    found = frechet_distance(statistics(one), statistics(other))
    assert found is not None
    assert np.isfinite(found)
    assert found > 0


def test_one_motion_has_no_distribution() -> None:
    assert frechet_distance(statistics(drawn(1, 1)), statistics(drawn(2))) is None
    assert kernel_distance(statistics(drawn(1, 1)), statistics(drawn(2))) is None


@pytest.mark.skipif(importlib.util.find_spec("torchmetrics") is None, reason="torchmetrics is not installed")
def test_agrees_with_torchmetrics() -> None:
    from torchmetrics.image.fid import _compute_fid

    one, other = drawn(1, 500), drawn(2, 500)
    parts = (part for x in (one, other) for part in (x.mean(0), np.cov(x.T)))
    found = _compute_fid(*(torch.from_numpy(np.asarray(part)) for part in parts))
    assert frechet_distance(statistics(one), statistics(other)) == pytest.approx(float(found), rel=1e-5)


def test_kernel_distance_of_whole_sets_is_the_sum_over_pairs() -> None:
    x, y = drawn(1, 20, 4), drawn(2, 20, 4)
    total = 0.0
    for i in range(20):
        for j in range(20):
            if i != j:
                total += (x[i] @ x[j] / 4 + 1) ** 3 / 380 + (y[i] @ y[j] / 4 + 1) ** 3 / 380
            total -= 2 * (x[i] @ y[j] / 4 + 1) ** 3 / 400
    found = kernel_distance(statistics(x), statistics(y))
    assert found is not None
    assert found.mean == pytest.approx(total, rel=1e-5)


def test_kernel_distance_of_equal_distributions_is_near_zero_and_grows_apart() -> None:
    rng = np.random.default_rng(5)
    same = kernel_distance(statistics(rng.normal(size=(3000, 8))), statistics(rng.normal(size=(2000, 8))))
    apart = kernel_distance(statistics(rng.normal(size=(3000, 8))), statistics(rng.normal(1.0, 1.0, size=(2000, 8))))
    assert same is not None
    assert apart is not None
    assert abs(same.mean) < 3 * same.deviation + 0.01
    assert apart.mean > 20 * abs(same.mean)


def test_a_long_set_is_sampled_evenly() -> None:
    gathered = statistics(np.arange(20_000, dtype=np.float64)[:, None], 500)
    assert gathered.sample.shape == (4000, 1)
    assert abs(float(gathered.sample.mean()) - 9999.5) < 300
