# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How `ghtt topic echo` prints messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from ghtt_ros.msg import PredictedMotion

from ghtt_core.bags.fields import put
from ghtt_core.errors import InputError
from ghtt_ros.cli.message_text import message_text, pick_field


@pytest.fixture
def motion() -> Any:
    message = PredictedMotion(person_id="anna", status=1, action_labels=["pour cup", "stir cup"])
    message.header.stamp.sec = 12
    message.header.frame_id = "map"
    put(message, "positions", np.arange(1000, dtype=np.float32) / 4)
    put(message, "weights", np.array([0.5, 0.5]))
    return message


def test_every_field_is_there_and_long_arrays_are_shortened(motion: Any) -> None:
    lines = message_text(motion).splitlines()
    assert lines[:5] == ["header:", "  stamp:", "    sec: 12", "    nanosec: 0", "  frame_id: 'map'"]
    assert "person_id: 'anna'" in lines
    assert "positions: [0, 0.25, 0.5, 0.75, 1, 1.25, ... (1000 in all)]" in lines
    assert "weights: [0.5, 0.5]" in lines
    assert "action_labels: ['pour cup', 'stir cup']" in lines
    assert "covariance: []" in lines


def test_arrays_are_whole_if_asked_for(motion: Any) -> None:
    line = next(line for line in message_text(motion, full=True).splitlines() if line.startswith("positions"))
    assert line.count(",") == 999


def test_messages_in_arrays() -> None:
    status = DiagnosticStatus(level=b"\x02", name="node", values=[KeyValue(key="fps", value="30")])
    lines = message_text(DiagnosticArray(status=[status])).splitlines()
    assert lines[-7:] == [
        "- level: 2",
        "  name: 'node'",
        "  message: ''",
        "  hardware_id: ''",
        "  values:",
        "  - key: 'fps'",
        "    value: '30'",
    ]


def test_a_field_can_be_picked(motion: Any) -> None:
    assert message_text(pick_field(motion, "header.stamp")) == "sec: 12\nnanosec: 0"
    assert message_text(pick_field(motion, "positions[3]")) == "0.75"
    assert message_text(pick_field(motion, "action_labels[1]")) == "'stir cup'"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("heder", "no field 'heder'; it has header"),
        ("header.time", "header has no field 'time'; it has stamp, frame_id"),
        ("weights[2]", "weights has 2 elements"),
        ("status[0]", "status is not an array"),
        ("header..stamp", "not a path of fields"),
        ("__class__", "no field '__class__'"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_with_what_there_is(motion: Any, path: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        pick_field(motion, path)
    assert said in str(refused.value)
