# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.clock_type."""

from __future__ import annotations

from enum import IntEnum


class ClockType(IntEnum):
    """What a clock counts: simulated or wall time, wall time, or time since some fixed moment."""

    UNINITIALIZED = 0
    ROS_TIME = 1
    SYSTEM_TIME = 2
    STEADY_TIME = 3
