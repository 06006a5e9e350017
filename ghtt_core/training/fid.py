# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Train the network whose features the Fréchet distance of forecasts compares: name the action of a motion.

It learns from the true motion of trimmed actions alone (paper, Section 4), from any frame of an action to its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.errors import RecipeError
from ghtt_core.hands.layout import CLIP_FRAMES
from ghtt_core.models.checkpoint import load_checkpoint
from ghtt_core.models.config import FidConfig
from ghtt_core.models.fid_checkpoint import FidCard, save_fid
from ghtt_core.models.fid_network import MAX_FRAMES, FidNetwork, motion_code
from ghtt_core.models.losses import label_contrast
from ghtt_core.models.text import create_text_encoder
from ghtt_core.training.distributed import per_rank_batch
from ghtt_core.training.recipe import LoopConfig, Range, Storage, check_ranges, recipe_to_tree
from ghtt_core.training.stores import DataConfig, card_template, open_stores, palm_template, store_summary

_VALIDATION_BATCH = 128


@dataclass(frozen=True)
class FidRecipe:
    """Everything `ghtt train fid` needs.

    Attributes:
        model: Size of the network.
        data: Where sequences come from.
        loop: The training loop.
        label_kind: What is named: the action, or its verb alone.
        max_frames: Longest motion shown in training.
        text_encoder: Which encoder embeds the labels.
        text_table: For the encoder ``table``: folder of a checkpoint that has the embeddings of these labels.
    """

    model: FidConfig
    data: DataConfig
    loop: LoopConfig
    label_kind: Literal["action", "verb"] = "action"
    max_frames: Annotated[int, Range(minimum=CLIP_FRAMES, maximum=MAX_FRAMES)] = MAX_FRAMES
    text_encoder: str = "clip"
    text_table: str | None = None
    model_id: str = "ghtt-fid"
    storage: Storage = "float32"
    task: Literal["fid"] = "fid"

    def __post_init__(self) -> None:
        """Refuse values that make no run."""
        check_ranges(self)


class _Motions(NamedTuple):
    """A batch of motions: ``(B, T, 2, 21, 3)``, ``(B, T, 2)``, ``(B, T)``, ``(B, 21)`` and labels ``(B,)``."""

    joints: Tensor
    hand_valid: Tensor
    frame_valid: Tensor
    joint_valid: Tensor
    label: Tensor


