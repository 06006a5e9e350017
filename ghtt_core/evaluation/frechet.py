# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How far apart two sets of motions are in the features of the FID network: Fréchet distance and kernel distance.

The Fréchet distance (FID) compares means and covariances. With fewer motions than the feature has channels the
covariances are not of full rank and FID is too large, so the number of motions belongs to every figure. The kernel
distance (KID) has no such bias and says how uncertain it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_KEPT: Final = 4000
"""Features that are kept for the kernel distance: a uniform sample of all."""
_SUBSETS: Final = 100
_SUBSET_SIZE: Final = 1000


class FeatureStatistics:
    """Mean, covariance and a sample of features that come in batches; memory does not grow with their number."""

    def __init__(self, width: int, seed: int = 0) -> None:
        """Begin with nothing; `width` is the number of channels."""
        self.count = 0
        self._sum = np.zeros(width)
        self._outer = np.zeros((width, width))
        self._origin: NDArray[np.float64] | None = None
        self._kept = np.zeros((_KEPT, width), np.float32)
        self._random = np.random.default_rng(seed)

    def add(self, features: NDArray[np.floating]) -> None:
        """Take features (N, d) in."""
        if not len(features):
            return
        values = np.asarray(features, np.float64)
        if self._origin is None:
            self._origin = values.mean(0)  # sums of small numbers lose fewer digits
        for row, feature in enumerate(values, self.count):  # reservoir sampling
            slot = row if row < _KEPT else int(self._random.integers(row + 1))
            if slot < _KEPT:
                self._kept[slot] = feature
        values = values - self._origin
        self.count += len(values)
        self._sum += values.sum(0)
        self._outer += values.T @ values

    @property
    def mean(self) -> NDArray[np.float64]:
        """(d,) mean; zero where nothing was added."""
        origin = np.zeros_like(self._sum) if self._origin is None else self._origin
        return np.asarray(origin + self._sum / max(self.count, 1), np.float64)

    @property
    def covariance(self) -> NDArray[np.float64]:
        """(d, d) unbiased covariance; zero with fewer than two features."""
        if self.count < 2:
            return np.zeros_like(self._outer)
        return np.asarray((self._outer - np.outer(self._sum, self._sum) / self.count) / (self.count - 1), np.float64)

    @property
    def sample(self) -> NDArray[np.float32]:
        """(min(N, 4000), d) features, a uniform sample of all."""
        return self._kept[: self.count]


@dataclass(frozen=True)
class KernelDistance:
    """Mean over subsets of the squared kernel distance, and the standard deviation between the subsets."""

    mean: float
    deviation: float


def frechet_distance(one: FeatureStatistics, other: FeatureStatistics) -> float | None:
    """Squared Fréchet distance of the Gaussians with the same means and covariances (the "FID"); None below two each.

    ``|mu_1 - mu_2|^2 + tr(S_1 + S_2 - 2 (S_1 S_2)^(1/2))``. The trace of the root is that of the root of the symmetric
    ``S_1^(1/2) S_2 S_1^(1/2)``, so that eigenvalues of symmetric matrices suffice and singular ones need no care.
    """
    if min(one.count, other.count) < 2:
        return None
    values, vectors = np.linalg.eigh(one.covariance)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    shared = np.linalg.eigvalsh(root @ other.covariance @ root).clip(min=0)
    difference = one.mean - other.mean
    spread = np.trace(one.covariance) + np.trace(other.covariance) - 2.0 * np.sqrt(shared).sum()
    return max(float(difference @ difference + spread), 0.0)


def kernel_distance(one: FeatureStatistics, other: FeatureStatistics, seed: int = 0) -> KernelDistance | None:
    """Squared maximum mean discrepancy under ``(x.y / d + 1)^3``, without bias (the "KID"); None below two each.

    It is the mean over random subsets of at most 1000 features a side, or all of them where there are no more.
    """
    left, right = one.sample.astype(np.float64), other.sample.astype(np.float64)
    size = min(len(left), len(right), _SUBSET_SIZE)
    if size < 2:
        return None
    random = np.random.default_rng(seed)
    whole = len(left) == len(right) == size
    values = []
    for _ in range(1 if whole else _SUBSETS):
        x = left if whole else left[random.choice(len(left), size, replace=False)]
        y = right if whole else right[random.choice(len(right), size, replace=False)]
        values.append(_discrepancy(x, y))
    return KernelDistance(float(np.mean(values)), float(np.std(values)))


def _discrepancy(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Unbiased estimate from two sets (n, d) of one size."""
    size, width = x.shape
    own_x, own_y, cross = ((a @ b.T / width + 1.0) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    pairs = size * (size - 1)
    own = (own_x.sum() - np.trace(own_x) + own_y.sum() - np.trace(own_y)) / pairs
    return float(own - 2.0 * cross.mean())
