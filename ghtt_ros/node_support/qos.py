# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The QoS of every topic by name, and what is said when two sides do not fit or nothing comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from ghtt_ros.node_support.callbacks import ErrorLog, guarded

RELIABILITIES: Final = ("best_effort", "reliable")
FORECAST_LIFESPAN_S: Final = 0.5
"""An older forecast is of no use to a planner that was away."""
_CHECK_PERIOD_S: Final = 0.25


def image_profile(reliability: str = "best_effort", depth: int = 1) -> QoSProfile:
    """Return the profile for pictures: best effort fits whatever a camera offers, reliable only a reliable one."""
    chosen = ReliabilityPolicy.RELIABLE if reliability == "reliable" else ReliabilityPolicy.BEST_EFFORT
    return _profile(depth, chosen)


def observation_profile() -> QoSProfile:
    """Return the profile of hand observations."""
    return _profile(5)


def result_profile() -> QoSProfile:
    """Return the profile of refined hands, actions and what is made from them."""
    return _profile(10)


def forecast_profile(period_s: float) -> QoSProfile:
    """Return the profile of forecasts that come every ``period_s`` seconds: the newest counts, and only for a while."""
    profile = _profile(1)
    profile.lifespan = Duration(seconds=FORECAST_LIFESPAN_S)
    profile.deadline = Duration(seconds=2 * period_s)
    return profile


def latched_profile() -> QoSProfile:
    """Return the profile of what late subscribers get too."""
    profile = _profile(1)
    profile.durability = DurabilityPolicy.TRANSIENT_LOCAL
    return profile


def _profile(depth: int, reliability: ReliabilityPolicy = ReliabilityPolicy.RELIABLE) -> QoSProfile:
    return QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=reliability)


def describe(profile: QoSProfile) -> str:
    """Name the policies that decide whether two sides fit."""
    words = [profile.reliability.name.lower(), profile.durability.name.lower()]
    for name, duration in (("deadline", profile.deadline), ("liveliness lease", profile.liveliness_lease_duration)):
        seconds = duration.nanoseconds * 1e-9
        if 0 < seconds < 1e9:
            words.append(f"{name} {seconds:g} s")
    return ", ".join(words)


def subscribe(
    node: Any,
    kind: type,
    topic: str,
    callback: Callable[[Any], None],
    profile: QoSProfile,
    errors: ErrorLog,
) -> Any:
    """Create a subscription whose callback never raises and that says once why nothing is received.

    Args:
        node: The subscribing node.
        kind: Message type.
        topic: Name of the topic.
        callback: Takes a message.
        profile: What the node asks for.
        errors: Where exceptions go.
    """
    report = _Mismatch(node, topic, profile, "publishers", node.get_publishers_info_by_topic)
    events = SubscriptionEventCallbacks(incompatible_qos=guarded(report, errors))
    return node.create_subscription(kind, topic, guarded(callback, errors), profile, event_callbacks=events)


def advertise(node: Any, kind: type, topic: str, profile: QoSProfile, errors: ErrorLog) -> Any:
    """Create a publisher that says once, with both profiles, why a subscriber receives nothing."""
    report = _Mismatch(node, topic, profile, "subscribers", node.get_subscriptions_info_by_topic)
    events = PublisherEventCallbacks(incompatible_qos=guarded(report, errors))
    return node.create_publisher(kind, topic, profile, event_callbacks=events)


class _Mismatch:
    """Reports an incompatible QoS the first time."""

    __name__ = "incompatible_qos"

    def __init__(
        self, node: Any, topic: str, ours: QoSProfile, others: str, endpoints: Callable[[str], list[Any]]
    ) -> None:
        self._node, self._topic, self._ours = node, topic, ours
        self._others, self._endpoints = others, endpoints
        self._said = False

    def __call__(self, info: Any) -> None:
        if self._said:
            return
        self._said = True
        name = self._node.resolve_topic_name(self._topic)
        theirs = {f"{endpoint.node_name}: {describe(endpoint.qos_profile)}" for endpoint in self._endpoints(name)}
        asks = "asks for" if self._others == "publishers" else "offers"
        self._node.get_logger().warning(
            f"Incompatible QoS on {name}: this node {asks} [{describe(self._ours)}], its {self._others} have "
            f"[{'; '.join(sorted(theirs)) or 'unknown'}]; nothing passes between them until one side changes."
        )


class SilenceWatch:
    """Says when an input stays silent, and when it is back."""

    def __init__(self, node: Any, topic: str, what: str, timeout_s: Callable[[], float], errors: ErrorLog) -> None:
        """Start watching.

        Args:
            node: The node.
            topic: Name of the topic; resolved for the log.
            what: What comes on it, for the log, for example `image`.
            timeout_s: Silence that is worth a line in the log; asked each time.
            errors: Where exceptions go.
        """
        self._node = node
        self._topic = node.resolve_topic_name(topic)
        self._what = what
        self._timeout_s = timeout_s
        self._heard_at = time.monotonic()
        self._ever = False
        self._reported = False
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(_CHECK_PERIOD_S, guarded(self._check, errors), clock=steady)

    @property
    def silent(self) -> bool:
        """Whether nothing came for longer than the timeout."""
        return self.silent_for() > self._timeout_s()

    def silent_for(self) -> float:
        """Seconds since the last message, or since the start."""
        return time.monotonic() - self._heard_at

    def heard(self) -> None:
        """Note that a message came."""
        if self._reported:
            self._reported = False
            self._node.get_logger().info(
                f"{self._what.capitalize()} on {self._topic} again after {self.silent_for():.1f} s."
            )
        self._heard_at = time.monotonic()
        self._ever = True

    def sentence(self) -> str:
        """Say what is missing since when."""
        publishers = self._node.count_publishers(self._topic)
        advice = ""
        if publishers == 0:
            advice = (
                "; start the camera or remap the topic" if self._what == "image" else "; start it or remap the topic"
            )
        return (
            f"No {self._what} on {self._topic} for {self.silent_for():.0f} s; it has {publishers} "
            f"publisher{'' if publishers == 1 else 's'}{advice}."
        )

    def close(self) -> None:
        """Stop watching."""
        self._node.destroy_timer(self._timer)

    def _check(self) -> None:
        if self.silent and not self._reported:
            self._reported = True
            self._node.get_logger().warning(self.sentence())
