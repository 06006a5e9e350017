# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Lifecycle of the node from outside, as `ros2 lifecycle` drives it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

GROWTH_BYTES = 8 * 2**20


def change(bench: Any, label: str) -> bool:
    """Ask for a transition and wait for the answer."""
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState

    ids = {
        "configure": Transition.TRANSITION_CONFIGURE,
        "activate": Transition.TRANSITION_ACTIVATE,
        "deactivate": Transition.TRANSITION_DEACTIVATE,
        "cleanup": Transition.TRANSITION_CLEANUP,
        "shutdown": Transition.TRANSITION_UNCONFIGURED_SHUTDOWN,
    }
    return bool(bench.call(ChangeState, "change_state", transition=Transition(id=ids[label])).success)


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096


def test_fifty_cycles_leave_nothing_behind(bench: Any, start: Callable[..., Any]) -> None:
    node = start(autostart="false", image_timeout=60.0)
    early = 0
    for cycle in range(50):
        for label in ("configure", "activate", "deactivate", "cleanup"):
            assert change(bench, label), (cycle, label, node.log)
        if cycle == 9:
            early = resident_bytes(node.pid)
    assert resident_bytes(node.pid) - early < GROWTH_BYTES
    assert change(bench, "configure")
    assert change(bench, "activate")
    images, infos = bench.cameras()
    bench.calibrated(infos)
    bench.shown(images, 0, 1)


def test_pictures_count_only_while_the_node_is_active(bench: Any, start: Callable[..., Any]) -> None:
    start()
    images, infos = bench.cameras()
    bench.calibrated(infos)
    bench.shown(images, 0, 1)
    assert change(bench, "deactivate")
    bench.eventually(lambda: images.get_subscription_count() == 0, "the node to unsubscribe")
    images.publish(bench.picture(bench.stamp(2)))
    assert change(bench, "activate")
    bench.matched(images)
    bench.shown(images, 3)
    assert len(bench.observations) == 3


def test_a_configuration_that_fails_says_why_and_can_be_repaired(
    bench: Any, start: Callable[..., Any], recording: Path
) -> None:
    from rclpy.parameter import Parameter

    node = start(autostart="false", recording="missing.npz")
    bench.status(lambda _, values: values.get("lifecycle") == "unconfigured")
    assert not change(bench, "configure")
    node.said("There is no recording missing.npz")
    status, _ = bench.status(lambda status, _: "missing.npz" in status.message)
    assert status.level == type(status).ERROR
    assert bench.set(Parameter("recording", value=str(recording))) == (True, "")
    assert change(bench, "configure")
    assert change(bench, "activate")
    bench.cameras()
