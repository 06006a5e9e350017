# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Batches of windows cut from a store: 32 frames for the pose block, clips of an action for the action block."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ghtt_core.data.sequence import NO_OBJECT
from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.errors import InputError
from ghtt_core.hands.layout import CLIP_FRAMES, MAX_CLIPS

POSE_WINDOW_FRAMES: Final = 2 * CLIP_FRAMES
NEWEST_CLIPS: Final = 3
"""Most clips that are observed of what is newest at some moment of a stream."""
FUTURE_CLIPS: Final = MAX_CLIPS + 1
"""The first future clip comes from the pose block, up to 16 more from the action block."""


class PoseWindow(NamedTuple):
    """A batch for the pose block: 16 observed frames, then the frames to predict.

    Attributes:
        joints: (B, T, 2, 21, 3) float32 metres. Slots without a frame of their own hold a copy of the last one.
        hand_valid: (B, T, 2) bool, whether the hand was seen in the frame the slot shows.
        frame_valid: (B, T) bool, whether the slot has a frame of its own.
        joint_valid: (B, 21) bool, joints that were measured.
    """

    joints: Tensor
    hand_valid: Tensor
    frame_valid: Tensor
    joint_valid: Tensor


def cut_observed(
    batch: int, probability: float, generator: torch.Generator | None, frames: int = POSE_WINDOW_FRAMES
) -> tuple[Tensor, Tensor]:
    """Which frame of the video each slot of a window shows, with some observed parts cut short (method section 2).

    With the given probability the observed part keeps only U{2..16} frames; the rest of its 16 slots are copies of its
    last frame, and the future follows right after the cut.

    Returns:
        offset: (B, T) int64 frame shown by each slot, counted from the first.
        slot_valid: (B, T) bool, False for the copies.
    """
    cut = torch.randint(2, CLIP_FRAMES + 1, (batch,), generator=generator)
    uncut = torch.rand(batch, generator=generator) >= probability
    length = torch.where(uncut, CLIP_FRAMES, cut)[:, None]  # (B, 1)
    slot = torch.arange(frames)[None]  # (1, T)
    observed = slot < CLIP_FRAMES
    offset = torch.where(observed, torch.minimum(slot, length - 1), slot - CLIP_FRAMES + length)
    return offset, ~observed | (slot < length)


class PoseWindowSampler:
    """Windows of consecutive frames of untrimmed video; every frame is a start."""

    def __init__(
        self,
        store: SequenceStore,
        frames: int = POSE_WINDOW_FRAMES,
        cut_probability: float = 0.25,
        sequences: NDArray[np.int64] | None = None,
    ) -> None:
        """Prepare the table of starts.

        Args:
            store: Where the frames lie.
            frames: T, at least 16.
            cut_probability: How often the observed part is cut short; 0 for validation.
            sequences: Indices of the sequences to draw from; all when None.

        Raises:
            InputError: If there is nothing to draw from or the window is shorter than a clip.
        """
        if frames < CLIP_FRAMES:
            raise InputError(f"A pose window needs at least {CLIP_FRAMES} frames, got {frames}.")
        chosen = np.arange(len(store)) if sequences is None else np.asarray(sequences, np.int64)
        if chosen.size == 0:
            raise InputError(f"No sequence of the store {store.folder} is left to draw windows from.")
        self.store = store
        self.frames = frames
        self.cut_probability = cut_probability
        self._start = torch.from_numpy(store.starts[chosen])
        self._end = torch.from_numpy(store.ends[chosen])
        self._joint_valid = torch.from_numpy(store.joint_valid[chosen])
        self._cumulative = torch.cumsum(self._end - self._start, dim=0)

    def __len__(self) -> int:
        """Number of starts."""
        return int(self._cumulative[-1])

    def sample(self, size: int, generator: torch.Generator | None = None) -> PoseWindow:
        """Draw windows at uniformly random starts."""
        return self.batch(torch.randint(len(self), (size,), generator=generator), generator)

    def batch(self, indices: Tensor, generator: torch.Generator | None = None) -> PoseWindow:
        """Windows at given starts.

        Args:
            indices: (B,) int64 in 0..len(self)-1.
            generator: Source of the cuts.

        Returns:
            The batch, as torch tensors in memory of its own.
        """
        row = torch.searchsorted(self._cumulative, indices, right=True)
        end = self._end[row]
        first = end - (self._cumulative[row] - indices)
        offset, slot_valid = cut_observed(len(indices), self.cut_probability, generator, self.frames)
        frame = first[:, None] + offset  # (B, T)
        frame_valid = slot_valid & (frame < end[:, None])
        shown = torch.minimum(frame, end[:, None] - 1).numpy()
        return PoseWindow(
            joints=torch.from_numpy(self.store.joints[shown]),
            hand_valid=torch.from_numpy(self.store.valid[shown]),
            frame_valid=frame_valid,
            joint_valid=self._joint_valid[row],
        )


