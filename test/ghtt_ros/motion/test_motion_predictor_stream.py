# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Observations in; refined hands, actions and forecasts out: the node as a process, over DDS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from motion_bench import MotionBench, stamp, stamp_of
from waiting import PATIENCE, eventually

from ghtt_core.bags.convert import read_hand_frame
from ghtt_core.hands.layout import JOINT_NAMES, PARENTS
from ghtt_core.models.checkpoint import load_checkpoint
from ghtt_core.streaming.forecast import Envelope, Forecast
from ghtt_core.streaming.predictor import MotionPredictor, PredictorConfig
from ghtt_core.streaming.status import Status

OK, WARMING_UP, STALE_INPUT, HANDS_LOST = range(4)


def test_everything_comes_out_and_is_what_the_library_gives(
    bench: MotionBench, start: Callable[..., Any], random_checkpoint: Path
) -> None:
    start(person_id="anna", envelope_part="finger")
    bench.show(range(30))
    bench.motion(lambda message: stamp_of(message) == stamp(29) and message.status == OK)
    predictor = MotionPredictor(load_checkpoint(random_checkpoint), PredictorConfig(samples=3, precision="auto"))
    named = None
    for number in range(30):
        update = predictor.update(read_hand_frame(bench.observation(number, stamp(number))))
        named = update.action or named
        refined = bench.seen(stamp(number))
        assert np.allclose(np.reshape(refined.joints, (2, 21, 3)), update.refined[0].joints, atol=1e-5)
        assert np.allclose(np.reshape(refined.standard_deviation, (2, 21)), update.deviations[0], atol=1e-5)
        assert refined.status == (OK if number >= 15 else WARMING_UP)
        assert refined.header.frame_id == "lens"
        for hand, pose in enumerate(refined.wrist):
            place, turn = pose.position, pose.orientation
            assert np.allclose([place.x, place.y, place.z], update.refined[0].joints[hand, 0], atol=1e-5)
            assert np.linalg.norm([turn.x, turn.y, turn.z, turn.w]) == pytest.approx(1)
    assert [stamp_of(found) for found in bench.refined] == [stamp(number) for number in range(30)]

    message = next(found for found in bench.motions if stamp_of(found) == stamp(29))
    forecast = Forecast.from_message(message)
    expected = update.forecast
    assert expected is not None
    assert np.allclose(forecast.samples, expected.samples, atol=1e-4)
    assert np.array_equal(forecast.stamps_ns, expected.stamps_ns)
    assert np.allclose(forecast.mean, np.reshape(message.mean, forecast.mean.shape), atol=1e-6)
    assert (forecast.person_id, forecast.model_id, forecast.method) == ("anna", "random-tiny", "action")
    assert named is not None
    assert forecast.actions[0][0] == named.label
    envelope = Envelope.from_message(
        bench.latest("ghtt/motion_envelope", lambda found: stamp_of(found) == stamp(29) and found.step_count)
    )
    assert envelope.part == "finger"
    assert np.allclose(envelope.centres, expected.envelope(0.9, "finger").centres, atol=1e-4)

    action = bench.latest("ghtt/action", lambda found: stamp_of(found) == named.stamp_ns)
    assert action.label == named.label
    assert np.allclose(action.top_probabilities, [share for _, share in named.top], atol=1e-4)
    assert action.taxonomy_id.startswith("random-tiny:")
    assert {found.taxonomy_id for found in bench.actions} == {action.taxonomy_id}


def test_before_the_window_is_full_there_is_a_status_and_no_forecast(
    bench: MotionBench, start: Callable[..., Any]
) -> None:
    start()
    bench.motion(lambda message: message.status == WARMING_UP)
    bench.show(range(20))
    bench.motion(lambda message: message.step_count > 0)
    early = [found for found in bench.motions if stamp_of(found) < stamp(15)]
    assert {found.status for found in early} == {WARMING_UP}
    assert all(found.step_count == 0 and len(found.positions) == 0 and len(found.mean) == 0 for found in early)


def test_who_comes_late_still_gets_the_layout(bench: MotionBench, start: Callable[..., Any]) -> None:
    from ghtt_ros.msg import SkeletonLayout
    from rclpy.qos import DurabilityPolicy, QoSProfile

    start()
    bench.status(lambda _, values: values.get("lifecycle") == "active")
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    layouts = bench.listen(SkeletonLayout, "ghtt/skeleton_layout", latched)
    layout = eventually(lambda: layouts and layouts[0], "the layout")
    assert tuple(layout.joint_names) == JOINT_NAMES
    assert tuple(layout.parents) == PARENTS


