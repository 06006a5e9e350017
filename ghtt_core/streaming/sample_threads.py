# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Threads that share the samples of a forecast among them.

A network of this size is too small to be shared by the threads of one matrix product: waking them and waiting for the
slowest, hundreds of times per forecast, costs what they save. Samples do not meet before the forecast is complete, so
every thread continues some of them from beginning to end with torch's own threads off.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise
from typing import Final, TypeVar

import torch

Result = TypeVar("Result")
_MOST_THREADS: Final = 4
"""More gain little with 20 samples."""


def default_threads() -> int:
    """One thread for each core this process may use, at most 4."""
    return min(len(_cores()) or os.cpu_count() or 1, _MOST_THREADS)


class SampleThreads:
    """Runs a function on slices of the samples; with one thread, or for one sample, in the caller's own."""

    def __init__(self, threads: int = 1) -> None:
        """Prepare the threads; they start with the first call.

        Args:
            threads: How many work at a time; the caller should keep torch's own (`torch.set_num_threads`) at 1.
        """
        self._threads = threads
        self._cores = _cores()
        self._started = count()
        self._pool = ThreadPoolExecutor(threads, "samples", self._take_cores) if threads > 1 else None

    def map(self, function: Callable[[slice], Result], samples: int) -> list[Result]:
        """Call the function for slices that together are ``range(samples)``, in inference mode.

        Returns:
            The results in the order of the samples.
        """
        if self._pool is None or samples == 1:
            return [function(slice(0, samples))]
        parts = min(samples, self._threads)
        edges = [samples * part // parts for part in range(parts + 1)]
        slices = [slice(first, last) for first, last in pairwise(edges)]
        return list(self._pool.map(torch.inference_mode()(function), slices))

    def _take_cores(self) -> None:
        """Keep this thread to cores of its own.

        Threads that hand Python's lock to each other and sleep between forecasts look to the kernel as if they
        belonged on one core, where they then wait for each other.
        """
        if len(self._cores) >= self._threads:
            os.sched_setaffinity(0, self._cores[next(self._started) % self._threads :: self._threads])


def _cores() -> list[int]:
    """The cores this process may use; none where the system does not tell."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
