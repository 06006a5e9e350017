# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What is provided and what is not, and that nothing happens where ROS 2 is installed."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

import ghtt_ros  # noqa: F401  (provides the modules imported next where there is no ROS 2)
from ghtt_ros.embedded.surface import INTERFACE_PACKAGES, MODULES


def test_every_name_in_the_table_is_implemented() -> None:
    for module, names in MODULES.items():
        for name in names:
            assert getattr(importlib.import_module(module), name) is not None


def test_every_message_of_the_packages_can_be_made_and_sent() -> None:
    from ghtt_core.bags.typestore import typestore

    serialization = importlib.import_module("rclpy.serialization")
    sent = 0
    for ros_type in typestore().fielddefs:
        package, kind, name = ros_type.split("/")
        if package in INTERFACE_PACKAGES and kind == "msg":
            made = getattr(importlib.import_module(f"{package}.msg"), name)()
            assert serialization.deserialize_message(serialization.serialize_message(made), type(made)) == made
            sent += 1
    assert sent > 130


@pytest.mark.parametrize("module", ["rclpy.action", "rclpy.guard_condition", "tf2_ros.async_waiting"])
def test_modules_that_are_not_provided_are_named(module: str) -> None:
    with pytest.raises(NotImplementedError, match=module):
        importlib.import_module(module)


def test_names_that_are_not_provided_are_named(ros: Any) -> None:
    import rclpy
    import rclpy.qos

    with pytest.raises(NotImplementedError, match=r"rclpy\.qos\.qos_check_compatible"):
        from rclpy.qos import qos_check_compatible  # noqa: F401
    with pytest.raises(NotImplementedError, match=r"rclpy\.get_rmw_implementation_identifier"):
        rclpy.get_rmw_implementation_identifier()
    node = ros.node("asking")
    with pytest.raises(NotImplementedError, match="create_rate"):
        node.create_rate(1.0)

    async def later(message: Any) -> None: ...

    with pytest.raises(NotImplementedError, match="coroutine"):
        node.create_subscription(importlib.import_module("std_msgs.msg").Empty, "n", later, 1)
    with pytest.raises(ImportError, match="Nothing"):
        from std_msgs.msg import Nothing  # noqa: F401
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("nav_msgs.msg")


def test_an_installed_rclpy_is_left_alone(program: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rclpy").mkdir()
    (tmp_path / "rclpy" / "__init__.py").write_text("real = True\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    other = program(
        """
        import sys
        before = list(sys.meta_path)
        import ghtt_ros
        import rclpy
        assert rclpy.real
        assert sys.meta_path == before
        assert not any(name.startswith(("cyclonedds", "rosbags")) for name in sys.modules)
        try:
            import sensor_msgs
        except ModuleNotFoundError:
            print("as it was")
        """
    )
    other.expect("as it was")


def test_a_module_that_is_really_there_comes_before_its_stand_in(
    program: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tf2_ros.py").write_text("real = True\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    other = program("import ghtt_ros, tf2_ros, rclpy; assert tf2_ros.real; print('both')")
    other.expect("both")


def test_importing_the_package_is_light(program: Any) -> None:
    other = program(
        "import sys, ghtt_ros; print(sorted({'torch', 'cyclonedds', 'numpy'} & set(sys.modules)), 'loaded')"
    )
    other.expect("[] loaded")
    assert "ghtt_ros" in sys.modules
