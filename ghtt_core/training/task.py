# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the training loop asks of the thing that is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn


class Task(Protocol):
    """One thing to train.

    Attributes:
        module: Everything trainable, and nothing else that needs saving. Its weights must follow from the recipe alone.
    """

    module: nn.Module

    def loss(
        self, step: int, generator: torch.Generator, rank: int, world_size: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Draw the batch of one step and return its loss and metrics.

        Args:
            step: Index of the step, from 0.
            generator: CPU generator of this step and process; all draws must come from it
                (`optimization.device_generator` gives one for draws on another device).
            rank: Index of this process.
            world_size: Number of processes; draw `distributed.per_rank_batch(batch_size, world_size)` samples.

        Returns:
            Scalar loss to minimise, and scalars to log.
        """

    def evaluate(self) -> dict[str, float]:
        """Metrics on held-out data; called without gradients, on one process."""

    def export(self, folder: Path, metrics: dict[str, float]) -> None:
        """Write the checkpoint folder that users load."""


@runtime_checkable
class EpochTask(Protocol):
    """A task whose length can be given in epochs.

    Attributes:
        samples_per_epoch: Samples in one pass over the data.
    """

    samples_per_epoch: int


class StepModule(nn.Module):
    """Makes the task's loss a forward call, which is what data parallel training synchronises gradients around."""

    def __init__(self, task: Task) -> None:
        """Wrap a task."""
        super().__init__()
        self.module = task.module
        self._loss = task.loss

    def forward(
        self, step: int, generator: torch.Generator, rank: int, world_size: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss with gradient, and metrics without."""
        loss, metrics = self._loss(step, generator, rank, world_size)
        return loss, {name: value.detach() for name, value in metrics.items()}


def compile_parts(module: nn.Module) -> None:
    """Compile the layers of every stack in place, so that the names of the weights stay.

    Layer by layer, because tasks call the blocks by their methods and not by `forward`, and because equal layers then
    share one compilation.
    """
    for child in module.modules():
        if isinstance(child, nn.ModuleList | nn.Sequential):
            for part in child:
                part.compile()
