# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What is done to clean windows before the pose block sees them.

Two groups. *Variation* changes the clean motion itself (input and target): another camera, another hand size,
another skeleton convention, the mirrored scene. *Corruption* changes only the input: the paper's noise on the
component code, or detector-like noise on joints with missing joints, hands and frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ghtt_core.hands import canonical, components, rigid
from ghtt_core.hands.layout import FINGERS, NUM_HANDS, NUM_JOINTS, THUMB_CMC
from ghtt_core.hands.noise import DetectorNoise, PaperNoise
from ghtt_core.hands.skeleton import Skeleton, estimate_skeleton, hold_skeleton, skeleton_evidence

TEMPO_RANGE: Final = (0.25, 2.0)
"""Hands at work are often nearly still; faster than double, a window would need more frames than are drawn."""
_REMEMBERED_SHARE: Final = 0.7
_LENGTH_ERROR: Final = 0.016
_PALM_ERROR: Final = 0.0003
"""Metres; like the share of a bone's length, what is wrong after 100 frames of a detector's noise."""


@dataclass(frozen=True)
class AugmentationConfig:
    """How clean windows are varied and corrupted; the defaults are the paper's (noise on the code, nothing else).

    Attributes:
        mirror_probability: Chance that a window is mirrored (left and right exchanged).
        tempo_sigma: Standard deviation of the log of the speed at which a window is played, cut at `TEMPO_RANGE`.
        size_sigma: Standard deviation of the log of a factor on all positions.
        skeleton_sigma: Standard deviation in palm units of a constant offset per joint in the local frame, one draw
            per window: data sets disagree on where a joint is, and the network must read it from the clip.
        finger_sigma: Standard deviation of the log of a factor on the fingers' lengths, one draw per window, with a
            quarter of it for each finger: beside one data set's palms another's fingers are half as long again.
        clean_probability: Chance that an input is left without noise.
        detector_probability: Chance of detector-like noise on joints; the rest gets the paper's noise.
        detector_scale: Upper end of the uniform factor on the detector noise.
        correlated_probability: Chance that detector noise is smooth over some frames instead of white.
        missing_hand_frame: Upper end of the uniform chance that a hand is missing in a frame.
        missing_joint: Chance that a single joint is missing through a window.
        missing_hand: Chance that one hand is missing through the window.
        cut_probability: Chance that the observed part is cut to U{2..16} frames (paper: 0.25).
        hold_skeleton: Whether noisy joints are held to a skeleton as the pipeline does (`ghtt_core.hands.skeleton`):
            mostly one remembered of many frames, else that of the window.
    """

    mirror_probability: float = 0.0
    tempo_sigma: float = 0.0
    size_sigma: float = 0.0
    skeleton_sigma: float = 0.0
    finger_sigma: float = 0.0
    clean_probability: float = 0.0
    detector_probability: float = 0.0
    detector_scale: float = 1.5
    correlated_probability: float = 0.0
    missing_hand_frame: float = 0.0
    missing_joint: float = 0.0
    missing_hand: float = 0.0
    cut_probability: float = 0.25
    hold_skeleton: bool = False


@dataclass(frozen=True)
class CorruptedInput:
    """The observed part of a window as the network gets it.

    Attributes:
        features: (B, T, 153) component code.
        joints: (B, T, 2, 21, 3) metres: what it is the code of, but for the paper's noise, which is on the code.
        joint_valid: (B, T, 2, 21) bool; False is replaced by the learned placeholder.
        hand_present: (B, 2) bool; False where a hand was removed from the whole window.
    """

    features: Tensor
    joints: Tensor
    joint_valid: Tensor
    hand_present: Tensor


