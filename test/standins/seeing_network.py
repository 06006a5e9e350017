# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A checkpoint of F that sees the same two hands in every picture: all weights zero, the answer in the biases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ghtt_core.hands import normalised_camera as normal
from ghtt_core.models.card import ImageCard
from ghtt_core.models.config import ImageEstimatorConfig
from ghtt_core.models.image_checkpoint import save_image_checkpoint
from ghtt_core.models.image_estimator import ImageEstimator, encode_latents

SIZES = ImageEstimatorConfig(
    base_width=4, input_width=96, input_height=54, hidden=8, text_width=6, attention_maps=0, together=0
)
OBJECTS = ("cup", "book")
OBJECT_FEATURE = (0.0, 1.0, 0.0, 0.0, 0.5, 0.0)


def write_seeing_checkpoint(
    folder: Path, hands: np.ndarray, presence: tuple[float, float] = (9.0, 9.0), storage: str = "float32"
) -> Path:
    """Write it.

    Args:
        folder: The checkpoint.
        hands: (2, 21, 3) metres in the normalised camera: what it sees.
        presence: Logits of left and right hand.
        storage: As in the card.
    """
    network = ImageEstimator(SIZES)
    pixels = torch.from_numpy(normal.project(hands, normal.normalised_matrix())).float()
    latents = encode_latents(pixels, torch.from_numpy(hands[..., 2]).float())
    with torch.no_grad():
        for head in (network.hand_head[4], network.presence_head, network.object_head):
            torch.nn.init.zeros_(head.weight)  # type: ignore[union-attr,arg-type]
        numbers = torch.cat((latents[:, :1], latents[:, 1:] - latents[:, :1]), dim=1) / latents.new_tensor((1, 1, 5.0))
        network.hand_head[4].bias.copy_(numbers.flatten())  # type: ignore[union-attr,operator]
        network.presence_head.bias.copy_(torch.tensor(presence))
        network.object_head.bias.copy_(torch.tensor(OBJECT_FEATURE))  # type: ignore[union-attr]
    card = ImageCard(
        model_id="seeing",
        model=SIZES,
        object_names=OBJECTS,
        text_encoder="words",
        text_width=SIZES.text_width,
        storage=storage,
    )
    save_image_checkpoint(folder, network, card, torch.eye(2, SIZES.text_width))
    return folder
