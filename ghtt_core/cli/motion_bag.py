# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""motion.mcap: what a run found out as the messages that the nodes publish, to be played and plotted anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from ghtt_core.bags import topics
from ghtt_core.bags.convert import (
    fill_action,
    fill_hand_observation,
    fill_refined_hands,
    fill_skeleton_layout,
    palm_poses,
    taxonomy_id,
)
from ghtt_core.bags.convert_motion import fill_motion_envelope, fill_predicted_motion
from ghtt_core.bags.messages import new_message
from ghtt_core.bags.topics import QosOffer
from ghtt_core.bags.writer import BagFileWriter
from ghtt_core.hands.frame import HandFrame
from ghtt_core.streaming.update import Update

NEEDED_BYTES: Final = 4_000_000
"""What completing the file may still take: the chunk that is being filled, and the index."""
_COVERAGE: Final = 0.9
_ENVELOPE_STRIDE: Final = 3
_LIFESPAN_NS: Final = 500_000_000
_OBSERVATION: Final = "/ghtt/hand_observation"
_REFINED: Final = "/ghtt/refined_hands"
_ACTION: Final = "/ghtt/action"
_MOTION: Final = "/ghtt/predicted_motion"
_MOTION_ALONE: Final = "/ghtt/predicted_motion/pose"
_ENVELOPE: Final = "/ghtt/motion_envelope"
_SKELETON: Final = "/ghtt/skeleton_layout"


class MotionBag:
    """Writes the messages of a run, each at the time of its stamp.

    Forecasts are the light variant (mean and covariance): their samples, a megabyte each, are in motion.npz.
    """

    def __init__(self, folder: Path, model_id: str, labels: tuple[str, ...], template: Any) -> None:
        """Open the file under a hidden name.

        Args:
            folder: Of the results; exists.
            model_id: Of the checkpoint.
            labels: Action labels of the checkpoint.
            template: (2, 5, 3) tensor, palms of the checkpoint.

        Raises:
            OutputError: If the folder takes no files.
        """
        self._model_id, self._labels, self._template = model_id, labels, template
        self._taxonomy_id = taxonomy_id(model_id, labels)
        self._started = False
        self._bag = BagFileWriter(folder / "motion.mcap")
        forecast = QosOffer(depth=1, lifespan_ns=_LIFESPAN_NS)
        for topic, typename, offer in (
            (_SKELETON, topics.SKELETON_LAYOUT, QosOffer(transient_local=True, depth=1)),
            (_OBSERVATION, topics.HAND_OBSERVATION, QosOffer(depth=5)),
            (_REFINED, topics.REFINED_HANDS, QosOffer()),
            (_ACTION, topics.ACTION_RECOGNITION, QosOffer()),
            (_MOTION, topics.PREDICTED_MOTION, forecast),
            (_ENVELOPE, topics.MOTION_ENVELOPE, forecast),
        ):
            self._bag.add_topic(topic, typename, offer)

    def add(self, frame: HandFrame, update: Update) -> None:
        """Write what one input frame gave.

        Args:
            frame: What the estimator saw.
            update: What the predictor made of it.

        Raises:
            OutputError: If the disk takes no more.
        """
        if not self._started:
            self._started = True
            skeleton = new_message(topics.SKELETON_LAYOUT)
            fill_skeleton_layout(skeleton, frame.stamp_ns)
            self._write(_SKELETON, skeleton, frame.stamp_ns)
        observation = new_message(topics.HAND_OBSERVATION)
        fill_hand_observation(observation, frame)
        self._write(_OBSERVATION, observation, frame.stamp_ns)
        for refined in update.refined:
            message = new_message(topics.REFINED_HANDS)
            wrists = palm_poses(refined, self._template)
            fill_refined_hands(message, refined, status=update.status, model_id=self._model_id, wrists=wrists)
            self._write(_REFINED, message, refined.stamp_ns)
        if update.action is not None:
            message = new_message(topics.ACTION_RECOGNITION)
            fill_action(
                message,
                update.action,
                stamp_ns=update.action.stamp_ns,
                frame_id=frame.frame_id,
                status=update.status,
                labels=self._labels,
                taxonomy_id=self._taxonomy_id,
                model_id=self._model_id,
            )
            self._write(_ACTION, message, update.action.stamp_ns)
        self._add_forecasts(update)

    def finish(self) -> None:
        """Complete the file.

        Raises:
            OutputError: If it cannot be written; an older one is then untouched.
        """
        self._bag.finish()

    def discard(self) -> None:
        """Leave nothing behind; may be called twice."""
        self._bag.discard()

    def _add_forecasts(self, update: Update) -> None:
        for number, forecast in enumerate(update.forecasts):
            message = new_message(topics.PREDICTED_MOTION)
            fill_predicted_motion(message, forecast, model_id=self._model_id, action=update.action, samples=False)
            self._write(_MOTION_ALONE if number else _MOTION, message, forecast.t0_ns)
        if update.forecast is not None:
            envelope = new_message(topics.MOTION_ENVELOPE)
            fill_motion_envelope(
                envelope, update.forecast, coverage=_COVERAGE, model_id=self._model_id, stride=_ENVELOPE_STRIDE
            )
            self._write(_ENVELOPE, envelope, update.forecast.t0_ns)

    def _write(self, topic: str, message: Any, stamp_ns: int) -> None:
        """Write at the stamp, but never before 0 (which no bag can say)."""
        if topic == _MOTION_ALONE and not self._bag.has(topic):
            self._bag.add_topic(topic, topics.PREDICTED_MOTION, QosOffer(depth=1, lifespan_ns=_LIFESPAN_NS))
        self._bag.write(topic, message, max(0, stamp_ns))
