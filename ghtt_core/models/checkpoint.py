# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The checkpoint of P, A and E^PO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from ghtt_core.errors import CheckpointError
from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.card import Card
from ghtt_core.models.checkpoint_folder import (
    packed_weights,
    read_card_as,
    read_tensors,
    restore,
    text_table,
    write_folder,
)
from ghtt_core.models.object_aggregator import ObjectAggregator
from ghtt_core.models.pose_block import PoseBlock

__all__ = [
    "BLOCK_NAMES",
    "Card",
    "Checkpoint",
    "load_checkpoint",
    "read_card",
    "require_text_encoder",
    "save_checkpoint",
]

BLOCK_NAMES: Final = ("pose_block", "action_block", "object_aggregator")
_TRANSITIONS: Final = "label_transitions"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A loaded checkpoint; the networks are in evaluation mode and want no gradients.

    Attributes:
        pose_block: P.
        action_block: A, or None.
        object_aggregator: E^PO, or None.
        card: The card.
        template: ``(2, 5, 3)`` float32 palm template.
        labels: Action labels.
        label_text: ``(K, text_width)`` float32 text embeddings of the labels.
        object_names: Object names.
        object_text: ``(M, text_width)`` float32 text embeddings of the object names.
        label_transitions: ``(K, K)`` float32, how often each label followed each other one in training, or None where
            nobody counted.
    """

    pose_block: PoseBlock
    action_block: ActionBlock | None
    object_aggregator: ObjectAggregator | None
    card: Card
    template: Tensor
    labels: tuple[str, ...]
    label_text: Tensor
    object_names: tuple[str, ...]
    object_text: Tensor
    label_transitions: Tensor | None = None


def save_checkpoint(
    folder: Path | str,
    blocks: Mapping[str, nn.Module],
    card: Card,
    label_text: Tensor | None = None,
    object_text: Tensor | None = None,
    label_transitions: Tensor | None = None,
) -> Card:
    """Writes a checkpoint so that the folder holds either the old or the new one, never half of one.

    Args:
        folder: Where to write; an existing checkpoint there is replaced.
        blocks: Networks by their name in `BLOCK_NAMES`; "pose_block" is required.
        card: The card; its storage says how weights are stored, its sha256 and shapes are filled in here.
        label_text: ``(K, text_width)`` embeddings of the card's labels.
        object_text: ``(M, text_width)`` embeddings of the card's object names.
        label_transitions: ``(K, K)`` how often each label followed each other one in training.

    Returns:
        The card as written.

    Raises:
        CheckpointError: Blocks or tables do not fit the card.
        OutputError: The folder cannot be written.
    """
    _check_blocks(blocks, card)
    tensors: dict[str, Tensor] = {}
    for name, block in blocks.items():
        tensors.update(packed_weights(name, block, card.storage))
    for name, text, count in (
        ("label_text", label_text, len(card.labels)),
        ("object_text", object_text, len(card.object_names)),
    ):
        if (0 if text is None else len(text)) != count:
            raise CheckpointError(f"The card names {count} entries for {name}, the table has another number.")
        if text is not None and count:
            tensors[name] = text.detach().cpu().to(torch.float32).contiguous()
    if label_transitions is not None:
        if label_transitions.shape != (len(card.labels), len(card.labels)):
            raise CheckpointError(f"The card names {len(card.labels)} labels, the transitions are of other ones.")
        tensors[_TRANSITIONS] = label_transitions.detach().cpu().to(torch.float32).contiguous()
    return write_folder(folder, tensors, card)


def load_checkpoint(folder: Path | str, device: torch.device | str = "cpu") -> Checkpoint:
    """Loads a checkpoint and checks the card, the digest of the weights, and the shape of every tensor.

    Args:
        folder: The checkpoint folder.
        device: Where the networks go.

    Returns:
        The checkpoint, all weights in float32.

    Raises:
        CheckpointError: One sentence that says what is missing or wrong.
    """
    folder = Path(folder)
    card = read_card(folder)
    tensors = read_tensors(folder, card)
    pose_block = restore(PoseBlock(card.pose), "pose_block", tensors, folder)
    action_block = aggregator = None
    if card.action:
        action_block = restore(ActionBlock(card.action, card.text_width), "action_block", tensors, folder)
    if card.object:
        aggregator = restore(ObjectAggregator(card.object), "object_aggregator", tensors, folder)
    return Checkpoint(
        pose_block=pose_block.to(device),
        action_block=action_block.to(device) if action_block else None,
        object_aggregator=aggregator.to(device) if aggregator else None,
        card=card,
        template=torch.tensor(card.palm_template, dtype=torch.float32, device=device),
        labels=card.labels,
        label_text=text_table(tensors, "label_text", len(card.labels), card.text_width, folder).to(device),
        object_names=card.object_names,
        object_text=text_table(tensors, "object_text", len(card.object_names), card.text_width, folder).to(device),
        label_transitions=_transitions(tensors, len(card.labels), folder),
    )


def read_card(folder: Path | str) -> Card:
    """Reads only the card of a checkpoint.

    Raises:
        CheckpointError: There is no readable card.
    """
    return read_card_as(folder, Card)


def require_text_encoder(card: Card, name: str, width: int) -> None:
    """Refuses to mix embeddings of two text encoders.

    Args:
        card: Of the checkpoint.
        name: The encoder the caller wants to use with it.
        width: Channels of its embeddings.

    Raises:
        CheckpointError: The checkpoint was trained with another encoder.
    """
    if (name, width) != (card.text_encoder, card.text_width):
        raise CheckpointError(
            f"The checkpoint {card.model_id!r} was trained with text encoder {card.text_encoder!r} "
            f"({card.text_width} channels) and cannot be used with {name!r} ({width} channels)."
        )


def _transitions(tensors: Mapping[str, Tensor], labels: int, folder: Path) -> Tensor | None:
    if _TRANSITIONS not in tensors:
        return None
    counts = text_table(tensors, _TRANSITIONS, labels, labels, folder)
    if not (torch.isfinite(counts).all() and (counts >= 0).all()):
        raise CheckpointError(f"The checkpoint {folder} counts label transitions below zero or without end.")
    return counts


def _check_blocks(blocks: Mapping[str, nn.Module], card: Card) -> None:
    wanted = {"pose_block": card.pose, "action_block": card.action, "object_aggregator": card.object}
    for name, config in wanted.items():
        actual = getattr(blocks.get(name), "config", None)
        if actual != config:
            raise CheckpointError(f"The card gives {name} the sizes {config}, the network has {actual}.")
    if set(blocks) - set(BLOCK_NAMES):
        raise CheckpointError(f"Unknown blocks: {', '.join(sorted(set(blocks) - set(BLOCK_NAMES)))}.")
