# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Window registration: where a refined window sits in the camera frame, from all its frames and joints at once."""

from __future__ import annotations

from torch import Tensor

from ghtt_core.hands.canonical import kabsch
from ghtt_core.hands.rigid import RigidMap


def register_window(decoded: Tensor, observed: Tensor, weights: Tensor | None = None) -> RigidMap:
    """Return the rigid map base -> camera of each hand that brings a decoded window nearest to the observed one.

    It is an alternative anchor to the consistency blend: where that trusts the wrist poses of two end frames, this
    averages the noise of every observed joint of the window.

    Args:
        decoded: (..., T, 2, 21, 3) metres, base frame of the window.
        observed: (..., T, 2, 21, 3) metres, camera frame; finite, also where its weight is 0.
        weights: (..., T, 2, 21) non-negative, 0 for a joint that was not observed; None for equal weights.

    Returns:
        Maps (..., 2), metres; the identity for a hand without any weight.
    """

    def pool(x: Tensor) -> Tensor:
        return x.transpose(-4, -3).flatten(-3, -2)  # (..., 2, T * 21, 3)

    pooled = None if weights is None else weights.transpose(-3, -2).flatten(-2)
    return kabsch(pool(decoded), pool(observed), pooled)
