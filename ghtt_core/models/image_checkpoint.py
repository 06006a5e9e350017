# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The checkpoint of the image estimator F: the same folder as that of P, A and E^PO, with a card of its own kind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from ghtt_core.errors import CheckpointError
from ghtt_core.models.card import ImageCard
from ghtt_core.models.checkpoint_folder import (
    packed_weights,
    read_card_as,
    read_tensors,
    restore,
    text_table,
    write_folder,
)
from ghtt_core.models.hand_crop import HandCropNetwork
from ghtt_core.models.image_estimator import ImageEstimator

_NETWORK: Final = "image_estimator"
_CROP_NETWORK: Final = "hand_crop"
_TABLE: Final = "object_text"


@dataclass(frozen=True, eq=False)
class ImageCheckpoint:
    """A loaded checkpoint; the network is in evaluation mode and wants no gradients.

    Attributes:
        network: F.
        card: The card.
        object_text: ``(M, text_width)`` float32 text embeddings of the card's object names.
        crop_network: The second look, or None where the checkpoint has none.
    """

    network: ImageEstimator
    card: ImageCard
    object_text: Tensor
    crop_network: HandCropNetwork | None = None


def save_image_checkpoint(
    folder: Path | str,
    network: ImageEstimator,
    card: ImageCard,
    object_text: Tensor | None = None,
    crop_network: HandCropNetwork | None = None,
) -> ImageCard:
    """Writes a checkpoint so that the folder holds either the old or the new one, never half of one.

    Args:
        folder: Where to write; an existing checkpoint there is replaced.
        network: F.
        card: The card; its sha256 and shapes are filled in here.
        object_text: ``(M, text_width)`` embeddings of the card's object names.
        crop_network: The second look, if the card has one.

    Returns:
        The card as written.

    Raises:
        CheckpointError: A network or the text table does not fit the card.
        OutputError: The folder cannot be written.
    """
    if network.config != card.model:
        raise CheckpointError(f"The card gives the network the sizes {card.model}, it has {network.config}.")
    crop = None if crop_network is None else crop_network.config
    if crop != card.crop:
        raise CheckpointError(f"The card gives the second look the sizes {card.crop}, it has {crop}.")
    tensors = packed_weights(_NETWORK, network, card.storage)
    if crop_network is not None:
        tensors.update(packed_weights(_CROP_NETWORK, crop_network, card.storage))
    if card.object_names:
        if object_text is None or tuple(object_text.shape) != (len(card.object_names), card.text_width):
            raise CheckpointError(f"The card names {len(card.object_names)} objects, the text table has other sizes.")
        tensors[_TABLE] = object_text.detach().cpu().to(torch.float32).contiguous()
    return write_folder(folder, tensors, card)


def load_image_checkpoint(folder: Path | str, device: torch.device | str = "cpu") -> ImageCheckpoint:
    """Loads a checkpoint and checks the card, the digest of the weights, and the shape of every tensor.

    Args:
        folder: The checkpoint folder.
        device: Where the network goes.

    Returns:
        The checkpoint, all weights in float32.

    Raises:
        CheckpointError: One sentence that says what is missing or wrong.
    """
    folder = Path(folder)
    card = read_image_card(folder)
    tensors = read_tensors(folder, card)
    network = restore(ImageEstimator(card.model), _NETWORK, tensors, folder)
    table = text_table(tensors, _TABLE, len(card.object_names), card.text_width, folder)
    crop_network = None
    if card.crop is not None:
        crop_network = restore(HandCropNetwork(card.crop), _CROP_NETWORK, tensors, folder).to(device)
    return ImageCheckpoint(network.to(device), card, table.to(device), crop_network)


def read_image_card(folder: Path | str) -> ImageCard:
    """Reads only the card.

    Raises:
        CheckpointError: There is no readable card of an image estimator.
    """
    return read_card_as(folder, ImageCard)
