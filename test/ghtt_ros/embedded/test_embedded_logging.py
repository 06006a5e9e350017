# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Log lines look as those of ROS 2, and can be held back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

import ghtt_ros  # noqa: F401  (provides the modules imported next where there is no ROS 2)

import rclpy  # isort: skip
import rclpy.logging  # isort: skip
from rclpy.clock import ROSClock  # isort: skip
from rclpy.logging import LoggingSeverity, get_logger, set_logger_level  # isort: skip
from rclpy.time import Time  # isort: skip
from rclpy.clock import ClockType  # isort: skip


@pytest.fixture(autouse=True)
def fresh_levels() -> Iterator[None]:
    yield
    rclpy.logging.clear_config()


def test_lines_have_severity_time_and_name(ros: Any, capfd: Any) -> None:
    node = ros.node("speaking", namespace="left")
    node.get_logger().info("hello")
    node.get_logger().get_child("part").warning("careful")
    node.get_logger().debug("unseen")
    first, second = capfd.readouterr().err.splitlines()
    assert re.fullmatch(r"\[INFO\] \[\d{10}\.\d{9}\] \[left\.speaking\]: hello", first)
    assert re.fullmatch(r"\[WARN\] \[\d{10}\.\d{9}\] \[left\.speaking\.part\]: careful", second)


def test_levels(capfd: Any) -> None:
    set_logger_level("a", LoggingSeverity.ERROR)
    get_logger("a.b").warning("unseen")
    assert get_logger("a.b").get_effective_level() == LoggingSeverity.ERROR
    get_logger("a.b").set_level(LoggingSeverity.DEBUG)
    assert get_logger("a.b").debug("seen")
    assert not get_logger("a").is_enabled_for(LoggingSeverity.INFO)
    assert capfd.readouterr().err.count("\n") == 1


def test_the_command_line_sets_levels(program: Any) -> None:
    other = program(
        """
        import ghtt_ros, rclpy, sys
        rclpy.init()
        for name in ("one", "two"):
            rclpy.create_node(name).get_logger().info(f"from {name}")
        print("end")
        """,
        "--ros-args",
        "--log-level",
        "warn",
        "--log-level",
        "two:=debug",
    )
    other.expect("end")
    assert "from one" not in other.output
    assert "from two" in other.output


def test_once_skip_first_and_throttle_count_for_each_place(capfd: Any) -> None:
    logger = get_logger("filters")
    clock = ROSClock()
    clock.set_ros_time_is_active(True)
    for second in range(10):
        clock.set_ros_time_override(Time(seconds=100 + second, clock_type=ClockType.ROS_TIME))
        logger.info("only once", once=True)
        logger.info("another once", once=True)
        logger.info(f"not the first {second}", skip_first=True)
        logger.info(f"every third {second}", throttle_duration_sec=3.0, throttle_time_source_type=clock)
    lines = [line.partition("]: ")[2] for line in capfd.readouterr().err.splitlines()]
    assert lines.count("only once") == lines.count("another once") == 1
    assert [line for line in lines if "first" in line] == [f"not the first {second}" for second in range(1, 10)]
    assert [line for line in lines if "third" in line] == [f"every third {second}" for second in (0, 3, 6, 9)]
    with pytest.raises(TypeError, match="twice"):
        logger.info("x", twice=True)


def test_the_format_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setenv("RCUTILS_CONSOLE_OUTPUT_FORMAT", "{name}|{severity}|{message}|{function_name}|{unknown}")
    monkeypatch.setenv("RCUTILS_LOGGING_USE_STDOUT", "1")
    get_logger("x").error("broken {name}")
    assert capfd.readouterr().out == ("x|ERROR|broken {name}|test_the_format_is_that_of_the_environment|{unknown}\n")
    monkeypatch.setenv("RCUTILS_COLORIZED_OUTPUT", "1")
    get_logger("x").error("red")
    assert capfd.readouterr().out.startswith("\x1b[31m")
