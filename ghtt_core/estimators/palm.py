# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The palm as an estimator's landmarks show it: how large it appears whatever way it is turned."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.hands.layout import PALM_JOINTS

ADULT_PALM_M: Final = 0.09
"""Mean distance from the wrist joint to the four finger MCPs of an adult: 0.44 to 0.48 of the hand's length, which is
0.18 to 0.20 m. Generic hand models of motion-capture systems have 0.088 to 0.093."""

_LENGTHS = np.array([1.075, 1.035, 0.98, 0.91])
_ANGLES = np.radians([0.0, 15.0, 29.0, 43.0])
_FAN = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1) * (_LENGTHS / _LENGTHS.mean())[:, None]
PALM_FAN: Final = np.concatenate([np.zeros((1, 2)), _FAN])
"""(5, 2) wrist and MCPs of a flat palm in palm units. This is where MediaPipe puts its landmarks (frontal views and
two-view triangulation agree), a fan some degrees wider than the joints that motion capture finds."""
_CENTRED = PALM_FAN - PALM_FAN.mean(axis=0)
_SOLVE = np.linalg.pinv(_CENTRED)


def palm_map(points: NDArray[Any]) -> NDArray[np.float64]:
    """Fit the linear map from the flat palm to where its landmarks are.

    Args:
        points: (..., 21, D) landmarks in any unit: in the image (D = 2), or with relative depth (D = 3).

    Returns:
        (..., 2, D) row-vector map from palm units.
    """
    palm = np.asarray(points, np.float64)[..., PALM_JOINTS, :]
    fitted: NDArray[np.float64] = _SOLVE @ (palm - palm.mean(axis=-2, keepdims=True))
    return fitted


def apparent_palm_size(points: NDArray[Any]) -> Any:
    """Measure the size of one palm unit as if the palm faced the camera.

    A turned palm is shortened along one direction only, so the larger singular value of the map from a flat palm to
    its landmarks is the true scale, even where relative depth is missing or too flat. Averaging bone lengths instead
    underestimates the scale of every tilted palm.

    Args:
        points: (..., 21, D) landmarks in any unit: in the image (D = 2), or with relative depth (D = 3), which helps
            where a palm is seen end on.

    Returns:
        (...) the scale, in the points' unit.
    """
    return np.linalg.svd(palm_map(points), compute_uv=False)[..., 0]


def palm_centre(points: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean of wrist and MCPs, (..., 21, D) -> (..., D)."""
    centre: NDArray[np.float64] = np.asarray(points, np.float64)[..., PALM_JOINTS, :].mean(axis=-2)
    return centre
