# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The second look of F: one hand in a crop of its own (our addition).

A hand that is found in a whole picture covers a few dozen of its pixels. Seen again through a camera turned to it
(`hands.hand_camera`), it fills the input of a network that has nothing to do but tell how its joints lie.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from ghtt_core.hands.layout import NUM_JOINTS
from ghtt_core.models.config import HandCropConfig
from ghtt_core.models.joint_attention import JointAttention
from ghtt_core.models.resnet import ResNet18

CROP_MARGIN: Final = 1.7
"""Width of a crop in widths of the box that the first look gives a hand: its errors must not cut the hand off."""
_SPAN: Final = (2.0, 2.0)
"""Size of a crop in the units of its places, half widths."""


class HandCropEstimate(NamedTuple):
    """What the network says about crops; `hands.hand_camera.CropPose` has the units.

    Attributes:
        places: ``(B, 21, 2)``.
        depth: ``(B, 21)``.
        extent: ``(B,)``.
        map_scores: ``(B, 21, h, w)`` logits of where each joint is sought.
    """

    places: Tensor
    depth: Tensor
    extent: Tensor
    map_scores: Tensor


class HandCropNetwork(nn.Module):
    """ResNet-18 and one look per joint, as F, for a single hand that always looks like a right one."""

    def __init__(self, config: HandCropConfig) -> None:
        """Builds the network."""
        super().__init__()
        self.config = config
        self.backbone = ResNet18(config.base_width)
        channels = self.backbone.channels
        self.attention = JointAttention([channels >> 2, channels >> 1, channels], 1, _SPAN)
        features = channels + self.attention.features
        self.hand_head = nn.Sequential(
            nn.Linear(features, config.hidden),
            nn.LeakyReLU(),
            nn.Linear(config.hidden, NUM_JOINTS * 3),
        )
        self.extent_head = nn.Linear(features, 1)

    def forward(self, crop: Tensor) -> HandCropEstimate:
        """Estimates.

        Args:
            crop: ``(B, 3, input_size, input_size)``, red first, values / 255 - 0.5.

        Returns:
            The estimate, in float32.
        """
        return self.heads(self.backbone.feature_maps(crop))

    def heads(self, feature_maps: list[Tensor]) -> HandCropEstimate:
        """Estimates from the features of the backbone's four stages."""
        last = feature_maps[-1].float()
        seen = self.attention(feature_maps[1:])
        with torch.autocast(last.device.type, enabled=False):
            features = torch.cat((last.mean(dim=(-2, -1)), seen.features), dim=-1)
            numbers = self.hand_head(features).reshape(-1, NUM_JOINTS, 3) + seen.nearby[:, 0]
            return HandCropEstimate(
                seen.places[:, 0] + numbers[..., :2],
                numbers[..., 2],
                self.extent_head(features)[..., 0],
                seen.scores[:, 0],
            )
