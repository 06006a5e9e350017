# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Train the pose block P: encode 16 noisy frames, give the 16 clean ones and the next 16 (paper, Section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ghtt_core.data.windows import PoseWindow, PoseWindowSampler, cut_observed
from ghtt_core.errors import RecipeError
from ghtt_core.hands import components
from ghtt_core.hands.layout import CLIP_FRAMES
from ghtt_core.hands.rigid import RigidMap
from ghtt_core.models import losses
from ghtt_core.models.checkpoint import Card, load_checkpoint, save_checkpoint
from ghtt_core.models.config import BlockConfig
from ghtt_core.models.losses import PoseLossWeights
from ghtt_core.models.pose_block import PoseBlock, PoseEncoding
from ghtt_core.streaming.refinement import RefinedWindow
from ghtt_core.training.augmentation import AugmentationConfig, CorruptedInput, corrupt, retime, vary
from ghtt_core.training.forecast_objective import forecast_loss
from ghtt_core.training.identity_start import start_as_identity, start_decoder_as_copy
from ghtt_core.training.recipe import LoopConfig, Storage, recipe_to_tree
from ghtt_core.training.refinement_objective import refine_observed, refinement_loss
from ghtt_core.training.standardised import StandardisedPoseBlock
from ghtt_core.training.stores import DataConfig, card_template, open_stores, palm_template, store_summary

WINDOW = 2 * CLIP_FRAMES
"""Frames of a training window: one clip observed, one to predict."""


@dataclass(frozen=True)
class PoseObjective:
    """What is minimised; the defaults are the paper's.

    Attributes:
        weights: lambda_1 to lambda_3.
        observed_trajectory: As lambda_2, for observed frames; zero in the paper. Refinement anchors a whole clip on
            the observation, so it gains where relative wrist motion over the clip is exact.
        observed_emphasis: Factor on the part of lambda_1's term that belongs to observed frames; 1 in the paper.
            Prediction has an error no network can remove, whose gradient noise drowns the precision of refinement.
        skip_probability: Chance per step that the decoder also sees the encoder's tokens.
        forecast: Weight of the errors of forecasts as they are made online (`forecast_objective`), which then take the
            place of all other terms of the predicted frames but the components'; zero in the paper. Needs noise on
            joints, which the paper's noise on the code is not.
        refined: Weight of the errors of refined joints as they are published (`refinement_objective`); zero in the
            paper. Needs noise on joints as well.
    """

    weights: PoseLossWeights = field(default_factory=PoseLossWeights)
    observed_trajectory: float = 0.0
    observed_emphasis: float = 1.0
    skip_probability: float = 0.5
    forecast: float = 0.0
    refined: float = 0.0


@dataclass(frozen=True)
class PoseRecipe:
    """Everything `ghtt train pose` needs; how the network starts is ours, the defaults are the paper's.

    Attributes:
        model: Size of the block.
        data: Where sequences come from.
        loop: The training loop.
        augmentation: What happens to clean windows.
        objective: What is minimised.
        model_id: Name the checkpoint carries.
        storage: How the checkpoint stores weights.
        standardise: Train between two affine maps that standardise the components; they are folded on export.
        initial: Folder of a checkpoint whose pose block is trained further, instead of fresh weights.
        restart_decoder: Give that block a decoder that starts by continuing the newest frames as they are.
        decoder_only: Train nothing but the decoder: refinement and mid-level features stay as they are.
        identity_start: Begin with weights that copy the input (see `identity_start`); needs ``standardise``.
    """

    model: BlockConfig
    data: DataConfig
    loop: LoopConfig
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    objective: PoseObjective = field(default_factory=PoseObjective)
    model_id: str = "ghtt"
    storage: Storage = "float32"
    standardise: bool = False
    identity_start: bool = False
    initial: str | None = None
    restart_decoder: bool = False
    decoder_only: bool = False
    task: str = "pose"


