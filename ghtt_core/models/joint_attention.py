# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One look per joint: our addition to F for networks that are small and start from nothing.

The paper's hand head reads one mean feature of the whole picture and has to learn from that alone where 42 joints are.
Here every joint has a map over the picture whose mean place is where the joint is sought, and whose mean feature says
the rest. What is estimated, its units and its losses stay the paper's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ghtt_core.hands.layout import NUM_JOINTS

WIDTH: Final = 64
"""Channels that are looked at."""


class Looked(NamedTuple):
    """What was seen.

    Attributes:
        features: ``(B, features)`` feature and place of all joints.
        places: ``(B, hands, 21, 2)`` in the network's units from the middle of its input.
        of_hands: ``(B, hands * 64)`` mean feature of each hand's places.
        nearby: ``(B, hands, 21, 3)`` what each joint's own feature alone says about it.
        scores: ``(B, hands, 21, h, w)`` logits over the cells of the map, of each joint being there.
    """

    features: Tensor
    places: Tensor
    of_hands: Tensor
    nearby: Tensor
    scores: Tensor


class JointAttention(nn.Module):
    """Looks at a place per joint, an eighth of the input's size fine."""

    def __init__(self, channels: Sequence[int], hands: int, span: tuple[float, float]) -> None:
        """Builds it.

        Args:
            channels: Of the feature maps that are merged, finest first, each half the size of the one before.
            hands: How many hands are looked for.
            span: Width and height of the input in the units that places are told in.
        """
        super().__init__()
        self._hands, self._span = hands, span
        self.lateral = nn.ModuleList(nn.Conv2d(count, WIDTH, 1) for count in channels)
        self.merge = nn.Sequential(nn.Conv2d(WIDTH, WIDTH, 3, 1, 1, bias=False), nn.BatchNorm2d(WIDTH), nn.ReLU())
        self.maps = nn.Conv2d(WIDTH, hands * NUM_JOINTS, 1)
        self.nearby = nn.Parameter(torch.zeros(hands * NUM_JOINTS, WIDTH, 3))
        self.features = hands * NUM_JOINTS * (WIDTH + 2)
        """Numbers per picture."""

    def forward(self, feature_maps: Sequence[Tensor]) -> Looked:
        """Look at feature maps ``(B, C, h, w)``, finest first."""
        size = feature_maps[0].shape[-2:]
        merged = torch.stack(
            [
                functional.interpolate(lateral(level), size=size, mode="bilinear", align_corners=False)
                for lateral, level in zip(self.lateral, feature_maps, strict=True)
            ]
        ).sum(0)
        merged = self.merge(functional.relu(merged))
        scores = self.maps(merged).flatten(2).float()  # (B, 42, h * w)
        with torch.autocast(merged.device.type, enabled=False):
            weight = functional.softmax(scores, dim=-1)
            seen = weight @ merged.flatten(2).transpose(1, 2).float()  # (B, 42, WIDTH)
            place = weight @ _cell_centres(merged, self._span)  # (B, 42, 2)
            nearby = torch.einsum("bjc,jco->bjo", seen, self.nearby.float())
        joints = (-1, self._hands, NUM_JOINTS)
        return Looked(
            features=torch.cat((seen, place), dim=-1).flatten(1),
            places=place.reshape(*joints, 2),
            of_hands=seen.reshape(*joints, WIDTH).mean(dim=2).flatten(1),
            nearby=nearby.reshape(*joints, 3),
            scores=scores.reshape(*joints, *merged.shape[-2:]),
        )


def _cell_centres(feature_map: Tensor, span: tuple[float, float]) -> Tensor:
    """Places ``(h * w, 2)`` of the cells of a feature map, from the middle of an input of that span; float32."""
    height, width = feature_map.shape[-2:]
    y, x = torch.meshgrid(
        ((torch.arange(height, device=feature_map.device) + 0.5) / height - 0.5) * span[1],
        ((torch.arange(width, device=feature_map.device) + 0.5) / width - 0.5) * span[0],
        indexing="ij",
    )
    return torch.stack((x, y), dim=-1).flatten(0, 1)
