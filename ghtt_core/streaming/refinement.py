# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Refine observed hands with the pose block: one window, every newest frame, or a whole recording."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from ghtt_core.errors import InputError
from ghtt_core.hands import components
from ghtt_core.hands.canonical import palm_size as measure_palm_size
from ghtt_core.hands.layout import CLIP_FRAMES, PALM_JOINTS, THUMB_CMC, VALID_JOINTS
from ghtt_core.hands.missing import neighbours
from ghtt_core.hands.rigid import RigidMap
from ghtt_core.hands.skeleton import Skeleton, estimate_skeleton, hold_skeleton, skeleton_evidence
from ghtt_core.models.inference import FastPoseBlock
from ghtt_core.models.pose_block import PoseBlock, PoseEncoding
from ghtt_core.streaming.anchoring import Anchor, AnchorKind, place_clip
from ghtt_core.streaming.skeleton_memory import MEMORY_FRAMES, skeletons_known_by

MAX_BRIDGED_FRAMES = 8
"""Longest dropout of a hand, in frames, that a refined sequence fills."""


class ClipEncoder(Protocol):
    """A pose block in any of its forms, as far as refinement needs it."""

    def encode(self, features: Tensor, frame_valid: Tensor, joint_valid: Tensor) -> PoseEncoding:
        """Encode clips; see `ghtt_core.models.pose_block.PoseBlock.encode`."""
        ...


class RefinedWindow(NamedTuple):
    """Refined windows in the camera frame, with all a forecast needs to continue them.

    Attributes:
        joints: (B, T, 2, 21, 3) metres, camera frame; zero for hands that were never seen in the window.
        encoding: The pose block's encoding; ``encoding.mu`` is the mid-level feature of the window.
        palm_size: (B, 2) metres, one size per hand for the whole window.
        shape_offset: (B, T, 2, 21, 3) metres, local frame: what the observation added to the network's hand shape.
        local_to_camera: Refined maps, (B, T, 2); translation in metres.
        noise: (B, 2, 3) metres: standard deviation of the observed position from frame to frame, camera axes.
        hand_seen: (B, 2) bool, hands observed in at least one frame.
        frame_valid: (B, T) bool, frames that are real and not padding.
        newest: (B,) int64, index of the last real frame.
    """

    joints: Tensor
    encoding: PoseEncoding
    palm_size: Tensor
    shape_offset: Tensor
    local_to_camera: RigidMap
    noise: Tensor
    hand_seen: Tensor
    frame_valid: Tensor
    newest: Tensor

    def detached(self) -> RefinedWindow:
        """Return the same values without their gradients."""
        encoding = PoseEncoding(*(part.detach() for part in self.encoding))
        maps = RigidMap(*(part.detach() for part in self.local_to_camera))
        return self._replace(
            joints=self.joints.detach(),
            encoding=encoding,
            shape_offset=self.shape_offset.detach(),
            local_to_camera=maps,
            noise=self.noise.detach(),
        )

    def newest_joints(self) -> Tensor:
        """Return the refined joints of the last real frame, (B, 2, 21, 3)."""
        return self.joints[torch.arange(len(self.newest)), self.newest]

    def newest_features(self) -> Tensor:
        """Return the refined components of the last real frame, (B, 153)."""
        return self.encoding.refined[torch.arange(len(self.newest)), self.newest]

    def newest_offset(self) -> Tensor:
        """Return the shape offset of the last real frame, (B, 2, 21, 3) metres."""
        return self.shape_offset[torch.arange(len(self.newest)), self.newest]

    def mismatch(self) -> Tensor:
        """Return how unlike its training data the network finds each hand's shape, (B, 2), in palm sizes.

        Root mean square over joints of what the observation added to the network's shape, mean over real frames; zero
        for hands that were not seen.
        """
        offset = self.shape_offset[..., list(VALID_JOINTS), :].square().sum(-1).mean(-1).sqrt()
        real = self.frame_valid[..., None].to(offset)
        share = (offset * real).sum(1) / (real.sum(1).clamp_min(1.0) * self.palm_size)
        return torch.where(self.hand_seen, share, 0.0)

    def newest_map(self) -> RigidMap:
        """Return the local-to-camera maps of the last real frame, (B, 2)."""
        rows = torch.arange(len(self.newest))
        return RigidMap(*(part[rows, self.newest] for part in self.local_to_camera))


class RefinedSequence(NamedTuple):
    """A refined recording.

    Attributes:
        joints: (T, 2, 21, 3) metres, camera frame; zero where not valid.
        valid: (T, 2) bool: seen, or inside a dropout short enough to be bridged.
    """

    joints: Tensor
    valid: Tensor


