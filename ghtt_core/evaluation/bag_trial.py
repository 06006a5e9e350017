# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a bag holds to be evaluated: observed hands, and beside them, where they were recorded, true hands and actions.

True hands are RefinedHands on ``/ghtt/ground_truth/hands``, in the frame of the observations. True actions are
ActionRecognition messages on ``/ghtt/ground_truth/action``: each label holds from its stamp until the next message; an
empty label says that nothing is done.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ghtt_core.bags.convert import read_action
from ghtt_core.bags.observations import RecordedObservations, read_hand_frames, stack_frames
from ghtt_core.bags.reader import BagReader
from ghtt_core.bags.recordings import hand_sequence
from ghtt_core.bags.topics import ACTION_RECOGNITION, REFINED_HANDS, TRUE_ACTION, TRUE_HANDS
from ghtt_core.errors import InputError
from ghtt_core.evaluation.trials import Trial, noisy_trial, pair_trial
from ghtt_core.hands.layout import FRAME_RATE


@dataclass(frozen=True, eq=False)
class BagTrial:
    """A bag, ready to be evaluated.

    Attributes:
        trial: Observation beside the reference, at 30 frames per second.
        first_ns: Stamp of the trial's first frame.
        true_hands: Whether the reference is the truth; else it is the observation itself.
        true_labels: (T,) what is done in each frame, empty where nothing is; None where the bag does not say.
        frame_id: Coordinate frame of all joints.
    """

    trial: Trial
    first_ns: int
    true_hands: bool
    true_labels: tuple[str, ...] | None
    frame_id: str

    def stamp_ns(self, frame: int) -> int:
        """Time of a frame."""
        return self.first_ns + round(frame * 1e9 / FRAME_RATE)


def make_bag_trial(bag: BagReader, name: str, observed: RecordedObservations) -> BagTrial:
    """Put what was observed beside what the bag says is true.

    Args:
        bag: The bag.
        name: How reports call it.
        observed: Its hand observations, or what an estimator found in its pictures.

    Raises:
        InputError: If no hand was ever observed, or truth and observation do not fit each other.
    """
    if not observed.valid.any():
        raise InputError(f"No hand is seen anywhere in {name}; there is nothing to evaluate.")
    sequence = hand_sequence(name, observed).resampled()
    names = {topic.name for topic in bag.of_type(REFINED_HANDS)}
    if TRUE_HANDS in names:
        truth = stack_frames(read_hand_frames(bag, TRUE_HANDS))
        if truth.frame_id != observed.frame_id:
            raise InputError(
                f"The true hands of {name} are in the frame {truth.frame_id!r}, the observations in "
                f"{observed.frame_id!r}; record the truth in the observations' frame."
            )
        reference = hand_sequence(f"{name}, {TRUE_HANDS}", truth).resampled()
        trial = pair_trial(name, sequence, reference)
        first_ns = int(reference.stamps_ns[0])
    else:
        trial = noisy_trial(name, sequence, "none", torch.Generator(), torch.empty(0))
        first_ns = int(sequence.stamps_ns[0])
    labels = _labels(bag, first_ns, len(trial))
    return BagTrial(trial, first_ns, TRUE_HANDS in names, labels, observed.frame_id)


def _labels(bag: BagReader, first_ns: int, frames: int) -> tuple[str, ...] | None:
    """The true label of each frame, or None where the bag has none."""
    if TRUE_ACTION not in {topic.name for topic in bag.of_type(ACTION_RECOGNITION)}:
        return None
    changes = sorted(read_action(message)[:2] for _, message in bag.decoded([TRUE_ACTION]))
    stamps = np.array([stamp for stamp, _ in changes], np.int64)
    times = first_ns + np.round(np.arange(frames) * (1e9 / FRAME_RATE)).astype(np.int64)
    # Half a frame of grace: stamps and grid are rounded.
    current = np.searchsorted(stamps, times + round(0.5e9 / FRAME_RATE), side="right") - 1
    return tuple(changes[index][1] if index >= 0 else "" for index in current.tolist())
