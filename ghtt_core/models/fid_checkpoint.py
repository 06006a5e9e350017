# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The checkpoint of the FID network: a folder like the others, with a card of its own kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import torch
from torch import Tensor

from ghtt_core.errors import CheckpointError
from ghtt_core.models.card import JsonCard
from ghtt_core.models.checkpoint_folder import (
    packed_weights,
    read_card_as,
    read_tensors,
    restore,
    text_table,
    write_folder,
)
from ghtt_core.models.config import FidConfig
from ghtt_core.models.fid_network import FidNetwork

FID_NETWORK: Final = "FID network"


@dataclass(frozen=True, kw_only=True)
class FidCard(JsonCard):
    """Everything about a FID network except its tensors.

    Attributes:
        model: Sizes of the network.
        palm_template: ``(2, 5, 3)`` nested tuples, canonical palms that motions are encoded with.
        labels: What it was trained to name, in the order of their embeddings.
        label_kind: "action", or "verb" where labels that share a verb were taken as one.
        kind: Tells this card from those of other checkpoints.
    """

    KIND: ClassVar[str] = FID_NETWORK

    model: FidConfig
    palm_template: tuple[tuple[tuple[float, ...], ...], ...]
    labels: tuple[str, ...]
    label_kind: str = "action"
    kind: str = FID_NETWORK

    def __post_init__(self) -> None:
        """Refuses a card that contradicts itself."""
        super().__post_init__()
        template = self.palm_template
        if len(template) != 2 or any(len(hand) != 5 or any(len(point) != 3 for point in hand) for hand in template):
            raise CheckpointError("The palm template must have the shape 2 x 5 x 3.")
        if not self.labels or not self.text_encoder or self.text_width < 1:
            raise CheckpointError("A FID network needs labels and the text encoder behind them.")

    @classmethod
    def _typed(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        labels = tuple(values["labels"])
        if not all(isinstance(label, str) for label in labels):
            raise TypeError("labels must be strings")
        return {
            **super()._typed(values),
            "labels": labels,
            "model": FidConfig.from_dict(values["model"]),
            "palm_template": tuple(
                tuple(tuple(float(number) for number in point) for point in hand) for hand in values["palm_template"]
            ),
        }


@dataclass(frozen=True, eq=False)
class FidCheckpoint:
    """A loaded FID network, in evaluation mode.

    Attributes:
        network: The network.
        card: The card.
        template: ``(2, 5, 3)`` float32 palm template.
        label_text: ``(K, text_width)`` float32 embeddings of the labels.
    """

    network: FidNetwork
    card: FidCard
    template: Tensor
    label_text: Tensor


def save_fid(folder: Path | str, network: FidNetwork, card: FidCard, label_text: Tensor) -> FidCard:
    """Writes a checkpoint, all or nothing.

    Args:
        folder: Where to write; an existing checkpoint there is replaced.
        network: The network.
        card: The card; its sha256 and shapes are filled in here.
        label_text: ``(K, text_width)`` embeddings of the card's labels.

    Returns:
        The card as written.

    Raises:
        CheckpointError: Network or label table do not fit the card.
        OutputError: The folder cannot be written.
    """
    if network.config != card.model or tuple(label_text.shape) != (len(card.labels), card.text_width):
        raise CheckpointError(f"The FID network or its label table does not fit the card of {card.model_id!r}.")
    tensors = packed_weights("fid_network", network, card.storage)
    tensors["label_text"] = label_text.detach().cpu().to(torch.float32).contiguous()
    return write_folder(folder, tensors, card)


def load_fid(folder: Path | str, device: torch.device | str = "cpu") -> FidCheckpoint:
    """Loads a checkpoint and checks the card, the digest of the weights, and the shape of every tensor.

    Raises:
        CheckpointError: One sentence that says what is missing or wrong.
    """
    folder = Path(folder)
    card = read_card_as(folder, FidCard)
    tensors = read_tensors(folder, card)
    network = restore(FidNetwork(card.model, card.text_width), "fid_network", tensors, folder)
    label_text = text_table(tensors, "label_text", len(card.labels), card.text_width, folder)
    return FidCheckpoint(
        network=network.to(device),
        card=card,
        template=torch.tensor(card.palm_template, dtype=torch.float32, device=device),
        label_text=label_text.to(device),
    )
