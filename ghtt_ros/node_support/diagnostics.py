# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""State of a node once a second on /diagnostics, and the meters that fill it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType

from ghtt_ros.node_support.callbacks import ErrorLog, guarded

PERIOD_S: Final = 1.0
Level = Literal["OK", "WARN", "ERROR", "STALE"]


@dataclass(frozen=True)
class Report:
    """What a node says about itself.

    Attributes:
        level: How bad it is.
        message: One sentence.
        values: Numbers and names for those who look closer.
    """

    level: Level
    message: str
    values: Mapping[str, object] = field(default_factory=dict)


class Diagnostics:
    """Publishes a report once a second of real time, whatever the state of the node or the clock of a simulation."""

    def __init__(self, node: Any, report: Callable[[], Report], errors: ErrorLog) -> None:
        """Start publishing.

        Args:
            node: The rclpy node.
            report: Asked for the present state, in the executor's thread.
            errors: Where an exception of `report` goes.
        """
        self._node = node
        self._report = report
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(PERIOD_S, guarded(self._publish, errors), clock=steady)

    def _publish(self) -> None:
        report = self._report()
        status = DiagnosticStatus(
            level=getattr(DiagnosticStatus, report.level),
            name=self._node.get_fully_qualified_name().lstrip("/"),
            message=report.message,
            hardware_id="ghtt_ros",
            values=[KeyValue(key=key, value=_text(value)) for key, value in report.values.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)


class RateMeter:
    """Messages per second over the last few seconds."""

    def __init__(self, window_s: float = 3.0) -> None:
        """Count over ``window_s`` seconds."""
        self._window_s = window_s
        self._times: deque[float] = deque(maxlen=2048)
        self.count = 0

    def tick(self) -> None:
        """Count a message now."""
        self._times.append(time.monotonic())
        self.count += 1

    def rate(self) -> float:
        """Return messages per second; 0 where none came lately."""
        since = time.monotonic() - self._window_s
        recent = [moment for moment in tuple(self._times) if moment >= since]
        if len(recent) < 2:
            return 0.0
        return (len(recent) - 1) / max(recent[-1] - recent[0], 1e-6)


class StageTimes:
    """Durations of named stages; percentiles over the newest few hundred."""

    def __init__(self, keep: int = 300) -> None:
        """Remember ``keep`` durations per stage."""
        self._keep = keep
        self._stages: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Time the body of a `with`."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, (time.perf_counter() - began) * 1e3)

    def add(self, stage: str, milliseconds: float) -> None:
        """Note one duration."""
        with self._lock:
            self._stages.setdefault(stage, deque(maxlen=self._keep)).append(milliseconds)

    def values(self) -> dict[str, str]:
        """Return ``{stage} p50 ms`` and ``{stage} p95 ms`` of every stage."""
        with self._lock:
            stages = {name: np.array(durations) for name, durations in self._stages.items()}
        found = {}
        for name, durations in stages.items():
            p50, p95 = np.percentile(durations, (50, 95))
            found[f"{name} p50 ms"], found[f"{name} p95 ms"] = f"{p50:.2f}", f"{p95:.2f}"
        return found


def _text(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
