# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The variational transformer that P and A share: two learned tokens become mean and log-variance."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ghtt_core.models.config import BlockConfig
from ghtt_core.models.transformer import Decoder, Encoder


def reparameterise(mu: Tensor, logvar: Tensor, noise: Tensor, factor: float = 1.0) -> Tensor:
    """Draws from N(mu, factor^2 exp(logvar)).

    Args:
        mu: ``(..., d)``.
        logvar: ``(..., d)`` natural logarithm of the variance.
        noise: ``(..., d)`` standard normal; leading shape may broadcast, e.g. ``(S, 1, d)`` for S samples of a batch.
        factor: Multiplies the standard deviation; 1 in training, the paper samples forecasts with 5.

    Returns:
        ``(..., d)``.
    """
    return mu + factor * torch.exp(0.5 * logvar) * noise


class VaeBlock(nn.Module):
    """Encoder with a mean and a log-variance token in front, and a decoder whose memory starts with the latent.

    The mean and log-variance are the first two outputs of the encoder as they are, without a linear head.
    """

    def __init__(self, config: BlockConfig, max_tokens: int = 64) -> None:
        """Builds the block for sequences of at most `max_tokens`, the two learned ones included."""
        super().__init__()
        width = config.width
        self.mu_token = nn.Parameter(torch.randn(1, 1, width))
        self.logvar_token = nn.Parameter(torch.randn(1, 1, width))
        self.encoder = Encoder(width, config.heads, config.feedforward, config.encoder_layers, max_tokens)
        self.decoder = Decoder(width, config.heads, config.feedforward, config.decoder_layers, max_tokens)

    def encode(self, content: Tensor, valid: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Encodes a sequence.

        Args:
            content: ``(B, L, d)`` tokens.
            valid: ``(B, L)`` bool; all may be False, since the two learned tokens are always seen.

        Returns:
            mean ``(B, d)``, log-variance ``(B, d)``, outputs of the content tokens ``(B, L, d)``.
        """
        batch = content.shape[0]
        learned = torch.cat((self.mu_token, self.logvar_token), dim=1).expand(batch, -1, -1)
        seen = torch.cat((valid.new_ones(batch, 2), valid), dim=1)
        encoded = self.encoder(torch.cat((learned.to(content.dtype), content), dim=1), seen)  # (B, 2 + L, d)
        return encoded[:, 0], encoded[:, 1], encoded[:, 2:]

    def decode(
        self,
        queries: Tensor,
        latent: Tensor,
        tokens: Tensor | None = None,
        tokens_valid: Tensor | None = None,
        query_valid: Tensor | None = None,
    ) -> Tensor:
        """Decodes a latent.

        Args:
            queries: ``(B, M, d)`` content of the queries.
            latent: ``(B, d)``.
            tokens: ``(B, K, d)`` encoder outputs to show the decoder as well, or None.
            tokens_valid: ``(B, K)`` bool, or None where all are valid.
            query_valid: ``(B, M)`` bool, or None where all are valid.

        Returns:
            ``(B, M, d)``.
        """
        memory, memory_valid = latent[:, None], None
        if tokens is not None:
            memory = torch.cat((memory, tokens), dim=1)  # (B, 1 + K, d)
            if tokens_valid is not None:
                memory_valid = torch.cat((tokens_valid.new_ones(latent.shape[0], 1), tokens_valid), dim=1)
        out: Tensor = self.decoder(queries, memory, query_valid, memory_valid)
        return out
