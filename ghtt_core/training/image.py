# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Train the image estimator F: pictures to 2.5D hands in the normalised camera and an object (paper, Section 4.1)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import torch
from rich.console import Console
from torch import Tensor, nn

from ghtt_core.data.store.dataset import open_dataset
from ghtt_core.errors import RecipeError
from ghtt_core.models.card import ImageCard
from ghtt_core.models.checkpoint import load_checkpoint
from ghtt_core.models.config import ImageEstimatorConfig
from ghtt_core.models.image_checkpoint import load_image_checkpoint, save_image_checkpoint
from ghtt_core.models.image_estimator import ImageEstimator, network_input
from ghtt_core.models.resnet import load_pretrained
from ghtt_core.models.text import create_text_encoder
from ghtt_core.training.image_augmentation import UNCHANGED, ImageAugmentation
from ghtt_core.training.image_batches import BatchMaker, StepBatches, make_batch
from ghtt_core.training.image_frames import ImageFrames
from ghtt_core.training.image_objective import ImageFigures, ImageObjective, image_loss
from ghtt_core.training.picture_cache import PictureData
from ghtt_core.training.recipe import LoopConfig, Range, Storage, recipe_to_tree


@dataclass(frozen=True)
class ImageData(PictureData):
    """Which pictures are trained on, and which of them together.

    Attributes:
        clip_frames: Frames that are drawn together and changed alike.
        clip_step: Frames of the list from one frame of a clip to the next.
    """

    clip_frames: Annotated[int, Range(minimum=1)] = 1
    clip_step: Annotated[int, Range(minimum=1)] = 1


@dataclass(frozen=True)
class ImageRecipe:
    """Everything `ghtt train image` needs; the defaults are the paper's where it says.

    Attributes:
        model: Size of the network.
        data: Which pictures.
        loop: The training loop.
        augmentation: How pictures are changed.
        objective: What is minimised.
        pretrained: File with weights of a ResNet-18, such as torchvision's for ImageNet (.safetensors or .pth).
        initial: Folder of a checkpoint of F that is trained further.
        freeze_norm: Leave batch norm as it came, as the paper does; only with weights to start from.
        text_encoder: Which encoder embeds object names.
        text_table: For the encoder ``table``: folder of a motion checkpoint that has the embeddings of these names.
        model_id: Name the checkpoint carries.
        storage: How the checkpoint stores weights.
    """

    model: ImageEstimatorConfig
    data: ImageData
    loop: LoopConfig
    augmentation: ImageAugmentation = field(default_factory=ImageAugmentation)
    objective: ImageObjective = field(default_factory=ImageObjective)
    pretrained: str | None = None
    initial: str | None = None
    freeze_norm: bool = False
    text_encoder: str = "clip"
    text_table: str | None = None
    model_id: str = "f"
    storage: Storage = "float32"
    task: str = "image"

    def __post_init__(self) -> None:
        """Refuse options that contradict each other."""
        if self.pretrained is not None and self.initial is not None:
            raise RecipeError("pretrained and initial both say where to start; give one of them")
        if self.freeze_norm and self.pretrained is None and self.initial is None:
            raise RecipeError(
                "freeze_norm would keep a batch norm that never saw a picture; give pretrained or initial"
            )


