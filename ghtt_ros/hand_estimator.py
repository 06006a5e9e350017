# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node hand_estimator: pictures in, hand observations out.

Subscribes `image` (or `image/compressed`), `camera_info` and, if wanted, `depth`; publishes `ghtt/hand_observation`,
one for every picture there was time for, stamped with the picture's acquisition time. A picture without hands gives an
observation that says so.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Final

from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from ghtt_core.bags.convert import fill_hand_observation
from ghtt_core.bags.fields import time_ns
from ghtt_core.errors import InputError
from ghtt_core.hands.frame import HandFrame
from ghtt_ros.hand_estimation import HandEstimation, Picture
from ghtt_ros.hand_estimator_settings import HandEstimatorSettings
from ghtt_ros.msg import HandObservation
from ghtt_ros.node_support.camera_info import CameraInfoFollower
from ghtt_ros.node_support.depth_pairing import DepthPairing, Pair
from ghtt_ros.node_support.diagnostics import RateMeter, Report, StageTimes
from ghtt_ros.node_support.estimator_choice import open_estimator
from ghtt_ros.node_support.lifecycle import PipelineNode
from ghtt_ros.node_support.qos import SilenceWatch, advertise, image_profile, observation_profile, subscribe
from ghtt_ros.node_support.spin import run_node
from ghtt_ros.node_support.stamps import Arrival, StampGate
from ghtt_ros.node_support.worker import Worker

_SANE_LATENCY_MS: Final = 60_000.0
"""More than a minute, or less than nothing, says that clocks disagree (a replayed bag), not that work is slow."""
_BROKEN_IN_A_ROW: Final = 5


