# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The action block A: from the mid-level features of observed clips to an action and those of future clips."""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ghtt_core.models.config import BlockConfig
from ghtt_core.models.transformer import sinusoid
from ghtt_core.models.vae import VaeBlock, reparameterise

TEMPERATURE: Final = 0.07
"""tau of the paper: cosines are divided by it before the softmax over labels."""


class ActionEncoding(NamedTuple):
    """What A's encoder says about the observed clips.

    Attributes:
        mu: ``(B, d)`` mean of the action feature alpha.
        logvar: ``(B, d)`` its log-variance.
        clip_tokens: ``(B, N, d)`` encoder outputs of the clips, the decoder's memory.
    """

    mu: Tensor
    logvar: Tensor
    clip_tokens: Tensor


class ActionBlock(nn.Module):
    """A of the paper.

    Object features enter as they are where the text width equals the block's width (the paper's case), and through one
    linear map otherwise.
    """

    def __init__(self, config: BlockConfig, text_width: int) -> None:
        """Builds the block; `text_width` is the width of the text encoder behind objects and labels."""
        super().__init__()
        self.config = config
        self.text_width = text_width
        self.vae = VaeBlock(config)
        self.object_projection = nn.Identity() if text_width == config.width else nn.Linear(text_width, config.width)
        self.label_projection = nn.Linear(text_width, config.width)  # FC_1

    def encode(
        self,
        mid_level: Tensor,
        object_feature: Tensor,
        clip_valid: Tensor,
        object_valid: Tensor,
        first_phase: Tensor | None = None,
    ) -> ActionEncoding:
        """Encodes observed clips; clip i has phase ``first_phase + i``, counted from the start of the action.

        Args:
            mid_level: ``(B, N, d)`` features of the clips from P.
            object_feature: ``(B, N, text_width)`` object feature of each clip.
            clip_valid: ``(B, N)`` bool; a clip that is not valid hides both its tokens.
            object_valid: ``(B, N)`` bool; an unknown object hides only its own token.
            first_phase: ``(B,)`` int64 phase of the first clip where the observation starts inside the action, or
                None where it starts with it.

        Returns:
            The encoding.
        """
        batch, clips, width = mid_level.shape
        object_seen = clip_valid & object_valid
        known = torch.where(object_seen[..., None], object_feature, 0.0)
        steps = torch.arange(clips, device=mid_level.device)
        phase = sinusoid(steps if first_phase is None else first_phase[:, None] + steps, width)  # (N, d) or (B, N, d)
        pairs = torch.stack((mid_level + phase, self.object_projection(known) + phase), dim=2)  # (B, N, 2, d)
        valid = torch.stack((clip_valid, object_seen), dim=2)
        mu, logvar, tokens = self.vae.encode(pairs.reshape(batch, 2 * clips, width), valid.reshape(batch, 2 * clips))
        return ActionEncoding(mu, logvar, tokens[:, 0::2])

    def summarise(self, mid_level: Tensor, object_feature: Tensor, clip_valid: Tensor, object_valid: Tensor) -> Tensor:
        """Gives alpha's mean ``(B, d)`` alone, all that recognition needs; inputs as for `encode`."""
        return self.encode(mid_level, object_feature, clip_valid, object_valid).mu

    def decode(
        self, alpha: Tensor, clip_tokens: Tensor, clip_valid: Tensor, first_phase: Tensor, future_valid: Tensor
    ) -> Tensor:
        """Predicts the mid-level features of future clips.

        Feature j encodes clip j, so P's decoder turns it into the poses of clip j + 1.

        Args:
            alpha: ``(B, d)`` action feature.
            clip_tokens: ``(B, N, d)`` from `encode`.
            clip_valid: ``(B, N)`` bool.
            first_phase: ``(B,)`` int64 phase of the first future clip: that of the first observed clip plus the number
                of observed clips.
            future_valid: ``(B, M)`` bool; the first is always taken as valid.

        Returns:
            ``(B, M, d)``.
        """
        steps = torch.arange(future_valid.shape[1], device=alpha.device)
        queries = sinusoid(first_phase[:, None] + steps, alpha.shape[-1])  # (B, M, d)
        seen = future_valid | (steps == 0)
        return self.vae.decode(queries, alpha, clip_tokens, clip_valid, seen)

    def embed_labels(self, text: Tensor) -> Tensor:
        """Maps text embeddings ``(K, text_width)`` of the labels into the space of alpha, ``(K, d)``."""
        out: Tensor = self.label_projection(text)
        return out

    @staticmethod
    def label_logits(alpha: Tensor, label_embedding: Tensor) -> Tensor:
        """Cosine similarity over temperature of ``(B, d)`` with ``(K, d)``: ``(B, K)``."""
        return functional.normalize(alpha, dim=-1) @ functional.normalize(label_embedding, dim=-1).T / TEMPERATURE

    @staticmethod
    def reparameterise(mu: Tensor, logvar: Tensor, noise: Tensor, factor: float = 1.0) -> Tensor:
        """Draws an action feature; see `ghtt_core.models.vae.reparameterise`."""
        return reparameterise(mu, logvar, noise, factor)
