# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The network of the second look: its sizes, its gradients, the fast path, and its place in a checkpoint of F."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ghtt_core.errors import CheckpointError
from ghtt_core.models.card import ImageCard
from ghtt_core.models.config import HandCropConfig, ImageEstimatorConfig
from ghtt_core.models.hand_crop import HandCropNetwork
from ghtt_core.models.image_checkpoint import load_image_checkpoint, save_image_checkpoint
from ghtt_core.models.image_estimator import ImageEstimator
from ghtt_core.models.image_inference import FastNetwork
from ghtt_core.training.crop import CropObjective, crop_loss
from ghtt_core.training.hand_crops import CropBatch

SIZES = HandCropConfig(base_width=4, input_size=48, hidden=8)


def network() -> HandCropNetwork:
    torch.manual_seed(0)
    return HandCropNetwork(SIZES)


def pictures(count: int = 3) -> torch.Tensor:
    return torch.rand(count, 3, 48, 48, generator=torch.Generator().manual_seed(1)) - 0.5


def batch() -> CropBatch:
    generator = torch.Generator().manual_seed(2)
    return CropBatch(
        image=torch.zeros(3, 48, 48, 3, dtype=torch.uint8),
        places=torch.rand(3, 21, 2, generator=generator) - 0.5,
        depth=torch.rand(3, 21, generator=generator) - 0.5,
        extent=torch.rand(3, generator=generator),
        reach=torch.full((3,), 0.2),
        joint_valid=(torch.arange(21) != 1).expand(3, -1).clone(),
    )


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 0.1)])
def test_the_fast_path_says_the_same(dtype: torch.dtype, tolerance: float) -> None:
    slow = network()
    slow(pictures())  # batch norm has seen something
    with torch.no_grad():
        expected, said = slow.eval()(pictures()), FastNetwork(slow, dtype)(pictures())
    assert expected.places.shape == (3, 21, 2)
    assert expected.depth.shape == (3, 21)
    assert expected.extent.shape == (3,)
    for one, other in zip(expected[:3], said[:3], strict=True):
        torch.testing.assert_close(one, other, atol=tolerance, rtol=tolerance)


def test_every_weight_learns_and_joints_that_do_not_count_teach_nothing() -> None:
    seen, clean = network(), batch()
    total, parts = crop_loss(seen(pictures()), clean, CropObjective())
    assert set(parts) == {"places", "depth", "relative", "maps", "extent"}
    total.backward()
    gradients = {name: parameter.grad for name, parameter in seen.named_parameters()}
    # Blocks start as their shortcut: what feeds a factor of zero learns from the second step on.
    silent = {name for name, grad in gradients.items() if grad is None or grad.abs().max() == 0}
    assert all(name.startswith("backbone.layer") for name in silent)
    seen.zero_grad()
    clean.places[:, 1], clean.depth[:, 1] = 1e6, torch.nan
    crop_loss(seen(pictures()), clean, CropObjective())[0].backward()
    for name, parameter in seen.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[name], msg=name)


def test_the_truth_costs_only_what_maps_cannot_say() -> None:
    clean = batch()
    said = network()(pictures())._replace(places=clean.places, depth=clean.depth, extent=clean.extent)
    total, _ = crop_loss(said, clean, CropObjective(maps=0.0))
    assert float(total.detach()) < 1e-3


def test_a_checkpoint_of_f_carries_it(tmp_path: Path) -> None:
    first = ImageEstimator(ImageEstimatorConfig(4, 96, 54, 8, text_width=0))
    card = ImageCard(model_id="f", model=first.config, crop=SIZES)
    save_image_checkpoint(tmp_path / "f", first, card, crop_network=network())
    loaded = load_image_checkpoint(tmp_path / "f")
    assert loaded.card.crop == SIZES
    assert loaded.crop_network is not None
    for name, value in network().state_dict().items():
        assert torch.equal(loaded.crop_network.state_dict()[name], value)
    with pytest.raises(CheckpointError, match="second look"):
        save_image_checkpoint(tmp_path / "other", first, card)
    with pytest.raises(CheckpointError, match="second look"):
        save_image_checkpoint(tmp_path / "other", first, replace(card, crop=None), crop_network=network())


@pytest.mark.parametrize("sizes", [{"base_width": 0}, {"input_size": 16}, {"hidden": -1}])
def test_sizes_that_no_network_can_have_are_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(CheckpointError, match=next(iter(sizes))):
        HandCropConfig(**sizes)
