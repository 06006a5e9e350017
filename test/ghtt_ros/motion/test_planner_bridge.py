# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Forecasts come out as poses, points, trajectories and markers, and are taken back when they are over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from motion_bench import Bench, stamp, stamp_of
from waiting import eventually

from ghtt_core.bags.convert import fill_refined_hands
from ghtt_core.bags.convert_motion import fill_no_motion, fill_predicted_motion
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import WRIST
from ghtt_core.streaming.forecast import Forecast
from ghtt_core.streaming.status import Status

STEP = 33_333_333
STEPS = 30
LEFT_TURN = np.array([0.5, 0.5, 0.5, 0.5])


def forecast_of(frame: HandFrame, hands: tuple[bool, bool] = (True, True)) -> Forecast:
    """Both hands move 0.3 m/s along x; samples differ along y."""
    there = np.array(hands)
    seconds = (1 + np.arange(STEPS)) * STEP / 1e9
    samples = np.repeat(np.repeat(frame.joints[None, None], STEPS, 1), 4, 0)
    samples[..., 0] += (0.3 * seconds)[None, :, None, None]
    samples[..., 1] += np.linspace(-0.02, 0.02, 4)[:, None, None, None]
    samples[:, :, ~there] = 0.0
    origin = np.where(there[:, None, None], frame.joints, 0.0)
    return Forecast(samples.astype(np.float32), stamp(0), STEP, STEP, there, origin=origin, frame_id="lens")


class Planner:
    """Publishes what motion_predictor would and hears the bridge."""

    def __init__(self, bench: Bench) -> None:
        from geometry_msgs.msg import PoseArray
        from ghtt_ros.msg import PredictedMotion, RefinedHands
        from sensor_msgs.msg import PointCloud2
        from trajectory_msgs.msg import MultiDOFJointTrajectory
        from visualization_msgs.msg import MarkerArray

        self.bench = bench
        self.poses = bench.listen(PoseArray, "ghtt/poses")
        self.points = bench.listen(PointCloud2, "ghtt/points")
        self.trajectories = bench.listen(MultiDOFJointTrajectory, "ghtt/trajectory")
        self.markers = bench.listen(MarkerArray, "ghtt/markers")
        self.outputs = (self.poses, self.points, self.trajectories, self.markers)
        self.refined_type, self.motion_type = RefinedHands, PredictedMotion
        self._refined = bench.publisher(RefinedHands, "ghtt/refined_hands")
        self._motion = bench.publisher(PredictedMotion, "ghtt/predicted_motion", depth=1)
        for topic in ("poses", "points", "trajectory", "markers"):
            name = f"{bench.namespace}/ghtt/{topic}"
            eventually(lambda name=name: bench.node.count_publishers(name), f"the bridge on {name}")

    def refined(self, frame: HandFrame) -> None:
        message = self.refined_type()
        wrists = (frame.joints[:, WRIST].astype(float), np.stack((LEFT_TURN, [0.0, 0.0, 0.0, 1.0])))
        fill_refined_hands(message, frame, status=Status.OK, model_id="m", wrists=wrists)
        self._refined.publish(message)

    def motion(self, forecast: Forecast, **options: Any) -> None:
        message = self.motion_type()
        fill_predicted_motion(message, forecast, model_id="m", **options)
        message.action_labels, message.action_probabilities = ["pour bottle"], [0.75]
        self._motion.publish(message)

    def nothing(self, status: Status) -> None:
        message = self.motion_type()
        fill_no_motion(message, stamp_ns=stamp(5), frame_id="lens", status=status)
        self._motion.publish(message)


@pytest.fixture
def planner(bridge_bench: Bench, start_bridge: Callable[..., Any]) -> Planner:
    start_bridge(step_stride=3, ghost_interval=0.3)
    made = Planner(bridge_bench)
    # The bridge makes only what is listened to, so it has to know its listeners first.
    bridge_bench.status(lambda _, values: values.get("lifecycle") == "active")
    return made


def show(planner: Planner, frame: HandFrame, forecast: Forecast, **options: Any) -> tuple[Any, Any, Any, Any]:
    """Publish hands and a forecast until every output has come."""

    def complete() -> bool:
        planner.refined(frame)
        planner.motion(forecast, **options)
        eventually(lambda: any(planner.outputs), "any output")
        return all(planner.outputs) and bool(planner.trajectories[-1].joint_names) and fan(planner) is not None

    eventually(complete, "every output")
    return planner.poses[-1], planner.points[-1], planner.trajectories[-1], fan(planner)


def fan(planner: Planner) -> Any:
    """The newest markers of a forecast."""
    return next((found for found in reversed(planner.markers) if any(m.ns == "mean" for m in found.markers)), None)


def points_of(cloud: Any) -> Any:
    kinds = {7: "<f4", 6: "<u4"}
    layout = np.dtype(
        {
            "names": [field.name for field in cloud.fields],
            "formats": [kinds[field.datatype] for field in cloud.fields],
            "offsets": [field.offset for field in cloud.fields],
            "itemsize": cloud.point_step,
        }
    )
    return np.frombuffer(bytes(cloud.data), layout)


