# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What motion_predictor publishes: filled from the predictor's updates, or saying why there is nothing."""

from __future__ import annotations

import threading
import time
from typing import Any, Final

import numpy as np

from ghtt_core.bags.convert import fill_action, fill_refined_hands, fill_skeleton_layout
from ghtt_core.bags.convert_motion import (
    fill_motion_envelope,
    fill_no_envelope,
    fill_no_motion,
    fill_predicted_motion,
)
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import NUM_HANDS, NUM_JOINTS
from ghtt_core.streaming.forecast import Forecast
from ghtt_core.streaming.status import Status
from ghtt_core.streaming.update import ActionEstimate, Update
from ghtt_ros.motion_frames import OutputFrame, Rigid, moved_forecast, moved_hands, told_status
from ghtt_ros.motion_prediction import MotionPrediction
from ghtt_ros.motion_predictor_settings import MotionPredictorSettings
from ghtt_ros.msg import ActionRecognition, MotionEnvelope, PredictedMotion, RefinedHands, SkeletonLayout
from ghtt_ros.node_support.diagnostics import RateMeter, StageTimes
from ghtt_ros.node_support.lifecycle import PipelineNode
from ghtt_ros.node_support.qos import advertise, forecast_profile, latched_profile, result_profile

WITHOUT_FORECAST: Final = (Status.WARMING_UP, Status.STALE_INPUT, Status.HANDS_LOST)
"""Statuses that are told by an empty forecast, again and again."""
_QUIET_SHARE: Final = 0.75
"""Share of the forecasts' period after which silence is filled."""
_SANE_LATENCY_S: Final = 60.0
"""Beyond it clocks disagree (a replayed bag), and the latency says nothing about the work."""


