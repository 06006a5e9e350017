# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a bag says about a topic, and the names of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime

IMAGE: Final = "sensor_msgs/msg/Image"
COMPRESSED_IMAGE: Final = "sensor_msgs/msg/CompressedImage"
CAMERA_INFO: Final = "sensor_msgs/msg/CameraInfo"
HAND_OBSERVATION: Final = "ghtt_ros/msg/HandObservation"
REFINED_HANDS: Final = "ghtt_ros/msg/RefinedHands"
ACTION_RECOGNITION: Final = "ghtt_ros/msg/ActionRecognition"
PREDICTED_MOTION: Final = "ghtt_ros/msg/PredictedMotion"
MOTION_ENVELOPE: Final = "ghtt_ros/msg/MotionEnvelope"
SKELETON_LAYOUT: Final = "ghtt_ros/msg/SkeletonLayout"

TRUE_HANDS: Final = "/ghtt/ground_truth/hands"
"""Topic of the true hands, as RefinedHands."""
TRUE_ACTION: Final = "/ghtt/ground_truth/action"
"""Topic of the true action, as ActionRecognition: one message where an action begins, an empty label where none is."""

_FOREVER: Final = QosTime(2147483647, 4294967295)
_UNSET: Final = QosTime(0, 0)


@dataclass(frozen=True)
class QosOffer:
    """How a topic was offered by its publisher.

    Attributes:
        reliable: Reliable, or best effort.
        transient_local: Whether late subscribers get the last messages.
        depth: Messages kept.
        keep_all: Whether all are kept, whatever the depth.
        deadline_ns: Promised longest time between messages; 0 for none.
        lifespan_ns: Age from which on messages are dropped; 0 for none.
    """

    reliable: bool = True
    transient_local: bool = False
    depth: int = 10
    keep_all: bool = False
    deadline_ns: int = 0
    lifespan_ns: int = 0


@dataclass(frozen=True)
class BagTopic:
    """A topic of a bag.

    Attributes:
        name: With its leading slash.
        typename: Such as ``sensor_msgs/msg/Image``.
        count: Messages.
        offers: How it was published; empty where the bag does not say.
        definition: Text of the message definition in the bag, empty where it has none or in another language.
    """

    name: str
    typename: str
    count: int = 0
    offers: tuple[QosOffer, ...] = ()
    definition: str = ""


def to_rosbags(offer: QosOffer) -> Qos:
    """Say it in the words of rosbags."""
    return Qos(
        QosHistory.KEEP_ALL if offer.keep_all else QosHistory.KEEP_LAST,
        offer.depth,
        QosReliability.RELIABLE if offer.reliable else QosReliability.BEST_EFFORT,
        QosDurability.TRANSIENT_LOCAL if offer.transient_local else QosDurability.VOLATILE,
        _time(offer.deadline_ns),
        _time(offer.lifespan_ns),
        QosLiveliness.AUTOMATIC,
        _FOREVER,
        False,
    )


def from_rosbags(qos: Qos) -> QosOffer:
    """Read it from the words of rosbags; what is unknown becomes the default of ROS 2."""
    return QosOffer(
        reliable=qos.reliability != QosReliability.BEST_EFFORT,
        transient_local=qos.durability == QosDurability.TRANSIENT_LOCAL,
        depth=max(1, min(int(qos.depth), 10_000)) if qos.history != QosHistory.KEEP_ALL else 10,
        keep_all=qos.history == QosHistory.KEEP_ALL,
        deadline_ns=_nanoseconds(qos.deadline),
        lifespan_ns=_nanoseconds(qos.lifespan),
    )


def _time(nanoseconds: int) -> QosTime:
    return QosTime(*divmod(nanoseconds, 1_000_000_000)) if nanoseconds else _FOREVER


def _nanoseconds(time: QosTime) -> int:
    """Anything from a century on is how some middleware says that there is no limit."""
    if time == _UNSET or int(time.sec) >= 2_147_483_647 or int(time.sec) < 0:
        return 0
    total = int(time.sec) * 1_000_000_000 + int(time.nsec)
    return total if total < 3_000_000_000 * 1_000_000_000 else 0
