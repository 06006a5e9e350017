# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node planner_bridge."""

from __future__ import annotations

from dataclasses import dataclass

from ghtt_ros.node_support.parameters import parameter


@dataclass(frozen=True)
class PlannerBridgeSettings:
    """What can be chosen; every field is a ROS parameter of the same name."""

    autostart: bool = parameter(
        True, "Configure and activate at start-up; false waits for a lifecycle manager.", changes="never"
    )
    step_stride: int = parameter(
        3, "Forecast steps from one point of a cloud or trajectory to the next.", minimum=1, maximum=96
    )
    coverage: float = parameter(
        0.9, "Share of the samples inside the radius of a point, where there is no calibrated one.", minimum=0.01,
        maximum=0.999,
    )  # fmt: skip
    fan_samples: int = parameter(10, "Forecast samples drawn as lines.", minimum=0, maximum=1000)
    ghost_interval: float = parameter(
        0.8, "Seconds between the future hands that are drawn; 0 draws none.", minimum=0.0, maximum=3.2
    )
    draw_envelope: bool = parameter(True, "Draw a sphere about each future hand that is drawn.")
    draw_action: bool = parameter(True, "Write the recognised action above the hands.")
    marker_lifetime: float = parameter(
        0.6, "Seconds after which markers of a forecast vanish unless renewed.", minimum=0.05, maximum=60.0
    )
    stale_after: float = parameter(
        1.0, "Seconds without a forecast message after which everything is taken back.", minimum=0.05, maximum=60.0
    )
