# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Batches of pictures, made by threads ahead of the step that needs them.

Which pictures a step sees and how they are changed follows from the recipe's seed, the process and the step alone, so
a resumed run sees what one without a stop would have seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from ghtt_core.training.distributed import per_rank_batch
from ghtt_core.training.image_augmentation import ImageAugmentation, PictureChange, change_picture, draw_changes
from ghtt_core.training.image_frames import ImageFrames
from ghtt_core.training.optimization import step_seeds
from ghtt_core.training.picture_cache import PictureSource
from ghtt_core.training.recipe import LoopConfig

BatchT = TypeVar("BatchT")


@dataclass(frozen=True)
class ImageBatch:
    """Pictures and what F should say about them.

    Attributes:
        image: (B, height, width, 3) uint8, blue first.
        pixels: (B, 2, 21, 2) in a picture of 480x270.
        depth: (B, 2, 21) metres.
        joint_valid: (B, 2, 21) bool.
        presence: (B, 2) bool.
        object_id: (B,) int64, -1 where unknown.
    """

    image: Tensor
    pixels: Tensor
    depth: Tensor
    joint_valid: Tensor
    presence: Tensor
    object_id: Tensor

    def to(self, device: torch.device) -> ImageBatch:
        """The batch on another device."""
        return ImageBatch(*(part.to(device, non_blocking=True) for part in vars(self).values()))


def make_batch(
    frames: ImageFrames, pictures: PictureSource, items: Sequence[int], changes: Sequence[PictureChange]
) -> ImageBatch:
    """Read, change and stack pictures.

    Raises:
        InputError: If a picture cannot be read.
    """
    images = np.stack(
        [change_picture(pictures.read(item), change) for item, change in zip(items, changes, strict=True)]
    )
    targets = [frames.target(item, change) for item, change in zip(items, changes, strict=True)]
    stacked = (np.stack([np.asarray(value) for value in column]) for column in zip(*targets, strict=True))
    return ImageBatch(torch.from_numpy(images), *map(torch.from_numpy, stacked))


class BatchMaker:
    """Draws the batch of any step."""

    def __init__(
        self,
        frames: ImageFrames,
        pictures: PictureSource,
        augmentation: ImageAugmentation,
        clip_frames: int = 1,
        clip_step: int = 1,
    ) -> None:
        """Remember how batches are made.

        Args:
            frames: The pictures and their targets.
            pictures: Where they are read.
            augmentation: How they are changed.
            clip_frames: Frames that are drawn together and changed alike.
            clip_step: Frames of the list from one frame of a clip to the next.
        """
        self._frames, self._pictures, self._augmentation = frames, pictures, augmentation
        self._clip_frames, self._clip_step = clip_frames, clip_step

    def draw(self, size: int, generator: torch.Generator) -> ImageBatch:
        """Draw a batch of `size` pictures."""
        clips = -(-size // self._clip_frames)
        starts = torch.randint(len(self._frames), (clips,), generator=generator).tolist()
        changes = draw_changes(self._augmentation, clips, self._frames.input_size[0], generator)
        items = [
            (int(item), change)
            for start, change in zip(starts, changes, strict=True)
            for item in self._frames.clip(start, self._clip_frames, self._clip_step)
        ][:size]
        return make_batch(self._frames, self._pictures, [i for i, _ in items], [change for _, change in items])


class Prefetcher(Generic[BatchT]):
    """Keeps the batches of the coming steps in the making."""

    def __init__(self, make: Callable[[int], BatchT], workers: int, ahead: int) -> None:
        """Start the threads.

        Args:
            make: Gives the batch of a step.
            workers: Threads.
            ahead: Batches that are made before they are asked for.
        """
        self._make, self._ahead = make, ahead
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="pictures")
        self._coming: dict[int, Future[BatchT]] = {}

    def get(self, step: int) -> BatchT:
        """The batch of a step; begins those up to `ahead` steps later.

        Raises:
            InputError: If one of its pictures cannot be read.
        """
        for coming in range(step, step + self._ahead + 1):
            if coming not in self._coming:
                self._coming[coming] = self._pool.submit(self._make, coming)
        for passed in [number for number in self._coming if number < step]:
            self._coming.pop(passed).cancel()
        return self._coming.pop(step).result()

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class StepBatches(Generic[BatchT]):
    """The batches of a training, each from its step's seed alone."""

    def __init__(self, draw: Callable[[int, torch.Generator], BatchT], loop: LoopConfig, workers: int) -> None:
        """Remember how batches are made.

        Args:
            draw: Gives a batch of a size from a generator; called in threads.
            loop: The training loop.
            workers: Threads.
        """
        self._draw, self._loop, self._workers = draw, loop, workers
        self._prefetcher: Prefetcher[BatchT] | None = None

    def get(self, step: int, rank: int, world_size: int) -> BatchT:
        """The batch of a step of this process, made while earlier steps were computed.

        Raises:
            InputError: If one of its pictures cannot be read.
        """
        if self._prefetcher is None:
            size = per_rank_batch(self._loop.batch_size, world_size)

            def make(number: int) -> BatchT:
                # The generator that the loop gives to that step, a little earlier.
                seed = step_seeds(self._loop.seed, rank, number)[0]
                return self._draw(size, torch.Generator().manual_seed(seed))

            self._prefetcher = Prefetcher(make, self._workers, ahead=self._workers + 1)
        return self._prefetcher.get(step)

    def close(self) -> None:
        """Stop the threads."""
        if self._prefetcher is not None:
            self._prefetcher.close()
