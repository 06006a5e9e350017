# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Orientation of future palms, told from refined hands whose orientation is known.

Forecasts are joints. The palm's canonical frame belongs to the model, which this process does not have; but a palm is
nearly rigid, so the turn from a refined palm to a future one, applied to the refined orientation, gives the future one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from transforms3d.quaternions import mat2quat, quat2mat

from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import NUM_HANDS, PALM_JOINTS


class PalmTracker:
    """Remembers the newest palm of each hand with its orientation."""

    def __init__(self) -> None:
        """Start without any."""
        self._palms = np.zeros((NUM_HANDS, len(PALM_JOINTS), 3))
        self._turns = np.tile(np.eye(3), (NUM_HANDS, 1, 1))
        self.known = np.zeros(NUM_HANDS, np.bool_)

    def take(self, frame: HandFrame, wrists: Any) -> None:
        """Remember refined hands.

        Args:
            frame: Their joints.
            wrists: Two geometry_msgs/Pose of their palms, in the same frame.
        """
        for hand in np.flatnonzero(frame.valid):
            turn = wrists[hand].orientation
            quaternion = np.array([turn.w, turn.x, turn.y, turn.z])
            if abs(float(np.linalg.norm(quaternion)) - 1) < 0.01:
                self._palms[hand] = frame.joints[hand, list(PALM_JOINTS)]
                self._turns[hand] = quat2mat(quaternion)
                self.known[hand] = True

    def orientations(self, joints: NDArray[np.float32], hand: int) -> NDArray[np.float64]:
        """Return the orientation of one hand's palm in every step.

        Args:
            joints: (T, 21, 3) metres, in any fixed frame.
            hand: 0 left, 1 right; one that is ``known``.

        Returns:
            (T, 4) unit quaternions x y z w in the frame of the joints, without sudden changes of sign.
        """
        palms = joints[:, list(PALM_JOINTS)].astype(np.float64)
        source = self._palms[hand] - self._palms[hand].mean(0)
        target = palms - palms.mean(1, keepdims=True)
        turns = _nearest_rotations(np.swapaxes(target, 1, 2) @ source)  # (T, 3, 3): columns of source to target
        quaternions = np.array([np.roll(mat2quat(turn @ self._turns[hand]), -1) for turn in turns])
        # q and -q are the same turn; who interpolates between points wants neighbours to be alike.
        flips = np.cumprod(np.where((quaternions[1:] * quaternions[:-1]).sum(-1) < 0, -1.0, 1.0))
        quaternions[1:] *= flips[:, None]
        return quaternions


def _nearest_rotations(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the proper rotations (T, 3, 3) nearest to matrices."""
    left, _, right = np.linalg.svd(matrices)
    sign = np.sign(np.linalg.det(left @ right))
    left[:, :, 2] *= np.where(sign == 0, 1.0, sign)[:, None]
    rotations: NDArray[np.float64] = left @ right
    return rotations
