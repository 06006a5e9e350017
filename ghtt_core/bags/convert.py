# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From what the pipeline says to our messages, and back; for rclpy's messages and for those of bags alike.

Every function sets every field, so a message can be used again. Arrays are copied at once, never number by number:
a full forecast takes about a millisecond. Nothing here needs torch, except `palm_poses`, which asks for it when called.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.bags.fields import numbers, put, put_header, put_time, time_ns
from ghtt_core.errors import InputError
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import HAND_NAMES, JOINT_NAMES, NUM_HANDS, NUM_JOINTS, PARENTS
from ghtt_core.streaming.status import Status
from ghtt_core.streaming.update import ActionEstimate

STATUS_CODES: Final = {
    Status.OK: 0,
    Status.WARMING_UP: 1,
    Status.STALE_INPUT: 2,
    Status.HANDS_LOST: 3,
    Status.OUT_OF_DISTRIBUTION: 4,
    Status.NO_TRANSFORM: 5,
}
"""The constants of all our messages."""
STATUSES: Final = {code: status for status, code in STATUS_CODES.items()}
_FAR_METRES: Final = 1e6
"""Beyond this a float32 no longer tells fingers apart; such a hand is not there."""


def fill_hand_observation(message: Any, frame: HandFrame, object_encoder: str = "") -> None:
    """Fill a ghtt_ros/HandObservation.

    Args:
        message: To fill.
        frame: What an estimator saw.
        object_encoder: What made the frame's object feature.
    """
    valid = np.asarray(frame.valid, bool)
    confidence = _confidence(frame.confidence, valid)
    put_header(message.header, frame.stamp_ns, frame.frame_id)
    put(message, "valid", valid)
    put(message, "score", confidence.mean(1))
    put(message, "joints", _masked(frame.joints, valid))
    put(message, "confidence", confidence)
    feature = frame.object_feature
    put(message, "object_feature", np.empty(0, np.float32) if feature is None else feature)
    message.object_encoder = "" if feature is None else object_encoder


def read_hand_frame(message: Any) -> HandFrame:
    """Read a HandObservation or a RefinedHands; what cannot be a hand is masked, so that nothing raises later.

    Raises:
        InputError: If an array has the wrong length (only possible for a message that was put together by hand).
    """
    joints = numbers(message, "joints", NUM_HANDS, NUM_JOINTS, 3)
    with np.errstate(invalid="ignore"):
        usable = (np.abs(joints) < _FAR_METRES).all((1, 2))  # False for NaN too
    valid = np.array(message.valid, bool).reshape(-1)[:NUM_HANDS] & usable
    confidence = np.nan_to_num(numbers(message, "confidence", NUM_HANDS, NUM_JOINTS), posinf=0.0, neginf=0.0)
    feature: NDArray[np.float32] | None = None
    if len(getattr(message, "object_feature", ())):
        feature = numbers(message, "object_feature", -1)
        feature = feature if np.isfinite(feature).all() else None
    return HandFrame(
        stamp_ns=time_ns(message.header.stamp),
        joints=_masked(joints, valid),
        valid=valid,
        confidence=_confidence(confidence, valid),
        object_feature=feature,
        frame_id=message.header.frame_id,
    )


def fill_refined_hands(
    message: Any,
    frame: HandFrame,
    *,
    status: Status,
    model_id: str,
    latency_s: float = 0.0,
    standard_deviation: NDArray[np.floating] | None = None,
    wrists: tuple[NDArray[np.floating], NDArray[np.floating]] | None = None,
) -> None:
    """Fill a ghtt_ros/RefinedHands.

    Args:
        message: To fill.
        frame: One of an update's refined frames; its ``frame_id`` is that of all positions.
        status: What may be believed.
        model_id: Checkpoint that refined it.
        latency_s: From the frame's stamp to publication.
        standard_deviation: (2, 21) metres per joint, or None where unknown.
        wrists: Positions (2, 3) and orientations (2, 4) as x y z w, of `palm_poses`; without them the positions are
            those of the wrist joints and the orientations say nothing (identity).
    """
    valid = np.asarray(frame.valid, bool)
    joints = _masked(frame.joints, valid)
    put_header(message.header, frame.stamp_ns, frame.frame_id)
    message.status = STATUS_CODES[status]
    put(message, "valid", valid)
    put(message, "joints", joints)
    put(message, "confidence", _confidence(frame.confidence, valid))
    deviation = np.zeros((NUM_HANDS, NUM_JOINTS)) if standard_deviation is None else standard_deviation
    put(message, "standard_deviation", np.where(valid[:, None], deviation, 0.0))
    positions, orientations = wrists if wrists is not None else (joints[:, 0], np.tile(_IDENTITY, (NUM_HANDS, 1)))
    for hand, pose in enumerate(message.wrist):
        there = bool(valid[hand])
        place = positions[hand].tolist() if there else (0.0, 0.0, 0.0)
        turn = orientations[hand].tolist() if there else _IDENTITY
        pose.position.x, pose.position.y, pose.position.z = place
        pose.orientation.x, pose.orientation.y, pose.orientation.z, pose.orientation.w = turn
    message.model_id = model_id
    message.latency = float(latency_s)


