# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The configurations for RViz and Foxglove show topics and fields that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ghtt_core.bags.typestore import typestore

RVIZ_TYPES = {
    "rviz_default_plugins/MarkerArray": "visualization_msgs/msg/MarkerArray",
    "rviz_default_plugins/PointCloud2": "sensor_msgs/msg/PointCloud2",
    "rviz_default_plugins/PoseArray": "geometry_msgs/msg/PoseArray",
    "rviz_default_plugins/Image": "sensor_msgs/msg/Image",
}


@pytest.fixture(scope="module")
def layout(root: Path) -> dict[str, Any]:
    return json.loads((root / "config" / "foxglove_layout.json").read_text())


def strings(value: Any) -> list[str]:
    """All texts in a tree, keys included."""
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *strings(item))]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def leaves(tree: Any) -> list[str]:
    return [tree] if isinstance(tree, str) else leaves(tree["first"]) + leaves(tree["second"])


def test_rviz_displays_fit_their_topics(root: Path, topic_types: dict[str, str]) -> None:
    config = yaml.safe_load((root / "config" / "ghtt.rviz").read_text())
    shown = {}
    for display in config["Visualization Manager"]["Displays"]:
        if "Topic" in display:
            topic = display["Topic"]["Value"]
            shown[topic] = topic_types[topic]
            assert RVIZ_TYPES[display["Class"]] == topic_types[topic]
    assert {"/ghtt/markers", "/ghtt/points", "/ghtt/poses"} <= set(shown)


def test_foxglove_places_every_panel_once(layout: dict[str, Any]) -> None:
    assert sorted(leaves(layout["layout"])) == sorted(layout["configById"])


def test_foxglove_shows_topics_and_fields_that_exist(layout: dict[str, Any], topic_types: dict[str, str]) -> None:
    paths = [text for text in strings(layout["configById"]) if re.match(r"/[a-z]", text)]
    assert "/ghtt/markers" in paths
    for path in paths:
        topic, _, field = path.partition(".")
        assert topic in topic_types, path
        if field:
            names = [name for name, _ in typestore().get_msgdef(topic_types[topic]).fields]
            assert re.sub(r"\[.*", "", field) in names, path
