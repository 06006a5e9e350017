# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A person's bones do not change: measure them over many noisy frames, and hold every frame to them.

The palm joints move as one rigid body, the fingers' bones keep their lengths. What a detector says against that is
noise, however slowly it changes. The palm's shape is the mean of palms brought to the canonical axes. Noise makes bones
longer in the mean: of the mean squared length the noise's share, read from second differences over time, is taken away.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor

from ghtt_core.hands.canonical import camera_to_local, kabsch
from ghtt_core.hands.layout import FINGERS, PALM_JOINTS, WRIST
from ghtt_core.hands.rigid import apply

_CHAINS: Final = ((WRIST, *FINGERS[0]), *FINGERS[1:])
"""Fingers from a palm joint to the tip. The thumb's begins at the wrist: its MCP keeps that distance but for what the
CMC, which nobody annotates, bends."""
_PARENTS: Final = [joint for chain in _CHAINS for joint in chain[:-1]]
_CHILDREN: Final = [joint for chain in _CHAINS for joint in chain[1:]]
_JOINTS: Final = [joint for chain in _CHAINS for joint in chain]
_SEGMENTS: Final = 3
NUM_BONES: Final = len(_CHAINS) * _SEGMENTS
"""Bones of a hand whose lengths are held, finger by finger, each from the palm to the tip."""

_STIFFNESS: Final = 0.5
"""Share of a bone's error that is mended: its joints belong to two bones, and lengths are measured."""
_OUTLIER: Final = 0.25
"""Frames whose palm size is off the median by more than this share say nothing about a skeleton."""


class SkeletonEvidence(NamedTuple):
    """What frames say about a skeleton, one by one.

    Attributes:
        palm: (..., T, 2, 5, 3) metres, palm joints in canonical axes around their centroid.
        seen: (..., T, 2) bool, hands whose palm was measured.
        squared: (..., T, 2, 15) squared metres, lengths of bones.
        measured: (..., T, 2, 15) bool, bones whose ends were measured.
        jitter: (..., T, 2, 15) squared metres, second differences of bones over the frame and the two before it.
        followed: (..., T, 2, 15) bool, bones that have one.
    """

    palm: Tensor
    seen: Tensor
    squared: Tensor
    measured: Tensor
    jitter: Tensor
    followed: Tensor

    def pick(self, index: Tensor | slice | int) -> SkeletonEvidence:
        """Return the evidence of some frames, by an index into the first dimension."""
        return SkeletonEvidence(*(part[index] for part in self))


class Skeleton(NamedTuple):
    """What does not change about two hands; zero where nothing is known.

    Attributes:
        palm: (..., 2, 5, 3) metres, canonical axes.
        bones: (..., 2, 15) metres.
    """

    palm: Tensor
    bones: Tensor


def skeleton_evidence(joints: Tensor, joint_valid: Tensor, template: Tensor) -> SkeletonEvidence:
    """Measure frames.

    Args:
        joints: (..., T, 2, 21, 3) metres, consecutive frames; anything, NaN included, where not valid.
        joint_valid: (..., T, 2, 21) bool.
        template: (2, 5, 3) canonical palms.
    """
    joints = torch.where(joint_valid[..., None], joints, 0.0)
    palm = joints[..., list(PALM_JOINTS), :]
    seen = joint_valid[..., list(PALM_JOINTS)].all(-1)
    palm = (palm - palm.mean(-2, keepdim=True)) @ camera_to_local(joints, template).rotation
    bone = joints[..., _CHILDREN, :] - joints[..., _PARENTS, :]
    measured = joint_valid[..., _CHILDREN] & joint_valid[..., _PARENTS] & seen[..., None]
    jitter, followed = torch.zeros_like(bone[..., 0]), torch.zeros_like(measured)
    if bone.shape[-4] > 2:
        now, before, earlier = bone[..., 2:, :, :, :], bone[..., 1:-1, :, :, :], bone[..., :-2, :, :, :]
        jitter[..., 2:, :, :] = (now - 2 * before + earlier).square().sum(-1)
        followed[..., 2:, :, :] = measured[..., 2:, :, :] & measured[..., 1:-1, :, :] & measured[..., :-2, :, :]
    return SkeletonEvidence(palm, seen, bone.square().sum(-1), measured, jitter, followed)