def hands_observed(joint_valid: Tensor) -> Tensor:
    """Say where a hand's five palm joints are all measured, (..., 2) bool from (..., 2, 21) bool."""
    return joint_valid[..., list(PALM_JOINTS)].all(-1)


def median_palm_size(palm_size: Tensor, observed: Tensor) -> Tensor:
    """Take the median size of observed hands over time; robust against single bad frames.

    Args:
        palm_size: (..., T, 2) metres.
        observed: (..., T, 2) bool.

    Returns:
        (..., 2) metres, a nominal size for hands never observed.
    """
    masked = torch.where(observed, palm_size, torch.nan)
    return torch.nanmedian(masked, dim=-2).values.nan_to_num(nan=components.NOMINAL_PALM_SIZE)


def refine_windows(
    pose_block: ClipEncoder,
    template: Tensor,
    joints: Tensor,
    joint_valid: Tensor,
    *,
    frame_valid: Tensor | None = None,
    palm_size: Tensor | None = None,
    anchor: Anchor | AnchorKind = "residual",
) -> RefinedWindow:
    """Refine windows of observed joints (paper, Section 3.2: the outputs of P's encoder).

    Args:
        pose_block: The pose block P, in evaluation mode.
        template: (2, 5, 3) canonical palms.
        joints: (B, T, 2, 21, 3) metres, camera frame; anything, NaN included, where a joint is not valid.
        joint_valid: (B, T, 2, 21) bool, joints that were measured. A hand counts as seen in a frame where its five
            palm joints were.
        frame_valid: (B, T) bool, False for padding at the end of a window shorter than T; all frames when None.
        palm_size: (B, 2) metres, where it is known better than from this window; its median over the window when None.
        anchor: How the refined clip is placed in the camera frame.

    Returns:
        The refined windows.
    """
    anchor = Anchor.of(anchor)
    if frame_valid is None:
        frame_valid = torch.ones(joints.shape[:2], dtype=torch.bool, device=joints.device)
    observed = hands_observed(joint_valid) & frame_valid[..., None]  # (B, T, 2)
    joint_valid = joint_valid & observed[..., None]
    joints = torch.where(joint_valid[..., None], joints, 0.0)
    code = components.encode(joints, template, observed)
    encoding = pose_block.encode(code.features, frame_valid, joint_valid)
    size = median_palm_size(code.palm_size, observed) if palm_size is None else palm_size
    weights = joint_valid.to(joints.dtype)
    weights[..., THUMB_CMC] = 0.0  # not predicted, so it says nothing about where the hand is
    refined = encoding.refined.to(joints.dtype)
    clip = place_clip(refined, size, code, joints, weights, frame_valid, anchor)
    hand_seen = observed.any(1)
    placed = clip.joints * hand_seen[:, None, :, None, None]
    newest = frame_valid.sum(1).sub(1).clamp(min=0)
    return RefinedWindow(
        placed, encoding, size, clip.shape_offset, clip.local_to_camera, clip.noise, hand_seen, frame_valid, newest
    )


@torch.inference_mode()
def refine_sequence(
    pose_block: PoseBlock | FastPoseBlock,
    template: Tensor,
    joints: Tensor,
    joint_valid: Tensor,
    *,
    stride: int = 4,
    anchor: Anchor | AnchorKind = "residual",
    batch_size: int = 128,
) -> RefinedSequence:
    """Refine a recording with overlapping clips, cross-faded; every frame sees its past and its future.

    Args:
        pose_block: The pose block P, in evaluation mode.
        template: (2, 5, 3) canonical palms.
        joints: (T, 2, 21, 3) metres at 30 frames per second, T >= 1.
        joint_valid: (T, 2, 21) bool.
        stride: Frames between starts of neighbouring clips, 1 to 16.
        anchor: How each clip is placed.
        batch_size: Clips per pass.

    Returns:
        The refined recording.

    Raises:
        InputError: If the recording is empty or the stride impossible.
    """
    if not 1 <= stride <= CLIP_FRAMES:
        raise InputError(f"Refinement clips must start 1 to {CLIP_FRAMES} frames apart, not {stride}.")
    observed, size = _check_sequence(joints, joint_valid)
    frames = len(joints)
    skeleton: Skeleton | None = None
    if Anchor.of(anchor).holds_skeleton:
        skeleton = estimate_skeleton(skeleton_evidence(joints, joint_valid, template))
        joints = hold_skeleton(joints, joint_valid, skeleton)
    last = max(frames - CLIP_FRAMES, 0)
    starts = torch.tensor(sorted({*range(0, last, stride), last}), device=joints.device)
    size = median_palm_size(size, observed)
    total = joints.new_zeros(frames, 2, 21, 3)
    share = joints.new_zeros(frames, 2)
    phase = (torch.arange(CLIP_FRAMES, device=joints.device) + 0.5) / CLIP_FRAMES
    fade = torch.sin(torch.pi * phase).square().to(joints.dtype)  # a clip is surest in its middle
    for first in torch.split(starts, batch_size):
        index = first[:, None] + torch.arange(CLIP_FRAMES, device=joints.device)
        inside = index < frames
        index = index.clamp(max=frames - 1)
        window = refine_windows(
            pose_block,
            template,
            joints[index],
            joint_valid[index],
            frame_valid=inside,
            palm_size=size.expand(len(first), 2),
            anchor=anchor,
        )
        evidence = observed[index].to(joints.dtype).mean(1)  # (B, 2): a clip that saw a hand once says little of it
        weight = (fade * inside)[..., None] * evidence[:, None]  # (B, 16, 2)
        total.index_add_(0, index.flatten(), (window.joints * weight[..., None, None]).flatten(0, 1))
        share.index_add_(0, index.flatten(), weight.flatten(0, 1))
    valid = bridged(observed) & (share > 0)
    refined = total / share.clamp_min(1e-6)[..., None, None]
    if skeleton is not None:
        refined = hold_skeleton(refined, torch.ones_like(joint_valid), skeleton)
    return RefinedSequence(torch.where(valid[..., None, None], refined, 0.0), valid)


