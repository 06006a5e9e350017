# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Train the second look of the image estimator F: one hand in a crop of its own (our addition)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from torch import Tensor, nn

from ghtt_core.data.store.dataset import open_dataset
from ghtt_core.errors import RecipeError
from ghtt_core.hands.hand_camera import CropPose, HandCamera
from ghtt_core.hands.layout import RELATIVE_JOINTS, WRIST
from ghtt_core.models import losses
from ghtt_core.models.config import HandCropConfig
from ghtt_core.models.hand_crop import HandCropEstimate, HandCropNetwork
from ghtt_core.models.image_checkpoint import load_image_checkpoint, save_image_checkpoint
from ghtt_core.models.image_estimator import network_input
from ghtt_core.training.hand_crops import CropAugmentation, CropBatch, HandCrops, draw_crop_changes
from ghtt_core.training.image_batches import StepBatches
from ghtt_core.training.image_objective import root_aligned_error
from ghtt_core.training.picture_cache import PictureData
from ghtt_core.training.recipe import LoopConfig, recipe_to_tree

_VALIDATION_SEED: Final = 0
"""Of how far the crops that are evaluated are off."""


@dataclass(frozen=True)
class CropObjective:
    """What each part of the loss counts; all but the maps are mean absolute errors in the units of `CropPose`.

    Attributes:
        places: Weight of joints' places.
        depth: Weight of joints' depths.
        relative: Weight of distances between true and estimated joints relative to the wrist: the hand's shape.
        maps: Weight of where the network looks: cross-entropy against the cells around the true place.
        extent: Weight of how large the hand is.
    """

    places: float = 1.0
    depth: float = 1.0
    relative: float = 1.0
    maps: float = 0.05
    extent: float = 0.3


@dataclass(frozen=True)
class CropRecipe:
    """Everything `ghtt train crop` needs.

    Attributes:
        image_model: Folder of the checkpoint of F that gets, or has, this second look.
        model: Size of the network.
        data: Which hands.
        loop: The training loop.
        augmentation: How crops are off and changed.
        objective: What is minimised.
        further: Train on from the second look that the checkpoint has.
    """

    image_model: str
    model: HandCropConfig
    data: PictureData
    loop: LoopConfig
    augmentation: CropAugmentation = field(default_factory=CropAugmentation)
    objective: CropObjective = field(default_factory=CropObjective)
    further: bool = False
    task: str = "crop"


