# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ghtt_core.training.optimization import (
    WeightAverage,
    build_optimizer,
    device_generator,
    learning_rate_at,
    step_seeds,
)
from ghtt_core.training.recipe import LoopConfig


def test_the_papers_learning_rate_never_changes() -> None:
    config = LoopConfig(steps=100)
    assert {learning_rate_at(step, 100, config) for step in range(100)} == {1e-4}


def test_warm_up_then_cosine_from_the_peak_to_the_last_rate() -> None:
    config = LoopConfig(steps=50, learning_rate=2.0, warmup_steps=10, schedule="cosine", final_learning_rate_ratio=0.1)
    rates = [learning_rate_at(step, 50, config) for step in range(50)]
    assert rates[:11] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.0])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.2)


@settings(max_examples=50, deadline=None)
@given(steps=st.integers(1, 300), warmup=st.integers(0, 300), ratio=st.floats(0, 1), cosine=st.booleans())
def test_a_learning_rate_is_never_above_the_peak_nor_negative(
    steps: int, warmup: int, ratio: float, cosine: bool
) -> None:
    config = LoopConfig(
        steps=steps,
        warmup_steps=min(warmup, steps),
        final_learning_rate_ratio=ratio,
        schedule="cosine" if cosine else "constant",
    )
    assert all(0 <= learning_rate_at(step, steps, config) <= config.learning_rate for step in range(steps))


def test_every_step_process_and_seed_draws_its_own_numbers() -> None:
    seeds = {step_seeds(seed, rank, step) for seed in range(4) for rank in range(4) for step in range(50)}
    flat = {value for pair in seeds for value in pair}
    assert len(flat) == 2 * 4 * 4 * 50
    for value in flat:
        torch.Generator().manual_seed(value)
    assert step_seeds(1, 2, 3) == step_seeds(1, 2, 3)


def test_a_device_generator_follows_the_one_it_came_from() -> None:
    draws = []
    for _ in range(2):
        parent = torch.Generator().manual_seed(5)
        children = [device_generator(parent, "cpu") for _ in range(2)]
        draws.append([torch.rand(3, generator=child) for child in children])
    assert torch.equal(draws[0][0], draws[1][0])
    assert not torch.equal(draws[0][0], draws[0][1])


def test_only_trainable_weights_are_optimised_and_all_of_them_decay() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2), nn.Linear(2, 2))
    module[2].requires_grad_(False)
    frozen = module[2].weight.clone()
    before = [parameter.detach().clone() for parameter in module[:2].parameters()]
    nn.init.ones_(module[1].bias)
    optimizer = build_optimizer(module, LoopConfig(steps=1, learning_rate=0.1, weight_decay=0.5))
    for parameter in module[:2].parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    assert torch.equal(module[2].weight, frozen)
    assert torch.allclose(module[0].weight, 0.95 * before[0])
    assert torch.allclose(module[1].bias, torch.full((2,), 0.95))


def test_the_running_average_starts_fast_and_then_moves_slowly() -> None:
    module = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(module.weight)
    average = WeightAverage(module, decay=0.99)
    nn.init.ones_(module.weight)
    average.update(module, 0)
    assert float(average.weights["weight"].detach()) == pytest.approx(0.9)
    average.update(module, 10_000)
    assert float(average.weights["weight"].detach()) == pytest.approx(0.9 + 0.01 * 0.1)
    with average.applied_to(module):
        assert float(module.weight.detach()) == pytest.approx(0.901)
    assert float(module.weight.detach()) == 1.0