def vary(
    joints: Tensor, hand_valid: Tensor, template: Tensor, config: AugmentationConfig, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Another camera, size, skeleton and handedness for each window.

    Args:
        joints: (B, T, 2, 21, 3) clean joints in metres.
        hand_valid: (B, T, 2) bool.
        template: (2, 5, 3) canonical palms.
        config: Strengths.
        generator: Source of randomness.

    Returns:
        (B, T, 2, 21, 3) joints of the varied motion and (B, T, 2) their validity.
    """
    batch = joints.shape[0]
    if config.skeleton_sigma > 0:
        to_local = canonical.camera_to_local(joints, template)
        offset = torch.randn(batch, 1, NUM_HANDS, NUM_JOINTS, 3, generator=generator) * config.skeleton_sigma
        offset = (offset - offset[..., :1, :]) * canonical.palm_size(joints)[..., None, None]
        joints = joints + offset @ to_local.rotation.mT
    if config.finger_sigma > 0:
        joints = _stretch_fingers(joints, config.finger_sigma, generator)
    if config.mirror_probability > 0:
        mirrored = torch.rand(batch, generator=generator) < config.mirror_probability
        joints = torch.where(mirrored[:, None, None, None, None], components.mirror(joints), joints)
        hand_valid = torch.where(mirrored[:, None, None], hand_valid.flip(-1), hand_valid)
    if config.size_sigma > 0:
        factor = torch.exp(torch.randn(batch, generator=generator) * config.size_sigma)
        joints = joints * factor[:, None, None, None, None]
    turn = rigid.rotation_from_6d(torch.randn(batch, 6, generator=generator))
    return joints @ turn[:, None, None], hand_valid


def _stretch_fingers(joints: Tensor, sigma: float, generator: torch.Generator) -> Tensor:
    """Make the fingers of (B, T, 2, 21, 3) hands longer or shorter, from their first joints on."""
    batch = len(joints)
    common = torch.randn(batch, 1, generator=generator)
    own = torch.randn(batch, len(FINGERS), generator=generator)
    factor = torch.exp(sigma * (common + 0.25 * own).clamp(-2.5, 2.5))
    stretched = joints.clone()
    for finger, (first, *others) in enumerate(FINGERS):
        base = joints[..., first : first + 1, :]
        stretched[..., others, :] = base + factor[:, finger, None, None, None, None] * (joints[..., others, :] - base)
    return stretched


def retime(
    joints: Tensor, hand_valid: Tensor, frame_valid: Tensor, sigma: float, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Play windows faster or slower: people differ in speed far more than the generator's subjects do.

    Args:
        joints: (B, 2 T, 2, 21, 3) metres.
        hand_valid: (B, 2 T, 2) bool.
        frame_valid: (B, 2 T) bool.
        sigma: Standard deviation of the log of the speed; it is cut at `TEMPO_RANGE`.
        generator: Source of randomness.

    Returns:
        The same three for T frames, interpolated linearly between frames; valid where both neighbours are.
    """
    batch, frames = frame_valid.shape
    rate = torch.exp(torch.randn(batch, generator=generator) * sigma).clamp(*TEMPO_RANGE)
    at = torch.arange(frames // 2) * rate[:, None]  # (B, T)
    before = at.long()
    after = (before + 1).clamp(max=frames - 1)
    row = torch.arange(batch)[:, None]
    share = (at - before)[..., None, None, None]
    played = torch.lerp(joints[row, before], joints[row, after], share)
    return played, hand_valid[row, before] & hand_valid[row, after], frame_valid[row, before] & frame_valid[row, after]


def corrupt(
    joints: Tensor,
    hand_valid: Tensor,
    measured: Tensor,
    template: Tensor,
    config: AugmentationConfig,
    generator: torch.Generator,
) -> CorruptedInput:
    """Make the noisy input of clean observed frames.

    Args:
        joints: (B, T, 2, 21, 3) clean joints, metres.
        hand_valid: (B, T, 2) bool, hands the data has.
        measured: (B, 21) bool, joints the data set annotates.
        template: (2, 5, 3) canonical palms.
        config: Strengths and chances.
        generator: Source of randomness.

    Returns:
        The noisy code with its masks.
    """
    batch, frames = joints.shape[:2]
    joint_valid = measured[:, None, None, :].expand(batch, frames, NUM_HANDS, NUM_JOINTS).clone()
    joint_valid[..., THUMB_CMC] = False
    present = torch.ones(batch, NUM_HANDS, dtype=torch.bool)
    observed, kind = joints, torch.rand(batch, generator=generator)
    use_detector = kind < config.detector_probability
    use_paper = kind >= config.detector_probability + config.clean_probability
    if config.detector_probability > 0:
        noise = DetectorNoise(missing=0.0)(joints, generator=generator)[0] - joints
        smooth = torch.rand(batch, generator=generator) < config.correlated_probability
        noise = torch.where(smooth[:, None, None, None, None], _moving_average(noise), noise)
        scale = torch.rand(batch, generator=generator) * config.detector_scale * use_detector
        observed = joints + noise * scale[:, None, None, None, None]
    if config.missing_hand > 0:
        gone = torch.rand(batch, generator=generator) < config.missing_hand
        side = torch.randint(0, NUM_HANDS, (batch,), generator=generator)
        present[gone, side[gone]] = False
    hand_valid = hand_valid & present[:, None]
    if config.missing_hand_frame > 0:
        chance = torch.rand(batch, 1, 1, generator=generator) * config.missing_hand_frame
        dropped = torch.rand(batch, frames, NUM_HANDS, generator=generator) < chance
        hand_valid = hand_valid & ~(dropped & (use_detector | use_paper)[:, None, None])
    if config.missing_joint > 0:
        joint_valid &= torch.rand(batch, 1, NUM_HANDS, NUM_JOINTS, generator=generator) >= config.missing_joint
    joint_valid &= hand_valid[..., None]
    if config.hold_skeleton:
        skeleton = _remembered(joints, observed, joint_valid, template, generator)
        observed = hold_skeleton(observed, joint_valid, skeleton)
    features = components.encode(observed, template, hand_valid).features
    noised = PaperNoise()(features, generator=generator)
    features = torch.where(use_paper[:, None, None], noised, features)
    return CorruptedInput(features, observed, joint_valid, present)


def _remembered(
    joints: Tensor, observed: Tensor, joint_valid: Tensor, template: Tensor, generator: torch.Generator
) -> Skeleton:
    """Skeletons as the pipeline knows them: nearly the true one after some seconds, before that the window's own."""
    own = estimate_skeleton(skeleton_evidence(observed, joint_valid, template))
    true = estimate_skeleton(skeleton_evidence(joints, torch.ones_like(joint_valid), template))
    palm = true.palm + _PALM_ERROR * torch.randn(true.palm.shape, generator=generator)
    bones = true.bones * (1.0 + _LENGTH_ERROR * torch.randn(true.bones.shape, generator=generator))
    known = torch.rand(len(joints), generator=generator) < _REMEMBERED_SHARE
    return Skeleton(
        torch.where(known[:, None, None, None], palm, own.palm), torch.where(known[:, None, None], bones, own.bones)
    )


def _moving_average(noise: Tensor, width: int = 5) -> Tensor:
    """Smooth white noise (B, T, ...) over time, keeping its variance."""
    frames = noise.shape[1]
    lag = (torch.arange(frames)[:, None] - torch.arange(frames)).abs()
    kernel = (lag <= width // 2).to(noise.dtype)
    kernel = kernel / kernel.square().sum(-1, keepdim=True).sqrt()
    return torch.einsum("ts,bs...->bt...", kernel, noise)
