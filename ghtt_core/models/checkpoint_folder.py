# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoint folders, `model.safetensors` and `card.json`: written whole, checked completely, never unpickled."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from ghtt_core.errors import CheckpointError, OutputError
from ghtt_core.models.card import CARD_FILE, MOTION, WEIGHTS_FILE, JsonCard

_SCALE_SUFFIX: Final = "#scale"

Network = TypeVar("Network", bound=nn.Module)
CardT = TypeVar("CardT", bound=JsonCard)


def write_folder(folder: Path | str, tensors: Mapping[str, Tensor], card: CardT) -> CardT:
    """Writes a checkpoint so that the folder holds either the old or the new one, never half of one.

    Args:
        folder: Where to write; an existing checkpoint there is replaced.
        tensors: Everything that is stored, as it is stored.
        card: The card; its sha256 and shapes are filled in here.

    Returns:
        The card as written.

    Raises:
        OutputError: The folder cannot be written.
    """
    folder = Path(folder)
    shapes = {name: tuple(tensor.shape) for name, tensor in sorted(tensors.items())}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
            fresh = Path(scratch) / "new"
            fresh.mkdir()
            (fresh / WEIGHTS_FILE).write_bytes(save(dict(tensors)))
            card = replace(card, sha256=file_sha256(fresh / WEIGHTS_FILE), shapes=shapes)
            (fresh / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
            for file in fresh.iterdir():
                with file.open("rb") as stream:
                    os.fsync(stream.fileno())
            _swap(fresh, folder, Path(scratch) / "old")
    except (OSError, SafetensorError) as error:
        raise OutputError(f"The checkpoint {folder} cannot be written: {error}.") from error
    return card


def read_card_as(folder: Path | str, card_class: type[CardT]) -> CardT:
    """Reads only the card of a checkpoint.

    Args:
        folder: The checkpoint folder.
        card_class: What kind of checkpoint is expected.

    Raises:
        CheckpointError: There is no readable card of that kind.
    """
    path = Path(folder) / CARD_FILE
    return card_class.from_json(_card_text(Path(folder)), path)


def read_kind(folder: Path | str) -> str:
    """Says what is in a checkpoint, as `JsonCard.KIND` has it.

    Raises:
        CheckpointError: There is no readable card.
    """
    try:
        return str(json.loads(_card_text(Path(folder))).get("kind", MOTION))
    except (ValueError, AttributeError) as error:
        raise CheckpointError(f"{Path(folder) / CARD_FILE} is not a checkpoint card ({error}).") from error


def _card_text(folder: Path) -> str:
    path = folder / CARD_FILE
    if not folder.is_dir():
        raise CheckpointError(f"There is no checkpoint folder {folder}.")
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise CheckpointError(f"The folder {folder} has no {CARD_FILE}, so it is not a checkpoint.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}.") from error


def read_tensors(folder: Path, card: JsonCard) -> dict[str, Tensor]:
    """Reads the tensors of a checkpoint, all in float32, after checking digest and shapes.

    Raises:
        CheckpointError: One sentence that says what is missing or wrong.
    """
    weights = folder / WEIGHTS_FILE
    if not weights.is_file():
        raise CheckpointError(f"The checkpoint {folder} has no {WEIGHTS_FILE}; copy or fetch it again.")
    try:
        digest = file_sha256(weights)
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
    return _unpacked(stored)


def packed_weights(name: str, network: nn.Module, storage: str) -> dict[str, Tensor]:
    """The weights of a network as they are stored, each under "name." and its own name.

    Args:
        name: What the network is called in the checkpoint.
        network: The network.
        storage: "float32", "float16", or "int8", which keeps one float32 scale per row of a matrix and everything
            that is no matrix in float16.
    """
    tensors: dict[str, Tensor] = {}
    for key, value in network.state_dict().items():
        tensors.update(_packed(f"{name}.{key}", value.detach().cpu(), storage))
    return tensors


def restore(network: Network, name: str, tensors: Mapping[str, Tensor], folder: Path) -> Network:
    """Gives a network its weights; it is then in evaluation mode and wants no gradients.

    Args:
        network: Of the size that the card says.
        name: What the network is called in the checkpoint.
        tensors: What `read_tensors` gave.
        folder: The checkpoint, for messages.

    Raises:
        CheckpointError: The weights are not those of such a network.
    """
    prefix = f"{name}."
    state = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    wanted = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    for key in sorted(wanted.keys() | state.keys()):
        shape = tuple(state[key].shape) if key in state else None
        if shape != wanted.get(key):
            raise CheckpointError(
                f"The checkpoint {folder} is of another size than its card says: {prefix}{key} has shape {shape}, "
                f"expected {wanted.get(key)}."
            )
    network.load_state_dict(state, assign=True)
    return network.requires_grad_(False).eval()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _packed(name: str, value: Tensor, storage: str) -> dict[str, Tensor]:
    """One parameter as stored; int8 keeps one float32 scale per row of a matrix and everything else in float16."""
    if not value.is_floating_point():
        return {name: value.contiguous()}
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
            if scale is not None:
                tensors[name] = value.to(torch.float32) * scale.to(torch.float32)
            else:
                tensors[name] = value.to(torch.float32) if value.is_floating_point() else value
    return tensors


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


def text_table(tensors: Mapping[str, Tensor], name: str, rows: int, width: int, folder: Path) -> Tensor:
    """Text embeddings of a checkpoint; an empty table where its card names nothing.

    Raises:
        CheckpointError: The table has not the size that the card gives it.
    """
    table = tensors.get(name, torch.zeros(0, width))
    if tuple(table.shape) != (rows, width):
        raise CheckpointError(
            f"The checkpoint {folder} has a {name} of shape {tuple(table.shape)}, its card needs {(rows, width)}."
        )
    return table
