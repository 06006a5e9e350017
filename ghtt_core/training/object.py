# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Train the object aggregator E^PO: 16 per-frame object features to one clip feature (paper, Section 3.4).

The features are those that F saw in pictures (the paper's way), or simulated ones for those who have no pictures.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ghtt_core.errors import RecipeError
from ghtt_core.hands.layout import CLIP_FRAMES
from ghtt_core.models import losses
from ghtt_core.models.checkpoint import load_checkpoint, save_checkpoint
from ghtt_core.models.config import ObjectAggregatorConfig
from ghtt_core.models.object_aggregator import ObjectAggregator
from ghtt_core.training.observed_objects import ObservedClips, ObservedObjects, open_observed_clips
from ghtt_core.training.recipe import LoopConfig, Storage, recipe_to_tree

_EVALUATED: Final = 1024
"""Clips that an evaluation looks at."""


@dataclass(frozen=True)
class ObjectFeatureModel:
    """Statistics of a per-frame object estimator, for training without images.

    A frame's feature is the text embedding of the true object, or for some frames of a confused one, plus noise;
    confusions come in runs, as with a hidden object.

    Attributes:
        noise: Standard deviation of the noise per frame, as a share of the embedding's norm.
        clip_noise: The same for noise that stays through a clip.
        confusion: Upper end of the uniform chance that a frame shows another object.
        missing: Upper end of the uniform chance that a frame has no feature.
        input_noise: The paper's noise on the aggregator's input per channel.
    """

    noise: float = 1.0
    clip_noise: float = 0.5
    confusion: float = 0.6
    missing: float = 0.5
    input_noise: float = 0.01


@dataclass(frozen=True)
class ObjectRecipe:
    """Everything `ghtt train object` needs; names and their embeddings come from the checkpoint.

    Attributes:
        model: Size of the aggregator; its width is the text encoder's.
        checkpoint: Folder of a checkpoint with an action block.
        loop: The training loop.
        observed: Features that F saw in the pictures of a dataset, as in the paper.
        features: How per-frame features are made where `observed` is not given; its `input_noise` counts always.
    """

    model: ObjectAggregatorConfig
    checkpoint: str
    loop: LoopConfig
    observed: ObservedObjects | None = None
    features: ObjectFeatureModel = field(default_factory=ObjectFeatureModel)
    model_id: str = "ghtt"
    storage: Storage = "float32"
    task: str = "object"


class ObjectTask:
    """The object aggregator, its batches and its losses, as the training loop wants them."""

    def __init__(self, recipe: ObjectRecipe, device: torch.device) -> None:
        """Load the checkpoint's object table and build the network.

        Raises:
            CheckpointError: If the checkpoint cannot be used.
            InputError: If observations cannot be read.
            RecipeError: If the checkpoint names no objects, or observations do not fit it.
        """
        self.recipe = recipe
        self.device = device
        self.checkpoint = load_checkpoint(Path(recipe.checkpoint), device=str(device))
        self.object_text = self.checkpoint.object_text.to(device)
        if not len(self.object_text):
            raise RecipeError("checkpoint names no objects, so there is nothing to train the aggregator for")
        self.clips: tuple[ObservedClips, ObservedClips] | None = None
        if recipe.observed is not None:
            card = self.checkpoint.card
            self.clips = open_observed_clips(
                recipe.observed, self.checkpoint.object_names, card.text_width, card.text_encoder
            )
        torch.manual_seed(recipe.loop.seed)
        self.aggregator = ObjectAggregator(recipe.model).to(device)
        self.module: nn.Module = self.aggregator

    def loss(
        self, step: int, generator: torch.Generator, rank: int, world_size: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Draw a batch of clips and return the total loss with its parts."""
        size = self.recipe.loop.batch_size // world_size
        drawn = self._simulate(size, generator) if self.clips is None else self.clips[0].draw(size, generator)
        return self._loss(*drawn, generator)

    def _loss(
        self, features: Tensor, valid: Tensor, label: Tensor, generator: torch.Generator | None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        if generator is not None:
            features = features + torch.randn(features.shape, generator=generator) * self.recipe.features.input_noise
        out = self.aggregator(features.to(self.device), valid.to(self.device)).float()
        label = label.to(self.device)
        loss = losses.label_contrast(out, self.object_text, label)
        return loss, {"loss": loss.detach(), "top1": self._top1(out, label)}

    def _top1(self, feature: Tensor, label: Tensor) -> Tensor:
        """Share of features whose nearest object embedding is the right one, which is what recognition takes."""
        cosine = functional.normalize(feature, dim=-1) @ self.object_text.T
        return (cosine.argmax(-1) == label).float().mean()

    def _simulate(self, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        model, table = self.recipe.features, self.object_text.cpu()
        count, width = table.shape
        label = torch.randint(0, count, (size,), generator=generator)
        other = torch.randint(0, count, (size,), generator=generator)
        confusion = torch.rand(size, 1, generator=generator) * model.confusion
        runs = torch.rand(size, CLIP_FRAMES // 4, generator=generator).repeat_interleave(4, dim=1)
        shown = torch.where(runs < confusion, other[:, None], label[:, None])
        scale = width**-0.5
        clip_noise = torch.randn(size, 1, width, generator=generator) * model.clip_noise * scale
        frame_noise = torch.randn(size, CLIP_FRAMES, width, generator=generator) * model.noise * scale
        missing = torch.rand(size, 1, generator=generator) * model.missing
        valid = torch.rand(size, CLIP_FRAMES, generator=generator) >= missing
        valid[:, -1] = True  # a clip without any feature is never given to the aggregator
        return table[shown] + clip_noise + frame_noise, valid, label

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Top-1 of the nearest object on fresh clips, beside that of the mean feature where features were observed."""
        generator = torch.Generator().manual_seed(self.recipe.loop.seed + 1)
        if self.clips is None:
            _, parts = self._loss(*self._simulate(_EVALUATED, generator), generator)
            return {name: float(value) for name, value in parts.items()}
        held_out = self.clips[1]
        some = np.linspace(0, len(held_out) - 1, min(_EVALUATED, len(held_out))).astype(np.int64)
        features, valid, label = held_out.take(some)
        _, parts = self._loss(features, valid, label, None)
        mean = (features * valid[..., None]).sum(1).to(self.device)
        parts["top1_of_mean"] = self._top1(mean, label.to(self.device))
        return {name: float(value) for name, value in parts.items()}

    def export(self, folder: Path, metrics: dict[str, float]) -> None:
        """Write the checkpoint again with the aggregator in it."""
        previous = self.checkpoint
        card = dataclasses.replace(
            previous.card,
            model_id=self.recipe.model_id,
            storage=self.recipe.storage,
            object=self.recipe.model,
            training_recipe={**previous.card.training_recipe, "object": recipe_to_tree(self.recipe)},
            metrics={**previous.card.metrics, "object": metrics},
        )
        blocks: dict[str, nn.Module] = {"pose_block": previous.pose_block, "object_aggregator": self.aggregator}
        if previous.action_block is not None:
            blocks["action_block"] = previous.action_block
        save_checkpoint(folder, blocks, card, previous.label_text, previous.object_text, previous.label_transitions)


def build_object_task(recipe: ObjectRecipe, device: torch.device) -> ObjectTask:
    """Build the task of a parsed recipe."""
    return ObjectTask(recipe, device)