def test_a_forecast_becomes_every_standard_message(planner: Planner, frames: list[HandFrame]) -> None:
    frame = replace(frames[0], stamp_ns=stamp(0), frame_id="lens")
    forecast = forecast_of(frame)
    poses, cloud, path, markers = show(planner, frame, forecast)

    assert [stamp_of(found) for found in (poses, cloud, path)] == [stamp(0)] * 3
    assert {found.header.frame_id for found in (poses, cloud, path, *markers.markers)} == {"lens"}
    assert np.allclose([poses.poses[0].position.x, poses.poses[0].position.z], frame.joints[0, WRIST, ::2], atol=1e-5)
    assert poses.poses[0].orientation.x == pytest.approx(0.5)

    points = points_of(cloud)
    assert [field.name for field in cloud.fields] == ["x", "y", "z", "t", "joint", "radius"]
    assert len(points) == cloud.width == len(range(0, STEPS, 3)) * 42
    assert cloud.row_step == len(cloud.data)
    wrist = points[points["joint"] == 21]
    assert np.allclose(wrist["x"], frame.joints[1, WRIST, 0] + 0.3 * wrist["t"], atol=1e-4)
    assert np.allclose(wrist["t"], (1 + np.arange(0, STEPS, 3)) * STEP / 1e9, atol=1e-5)
    assert np.allclose(wrist["radius"], 0.02, atol=1e-4)

    assert list(path.joint_names) == ["left_palm", "right_palm"]
    assert len(path.points) == 1 + len(range(0, STEPS, 3))
    assert path.points[0].time_from_start.nanosec == 0
    assert path.points[1].time_from_start.nanosec == STEP
    for point in path.points:  # the hands move without turning
        turn = point.transforms[0].rotation
        assert np.allclose([turn.x, turn.y, turn.z, turn.w], LEFT_TURN, atol=1e-5)

    kinds = {marker.ns for marker in markers.markers}
    assert kinds == {"mean", "fan", "future", "envelope", "action"}
    for marker in markers.markers:
        assert marker.pose.orientation.w == 1.0
        assert marker.lifetime.sec + marker.lifetime.nanosec / 1e9 == pytest.approx(0.6)
        assert marker.scale.x > 0 or marker.scale.z > 0
        assert len(marker.colors) in (0, len(marker.points))
        if marker.ns in ("mean", "fan", "future"):
            alphas = [colour.a for colour in marker.colors]
            assert len(marker.points) % 2 == 0
            assert alphas[0] > alphas[-1] > 0
    lines = next(marker for marker in markers.markers if marker.ns == "fan")
    assert len(lines.points) == 4 * (len(path.points) - 1) * 2
    text = next(marker for marker in markers.markers if marker.ns == "action")
    assert text.text == "pour bottle 75%"
    hands = eventually(
        lambda: next((m for m in planner.markers if {k.ns for k in m.markers} == {"hands", "joints"}), None),
        "skeletons of the hands",
    )
    assert len({(marker.ns, marker.id) for marker in hands.markers}) == 4


def test_one_hand_light_and_calibrated(planner: Planner, frames: list[HandFrame]) -> None:
    frame = replace(frames[0], stamp_ns=stamp(0), frame_id="lens")
    forecast = forecast_of(frame, hands=(False, True))
    radius = np.full((STEPS, 2, 21), 0.07)
    _, cloud, path, markers = show(
        planner, frame, forecast, samples=False, radius=radius, coverage=0.9, calibration_id="lab"
    )
    points = points_of(cloud)
    assert set(points["joint"]) == set(range(21, 42))
    assert np.allclose(points["radius"], 0.07)
    assert list(path.joint_names) == ["right_palm"]
    assert "fan" not in {marker.ns for marker in markers.markers}


@pytest.mark.parametrize("status", [Status.HANDS_LOST, Status.STALE_INPUT])
def test_without_a_forecast_everything_is_taken_back(planner: Planner, frames: list[HandFrame], status: Status) -> None:
    from visualization_msgs.msg import Marker

    frame = replace(frames[0], stamp_ns=stamp(0), frame_id="lens")
    show(planner, frame, forecast_of(frame))

    def taken_back() -> bool:
        planner.nothing(status)  # as the predictor does, again and again
        return (
            planner.points[-1].width == 0
            and not planner.trajectories[-1].points
            and not planner.poses[-1].poses
            and planner.markers[-1].markers[0].action == Marker.DELETEALL
        )

    eventually(taken_back, "an empty cloud and trajectory, no poses and no markers")
    assert stamp_of(planner.points[-1]) == stamp(5)


def test_a_doubtful_forecast_is_grey_and_says_why(planner: Planner, frames: list[HandFrame]) -> None:
    frame = replace(frames[0], stamp_ns=stamp(0), frame_id="lens")
    *_, markers = show(planner, frame, replace(forecast_of(frame), status=Status.OUT_OF_DISTRIBUTION))
    line = next(marker for marker in markers.markers if marker.ns == "mean")
    assert line.color.r == line.color.g == line.color.b
    assert "out of distribution" in next(marker for marker in markers.markers if marker.ns == "action").text


def test_when_the_predictor_is_gone_nothing_old_stays(
    bridge_bench: Bench, start_bridge: Callable[..., Any], frames: list[HandFrame]
) -> None:
    node = start_bridge(stale_after=2.0)
    planner = Planner(bridge_bench)
    frame = replace(frames[0], stamp_ns=stamp(0), frame_id="lens")
    show(planner, frame, forecast_of(frame))
    eventually(lambda: planner.points[-1].width == 0, "an empty cloud")
    eventually(lambda: not planner.trajectories[-1].points, "an empty trajectory")
    assert node.stop() == 0


def test_a_damaged_message_is_named_and_skipped(
    bridge_bench: Bench, start_bridge: Callable[..., Any], frames: list[HandFrame]
) -> None:
    node = start_bridge()
    planner = Planner(bridge_bench)
    frame = replace(frames[0], stamp_ns=stamp(0), frame_id="lens")
    broken = planner.motion_type()
    fill_predicted_motion(broken, forecast_of(frame), model_id="m")
    broken.step_count = 77
    planner._motion.publish(broken)
    node.said("positions has", "its counts say")
    show(planner, frame, forecast_of(frame))
