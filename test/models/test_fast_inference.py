# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The fast path computes what the modules compute, for every mask, batch and way of calling."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ghtt_core.models import packed
from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.config import BlockConfig
from ghtt_core.models.inference import FastActionBlock, FastPoseBlock, prepare_for_inference
from ghtt_core.models.pose_block import PoseBlock

CONFIG = BlockConfig(width=64, heads=4, feedforward=96, encoder_layers=2, decoder_layers=2)
TEXT = 20


@pytest.fixture(params=["oneDNN", "plain"])
def pose(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[PoseBlock, FastPoseBlock]:
    if request.param == "plain":
        monkeypatch.setattr(packed, "_kernels_work", lambda dtype: False)
    torch.manual_seed(0)
    block = PoseBlock(CONFIG).eval().requires_grad_(False)
    return block, prepare_for_inference(block)


@pytest.fixture(params=[TEXT, CONFIG.width])
def action(request: pytest.FixtureRequest) -> tuple[ActionBlock, FastActionBlock]:
    torch.manual_seed(1)
    block = ActionBlock(CONFIG, request.param).eval().requires_grad_(False)
    return block, prepare_for_inference(block)


def same(got: object, want: object) -> None:
    torch.testing.assert_close(got, want, atol=2e-5, rtol=1e-4)


def mask(*shape: int, hidden: bool) -> Tensor:
    return torch.rand(shape) > 0.3 if hidden else torch.ones(shape, dtype=torch.bool)


@pytest.mark.parametrize("batch", [1, 3, 70])
@pytest.mark.parametrize("hidden", [False, True])
def test_pose_encoding(pose: tuple[PoseBlock, FastPoseBlock], batch: int, hidden: bool) -> None:
    block, fast = pose
    inputs = torch.randn(batch, 16, 153), mask(batch, 16, hidden=hidden), mask(batch, 16, 2, 21, hidden=hidden)
    same(fast.encode(*inputs), block.encode(*inputs))


@pytest.mark.parametrize("batch", [1, 3, 70])
def test_pose_decoding(pose: tuple[PoseBlock, FastPoseBlock], batch: int) -> None:
    block, fast = pose
    latent, tokens = torch.randn(batch, CONFIG.width), torch.randn(batch, 16, CONFIG.width)
    for _ in range(2):  # the second call meets what the first one remembered
        same(fast.decode(latent), block.decode(latent))
    same(fast.decode(latent, frames=9), block.decode(latent, frames=9))
    same(fast.decode(latent, tokens), block.decode(latent, tokens))
    valid = mask(batch, 16, hidden=True)
    same(fast.decode(latent, tokens, valid), block.decode(latent, tokens, valid))


def test_samples_share_the_tokens_of_their_clip(pose: tuple[PoseBlock, FastPoseBlock]) -> None:
    block, fast = pose
    latent, tokens, valid = torch.randn(40, CONFIG.width), torch.randn(1, 16, CONFIG.width), mask(1, 16, hidden=True)
    want = block.decode(latent, tokens.expand(40, -1, -1), valid.expand(40, -1))
    same(fast.decode(latent, tokens, valid), want)


@pytest.mark.parametrize("hidden", [False, True])
def test_action(action: tuple[ActionBlock, FastActionBlock], hidden: bool) -> None:
    block, fast = action
    batch, clips, future = 25, 16, 17
    first = torch.randint(0, 9, (batch,))
    seen, known = mask(batch, clips, hidden=hidden), mask(batch, clips, hidden=hidden)
    inputs = torch.randn(batch, clips, CONFIG.width), torch.randn(batch, clips, block.text_width), seen, known
    want, got = block.encode(*inputs, first), fast.encode(*inputs, first)
    same(got, want)
    same(fast.encode(*inputs), block.encode(*inputs))
    rest = want.clip_tokens, seen, first + clips, mask(batch, future, hidden=hidden)
    same(fast.decode(want.mu, *rest), block.decode(want.mu, *rest))


def test_alphas_share_one_observation(action: tuple[ActionBlock, FastActionBlock]) -> None:
    block, fast = action
    alpha, seen = torch.randn(20, CONFIG.width), mask(1, 7, hidden=True)
    shared = torch.randn(1, 7, CONFIG.width), seen, torch.tensor([7]), torch.ones(1, 5, dtype=torch.bool)
    want = block.decode(alpha, *(part.expand(20, *part.shape[1:]) for part in shared))
    same(fast.decode(alpha, *shared), want)


def test_labels(action: tuple[ActionBlock, FastActionBlock]) -> None:
    block, fast = action
    text = torch.randn(6, block.text_width)
    same(fast.embed_labels(text), block.embed_labels(text))


def test_same_input_gives_the_same_bits(pose: tuple[PoseBlock, FastPoseBlock]) -> None:
    _, fast = pose
    latent = torch.randn(20, CONFIG.width)
    assert torch.equal(fast.decode(latent), fast.decode(latent))


def test_bfloat16_stays_close_and_returns_float32() -> None:
    torch.manual_seed(2)
    block = PoseBlock(CONFIG).eval().requires_grad_(False)
    fast = prepare_for_inference(block, torch.bfloat16)
    inputs = torch.randn(4, 16, 153), mask(4, 16, hidden=True), mask(4, 16, 2, 21, hidden=True)
    want, got = block.encode(*inputs), fast.encode(*inputs)
    assert got.refined.dtype == got.mu.dtype == torch.float32
    assert (got.mu - want.mu).abs().max() < 0.05
    assert (got.refined - want.refined).abs().max() < 0.01
    assert (fast.decode(want.mu, want.tokens) - block.decode(want.mu, want.tokens)).abs().max() < 0.01


def test_modules_are_left_as_they_were() -> None:
    block = PoseBlock(CONFIG)
    before = {name: value.clone() for name, value in block.state_dict().items()}
    prepare_for_inference(block).decode(torch.randn(2, CONFIG.width))
    assert all(torch.equal(value, before[name]) for name, value in block.state_dict().items())
    assert block.training
    assert all(parameter.requires_grad for parameter in block.parameters())
