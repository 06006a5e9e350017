# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start a pose block as the identity: refined components equal observed ones before the first step.

With random weights most of a short training is spent on learning to copy 153 numbers. Every map on the way of a frame
through the encoder can copy instead: the embedding puts each component into a channel of its own and constants into
the others, so that the final norm divides by nearly the same number in every frame; residual branches start near zero;
and the head's hidden units are biased into the linear part of their activation. Only initial weights differ from the
paper's; the architecture and what it can learn do not.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ghtt_core.hands.layout import FEATURE_SIZE
from ghtt_core.models.pose_block import LOCAL_SIZE, VELOCITY_SIZE, PoseBlock
from ghtt_core.models.transformer import CrossAttention, DecoderLayer, FeedForward, SelfAttention

CONSTANT = 2.0
"""Size of the constant channels; content channels have unit spread."""
LINEAR_BIAS = 6.0
"""Bias that keeps standardised content on the positive side of the head's activations."""
ENCODER_RESIDUAL = 0.02
DECODER_RESIDUAL = 0.3
COPY_GAIN = 6.0
"""How far a copied token stands out of the decoder's query content, which has unit size."""
NEWEST_FOCUS = 8.0
"""Attention score by which the newest frame exceeds an average one."""
VELOCITY_FOCUS = 2.0
"""The same for velocities: a single step is mostly noise, so they are averaged over about eight frames."""
VELOCITY_GAIN = 0.3
"""Hands stop and turn: about this share of their speed lasts through the next half second."""
DECODER_CONTENT = 0.3
"""Spread of the decoder's first outputs, so that it starts near the mean pose."""


@torch.no_grad()
def start_as_identity(block: PoseBlock, features: Tensor) -> None:
    """Set a fresh block's weights so that it copies standardised components.

    Args:
        block: The block; its width must leave room for all components.
        features: (N, 153) standardised components, to measure what the final norm divides by.

    Raises:
        ValueError: If the width is too small to hold a frame.
    """
    width = block.config.width
    channels = _content_channels(width)
    spare = torch.ones(width, dtype=torch.bool)
    spare[channels] = False
    constant = torch.where(torch.arange(width) % 2 == 0, CONSTANT, -CONSTANT) * spare
    constant[spare] -= constant[spare].mean()
    _copy_into_channels(block, constant)
    scaled = ((block.vae.encoder, ENCODER_RESIDUAL), (block.vae.decoder, DECODER_RESIDUAL))
    for stack, factor in scaled:
        for module in stack.modules():
            if isinstance(module, SelfAttention | CrossAttention):
                module.out.weight.mul_(factor)
            elif isinstance(module, FeedForward):
                module.contract.weight.mul_(factor)
                module.contract.bias.zero_()
    tokens = constant.expand(len(features), width).clone()
    tokens[:, channels] = features
    gain = tokens.std(-1, unbiased=False).mean()
    decoder_norm = block.vae.decoder.norm
    decoder_norm.weight.copy_(torch.where(spare, 0.0, DECODER_CONTENT))
    decoder_norm.bias.copy_(constant / gain)
    _make_head_linear(block, channels, spare, constant, float(gain))


@torch.no_grad()
def start_decoder_as_copy(block: PoseBlock, tokens: Tensor) -> None:
    """Set the decoder of a block whose encoder is trained so that it continues the newest frames as they are.

    The first layer's cross-attention looks at the newest encoder tokens and copies them, which the shared head turns
    into the newest pose and a damped mean of the newest velocities.

    Args:
        block: The block; all its decoder weights are set anew.
        tokens: (B, T, d) encoder tokens of some clips, to measure what the head expects.
    """
    fresh = PoseBlock(block.config).vae.decoder
    block.vae.decoder.load_state_dict(fresh.state_dict())
    decoder = block.vae.decoder
    for module in decoder.modules():
        if isinstance(module, SelfAttention | CrossAttention):
            module.out.weight.mul_(DECODER_RESIDUAL)
        elif isinstance(module, FeedForward):
            module.contract.weight.mul_(DECODER_RESIDUAL)
    decoder.norm.weight.fill_(float(tokens.std(-1).mean()))
    decoder.norm.bias.fill_(float(tokens.mean()))
    first = decoder.layers[0]
    assert isinstance(first, DecoderLayer), "a decoder is a list of decoder layers"
    cross, width, frames = first.cross, block.config.width, tokens.shape[1]
    memory = decoder.position[: frames + 1]  # the latent at 0, frames from 1
    newest = memory[-1] - memory.mean(0)
    head_width = width // cross.heads
    weight, bias = cross.project.weight, cross.project.bias
    weight[:width].mul_(0.1)
    weight[width : 2 * width].mul_(0.1)
    weight[width : 2 * width : head_width] = newest / newest.square().sum()
    bias.zero_()
    bias[:width:head_width] = NEWEST_FOCUS * head_width**0.5
    velocity = width // 2  # its first channel
    bias[velocity // head_width * head_width] = VELOCITY_FOCUS * head_width**0.5
    weight[2 * width :] = torch.eye(width)
    weight[2 * width + velocity : 2 * width + velocity + VELOCITY_SIZE] *= VELOCITY_GAIN
    cross.out.weight.copy_(COPY_GAIN * torch.eye(width))


def _content_channels(width: int) -> Tensor:
    """Channel of each component, (153,): the embedding gives a half of the width to joints, a quarter to each rest."""
    sizes = (LOCAL_SIZE, VELOCITY_SIZE, FEATURE_SIZE - LOCAL_SIZE - VELOCITY_SIZE)
    begins = (0, width // 2, width // 2 + width // 4)
    if sizes[0] > width // 2 or max(sizes[1:]) > width // 4:
        raise ValueError(f"a width of {width} cannot hold a frame; start_as_identity needs at least {2 * LOCAL_SIZE}")
    return torch.cat([torch.arange(begin, begin + size) for begin, size in zip(begins, sizes, strict=True)])


def _copy_into_channels(block: PoseBlock, constant: Tensor) -> None:
    embedding = block.embedding
    begin = 0
    for linear in (embedding.local, embedding.velocity, embedding.left_to_right):
        linear.weight.zero_()
        linear.weight[: linear.in_features].copy_(torch.eye(linear.in_features))
        linear.bias.copy_(constant[begin : begin + linear.out_features])
        begin += linear.out_features
    embedding.placeholder.mul_(0.1)


def _make_head_linear(block: PoseBlock, channels: Tensor, spare: Tensor, constant: Tensor, gain: float) -> None:
    """Undo the final norm: multiply by what it divided by, and add the mean it took away, read off the constants."""
    first, second, last = block.head[0], block.head[2], block.head[4]
    assert isinstance(first, nn.Linear), "the head is linear, activation, linear, activation, linear"
    assert isinstance(second, nn.Linear), "the head is linear, activation, linear, activation, linear"
    assert isinstance(last, nn.Linear), "the head is linear, activation, linear, activation, linear"
    rows = torch.zeros(len(channels), block.config.width)
    rows[torch.arange(len(channels)), channels] = gain
    rows[:, spare] -= gain / int(spare.sum())
    count = len(channels)
    first.weight[:count] = rows
    first.bias[:count] = LINEAR_BIAS + constant[spare].mean()
    second.weight[:count] = 0.0
    second.weight[:count, :count] = torch.eye(count)
    second.bias[:count] = 0.0
    last.weight.mul_(0.1)
    last.weight[:, :count] = torch.eye(count)
    last.bias.fill_(-LINEAR_BIAS)
