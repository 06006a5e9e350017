# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong around motion_predictor: transforms, clocks, a frozen process, and what cannot be configured."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from motion_bench import MotionBench, stamp, stamp_of
from waiting import PATIENCE, eventually

from ghtt_core.streaming.forecast import Forecast

OK, WARMING_UP, STALE_INPUT, HANDS_LOST, _, NO_TRANSFORM = range(6)
GROWTH_BYTES = 16 * 2**20
MOVE = np.array([1.0, 2.0, 3.0])


def send_transform(bench: MotionBench) -> Any:
    """Tell where the camera is in the robot's frame: turned by 90 degrees about z, and moved."""
    from geometry_msgs.msg import TransformStamped
    from tf2_ros import StaticTransformBroadcaster

    found = TransformStamped()
    found.header.frame_id, found.child_frame_id = "base_link", "lens"
    found.transform.translation.x, found.transform.translation.y, found.transform.translation.z = MOVE.tolist()
    found.transform.rotation.z = found.transform.rotation.w = 0.5**0.5
    broadcaster = StaticTransformBroadcaster(bench.node)
    broadcaster.sendTransform(found)
    return broadcaster


def turned(joints: Any) -> np.ndarray:
    points = np.reshape(joints, (-1, 3))
    return np.stack((-points[:, 1], points[:, 0], points[:, 2]), 1) + MOVE


def test_without_a_transform_the_camera_frame_is_kept_and_said(bench: MotionBench, start: Callable[..., Any]) -> None:
    node = start(output_frame="base_link")
    bench.show(range(20))
    lost = bench.motion(lambda message: message.step_count)
    assert (lost.status, lost.header.frame_id) == (NO_TRANSFORM, "lens")
    assert bench.seen(stamp(19)).status == NO_TRANSFORM
    node.said("No transform from lens to base_link")
    broadcaster = send_transform(bench)

    def moved() -> Any:
        numbers.append(numbers[-1] + 1)
        bench.show(numbers[-1:])
        return bench.refined[-1].header.frame_id == "base_link"

    numbers = [19]
    eventually(moved, "hands in the robot's frame")
    bench.show(range(numbers[-1] + 1, numbers[-1] + 8))
    found = bench.motion(lambda message: message.status == OK)
    assert found.header.frame_id == "base_link"
    refined = bench.seen(stamp_of(found))
    assert np.allclose(found.origin, refined.joints, atol=1e-5)
    raw = bench.observation(round((stamp_of(found) - stamp(0)) / 33_333_333), stamp_of(found))
    assert np.abs(np.reshape(refined.joints, (-1, 3)) - turned(raw.joints)).max() < 0.2
    assert np.allclose([refined.wrist[1].position.x, refined.wrist[1].position.y], refined.joints[63:65], atol=1e-5)
    assert Forecast.from_message(found).at(stamp_of(found)).shape == (3, 2, 21, 3)
    assert broadcaster is not None


def test_a_process_that_was_frozen_forecasts_nothing_from_what_waited(
    bench: MotionBench, start: Callable[..., Any]
) -> None:
    node = start(stale_after=4.0 * PATIENCE)
    bench.show(range(20))
    node.send(signal.SIGSTOP)
    for number in range(20, 26):
        bench.publish(bench.observation(number, stamp(number)))
    frozen_at = time.monotonic()
    eventually(lambda: time.monotonic() - frozen_at > 6.0 * PATIENCE, "the observations to grow old")
    since = len(bench.motions)
    node.send(signal.SIGCONT)
    bench.motion(lambda message: message.status == STALE_INPUT, since)
    bench.status(lambda _, values: int(values.get("held up on the way", 0)) > 0)
    assert all(found.step_count == 0 for found in bench.motions[since:])


def test_a_simulated_clock_that_jumps_back_starts_the_window_anew(
    bench: MotionBench, start: Callable[..., Any]
) -> None:
    from rosgraph_msgs.msg import Clock

    node = start(use_sim_time="true")
    clock = bench.publisher(Clock, "/clock")

    def tick(at_ns: int) -> None:
        message = Clock()
        message.clock.sec, message.clock.nanosec = divmod(at_ns, 1_000_000_000)
        clock.publish(message)

    tick(stamp(100))
    bench.show(range(100, 104))
    tick(stamp(0))
    node.said("The clock jumped")
    bench.show(range(3))
    assert bench.seen(stamp(2)).status == WARMING_UP
    assert abs(bench.seen(stamp(2)).latency) < 60.0