@torch.inference_mode()
def refine_causal(
    pose_block: PoseBlock | FastPoseBlock,
    template: Tensor,
    joints: Tensor,
    joint_valid: Tensor,
    *,
    anchor: Anchor | AnchorKind = "residual",
    batch_size: int = 256,
) -> RefinedSequence:
    """Refine every frame from itself and the 15 before it: what a robot gets online, in one batched call.

    Args:
        pose_block: The pose block P, in evaluation mode.
        template: (2, 5, 3) canonical palms.
        joints: (T, 2, 21, 3) metres at 30 frames per second, T >= 1.
        joint_valid: (T, 2, 21) bool.
        anchor: How each window is placed.
        batch_size: Windows per pass.

    Returns:
        The newest frame of every window. A hand is valid where it was seen in the window.

    Raises:
        InputError: If the recording is empty.
    """
    observed, size = _check_sequence(joints, joint_valid)
    frames = len(joints)
    steps = torch.arange(CLIP_FRAMES, device=joints.device)
    back = torch.arange(1 - min(MEMORY_FRAMES, frames), 1, device=joints.device)
    evidence = skeleton_evidence(joints, joint_valid, template) if Anchor.of(anchor).holds_skeleton else None
    refined, seen = [], []
    for newest in torch.split(torch.arange(frames, device=joints.device), batch_size):
        index = (newest[:, None] - CLIP_FRAMES + 1).clamp(min=0) + steps  # (B, 16); a short window starts at frame 0
        inside = index <= newest[:, None]
        index = torch.minimum(index, newest[:, None])
        history = newest[:, None] + back
        known = observed[history.clamp(min=0)] & (history >= 0)[..., None]
        observed_joints = joints[index]
        if evidence is not None:
            known_by_now = skeletons_known_by(evidence, newest)
            observed_joints = hold_skeleton(observed_joints, joint_valid[index], known_by_now)
        window = refine_windows(
            pose_block,
            template,
            observed_joints,
            joint_valid[index],
            frame_valid=inside,
            palm_size=median_palm_size(size[history.clamp(min=0)], known),
            anchor=anchor,
        )
        refined.append(window.newest_joints())
        seen.append(window.hand_seen)
    return RefinedSequence(torch.cat(refined), torch.cat(seen))


def bridged(observed: Tensor, longest: int = MAX_BRIDGED_FRAMES) -> Tensor:
    """Extend (T, 2) bool over dropouts of at most ``longest`` frames that end within the recording."""
    near = neighbours(observed)
    index = torch.arange(len(observed), device=observed.device)[:, None]
    inside = (near.before <= index) & (index <= near.after) & near.ever
    return observed | (inside & (near.after - near.before - 1 <= longest))


def _check_sequence(joints: Tensor, joint_valid: Tensor) -> tuple[Tensor, Tensor]:
    """Return (T, 2) observed hands and their palm sizes, of a recording that has frames."""
    if joints.shape[1:] != (2, 21, 3) or joint_valid.shape != joints.shape[:-1] or len(joints) == 0:
        raise InputError(
            f"A recording to refine needs joints (T, 2, 21, 3) and a mask (T, 2, 21) with T >= 1, got "
            f"{tuple(joints.shape)} and {tuple(joint_valid.shape)}."
        )
    observed = hands_observed(joint_valid)
    return observed, measure_palm_size(torch.where(joint_valid[..., None], joints, 0.0))