class HandEstimatorNode(PipelineNode[HandEstimatorSettings]):
    """Watches a camera and publishes the hands that an estimator finds."""

    def __init__(self, **options: Any) -> None:
        """Make the node; `options` go to `LifecycleNode`."""
        self._estimation: HandEstimation | None = None
        self._cameras: CameraInfoFollower | None = None
        self._worker: Worker[Picture] | None = None
        self._watch: SilenceWatch | None = None
        self._output: Any = None
        self._inputs: list[Any] = []
        self._gate = StampGate()
        self._era = 0
        self._pairing = DepthPairing()
        self._received, self._published = RateMeter(), RateMeter()
        self._totals = StageTimes()
        super().__init__("hand_estimator", HandEstimatorSettings, **options)

    def load(self) -> None:
        """Load the estimator and look at a first, black picture.

        Raises:
            GhttError: If the estimator, its library, its model or the recording is not there.
        """
        settings = self.settings
        topic = self.resolve_topic_name("camera_info")
        self._cameras = CameraInfoFollower(topic, self._camera_policy, settings.rectified, self.errors)
        estimator = open_estimator(
            settings.estimator,
            recording=settings.recording,
            palm_size_m=settings.palm_size,
            image_model=settings.image_model,
        )
        self._estimation = HandEstimation(estimator, self._cameras, self.errors)
        self._estimation.warm_up()
        self._worker = Worker(self._work, self.errors.error, name="hand_estimation")
        self._output = advertise(self, HandObservation, "ghtt/hand_observation", observation_profile(), self.errors)

    def begin(self) -> None:
        """Subscribe.

        Raises:
            InputError: If the estimator has still not come back from a picture of the last time.
        """
        assert self._worker is not None
        assert self._cameras is not None
        if not self._worker.start():
            raise InputError(
                "The estimator has not come back from its last picture yet; try again or restart the node."
            )
        settings = self.settings
        compressed = settings.image_transport == "compressed"
        # As image_transport does it: the name is resolved first, so that remapping `image` is enough.
        topic = self.resolve_topic_name("image") + ("/compressed" if compressed else "")
        self._gate.reset()
        self._era += 1
        self._cameras.start_waiting()
        self._watch = SilenceWatch(self, topic, "image", lambda: self.settings.image_timeout, self.errors)
        pictures = image_profile(settings.image_reliability, settings.image_depth)
        kind = CompressedImage if compressed else Image
        self._subscribe(CameraInfo, "camera_info", self._cameras.take, image_profile())
        if settings.use_depth:
            self._subscribe(Image, "depth", self._on_depth, pictures)
        self._subscribe(kind, topic, self._on_image, pictures)
        self.get_logger().info(f"Looking for hands with {settings.estimator} in {topic}.")

    def halt(self) -> None:
        """Unsubscribe and let the current picture finish."""
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        self._inputs.clear()
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self._pairing.clear()
        if self._worker is not None and not self._worker.stop():
            self.errors.warn("The estimator does not come back from a picture; its memory is freed when it does.")

    def unload(self) -> None:
        """Free the estimator."""
        if self._output is not None:
            self.destroy_publisher(self._output)
        # Closed under a thread that is inside it, native code would crash.
        if self._estimation is not None and not (self._worker and self._worker.running):
            self._estimation.close()
        self._output = self._estimation = self._cameras = self._worker = None

    def report(self) -> Report:
        """Say how the pictures come in and the hands go out."""
        estimation, cameras, worker, watch = self._estimation, self._cameras, self._worker, self._watch
        if estimation is None or cameras is None or worker is None or watch is None:
            return Report("STALE", "changing state")
        gate = self._gate
        size = "none yet" if estimation.size is None else "{}x{}".format(*estimation.size)
        values: dict[str, object] = {
            "estimator": estimation.name,
            "input fps": self._received.rate(),
            "output fps": self._published.rate(),
            "received": self._received.count,
            "published": self._published.count,
            "dropped, worker busy": worker.dropped,
            "dropped, duplicate stamp": gate.duplicates,
            "dropped, late": gate.late,
            "dropped, undecodable": estimation.undecodable,
            "dropped, no camera_info": estimation.no_camera,
            "dropped, error": worker.failed,
            "depth missing": self._pairing.unpaired,
            "depth unusable": estimation.bad_depth,
            "time restarts": gate.restarts,
            "estimator resets": estimation.resets,
            "picture": f"{size} {estimation.encoding}".strip(),
            "camera": cameras.describe(),
            "left hand": estimation.hands[0],
            "right hand": estimation.hands[1],
            "last error": self.errors.last,
            **estimation.times.values(),
            **self._totals.values(),
        }
        if trouble := worker.trouble():
            return Report("ERROR", trouble, values)
        if watch.silent:
            return Report("WARN", watch.sentence(), values)
        if estimation.in_a_row_undecodable >= _BROKEN_IN_A_ROW:
            return Report("ERROR", self.errors.last, values)
        if cameras.note:
            return Report("WARN", cameras.note, values)
        if estimation.size is None:
            return Report("OK", "waiting for the first picture", values)
        return Report("OK", "looking for hands", values)

    def _subscribe(self, kind: type, topic: str, callback: Any, profile: Any) -> None:
        self._inputs.append(subscribe(self, kind, topic, callback, profile, self.errors))

    def _camera_policy(self) -> tuple[str, float]:
        settings = self.settings
        return settings.camera_info_policy, settings.camera_info_timeout

    def _on_image(self, message: Any) -> None:
        self._received.tick()
        if self._watch is not None:
            self._watch.heard()
        stamp_ns = time_ns(message.header.stamp)
        arrival = self._gate.judge(stamp_ns)
        if arrival is Arrival.DUPLICATE:
            self.errors.warn(
                f"Several pictures have the stamp {stamp_ns / 1e9:.9f}; all but the first are skipped. A camera driver "
                "has to stamp every picture with its acquisition time.",
                key="duplicate stamp",
            )
        if arrival in (Arrival.DUPLICATE, Arrival.LATE):
            return
        if arrival is Arrival.RESTART:
            self.get_logger().info("Time jumped back; the estimator starts anew.")
            self._era += 1
            self._pairing.clear()
            if self._worker is not None:
                self._worker.forget()
        picture = Picture(message, None, stamp_ns, self._era)
        if not self.settings.use_depth:
            self._hand_over([Pair(picture, None)])
            return
        self._hand_over(self._pairing.add_picture(stamp_ns, picture, self._tolerance_ns()))

    def _on_depth(self, message: Any) -> None:
        self._hand_over(self._pairing.add_depth(time_ns(message.header.stamp), message, self._tolerance_ns()))

    def _tolerance_ns(self) -> int:
        return round(self.settings.depth_tolerance * 1e9)

    def _hand_over(self, pairs: Sequence[Pair]) -> None:
        if self._worker is None:
            return
        for picture, depth in pairs:
            self._worker.offer(Picture(picture.message, depth, picture.stamp_ns, picture.era))

    def _work(self, picture: Picture) -> None:
        """Worker: find the hands in a picture and publish them."""
        estimation, output = self._estimation, self._output
        if estimation is None or output is None:
            return
        frame = estimation.find_hands(picture)
        if frame is None:
            return
        with self._totals.measure("publish"):
            output.publish(self._observation(picture, frame))
        self._published.tick()
        latency_ms = (self.get_clock().now().nanoseconds - picture.stamp_ns) / 1e6
        if 0.0 <= latency_ms < _SANE_LATENCY_MS:
            self._totals.add("acquisition to publish", latency_ms)

    def _observation(self, picture: Picture, frame: HandFrame) -> Any:
        observation = HandObservation()
        fill_hand_observation(observation, frame)
        # The estimator knows neither the camera's name nor, if it is a recording, the picture's exact stamp.
        observation.header.stamp = picture.message.header.stamp
        observation.header.frame_id = self.settings.camera_frame or picture.message.header.frame_id or "camera"
        return observation


def main(args: Sequence[str] | None = None) -> int:
    """Run the node; returns the exit code."""
    return run_node(HandEstimatorNode, args)


if __name__ == "__main__":
    sys.exit(main())
