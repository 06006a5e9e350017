# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.qos: how messages of a topic are delivered."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Any

from ghtt_ros.embedded.duration import Duration


class InvalidQoSProfileException(Exception):
    """A profile lacks what its history needs."""

    def __init__(self, *args: object) -> None:
        """Say what is missing."""
        Exception.__init__(self, "Invalid QoSProfile", *args)


class QoSPolicyKind(IntEnum):
    """Names a policy in an event about incompatible profiles."""

    INVALID = 1 << 0
    DURABILITY = 1 << 1
    DEADLINE = 1 << 2
    LIVELINESS = 1 << 3
    RELIABILITY = 1 << 4
    HISTORY = 1 << 5
    LIFESPAN = 1 << 6
    DEPTH = 1 << 7
    LIVELINESS_LEASE_DURATION = 1 << 8
    AVOID_ROS_NAMESPACE_CONVENTIONS = 1 << 9


def qos_policy_name_from_kind(policy_kind: int) -> str:
    """The name of a policy as log lines have it, e.g. RELIABILITY."""
    return QoSPolicyKind(policy_kind).name


class _Policy(IntEnum):
    @property
    def short_key(self) -> str:
        """The name as command lines have it, e.g. best_effort."""
        return self.name.lower()

    @classmethod
    def short_keys(cls) -> list[str]:
        """All names."""
        return [member.short_key for member in cls]

    @classmethod
    def get_from_short_key(cls, name: str) -> _Policy:
        """The value with a name."""
        return cls[name.upper()]


class HistoryPolicy(_Policy):
    """How many messages are kept for a reader that is slow or late."""

    SYSTEM_DEFAULT = 0
    KEEP_LAST = 1
    KEEP_ALL = 2
    UNKNOWN = 3


class ReliabilityPolicy(_Policy):
    """Whether lost messages are sent again."""

    SYSTEM_DEFAULT = 0
    RELIABLE = 1
    BEST_EFFORT = 2
    UNKNOWN = 3
    BEST_AVAILABLE = 4


class DurabilityPolicy(_Policy):
    """Whether a reader that comes late gets earlier messages."""

    SYSTEM_DEFAULT = 0
    TRANSIENT_LOCAL = 1
    VOLATILE = 2
    UNKNOWN = 3
    BEST_AVAILABLE = 4


class LivelinessPolicy(_Policy):
    """How a writer shows that it is alive."""

    SYSTEM_DEFAULT = 0
    AUTOMATIC = 1
    MANUAL_BY_TOPIC = 3
    UNKNOWN = 4
    BEST_AVAILABLE = 5


class QoSProfile:
    """All policies of a publisher or subscription; a duration of zero means that there is no limit."""

    __slots__ = (
        "avoid_ros_namespace_conventions",
        "deadline",
        "depth",
        "durability",
        "history",
        "lifespan",
        "liveliness",
        "liveliness_lease_duration",
        "reliability",
    )

    def __init__(
        self,
        *,
        history: HistoryPolicy | None = None,
        depth: int | None = None,
        reliability: ReliabilityPolicy = ReliabilityPolicy.RELIABLE,
        durability: DurabilityPolicy = DurabilityPolicy.VOLATILE,
        lifespan: Duration | None = None,
        deadline: Duration | None = None,
        liveliness: LivelinessPolicy = LivelinessPolicy.SYSTEM_DEFAULT,
        liveliness_lease_duration: Duration | None = None,
        avoid_ros_namespace_conventions: bool = False,
    ) -> None:
        """Take the given policies, and the defaults of ROS 2 for all others.

        Raises:
            InvalidQoSProfileException: Neither a history nor a depth is given, or the history lacks its depth.
            ValueError: The depth is negative.
        """
        if history is None:
            if depth is None:
                raise InvalidQoSProfileException("History and/or depth settings are required.")
            history = HistoryPolicy.KEEP_LAST
        if history == HistoryPolicy.KEEP_LAST and depth is None:
            raise InvalidQoSProfileException("History set to KEEP_LAST without a depth setting.")
        if depth is not None and (not isinstance(depth, int) or depth < 0):
            raise ValueError("Depth must be greater than or equal to zero")
        self.history = HistoryPolicy(history)
        self.depth = depth or 0
        self.reliability = ReliabilityPolicy(reliability)
        self.durability = DurabilityPolicy(durability)
        self.lifespan = lifespan or Duration()
        self.deadline = deadline or Duration()
        self.liveliness = LivelinessPolicy(liveliness)
        self.liveliness_lease_duration = liveliness_lease_duration or Duration()
        self.avoid_ros_namespace_conventions = avoid_ros_namespace_conventions

    def __eq__(self, other: object) -> bool:
        """Whether both are the same."""
        if not isinstance(other, QoSProfile):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]  # policies can change, as in rclpy

    def __repr__(self) -> str:
        """Show what it holds."""
        return f"QoSProfile({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"

    def __str__(self) -> str:
        """Show it for people."""

        def show(value: Any) -> Any:
            return value.name if isinstance(value, IntEnum) else value

        return f"QoSProfile({', '.join(f'{name}={show(getattr(self, name))}' for name in self.__slots__)})"


def as_profile(qos: QoSProfile | int) -> QoSProfile:
    """A profile from what create_publisher and create_subscription take: a profile, or a depth."""
    if isinstance(qos, QoSProfile):
        return qos
    if isinstance(qos, int):
        if qos < 0:
            raise ValueError("History depth must be greater than or equal to zero")
        return QoSProfile(depth=qos)
    raise TypeError("Expected QoSProfile or int as qos")


def _profile(depth: int = 10, **policies: Any) -> QoSProfile:
    return QoSProfile(depth=depth, **policies)


qos_profile_default = _profile(10)
qos_profile_sensor_data = _profile(5, reliability=ReliabilityPolicy.BEST_EFFORT)
qos_profile_services_default = _profile(10)
qos_profile_parameters = _profile(1000)
qos_profile_parameter_events = _profile(1000)
qos_profile_system_default = QoSProfile(
    history=HistoryPolicy.SYSTEM_DEFAULT,
    depth=0,
    reliability=ReliabilityPolicy.SYSTEM_DEFAULT,
    durability=DurabilityPolicy.SYSTEM_DEFAULT,
)
qos_profile_unknown = QoSProfile(
    history=HistoryPolicy.UNKNOWN,
    depth=0,
    reliability=ReliabilityPolicy.UNKNOWN,
    durability=DurabilityPolicy.UNKNOWN,
    liveliness=LivelinessPolicy.UNKNOWN,
)
qos_profile_best_available = _profile(
    10,
    reliability=ReliabilityPolicy.BEST_AVAILABLE,
    durability=DurabilityPolicy.BEST_AVAILABLE,
    liveliness=LivelinessPolicy.BEST_AVAILABLE,
)


class QoSPresetProfiles(Enum):
    """The profiles that have names."""

    UNKNOWN = qos_profile_unknown
    DEFAULT = qos_profile_default
    SYSTEM_DEFAULT = qos_profile_system_default
    SENSOR_DATA = qos_profile_sensor_data
    SERVICES_DEFAULT = qos_profile_services_default
    PARAMETERS = qos_profile_parameters
    PARAMETER_EVENTS = qos_profile_parameter_events
    BEST_AVAILABLE = qos_profile_best_available

    @classmethod
    def short_keys(cls) -> list[str]:
        """All names."""
        return [name.lower() for name in cls.__members__]

    @classmethod
    def get_from_short_key(cls, name: str) -> QoSProfile:
        """The profile with a name, e.g. sensor_data."""
        return cls[name.upper()].value
