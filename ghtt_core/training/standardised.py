# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A pose block that sees and gives standardised components while it trains, and is folded back when it is done.

A frame's velocity differs from the identity by about 0.01 while local joints vary by 0.5, so the first and last linear
maps of the plain block would need weights of very different size. Training the same network between two fixed affine
maps removes that, and since these maps meet linear layers they fold into them exactly: what is exported is the plain
block of the paper.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from ghtt_core.hands.components import LEFT_TO_RIGHT, LOCAL, VELOCITY_LEFT, VELOCITY_RIGHT
from ghtt_core.hands.layout import FEATURE_SIZE
from ghtt_core.models.pose_block import PoseBlock, PoseEncoding

SMALLEST_SPREAD = 1e-3


class StandardisedPoseBlock(nn.Module):
    """A pose block between two fixed affine maps of the component code."""

    mean: Tensor
    spread: Tensor

    def __init__(self, block: PoseBlock, features: Tensor | None) -> None:
        """Wrap a fresh block.

        Args:
            block: The block to train.
            features: (N, 153) clean components to standardise by, or None to leave them as they are.
        """
        super().__init__()
        self.block = block
        mean, spread = torch.zeros(FEATURE_SIZE), torch.ones(FEATURE_SIZE)
        if features is not None:
            mean, variance = features.mean(0), features.var(0)
            for group in _groups():
                spread[group] = variance[group].mean().sqrt().clamp(min=SMALLEST_SPREAD)
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)

    def standardise(self, features: Tensor) -> Tensor:
        """Components (..., 153) in the units the wrapped block sees."""
        return (features - self.mean) / self.spread

    def encode(self, features: Tensor, frame_valid: Tensor, joint_valid: Tensor) -> PoseEncoding:
        """As `PoseBlock.encode`, in the units of the component code."""
        encoding = self.block.encode(self.standardise(features), frame_valid, joint_valid)
        return encoding._replace(refined=encoding.refined * self.spread + self.mean)

    def decode(self, latent: Tensor, tokens: Tensor | None = None, tokens_valid: Tensor | None = None) -> Tensor:
        """As `PoseBlock.decode`, in the units of the component code."""
        return self.block.decode(latent, tokens, tokens_valid) * self.spread + self.mean

    @torch.no_grad()
    def folded(self) -> PoseBlock:
        """The plain block that computes the same."""
        block = copy.deepcopy(self.block)
        _refer(block, self.mean, self.spread)
        return block

    @torch.no_grad()
    def unfold(self, plain: PoseBlock) -> None:
        """Take over the weights of a plain block, so that `folded` gives that block again."""
        self.block.load_state_dict(plain.state_dict())
        _refer(self.block, -self.mean / self.spread, 1.0 / self.spread)


def _refer(block: PoseBlock, mean: Tensor, spread: Tensor) -> None:
    """Let a block that takes and gives y do so for x = y * spread + mean instead; in place."""
    embedding, last = block.embedding, block.head[-1]
    velocity = slice(VELOCITY_LEFT.start, VELOCITY_RIGHT.stop)
    for linear, part in (
        (embedding.local, LOCAL),
        (embedding.velocity, velocity),
        (embedding.left_to_right, LEFT_TO_RIGHT),
    ):
        linear.weight.div_(spread[part])
        linear.bias.sub_(linear.weight @ mean[part])
    placeholder = embedding.placeholder
    placeholder.copy_(placeholder * spread[LOCAL].view_as(placeholder) + mean[LOCAL].view_as(placeholder))
    assert isinstance(last, nn.Linear), "the head ends in a linear map"
    last.weight.mul_(spread[:, None])
    last.bias.copy_(last.bias * spread + mean)


def _groups() -> list[slice]:
    """Components that share one spread: local joints, and rotation and translation of each rigid map."""
    maps = (VELOCITY_LEFT, VELOCITY_RIGHT, LEFT_TO_RIGHT)
    return [LOCAL] + [
        part for one in maps for part in (slice(one.start, one.start + 6), slice(one.start + 6, one.stop))
    ]
