# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Quality of service of ROS 2 as that of DDS, and back."""

from __future__ import annotations

from typing import Any, Literal

from cyclonedds.internal import dds_infinity
from cyclonedds.qos import Policy, Qos

from ghtt_ros.embedded.duration import Duration
from ghtt_ros.embedded.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSPolicyKind,
    QoSProfile,
    ReliabilityPolicy,
)

MAX_BLOCKING_NS = 100_000_000
"""How long `publish` waits for a reader that cannot keep up. It cannot wait for ever: it holds the interpreter."""

_POLICY_KINDS = {
    2: QoSPolicyKind.DURABILITY,
    4: QoSPolicyKind.DEADLINE,
    8: QoSPolicyKind.LIVELINESS,
    11: QoSPolicyKind.RELIABILITY,
    13: QoSPolicyKind.HISTORY,
    21: QoSPolicyKind.LIFESPAN,
}


def to_dds(profile: QoSProfile, endpoint: Literal["reader", "writer"], user_data: bytes) -> Qos:
    """The policies of a DDS reader or writer.

    Args:
        profile: The ROS profile.
        endpoint: Which of the two.
        user_data: What the endpoint tells others about itself, such as its type hash.

    Raises:
        NotImplementedError: The profile asks for what only an installation of ROS 2 offers.
    """
    _refuse_unknown(profile)
    depth = max(profile.depth, 1)
    history = Policy.History.KeepAll if profile.history == HistoryPolicy.KEEP_ALL else Policy.History.KeepLast(depth)
    transient = profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
    policies: list[Any] = [
        Policy.Reliability.BestEffort
        if profile.reliability == ReliabilityPolicy.BEST_EFFORT
        else Policy.Reliability.Reliable(MAX_BLOCKING_NS),
        Policy.Durability.TransientLocal if transient else Policy.Durability.Volatile,
        history,
        Policy.DataRepresentation(use_cdrv0_representation=True),
        Policy.Deadline(_or_infinite(profile.deadline)),
        _liveliness(profile),
        Policy.Userdata(user_data),
    ]
    if endpoint == "writer":
        policies.append(Policy.WriterDataLifecycle(autodispose=False))
        policies.append(Policy.Lifespan(_or_infinite(profile.lifespan)))
        if transient:
            # Without it a late reader gets one message instead of `depth`.
            policies.append(Policy.DurabilityService(0, history, -1, -1, -1))
    return Qos(*policies)


def from_dds(qos: Qos) -> QoSProfile:
    """The ROS profile of some endpoint; as on the wire, without history and depth."""
    reliability = qos[Policy.Reliability]
    liveliness = qos[Policy.Liveliness]
    manual = isinstance(liveliness, Policy.Liveliness.ManualByTopic)
    transient = qos[Policy.Durability] in (Policy.Durability.TransientLocal, Policy.Durability.Transient)
    lifespan, deadline = qos[Policy.Lifespan], qos[Policy.Deadline]
    return QoSProfile(
        history=HistoryPolicy.UNKNOWN,
        reliability=ReliabilityPolicy.RELIABLE
        if isinstance(reliability, Policy.Reliability.Reliable)
        else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if transient else DurabilityPolicy.VOLATILE,
        lifespan=_duration(lifespan.lifespan if lifespan else dds_infinity),
        deadline=_duration(deadline.deadline if deadline else dds_infinity),
        liveliness=LivelinessPolicy.MANUAL_BY_TOPIC if manual else LivelinessPolicy.AUTOMATIC,
        liveliness_lease_duration=_duration(liveliness.lease_duration if liveliness else dds_infinity),
    )


def policy_kind(dds_policy_id: int) -> QoSPolicyKind:
    """What ROS calls the policy that made two endpoints incompatible."""
    return _POLICY_KINDS.get(dds_policy_id, QoSPolicyKind.INVALID)


def _refuse_unknown(profile: QoSProfile) -> None:
    for name in ("reliability", "durability", "liveliness", "history"):
        value = getattr(profile, name)
        if value.name in ("BEST_AVAILABLE", "UNKNOWN"):
            raise NotImplementedError(f"the {name} policy {value.name} without an installation of ROS 2")
    if profile.avoid_ros_namespace_conventions:
        raise NotImplementedError("avoid_ros_namespace_conventions without an installation of ROS 2")


def _liveliness(profile: QoSProfile) -> Any:
    lease = _or_infinite(profile.liveliness_lease_duration)
    if profile.liveliness == LivelinessPolicy.MANUAL_BY_TOPIC:
        return Policy.Liveliness.ManualByTopic(lease)
    return Policy.Liveliness.Automatic(lease)


def _or_infinite(duration: Duration) -> int:
    return duration.nanoseconds or dds_infinity


def _duration(nanoseconds: int) -> Duration:
    return Duration(nanoseconds=min(nanoseconds, dds_infinity))
