# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A process that subscribes to all topics of the pipeline and writes what it sees as lines of JSON.

It is the eyes of `ghtt launch` and `ghtt demo`, whose own processes stay free of DDS, and an ordinary subscriber to
the nodes: what it has not received, no planner has.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

import numpy as np
import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from ghtt_core.bags.fields import time_ns
from ghtt_ros.cli.pipeline_topics import CAMERA, DIAGNOSTICS, OUTPUTS, PipelineTopic, inputs, message_type

REPORT_PERIOD_S: Final = 0.5
WINDOW_S: Final = 5.0
_SANE_LATENCY_S: Final = 60.0
"""More than that says that the stamps are of another clock (a recording, a simulation)."""
_STATUSES: Final = ("OK", "WARMING_UP", "STALE_INPUT", "HANDS_LOST", "OUT_OF_DISTRIBUTION", "NO_TRANSFORM")
_WITH_STATUS: Final = ("RefinedHands", "ActionRecognition", "PredictedMotion", "MotionEnvelope")


class TopicMeter:
    """Counts the messages of one topic, and how old they are when they arrive."""

    def __init__(self, topic: PipelineTopic) -> None:
        """Start at zero."""
        self.topic = topic
        self.count = 0
        self.filled = 0
        self.status = ""
        self._last: float | None = None
        self._arrivals: deque[tuple[float, float | None]] = deque(maxlen=2048)
        self._has_status = topic.kind.rpartition("/")[2] in _WITH_STATUS

    def take(self, message: Any, now_ns: int) -> None:
        """Note a message.

        Args:
            message: What arrived.
            now_ns: The node's time.
        """
        arrived = time.monotonic()
        self.count += 1
        self.filled += not _is_empty(message)
        self._last = arrived
        latency_s: float | None = None
        header = _header(message)
        if header is not None and not self.topic.latched:
            latency_s = (now_ns - time_ns(header.stamp)) * 1e-9
            if not -_SANE_LATENCY_S < latency_s < _SANE_LATENCY_S:
                latency_s = None
        self._arrivals.append((arrived, latency_s))
        if self._has_status:
            number = int(message.status)
            self.status = _STATUSES[number] if number < len(_STATUSES) else str(number)

    def report(self) -> dict[str, Any]:
        """Return count, rate, latency and the last status, ready for JSON."""
        now = time.monotonic()
        while self._arrivals and self._arrivals[0][0] < now - WINDOW_S:
            self._arrivals.popleft()
        moments = [arrived for arrived, _ in self._arrivals]
        spread = moments[-1] - moments[0] if len(moments) > 1 else 0.0
        latencies = [latency * 1e3 for _, latency in self._arrivals if latency is not None]
        p50, p95 = (float(value) for value in np.percentile(latencies, (50, 95))) if latencies else (None, None)
        return {
            "topic": self.topic.name,
            "node": self.topic.node,
            "latched": self.topic.latched,
            "count": self.count,
            "filled": self.filled,
            "hz": (len(moments) - 1) / spread if spread > 0 else 0.0,
            "latency_p50_ms": p50,
            "latency_p95_ms": p95,
            "age_s": None if self._last is None else now - self._last,
            "status": self.status,
        }


class Monitor:
    """The node behind the live table."""

    def __init__(self, node: Any, topics: Sequence[PipelineTopic], suffix: str = "") -> None:
        """Subscribe to everything.

        Args:
            node: An rclpy node in the namespace of the pipeline.
            topics: What to subscribe to besides the diagnostics.
            suffix: Behind the name of the pictures' topic, once it is remapped: image_transport's.
        """
        self._suffix = suffix
        self._node = node
        self._meters = [TopicMeter(topic) for topic in topics]
        self._states: dict[str, dict[str, Any]] = {}
        namespace = node.get_namespace().strip("/")
        self._prefix = f"{namespace}/" if namespace else ""
        for meter in self._meters:
            self._subscribe(meter.topic, partial(self._on_message, meter))
        self._diagnostics = TopicMeter(DIAGNOSTICS)
        self._subscribe(DIAGNOSTICS, self._on_diagnostics)
        # Real time, also while /clock stands still.
        node.create_timer(REPORT_PERIOD_S, self._write, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _subscribe(self, topic: PipelineTopic, callback: Any) -> None:
        is_input = topic.node == CAMERA
        profile = QoSProfile(
            depth=1 if topic.latched or is_input else 10,
            reliability=ReliabilityPolicy.BEST_EFFORT if is_input else ReliabilityPolicy.RELIABLE,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if topic.latched else DurabilityPolicy.VOLATILE,
        )
        name = topic.name
        if topic.name == "image" and self._suffix:
            name = self._node.resolve_topic_name(name) + self._suffix
        self._node.create_subscription(message_type(topic.kind), name, callback, profile)

    def _on_message(self, meter: TopicMeter, message: Any) -> None:
        meter.take(message, self._node.get_clock().now().nanoseconds)

    def _on_diagnostics(self, message: Any) -> None:
        for status in message.status:
            if not status.name.startswith(self._prefix) or status.hardware_id != "ghtt_ros":
                continue
            level = status.level[0] if isinstance(status.level, bytes) else int(status.level)
            self._diagnostics.take(message, self._node.get_clock().now().nanoseconds)
            self._states[status.name.removeprefix(self._prefix)] = {
                "level": ("OK", "WARN", "ERROR", "STALE")[min(level, 3)],
                "message": status.message,
                "values": {item.key: item.value for item in status.values},
                "at": time.monotonic(),
            }

    def _write(self) -> None:
        now = time.monotonic()
        nodes = {
            name: {**{key: value for key, value in state.items() if key != "at"}, "age_s": now - state["at"]}
            for name, state in self._states.items()
        }
        topics = [meter.report() for meter in (*self._meters, self._diagnostics)]
        try:
            print(json.dumps({"topics": topics, "nodes": nodes}), flush=True)
        except BrokenPipeError:
            os._exit(0)  # whoever asked has gone, and there is nothing to tidy up


def _is_empty(message: Any) -> bool:
    """Whether a message only says that there is nothing to say."""
    if hasattr(message, "valid"):
        return not any(message.valid)
    for name in ("step_count", "width", "label", "poses", "points", "markers"):
        if hasattr(message, name):
            value = getattr(message, name)
            return (value if isinstance(value, int) else len(value)) == 0
    return False


def _header(message: Any) -> Any:
    """Return the header of a message or of the first of its markers; None where there is none."""
    found = getattr(message, "header", None)
    if found is None and (markers := getattr(message, "markers", None)):
        found = markers[0].header
    return found


def main(args: Sequence[str] | None = None) -> int:
    """Run until interrupted; returns the exit code.

    Args:
        args: ROS arguments, and ``--inputs raw`` or ``--inputs compressed`` to count pictures as well.
    """
    words = list(sys.argv if args is None else args)
    transport = words[words.index("--inputs") + 1] if "--inputs" in words else ""
    topics = (*inputs(transport), *OUTPUTS) if transport else OUTPUTS
    rclpy.init(args=words)
    node = rclpy.create_node("ghtt_monitor")
    Monitor(node, topics, "/compressed" if transport == "compressed" else "")
    with suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(node)
    with suppress(KeyboardInterrupt):
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
