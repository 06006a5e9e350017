# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Train the action block A on frozen mid-level features: name the action, give future features (paper, Section 3.3)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.data.transitions import count_transitions
from ghtt_core.data.windows import ActionWindow, ActionWindowSampler
from ghtt_core.hands.layout import MAX_CLIPS
from ghtt_core.models import losses
from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.checkpoint import load_checkpoint, save_checkpoint
from ghtt_core.models.config import BlockConfig
from ghtt_core.models.losses import ActionLossWeights
from ghtt_core.models.text import create_text_encoder
from ghtt_core.training.action_forecast import DecodedForecast
from ghtt_core.training.augmentation import AugmentationConfig
from ghtt_core.training.mid_level import compute_mid_levels
from ghtt_core.training.recipe import LoopConfig, Storage, recipe_to_tree
from ghtt_core.training.stores import DataConfig, open_stores


@dataclass(frozen=True)
class ActionObjective:
    """What is minimised and under which input noise; the defaults are the paper's.

    Attributes:
        weights: lambda_4 to lambda_6.
        mid_level_noise: Standard deviation of noise on observed mid-level features.
        skip_probability: Chance per step that the decoder also sees the encoder's clip tokens.
        object_dropout: Chance that a window comes without object tokens, so that a pipeline without an object
            estimator is served; zero in the paper.
        at_start: Share of windows that begin exactly where their action does; zero in the paper.
        near_start: Share of windows that begin shortly before or after that; zero in the paper.
        newest: Share of windows of few clips that end within their action and may begin before it, as a robot sees
            them; zero in the paper.
        unknown_start: Chance that phases count from the first observed clip, as they must online, where nobody says
            when the action began; zero in the paper.
        forecast: Weight of the joint error of decoded forecasts (`action_forecast`); zero in the paper.
        forecast_clips: Predicted features that are decoded for it.
        forecast_rows: Windows of a batch that are decoded for it.
    """

    weights: ActionLossWeights = field(default_factory=ActionLossWeights)
    mid_level_noise: float = 1.0
    skip_probability: float = 0.5
    object_dropout: float = 0.0
    at_start: float = 0.0
    near_start: float = 0.0
    newest: float = 0.0
    unknown_start: float = 0.0
    forecast: float = 0.0
    forecast_clips: int = 2
    forecast_rows: int = 48


@dataclass(frozen=True)
class ActionRecipe:
    """Everything `ghtt train action` needs.

    Attributes:
        model: Size of the block; its width is the pose block's.
        pose_checkpoint: Folder of a checkpoint with the trained pose block.
        data: Where sequences come from.
        loop: The training loop.
        objective: Loss weights.
        input_noise: Corruptions under which observed features are precomputed, one variant each; none means clean.
        noise_variants: How many such variants to keep beside the clean features.
        text_encoder: Which encoder embeds action and object names.
        text_table: For the encoder ``table``: folder of a checkpoint that has the embeddings of these names.
    """

    model: BlockConfig
    pose_checkpoint: str
    data: DataConfig
    loop: LoopConfig
    objective: ActionObjective = field(default_factory=ActionObjective)
    input_noise: AugmentationConfig = field(default_factory=AugmentationConfig)
    noise_variants: int = 0
    text_encoder: str = "clip"
    text_table: str | None = None
    model_id: str = "ghtt"
    storage: Storage = "float32"
    task: str = "action"


