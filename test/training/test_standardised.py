# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ghtt_core.models.config import BlockConfig
from ghtt_core.models.pose_block import PoseBlock
from ghtt_core.training.identity_start import start_as_identity, start_decoder_as_copy
from ghtt_core.training.standardised import StandardisedPoseBlock

SIZES = BlockConfig(width=256, heads=2, feedforward=32, encoder_layers=1, decoder_layers=1)


@pytest.fixture
def features() -> Tensor:
    """Components whose spread differs as much as that of real ones."""
    generator = torch.Generator().manual_seed(0)
    spread = torch.cat([torch.full((126,), 0.5), torch.full((18,), 0.01), torch.full((9,), 0.3)])
    return torch.randn(512, 16, 153, generator=generator) * spread + torch.linspace(-1, 1, 153)


@pytest.fixture
def valid() -> tuple[Tensor, Tensor]:
    return torch.ones(512, 16, dtype=torch.bool), torch.ones(512, 16, 2, 21, dtype=torch.bool)


def test_folding_changes_nothing(features: Tensor, valid: tuple[Tensor, Tensor]) -> None:
    torch.manual_seed(1)
    wrapped = StandardisedPoseBlock(PoseBlock(SIZES), features.flatten(0, 1))
    plain = wrapped.folded()
    one, other = wrapped.encode(features, *valid), plain.encode(features, *valid)
    torch.testing.assert_close(other.refined, one.refined, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(other.mu, one.mu, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(plain.decode(one.mu), wrapped.decode(one.mu), atol=1e-3, rtol=1e-3)


def test_without_features_the_block_is_left_alone(features: Tensor, valid: tuple[Tensor, Tensor]) -> None:
    block = PoseBlock(SIZES)
    wrapped = StandardisedPoseBlock(block, None)
    torch.testing.assert_close(wrapped.encode(features, *valid).refined, block.encode(features, *valid).refined)


def test_an_identity_start_copies_its_input(features: Tensor, valid: tuple[Tensor, Tensor]) -> None:
    wrapped = StandardisedPoseBlock(PoseBlock(SIZES), features.flatten(0, 1))
    start_as_identity(wrapped.block, wrapped.standardise(features.flatten(0, 1)))
    refined = wrapped.encode(features, *valid).refined
    spread = features.flatten(0, 1).std(0)
    shown = [i for i in range(153) if i not in (3, 4, 5, 66, 67, 68)]  # the thumb CMC is never shown
    error = ((refined - features).abs() / spread)[..., shown].mean()
    assert error < 0.15


def test_a_width_too_small_for_an_identity_is_refused(features: Tensor) -> None:
    small = PoseBlock(BlockConfig(width=64, heads=2, feedforward=32, encoder_layers=1, decoder_layers=1))
    with pytest.raises(ValueError, match="at least 252"):
        start_as_identity(small, features.flatten(0, 1))


def test_unfolding_takes_over_a_plain_block(features: Tensor, valid: tuple[Tensor, Tensor]) -> None:
    torch.manual_seed(2)
    plain = PoseBlock(SIZES)
    wrapped = StandardisedPoseBlock(PoseBlock(SIZES), features.flatten(0, 1))
    wrapped.unfold(plain)
    torch.testing.assert_close(
        wrapped.encode(features, *valid).refined, plain.encode(features, *valid).refined, atol=1e-3, rtol=1e-3
    )
    for name, value in wrapped.folded().state_dict().items():
        torch.testing.assert_close(value, plain.state_dict()[name], atol=1e-4, rtol=1e-3)


def test_a_decoder_that_copies_starts_near_the_newest_frame(features: Tensor, valid: tuple[Tensor, Tensor]) -> None:
    wrapped = StandardisedPoseBlock(PoseBlock(SIZES), features.flatten(0, 1))
    start_as_identity(wrapped.block, wrapped.standardise(features.flatten(0, 1)))
    still = features[:, -1:].expand(-1, 16, -1)  # a clip in which nothing changes
    encoding = wrapped.encode(still, *valid)
    start_decoder_as_copy(wrapped.block, encoding.tokens)
    future = wrapped.decode(encoding.mu, encoding.tokens, valid[0])
    spread = features.flatten(0, 1).std(0)
    shown = [i for i in range(153) if i not in (3, 4, 5, 66, 67, 68)]
    error = ((future - still).abs() / spread)[..., shown].mean()
    assert error < 0.4
