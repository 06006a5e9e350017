# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The camera's intrinsics as they are now: they come late, change, are all zeros, or never come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, Literal

from ghtt_core.bags.camera_info import camera_from_message
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_ros.node_support.callbacks import ErrorLog

Policy = Literal["wait", "default"]
POLICIES: Final = ("wait", "default")


class CameraInfoFollower:
    """Turns CameraInfo messages into the camera of a picture; messages and pictures may come on different threads."""

    def __init__(self, topic: str, policy: Callable[[], tuple[str, float]], rectified: bool, errors: ErrorLog) -> None:
        """Start without intrinsics.

        Args:
            topic: Where they come from, for the log.
            policy: Asked each time: `wait` or `default`, and how many seconds `default` waits for the topic.
            rectified: Whether pictures are rectified: then the projection matrix counts, without distortion.
            errors: The node's log.
        """
        self._topic = topic
        self._policy = policy
        self._rectified = rectified
        self._errors = errors
        self._since = time.monotonic()
        self._key: tuple[Any, ...] = ()
        self._camera: PinholeCamera | None = None
        self._guess: PinholeCamera | None = None
        self._uncalibrated = False
        self.changes = 0
        self.note = ""

    def start_waiting(self) -> None:
        """Count the time without intrinsics from now."""
        self._since = time.monotonic()

    def take(self, message: Any) -> None:
        """Take a CameraInfo; one that cannot be used is reported, and the last good one stays.

        Raises:
            InputError: If its values are no camera's.
        """
        roi = message.roi
        key = (
            message.width, message.height, message.distortion_model, *message.k, *message.p, *message.d,
            message.binning_x, message.binning_y, roi.x_offset, roi.y_offset, roi.width, roi.height,
        )  # fmt: skip
        if key == self._key:
            return
        self._key = key
        camera = camera_from_message(message, rectified=self._rectified)
        if camera is None:
            self._uncalibrated = self._camera is None
            self._errors.warn(
                f"{self._topic} holds zeros: the camera is not calibrated. Calibrate it, or accept distances that are "
                "only roughly right with camera_info_policy:=default.",
                key="zero camera_info",
            )
            return
        self._uncalibrated = False
        self.changes += self._camera is not None
        self._camera = camera

    def camera_for(self, width: int, height: int) -> PinholeCamera | None:
        """Return the camera of a picture of this size, or None while there is none; `note` then says why.

        Raises:
            InputError: If the intrinsics are of pictures with another aspect ratio.
        """
        camera = self._camera
        if camera is not None:
            self.note = ""
            return camera.resized(width, height)
        policy, patience_s = self._policy()
        waited = time.monotonic() - self._since
        if policy == "default" and (self._uncalibrated or waited >= patience_s):
            if self._guess is None or (self._guess.width, self._guess.height) != (width, height):
                self._guess = PinholeCamera.default_for_width(width, height)
            self.note = f"No usable {self._topic}: distances are only roughly right."
            return self._guess
        why = (
            "holds zeros (camera not calibrated)"
            if self._uncalibrated
            else f"has sent nothing usable for {waited:.0f} s"
        )
        remedy = "" if policy == "default" else "; calibrate the camera, or set camera_info_policy:=default"
        self.note = f"Waiting for intrinsics: {self._topic} {why}{remedy}."
        return None

    def describe(self) -> str:
        """Name the intrinsics in use."""
        camera = self._camera or self._guess
        if camera is None:
            return "none"
        kind = "calibrated" if self._camera is not None else "guessed"
        return f"{kind} fx {camera.fx:.1f} fy {camera.fy:.1f} {camera.width}x{camera.height}"
