# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One hand as a per-frame detector reports it, and what can be judged from it alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.estimators.palm import apparent_palm_size, palm_centre
from ghtt_core.hands.layout import RIGHT

SMALLEST_PALM_PX: Final = 6.0
"""Below this a hand is a handful of pixels and its landmarks are guesses."""
DUPLICATE_PALMS: Final = 0.5
"""Two detections whose palms are closer than this show one hand. Where one hand truly covers another, detectors do
not see the covered one."""
_MIRRORED_FINGERS: Final = np.array([0, 1, 2, 3, 4, 17, 18, 19, 20, 13, 14, 15, 16, 9, 10, 11, 12, 5, 6, 7, 8])


@dataclass(frozen=True, eq=False)
class Detection:
    """Landmarks of one hand in one image.

    Attributes:
        landmarks: (21, 3) float64: pixels right, pixels down, and relative depth in pixels, away from the camera.
        right_probability: How much the detector takes it for a right hand, in [0, 1].
    """

    landmarks: NDArray[np.float64]
    right_probability: float

    @cached_property
    def palm_px(self) -> float:
        """Apparent size of the palm in pixels."""
        return float(apparent_palm_size(self.landmarks[:, :2]))

    @cached_property
    def centre(self) -> NDArray[np.float64]:
        """(2,) centre of the palm in pixels."""
        return palm_centre(self.landmarks[:, :2])

    @cached_property
    def side_evidence(self) -> float:
        """What this detection says about its side, in [-1, 1]; positive is right.

        Detectors give hands with hidden fingers, or seen end on, a side at random and with a high score. The spread in
        depth tells those from flat views: within 0.8 palms some 85 % of the labels are right, beyond 1.3 under half.
        """
        spread = float(np.ptp(self.landmarks[:, 2])) / max(self.palm_px, 1e-9)
        reliability = float(np.clip((1.3 - spread) / 0.5, 0.1, 1.0))
        return reliability * (2.0 * self.right_probability - 1.0)

    def agreement(self, side: int) -> float:
        """Return the detector's own probability that this hand is of the given side (0 left, 1 right)."""
        return self.right_probability if side == RIGHT else 1.0 - self.right_probability

    def as_other_side(self) -> Detection:
        """Read the same image points as the opposite hand.

        A detector that mistakes a hand for its mirror image finds the visible fingers but counts them from the wrong
        end. Counting them the other way also gives the skeleton the chirality of the true hand.
        """
        return Detection(self.landmarks[_MIRRORED_FINGERS], 1.0 - self.right_probability)


def is_plausible(detection: Detection, width: int, height: int) -> bool:
    """Tell whether a detection can be a hand in an image of this size.

    Args:
        detection: The detection.
        width: Image width in pixels.
        height: Image height in pixels.
    """
    if not np.isfinite(detection.landmarks).all():
        return False
    if not SMALLEST_PALM_PX <= detection.palm_px <= max(width, height):
        return False
    x, y = detection.centre
    margin = detection.palm_px
    if not (-margin <= x <= width + margin and -margin <= y <= height + margin):
        return False
    # Extended fingers reach 2.5 palms from the wrist and a closed fist spans one; outside lies scenery.
    span = float(np.linalg.norm(np.ptp(detection.landmarks[:, :2], axis=0))) / detection.palm_px
    return 0.5 <= span <= 5.0


def palm_distance(first: Detection, second: Detection) -> float:
    """Return the distance of two palm centres in units of the smaller palm."""
    gap = float(np.linalg.norm(first.centre - second.centre))
    return gap / max(min(first.palm_px, second.palm_px), 1e-9)


def remove_duplicates(ranked: Sequence[Detection]) -> list[Detection]:
    """Keep the first of every group of detections that show one hand.

    Args:
        ranked: Detections, the preferred ones first.
    """
    kept: list[Detection] = []
    for detection in ranked:
        if all(palm_distance(detection, other) >= DUPLICATE_PALMS for other in kept):
            kept.append(detection)
    return kept
