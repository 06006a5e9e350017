# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The pose block P: refines 16 observed frames, compresses them to a mid-level feature, predicts the next 16."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ghtt_core.hands.layout import CLIP_FRAMES, FEATURE_SIZE, NUM_HANDS, NUM_JOINTS, THUMB_CMC
from ghtt_core.models.config import BlockConfig
from ghtt_core.models.vae import VaeBlock, reparameterise

LOCAL_SIZE = NUM_HANDS * NUM_JOINTS * 3
"""Numbers of the component code that are local joints; 18 velocities and 9 left-to-right numbers follow."""
VELOCITY_SIZE = 18


class PoseEncoding(NamedTuple):
    """What P's encoder says about a clip.

    Attributes:
        mu: ``(B, d)`` mean of the mid-level feature m^P.
        logvar: ``(B, d)`` its log-variance.
        tokens: ``(B, T, d)`` encoder outputs H of the frames, the decoder's optional memory.
        refined: ``(B, T, 153)`` refined components of the observed frames.
    """

    mu: Tensor
    logvar: Tensor
    tokens: Tensor
    refined: Tensor


class ComponentEmbedding(nn.Module):
    """Three linear maps, one per kind of component, side by side; unknown joints become learned placeholders."""

    known: Tensor

    def __init__(self, width: int) -> None:
        """Builds the three maps; together they are `width` wide."""
        super().__init__()
        self.sizes = [LOCAL_SIZE, VELOCITY_SIZE, FEATURE_SIZE - LOCAL_SIZE - VELOCITY_SIZE]
        self.local = nn.Linear(LOCAL_SIZE, width // 2)
        self.velocity = nn.Linear(VELOCITY_SIZE, width // 4)
        self.left_to_right = nn.Linear(FEATURE_SIZE - LOCAL_SIZE - VELOCITY_SIZE, width // 4)
        self.placeholder = nn.Parameter(torch.randn(1, NUM_HANDS * NUM_JOINTS, 3))
        known = torch.ones(NUM_JOINTS, dtype=torch.bool)
        known[THUMB_CMC] = False  # never annotated in the paper's data, so never shown
        self.register_buffer("known", known, persistent=False)

    def forward(self, features: Tensor, joint_valid: Tensor) -> Tensor:
        """Embeds ``(B, T, 153)`` with ``(B, T, 2, 21)`` bool into ``(B, T, d)``."""
        local, velocity, left_to_right = torch.split(features, self.sizes, dim=-1)
        shown = (joint_valid & self.known).flatten(-2)[..., None]  # (B, T, 42, 1)
        joints = torch.where(shown, local.reshape(*local.shape[:-1], -1, 3), self.placeholder.to(local.dtype))
        parts = (self.local(joints.flatten(-2)), self.velocity(velocity), self.left_to_right(left_to_right))
        return torch.cat(parts, dim=-1)


class PoseBlock(nn.Module):
    """P of the paper. It knows nothing of cameras, actions or time beyond its 16 frames."""

    def __init__(self, config: BlockConfig) -> None:
        """Builds the block with fresh weights."""
        super().__init__()
        self.config = config
        width = config.width
        self.embedding = ComponentEmbedding(width)
        self.vae = VaeBlock(config)
        self.head = nn.Sequential(
            nn.Linear(width, width),
            nn.LeakyReLU(0.01),
            nn.Linear(width, width),
            nn.LeakyReLU(0.01),
            nn.Linear(width, FEATURE_SIZE),
        )

    def encode(self, features: Tensor, frame_valid: Tensor, joint_valid: Tensor) -> PoseEncoding:
        """Refines and compresses a clip.

        Args:
            features: ``(B, T, 153)`` component code, finite everywhere.
            frame_valid: ``(B, T)`` bool; frames that are not valid hold copies and are hidden as keys.
            joint_valid: ``(B, T, 2, 21)`` bool; joints that are not valid are replaced by learned placeholders.

        Returns:
            The encoding.
        """
        mu, logvar, tokens = self.vae.encode(self.embedding(features, joint_valid), frame_valid)
        return PoseEncoding(mu, logvar, tokens, self.head(tokens))

    def decode(
        self,
        latent: Tensor,
        tokens: Tensor | None = None,
        tokens_valid: Tensor | None = None,
        frames: int = CLIP_FRAMES,
    ) -> Tensor:
        """Predicts the components of the frames that follow the clip behind a mid-level feature.

        Args:
            latent: ``(B, d)`` mid-level features, from P's encoder or from A.
            tokens: ``(B, T, d)`` encoder outputs of the clip (recursive forecasts use them), or None.
            tokens_valid: ``(B, T)`` bool, or None where all are valid.
            frames: Frames to predict.

        Returns:
            ``(B, frames, 153)``.
        """
        queries = self.vae.decoder.position[:frames].expand(latent.shape[0], -1, -1)
        out: Tensor = self.head(self.vae.decode(queries, latent, tokens, tokens_valid))
        return out

    @staticmethod
    def reparameterise(mu: Tensor, logvar: Tensor, noise: Tensor, factor: float = 1.0) -> Tensor:
        """Draws a mid-level feature; see `ghtt_core.models.vae.reparameterise`."""
        return reparameterise(mu, logvar, noise, factor)
