# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A causal, robust filter for one noisy number over time: the distance of a hand from the camera."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

TREND_SHARE: Final = 0.5
"""How much of the robust slope is carried forward. A median alone lags by half its window when a hand approaches; the
full slope brings most of the jitter back. Half keeps the jitter of the median and halves the lag."""


class DepthFilter:
    """Median of the recent past, moved along half of the robust (repeated-median) trend to the newest time."""

    def __init__(self, window_s: float = 0.27, most: int = 17) -> None:
        """Start empty.

        Args:
            window_s: How far back samples count; 0 passes every sample through.
            most: Upper bound on samples kept, for cameras much faster than 30 fps.
        """
        self._window_s = window_s
        self._samples: deque[tuple[float, float]] = deque(maxlen=most)

    def update(self, time_s: float, value: float) -> float:
        """Add the sample of this instant and return the filtered value.

        Args:
            time_s: Time of the sample, later than all before.
            value: The sample.
        """
        self._samples.append((time_s, value))
        while self._samples[0][0] < time_s - self._window_s:
            self._samples.popleft()
        times, values = np.array(self._samples).T
        if len(values) < 3:
            return float(np.median(values))
        ages = times - time_s
        gaps = ages[:, None] - ages[None, :]
        np.fill_diagonal(gaps, np.nan)
        slope = float(np.median(np.nanmedian((values[:, None] - values[None, :]) / gaps, axis=1)))
        return float(np.median(values - TREND_SHARE * slope * ages))
