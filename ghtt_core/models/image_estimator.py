# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The image estimator F: from one picture to two hands and an object, in the normalised camera (paper, Section 4.1).

ResNet-18, one pooled feature, and heads upon it. No heat maps: the hand head gives 42 joints as 2.5D latents at once.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from ghtt_core.hands import normalised_camera as normal
from ghtt_core.hands.layout import NUM_HANDS, NUM_JOINTS
from ghtt_core.models.config import ImageEstimatorConfig
from ghtt_core.models.joint_attention import WIDTH, JointAttention, Looked
from ghtt_core.models.resnet import ResNet18

COLOUR_OFFSET: Final = 0.5
"""Colours enter as value / 255 minus this; also with ImageNet weights, as in the paper's code."""
_SCALE: Final = (1.0, 1.0, 5.0)
"""Latent units per unit of the hand head: depths vary over more of theirs."""


class ImageEstimate(NamedTuple):
    """What F says about pictures.

    Attributes:
        pixels: ``(B, 2, 21, 2)`` in a picture of 480x270.
        depth: ``(B, 2, 21)`` metres in the normalised camera.
        presence: ``(B, 2)`` logits of each hand being in the picture.
        object_feature: ``(B, text_width)`` not normalised, or None for a network without object head.
        image_feature: ``(B, channels)`` the pooled feature.
        map_scores: ``(B, 2, 21, h, w)`` logits of where each joint is sought, or None for a network that does not look
            at places.
    """

    pixels: Tensor
    depth: Tensor
    presence: Tensor
    object_feature: Tensor | None
    image_feature: Tensor
    map_scores: Tensor | None = None


class ImageEstimator(nn.Module):
    """F of the paper, with one addition: it says which hands are in the picture, because robots see none at times."""

    def __init__(self, config: ImageEstimatorConfig) -> None:
        """Builds the network."""
        super().__init__()
        self.config = config
        self.backbone = ResNet18(config.base_width)
        channels = self.backbone.channels
        self.attention = None
        if config.attention_maps:
            span = normal.WIDTH / normal.PIXEL_UNIT, normal.HEIGHT / normal.PIXEL_UNIT
            self.attention = JointAttention([channels >> 2, channels >> 1, channels], NUM_HANDS, span)
        features = channels + (self.attention.features if self.attention else 0)
        self.hand_head = nn.Sequential(
            nn.Linear(features, config.hidden),
            nn.LeakyReLU(),
            nn.Linear(config.hidden, config.hidden),
            nn.LeakyReLU(),
            nn.Linear(config.hidden, NUM_HANDS * NUM_JOINTS * 3),
        )
        self.presence_head = nn.Linear(features, NUM_HANDS)
        about_objects = channels + (NUM_HANDS * WIDTH if self.attention else 0)
        self.object_head = nn.Linear(about_objects, config.text_width) if config.text_width else None

    def forward(self, image: Tensor) -> ImageEstimate:
        """Estimates.

        Args:
            image: ``(B, 3, input_height, input_width)``, red first, values / 255 - 0.5.

        Returns:
            The estimate, in float32.
        """
        return self.heads(self.backbone.feature_maps(image))

    def heads(self, feature_maps: list[Tensor]) -> ImageEstimate:
        """Estimates from the features of the backbone's four stages."""
        last, seen = feature_maps[-1].float(), None
        if self.attention is not None:
            seen = self.attention(feature_maps[1:])
        with torch.autocast(last.device.type, enabled=False):
            pooled = last.mean(dim=(-2, -1))  # (B, C)
            features = pooled if seen is None else torch.cat((pooled, seen.features), dim=-1)
            numbers = self.hand_head(features).reshape(-1, NUM_HANDS, NUM_JOINTS, 3)
            pixels, depth = decode_latents(_latents(numbers, seen))
            objects = None
            if self.object_head is not None:
                objects = self.object_head(pooled if seen is None else torch.cat((pooled, seen.of_hands), dim=-1))
            scores = None if seen is None else seen.scores
            return ImageEstimate(pixels, depth, self.presence_head(features), objects, pooled, scores)


def _latents(numbers: Tensor, seen: Looked | None) -> Tensor:
    """Latents ``(B, 2, 21, 3)`` from what the hand head says and, where the network looked anywhere, what it saw there.

    The wrist's numbers count for all joints of its hand. Any linear layer can say the same either way, but this way it
    learns where a hand is once instead of 21 times. A joint that was looked for itself needs no such help.
    """
    numbers = numbers * numbers.new_tensor(_SCALE)
    wrist = numbers[..., :1, :]
    latents = torch.cat((wrist, numbers[..., 1:, :] + wrist), dim=-2)
    if seen is None:
        return latents
    return seen.nearby + torch.cat((numbers[..., :2] + seen.places, latents[..., 2:]), dim=-1)


def network_input(pictures: Tensor) -> Tensor:
    """Pictures ``(B, height, width, 3)`` uint8, BLUE first as OpenCV has them, as the network wants them.

    Returns:
        ``(B, 3, height, width)`` float32, red first, values / 255 - 0.5, in the channels-last order of memory.
    """
    return pictures.flip(-1).permute(0, 3, 1, 2).to(torch.float32) / 255 - COLOUR_OFFSET


def decode_latents(latents: Tensor) -> tuple[Tensor, Tensor]:
    """Latents ``(..., 3)`` to pixels ``(..., 2)`` of a picture of 480x270 and depth ``(...)`` metres."""
    centre = latents.new_tensor(normal.CENTRE)
    return latents[..., :2] * normal.PIXEL_UNIT + centre, latents[..., 2] * normal.DEPTH_UNIT_M + normal.DEPTH_ORIGIN_M


def encode_latents(pixels: Tensor, depth: Tensor) -> Tensor:
    """The inverse of `decode_latents`."""
    lateral = (pixels - pixels.new_tensor(normal.CENTRE)) / normal.PIXEL_UNIT
    along = (depth - normal.DEPTH_ORIGIN_M) / normal.DEPTH_UNIT_M
    return torch.cat((lateral, along[..., None]), dim=-1)


def to_points(pixels: Tensor, depth: Tensor) -> Tensor:
    """Points ``(..., 3)`` metres in the normalised camera of pixels ``(..., 2)`` at depths ``(...)``."""
    lateral = (pixels - pixels.new_tensor(normal.CENTRE)) * (depth[..., None] / normal.FOCAL)
    return torch.cat((lateral, depth[..., None]), dim=-1)
