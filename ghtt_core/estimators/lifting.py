# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From image landmarks to metres: weak perspective with a known palm size, or the depth a sensor measured."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.errors import InputError
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.estimators.depth_filter import DepthFilter
from ghtt_core.estimators.palm import ADULT_PALM_M, apparent_palm_size
from ghtt_core.hands.layout import NUM_JOINTS, PALM_JOINTS

RELATIVE_DEPTH_GAIN: Final = 1.2
"""MediaPipe's relative depth is too flat: against two-view triangulation its slope is 0.8 to 0.9."""
LEAST_DEPTH_JOINTS: Final = 3
"""Palm joints that need a depth reading before the sensor is believed."""


class HandLift:
    """Lifts the landmarks of one hand, frame after frame.

    The distance comes from the apparent size of the palm, smoothed causally; each joint then lies on its own pixel's
    ray, so the result projects onto the image landmarks exactly.
    """

    def __init__(self, palm_size_m: float = ADULT_PALM_M, window_s: float = 0.27) -> None:
        """Start with no history.

        Args:
            palm_size_m: The user's mean wrist-to-MCP distance; all distances scale with it.
            window_s: Window of the distance filter; 0 turns it off.

        Raises:
            InputError: If the palm size is not one of a human hand.
        """
        if not 0.03 <= palm_size_m <= 0.2:
            raise InputError(f"A palm size of {palm_size_m} m is not a human hand's; adults have about 0.09 m.")
        self._palm_size_m = palm_size_m
        self._filter = DepthFilter(window_s)
        self._corrections: deque[float] = deque(maxlen=30)

    def lift(
        self,
        landmarks: NDArray[np.float64],
        camera: PinholeCamera,
        stamp_ns: int,
        depth: NDArray[Any] | None = None,
    ) -> NDArray[np.float32]:
        """Place one hand in the camera's frame.

        Args:
            landmarks: (21, 3) pixels right, pixels down, relative depth in pixels.
            camera: Intrinsics of this image.
            stamp_ns: Time of the frame, later than the one before.
            depth: (H, W) float metres or integer millimetres, aligned with the image; 0 or NaN where unknown.

        Returns:
            (21, 3) metres.
        """
        rays = np.concatenate([camera.unproject(landmarks[:, :2]), np.ones((NUM_JOINTS, 1))], axis=1)
        relative = landmarks[:, 2] * (RELATIVE_DEPTH_GAIN * 2.0 / (camera.fx + camera.fy))
        relative = np.maximum(relative - relative[list(PALM_JOINTS)].mean(), -0.7)
        by_size = self._palm_size_m / max(_unit_palm(rays, relative), 1e-6)
        measured = None if depth is None else palm_depth(landmarks[:, :2], depth, by_size)
        if measured is None:
            # What the sensor taught about this hand's size stays true while its reading is missing.
            corrected = np.log(by_size) + (float(np.median(self._corrections)) if self._corrections else 0.0)
            distance = float(np.exp(self._filter.update(stamp_ns * 1e-9, corrected)))
        else:
            self._corrections.append(float(np.log(measured / by_size)))
            self._filter.update(stamp_ns * 1e-9, float(np.log(measured)))
            distance = measured
        return np.asarray(rays * (distance * (1.0 + relative))[:, None], np.float32)


def _unit_palm(rays: NDArray[np.float64], relative: NDArray[np.float64]) -> float:
    """Measure the palm of a hand whose palm centre is at depth 1.

    The palm is looked at from a camera turned towards it, because off the optical axis a plane image stretches it, and
    perspective within the hand is taken out with the relative depth. (Only the size is measured this way. Placing the
    joints along the turned axis too made them worse against triangulation: MediaPipe sees tilted hands too frontal.)

    Args:
        rays: (21, 3) directions with z = 1.
        relative: (21,) depth of the joints relative to the palm's, as a share of it.
    """
    centre = rays[list(PALM_JOINTS)].mean(axis=0)
    length = float(np.linalg.norm(centre))
    x, y, z = centre / length
    towards = np.array(
        [[1 - x * x / (1 + z), -x * y / (1 + z), -x], [-x * y / (1 + z), 1 - y * y / (1 + z), -y], [x, y, z]]
    )
    turned = rays @ towards.T
    along = relative / length
    unit = np.concatenate([turned[:, :2] / turned[:, 2:] * (1.0 + along)[:, None], along[:, None]], axis=1)
    return float(apparent_palm_size(unit)) * length


def palm_depth(pixels: NDArray[np.float64], depth: NDArray[Any], expected_m: float) -> float | None:
    """Read the distance of the palm from a depth image.

    Args:
        pixels: (21, 2) landmarks.
        depth: (H, W) float metres or integer millimetres; 0, NaN or infinite where unknown.
        expected_m: Distance by apparent size; readings beyond a factor of two from it belong to something else.

    Returns:
        Median over wrist and MCPs in metres, or None where too few are readable.
    """
    height, width = depth.shape
    x, y = np.rint(pixels[list(PALM_JOINTS)]).T
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    values = depth[y[inside].astype(int), x[inside].astype(int)]
    metres = values.astype(np.float64) * (1.0 if np.issubdtype(depth.dtype, np.floating) else 1e-3)
    metres = metres[np.isfinite(metres)]
    metres = metres[(metres > expected_m / 2) & (metres < expected_m * 2)]
    return float(np.median(metres)) if len(metres) >= LEAST_DEPTH_JOINTS else None


def check_depth(depth: NDArray[Any], height: int, width: int) -> None:
    """Refuse a depth image that is not aligned or not of a known kind.

    Args:
        depth: The depth image.
        height: Height of the colour image.
        width: Width of the colour image.

    Raises:
        InputError: If shape or type do not fit.
    """
    if depth.shape != (height, width):
        raise InputError(f"The depth image must be aligned, ({height}, {width}), got {depth.shape}.")
    if not (np.issubdtype(depth.dtype, np.floating) or np.issubdtype(depth.dtype, np.integer)):
        raise InputError(f"Depth must be float metres or integer millimetres, got {depth.dtype}.")
