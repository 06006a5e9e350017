# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The seam between cameras and everything else: one frame in, two hands in metres out."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.hands.frame import HandFrame


class HandEstimator(Protocol):
    """What an estimator F has to offer; a new one is one file and one line in the registry.

    An estimator may keep state between frames (tracking, smoothing). Equal frames with equal stamps give equal output.
    """

    @property
    def name(self) -> str:
        """Short name for reports, for example `mediapipe`."""

    def estimate(
        self,
        image_bgr: NDArray[np.uint8],
        camera: PinholeCamera,
        stamp_ns: int,
        depth: NDArray[Any] | None = None,
    ) -> HandFrame:
        """Find the hands in one frame.

        Args:
            image_bgr: (H, W, 3) uint8.
            camera: Intrinsics for exactly this image size.
            stamp_ns: Acquisition time; a step backwards starts a new recording.
            depth: (H, W) depth aligned with the image, float metres or integer millimetres, 0 or NaN where unknown.

        Returns:
            Joints in metres in the camera's frame; hands that were not seen are masked.

        Raises:
            InputError: If the image or the depth has the wrong shape or type.
        """

    def reset(self) -> None:
        """Forget all earlier frames."""

    def close(self) -> None:
        """Free what the estimator holds; it is not used afterwards."""