def test_object_features_of_another_encoder_are_left_out_with_one_warning(
    bench: MotionBench, start: Callable[..., Any]
) -> None:
    node = start()
    bench.show(range(18), object_feature=np.ones(16, np.float32))
    bench.motion(lambda message: message.step_count)
    node.said("'strange'", "'table'", "left out")
    assert node.count("left out") == 1


def test_observations_with_nan_are_masked(bench: MotionBench, start: Callable[..., Any]) -> None:
    start()
    bench.show(range(18))
    broken = bench.observation(18, stamp(18))
    joints = np.array(broken.joints)
    joints[5] = np.nan
    broken.joints = joints
    bench.publish(broken)
    assert np.isfinite(bench.seen(stamp(18)).joints).all()
    bench.show(range(19, 24))


def test_live_parameters_change_the_next_forecast_and_others_are_refused(
    bench: MotionBench, start: Callable[..., Any]
) -> None:
    start()
    bench.show(range(18))
    full = bench.motion(lambda message: message.step_count)
    assert full.sample_count == 3
    assert bench.set("light", True) == (True, "")
    assert bench.set("person_id", "ben") == (True, "")
    bench.show(range(18, 26))
    slim = bench.motion(lambda message: message.step_count and message.person_id == "ben")
    assert slim.sample_count == len(slim.positions) == len(slim.weights) == 0
    assert len(slim.mean) * 2 == len(slim.covariance)
    assert Forecast.from_message(slim).light
    for name, value, words in (
        ("samples", 5, "while the node is configured"),
        ("envelope_coverage", 2.0, "envelope_coverage"),
        ("envelope_part", "arm", "one of hand, finger"),
        ("stale_after", float("nan"), "stale_after"),
        ("autostart", False, "autostart"),
    ):
        done, reason = bench.set(name, value)
        assert not done
        assert words in reason


def test_fifty_lifecycles_leave_nothing_behind(bench: MotionBench, start: Callable[..., Any]) -> None:
    node = start(autostart="false")
    early = 0
    for cycle in range(50):
        for label in ("configure", "activate", "deactivate", "cleanup"):
            assert bench.change(label), (cycle, label, node.log)
        if cycle == 14:
            early = resident_bytes(node.pid)
    assert resident_bytes(node.pid) - early < GROWTH_BYTES
    assert bench.change("configure")
    assert bench.change("activate")
    bench.show(range(2))


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_a_damaged_model_is_refused_and_can_be_replaced(
    bench: MotionBench, start: Callable[..., Any], random_checkpoint: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(random_checkpoint, damaged)
    with (damaged / "model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x7f")
    node = start(autostart="false", model=damaged)
    bench.status(lambda _, values: values.get("lifecycle") == "unconfigured")
    assert not bench.change("configure")
    node.said("is damaged or edited")
    bench.status(lambda status, _: "is damaged or edited" in status.message)
    assert bench.set("model", str(random_checkpoint)) == (True, "")
    assert bench.change("configure")
    assert bench.change("activate")
    bench.show(range(2))
    assert node.stop() == 0


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"model": "/nowhere"}, ("There is no checkpoint folder /nowhere",)),
        ({"method": "guess"}, ("method", "one of p_b, p_a")),
        ({"samples": 0}, ("samples", "1 to 1000")),
    ],
)
def test_what_cannot_start_ends_with_one_sentence(
    start: Callable[..., Any], parameters: dict[str, Any], words: tuple[str, ...]
) -> None:
    node = start(**parameters)
    assert node.wait() == 2
    node.said(*words)


def test_missing_torch_is_one_sentence_with_the_command_to_run(
    start: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A package that fails on import stands for one that is not installed.
    package = tmp_path / "without" / "torch"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError(\"No module named 'torch'\", name='torch')\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(package.parent), os.environ.get("PYTHONPATH", "")]))
    node = start()
    assert node.wait() == 2
    node.said("cannot load PyTorch", "pip install")