class ActionWindow(NamedTuple):
    """A batch for the action block: consecutive clips of an action, some observed, the next ones to predict.

    The C = 33 slots are 16 for observed clips and 17 for future ones. A clip is named by the store frame it starts at;
    its 16 frames may run past the end of the action (the features of a clip are those of the untrimmed video).

    Attributes:
        sequence: (B,) int64 sequence of the store.
        clip_start: (B, C) int64 first frame of each clip, frames of the whole store; padding holds a frame that exists.
        clip_valid: (B, C) bool, whether the clip belongs to the window (not padding).
        clip_frames: (B, C) int64 frames of the clip that lie inside the action; 0 for padding.
        phase: (B, C) int64 clips since the start of the action; padding keeps counting.
        n_observed: (B,) int64, 1 to 16.
        n_predicted: (B,) int64, 0 to 16.
        label: (B,) int64 index into the labels of the store.
        noun: (B,) int64 object of the action, index into the object names of the store.
        clip_object: (B, 16) int64 object of each observed clip: the action's, or before that reaches the clip the one
            annotated in the clip's middle; -1 where none is.
    """

    sequence: Tensor
    clip_start: Tensor
    clip_valid: Tensor
    clip_frames: Tensor
    phase: Tensor
    n_observed: Tensor
    n_predicted: Tensor
    label: Tensor
    noun: Tensor
    clip_object: Tensor