class FidTask:
    """The FID network, its batches and its losses, as the training loop wants them."""

    def __init__(self, recipe: FidRecipe, device: torch.device) -> None:
        """Open the stores, embed the labels and build the network.

        Raises:
            RecipeError: If the training store has no labelled action, or validation has labels that training has not.
        """
        self.recipe = recipe
        self.device = device
        self.store, self.validation = open_stores(recipe.data)
        self.labels, self._train_labels = _labels(self.store, recipe.label_kind)
        names, of_validation = _labels(self.validation, recipe.label_kind)
        index = {name: number for number, name in enumerate(self.labels)}
        # A label that training has not cannot be named; its motions are left out of the validation.
        renumber = np.array([index.get(name, -1) for name in names], np.int64)
        self._validation_labels = renumber[of_validation]
        table = load_checkpoint(Path(recipe.text_table)) if recipe.text_table else None
        encoder = create_text_encoder(recipe.text_encoder, checkpoint=table)
        self.encoder_name = encoder.name
        self.label_text = encoder.encode(list(self.labels)).clone().to(device)
        self.template = palm_template(self.store).to(device)
        torch.manual_seed(recipe.loop.seed)
        self.network = FidNetwork(recipe.model, encoder.width).to(device)
        self.module: nn.Module = self.network
        length = self.store.segments[:, 2] - self.store.segments[:, 1]
        if not (length >= 2).any():
            raise RecipeError(f"data: the store {self.store.folder} has no labelled action to learn from")
        # Every frame is a start as long as a clip is left of its action; shorter actions start where they start.
        self._starts = torch.from_numpy(np.where(length >= 2, np.maximum(length - CLIP_FRAMES + 1, 1), 0))
        self._cumulative = torch.cumsum(self._starts, dim=0)
        self.samples_per_epoch = int(self._cumulative[-1])

    def loss(
        self, step: int, generator: torch.Generator, rank: int, world_size: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Draw motions and return the loss: cross-entropy of cosines plus distance to the label, equally weighted."""
        size = per_rank_batch(self.recipe.loop.batch_size, world_size)
        drawn = torch.randint(self.samples_per_epoch, (size,), generator=generator)
        row = torch.searchsorted(self._cumulative, drawn, right=True)
        offset = drawn - (self._cumulative[row] - self._starts[row])
        rows, first = row.numpy(), offset.numpy()
        motions = cut_motions(
            self.store, rows, self.store.segments[rows, 1] + first, self._train_labels[rows], self.recipe.max_frames
        )
        return self._loss(motions)

    def _loss(self, motions: _Motions) -> tuple[Tensor, dict[str, Tensor]]:
        motions = _Motions(*(part.to(self.device) for part in motions))
        code, shown = motion_code(*motions[:4], self.template)
        feature = self.network(code.features, motions.frame_valid, shown).float()
        embedded = self.network.embed_labels(self.label_text).float()
        loss = label_contrast(feature, embedded, motions.label)
        hit = self.network.label_logits(feature, embedded).argmax(-1) == motions.label
        return loss, {"loss": loss.detach(), "top1": hit.float().mean()}

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Top-1 and loss on the whole actions of held-out subjects; empty where none of their labels was trained."""
        length = self.validation.segments[:, 2] - self.validation.segments[:, 1]
        rows = np.flatnonzero((self._validation_labels >= 0) & (length >= 2))
        totals: dict[str, float] = {}
        for part in np.array_split(rows, -(-len(rows) // _VALIDATION_BATCH)) if len(rows) else []:
            starts = self.validation.segments[part, 1]
            labels = self._validation_labels[part]
            motions = cut_motions(self.validation, part, starts, labels, self.recipe.max_frames)
            for name, value in self._loss(motions)[1].items():
                totals[name] = totals.get(name, 0.0) + float(value) * len(part)
        return {name: value / len(rows) for name, value in totals.items()} | {"actions": float(len(rows))}

    def export(self, folder: Path, metrics: dict[str, float]) -> None:
        """Write the checkpoint folder."""
        recipe = self.recipe
        card = FidCard(
            model_id=recipe.model_id,
            model=recipe.model,
            palm_template=card_template(self.template),
            labels=self.labels,
            label_kind=recipe.label_kind,
            text_encoder=self.encoder_name,
            text_width=self.label_text.shape[-1],
            storage=recipe.storage,
            training_recipe=recipe_to_tree(recipe),
            data_summary=store_summary(self.store),
            metrics=metrics,
        )
        save_fid(folder, self.network, card, self.label_text)


def cut_motions(
    store: SequenceStore,
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    labels: NDArray[np.int64],
    max_frames: int,
) -> _Motions:
    """Cut motions from given frames to the ends of their actions; shorter ones are padded with their last frame.

    Args:
        store: Where the actions lie.
        rows: (B,) action of each, index into the segments of the store.
        starts: (B,) first frame, frames of the whole store.
        labels: (B,) label of each.
        max_frames: Longest motion.
    """
    ends = np.minimum(store.segments[rows, 2], starts + max_frames)
    frames = starts[:, None] + np.arange((ends - starts).max())
    frame_valid = frames < ends[:, None]
    shown = np.minimum(frames, ends[:, None] - 1)
    return _Motions(
        joints=torch.from_numpy(store.joints[shown]),
        hand_valid=torch.from_numpy(store.valid[shown]),
        frame_valid=torch.from_numpy(frame_valid),
        joint_valid=torch.from_numpy(store.joint_valid[store.segments[rows, 0]]),
        label=torch.from_numpy(labels),
    )


def _labels(store: SequenceStore, kind: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Names to be told apart, and the number of the name of every segment of the store."""
    of_label = store.labels if kind == "action" else store.verbs
    names = tuple(dict.fromkeys(of_label))
    numbers = np.array([names.index(name) for name in of_label], np.int64)
    return names, numbers[store.segments[:, 3]]


def build_fid_task(recipe: FidRecipe, device: torch.device) -> FidTask:
    """Build the task of a parsed recipe."""
    return FidTask(recipe, device)
