# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Scores of many methods and metrics: kept as sums so that files pool, written as nested means with their counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ghtt_core.evaluation.metrics import Average

Scores = dict[tuple[str, ...], Average]
"""From a path such as ``("forecast_ade_mm", "p_a", "0.5")`` to what was measured there."""


def pool(parts: Iterable[Scores]) -> Scores:
    """Add scores entry by entry: the micro-average over everything that went into any of them."""
    total: Scores = {}
    for part in parts:
        for path, average in part.items():
            total[path] = total.get(path, Average()) + average
    return total


def means(scores: Scores) -> dict[str, Any]:
    """Nest the averages by their paths for JSON; None where nothing was measured."""
    return nested({path: average.mean for path, average in scores.items()})


def counts(scores: Scores) -> dict[str, Any]:
    """Nest the numbers of measurements by their paths for JSON."""
    return nested({path: average.count for path, average in scores.items()})


def nested(flat: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    """``{("a", "b"): 1}`` -> ``{"a": {"b": 1}}``, in the order given."""
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        branch = tree
        for name in path[:-1]:
            branch = branch.setdefault(name, {})
        branch[path[-1]] = value
    return tree
