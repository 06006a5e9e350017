# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Recognise and forecast labelled actions of one sequence, where the start of every action is known.

Recognition: one prediction per action, from all its clips (at most 16), the last of them cut where the action ends.
Forecast: every 16 frames from the start of an action while a second of it is left, observing all its clips so far;
what follows is compared with the clean motion in absolute camera coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ghtt_core.data.sequence import ActionSegment
from ghtt_core.errors import CheckpointError
from ghtt_core.evaluation.forecast_protocol import (
    LONGEST_FRAMES,
    extrapolate,
    horizon_scores,
)
from ghtt_core.evaluation.metrics import Average
from ghtt_core.evaluation.scores import Scores, pool
from ghtt_core.evaluation.trials import Trial
from ghtt_core.hands.layout import CLIP_FRAMES, MAX_CLIPS
from ghtt_core.hands.skeleton import hold_skeleton, skeleton_evidence
from ghtt_core.models.action_block import ActionBlock, ActionEncoding
from ghtt_core.models.checkpoint import Checkpoint
from ghtt_core.streaming.forecasting import ObservedAction, forecast_action, forecast_pose, num_clips, sample_noise
from ghtt_core.streaming.refinement import RefinedWindow, refine_causal, refine_windows
from ghtt_core.streaming.skeleton_memory import skeletons_known_by

OBJECT_MODES: Final = {"with_object": True, "without_object": False}
"""Whether the action block is told the object of the action."""


@dataclass(frozen=True, eq=False)
class _Clips:
    """All clips of a sequence's actions, refined in one batch.

    Attributes:
        window: Refined clips, batch of all clips of all actions.
        first: First clip of each action.
        count: Clips of each action, at most 16.
    """

    window: RefinedWindow
    first: list[int]
    count: list[int]


@torch.inference_mode()
def score_actions(
    trial: Trial, segments: tuple[ActionSegment, ...], checkpoint: Checkpoint, samples: int, seed: int
) -> Scores:
    """Recognise every action of a sequence and forecast from within it.

    Args:
        trial: Observation and reference.
        segments: The labelled actions; all of their labels are known to the checkpoint.
        checkpoint: The model, with an action block.
        samples: Samples of each forecast.
        seed: Of the samples.

    Returns:
        Sums by ("action_top1", object mode) and (forecast metric, method, horizon).

    Raises:
        CheckpointError: If the checkpoint has no action block.
    """
    if checkpoint.action_block is None:
        raise CheckpointError(f"The checkpoint {checkpoint.card.model_id!r} has no action block to evaluate.")
    if not segments:
        return {}
    clips = _refine_clips(trial, segments, checkpoint)
    return _recognition(clips, segments, checkpoint) | _forecasts(trial, clips, segments, checkpoint, samples, seed)


def check_labels(checkpoint: Checkpoint, labels: tuple[str, ...], objects: tuple[str, ...]) -> None:
    """Refuse a checkpoint that was not trained on these actions.

    Raises:
        CheckpointError: If it has no action block, or does not know a label or an object.
    """
    model = checkpoint.card.model_id
    if checkpoint.action_block is None:
        raise CheckpointError(f"The checkpoint {model!r} has no action block, so its actions cannot be evaluated.")
    unknown = [name for name in labels if name not in checkpoint.labels]
    unknown += [name for name in objects if name not in checkpoint.object_names]
    if unknown:
        raise CheckpointError(
            f"The checkpoint {model!r} was not trained on the synthetic actions (it does not know {unknown[0]!r}); "
            "evaluate it with --poses."
        )