class ImageTask:
    """F, its batches and its losses, as the training loop wants them."""

    def __init__(self, recipe: ImageRecipe, device: torch.device, console: Console | None = None) -> None:
        """Open the data, decode pictures that the cache lacks, and build the network.

        Raises:
            InputError: If the dataset cannot be read or has no pictures.
            RecipeError: If the text encoder does not fit the network.
            CheckpointError: If the weights to start from cannot be used.
            OutputError: If decoded pictures cannot be kept.
        """
        self.recipe, self.device = recipe, device
        data, console = recipe.data, console or Console(stderr=True)
        self._earlier = load_image_checkpoint(Path(recipe.initial)) if recipe.initial is not None else None
        dataset = open_dataset(Path(data.dataset))
        size = (recipe.model.input_width, recipe.model.input_height)
        together = bool(recipe.model.together)
        self.train = ImageFrames(dataset.split(data.train), size, data.views, data.stride, together=together)
        self.validation = ImageFrames(
            dataset.split(data.validation), size, data.views, data.stride, data.validation_pictures, together
        )
        self.samples_per_epoch = len(self.train)
        self.object_names, self.object_text, self.encoder_name = self._objects()
        torch.manual_seed(recipe.loop.seed)
        self.network = ImageEstimator(recipe.model)
        self.started_from = self._start(console)
        self.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.module: nn.Module = self.network
        pictures = data.source(self.train, console)
        self._validation_pictures = data.source(self.validation, console)
        maker = BatchMaker(self.train, pictures, recipe.augmentation, data.clip_frames, data.clip_step)
        self._batches = StepBatches(maker.draw, recipe.loop, data.workers)

    def _objects(self) -> tuple[tuple[str, ...], Tensor | None, str]:
        """Names of the objects, their embeddings and the encoder's name; nothing for a network without object head."""
        recipe, names = self.recipe, self.train.store.object_names
        if recipe.model.text_width == 0:
            return (), None, ""
        earlier = self._earlier
        if not names and earlier is not None:
            # Videos of a user name no objects: F keeps what it knows of them.
            return earlier.card.object_names, earlier.object_text.to(self.device), earlier.card.text_encoder
        if not names:
            raise RecipeError("model.text_width must be 0, because the dataset names no objects")
        table = load_checkpoint(Path(recipe.text_table)) if recipe.text_table else None
        encoder = create_text_encoder(recipe.text_encoder, checkpoint=table)
        if encoder.width != recipe.model.text_width:
            raise RecipeError(f"model.text_width must be {encoder.width}, the width of {encoder.name}")
        return names, encoder.encode(list(names)).clone().to(self.device), encoder.name

    def _start(self, console: Console) -> dict[str, str]:
        """Load the weights to start from; returns what the card says about them."""
        recipe = self.recipe
        if recipe.pretrained is not None:
            digest = load_pretrained(self.network.backbone, Path(recipe.pretrained))
            console.print(f"starting from {recipe.pretrained}, sha256 {digest}", soft_wrap=True)
            return {"file": Path(recipe.pretrained).name, "sha256": digest}
        if (earlier := self._earlier) is not None:
            if earlier.card.model != recipe.model:
                raise RecipeError(f"model must be that of the checkpoint {recipe.initial}: {earlier.card.model}")
            self.network.load_state_dict(earlier.network.state_dict())
            return {"model_id": earlier.card.model_id, "sha256": earlier.card.sha256}
        return {}

    def loss(
        self, step: int, generator: torch.Generator, rank: int, world_size: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch that threads made from the step's seed while earlier steps were computed."""
        if self.recipe.freeze_norm:
            for module in self.network.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        batch = self._batches.get(step, rank, world_size).to(self.device)
        estimate = self.network(network_input(batch.image))
        return image_loss(estimate, batch, self.object_text, self.recipe.objective)

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Figures on pictures of the validation split, unchanged."""
        figures, size = ImageFigures(), min(self.recipe.loop.batch_size, 64)
        for first in range(0, len(self.validation), size):
            items = range(first, min(first + size, len(self.validation)))
            batch = make_batch(self.validation, self._validation_pictures, items, [UNCHANGED] * len(items))
            batch = batch.to(self.device)
            figures.add(self.network(network_input(batch.image)), batch, self.object_text)
        return figures.means()

    def export(self, folder: Path, metrics: dict[str, float]) -> None:
        """Write the checkpoint."""
        self.close()
        recipe = self.recipe
        summary: dict[str, Any] = {
            "pictures": len(self.train),
            "validation_pictures": len(self.validation),
            "sequences": len(self.train.store),
            "subjects": len(set(self.train.store.subjects)),
            "store": self.train.store.fingerprint,
        }
        if self.started_from:
            summary["started_from"] = self.started_from
        card = ImageCard(
            model_id=recipe.model_id,
            model=recipe.model,
            object_names=self.object_names,
            text_encoder=self.encoder_name,
            text_width=recipe.model.text_width,
            training_recipe={"image": recipe_to_tree(recipe)},
            data_summary=summary,
            metrics={"image": metrics},
            storage=recipe.storage,
        )
        crop_network = None
        if self._earlier is not None:
            # A second look goes on as it was, with what its card said about it.
            before, crop_network = self._earlier.card, self._earlier.crop_network
            card = replace(
                card,
                crop=before.crop,
                training_recipe={**before.training_recipe, **card.training_recipe},
                data_summary={**before.data_summary, **card.data_summary},
                metrics={**before.metrics, **card.metrics},
            )
        save_image_checkpoint(folder, self.network, card, self.object_text, crop_network)

    def close(self) -> None:
        """Stop the threads that make batches."""
        self._batches.close()


def build_image_task(recipe: ImageRecipe, device: torch.device) -> ImageTask:
    """Build the task of a parsed recipe."""
    return ImageTask(recipe, device)
