# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The SROS 2 policy lets every node do its work, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

CHILDREN = {
    "policy": {"enclaves"},
    "enclaves": {"enclave"},
    "enclave": {"profiles"},
    "profiles": {"profile"},
    "profile": {"topics", "services", "actions"},
    "topics": {"topic"},
    "services": {"service"},
}
ATTRIBUTES = {
    "policy": {"version"},
    "enclave": {"path"},
    "profile": {"ns", "node"},
    "topics": {"publish", "subscribe"},
    "services": {"request", "reply"},
}
"""What the schema of sros2 (policy version 0.2.0) allows; the elements between have no attributes."""
CAMERA = {"image", "image/compressed", "camera_info"}
SUBSCRIBED: dict[str, set[str]] = {
    "camera_publisher": set(),
    "hand_estimator": {"image", "image/compressed", "camera_info", "depth"},
    "motion_predictor": {"ghtt/hand_observation", "/tf", "/tf_static"},
    "planner_bridge": {"ghtt/refined_hands", "ghtt/predicted_motion"},
}
PARAMETER_SERVICES = {"describe_parameters", "get_parameters", "list_parameters", "set_parameters"}
LIFECYCLE_SERVICES = {"change_state", "get_state", "get_available_states", "get_available_transitions"}


@pytest.fixture(scope="module")
def policy(root: Path) -> ElementTree.Element:
    return ElementTree.parse(root / "config" / "sros2_policy.xml").getroot()


def profile(policy: ElementTree.Element, node: str) -> ElementTree.Element:
    found = [item for item in policy.iter("profile") if item.attrib["node"] == node]
    assert len(found) == 1
    return found[0]


def allowed(policy: ElementTree.Element, node: str, kind: str) -> set[str]:
    groups = [group for group in profile(policy, node) if group.attrib.get(kind) == "ALLOW"]
    return {str(item.text) for group in groups for item in group}


def test_it_has_the_form_of_the_schema(policy: ElementTree.Element) -> None:
    assert policy.tag == "policy"
    assert policy.attrib == {"version": "0.2.0"}
    for element in policy.iter():
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set()), element.tag
        assert set(element.attrib) <= ATTRIBUTES.get(element.tag, set()), element.tag
        if element.tag in ("topics", "services"):
            assert set(element.attrib.values()) <= {"ALLOW", "DENY"}
        if element.tag in ("topic", "service"):
            assert re.fullmatch(r"/?\w+(/\w+)*", element.text or "")


def test_every_node_has_an_enclave_of_its_own(policy: ElementTree.Element, topics: dict[str, dict[str, str]]) -> None:
    paths = {enclave.attrib["path"]: [p.attrib["node"] for p in enclave.iter("profile")] for enclave in policy[0]}
    assert paths == {f"/ghtt/{node}": [node] for node in ("camera_publisher", *topics, "planner")}


@pytest.mark.parametrize("node", SUBSCRIBED)
def test_a_node_may_use_its_topics_and_no_other_nodes(
    policy: ElementTree.Element, topics: dict[str, dict[str, str]], node: str
) -> None:
    publish = allowed(policy, node, "publish")
    always = {"/diagnostics", "/rosout", "/parameter_events", f"{node}/transition_event"}
    assert publish == set(topics.get(node, CAMERA)) | always
    assert SUBSCRIBED[node] | {"/clock"} <= allowed(policy, node, "subscribe")


@pytest.mark.parametrize("node", SUBSCRIBED)
def test_a_node_answers_ros2_param_and_ros2_lifecycle(policy: ElementTree.Element, node: str) -> None:
    expected = {f"{node}/{service}" for service in PARAMETER_SERVICES | LIFECYCLE_SERVICES}
    assert expected <= allowed(policy, node, "reply")


def test_a_planner_reads_everything_and_changes_nothing(
    policy: ElementTree.Element, topics: dict[str, dict[str, str]]
) -> None:
    results = {topic for outputs in topics.values() for topic in outputs}
    assert results <= allowed(policy, "planner", "subscribe")
    assert allowed(policy, "planner", "publish") == {"/rosout", "/parameter_events"}
    assert allowed(policy, "planner", "request") == set()
