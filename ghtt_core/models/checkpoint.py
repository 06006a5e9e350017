# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: a folder with `model.safetensors` and `card.json`, checked completely on loading, never unpickled."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from ghtt_core.errors import CheckpointError, OutputError
from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.card import CARD_FILE, WEIGHTS_FILE, Card
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
_SCALE_SUFFIX: Final = "#scale"

Block = TypeVar("Block", bound=nn.Module)


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


def save_checkpoint(
    folder: Path | str,
    blocks: Mapping[str, nn.Module],
    card: Card,
    label_text: Tensor | None = None,
    object_text: Tensor | None = None,
) -> Card:
    """Writes a checkpoint so that the folder holds either the old or the new one, never half of one.

    Args:
        folder: Where to write; an existing checkpoint there is replaced.
        blocks: Networks by their name in `BLOCK_NAMES`; "pose_block" is required.
        card: The card; its storage says how weights are stored, its sha256 and shapes are filled in here.
        label_text: ``(K, text_width)`` embeddings of the card's labels.
        object_text: ``(M, text_width)`` embeddings of the card's object names.

    Returns:
        The card as written.

    Raises:
        CheckpointError: Blocks or text tables do not fit the card.
        OutputError: The folder cannot be written.
    """
    folder = Path(folder)
    _check_blocks(blocks, card)
    tensors: dict[str, Tensor] = {}
    for name, block in blocks.items():
        for key, value in block.state_dict().items():
            tensors.update(_packed(f"{name}.{key}", value.detach().cpu(), card.storage))
    for name, text, count in (
        ("label_text", label_text, len(card.labels)),
        ("object_text", object_text, len(card.object_names)),
    ):
        if (0 if text is None else len(text)) != count:
            raise CheckpointError(f"The card names {count} entries for {name}, the table has another number.")
        if text is not None and count:
            tensors[name] = text.detach().cpu().to(torch.float32).contiguous()
    shapes = {name: tuple(tensor.shape) for name, tensor in sorted(tensors.items())}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
            fresh = Path(scratch) / "new"
            fresh.mkdir()
            (fresh / WEIGHTS_FILE).write_bytes(save(tensors))
            card = replace(card, sha256=_sha256(fresh / WEIGHTS_FILE), shapes=shapes)
            (fresh / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
            for file in fresh.iterdir():
                with file.open("rb") as stream:
                    os.fsync(stream.fileno())
            _swap(fresh, folder, Path(scratch) / "old")
    except (OSError, SafetensorError) as error:
        raise OutputError(f"The checkpoint {folder} cannot be written: {error}.") from error
    return card


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
    weights = folder / WEIGHTS_FILE
    if not weights.is_file():
        raise CheckpointError(f"The checkpoint {folder} has no {WEIGHTS_FILE}; copy or fetch it again.")
    try:
        digest = _sha256(weights)
        if digest != card.sha256:
            raise CheckpointError(
                f"{weights} is damaged or edited: its sha256 is {digest[:12]}..., the card says "
                f"{card.sha256[:12] or 'nothing'}...; copy or fetch the checkpoint again."
            )
        stored = load_file(weights)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{weights} cannot be read: {error}.") from error
    found = {name: tuple(tensor.shape) for name, tensor in stored.items()}
    if found != dict(card.shapes):
        raise CheckpointError(f"{weights} does not hold the tensors its card lists; the card was edited.")
    tensors = _unpacked(stored)
    pose_block = _restore(PoseBlock(card.pose), "pose_block", tensors, folder)
    action_block = aggregator = None
    if card.action:
        action_block = _restore(ActionBlock(card.action, card.text_width), "action_block", tensors, folder)
    if card.object:
        aggregator = _restore(ObjectAggregator(card.object), "object_aggregator", tensors, folder)
    return Checkpoint(
        pose_block=pose_block.to(device),
        action_block=action_block.to(device) if action_block else None,
        object_aggregator=aggregator.to(device) if aggregator else None,
        card=card,
        template=torch.tensor(card.palm_template, dtype=torch.float32, device=device),
        labels=card.labels,
        label_text=_table(tensors, "label_text", len(card.labels), card, folder).to(device),
        object_names=card.object_names,
        object_text=_table(tensors, "object_text", len(card.object_names), card, folder).to(device),
    )


def read_card(folder: Path | str) -> Card:
    """Reads only the card of a checkpoint.

    Raises:
        CheckpointError: There is no readable card.
    """
    folder = Path(folder)
    path = folder / CARD_FILE
    if not folder.is_dir():
        raise CheckpointError(f"There is no checkpoint folder {folder}.")
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise CheckpointError(f"The folder {folder} has no {CARD_FILE}, so it is not a checkpoint.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}.") from error
    return Card.from_json(text, path)


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


def _check_blocks(blocks: Mapping[str, nn.Module], card: Card) -> None:
    wanted = {"pose_block": card.pose, "action_block": card.action, "object_aggregator": card.object}
    for name, config in wanted.items():
        actual = getattr(blocks.get(name), "config", None)
        if actual != config:
            raise CheckpointError(f"The card gives {name} the sizes {config}, the network has {actual}.")
    if set(blocks) - set(BLOCK_NAMES):
        raise CheckpointError(f"Unknown blocks: {', '.join(sorted(set(blocks) - set(BLOCK_NAMES)))}.")


def _packed(name: str, value: Tensor, storage: str) -> dict[str, Tensor]:
    """One parameter as stored; int8 keeps one float32 scale per row of a matrix and everything else in float16."""
    if storage == "int8" and value.dim() == 2:
        scale = (value.abs().amax(dim=1, keepdim=True) / 127.0).clamp(min=1e-12)
        codes = (value / scale).round().clamp(-127, 127).to(torch.int8)
        return {name: codes.contiguous(), name + _SCALE_SUFFIX: scale}
    dtype = torch.float32 if storage == "float32" else torch.float16
    return {name: value.to(dtype).contiguous()}


def _unpacked(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    tensors = {}
    for name, value in stored.items():
        if not name.endswith(_SCALE_SUFFIX):
            scale = stored.get(name + _SCALE_SUFFIX)
            tensors[name] = value.to(torch.float32) * (1.0 if scale is None else scale.to(torch.float32))
    return tensors


def _restore(block: Block, name: str, tensors: Mapping[str, Tensor], folder: Path) -> Block:
    prefix = f"{name}."
    state = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    wanted = {key: tuple(value.shape) for key, value in block.state_dict().items()}
    for key in sorted(wanted.keys() | state.keys()):
        shape = tuple(state[key].shape) if key in state else None
        if shape != wanted.get(key):
            raise CheckpointError(
                f"The checkpoint {folder} is of another size than its card says: {prefix}{key} has shape {shape}, "
                f"expected {wanted.get(key)}."
            )
    block.load_state_dict(state, assign=True)
    return block.requires_grad_(False).eval()


def _table(tensors: Mapping[str, Tensor], name: str, rows: int, card: Card, folder: Path) -> Tensor:
    table = tensors.get(name, torch.zeros(0, card.text_width))
    if tuple(table.shape) != (rows, card.text_width):
        raise CheckpointError(
            f"The checkpoint {folder} has a {name} of shape {tuple(table.shape)}, its card needs "
            f"{(rows, card.text_width)}."
        )
    return table


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _swap(fresh: Path, folder: Path, old: Path) -> None:
    """Moves `fresh` to `folder`; what was there goes to `old`, and comes back if the move fails."""
    if folder.exists():
        folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    if old.exists():
        shutil.rmtree(old)
