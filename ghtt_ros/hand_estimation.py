# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From a picture message to the hands in it: decoding, intrinsics, depth and the estimator, in the worker's thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.bags.images import IMAGE_ENCODINGS, decode_depth, decode_image
from ghtt_core.errors import InputError
from ghtt_core.estimators.base import HandEstimator
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.hands.frame import HandFrame
from ghtt_ros.node_support.callbacks import ErrorLog
from ghtt_ros.node_support.camera_info import CameraInfoFollower
from ghtt_ros.node_support.diagnostics import StageTimes

_WARM_UP_SIZE: Final = (480, 640)


@dataclass(frozen=True)
class Picture:
    """What the worker is handed.

    Attributes:
        message: sensor_msgs/Image or CompressedImage.
        depth: sensor_msgs/Image of the depth, or None.
        stamp_ns: Acquisition time of the picture.
        era: Another number than before where time started over.
    """

    message: Any
    depth: Any
    stamp_ns: int
    era: int


class HandEstimation:
    """Turns pictures into hand frames and remembers how that went."""

    def __init__(self, estimator: HandEstimator, cameras: CameraInfoFollower, errors: ErrorLog) -> None:
        """Take over an estimator.

        Args:
            estimator: Closed with this object.
            cameras: Gives the intrinsics.
            errors: The node's log.
        """
        self._estimator = estimator
        self._cameras = cameras
        self._errors = errors
        self._era = -1
        self.times = StageTimes()
        self.size: tuple[int, int] | None = None
        self.encoding = ""
        self.undecodable = 0
        self.no_camera = 0
        self.bad_depth = 0
        self.resets = 0
        self.in_a_row_undecodable = 0
        self.hands = (False, False)

    @property
    def name(self) -> str:
        """Name of the estimator."""
        return self._estimator.name

    def warm_up(self) -> None:
        """Look at a black picture, so that the first real one is as fast as the others."""
        height, width = _WARM_UP_SIZE
        camera = PinholeCamera(500.0, 500.0, (width - 1) / 2, (height - 1) / 2, width, height)
        self._estimator.estimate(np.zeros((height, width, 3), np.uint8), camera, 0)
        self._estimator.reset()

    def find_hands(self, picture: Picture) -> HandFrame | None:
        """Return the hands in a picture, or None where its intrinsics are not known.

        Raises:
            InputError: If the picture cannot be decoded or does not fit its intrinsics.
        """
        with self.times.measure("decode"):
            image = self._decoded(picture.message)
        height, width = image.shape[:2]
        camera = self._cameras.camera_for(width, height)
        if camera is None:
            self.no_camera += 1
            self._errors.warn(self._cameras.note, key="no camera_info")
            return None
        self._follow(picture.era, (width, height))
        depth = self._depth(picture.depth, (height, width))
        with self.times.measure("estimate"):
            frame = self._estimator.estimate(image, camera, picture.stamp_ns, depth)
        self.hands = (bool(frame.valid[0]), bool(frame.valid[1]))
        return _publishable(frame)

    def close(self) -> None:
        """Free the estimator."""
        self._estimator.close()

    def _decoded(self, message: Any) -> NDArray[np.uint8]:
        try:
            image = _to_bgr(message)
        except InputError:
            self.undecodable += 1
            self.in_a_row_undecodable += 1
            raise
        self.in_a_row_undecodable = 0
        self.encoding = str(getattr(message, "encoding", "")) or str(message.format)
        return image

    def _follow(self, era: int, size: tuple[int, int]) -> None:
        """Start the estimator anew where time started over or the pictures became others."""
        before = (self._era, self.size)
        self._era, self.size = era, size
        if before != (era, size) and before[1] is not None:
            self._estimator.reset()
            self.resets += 1

    def _depth(self, message: Any, shape: tuple[int, int]) -> NDArray[Any] | None:
        """Decode a depth picture; one that cannot be used costs the distances from it, not the hands."""
        if message is None:
            return None
        try:
            depth = decode_depth(message)
            if depth.shape != shape:
                raise InputError(
                    f"The depth is {depth.shape[1]}x{depth.shape[0]} but the picture {shape[1]}x{shape[0]}; "
                    "use the depth topic that is aligned with the picture."
                )
        except InputError as error:
            self.bad_depth += 1
            self._errors.warn(str(error))
            return None
        return depth


def _to_bgr(message: Any) -> NDArray[np.uint8]:
    """Decode a picture; encodings that are not ours are left to cv_bridge, where there is one.

    Raises:
        InputError: If nobody can decode it.
    """
    encoding = getattr(message, "encoding", None)
    if encoding is None or encoding in IMAGE_ENCODINGS:
        return decode_image(message)
    try:
        from cv_bridge import CvBridge

        return np.asarray(CvBridge().imgmsg_to_cv2(message, "bgr8"), np.uint8)
    except Exception:
        # Without cv_bridge, or where it knows no better: our own sentence says what can be read.
        return decode_image(message)


def _publishable(frame: HandFrame) -> HandFrame:
    """Let no NaN out, whatever an estimator thinks of its own confidence."""
    feature = frame.object_feature
    if feature is not None and not np.isfinite(feature).all():
        feature = None
    confidence = np.nan_to_num(frame.confidence, nan=0.0, posinf=1.0, neginf=0.0)
    return replace(frame, confidence=confidence, object_feature=feature)
