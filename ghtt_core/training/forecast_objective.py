# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the decoder is trained on last: how far joints of forecasts are off that go on from refined noisy clips.

The paper's losses compare predicted motion with the true motion from the true newest pose. Nobody has that pose
online: a forecast goes on from the refined newest frame, whose wrist is off by what the estimator's depth noise left.
Trained from the true pose, a decoder takes noise in the newest steps for motion and never learns to correct it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ghtt_core.hands.components import LOCAL, VELOCITY
from ghtt_core.hands.layout import CLIP_FRAMES, THUMB_CMC
from ghtt_core.models import losses
from ghtt_core.models.pose_block import PoseBlock, PoseEncoding
from ghtt_core.streaming.forecasting import place_forecast
from ghtt_core.streaming.refinement import RefinedWindow
from ghtt_core.training.standardised import StandardisedPoseBlock

DECIMETRES = 10.0
"""Per metre; the unit in which a forecast's error is about as large as the other terms."""


def forecast_loss(
    block: StandardisedPoseBlock,
    encoding: PoseEncoding,
    window: RefinedWindow,
    future: Tensor,
    target: Tensor,
    mask: Tensor,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """Forecast what follows refined noisy clips with and without the encoder's tokens, and compare.

    Args:
        block: The pose block.
        encoding: What its encoder made of noisy clips of 16 frames.
        window: These clips, refined. Where they lie in the camera frame is taken as given: gradients reach the
            encoder through latent and tokens alone.
        future: (B, 16, 2, 21, 3) true joints of the next 16 frames, metres, in the camera frame of the clips.
        target: (B, 16, 153) their code.
        mask: (B, 16, 153) 0/1 weights of the code.
        generator: Source of the latents' noise.

    Returns:
        ``components``: L1 of local joints and left-to-right map; ``with_tokens`` and ``from_latent``: mean distance of
        joints in decimetres.
    """
    window = window.detached()
    noise = torch.randn(encoding.mu.shape, generator=generator).to(encoding.mu)
    latent = PoseBlock.reparameterise(encoding.mu, encoding.logvar, noise)
    weight = _joint_weight(mask, window)
    shown = mask.clone()
    shown[..., VELOCITY] = 0.0  # the first step goes from the refined pose, not the true one: joints say what it is
    terms = {"components": torch.zeros((), device=future.device)}
    for name, memory in (("with_tokens", (encoding.tokens, window.frame_valid)), ("from_latent", (None, None))):
        predicted = block.decode(latent, *memory).float()
        terms["components"] = terms["components"] + losses.masked_l1(predicted, target, shown)
        joints = place_forecast(predicted, window)[:, 0]
        terms[name] = losses.masked_mean(joint_distance(joints, future), weight)
    return terms


def joint_distance(joints: Tensor, target: Tensor) -> Tensor:
    """Distances of joints (..., 3) in metres, as (...) in decimetres; their gradient is finite at zero too."""
    return (joints - target).square().sum(-1).add(1e-10).sqrt() * DECIMETRES


def _joint_weight(mask: Tensor, window: RefinedWindow) -> Tensor:
    """(B, 16, 2, 21) 0/1: measured joints of hands that the forecast has; the thumb's base joint is never learned."""
    weight = mask[..., LOCAL].reshape(len(mask), CLIP_FRAMES, 2, 21, 3)[..., 0] * window.hand_seen[:, None, :, None]
    weight[..., THUMB_CMC] = 0.0
    return weight
