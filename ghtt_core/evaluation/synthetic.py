# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Evaluate recognition and forecasts on synthetic subjects that no training or validation has seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from ghtt_core.data.sequence import ActionSegment, HandSequence
from ghtt_core.data.synthetic.config import VocabularyName
from ghtt_core.data.synthetic.generator import HELD_OUT_SUBJECT, SyntheticConfig, generate_sequence
from ghtt_core.data.synthetic.vocabularies import vocabulary_of
from ghtt_core.errors import InputError
from ghtt_core.evaluation.actions import check_labels, score_actions
from ghtt_core.evaluation.bootstrap import difference, estimate
from ghtt_core.evaluation.metrics import Average
from ghtt_core.evaluation.protocol import EvaluationConfig, describe
from ghtt_core.evaluation.scores import Scores, nested
from ghtt_core.evaluation.trials import Noise, noise_generator, noisy_trial
from ghtt_core.models.checkpoint import Checkpoint

FIRST_SUBJECT: Final = HELD_OUT_SUBJECT + 10_000
"""Beyond the subjects on which training recipes validate."""
STREAM: Final = SyntheticConfig(sequences=1, frames=1200, free_fraction=0.0, subjects=1)
"""One stream of 40 s of chained actions per subject."""
_LEAD: Final = "p_b"
_AGAINST: Final = ("p_a", "p_b_without_object", "zero_velocity", "constant_velocity")


def evaluate_synthetic(
    checkpoint: Checkpoint,
    config: EvaluationConfig,
    noise: Noise,
    subjects: int,
    progress: Callable[[HandSequence], None] | None = None,
) -> dict[str, Any]:
    """Generate one stream per subject, recognise its actions and forecast from within them.

    Actions that the end of a stream cuts short are left out.

    Args:
        checkpoint: A model trained on the synthetic actions.
        config: Seed, of the streams, the noise and the samples, and number of samples.
        noise: Noise model put on the observation.
        subjects: How many subjects.
        progress: Called after each subject.

    Returns:
        A report for JSON. Every figure has its mean, its 95 % interval over subjects and its n: actions for
        ``action_top1``, hand-frames for forecasts in millimetres. ``p_b_minus`` holds paired differences.

    Raises:
        InputError: If the number of subjects is impossible.
        CheckpointError: If the checkpoint does not know the synthetic actions.
    """
    if not 1 <= subjects <= 10_000:
        raise InputError(f"--subjects must be 1 to 10000, not {subjects}.")
    # The checkpoint knows one of the vocabularies; which one shows in its labels.
    vocabulary: VocabularyName = "h2o" if set(checkpoint.labels) >= set(vocabulary_of("h2o").labels) else "workbench"
    words = vocabulary_of(vocabulary)
    check_labels(checkpoint, words.labels, words.object_names)
    scores, segments = [], 0
    for number in range(subjects):
        stream = replace(STREAM, first_subject=FIRST_SUBJECT + number, vocabulary=vocabulary)
        sequence = generate_sequence(stream, config.seed, number)
        generator = noise_generator(config.seed, sequence.name)
        trial = noisy_trial(sequence.name, sequence, noise, generator, checkpoint.template.cpu())
        whole = _whole_actions(sequence)
        segments += len(whole)
        scores.append(score_actions(trial, whole, checkpoint, config.samples, config.seed))
        if progress is not None:
            progress(sequence)
    return {
        "model_id": checkpoint.card.model_id,
        "settings": {
            **describe(checkpoint, config),
            "first_subject": FIRST_SUBJECT,
            "subjects": subjects,
            "frames_per_subject": STREAM.frames,
            "interval": "95 %, bootstrap over subjects",
        },
        "actions": segments,
        "labels": len(checkpoint.labels),
        **figures(scores),
    }


def figures(scores: Sequence[Scores]) -> dict[str, Any]:
    """Every pooled figure of several subjects with its interval, and the differences between p_b and the others."""
    paths = list(dict.fromkeys(path for part in scores for path in part))
    by_path = {path: [part.get(path, Average()) for part in scores] for path in paths}
    report = nested({path: estimate(parts).as_json() for path, parts in by_path.items()})
    differences = {}
    for path, parts in by_path.items():
        if path[0] == "forecast_ade_mm" and path[1] in _AGAINST:
            differences[path] = difference(by_path[path[0], _LEAD, path[2]], parts).as_json()
    return {**report, "p_b_minus": nested(differences)}


def _whole_actions(sequence: HandSequence) -> tuple[ActionSegment, ...]:
    return tuple(segment for segment in sequence.segments if segment.end < len(sequence))