def _refine_clips(trial: Trial, segments: tuple[ActionSegment, ...], checkpoint: Checkpoint) -> _Clips:
    """Refine the clips of all actions; frames past an action's end are padding."""
    starts: list[int] = []
    ends: list[int] = []
    first, count = [], []
    for segment in segments:
        clips = min(-(-(segment.end - segment.start) // CLIP_FRAMES), MAX_CLIPS)
        first.append(len(starts))
        count.append(clips)
        starts += [segment.start + CLIP_FRAMES * clip for clip in range(clips)]
        ends += [segment.end] * clips
    device = checkpoint.template.device
    index = torch.tensor(starts)[:, None] + torch.arange(CLIP_FRAMES)
    inside = index < torch.tensor(ends)[:, None]
    newest = torch.minimum(index[:, -1], torch.tensor(ends) - 1)
    index = torch.minimum(index, newest[:, None])
    joints, joint_valid = torch.from_numpy(trial.observed), torch.from_numpy(trial.joint_valid)
    evidence = skeleton_evidence(joints, joint_valid, checkpoint.template.cpu())
    held = hold_skeleton(joints[index], joint_valid[index], skeletons_known_by(evidence, newest))
    window = refine_windows(
        checkpoint.pose_block,
        checkpoint.template,
        held.to(device),
        joint_valid[index].to(device),
        frame_valid=inside.to(device),
    )
    return _Clips(window, first, count)


def _recognition(clips: _Clips, segments: tuple[ActionSegment, ...], checkpoint: Checkpoint) -> Scores:
    """Top-1 over all labels of the checkpoint, one prediction per action."""
    actions = list(range(len(segments)))
    truth = torch.tensor([checkpoint.labels.index(segment.label) for segment in segments])
    embedded = _action_block(checkpoint).embed_labels(checkpoint.label_text)
    scores: Scores = {}
    for mode, known in OBJECT_MODES.items():
        observed = _observe(clips, actions, clips.count, segments, checkpoint, known)
        best = ActionBlock.label_logits(observed.encoding.mu, embedded).argmax(-1).cpu()
        scores["action_top1", mode] = Average(float((best == truth).sum()), len(segments))
    return scores


def _forecasts(
    trial: Trial, clips: _Clips, segments: tuple[ActionSegment, ...], checkpoint: Checkpoint, samples: int, seed: int
) -> Scores:
    """Forecast from every whole clip of an action that has the longest horizon left."""
    actions, observed = [], []
    for action, segment in enumerate(segments):
        for number in range(1, min((segment.end - segment.start - LONGEST_FRAMES) // CLIP_FRAMES, MAX_CLIPS) + 1):
            actions.append(action)
            observed.append(number)
    if not actions:
        return {}
    device = checkpoint.template.device
    window = _rows(clips.window, [clips.first[a] + n - 1 for a, n in zip(actions, observed, strict=True)])
    draws = max(num_clips(LONGEST_FRAMES), 2)
    noise = sample_noise(samples, draws, checkpoint.card.pose.width, torch.Generator().manual_seed(seed)).to(device)
    made = {"p_a": forecast_pose(checkpoint.pose_block, window, frames=LONGEST_FRAMES, noise=noise)}
    for name, known in {"p_b": True, "p_b_without_object": False}.items():
        seen_action = _observe(clips, actions, observed, segments, checkpoint, known)
        made[name] = forecast_action(
            checkpoint.pose_block, _action_block(checkpoint), window, seen_action, frames=LONGEST_FRAMES, noise=noise
        )
    predictions = {name: joints.cpu().numpy() for name, joints in made.items()}
    tracked = refine_causal(
        checkpoint.pose_block,
        checkpoint.template,
        torch.from_numpy(trial.observed).to(device),
        torch.from_numpy(trial.joint_valid).to(device),
    )
    track, seen = tracked.joints.cpu().double().numpy(), tracked.valid.cpu().numpy()
    origins, hands = window.newest_joints().cpu().numpy(), window.hand_seen.cpu().numpy()
    parts = []
    for row, (action_index, number) in enumerate(zip(actions, observed, strict=True)):
        newest = segments[action_index].start + CLIP_FRAMES * number - 1
        history = track[: newest + 1].copy()
        history[-1] = origins[row]  # the frame the model's forecasts start from
        standing, moving = extrapolate(history, seen[: newest + 1], LONGEST_FRAMES)
        future = slice(newest + 1, newest + 1 + LONGEST_FRAMES)
        by_method: dict[str, NDArray[np.floating]] = {name: joints[row] for name, joints in predictions.items()}
        by_method |= {"zero_velocity": standing[None], "constant_velocity": moving[None]}
        valid = trial.reference_valid[future] & hands[row]
        parts.append(horizon_scores(by_method, trial.reference[future], valid, trial.scored, samples))
    return pool(parts)


def _observe(
    clips: _Clips,
    actions: list[int],
    observed: list[int],
    segments: tuple[ActionSegment, ...],
    checkpoint: Checkpoint,
    known_object: bool,
) -> ObservedAction:
    """Encode, for each row, the first ``observed`` clips of an action."""
    device = checkpoint.template.device
    number = torch.tensor(observed, device=device)
    slots = torch.arange(MAX_CLIPS, device=device)
    index = torch.tensor([clips.first[action] for action in actions], device=device)[:, None] + slots
    clip_valid = slots < number[:, None]  # (B, 16)
    seen = clips.window.hand_seen.any(-1)
    index = index.clamp(max=len(seen) - 1)
    clip_valid = clip_valid & seen[index]
    nouns = torch.tensor([checkpoint.object_names.index(segments[action].noun) for action in actions], device=device)
    feature = functional.normalize(checkpoint.object_text[nouns], dim=-1)[:, None].expand(-1, MAX_CLIPS, -1)
    object_valid = clip_valid & torch.tensor(known_object, device=device)
    encoding: ActionEncoding = _action_block(checkpoint).encode(
        clips.window.encoding.mu[index], feature, clip_valid, object_valid
    )
    return ObservedAction(encoding, clip_valid, number)


def _rows(window: RefinedWindow, rows: list[int]) -> RefinedWindow:
    """Some windows of a batch."""
    index = torch.tensor(rows, device=window.joints.device)

    def take(part: Any) -> Any:
        return part[index] if isinstance(part, Tensor) else type(part)(*map(take, part))

    chosen: RefinedWindow = take(window)
    return chosen


def _action_block(checkpoint: Checkpoint) -> ActionBlock:
    assert checkpoint.action_block is not None, "checked on entry"
    return checkpoint.action_block
