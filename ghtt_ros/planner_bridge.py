# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node planner_bridge: forecasts as the standard messages that other software already reads.

Subscribes `ghtt/refined_hands` and `ghtt/predicted_motion`; publishes `ghtt/poses` (PoseArray of the palms now),
`ghtt/points` (PointCloud2 with x y z t joint radius), `ghtt/trajectory` (MultiDOFJointTrajectory of the palms) and
`ghtt/markers` (MarkerArray for RViz). Each is only made while somebody listens. Where there is no forecast, an empty
message says so, once for each message that came in, and once more when none comes any longer.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from geometry_msgs.msg import PoseArray
from rclpy.clock import Clock, ClockType
from sensor_msgs.msg import PointCloud2
from trajectory_msgs.msg import MultiDOFJointTrajectory
from visualization_msgs.msg import MarkerArray

from ghtt_core.bags.convert import read_hand_frame
from ghtt_core.bags.fields import put_header, time_ns
from ghtt_core.errors import InputError
from ghtt_core.streaming.forecast import Forecast, NoForecastError
from ghtt_core.streaming.status import Status
from ghtt_ros.bridge_markers import clear_markers, forecast_markers, hand_markers
from ghtt_ros.bridge_outputs import POINT, cloud_message, empty_trajectory, point_cloud, pose_array, trajectory
from ghtt_ros.bridge_palms import PalmTracker
from ghtt_ros.msg import PredictedMotion, RefinedHands
from ghtt_ros.node_support.callbacks import guarded
from ghtt_ros.node_support.diagnostics import RateMeter, Report, StageTimes
from ghtt_ros.node_support.lifecycle import PipelineNode
from ghtt_ros.node_support.qos import SilenceWatch, advertise, result_profile, subscribe
from ghtt_ros.node_support.spin import run_node
from ghtt_ros.node_support.worker import Worker
from ghtt_ros.planner_bridge_settings import PlannerBridgeSettings

_CHECK_PERIOD_S: Final = 0.1
_QUEUE: Final = 8
"""Messages that may wait; drawing is never worth more."""
_SILENCE: Final = "silence"
"""Handed to the worker in place of a message when none comes any longer."""


