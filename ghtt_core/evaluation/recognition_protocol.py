# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The paper's recognition protocol on a store: pose errors and action accuracy, camera by camera.

Windows are labelled actions, long ones in windows of 256 frames. Poses: ``input`` as observed; ``refined_clips`` as in
the paper, clips of 16 frames side by side from the start of the window, each starting and ending on its observed wrist
pose; ``refined_offline`` and ``refined_online`` as the pipeline gives them (whole recordings, and the newest frame).
All are scored on the same hand-frames: those of windows, observed and with a true pose. Errors are relative to the
wrist after scaling the palm to its true size (RA), and after a similarity fit (PA).

Actions: top-1 over all labels of the model, one prediction per window, by what the action block is told of the object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ghtt_core.data.sequence import NO_OBJECT
from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.evaluation.metrics import Average, acceleration_error_mm, mpjpe_pa_mm, mpjpe_ra_mm
from ghtt_core.evaluation.scores import Scores, pool
from ghtt_core.evaluation.segments import WINDOW_FRAMES, Segments, recognition_windows
from ghtt_core.evaluation.view_observations import ViewObservation
from ghtt_core.hands.canonical import palm_size
from ghtt_core.hands.layout import CLIP_FRAMES, MAX_CLIPS
from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.checkpoint import Checkpoint
from ghtt_core.models.inference import prepare_for_inference
from ghtt_core.streaming.refinement import hands_observed, refine_causal, refine_sequence, refine_windows

POSE_METHODS: Final = ("input", "refined_clips", "refined_offline", "refined_online")
OBJECT_MODES: Final = {
    "true": "the true name",
    "estimated": "what the estimator says, by E^PO",
    "estimated_snapped": "the known object nearest to that",
    "none": "nothing",
}
TRUE_POSES: Final = "true poses"
"""What stands for a view where actions are recognised from clean poses."""
_WINDOWS: Final = 16
"""Windows at a time: at most 256 clips in one pass."""


