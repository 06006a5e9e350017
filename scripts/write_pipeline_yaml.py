# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Write config/pipeline.yaml from the dataclasses that declare the nodes' parameters.

    python scripts/write_pipeline_yaml.py

Run it after a parameter was added or changed; a test compares the file with what this prints.
"""

from __future__ import annotations

import json
import textwrap
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, Final

from ghtt_ros.camera_publisher_settings import CameraPublisherSettings
from ghtt_ros.hand_estimator_settings import HandEstimatorSettings
from ghtt_ros.motion_predictor_settings import MotionPredictorSettings
from ghtt_ros.planner_bridge_settings import PlannerBridgeSettings

TARGET: Final = Path(__file__).parents[1] / "config" / "pipeline.yaml"
NODES: Final = {
    "camera_publisher": (CameraPublisherSettings, "A webcam or a video as pictures, for who has no camera driver."),
    "hand_estimator": (HandEstimatorSettings, "Pictures in, hand observations out."),
    "motion_predictor": (MotionPredictorSettings, "Hand observations in; refined hands, actions and forecasts out."),
    "planner_bridge": (PlannerBridgeSettings, "The results as the messages that planners and viewers know."),
}
HEADER: Final = """\
# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
#
# All parameters of all nodes with their defaults, for `ros2 launch`, `ros2 run ... --ros-args --params-file` and
# `ghtt launch --params`. Copy it and keep the lines you change. Written by scripts/write_pipeline_yaml.py.
#
# /** stands for any namespace. To give one camera values of its own, add a block with its name below, for example
# /left_camera/hand_estimator. use_sim_time, which every node has, is set by the launch files.
# [configure] is read while the node is configured and [start] when its process starts; anything else takes effect
# with the next message after `ros2 param set`.
"""
_WHEN: Final = {"live": "", "configure": " [configure]", "never": " [start]"}
_WIDTH: Final = 118


def pipeline_yaml() -> str:
    """Return the text of config/pipeline.yaml."""
    lines = [HEADER]
    for name, (settings, summary) in NODES.items():
        lines += [f"# {summary}", f"/**/{name}:", "  ros__parameters:"]
        for item in fields(settings):
            default: Any = item.default
            lines += [*_comment(item), f"    {item.name}: {_value(default)}"]
        lines.append("")
    return "\n".join(lines)


def _comment(item: Field[Any]) -> list[str]:
    spec = item.metadata["ros_parameter"]
    text = spec.description.strip()
    if spec.choices:
        text += f" One of: {', '.join(choice or _value(choice) for choice in spec.choices)}."
    elif spec.minimum is not None:
        text += f" From {_number(spec.minimum)} to {_number(spec.maximum)}."
    text += _WHEN[spec.changes]
    return textwrap.wrap(text, _WIDTH, initial_indent="    # ", subsequent_indent="    # ", break_on_hyphens=False)


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


def _value(value: bool | int | float | str) -> str:
    """Return a scalar that YAML and ROS read back as it was; JSON is that part of YAML."""
    return json.dumps(value)


if __name__ == "__main__":
    TARGET.write_text(pipeline_yaml())
    print(f"wrote {TARGET}")