class PlannerBridgeNode(PipelineNode[PlannerBridgeSettings]):
    """Translates hands and forecasts."""

    def __init__(self, **options: Any) -> None:
        """Make the node; `options` go to `LifecycleNode`."""
        self._worker: Worker[Any] | None = None
        self._watch: SilenceWatch | None = None
        self._inputs: list[Any] = []
        self._timer: Any = None
        self._poses: Any = None
        self._points: Any = None
        self._trajectory: Any = None
        self._markers: Any = None
        self._palms = PalmTracker()
        self._heard_at = 0.0
        self._shown = False
        self._where = (0, "")
        self._status: Status | None = None
        self._received = RateMeter()
        self._times = StageTimes()
        super().__init__("planner_bridge", PlannerBridgeSettings, **options)

    def load(self) -> None:
        """Advertise."""
        profile = result_profile()
        self._poses = advertise(self, PoseArray, "ghtt/poses", profile, self.errors)
        self._points = advertise(self, PointCloud2, "ghtt/points", profile, self.errors)
        self._trajectory = advertise(self, MultiDOFJointTrajectory, "ghtt/trajectory", profile, self.errors)
        self._markers = advertise(self, MarkerArray, "ghtt/markers", profile, self.errors)
        self._worker = Worker(self._work, self.errors.error, name="planner_bridge", depth=_QUEUE)

    def begin(self) -> None:
        """Subscribe."""
        assert self._worker is not None
        self._palms = PalmTracker()
        self._heard_at, self._shown, self._status = time.monotonic(), False, None
        self._worker.start()
        topic = "ghtt/predicted_motion"
        self._watch = SilenceWatch(self, topic, "forecast", lambda: max(self.settings.stale_after, 5.0), self.errors)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self.create_timer(_CHECK_PERIOD_S, guarded(self._check, self.errors), clock=steady)
        newest = result_profile()
        newest.depth = 1
        self._subscribe(RefinedHands, "ghtt/refined_hands", self._worker.offer, result_profile())
        self._subscribe(PredictedMotion, topic, self._on_motion, newest)

    def halt(self) -> None:
        """Take back what is shown, and unsubscribe.

        Raises:
            InputError: If the worker does not come back.
        """
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        self._inputs.clear()
        if self._timer is not None:
            self.destroy_timer(self._timer)
        if self._watch is not None:
            self._watch.close()
        self._timer = self._watch = None
        if self._worker is not None and not self._worker.stop():
            raise InputError("The worker has not come back yet; try again, or restart the node.")
        if self._shown and self.context.ok():
            self._take_back(*self._where)

    def unload(self) -> None:
        """Take the topics back."""
        for publisher in (self._poses, self._points, self._trajectory, self._markers):
            if publisher is not None:
                self.destroy_publisher(publisher)
        self._poses = self._points = self._trajectory = self._markers = self._worker = None

    def report(self) -> Report:
        """Say how forecasts come in."""
        worker, watch = self._worker, self._watch
        if worker is None or watch is None:
            return Report("STALE", "changing state")
        values: dict[str, object] = {
            "status": "none yet" if self._status is None else self._status.name,
            "forecast fps": self._received.rate(),
            "received": self._received.count,
            "dropped, worker busy": worker.dropped,
            "dropped, error": worker.failed,
            "last error": self.errors.last,
            **self._times.values(),
        }
        if trouble := worker.trouble():
            return Report("ERROR", trouble, values)
        if watch.silent:
            return Report("WARN", watch.sentence(), values)
        return Report("OK", "translating", values)

    def _subscribe(self, kind: type, topic: str, callback: Any, profile: Any) -> None:
        self._inputs.append(subscribe(self, kind, topic, callback, profile, self.errors))

    def _on_motion(self, message: Any) -> None:
        self._received.tick()
        self._heard_at = time.monotonic()
        if self._watch is not None:
            self._watch.heard()
        if self._worker is not None:
            self._worker.offer(message)

    def _check(self) -> None:
        """Take everything back when the predictor is gone."""
        worker = self._worker
        if worker is not None and self._shown and time.monotonic() - self._heard_at > self.settings.stale_after:
            self._shown = False
            self._status = Status.STALE_INPUT
            worker.offer(_SILENCE)

    def _work(self, message: Any) -> None:
        """Worker: translate one message, or silence."""
        if message is _SILENCE:
            self._take_back(*self._where)
        elif isinstance(message, RefinedHands):
            with self._times.measure("hands"):
                self._show_hands(message)
        else:
            with self._times.measure("forecast"):
                self._show_forecast(message)

    def _show_hands(self, message: Any) -> None:
        frame = read_hand_frame(message)
        self._palms.take(frame, message.wrist)
        self._where, self._shown = (frame.stamp_ns, frame.frame_id), True
        if _listened(self._poses):
            self._poses.publish(pose_array(frame, message.wrist))
        if _listened(self._markers) and frame.valid.any():
            self._markers.publish(hand_markers(frame))

    def _show_forecast(self, message: Any) -> None:
        try:
            forecast = Forecast.from_message(message)
        except NoForecastError as nothing:
            self._status = nothing.status
            self._take_back(time_ns(message.header.stamp), message.header.frame_id)
            return
        settings = self.settings
        self._status = forecast.status
        self._where, self._shown = (forecast.t0_ns, forecast.frame_id), True
        thin = forecast.thinned(settings.step_stride)
        if _listened(self._points):
            self._points.publish(point_cloud(thin, settings.coverage))
        if _listened(self._trajectory):
            self._trajectory.publish(trajectory(thin, self._palms))
        if _listened(self._markers):
            self._markers.publish(forecast_markers(forecast, settings))

    def _take_back(self, stamp_ns: int, frame_id: str) -> None:
        """Say on every topic that there is nothing (any longer)."""
        if _listened(self._points):
            self._points.publish(cloud_message(np.zeros(0, POINT), stamp_ns, frame_id))
        if _listened(self._trajectory):
            self._trajectory.publish(empty_trajectory(stamp_ns, frame_id))
        if self._status is Status.WARMING_UP:
            return  # hands are there, and go on being shown
        if _listened(self._poses):
            nobody = PoseArray()
            put_header(nobody.header, stamp_ns, frame_id)
            self._poses.publish(nobody)
        if _listened(self._markers):
            self._markers.publish(clear_markers(stamp_ns, frame_id))


def _listened(publisher: Any) -> bool:
    return publisher is not None and publisher.get_subscription_count() > 0


def main(args: Sequence[str] | None = None) -> int:
    """Run the node; returns the exit code."""
    return run_node(PlannerBridgeNode, args)


if __name__ == "__main__":
    sys.exit(main())
