# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of a running node, and what happens when it cannot start."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def set_parameter(bench: Any, name: str, value: Any) -> tuple[bool, str]:
    from rclpy.parameter import Parameter

    result: tuple[bool, str] = bench.set(Parameter(name, value=value))
    return result


def test_a_live_parameter_takes_effect_at_once(bench: Any, start: Callable[..., Any]) -> None:
    start()
    images, infos = bench.cameras()
    bench.calibrated(infos)
    assert bench.shown(images, 0).header.frame_id == "lens"
    assert set_parameter(bench, "camera_frame", "head_camera") == (True, "")
    assert bench.shown(images, 1).header.frame_id == "head_camera"


REFUSED = [
    ("estimator", "mediapipe", "read-only while the node is configured"),
    ("estimator", "crystal ball", "one of mediapipe, resnet18, recorded"),
    ("camera_info_policy", "hope", "one of wait, default"),
    ("image_timeout", float("nan"), "image_timeout"),
    ("image_timeout", -1.0, "image_timeout"),
    ("image_depth", 2, "read-only while the node is configured"),
    ("autostart", False, "autostart"),
]


def test_what_cannot_be_set_is_refused_with_a_sentence(bench: Any, start: Callable[..., Any]) -> None:
    start()
    bench.status(lambda _, values: values.get("lifecycle") == "active")
    for name, value, words in REFUSED:
        done, reason = set_parameter(bench, name, value)
        assert not done, name
        assert words in reason


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"image_transport": "pigeon"}, ("image_transport", "one of raw, compressed", "'pigeon'")),
        ({"palm_size": 0.001}, ("palm_size must be 0 or metres from 0.03",)),
        ({"recording": "missing.npz"}, ("There is no recording missing.npz",)),
        ({"recording": "''"}, ("needs a recording",)),
    ],
)
def test_a_bad_value_at_start_up_ends_the_node_with_one_sentence(
    start: Callable[..., Any], parameters: dict[str, Any], words: tuple[str, ...]
) -> None:
    node = start(**parameters)
    assert node.wait() == 2
    node.said(*words)


def test_missing_mediapipe_is_one_sentence_with_the_command_to_run(
    start: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A package that fails on import stands for one that is not installed.
    package = tmp_path / "without" / "mediapipe"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('No module named mediapipe')\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(package.parent), os.environ.get("PYTHONPATH", "")]))
    node = start(estimator="mediapipe")
    assert node.wait() == 2
    node.said("pip install")


def test_without_autostart_the_node_waits(bench: Any, start: Callable[..., Any]) -> None:
    start(autostart="false")
    status, _ = bench.status(lambda _, values: values.get("lifecycle") == "unconfigured")
    assert status.level == type(status).OK
    assert set_parameter(bench, "image_depth", 3) == (True, "")
