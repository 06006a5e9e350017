# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The image estimator F: its code of a hand, its size, its gradients, and the fast path."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ghtt_core.cli.main import main
from ghtt_core.errors import CheckpointError
from ghtt_core.hands import normalised_camera as normal
from ghtt_core.models.card import ImageCard
from ghtt_core.models.checkpoint import load_checkpoint
from ghtt_core.models.config import ImageEstimatorConfig
from ghtt_core.models.image_checkpoint import load_image_checkpoint, save_image_checkpoint
from ghtt_core.models.image_estimator import (
    ImageEstimator,
    decode_latents,
    encode_latents,
    network_input,
    to_points,
)
from ghtt_core.models.image_inference import FastNetwork
from ghtt_core.training.image_batches import ImageBatch
from ghtt_core.training.image_objective import ImageObjective, image_loss, root_aligned_error


def tiny(attention_maps: int = 21, text_width: int = 6) -> ImageEstimator:
    torch.manual_seed(1)
    network = ImageEstimator(
        ImageEstimatorConfig(
            base_width=4, input_width=96, input_height=54, hidden=12, text_width=text_width,
            attention_maps=attention_maps,
        )
    )  # fmt: skip
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0.0, 0.1)
            torch.nn.init.normal_(module.running_mean, 0.0, 0.1)  # type: ignore[arg-type]
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)  # type: ignore[arg-type]
    return network


def batch(size: int = 3) -> ImageBatch:
    generator = torch.Generator().manual_seed(2)
    present = torch.tensor([[True, True], [True, False], [False, False]])[:size]
    return ImageBatch(
        image=torch.randint(0, 255, (size, 54, 96, 3), generator=generator, dtype=torch.uint8),
        pixels=torch.rand(size, 2, 21, 2, generator=generator) * 200 + 50,
        depth=torch.rand(size, 2, 21, generator=generator) * 0.2 + 0.4,
        joint_valid=present[..., None].expand(-1, -1, 21) & (torch.arange(21) != 1),
        presence=present,
        object_id=torch.tensor([0, -1, 1])[:size],
    )


def test_the_papers_size_is_the_papers() -> None:
    network = ImageEstimator(ImageEstimatorConfig())
    ours = sum(parameter.numel() for parameter in network.presence_head.parameters())
    unused_classifier = 513_000
    total = sum(parameter.numel() for parameter in network.parameters()) - ours + unused_classifier
    assert round(total / 1e6, 2) == 12.54


def test_latents_and_pixels_are_two_ways_to_say_one_thing() -> None:
    latents = torch.randn(5, 2, 21, 3)
    torch.testing.assert_close(encode_latents(*decode_latents(latents)), latents, atol=1e-5, rtol=1e-5)
    pixels, depth = decode_latents(torch.tensor([[0.0, 0.0, 0.0], [1.0, -0.5, 10.0]]))
    torch.testing.assert_close(pixels, torch.tensor([[240.0, 135.0], [340.0, 85.0]]))
    torch.testing.assert_close(depth, torch.tensor([0.4, 0.64]))


def test_pixels_with_depth_are_points_of_the_normalised_camera() -> None:
    points = torch.rand(4, 21, 3).double() + 0.3
    pixels = torch.from_numpy(normal.project(points.numpy(), normal.normalised_matrix()))
    torch.testing.assert_close(to_points(pixels, points[..., 2]), points)


def test_colours_enter_red_first_and_about_zero() -> None:
    blue = torch.zeros(1, 2, 3, 3, dtype=torch.uint8)
    blue[..., 0] = 255
    entered = network_input(blue)
    assert entered.shape == (1, 3, 2, 3)
    assert entered[0, :, 0, 0].tolist() == [-0.5, -0.5, 0.5]


@pytest.mark.parametrize("attention_maps", [0, 21])
@pytest.mark.parametrize(("dtype", "pixels"), [(torch.float32, 1e-3), (torch.bfloat16, 4.0)])
def test_the_fast_path_says_the_same(attention_maps: int, dtype: torch.dtype, pixels: float) -> None:
    network = tiny(attention_maps).eval()
    picture = network_input(batch().image)
    with torch.no_grad():
        slow, fast = network(picture), FastNetwork(network, dtype)(picture)
    assert (slow.pixels - fast.pixels).abs().max() < pixels
    assert slow.object_feature.shape == fast.object_feature.shape == (3, 6)  # type: ignore[union-attr]
    assert fast.image_feature.shape == (3, 32)
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())  # it is left as it was


