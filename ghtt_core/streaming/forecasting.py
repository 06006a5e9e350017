# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Continue refined windows into the future: P.a rolls the pose block out, P.b asks the action block first.

Both give samples that start at the refined newest frame: wrist steps are integrated over the whole horizon from there,
and the hand shape keeps what the observation added to the network's, so no sample jumps. All samples of all windows run
in one batch. Sample 0 is the deterministic one where its noise is zero, as `sample_noise` makes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

import torch
from torch import Tensor

from ghtt_core.errors import InputError
from ghtt_core.hands import components
from ghtt_core.hands.layout import CLIP_FRAMES, FEATURE_SIZE, NUM_JOINTS
from ghtt_core.hands.rigid import RigidMap, apply
from ghtt_core.models.action_block import ActionBlock, ActionEncoding
from ghtt_core.models.inference import FastActionBlock, FastPoseBlock
from ghtt_core.models.pose_block import PoseBlock
from ghtt_core.models.vae import reparameterise
from ghtt_core.streaming.anchoring import place_thumb_cmc, start_at_identity
from ghtt_core.streaming.refinement import RefinedWindow
from ghtt_core.streaming.sample_threads import SampleThreads

MAX_FORECAST_FRAMES = 96
"""The paper's longest horizon: one clip of P and five of A."""
SHAPE_MEMORY_FRAMES = 15.0
"""How long, in frames, a forecast keeps the difference between the seen hand shape and the decoder's first one."""
DOUBTFUL_NOISE: Final = 0.009
"""Metres of noise along a camera axis at which half of the predicted way along it is believed.

What a network says of an axis that is mostly noise (depth, for a camera) follows that noise. Chosen on synthetic hands.
"""
FirstClip = Literal["latent", "skip"]
FIRST_CLIP: Final[FirstClip] = "skip"
"""The publication decodes P.b's first clip from its latent alone; the encoder's tokens, as P.a has them, know more."""


class ObservedAction(NamedTuple):
    """What the action block made of the observed clips, ready to be continued.

    Attributes:
        encoding: A's encoding, (B, ...).
        clip_valid: (B, N) bool; a row's clips lie at its start, in order of time.
        num_clips: (B,) int64, observed clips of each row; also the phase of the first future clip.
    """

    encoding: ActionEncoding
    clip_valid: Tensor
    num_clips: Tensor


def sample_noise(samples: int, draws: int, width: int, generator: torch.Generator | None = None) -> Tensor:
    """Draw the noise of forecast samples.

    Args:
        samples: S >= 1.
        draws: Latents each sample draws; see `forecast_pose` and `forecast_action`.
        width: d.
        generator: Source of randomness.

    Returns:
        (S, draws, d) standard normal, zero for sample 0.
    """
    noise = torch.randn(samples, draws, width, generator=generator)
    noise[0] = 0.0
    return noise


