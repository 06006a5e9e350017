# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a consumer may believe about the newest output (no dependency, so that planners can import it)."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """State of a stream of hands; nothing is published without one."""

    OK = "ok"
    """Refined hands are current and the window is full."""
    WARMING_UP = "warming_up"
    """Fewer frames than a window since the start, a reset or a long gap; refined hands are less precise."""
    STALE_INPUT = "stale_input"
    """No new input: the frame repeats an old stamp, or the newest input is too old for the asked time."""
    HANDS_LOST = "hands_lost"
    """No hand was seen for longer than a short dropout; there is nothing to forecast."""
    OUT_OF_DISTRIBUTION = "out_of_distribution"
    """The hands move unlike anything the model was made for."""
    NO_TRANSFORM = "no_transform"
    """Outputs could not be moved into the asked frame and are in the camera's."""
