# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What moves the weights: the optimiser, the learning rate of each step, the running average of the weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from ghtt_core.training.recipe import LoopConfig


def build_optimizer(module: nn.Module, config: LoopConfig) -> torch.optim.AdamW:
    """AdamW over all trainable parameters, with weight decay on every one of them (the paper's setting)."""
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    return torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True)


def learning_rate_at(step: int, total_steps: int, config: LoopConfig) -> float:
    """Learning rate of the step with index `step` (from 0) in a run of `total_steps`."""
    if step < config.warmup_steps:
        return config.learning_rate * ((step + 1) / config.warmup_steps)
    if config.schedule == "constant":
        return config.learning_rate
    progress = (step - config.warmup_steps) / max(1, total_steps - config.warmup_steps - 1)
    falling = 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))
    last = config.final_learning_rate_ratio
    return config.learning_rate * min(1.0, last + (1.0 - last) * falling)


def step_seeds(seed: int, rank: int, step: int) -> tuple[int, int]:
    """Two independent seeds for one step of one process: the data generator's and torch's global one.

    A step's draws depend on these three numbers alone, so a resumed run needs nothing but its step index.
    """
    first, second = np.random.SeedSequence([seed, rank, step]).generate_state(2, np.uint64)
    return int(first >> np.uint64(1)), int(second >> np.uint64(1))


def device_generator(generator: torch.Generator, device: torch.device | str) -> torch.Generator:
    """A generator on `device` seeded by one draw of `generator`, for noise that is drawn where it is used."""
    seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
    return torch.Generator(device=device).manual_seed(seed)


class WeightAverage:
    """Exponential running average of the parameters of a module (EMA).

    The decay grows as (1 + n) / (10 + n) over the first updates n, so that the random start is soon forgotten.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        """Start from the module's weights as they are."""
        self.decay = decay
        self.weights = {name: p.detach().clone() for name, p in module.named_parameters() if p.requires_grad}

    @torch.no_grad()
    def update(self, module: nn.Module, updates: int) -> None:
        """Move the average towards the module's weights; `updates` counts the updates before this one."""
        share = 1.0 - min(self.decay, (1 + updates) / (10 + updates))
        parameters = dict(module.named_parameters())
        averages: list[Tensor] = list(self.weights.values())
        torch._foreach_lerp_(averages, [parameters[name].detach() for name in self.weights], share)

    @contextmanager
    @torch.no_grad()
    def applied_to(self, module: nn.Module) -> Iterator[None]:
        """Put the average into the module for the length of the block, then the trained weights back."""
        parameters = dict(module.named_parameters())
        kept = {name: parameters[name].detach().clone() for name in self.weights}
        try:
            for name, average in self.weights.items():
                parameters[name].copy_(average)
            yield
        finally:
            for name, weight in kept.items():
                parameters[name].copy_(weight)
