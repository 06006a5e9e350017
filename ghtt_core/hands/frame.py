# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The record that crosses the seam between hand estimators and everything after them (numpy only)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ghtt_core.errors import InputError
from ghtt_core.hands.layout import NUM_HANDS, NUM_JOINTS


@dataclass(frozen=True, eq=False)
class HandFrame:
    """Two hands at one instant, as an estimator saw them.

    Attributes:
        stamp_ns: Acquisition time in nanoseconds.
        joints: (2, 21, 3) float32, metres, camera frame (x right, y down, z forward); hand 0 is left.
            Zero where the hand is not valid; never read without ``valid``.
        valid: (2,) bool, whether each hand was seen.
        confidence: (2, 21) float32 in [0, 1].
        object_feature: (D,) float32 object embedding, or None where the estimator has none.
        frame_id: Name of the camera frame.
    """

    stamp_ns: int
    joints: NDArray[np.float32]
    valid: NDArray[np.bool_]
    confidence: NDArray[np.float32] = field(default_factory=lambda: np.ones((NUM_HANDS, NUM_JOINTS), np.float32))
    object_feature: NDArray[np.float32] | None = None
    frame_id: str = "camera"

    def __post_init__(self) -> None:
        """Refuse wrong shapes and non-finite values of hands called valid.

        Raises:
            InputError: If a shape is wrong or a valid hand has a joint that is not finite.
        """
        if self.joints.shape != (NUM_HANDS, NUM_JOINTS, 3) or self.valid.shape != (NUM_HANDS,):
            raise InputError(
                f"A hand frame needs joints (2, 21, 3) and valid (2,), got {self.joints.shape} and {self.valid.shape}."
            )
        if not np.isfinite(self.joints[self.valid]).all():
            raise InputError(f"The hand frame at {self.stamp_ns} ns has a joint that is NaN or infinite.")
