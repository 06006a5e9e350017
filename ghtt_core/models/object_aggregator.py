# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The object aggregator E^PO: one object feature for a clip from the features of its frames."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ghtt_core.models.config import ObjectAggregatorConfig
from ghtt_core.models.transformer import Encoder


class ObjectAggregator(nn.Module):
    """E^PO of the paper: a learned token reads the frames' object features; its output lives in the text space."""

    def __init__(self, config: ObjectAggregatorConfig) -> None:
        """Builds the aggregator for the text space its width names."""
        super().__init__()
        self.config = config
        self.token = nn.Parameter(torch.randn(1, 1, config.width))
        self.encoder = Encoder(config.width, config.heads, config.feedforward, config.layers)

    def forward(self, object_features: Tensor, frame_valid: Tensor) -> Tensor:
        """Aggregates a clip.

        Args:
            object_features: ``(B, T, text_width)`` per frame.
            frame_valid: ``(B, T)`` bool; frames without a feature are hidden.

        Returns:
            ``(B, text_width)``, not normalised.
        """
        batch = object_features.shape[0]
        known = torch.where(frame_valid[..., None], object_features, 0.0)
        sequence = torch.cat((self.token.to(known.dtype).expand(batch, -1, -1), known), dim=1)
        seen = torch.cat((frame_valid.new_ones(batch, 1), frame_valid), dim=1)
        encoded: Tensor = self.encoder(sequence, seen)
        return encoded[:, 0]
