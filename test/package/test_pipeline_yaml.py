# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""config/pipeline.yaml holds every parameter of every node, with its default and a comment."""

from __future__ import annotations

import re
import runpy
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from ghtt_ros.camera_publisher_settings import CameraPublisherSettings
from ghtt_ros.embedded.parameter_files import read_parameter_file
from ghtt_ros.hand_estimator_settings import HandEstimatorSettings
from ghtt_ros.motion_predictor_settings import MotionPredictorSettings
from ghtt_ros.planner_bridge_settings import PlannerBridgeSettings

SETTINGS = {
    "camera_publisher": CameraPublisherSettings,
    "hand_estimator": HandEstimatorSettings,
    "motion_predictor": MotionPredictorSettings,
    "planner_bridge": PlannerBridgeSettings,
}


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "config" / "pipeline.yaml").read_text()


def defaults(settings: type) -> dict[str, Any]:
    return {item.name: item.default for item in fields(settings)}  # type: ignore[arg-type]


@pytest.mark.parametrize("node", SETTINGS)
def test_names_defaults_and_types_are_those_of_the_node(text: str, node: str) -> None:
    listed = yaml.safe_load(text)[f"/**/{node}"]["ros__parameters"]
    expected = defaults(SETTINGS[node])
    assert listed == expected
    assert {name: type(value) for name, value in listed.items()} == {
        name: type(value) for name, value in expected.items()
    }


def test_it_names_no_other_node(text: str) -> None:
    assert sorted(yaml.safe_load(text)) == sorted(f"/**/{node}" for node in SETTINGS)


def test_every_parameter_is_commented(text: str) -> None:
    lines = text.splitlines()
    bare = [
        line for above, line in pairwise(lines)
        if re.match(r"    \w+:", line) and not above.startswith("    # ")
    ]  # fmt: skip
    assert bare == []


def test_it_is_what_the_script_writes(root: Path, text: str) -> None:
    script = runpy.run_path(str(root / "scripts" / "write_pipeline_yaml.py"))
    assert script["pipeline_yaml"]() == text, "run scripts/write_pipeline_yaml.py"


@pytest.mark.parametrize("namespace", ["", "/left_camera", "/cell_3/left_camera"])
@pytest.mark.parametrize("node", SETTINGS)
def test_a_node_finds_its_values_in_any_namespace(root: Path, namespace: str, node: str) -> None:
    overrides = read_parameter_file(root / "config" / "pipeline.yaml")
    found = {override.name: override.value for override in overrides if override.matches(f"{namespace}/{node}")}
    assert found == defaults(SETTINGS[node])