class ActionTask:
    """The action block, its batches and its losses, as the training loop wants them."""

    def __init__(self, recipe: ActionRecipe, device: torch.device, cache: Path) -> None:
        """Load the frozen pose block, precompute mid-level features and build the network.

        Args:
            recipe: The parsed recipe.
            device: Where the network lives.
            cache: Folder for precomputed features.

        Raises:
            CheckpointError: If the pose checkpoint cannot be used.
        """
        self.recipe = recipe
        self.device = device
        self.checkpoint = load_checkpoint(Path(recipe.pose_checkpoint), device=str(device))
        self.checkpoint.pose_block.requires_grad_(False)
        train, validation = open_stores(recipe.data)
        self.store = train
        table = load_checkpoint(Path(recipe.text_table)) if recipe.text_table else None
        encoder = create_text_encoder(recipe.text_encoder, checkpoint=table)
        self.labels, self.object_names = train.labels, train.object_names
        self.label_text = encoder.encode(list(self.labels)).clone().to(device)
        self.object_text = encoder.encode(list(self.object_names)).clone().to(device)
        self.encoder_name = encoder.name
        torch.manual_seed(recipe.loop.seed)
        self.action_block = ActionBlock(recipe.model, text_width=encoder.width).to(device)
        self.module: nn.Module = self.action_block
        cache.mkdir(parents=True, exist_ok=True)
        self.train = _Split(self, train, cache / "train")
        self.samples_per_epoch = len(self.train.sampler)
        self.validation = _Split(self, validation, cache / "validation")

    def loss(
        self, step: int, generator: torch.Generator, rank: int, world_size: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Draw a batch and return the total loss with its parts (method of the paper, Equation of L_A)."""
        goal = self.recipe.objective
        size = self.recipe.loop.batch_size // world_size
        window = self.train.sampler.sample(size, generator)
        with_skip = bool(torch.rand((), generator=generator) < goal.skip_probability)
        has_object = torch.rand(size, generator=generator) >= goal.object_dropout
        from_zero = torch.rand(size, generator=generator) < goal.unknown_start
        phase = torch.where(from_zero[:, None], window.phase - window.phase[:, :1], window.phase)
        window = window._replace(phase=phase)
        return self._loss(self.train, window, has_object, with_skip, generator, goal.mid_level_noise)

    def _loss(
        self,
        split: _Split,
        window: ActionWindow,
        has_object: Tensor,
        with_skip: bool,
        generator: torch.Generator,
        noise_sigma: float,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        goal, device = self.recipe.objective, self.device
        past, coming = slice(0, MAX_CLIPS), slice(MAX_CLIPS, None)
        observed = split.observed(window.clip_start[:, past], window.clip_valid[:, past], generator).to(device)
        observed = observed + noise_sigma * torch.randn(observed.shape, generator=generator).to(device)
        clip_valid, future_valid = window.clip_valid[:, past].to(device), window.clip_valid[:, coming].to(device)
        named = (window.clip_object >= 0) & has_object[:, None]
        object_valid = clip_valid & named.to(device)
        objects = self.object_text[window.clip_object.clamp(min=0).to(device)]
        phase = window.phase.to(device)
        encoding = self.action_block.encode(observed, objects, clip_valid, object_valid, phase[:, 0])
        noise = torch.randn(encoding.mu.shape, generator=generator).to(device)
        alpha = self.action_block.reparameterise(encoding.mu, encoding.logvar, noise)
        tokens_valid = clip_valid if with_skip else torch.zeros_like(clip_valid)
        future = self.action_block.decode(alpha, encoding.clip_tokens, tokens_valid, phase[:, MAX_CLIPS], future_valid)
        target = split.clean(window.clip_start[:, coming]).to(device)
        embedded = self.action_block.embed_labels(self.label_text).float()
        label = window.label.to(device)
        terms = losses.action_block_loss(
            (future.float(), target, future_valid), alpha.float(), embedded, label, encoding, goal.weights
        )
        total = terms.pop("total")
        if goal.forecast > 0:
            terms["forecast"] = split.forecast(window, observed, future.float())
            total = total + goal.forecast * terms["forecast"]
        hit = self.action_block.label_logits(encoding.mu.float(), embedded).argmax(-1) == label
        terms["top1"] = hit.float().mean()
        return total, {name: value.detach() for name, value in terms.items()}

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Top-1 and mid-level error on held-out subjects, with and without object tokens."""
        whole = self.validation.sampler.whole_actions()
        size = min(1024, len(self.validation.sampler))
        drawn = self.validation.sampler.sample(size, torch.Generator().manual_seed(self.recipe.loop.seed))
        result: dict[str, float] = {}
        for name, window, known in (
            ("whole_action_with_object", whole, True),
            ("whole_action_without_object", whole, False),
            ("part_with_object", drawn, True),
            ("part_without_object", drawn, False),
        ):
            generator = torch.Generator().manual_seed(self.recipe.loop.seed)
            has_object = torch.full((len(window.label),), known)
            _, parts = self._loss(self.validation, window, has_object, True, generator, 0.0)
            result |= {f"{name}_{key}": float(value) for key, value in parts.items()}
        return result

    def export(self, folder: Path, metrics: dict[str, float]) -> None:
        """Write the pose checkpoint's blocks and this one into one folder."""
        before = self.checkpoint.card
        card = dataclasses.replace(
            before,
            model_id=self.recipe.model_id,
            storage=self.recipe.storage,
            action=self.recipe.model,
            object=None,
            labels=self.labels,
            object_names=self.object_names,
            text_encoder=self.encoder_name,
            text_width=self.label_text.shape[-1],
            training_recipe={**before.training_recipe, "action": recipe_to_tree(self.recipe)},
            metrics={**before.metrics, "action": metrics},
        )
        blocks = {"pose_block": self.checkpoint.pose_block, "action_block": self.action_block}
        transitions = torch.from_numpy(count_transitions(self.store))
        save_checkpoint(folder, blocks, card, self.label_text, self.object_text, transitions)


class _Split:
    """A store with its window sampler and its precomputed mid-level features."""

    def __init__(self, task: ActionTask, store: SequenceStore, cache: Path) -> None:
        seed, recipe = task.recipe.loop.seed, task.recipe
        goal = recipe.objective
        self.sampler = ActionWindowSampler(
            store, at_start=goal.at_start, near_start=goal.near_start, newest=goal.newest
        )
        template, block = task.checkpoint.template, task.checkpoint.pose_block
        self.forecast = DecodedForecast(block, template, store, goal.forecast_clips, goal.forecast_rows)
        clean_path = cache.with_name(f"{cache.name}_clean.npy")
        wanted = _inside_actions(store, margin=self.sampler.frames_before)
        self._clean = compute_mid_levels(
            block, store, template, augmentation=None, seed=seed, path=clean_path, wanted=wanted
        )
        self._noisy: list[NDArray[np.float16]] = [
            compute_mid_levels(
                block,
                store,
                template,
                augmentation=recipe.input_noise,
                seed=seed + 1 + variant,
                path=cache.with_name(f"{cache.name}_noisy{variant}.npy"),
                wanted=wanted,
            )
            for variant in range(recipe.noise_variants)
        ]

    def clean(self, start: Tensor) -> Tensor:
        """Features of clips that start at frames (B, M) of the store, (B, M, d)."""
        return torch.from_numpy(self._clean[start.numpy()].astype(np.float32))

    def observed(self, start: Tensor, clip_valid: Tensor, generator: torch.Generator) -> Tensor:
        """As `clean`, each window from one of the variants (clean and noisy), drawn at random; zero where padded."""
        variants = [self._clean, *self._noisy]
        choice = torch.randint(0, len(variants), (start.shape[0], 1), generator=generator).expand_as(start)
        result = torch.zeros(*start.shape, self._clean.shape[-1])
        for index, variant in enumerate(variants):
            rows = (choice == index) & clip_valid
            result[rows] = torch.from_numpy(variant[start[rows].numpy()].astype(np.float32))
        return result


def _inside_actions(store: SequenceStore, margin: int) -> NDArray[np.bool_]:
    """(N,) frames at which a clip of an action can start."""
    wanted = np.zeros(store.frames, bool)
    for begin, end in store.segments[:, 1:3]:
        wanted[max(begin - margin, 0) : end + margin] = True
    return wanted


def build_action_task(recipe: ActionRecipe, device: torch.device, cache: Path) -> ActionTask:
    """Build the task of a parsed recipe; precomputed features go to ``cache``."""
    return ActionTask(recipe, device, cache)