class ActionWindowSampler:
    """Windows of clips of labelled actions (method section 3, "Observed/predicted split").

    The first observed frame is any frame of a trimmed action. For recognition online, where nobody says when an action
    began, a share of the windows can begin exactly at its start or somewhat before or after it instead, and another
    share can be what is newest at some moment of the action: few clips, which may begin long before it.
    """

    def __init__(
        self,
        store: SequenceStore,
        sequences: NDArray[np.int64] | None = None,
        at_start: float = 0.0,
        near_start: float = 0.0,
        newest: float = 0.0,
        near_frames: int = 12,
        min_frames: int = 2,
    ) -> None:
        """Prepare the table of actions.

        Args:
            store: Where the actions lie.
            sequences: Indices of the sequences to draw from; all when None.
            at_start: Share of windows that begin at the start of their action.
            near_start: Share of windows that begin within near_frames of it, before or after.
            newest: Share of windows of 1 to NEWEST_CLIPS clips that end anywhere within their action.
            near_frames: How near.
            min_frames: Actions shorter than this are left out.

        Raises:
            InputError: If no action is left or the shares are impossible.
        """
        if min(at_start, near_start, newest) < 0 or at_start + near_start + newest > 1:
            raise InputError(
                f"The shares at_start {at_start}, near_start {near_start} and newest {newest} must add up to at most 1."
            )
        table = store.segments
        keep = table[:, 2] - table[:, 1] >= max(min_frames, 2)
        if sequences is not None:
            keep &= np.isin(table[:, 0], sequences)
        if not keep.any():
            raise InputError(f"The store {store.folder} has no labelled action of at least {min_frames} frames here.")
        self.store = store
        self.at_start, self.near_start, self.newest, self.near_frames = at_start, near_start, newest, near_frames
        self.segments = torch.from_numpy(table[keep])
        """(M, 5) int64 the actions, as in SequenceStore.segments."""
        self._cumulative = torch.cumsum(self.segments[:, 2] - self.segments[:, 1], dim=0)
        self._sequence_start = torch.from_numpy(store.starts)
        self._sequence_end = torch.from_numpy(store.ends)

    @property
    def frames_before(self) -> int:
        """Most frames by which a window begins before its action."""
        return max(self.near_frames, NEWEST_CLIPS * CLIP_FRAMES if self.newest > 0 else 0)

    def __len__(self) -> int:
        """Number of starts: every frame of every action."""
        return int(self._cumulative[-1])

    def sample(self, size: int, generator: torch.Generator | None = None) -> ActionWindow:
        """Draw windows: start, number of observed clips and number of predicted clips at random."""
        drawn = torch.randint(len(self), (size,), generator=generator)
        row = torch.searchsorted(self._cumulative, drawn, right=True)
        sequence, begin, end = self.segments[row, :3].unbind(1)
        start = end - (self._cumulative[row] - drawn)
        how = torch.rand(size, generator=generator)
        shift = torch.randint(-self.near_frames, self.near_frames + 1, (size,), generator=generator)
        start = torch.where(how < self.at_start + self.near_start, begin + shift, start)
        start = torch.where(how < self.at_start, begin, start)
        start = torch.maximum(torch.minimum(start, end - 1), self._sequence_start[sequence])
        clips = -(-(end - start) // CLIP_FRAMES)  # N, the partial last clip included
        n_observed = _uniform(torch.clamp(clips, max=MAX_CLIPS), generator)
        if self.newest > 0:
            now = end - (self._cumulative[row] - drawn) + 1
            recent = _uniform(torch.full_like(clips, NEWEST_CLIPS), generator)
            fits = now - CLIP_FRAMES * recent >= self._sequence_start[sequence]
            chosen = (how >= 1.0 - self.newest) & fits
            start = torch.where(chosen, now - CLIP_FRAMES * recent, start)
            n_observed = torch.where(chosen, recent, n_observed)
            clips = -(-(end - start) // CLIP_FRAMES)
        left = torch.clamp(clips - n_observed, max=MAX_CLIPS)
        n_predicted = torch.where(left > 0, _uniform(torch.clamp(left, min=1), generator), 0)
        return self.build(row, start, n_observed, n_predicted)

    def whole_actions(self) -> ActionWindow:
        """One window per action, observed from its start as far as 16 clips reach: the protocol of recognition."""
        row = torch.arange(len(self.segments))
        clips = -(-(self.segments[:, 2] - self.segments[:, 1]) // CLIP_FRAMES)
        return self.build(row, self.segments[:, 1], torch.clamp(clips, max=MAX_CLIPS), torch.zeros_like(clips))

    def forecasts(self, min_frames: int = 30) -> ActionWindow:
        """The protocol of forecasting: observe one clip, predict the rest of the action.

        Starts are every 16 frames from the start of an action while at least min_frames of it remain.
        """
        length = self.segments[:, 2] - self.segments[:, 1]
        count = torch.clamp((length - max(min_frames, CLIP_FRAMES + 1)) // CLIP_FRAMES + 1, min=0)
        row = torch.repeat_interleave(torch.arange(len(length)), count)
        within = torch.arange(len(row)) - torch.repeat_interleave(torch.cumsum(count, 0) - count, count)
        start = self.segments[row, 1] + CLIP_FRAMES * within
        clips = -(-(self.segments[row, 2] - start) // CLIP_FRAMES)
        return self.build(row, start, torch.ones_like(clips), torch.clamp(clips - 1, max=MAX_CLIPS))

    def build(self, row: Tensor, start: Tensor, n_observed: Tensor, n_predicted: Tensor) -> ActionWindow:
        """Windows with everything given.

        Args:
            row: (B,) int64 action, index into segments.
            start: (B,) int64 first observed frame, frames of the whole store.
            n_observed: (B,) int64, 1 to 16.
            n_predicted: (B,) int64, 0 to 17.
        """
        sequence, begin, end, label, noun = self.segments[row].unbind(1)
        slot = torch.arange(MAX_CLIPS + FUTURE_CLIPS)[None]  # (1, C)
        observed = slot < MAX_CLIPS
        number = torch.where(observed, slot, slot - MAX_CLIPS + n_observed[:, None])  # clips since start
        clip_valid = torch.where(observed, slot < n_observed[:, None], slot - MAX_CLIPS < n_predicted[:, None])
        first = start[:, None] + CLIP_FRAMES * number
        inside = torch.clamp(torch.minimum(first + CLIP_FRAMES, end[:, None]) - first, 0, CLIP_FRAMES)
        clip_frames = torch.where(clip_valid, inside, 0)
        clip_start = torch.minimum(first, self._sequence_end[sequence][:, None] - 1)
        middle = (clip_start + clip_frames // 2)[:, :MAX_CLIPS]
        annotated = torch.from_numpy(self.store.objects[middle.numpy()].astype(np.int64))
        reached = clip_start[:, :MAX_CLIPS] + CLIP_FRAMES > begin[:, None]
        clip_object = torch.where(reached, noun[:, None], annotated)
        return ActionWindow(
            sequence=sequence,
            clip_start=clip_start,
            clip_valid=clip_valid,
            clip_frames=clip_frames,
            # A window that begins shortly before its action is in the action's first phase.
            phase=torch.clamp((start - begin) // CLIP_FRAMES, min=0)[:, None] + number,
            n_observed=n_observed,
            n_predicted=n_predicted,
            label=label,
            noun=noun,
            clip_object=torch.where(clip_valid[:, :MAX_CLIPS], clip_object, NO_OBJECT),
        )


def _uniform(high: Tensor, generator: torch.Generator | None) -> Tensor:
    """U{1..high} for every element, int64."""
    drawn = (torch.rand(high.shape, generator=generator, dtype=torch.float64) * high).long()
    return 1 + torch.minimum(drawn, high - 1)