class Recogniser:
    """Refines and recognises the windows of a store, one sequence and view at a time."""

    def __init__(self, checkpoint: Checkpoint, store: SequenceStore) -> None:
        """Prepare the networks and look up labels and objects by their names.

        Attributes are for reports: ``unknown_labels`` are labels of windows that the model was not trained on; such
        windows count for poses, not for actions.
        """
        self._checkpoint, self._store = checkpoint, store
        self._template = checkpoint.template
        self._pose = prepare_for_inference(checkpoint.pose_block)
        self._action = None
        self._embedded = torch.zeros(0)
        if checkpoint.action_block is not None and checkpoint.labels:
            self._action = prepare_for_inference(checkpoint.action_block)
            self._embedded = self._action.embed_labels(checkpoint.label_text)
        self._object_text = functional.normalize(checkpoint.object_text, dim=-1)
        labels = {name: index for index, name in enumerate(checkpoint.labels)}
        objects = {name: index for index, name in enumerate(checkpoint.object_names)}
        self._label_of = np.array([labels.get(name, -1) for name in store.labels] or [-1], np.int64)
        self._object_of = np.array([*(objects.get(name, NO_OBJECT) for name in store.object_names), NO_OBJECT])
        self.windows = recognition_windows(store) if len(store.segments) else _whole_sequences(store)
        used = np.unique(store.segments[self.windows.row, 3]) if len(store.segments) else np.zeros(0, np.int64)
        self.unknown_labels = tuple(store.labels[label] for label in used if self._label_of[label] < 0)

    def windows_of(self, sequence: int) -> Segments:
        """Windows of one sequence, counted from its own first frame."""
        chosen = self.windows.take(self.windows.sequence == sequence)
        first = self._store.starts[sequence]
        return Segments(
            chosen.row, chosen.sequence, chosen.start - first, chosen.end - first, chosen.left, chosen.phase
        )

    @torch.inference_mode()
    def score_view(self, seen: ViewObservation, windows: Segments) -> Scores:
        """Pose errors by method, and how many actions are named right, from one view.

        Returns:
            Sums by (metric, view, method or object mode).
        """
        device = self._template.device
        joints = torch.from_numpy(seen.joints).to(device)
        joint_valid = torch.from_numpy(seen.joint_valid).to(device)
        clips, covered, hits = self._clips(joints, joint_valid, windows, seen)
        offline = refine_sequence(self._pose, self._template, joints, joint_valid)
        online = refine_causal(self._pose, self._template, joints, joint_valid)
        outputs = {
            "input": seen.joints,
            "refined_clips": clips,
            "refined_offline": offline.joints.cpu().numpy(),
            "refined_online": online.joints.cpu().numpy(),
        }
        scored = seen.valid & seen.reference_valid & covered[:, None]
        scored &= offline.valid.cpu().numpy() & online.valid.cpu().numpy()
        scores: Scores = {}
        for method in POSE_METHODS:
            arguments = (outputs[method], seen.reference, scored, seen.measured)
            scores["mpjpe_ra_mm", seen.view, method] = mpjpe_ra_mm(*arguments)
            scores["mpjpe_pa_mm", seen.view, method] = mpjpe_pa_mm(*arguments)
            scores["acceleration_error_mm", seen.view, method] = acceleration_error_mm(*arguments)
        for mode, average in hits.items():
            scores["action_top1", seen.view, mode] = average
        return scores

    @torch.inference_mode()
    def score_true_poses(self, sequence: int, windows: Segments) -> Scores:
        """How many actions are named right from clean poses, which need no camera."""
        store = self._store
        frames = slice(int(store.starts[sequence]), int(store.ends[sequence]))
        joints = torch.from_numpy(np.array(store.joints[frames])).to(self._template.device)
        valid = store.valid[frames][..., None] & store.joint_valid[sequence]
        _, _, hits = self._clips(joints, torch.from_numpy(valid).to(self._template.device), windows, None)
        return {("action_top1", TRUE_POSES, mode): average for mode, average in hits.items()}

    def _clips(
        self, joints: Tensor, joint_valid: Tensor, windows: Segments, seen: ViewObservation | None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], dict[str, Average]]:
        """Refine the clips of windows side by side, and recognise each window.

        Returns:
            (T, 2, 21, 3) refined joints, (T,) which frames belong to a window, and hits by object mode.
        """
        frames = len(joints)
        refined = np.zeros((frames, *joints.shape[1:]), np.float32)
        covered = np.zeros(frames, bool)
        hits: Scores = {}
        for first in range(0, len(windows), _WINDOWS):
            batch = windows.take(slice(first, first + _WINDOWS))
            start, end = (torch.from_numpy(part).to(joints.device) for part in (batch.start, batch.end))
            count = -(-(end - start) // CLIP_FRAMES)
            row = torch.repeat_interleave(torch.arange(len(batch), device=joints.device), count)
            number = torch.arange(len(row), device=joints.device) - (count.cumsum(0) - count)[row]
            index = (start[row] + CLIP_FRAMES * number)[:, None] + torch.arange(CLIP_FRAMES, device=joints.device)
            inside = index < end[row][:, None]
            index = torch.minimum(index, end[row][:, None] - 1)
            size = torch.stack([_mean_size(joints[a:b], joint_valid[a:b]) for a, b in zip(start, end, strict=True)])
            window = refine_windows(
                self._pose,
                self._template,
                joints[index],
                joint_valid[index],
                frame_valid=inside,
                palm_size=size[row],
                anchor="blend",
            )
            kept, at = inside.cpu().numpy(), index.cpu().numpy()
            refined[at[kept]] = window.joints.cpu().numpy()[kept]
            covered[at[kept]] = True
            slot = torch.arange(MAX_CLIPS, device=joints.device)
            taken = ((count.cumsum(0) - count)[:, None] + slot).clamp(max=len(row) - 1)
            clip_valid = (slot < count[:, None]) & window.hand_seen.any(-1)[taken]
            frames_of = torch.where(inside, index, -1)[taken]
            hits = pool([hits, self._recognise(window.encoding.mu[taken], clip_valid, frames_of, batch, seen)])
        return refined, covered, {mode: average for (mode,), average in hits.items()}

    def _recognise(
        self, mid_level: Tensor, clip_valid: Tensor, frames: Tensor, windows: Segments, seen: ViewObservation | None
    ) -> Scores:
        """Hits of windows by object mode, from the frames (B, 16 clips, 16) of their clips, -1 where there is none."""
        if self._action is None or not len(self._store.segments):
            return {}
        table = self._store.segments[windows.row]
        truth = torch.from_numpy(self._label_of[table[:, 3]]).to(mid_level.device)
        known = truth >= 0
        if not bool(known.any()):
            return {}
        phase = torch.from_numpy(windows.phase).to(mid_level.device)
        hits: Scores = {}
        for mode, (feature, there) in self._objects(table[:, 4], clip_valid, frames, seen):
            alpha = self._action.encode(mid_level, feature, clip_valid, there, phase).mu
            best = ActionBlock.label_logits(alpha, self._embedded).argmax(-1)
            hits[(mode,)] = Average(float(((best == truth) & known).sum()), int(known.sum()))
        return hits

    def _objects(
        self, nouns: NDArray[np.int64], clip_valid: Tensor, frames: Tensor, seen: ViewObservation | None
    ) -> Iterator[tuple[str, tuple[Tensor, Tensor]]]:
        """Object features (B, 16, D) of clips and where they are known, by object mode."""
        width, device = self._checkpoint.card.text_width, clip_valid.device
        nothing = torch.zeros(*clip_valid.shape, width, device=device)
        noun = torch.from_numpy(self._object_of[nouns]).to(device)
        if len(self._object_text):
            named = self._object_text[noun.clamp(min=0)][:, None].expand_as(nothing)
            yield "true", (named, clip_valid & (noun >= 0)[:, None])
        yield "none", (nothing, torch.zeros_like(clip_valid))
        if seen is None or seen.object_feature is None or seen.object_feature.shape[1] != width:
            return
        of_frame = torch.from_numpy(seen.object_feature).to(device)[frames].flatten(0, 1)  # (B * 16, 16, D)
        there = (torch.from_numpy(seen.object_seen).to(device)[frames] & (frames >= 0)).flatten(0, 1)
        if self._checkpoint.object_aggregator is not None:
            said = self._checkpoint.object_aggregator(of_frame, there)
        else:
            said = (of_frame * there[..., None]).sum(1) / there.sum(1, keepdim=True).clamp_min(1)
        said = functional.normalize(said, dim=-1).view_as(nothing)
        known = clip_valid & there.any(-1).view_as(clip_valid)
        yield "estimated", (said, known)
        if len(self._object_text):
            yield "estimated_snapped", (self._object_text[(said @ self._object_text.T).argmax(-1)], known)


def label_counts(store: SequenceStore, windows: Segments) -> Mapping[str, int]:
    """How many windows there are of each label, most frequent first."""
    labels, counts = np.unique(store.segments[windows.row, 3], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {store.labels[labels[index]]: int(counts[index]) for index in order}


def _mean_size(joints: Tensor, joint_valid: Tensor) -> Tensor:
    """(2,) mean palm size over the observed frames of a window, as in the paper; any size for a hand never seen."""
    observed = hands_observed(joint_valid)
    size = torch.where(observed, palm_size(torch.where(joint_valid[..., None], joints, 0.0)), 0.0)
    return (size.sum(0) / observed.sum(0).clamp_min(1)).clamp_min(1e-3)


def _whole_sequences(store: SequenceStore) -> Segments:
    """Windows of 256 frames over all of a store without labels, for poses alone."""
    count = -(-(store.ends - store.starts) // WINDOW_FRAMES)
    sequence = np.repeat(np.arange(len(store)), count)
    within = np.arange(len(sequence)) - np.repeat(np.cumsum(count) - count, count)
    start = store.starts[sequence] + WINDOW_FRAMES * within
    end = np.minimum(start + WINDOW_FRAMES, store.ends[sequence])
    zero = np.zeros_like(sequence)
    return Segments(zero, sequence, start, end, end - start, zero)