def palm_poses(frame: HandFrame, template: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the pose of each hand's canonical palm frame in the frame of the joints.

    Args:
        frame: Hands.
        template: (2, 5, 3) tensor, palms of the checkpoint.

    Returns:
        Positions (2, 3) in metres and orientations (2, 4) as x y z w; origin and identity for hands that are not there.
    """
    import torch
    from transforms3d.quaternions import mat2quat

    from ghtt_core.hands.canonical import camera_to_local

    positions, orientations = np.zeros((NUM_HANDS, 3)), np.tile(np.array(_IDENTITY), (NUM_HANDS, 1))
    valid = np.asarray(frame.valid, bool)
    if not valid.any():
        return positions, orientations
    maps = camera_to_local(torch.from_numpy(_masked(frame.joints, valid)).double(), template.cpu().double())
    # Points are rows there: local = camera @ R + t, so R itself turns local columns into the camera's frame.
    rotations = maps.rotation.numpy()
    for hand in np.flatnonzero(valid):
        positions[hand] = frame.joints[hand, 0]
        orientations[hand] = np.roll(mat2quat(rotations[hand]), -1)
    return positions, orientations


def fill_action(
    message: Any,
    action: ActionEstimate | None,
    *,
    stamp_ns: int,
    frame_id: str,
    status: Status,
    labels: Sequence[str],
    taxonomy_id: str = "",
    model_id: str = "",
    latency_s: float = 0.0,
) -> None:
    """Fill a ghtt_ros/ActionRecognition.

    Args:
        message: To fill.
        action: What was recognised, or None to say that nothing is.
        stamp_ns: Acquisition time of the newest input used; the action's own counts where there is one.
        frame_id: The camera's frame.
        status: What may be believed.
        labels: All labels of the model.
        taxonomy_id: Of `taxonomy_id`.
        model_id: Checkpoint that recognised it.
        latency_s: From the stamp to publication.
    """
    stamp_ns = stamp_ns if action is None else action.stamp_ns
    top = () if action is None else action.top
    put_header(message.header, stamp_ns, frame_id)
    message.status = STATUS_CODES[status]
    message.label = "" if action is None else action.label
    message.label_id = -1 if action is None else action.index
    message.top_labels = [label for label, _ in top]
    put(message, "top_ids", np.array([labels.index(label) for label, _ in top], np.int32))
    put(message, "top_probabilities", np.array([probability for _, probability in top], np.float32))
    message.entropy = 1.0 if action is None else float(action.entropy)
    put_time(message.segment_start, stamp_ns if action is None else action.segment_start_ns)
    message.taxonomy_id = taxonomy_id
    message.model_id = model_id
    message.latency = float(latency_s)


def read_action(message: Any) -> tuple[int, str, tuple[tuple[str, float], ...]]:
    """Read an ActionRecognition: stamp in nanoseconds, label (empty: none), and the best labels with probabilities.

    Raises:
        InputError: If labels and probabilities do not fit each other.
    """
    shares = [float(share) for share in message.top_probabilities]
    if len(shares) != len(message.top_labels):
        raise InputError(f"An ActionRecognition has {len(message.top_labels)} labels but {len(shares)} probabilities.")
    return time_ns(message.header.stamp), str(message.label), tuple(zip(message.top_labels, shares, strict=True))


def taxonomy_id(name: str, labels: Sequence[str]) -> str:
    """Name a set of labels with the start of its hash, such as ``ghtt-small:1a2b3c4d``; empty without labels."""
    import hashlib

    if not labels:
        return ""
    return f"{name}:{hashlib.sha256(chr(10).join(labels).encode()).hexdigest()[:8]}"


def fill_skeleton_layout(message: Any, stamp_ns: int) -> None:
    """Fill a ghtt_ros/SkeletonLayout.

    Args:
        message: To fill.
        stamp_ns: When the node was activated.
    """
    put_header(message.header, stamp_ns, "")
    message.hand_names = list(HAND_NAMES)
    message.joint_names = list(JOINT_NAMES)
    put(message, "parents", np.array(PARENTS, np.int8))


_IDENTITY: Final = (0.0, 0.0, 0.0, 1.0)


def _masked(joints: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    masked: NDArray[np.float32] = np.where(valid[:, None, None], joints, 0.0).astype(np.float32)
    return masked


def _confidence(confidence: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    clipped: NDArray[np.float32] = np.where(valid[:, None], np.clip(confidence, 0, 1), 0.0).astype(np.float32)
    return clipped
