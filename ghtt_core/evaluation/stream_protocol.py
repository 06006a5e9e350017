# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Actions in untrimmed streams: the predictor that a robot runs, frame by frame, with nobody to say when one begins.

Frames are scored by what was known of them at once: the label of a frame is the newest one the predictor gave by then,
and ``frame_accuracy``, ``detection_delay_s`` and ``f1_at_once`` count it. Whoever names an action d seconds late shifts
both its ends, so the last says more about delays than about segments. Segments are therefore scored as the predictor
states them, by a label and since when: the newest statement about a frame counts (``f1_labelled``, ``f1``).

Frames that no action labels are hard on a predictor that always names one: ``f1`` counts what it says there as wrong,
the other two leave those frames out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.sequence import NO_OBJECT
from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.evaluation.scores import Scores
from ghtt_core.evaluation.temporal import (
    NO_LABEL,
    OVERLAPS,
    Stretch,
    detection_delay,
    frame_accuracy,
    in_labelled_time,
    segmental_f1,
    stretches,
)
from ghtt_core.evaluation.view_observations import ViewObservation
from ghtt_core.hands.frame import HandFrame
from ghtt_core.hands.layout import FRAME_RATE
from ghtt_core.models.checkpoint import Checkpoint
from ghtt_core.streaming.predictor import MotionPredictor
from ghtt_core.streaming.resampling import STEP_NS
from ghtt_core.streaming.settings import PredictorConfig


class ToldLabels(NamedTuple):
    """What the predictor said of every frame of a stream; -1 where nothing.

    Attributes:
        at_once: (T,) the newest label when the frame was the newest.
        stated: (T,) the label by the newest statement that reaches back to the frame.
    """

    at_once: NDArray[np.int64]
    stated: NDArray[np.int64]


class StreamScorer:
    """Runs whole sequences through the streaming predictor and scores the labels it gives."""

    def __init__(self, checkpoint: Checkpoint, store: SequenceStore, settings: PredictorConfig | None = None) -> None:
        """Prepare the predictor.

        Args:
            checkpoint: A model with an action block.
            store: The split; its labels are looked up in the model's by name.
            settings: How the predictor runs; forecasts are not made in any case.
        """
        settings = replace(settings or PredictorConfig(), forecast_stride=0, samples=1)
        self._predictor = MotionPredictor(checkpoint, settings, checkpoint.template.device)
        self._store = store
        labels = {name: index for index, name in enumerate(checkpoint.labels)}
        # A label that the model does not know gets a number no prediction has, so it is never right.
        objects = {name: index for index, name in enumerate(checkpoint.object_names)}
        self._object_of = np.array([*(objects.get(name, NO_OBJECT) for name in store.object_names), NO_OBJECT])
        self._object_text = np.asarray(checkpoint.object_text.cpu().numpy(), np.float32)
        self._width = checkpoint.card.text_width
        self._label_of = [labels.get(name, len(labels) + index) for index, name in enumerate(store.labels)]

    def score(self, sequence: int, seen: ViewObservation) -> Scores:
        """Recognise a whole sequence online, once for each thing the predictor can be told of the object.

        Returns:
            Sums by (object mode, metric) or, for F1 scores, (object mode, metric, overlap in percent).
        """
        first = int(self._store.starts[sequence])
        truth = [
            Stretch(int(start) - first, int(end) - first, self._label_of[label])
            for number, start, end, label, _ in self._store.segments
            if number == sequence
        ]
        if not truth:
            return {}
        scores: Scores = {}
        for mode, features in self._objects(sequence, seen).items():
            told = self.predict(seen, *features)
            scores |= {(mode, *path): average for path, average in score_labels(told, truth).items()}
        return scores

    def _objects(
        self, sequence: int, seen: ViewObservation
    ) -> dict[str, tuple[NDArray[np.float32], NDArray[np.bool_]]]:
        """Object features (T, D) and where there are any (T,), by object mode."""
        frames = len(seen.joints)
        first = int(self._store.starts[sequence])
        ids = self._object_of[np.asarray(self._store.objects[first : first + frames], np.int64)]
        modes = {}
        if (ids >= 0).any():
            modes["true"] = (self._object_text[np.maximum(ids, 0)], ids >= 0)
        if seen.object_feature is not None and seen.object_feature.shape[1] == self._width:
            modes["estimated"] = (seen.object_feature, seen.object_seen)
        else:
            modes["none"] = (np.zeros((frames, 0), np.float32), np.zeros(frames, bool))
        return modes

    def predict(
        self, seen: ViewObservation, objects: NDArray[np.float32], object_seen: NDArray[np.bool_]
    ) -> ToldLabels:
        """Label every frame of a sequence online.

        Args:
            seen: The hands.
            objects: (T, D) object features.
            object_seen: (T,) bool, frames that have one.
        """
        self._predictor.reset()
        at_once = np.full(len(seen.joints), NO_LABEL, np.int64)
        stated = at_once.copy()
        label = NO_LABEL
        confidence = seen.joint_valid.astype(np.float32)
        for index in range(len(at_once)):
            frame = HandFrame(
                stamp_ns=index * STEP_NS,
                joints=seen.joints[index],
                valid=seen.valid[index],
                confidence=confidence[index],
                object_feature=objects[index] if object_seen[index] else None,
            )
            action = self._predictor.update(frame).action
            if action is not None:
                label = action.index
                stated[-(-action.segment_start_ns // STEP_NS) : index] = label
            at_once[index] = stated[index] = label
        return ToldLabels(at_once, stated)


def score_labels(told: ToldLabels, truth: Sequence[Stretch]) -> Scores:
    """Everything that is measured on the labels of a stream, by (metric,) or (metric, overlap)."""
    delay, detected = detection_delay(told.at_once, truth, FRAME_RATE)
    scores: Scores = {
        ("frame_accuracy",): frame_accuracy(told.at_once, truth),
        ("detection_delay_s",): delay,
        ("detected",): detected,
    }
    stated, frames = stretches(told.stated), len(told.stated)
    segments = {
        "f1_labelled": in_labelled_time(stated, truth, frames),
        "f1": (stated, truth),
        "f1_at_once": in_labelled_time(stretches(told.at_once), truth, frames),
    }
    for name, pair in segments.items():
        for overlap in OVERLAPS:
            scores[name, str(overlap)] = segmental_f1(*pair, overlap / 100.0)
    return scores