def estimate_skeleton(evidence: SkeletonEvidence) -> Skeleton:
    """Put together what the frames (..., T) of the evidence say."""
    palm, seen, squared, measured, jitter, followed = evidence
    size = torch.linalg.vector_norm(palm[..., 1:, :] - palm[..., :1, :], dim=-1).mean(-1)  # (..., T, 2)
    middle = torch.nanmedian(torch.where(seen, size, torch.nan), dim=-2, keepdim=True).values
    usual = seen & ((size - middle).abs() <= _OUTLIER * middle)
    shape = _mean(palm.flatten(-2), usual[..., None])
    square = _mean(squared, measured & usual[..., None])
    # White noise of variance v has second differences of variance 6 v. At least half of a length is believed.
    noise = _mean(jitter, followed & usual[..., None]) / 6.0
    return Skeleton(
        shape.reshape(*shape.shape[:-1], len(PALM_JOINTS), 3), torch.maximum(square - noise, 0.5 * square).sqrt()
    )


def hold_skeleton(joints: Tensor, joint_valid: Tensor, skeleton: Skeleton) -> Tensor:
    """Move joints to where a skeleton lets them be: palms become rigid, bones come nearer to their lengths.

    Args:
        joints: (..., T, 2, 21, 3) metres; anything, NaN included, where not valid.
        joint_valid: (..., T, 2, 21) bool.
        skeleton: Of (..., 2) hands.

    Returns:
        (..., T, 2, 21, 3) metres; joints that are not valid, or whose hand's palm is not, are as they were.
    """
    seen = joint_valid[..., list(PALM_JOINTS)].all(-1)
    held = torch.where(joint_valid[..., None], joints, 0.0)
    observed = held[..., list(PALM_JOINTS), :]
    shape = skeleton.palm[..., None, :, :, :].expand_as(observed)
    known = seen & (shape != 0).any(-1).any(-1)
    held[..., list(PALM_JOINTS), :] = torch.where(
        known[..., None, None], apply(kabsch(shape, observed), shape), observed
    )
    chains = (*joints.shape[:-2], len(_CHAINS), _SEGMENTS)
    lengths = skeleton.bones[..., None, :, :].expand(*joints.shape[:-2], NUM_BONES).reshape(chains)
    measured = (joint_valid[..., _CHILDREN] & joint_valid[..., _PARENTS] & seen[..., None]).reshape(chains)
    ends = measured & (lengths > 0)
    finger = held[..., _JOINTS, :].reshape(*chains[:-1], _SEGMENTS + 1, 3)
    for segment in range(_SEGMENTS):
        parent, child = finger[..., segment, :], finger[..., segment + 1, :]
        bone = child - parent
        length = torch.linalg.vector_norm(bone, dim=-1)
        excess = torch.where(ends[..., segment], length - lengths[..., segment], 0.0)
        correction = bone * (_STIFFNESS * excess / length.clamp_min(1e-6))[..., None]
        share = 0.0 if segment == 0 else 0.5  # the palm stays where it is
        parent += share * correction
        child -= (1.0 - share) * correction
    held[..., _CHILDREN, :] = finger[..., 1:, :].reshape(*joints.shape[:-2], NUM_BONES, 3)
    return torch.where((joint_valid & seen[..., None])[..., None], held, joints)


def _mean(values: Tensor, counted: Tensor) -> Tensor:
    """Mean over frames (..., T, 2, C) of those that count; zero where none does."""
    weight = counted.to(values)
    mean: Tensor = (values * weight).sum(-3) / weight.sum(-3).clamp_min(1.0)
    return mean