@dataclass(frozen=True)
class PoseBatch:
    """One step's tensors: the noisy input, the clean code of 32 frames and what of it counts.

    Attributes:
        observed: Noisy code of the 16 observed frames with its masks.
        frame_valid: (B, 16) bool of observed frames.
        target: (B, 32, 153) clean code, observed then future.
        mask: (B, 32, 153) 0/1 weights.
        to_local: Clean camera-to-local maps, (B, 32, 2).
        hand_weight: (B, 32, 2) 0/1, hands whose trajectory counts.
        joints: (B, 32, 2, 21, 3) true joints, metres, camera frame.
    """

    observed: CorruptedInput
    frame_valid: Tensor
    target: Tensor
    mask: Tensor
    to_local: RigidMap
    hand_weight: Tensor
    joints: Tensor


class PoseTask:
    """The pose block, its batches and its losses, as the training loop wants them."""

    def __init__(self, recipe: PoseRecipe, device: torch.device) -> None:
        """Open (or generate) the data and build the network.

        Raises:
            RecipeError: If the data section cannot be used, or options contradict each other.
        """
        noise = recipe.augmentation
        goal = recipe.objective
        if max(goal.forecast, goal.refined) > 0 and noise.clean_probability + noise.detector_probability < 1:
            raise RecipeError(
                "objective.forecast and objective.refined need input that is clean or has a detector's noise: let "
                "augmentation.clean_probability and detector_probability add up to 1"
            )
        self.recipe = recipe
        self.device = device
        self.train_store, self.validation_store = open_stores(recipe.data)
        self.template = palm_template(self.train_store)
        # Twice the frames that are needed, so that a window can be played at double speed.
        self.sampler = PoseWindowSampler(self.train_store, frames=4 * CLIP_FRAMES, cut_probability=0.0)
        self.validation_sampler = PoseWindowSampler(self.validation_store, frames=4 * CLIP_FRAMES, cut_probability=0.0)
        self.samples_per_epoch = len(self.sampler)
        torch.manual_seed(recipe.loop.seed)
        block = PoseBlock(recipe.model)
        features = self._clean_features() if recipe.standardise else None
        self.pose_block = StandardisedPoseBlock(block, features)
        if recipe.identity_start and features is not None:
            start_as_identity(block, self.pose_block.standardise(features))
        self.earlier_stages: list[Any] = []
        if recipe.initial is not None:
            initial = load_checkpoint(Path(recipe.initial))
            self.pose_block.unfold(initial.pose_block)
            self.earlier_stages = list(initial.card.training_recipe.get("pose", []))
        if recipe.restart_decoder:
            start_decoder_as_copy(block, self._clean_tokens())
        if recipe.decoder_only:
            block.requires_grad_(False)
            block.vae.decoder.requires_grad_(True)
        self.pose_block.to(device)
        self.module: nn.Module = self.pose_block

    def loss(
        self, step: int, generator: torch.Generator, rank: int, world_size: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Draw a batch and return the total loss with its parts (method of the paper, Equation of L_P)."""
        size = self.recipe.loop.batch_size // world_size
        batch = self._prepare(self.sampler.sample(size, generator), self.recipe.augmentation, generator)
        with_skip = bool(torch.rand((), generator=generator) < self.recipe.objective.skip_probability)
        return self._loss(batch, with_skip, generator)

    def _loss(self, batch: PoseBatch, with_skip: bool, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        goal, seen, coming = self.recipe.objective, slice(0, CLIP_FRAMES), slice(CLIP_FRAMES, None)
        encoding = self.pose_block.encode(batch.observed.features, batch.frame_valid, batch.observed.joint_valid)
        refined, mu, logvar = encoding.refined.float(), encoding.mu.float(), encoding.logvar.float()
        window: RefinedWindow | None = None
        if goal.forecast > 0 or goal.refined > 0:
            template = self.template.to(self.device)
            window = refine_observed(
                template, encoding._replace(refined=refined), batch.observed, batch.frame_valid, keep=goal.refined > 0
            )
        if goal.forecast > 0 and window is not None:
            ahead = batch.joints[:, coming], batch.target[:, coming], batch.mask[:, coming]
            terms = forecast_loss(self.pose_block, encoding, window, *ahead, generator)
            terms["observed"] = losses.masked_l1(refined, batch.target[:, seen], batch.mask[:, seen])
            terms["kl"] = losses.kl_divergence(mu, logvar)
            total = goal.weights.components * (terms["components"] + terms["observed"])
            total = (
                total + goal.forecast * (terms["with_tokens"] + terms["from_latent"]) + goal.weights.kl * terms["kl"]
            )
        else:
            future = self._predict(encoding, batch, with_skip, generator).float()
            terms = losses.pose_block_loss(
                observed=(refined, batch.target[:, seen], batch.mask[:, seen]),
                predicted=(future, batch.target[:, coming], batch.mask[:, coming]),
                trajectory=_trajectories(future, batch, coming, base=CLIP_FRAMES - 1),
                mu=mu,
                logvar=logvar,
                weights=goal.weights,
            )
            total = terms.pop("total")
        if goal.observed_emphasis != 1.0:
            total = total + (goal.observed_emphasis - 1.0) * goal.weights.components * terms["observed"]
        if goal.observed_trajectory > 0:
            terms["observed_trajectory"] = losses.masked_l1(*_trajectories(refined, batch, seen, base=0))
            total = total + goal.observed_trajectory * terms["observed_trajectory"]
        if goal.refined > 0 and window is not None:
            terms["refined"] = refinement_loss(window, batch.joints[:, seen], batch.mask[:, seen])
            total = total + goal.refined * terms["refined"]
        return total, {name: value.detach() for name, value in terms.items()}

    def _predict(self, encoding: PoseEncoding, batch: PoseBatch, with_skip: bool, generator: torch.Generator) -> Tensor:
        """Decode the next 16 frames, (B, 16, 153)."""
        noise = torch.randn(encoding.mu.shape, generator=generator).to(encoding.mu)
        latent = PoseBlock.reparameterise(encoding.mu, encoding.logvar, noise)
        if with_skip:
            return self.pose_block.decode(latent, encoding.tokens, batch.frame_valid)
        return self.pose_block.decode(latent)

    def _prepare(self, window: PoseWindow, augmentation: AugmentationConfig, generator: torch.Generator) -> PoseBatch:
        """Vary, cut, corrupt and encode a window; geometry runs on the CPU, the result moves to the device."""
        window = self._cut(self._play(window, augmentation, generator), augmentation.cut_probability, generator)
        joints, hand_valid = vary(window.joints, window.hand_valid, self.template, augmentation, generator)
        window = window._replace(joints=joints, hand_valid=hand_valid)
        frame_valid = window.frame_valid
        clean = components.encode(window.joints, self.template, window.hand_valid)
        observed = corrupt(
            window.joints[:, :CLIP_FRAMES],
            window.hand_valid[:, :CLIP_FRAMES],
            window.joint_valid,
            self.template,
            augmentation,
            generator,
        )
        hand_weight = (window.hand_valid & observed.hand_present[:, None] & frame_valid[..., None]).float()
        mask = _component_mask(hand_weight, window.joint_valid)
        move = self.device
        return PoseBatch(
            observed=CorruptedInput(
                observed.features.to(move),
                observed.joints.to(move),
                observed.joint_valid.to(move),
                observed.hand_present.to(move),
            ),
            frame_valid=frame_valid[:, :CLIP_FRAMES].to(move),
            target=clean.features.to(move),
            mask=mask.to(move),
            to_local=RigidMap(*(part.to(move) for part in clean.camera_to_local)),
            hand_weight=hand_weight.to(move),
            joints=window.joints.to(move),
        )

    def _play(self, window: PoseWindow, augmentation: AugmentationConfig, generator: torch.Generator) -> PoseWindow:
        """The first 32 frames of a longer window, or that at another tempo."""
        if augmentation.tempo_sigma > 0:
            played = retime(*window[:3], augmentation.tempo_sigma, generator)
        else:
            played = (window.joints[:, :WINDOW], window.hand_valid[:, :WINDOW], window.frame_valid[:, :WINDOW])
        return PoseWindow(*played, window.joint_valid)

    def _cut(self, window: PoseWindow, probability: float, generator: torch.Generator) -> PoseWindow:
        """Cut some observed parts short."""
        offset, slot_valid = cut_observed(len(window.joints), probability, generator)
        row = torch.arange(len(window.joints))[:, None]
        return PoseWindow(
            window.joints[row, offset],
            window.hand_valid[row, offset],
            window.frame_valid[row, offset] & slot_valid,
            window.joint_valid,
        )

    @torch.no_grad()
    def _clean_tokens(self) -> Tensor:
        """Encoder tokens of clean clips, (B, 16, d)."""
        generator = torch.Generator().manual_seed(self.recipe.loop.seed)
        window = self.sampler.sample(256, generator)
        clip = window.joints[:, :CLIP_FRAMES], window.hand_valid[:, :CLIP_FRAMES]
        features = components.encode(clip[0], self.template, clip[1]).features
        shown = clip[1][..., None] & window.joint_valid[:, None, None]
        return self.pose_block.encode(features, window.frame_valid[:, :CLIP_FRAMES], shown).tokens

    def _clean_features(self) -> Tensor:
        """Components of clean, varied windows, (N, 153): what standardisation is measured on."""
        generator = torch.Generator().manual_seed(self.recipe.loop.seed)
        window = self.sampler.sample(2048, generator)
        joints, hand_valid = vary(window.joints, window.hand_valid, self.template, self.recipe.augmentation, generator)
        features = components.encode(joints, self.template, hand_valid).features
        return features[hand_valid.all(-1)]

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Losses on held-out subjects and the joint error of refined and predicted local poses in palm units."""
        generator = torch.Generator().manual_seed(self.recipe.loop.seed)
        sums: dict[str, float] = {}
        batches = 4
        for _ in range(batches):
            window = self.validation_sampler.sample(self.recipe.loop.batch_size, generator)
            batch = self._prepare(window, self.recipe.augmentation, generator)
            for with_skip in (False, True):
                total, parts = self._loss(batch, with_skip, generator)
                prefix = "with_skip_" if with_skip else "without_skip_"
                for name, value in {"total": total, **parts}.items():
                    sums[prefix + name] = sums.get(prefix + name, 0.0) + float(value) / batches
        return sums

    def export(self, folder: Path, metrics: dict[str, float]) -> None:
        """Write a checkpoint folder that holds the pose block alone."""
        card = Card(
            model_id=self.recipe.model_id,
            pose=self.recipe.model,
            palm_template=card_template(self.template),
            training_recipe={"pose": [*self.earlier_stages, recipe_to_tree(self.recipe)]},
            data_summary=store_summary(self.train_store),
            metrics={"pose": metrics},
            storage=self.recipe.storage,
        )
        save_checkpoint(folder, {"pose_block": self.pose_block.folded()}, card)


def _trajectories(features: Tensor, batch: PoseBatch, frames: slice, base: int) -> tuple[Tensor, Tensor, Tensor]:
    """Integrated and true wrist trajectory of some frames relative to frame ``base``, and the weights, (B, T, 18)."""
    here = RigidMap(batch.to_local.rotation[:, frames], batch.to_local.translation[:, frames])
    origin = RigidMap(batch.to_local.rotation[:, base], batch.to_local.translation[:, base])
    weight = batch.hand_weight[:, frames].repeat_interleave(9, dim=-1)
    return components.trajectory_from_features(features), components.trajectory(here, origin), weight


def _component_mask(hand_weight: Tensor, measured: Tensor) -> Tensor:
    """(B, T, 2) hands and (B, 21) measured joints to (B, T, 153) weights of the component code."""
    batch, frames = hand_weight.shape[:2]
    joints = hand_weight[..., None, None] * measured[:, None, None, :, None].float()  # (B, T, 2, 21, 1)
    local = joints.expand(batch, frames, 2, 21, 3).reshape(batch, frames, -1)
    velocity = hand_weight.repeat_interleave(9, dim=-1)
    both = hand_weight.prod(-1, keepdim=True).expand(batch, frames, 9)
    return torch.cat([local, velocity, both], dim=-1)


def build_pose_task(recipe: PoseRecipe, device: torch.device) -> PoseTask:
    """Build the task of a parsed recipe."""
    return PoseTask(recipe, device)