def test_a_stalled_camera_is_told_with_empty_forecasts_until_it_is_back(
    bench: MotionBench, start: Callable[..., Any]
) -> None:
    start(stale_after=4.0 * PATIENCE, input_timeout=5.0)
    bench.show(range(20))
    bench.motion(lambda message: message.status == OK)
    bench.motion(lambda message: message.status == STALE_INPUT)
    since = len(bench.motions)
    eventually(lambda: len(bench.motions) > since + 5, "the status again and again")
    for found in bench.motions[since:]:
        assert found.status == STALE_INPUT
        assert found.step_count == len(found.positions) == len(found.mean) == len(found.origin) == 0
        assert stamp_of(found) == stamp(19)
    assert bench.actions[-1].label == ""
    assert bench.actions[-1].status == STALE_INPUT
    assert not any(bench.refined[-1].valid)
    assert bench.latest("ghtt/motion_envelope", lambda found: found.status == STALE_INPUT).sphere_count == 0
    bench.status(lambda status, _: "No hand observation on" in status.message)
    bench.show(range(200, 222))
    bench.motion(lambda message: message.status == WARMING_UP and stamp_of(message) >= stamp(200), since)
    bench.motion(lambda message: message.status == OK and stamp_of(message) >= stamp(215), since)


def test_hands_that_leave_are_lost_and_found_again(bench: MotionBench, start: Callable[..., Any]) -> None:
    start()
    bench.show(range(20))
    nobody = np.zeros(2, bool)
    bench.show(range(20, 40), valid=nobody)
    lost = bench.motion(lambda message: message.status == HANDS_LOST)
    assert lost.step_count == len(lost.mean) == 0
    assert [any(bench.seen(stamp(number)).valid) for number in (20, 30)] == [True, False]
    bench.latest("ghtt/action", lambda found: found.status == HANDS_LOST and found.label == "")
    bench.show(range(40, 60))
    found = bench.motion(lambda message: message.status == OK and stamp_of(message) > stamp(40))
    assert found.hands == 3
    forecasts = [Forecast.from_message(message) for message in bench.motions if message.step_count]
    assert {forecast.status for forecast in forecasts} == {Status.OK}
    assert all(np.isfinite(forecast.samples).all() for forecast in forecasts)


def test_one_hand_is_enough(bench: MotionBench, start: Callable[..., Any]) -> None:
    start()
    bench.show(range(20), valid=np.array([False, True]))
    forecast = Forecast.from_message(bench.motion(lambda message: message.step_count))
    assert forecast.hands.tolist() == [False, True]
    assert not forecast.samples[:, :, 0].any()
    last = bench.seen(stamp(19))
    assert last.wrist[0].orientation.w == 1.0
    assert not np.any(np.reshape(last.joints, (2, 21, 3))[0])


def test_a_bag_that_loops_starts_the_window_anew(bench: MotionBench, start: Callable[..., Any]) -> None:
    node = start()
    bench.show(range(40, 60))
    bench.show(range(20))
    node.said("Time jumped back")
    assert bench.seen(stamp(0)).status == WARMING_UP
    bench.motion(lambda message: message.status == OK and stamp_of(message) <= stamp(19))
    _, values = bench.status(lambda _, values: values.get("time restarts") == "1")
    assert values["window fill"] == "16/16"


def test_duplicate_and_late_stamps_are_skipped_and_counted(bench: MotionBench, start: Callable[..., Any]) -> None:
    node = start()
    bench.show(range(5))
    for number in (4, 3, 4, 2):
        bench.publish(bench.observation(number, stamp(number)))
    bench.show(range(5, 8))
    _, values = bench.status(lambda _, values: values.get("dropped, duplicate stamp") == "2")
    assert values["dropped, late"] == "2"
    assert [stamp_of(found) for found in bench.refined] == [stamp(number) for number in range(8)]
    node.said("Several observations have the stamp")


def test_ten_times_the_rate_is_survived_and_counted(bench: MotionBench, start: Callable[..., Any]) -> None:
    start(queue_depth=4)
    bench.show(range(2))
    for index in range(300):
        bench.publish(bench.observation(index, stamp(1) + (index + 1) * STEP_TENTH))
    bench.publish(bench.observation(0, stamp(400)))
    bench.seen(stamp(400))
    _, values = bench.status(lambda _, values: "received" in values)
    stamps = [stamp_of(found) for found in bench.refined]
    assert stamps == sorted(stamps)
    assert int(values["received"]) <= 303


STEP_TENTH = 3_333_333