def test_every_weight_learns_and_hands_that_are_not_there_teach_nothing() -> None:
    network, table, goal = tiny(), torch.eye(2, 6), ImageObjective(relative=100.0, maps=10.0)
    clean = batch()
    total, parts = image_loss(network(network_input(clean.image)), clean, table, goal)
    assert set(parts) == {"pose", "presence", "relative", "maps", "object"}
    total.backward()
    gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
    assert all(gradient is not None and torch.isfinite(gradient).all() for gradient in gradients.values())
    assert all(gradient.abs().max() > 0 for gradient in gradients.values() if gradient is not None)
    network.zero_grad()
    wild = ImageBatch(**vars(clean))
    wild.pixels[~clean.joint_valid], wild.depth[~clean.joint_valid] = 1e6, torch.nan
    image_loss(network(network_input(wild.image)), wild, table, goal)[0].backward()
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[name], msg=name)


def test_pictures_without_hands_or_objects_teach_only_that() -> None:
    network, empty = tiny(), batch()
    empty.joint_valid[:], empty.presence[:], empty.object_id[:] = False, False, -1
    total, parts = image_loss(
        network(network_input(empty.image)), empty, torch.eye(2, 6), ImageObjective(relative=1.0, maps=1.0)
    )
    assert parts["pose"] == parts["relative"] == parts["maps"] == parts["object"] == 0
    assert total == parts["presence"]


def test_maps_are_asked_for_the_cells_around_a_joint() -> None:
    clean, network = batch(), tiny()
    estimate = network(network_input(clean.image))
    assert estimate.map_scores is not None
    height, width = estimate.map_scores.shape[-2:]
    cell = torch.tensor([normal.WIDTH / width, normal.HEIGHT / height])
    clean.pixels[:] = cell * (torch.tensor([2.0, 1.0]) + 0.5)  # the middle of one cell

    def error(right: float) -> float:
        scores = torch.zeros_like(estimate.map_scores)
        scores[..., 1, 2], scores[..., 1, 3] = 1 - right, right
        goal = ImageObjective(maps=1.0)
        return float(
            image_loss(estimate._replace(map_scores=scores.log().clamp(min=-50)), clean, None, goal)[1]["maps"]
        )

    assert error(1e-6) < 1e-4
    clean.pixels[..., 0] += 0.25 * cell[0]  # a quarter of the way to the next
    assert error(0.25) < min(error(0.2), error(0.3))
    clean.pixels[0, 0, 5] = torch.nan
    clean.joint_valid[0, 0, 5] = False
    clean.pixels[0, 0, 6] = -1e6  # outside the picture: nowhere to look for it
    assert error(0.25) == pytest.approx(-(0.25 * np.log(0.25) + 0.75 * np.log(0.75)), abs=1e-4)


def test_the_right_answer_has_no_error_of_any_size() -> None:
    points = torch.rand(3, 21, 3)
    turned = (points - points[:, :1]) * 1.7 + torch.randn(3, 1, 3)
    assert root_aligned_error(turned, points).max() < 1e-5
    assert root_aligned_error(points, points).shape == (3, 19)


def test_the_checkpoint_keeps_everything(tmp_path: Path, random_checkpoint: Path) -> None:
    network = tiny().train()
    network.backbone.bn1.num_batches_tracked += 100_000  # more than float16 holds
    card = ImageCard(
        model_id="f", model=network.config, object_names=("cup", "book"), text_encoder="words", text_width=6,
        storage="float16",
    )  # fmt: skip
    save_image_checkpoint(tmp_path / "f", network, card, torch.eye(2, 6))
    loaded = load_image_checkpoint(tmp_path / "f")
    assert loaded.card.object_names == ("cup", "book")
    assert torch.equal(loaded.object_text, torch.eye(2, 6))
    assert int(loaded.network.backbone.bn1.num_batches_tracked) == 100_000  # type: ignore[arg-type]
    assert not loaded.network.training
    for name, value in network.state_dict().items():
        np.testing.assert_allclose(loaded.network.state_dict()[name].numpy(), value.numpy(), rtol=1e-3, atol=1e-4)
    with pytest.raises(CheckpointError, match="give one of kind 'motion model'"):
        load_checkpoint(tmp_path / "f")


def test_a_card_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    network = tiny()
    with pytest.raises(CheckpointError, match="text width"):
        ImageCard(model_id="f", model=network.config)
    with pytest.raises(CheckpointError, match="named text encoder"):
        ImageCard(model_id="f", model=network.config, text_width=6)
    card = ImageCard(model_id="f", model=network.config, text_width=6, text_encoder="words", object_names=("cup",))
    with pytest.raises(CheckpointError, match="names 1 objects"):
        save_image_checkpoint(tmp_path / "f", network, card, torch.eye(2, 6))


def test_models_verify_knows_a_checkpoint_of_f(
    tmp_path: Path, random_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = tiny(text_width=0)
    save_image_checkpoint(tmp_path / "f", network, ImageCard(model_id="f-tiny", model=network.config))
    assert main(["models", "verify", str(tmp_path / "f"), str(random_checkpoint)]) == 0
    assert "f-tiny: sound" in capsys.readouterr().out
    (tmp_path / "f" / "card.json").write_text("[]")
    assert main(["models", "verify", str(tmp_path / "f")]) == 2
    assert "not a checkpoint card" in capsys.readouterr().err
