# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""QoS between what bags say and what rclpy takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from ghtt_core.bags.topics import QosOffer

_RECORD_DEPTH = 200
"""Messages that may wait while the disk is slow."""
_LONGEST_NS = 10**18
"""A longer time, thirty years, is a middleware's way to say for ever."""


def publish_profile(offers: Sequence[QosOffer]) -> QoSProfile:
    """Offer a topic as it was recorded; where its publishers differed, in a way that every subscriber can take."""
    if not offers:
        return QoSProfile(depth=10)
    first = offers[0]
    same = all(offer == first for offer in offers)
    latched = all(offer.transient_local for offer in offers)
    profile = QoSProfile(
        depth=max(offer.depth for offer in offers),
        history=HistoryPolicy.KEEP_ALL if first.keep_all and same else HistoryPolicy.KEEP_LAST,
        reliability=ReliabilityPolicy.RELIABLE if first.reliable or not same else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )
    # A deadline is a promise about time that passes at another speed here; a lifespan only drops what is old.
    if same and first.lifespan_ns:
        profile.lifespan = Duration(nanoseconds=first.lifespan_ns)
    return profile


def record_profile(endpoints: Sequence[Any]) -> QoSProfile:
    """Ask for no more than any of a topic's publishers offers, so that all are heard."""
    offered = [endpoint.qos_profile for endpoint in endpoints]
    reliable = all(profile.reliability == ReliabilityPolicy.RELIABLE for profile in offered)
    latched = all(profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for profile in offered)
    return QoSProfile(
        depth=_RECORD_DEPTH,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def offers_of(endpoints: Sequence[Any]) -> tuple[QosOffer, ...]:
    """What a bag is to say about a topic's publishers. The middleware does not tell the depth of others' queues."""
    return tuple(
        QosOffer(
            reliable=endpoint.qos_profile.reliability == ReliabilityPolicy.RELIABLE,
            transient_local=endpoint.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL,
            depth=max(1, int(endpoint.qos_profile.depth)) if endpoint.qos_profile.depth else 10,
            deadline_ns=_limited(endpoint.qos_profile.deadline),
            lifespan_ns=_limited(endpoint.qos_profile.lifespan),
        )
        for endpoint in endpoints
    )


def _limited(duration: Any) -> int:
    nanoseconds = int(duration.nanoseconds)
    return nanoseconds if 0 < nanoseconds < _LONGEST_NS else 0
