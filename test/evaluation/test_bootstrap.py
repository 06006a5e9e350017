# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from ghtt_core.evaluation.bootstrap import difference, estimate
from ghtt_core.evaluation.metrics import Average


def test_the_interval_is_that_of_the_mean_over_subjects() -> None:
    random = np.random.default_rng(0)
    parts = [Average(float(value) * 10, 10) for value in random.normal(50.0, 8.0, 64)]
    result = estimate(parts)
    assert result.mean == pytest.approx(sum(part.total for part in parts) / 640)
    assert result.interval is not None
    low, high = result.interval
    assert low < (result.mean or 0.0) < high
    spread = np.std([part.total / 10 for part in parts])
    assert high - low == pytest.approx(2 * 1.96 * spread / 8, rel=0.15)


def test_subjects_with_more_measurements_weigh_more() -> None:
    assert estimate([Average(10.0, 10), Average(90.0, 30)]).mean == pytest.approx(2.5)


def test_a_paired_difference_is_surer_than_its_parts() -> None:
    random = np.random.default_rng(1)
    base = random.normal(50.0, 20.0, 40)
    one = [Average(float(value), 1) for value in base]
    other = [Average(float(value + 2.0 + noise), 1) for value, noise in zip(base, random.normal(0, 1, 40), strict=True)]
    result = difference(one, other)
    assert result.interval is not None
    assert result.interval[1] < 0.0
    assert result.mean == pytest.approx(-2.0, abs=0.6)


def test_nothing_measured_and_one_subject() -> None:
    assert estimate([Average(), Average()]).as_json() == {"mean": None, "ci95": None, "n": 0, "subjects": 0}
    alone = estimate([Average(), Average(3.0, 2)])
    assert (alone.mean, alone.interval, alone.subjects) == (1.5, None, 1)