def num_clips(frames: int) -> int:
    """Return how many 16-frame clips a horizon needs.

    Raises:
        InputError: If the horizon is not between 1 and 96 frames.
    """
    if not 1 <= frames <= MAX_FORECAST_FRAMES:
        raise InputError(f"A forecast has 1 to {MAX_FORECAST_FRAMES} frames at 30 per second, not {frames}.")
    return -(-frames // CLIP_FRAMES)


def forecast_pose(
    pose_block: PoseBlock | FastPoseBlock,
    window: RefinedWindow,
    *,
    frames: int,
    noise: Tensor,
    factor: float = 5.0,
    threads: SampleThreads | None = None,
) -> Tensor:
    """Forecast by P.a: decode the clip that follows, observe it as if it had happened, and again (paper, Section 3.2).

    Args:
        pose_block: The pose block P, in evaluation mode.
        window: Refined windows, batch B.
        frames: Horizon T in frames, 1 to 96.
        noise: (S, ceil(T / 16), d) from `sample_noise`, used for every window.
        factor: Multiplies the standard deviation of every latent drawn.
        threads: Share the samples among them; None for torch's own threads.

    Returns:
        (B, S, T, 2, 21, 3) metres, camera frame; zero for hands not seen in the window.

    Raises:
        InputError: If the horizon is impossible or the noise does not fit it.
    """

    def predict(drawn: Tensor) -> Tensor:
        return predict_pose(pose_block, window, frames, drawn, factor)

    _check_noise(noise, num_clips(frames))
    return _sampled(predict, window, noise, threads)


def predict_pose(
    pose_block: PoseBlock | FastPoseBlock, window: RefinedWindow, frames: int, noise: Tensor, factor: float
) -> Tensor:
    """Give the components of `forecast_pose`: (B * S, T, 153), samples of one window beside each other.

    The noise may also be (B, S, ceil(T / 16), d), each window's own.
    """
    rounds = num_clips(frames)
    draws = _of_every_window(noise, len(window.newest))  # (B * S, rounds, d)
    samples = noise.shape[-3]
    seen = _repeat(window.hand_seen, samples)
    frame_valid = seen.new_ones(len(seen), CLIP_FRAMES)
    joint_valid = seen[:, None, :, None].expand(-1, CLIP_FRAMES, -1, NUM_JOINTS)
    mu, logvar = (_repeat(part, samples) for part in window.encoding[:2])
    tokens, tokens_valid = _memory(pose_block, window.encoding.tokens, window.frame_valid, samples)
    clips = []
    for step in range(rounds):
        latent = reparameterise(mu, logvar, draws[:, step].to(mu), factor)
        clip = components.normalise_local_size(pose_block.decode(latent, tokens, tokens_valid))
        clips.append(clip)
        if step + 1 < rounds:
            observed = hide_unseen(start_at_identity(clip), seen)
            mu, logvar, tokens, _ = pose_block.encode(observed, frame_valid, joint_valid)
            tokens_valid = frame_valid
    return torch.cat(clips, dim=1)[:, :frames]


def forecast_action(
    pose_block: PoseBlock | FastPoseBlock,
    action_block: ActionBlock | FastActionBlock,
    window: RefinedWindow,
    action: ObservedAction,
    *,
    frames: int,
    noise: Tensor,
    factor: float = 5.0,
    label_text: Tensor | None = None,
    first_clip: FirstClip = FIRST_CLIP,
    threads: SampleThreads | None = None,
) -> Tensor:
    """Forecast by P.b: the action block gives the mid-level features of future clips, P decodes them.

    The mid-level feature of clip j decodes to clip j + 1. So the first future clip comes from the latent of the last
    observed clip, and the clips after it from the features the action block predicts.

    Args:
        pose_block: The pose block P, in evaluation mode.
        action_block: The action block A, in evaluation mode.
        window: Refined windows, batch B: the last observed clip of each.
        action: A's encoding of the observed clips up to and including ``window``.
        frames: Horizon T in frames, 1 to 96.
        noise: (S, 2, d) from `sample_noise`: of the pose latent z and the action feature alpha; used for every window.
        factor: Multiplies the standard deviations of z and alpha.
        label_text: (text_width,) or (B, text_width) text embedding of a prescribed action: alpha's mean becomes its
            embedding. None to use the recognised alpha.
        first_clip: Whether the first clip is decoded from its latent alone (the paper's way) or also from the
            encoder's tokens, ``skip``.
        threads: Share the samples among them; None for torch's own threads.

    Returns:
        (B, S, T, 2, 21, 3) metres, camera frame; zero for hands not seen in the window.

    Raises:
        InputError: If the horizon or the way of the first clip is impossible, or the noise does not fit.
    """
    if first_clip not in ("latent", "skip"):
        raise InputError(f"The first clip of a forecast is made from 'latent' or 'skip', not {first_clip!r}.")

    def predict(drawn: Tensor) -> Tensor:
        return predict_action(pose_block, action_block, window, action, frames, drawn, factor, label_text, first_clip)

    _check_noise(noise, 2)
    return _sampled(predict, window, noise, threads)


def predict_action(
    pose_block: PoseBlock | FastPoseBlock,
    action_block: ActionBlock | FastActionBlock,
    window: RefinedWindow,
    action: ObservedAction,
    frames: int,
    noise: Tensor,
    factor: float,
    label_text: Tensor | None,
    first_clip: FirstClip,
) -> Tensor:
    """Give the components of `forecast_action`: (B * S, T, 153), samples of one window beside each other.

    The noise may also be (B, S, 2, d), each window's own.
    """
    later = num_clips(frames) - 1
    samples, windows = noise.shape[-3], len(window.newest)
    draws = _of_every_window(noise, windows)  # (B * S, 2, d)
    mu, logvar = (_repeat(part, samples) for part in window.encoding[:2])
    first = reparameterise(mu, logvar, draws[:, 0].to(mu), factor)[:, None]  # (B * S, 1, d)
    latents = [first] if first_clip == "latent" else []
    if later:
        alpha_mu, alpha_logvar = (_repeat(part, samples) for part in action.encoding[:2])
        if label_text is not None:
            prescribed = action_block.embed_labels(label_text.reshape(-1, label_text.shape[-1]))
            alpha_mu = _repeat(prescribed.expand(windows, -1), samples)
        alpha = reparameterise(alpha_mu, alpha_logvar, draws[:, 1].to(alpha_mu), factor)
        clip_tokens, clip_valid = _memory(action_block, action.encoding.clip_tokens, action.clip_valid, samples)
        wanted = torch.ones(len(clip_valid), later, dtype=torch.bool, device=alpha.device)
        phase = _repeat(action.num_clips, len(clip_valid) // windows)
        latents.append(action_block.decode(alpha, clip_tokens, clip_valid, phase, wanted))
    clips = []
    if first_clip == "skip":
        tokens, tokens_valid = _memory(pose_block, window.encoding.tokens, window.frame_valid, samples)
        clips.append(pose_block.decode(first[:, 0], tokens, tokens_valid))
    if latents:
        latent = torch.cat(latents, dim=1)  # (B * S, M, d)
        decoded = pose_block.decode(latent.flatten(0, 1))  # (B * S * M, 16, 153)
        clips.append(decoded.reshape(len(latent), -1, FEATURE_SIZE))
    return torch.cat(clips, dim=1)[:, :frames]


def hide_unseen(features: Tensor, hand_seen: Tensor) -> Tensor:
    """Give hands that are not there the code that encoding gives to hands never seen.

    Args:
        features: (B, T, 153).
        hand_seen: (B, 2) bool.

    Returns:
        (B, T, 153): local joints 0, velocity and left-to-right map the identity where a hand is missing.
    """
    still = features.new_tensor((1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0))
    absent = torch.cat((features.new_zeros(components.LOCAL.stop), still.repeat(3)))
    left, right = hand_seen[:, :1], hand_seen[:, 1:]
    known = torch.cat(
        (
            left.expand(-1, 63),
            right.expand(-1, 63),
            left.expand(-1, 9),
            right.expand(-1, 9),
            (left & right).expand(-1, 9),
        ),
        dim=-1,
    )
    return torch.where(known[:, None], features, absent)


def place_forecast(features: Tensor, window: RefinedWindow, samples: int = 1) -> Tensor:
    """Decode predicted components into the camera frame, going on from the newest frame of each window.

    Args:
        features: (B * S, T, 153) predicted components, samples of one window beside each other.
        window: Refined windows, batch B.
        samples: S.

    Returns:
        (B, S, T, 2, 21, 3) metres, camera frame; zero for hands not seen in the window.
    """
    return _believed(*_integrated(features, window, samples), window)


def _sampled(
    predict: Callable[[Tensor], Tensor], window: RefinedWindow, noise: Tensor, threads: SampleThreads | None
) -> Tensor:
    """Predict components from the noise of the samples and place them, some samples at a time."""
    if threads is None:
        return place_forecast(predict(noise), window, len(noise))
    parts = threads.map(lambda part: _integrated(predict(noise[part]), window, part.stop - part.start), len(noise))
    joints, way = (torch.cat(group, dim=1) for group in zip(*parts, strict=True))
    return _believed(joints, way, window)


def _integrated(features: Tensor, window: RefinedWindow, samples: int) -> tuple[Tensor, Tensor]:
    """Go on from the newest frame exactly as predicted.

    Returns:
        Joints (B, S, T, 2, 21, 3), and the way (B, S, T, 2, 3) of the wrists since the newest frame; metres.
    """
    size = _repeat(window.palm_size, samples)
    offset = _repeat(window.newest_offset(), samples) / size[..., None, None]  # palm units
    shaped = features[..., components.LOCAL].to(offset) + offset.flatten(1)[:, None]
    # What the first predicted frame differs by from the frame before it is the decoder's error more than motion: the
    # shape starts where it was seen, moves as predicted, and forgets the difference in about SHAPE_MEMORY_FRAMES.
    last = _repeat(window.newest_features()[..., components.LOCAL], samples).to(shaped)
    jump = last - features[:, 0, components.LOCAL]
    age = torch.arange(shaped.shape[1], dtype=shaped.dtype, device=shaped.device)
    shaped = shaped + jump[:, None] * torch.exp(-age / SHAPE_MEMORY_FRAMES)[:, None]
    features = torch.cat((shaped, features[..., components.LOCAL.stop :].to(offset)), dim=-1)
    local = components.local_joints(components.normalise_local_size(features)) * size[:, None, :, None, None]
    place_thumb_cmc(local)
    base = RigidMap(*(_repeat(part, samples) for part in window.newest_map()))
    maps = components.integrate(features, base)
    way = maps.translation - base.translation[:, None]
    joints = apply(maps, local)
    return joints.reshape(-1, samples, *joints.shape[1:]), way.reshape(-1, samples, *way.shape[1:])


def _believed(joints: Tensor, way: Tensor, window: RefinedWindow) -> Tensor:
    """Shorten the way of the wrists along noisy axes, by what sample 0 goes: samples stay apart. Hide unseen hands."""
    belief = 1.0 / (1.0 + (window.noise.to(way) / DOUBTFUL_NOISE).square())  # (B, 2, 3)
    doubtful = way[:, :1] * (1.0 - belief)[:, None, None]  # (B, 1, T, 2, 3)
    seen = window.hand_seen[:, None, None, :, None, None]
    return torch.where(seen, joints - doubtful[..., None, :], 0.0)


def _of_every_window(noise: Tensor, windows: int) -> Tensor:
    """Noise (S, n, d) shared by the windows, or (B, S, n, d) of each, as (B * S, n, d)."""
    return noise.flatten(0, 1) if noise.dim() == 4 else noise.repeat(windows, 1, 1)


def _memory(
    block: PoseBlock | ActionBlock | FastPoseBlock | FastActionBlock, tokens: Tensor, valid: Tensor, samples: int
) -> tuple[Tensor, Tensor]:
    """Repeat a decoder's memory for the samples, except where the fast form shares that of a single window."""
    if len(tokens) == 1 and isinstance(block, (FastPoseBlock, FastActionBlock)):
        return tokens, valid
    return _repeat(tokens, samples), _repeat(valid, samples)


def _repeat(values: Tensor, samples: int) -> Tensor:
    """(B, ...) to (B * S, ...), samples of one window beside each other."""
    return values.repeat_interleave(samples, dim=0)


def _check_noise(noise: Tensor, draws: int) -> None:
    if noise.dim() != 3 or noise.shape[1] < draws or len(noise) == 0:
        raise InputError(f"This forecast needs noise of shape (S, {draws}, d), got {tuple(noise.shape)}.")