class CropTask:
    """The network, its batches and its losses, as the training loop wants them."""

    def __init__(self, recipe: CropRecipe, device: torch.device, console: Console | None = None) -> None:
        """Open the data, make crops that the cache lacks, and build the network.

        Raises:
            InputError: If the dataset cannot be read or shows no hands.
            CheckpointError: If the checkpoint of F cannot be used.
            RecipeError: If it has no second look of that size to train on from.
            OutputError: If crops cannot be kept.
        """
        self.recipe, self.device = recipe, device
        data, console = recipe.data, console or Console(stderr=True)
        self._earlier = load_image_checkpoint(Path(recipe.image_model))
        dataset = open_dataset(Path(data.dataset))
        self.train = HandCrops(dataset.split(data.train), data.views, data.stride)
        self.validation = HandCrops(dataset.split(data.validation), data.views, data.stride, data.validation_pictures)
        self.samples_per_epoch = len(self.train)
        torch.manual_seed(recipe.loop.seed)
        self.network = HandCropNetwork(recipe.model)
        if recipe.further:
            if self._earlier.crop_network is None or self._earlier.card.crop != recipe.model:
                raise RecipeError(f"further: {recipe.image_model} has no second look of the size {recipe.model}")
            self.network.load_state_dict(self._earlier.crop_network.state_dict())
        self.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.module: nn.Module = self.network
        self._crops = data.source(self.train, console)
        self._validation_crops = data.source(self.validation, console)
        self._batches = StepBatches(self._draw, recipe.loop, data.workers)

    def _draw(self, size: int, generator: torch.Generator) -> CropBatch:
        items = torch.randint(len(self.train), (size,), generator=generator).tolist()
        changes = draw_crop_changes(self.recipe.augmentation, size, generator)
        return self.train.batch(self._crops, items, changes, self.recipe.model.input_size)

    def loss(
        self, step: int, generator: torch.Generator, rank: int, world_size: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch that threads made from the step's seed while earlier steps were computed."""
        batch = self._batches.get(step, rank, world_size).to(self.device)
        return crop_loss(self.network(network_input(batch.image)), batch, self.recipe.objective)

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Figures on hands of the validation split, in crops as far off as those of the training but else unchanged."""
        recipe, sums = self.recipe, np.zeros(4)
        draws = torch.Generator().manual_seed(_VALIDATION_SEED)
        still = dict.fromkeys(("roll", "blur", "brightness", "contrast", "saturation", "hue"), 0.0)
        off = replace(recipe.augmentation, **still)
        for first in range(0, len(self.validation), 64):
            items = range(first, min(first + 64, len(self.validation)))
            changes = draw_crop_changes(off, len(items), draws)
            batch = self.validation.batch(self._validation_crops, items, changes, recipe.model.input_size)
            estimate = self.network(network_input(batch.image.to(self.device)))
            sums += _errors(HandCropEstimate(*(part.float().cpu() for part in estimate)), batch)
        names = ("mpjpe_ra_mm", "place_error", "extent_error")
        return dict(zip(names, (sums[:3] / max(sums[3], 1.0)).tolist(), strict=True))

    def export(self, folder: Path, metrics: dict[str, float]) -> None:
        """Write the checkpoint of F with this second look."""
        self.close()
        card, store = self._earlier.card, self.train.store
        summary = {
            "hands": len(self.train),
            "sequences": len(store),
            "subjects": len(set(store.subjects)),
            "store": store.fingerprint,
        }
        card = replace(
            card,
            crop=self.recipe.model,
            training_recipe={**card.training_recipe, "crop": recipe_to_tree(self.recipe)},
            data_summary={**card.data_summary, "crop": summary},
            metrics={**card.metrics, "crop": metrics},
        )
        save_image_checkpoint(folder, self._earlier.network, card, self._earlier.object_text, self.network)

    def close(self) -> None:
        """Stop the threads that make batches."""
        self._batches.close()


def crop_loss(estimate: HandCropEstimate, batch: CropBatch, goal: CropObjective) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of the hand crop network.

    Returns:
        The total and its parts.
    """
    mask = batch.joint_valid
    said = torch.cat((estimate.places, estimate.depth[..., None]), dim=-1)
    true = torch.cat((batch.places, batch.depth[..., None]), dim=-1)
    wrist = slice(WRIST, WRIST + 1)
    distance = torch.where(mask[..., None], (said - said[:, wrist]) - (true - true[:, wrist]), 0.0)
    parts = {
        "places": losses.masked_l1(estimate.places, batch.places, mask[..., None]),
        "depth": losses.masked_l1(estimate.depth, batch.depth, mask),
        "relative": losses.masked_mean((distance.square().sum(dim=-1) + 1e-8).sqrt(), mask),
        "maps": losses.map_cross_entropy(estimate.map_scores, (batch.places + 1) / 2, mask),
        "extent": (estimate.extent - batch.extent).abs().mean(),
    }
    total = sum(getattr(goal, name) * part for name, part in parts.items())
    assert isinstance(total, Tensor)
    return total, parts


def _errors(estimate: HandCropEstimate, batch: CropBatch) -> NDArray[np.float64]:
    """Sums over hands of MPJPE-RA in mm, error of places, and error of the extent; and the number of hands."""
    sums = np.zeros(4)
    for row, reach in enumerate(batch.reach.tolist()):
        camera = HandCamera(np.eye(3), reach, mirrored=False)
        said, true = (
            torch.from_numpy(camera.decode(CropPose(places.numpy(), depth.numpy(), extent.numpy())))
            for places, depth, extent in (
                (estimate.places[row], estimate.depth[row], estimate.extent[row]),
                (batch.places[row], batch.depth[row], batch.extent[row]),
            )
        )
        counted = batch.joint_valid[row]
        aligned = root_aligned_error(said, true)[counted[list(RELATIVE_JOINTS)]]
        places = (estimate.places[row] - batch.places[row]).norm(dim=-1)[counted]
        apart = (estimate.extent[row] - batch.extent[row]).abs()
        sums += (1e3 * float(aligned.mean()), float(places.mean()), float(apart), 1.0)
    return sums


def build_crop_task(recipe: CropRecipe, device: torch.device) -> CropTask:
    """Build the task of a parsed recipe."""
    return CropTask(recipe, device)
