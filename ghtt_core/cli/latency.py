# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Percentiles of run times in constant memory, however long the stream."""

from __future__ import annotations

import math
from collections import Counter

_BINS_PER_E_FOLD = 100
"""Bins of one percent: a percentile is off by half of that at most."""


class LatencyMeter:
    """Counts durations in logarithmic bins and answers percentiles within half a percent."""

    def __init__(self) -> None:
        """Start with no measurement."""
        self._counts: Counter[int] = Counter()
        self._total = 0

    def add(self, milliseconds: float) -> None:
        """Count one duration; anything under a tenth of a microsecond counts as that."""
        self._counts[round(math.log(max(milliseconds, 1e-4)) * _BINS_PER_E_FOLD)] += 1
        self._total += 1

    def percentile(self, share: float) -> float:
        """Return the duration in milliseconds that ``share`` (0 to 1) of all measurements stay within.

        Returns:
            Milliseconds to three digits, 0.0 where nothing was measured.
        """
        if self._total == 0:
            return 0.0
        wanted = max(1, math.ceil(share * self._total))
        seen = 0
        for step in sorted(self._counts):
            seen += self._counts[step]
            if seen >= wanted:
                break
        return float(f"{math.exp(step / _BINS_PER_E_FOLD):.3g}")

    def summary(self) -> dict[str, float]:
        """Return the median and the 95th percentile in milliseconds."""
        return {"p50": self.percentile(0.50), "p95": self.percentile(0.95)}