class MotionResults:
    """The publishers of a motion_predictor; its methods may be called from several threads.

    Attributes:
        status: What was told last.
        refined, forecasts: Rates of what was published.
    """

    def __init__(
        self,
        node: PipelineNode[MotionPredictorSettings],
        prediction: MotionPrediction,
        frames: OutputFrame,
        times: StageTimes,
    ) -> None:
        """Advertise all topics.

        Args:
            node: The node.
            prediction: The model, for its names and palms.
            frames: Into which positions are moved.
            times: Where durations are noted.
        """
        self._node, self._prediction, self._frames, self._times = node, prediction, frames, times
        self._lock = threading.RLock()
        self.refined, self.forecasts = RateMeter(), RateMeter()
        self.status: Status | None = None
        period_s = node.settings.period_s
        forecast = forecast_profile(period_s)
        self._period_s = period_s
        self._layout = advertise(node, SkeletonLayout, "ghtt/skeleton_layout", latched_profile(), node.errors)
        self._refined = advertise(node, RefinedHands, "ghtt/refined_hands", result_profile(), node.errors)
        self._action = advertise(node, ActionRecognition, "ghtt/action", result_profile(), node.errors)
        self._motion = advertise(node, PredictedMotion, "ghtt/predicted_motion", forecast, node.errors)
        self._envelope = advertise(node, MotionEnvelope, "ghtt/motion_envelope", forecast, node.errors)
        self._publishers = [self._layout, self._refined, self._action, self._motion, self._envelope]
        self._stamp_ns, self._camera_frame, self._told_at = 0, "", 0.0
        self._last_action: ActionEstimate | None = None

    def start(self) -> None:
        """Begin a new stream: nothing is known, and late subscribers get the layout of joints."""
        with self._lock:
            self.status, self._last_action = None, None
            self._stamp_ns, self._camera_frame, self._told_at = 0, "", 0.0
        layout = SkeletonLayout()
        fill_skeleton_layout(layout, self._node.get_clock().now().nanoseconds)
        self._layout.publish(layout)

    def close(self) -> None:
        """Take all topics back."""
        for publisher in self._publishers:
            self._node.destroy_publisher(publisher)
        self._publishers.clear()

    def give(self, update: Update, stamp_ns: int, frame_id: str, settings: MotionPredictorSettings) -> None:
        """Publish all that an update holds.

        Args:
            update: From the predictor.
            stamp_ns: Of the newest input.
            frame_id: The camera's frame.
            settings: The node's parameters.
        """
        with self._lock:
            self._stamp_ns, self._camera_frame = stamp_ns, frame_id
            matrix, lost_frame = None, False
            for frame, deviation in zip(update.refined, update.deviations, strict=True):
                matrix, lost_frame = self._frames.find(frame.frame_id, frame.stamp_ns, settings)
                moved = moved_hands(frame, matrix, settings.output_frame)
                self._give_hands(moved, deviation, told_status(update.status, lost_frame))
            if update.action is not None:
                self._last_action = update.action
                self._give_action(update.action, update.status)
            if update.forecast is not None:
                status = told_status(update.forecast.status, lost_frame)
                self._give_forecast(update.forecast, matrix, status, settings)
            elif update.status in WITHOUT_FORECAST:
                if update.status != self.status:
                    self.give_nothing(update.status, settings)
            elif self.status in WITHOUT_FORECAST:
                self.status = update.status  # hands are back; the next forecast says so

    def fill_silence(self, stale: bool, settings: MotionPredictorSettings) -> None:
        """Say why there is no forecast, if none was published for about a period.

        Args:
            stale: Whether there is no usable input.
            settings: The node's parameters.
        """
        with self._lock:
            status = Status.STALE_INPUT if stale else (self.status or Status.WARMING_UP)
            quiet_s = time.monotonic() - self._told_at
            if status in WITHOUT_FORECAST and (status != self.status or quiet_s >= _QUIET_SHARE * self._period_s):
                self.give_nothing(status, settings)

    def give_nothing(self, status: Status, settings: MotionPredictorSettings) -> None:
        """Publish an empty forecast and envelope; if that is news, say so for the hands and the action too.

        Args:
            status: Why there is no forecast.
            settings: The node's parameters.
        """
        with self._lock:
            frame_id = settings.output_frame or self._camera_frame
            model_id, person_id, stamp_ns = self._prediction.model_id, settings.person_id, self._stamp_ns
            motion = PredictedMotion()
            fill_no_motion(
                motion,
                stamp_ns=stamp_ns,
                frame_id=frame_id,
                status=status,
                model_id=model_id,
                person_id=person_id,
                latency_s=self._age(stamp_ns),
            )
            self._motion.publish(motion)
            if self._envelope.get_subscription_count():
                envelope = MotionEnvelope()
                fill_no_envelope(
                    envelope,
                    stamp_ns=stamp_ns,
                    frame_id=frame_id,
                    status=status,
                    model_id=model_id,
                    person_id=person_id,
                )
                self._envelope.publish(envelope)
            news = status != self.status
            self._told(status)
            if news and status in (Status.STALE_INPUT, Status.HANDS_LOST):
                self._last_action = None
                self._give_action(None, status)
            if news and status is Status.STALE_INPUT:
                nobody = np.zeros((NUM_HANDS, NUM_JOINTS, 3), np.float32)
                hands = HandFrame(self._stamp_ns, nobody, np.zeros(NUM_HANDS, np.bool_), frame_id=frame_id)
                self._give_hands(hands, np.zeros((NUM_HANDS, NUM_JOINTS), np.float32), status)

    def _told(self, status: Status) -> None:
        self.status = status
        self._told_at = time.monotonic()

    def _give_hands(self, frame: HandFrame, deviation: Any, status: Status) -> None:
        message = RefinedHands()
        fill_refined_hands(
            message,
            frame,
            status=status,
            model_id=self._prediction.model_id,
            latency_s=self._age(frame.stamp_ns),
            standard_deviation=deviation,
            wrists=self._prediction.wrists(frame),
        )
        self._refined.publish(message)
        self.refined.tick()

    def _give_action(self, action: ActionEstimate | None, status: Status) -> None:
        message = ActionRecognition()
        fill_action(
            message,
            action,
            stamp_ns=self._stamp_ns,
            frame_id=self._camera_frame,
            status=status,
            labels=self._prediction.labels,
            taxonomy_id=self._prediction.taxonomy_id,
            model_id=self._prediction.model_id,
            latency_s=self._age(self._stamp_ns if action is None else action.stamp_ns),
        )
        self._action.publish(message)

    def _give_forecast(
        self, forecast: Forecast, matrix: Rigid | None, status: Status, settings: MotionPredictorSettings
    ) -> None:
        model_id, person_id = self._prediction.model_id, settings.person_id
        with self._times.measure("publish forecast"):
            forecast = moved_forecast(forecast, matrix, settings.output_frame)
            message = PredictedMotion()
            fill_predicted_motion(
                message,
                forecast,
                model_id=model_id,
                person_id=person_id,
                action=self._last_action,
                samples=not settings.light and self._motion.get_subscription_count() > 0,
                status=status,
            )
            message.latency = latency_s = self._age(forecast.t0_ns)
            self._motion.publish(message)
        self._told(status)
        self.forecasts.tick()
        if 0.0 <= latency_s < _SANE_LATENCY_S:
            self._times.add("acquisition to forecast", latency_s * 1e3)
        if self._envelope.get_subscription_count():
            with self._times.measure("publish envelope"):
                envelope = MotionEnvelope()
                fill_motion_envelope(
                    envelope,
                    forecast,
                    coverage=settings.envelope_coverage,
                    model_id=model_id,
                    part="hand" if settings.envelope_part == "hand" else "finger",
                    stride=settings.envelope_stride,
                    person_id=person_id,
                    status=status,
                )
                self._envelope.publish(envelope)

    def _age(self, stamp_ns: int) -> float:
        """Seconds from a stamp to now; 0 where there was no input yet."""
        return (self._node.get_clock().now().nanoseconds - stamp_ns) / 1e9 if stamp_ns else 0.0
