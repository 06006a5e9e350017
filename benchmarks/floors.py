# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What no implementation on this machine can beat: arithmetic over measured rate, bytes over measured bandwidth.

The arithmetic counted is what the fast path has to do, with its shortcuts already taken (one-token memory, shared
memory, constant first self-attention), so the ratio to the floor cannot be improved by counting work that is avoided.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from ghtt_core.models.config import BlockConfig

FRAMES = 16
FEATURES = 153


@dataclass(frozen=True)
class Work:
    """Floating point operations (a multiply-add is two) and parameters that must be read at least once."""

    flops: float
    parameters: float

    def __add__(self, other: Work) -> Work:
        """Work done in one call that reads different parameters."""
        return Work(self.flops + other.flops, self.parameters + other.parameters)

    def again(self, times: float) -> Work:
        """The same work repeated for a batch: parameters are read once."""
        return Work(self.flops * times, self.parameters)


@dataclass(frozen=True)
class Machine:
    """Measured rates: float operations per second by dtype, bytes read per second."""

    flops: dict[torch.dtype, float]
    bandwidth: float

    def arithmetic_ms(self, work: Work, dtype: torch.dtype) -> float:
        """Time the arithmetic takes at the full measured rate."""
        return 1e3 * work.flops / self.flops[dtype]

    def reading_ms(self, work: Work, dtype: torch.dtype) -> float:
        """Time it takes to read the parameters once."""
        return 1e3 * work.parameters * dtype.itemsize / self.bandwidth


def fastest(call: Callable[[], object], seconds: float, clock: Callable[[], float]) -> float:
    """Least time of a call on a clock, within a budget of wall-clock seconds."""
    call()
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = clock()
        call()
        best = min(best, clock() - start)
    return best


def measure_machine(clock: Callable[[], float], seconds: float = 2.0) -> Machine:
    """Measures a large matrix product per dtype and a large read, with the current number of threads."""
    size = 1536
    flops = {}
    for dtype in (torch.float32, torch.bfloat16):
        left, right = torch.randn(size, size).to(dtype), torch.randn(size, size).to(dtype)
        flops[dtype] = 2.0 * size**3 / fastest(lambda a=left, b=right: a @ b, seconds, clock)
    large = torch.ones(64 * 2**20)
    return Machine(flops, large.numel() * 4 / fastest(large.sum, seconds, clock))


def _attention(config: BlockConfig, queries: int, keys: int) -> float:
    return 4.0 * queries * keys * config.width


def _linear(tokens: float, weights: float) -> float:
    return 2.0 * tokens * weights


def encoder(config: BlockConfig, tokens: int) -> Work:
    """One sequence through an encoder stack."""
    weights = 4 * config.width**2 + 2 * config.width * config.feedforward
    layer = _linear(tokens, weights) + _attention(config, tokens, tokens)
    return Work(config.encoder_layers * layer, config.encoder_layers * weights)


def decoder(config: BlockConfig, queries: int, memory: int, constant_start: bool) -> Work:
    """One sequence through a decoder stack; a memory of 0 tokens besides the latent takes the one-token shortcut."""
    width, layers = config.width, config.decoder_layers
    own, feed = 4 * width**2, 2 * width * config.feedforward
    attention = _linear(queries, own) + _attention(config, queries, queries)
    flops = layers * (attention + _linear(queries, feed)) - constant_start * attention
    cross = width**2 if memory == 0 else 4 * width**2
    if memory == 0:
        flops += layers * _linear(1, width**2)
    else:
        per_layer = _linear(queries + memory + 1, 2 * width**2) + _attention(config, queries, memory + 1)
        flops += layers * per_layer
    return Work(flops, layers * (own + feed + cross) - constant_start * own)


def head(config: BlockConfig, tokens: int) -> Work:
    """The output head of P."""
    weights = 2 * config.width**2 + config.width * FEATURES
    return Work(_linear(tokens, weights), weights)


def embedding(config: BlockConfig, tokens: int) -> Work:
    """The input embedding of P."""
    weights = 126 * config.width / 2 + 27 * config.width / 4
    return Work(_linear(tokens, weights), weights)


def pose_encode(config: BlockConfig) -> Work:
    """P's encoder on one clip."""
    return embedding(config, FRAMES) + encoder(config, FRAMES + 2) + head(config, FRAMES)


def action_encode(config: BlockConfig, clips: int) -> Work:
    """A's encoder on one sequence of clips with their objects."""
    return encoder(config, 2 * clips + 2)


def action_both(config: BlockConfig, clips: int, future: int) -> Work:
    """A's encoder and decoder on one sequence."""
    return action_encode(config, clips) + decoder(config, future, clips, constant_start=False)


def forecast_action(
    pose_config: BlockConfig, action_config: BlockConfig, clips: int, samples: int, future: int
) -> Work:
    """P.b: A's encoder once, A's decoder per sample (keys of the clips once), P's decoder per sample and clip."""
    shared = 2.0 * clips * 2 * action_config.width**2 * action_config.decoder_layers
    action = decoder(action_config, future, clips, constant_start=False)
    decoded = Work(action.flops * samples - shared * (samples - 1), action.parameters)
    pose = decoder(pose_config, FRAMES, 0, constant_start=True) + head(pose_config, FRAMES)
    return action_encode(action_config, clips) + decoded + pose.again(samples * future)


def forecast_pose(config: BlockConfig, samples: int, rounds: int) -> Work:
    """P.a: encode once; then decode all samples with their tokens and encode the prediction, round by round."""
    encode = embedding(config, FRAMES) + encoder(config, FRAMES + 2)
    decode = decoder(config, FRAMES, FRAMES, constant_start=True) + head(config, FRAMES)
    weights = (rounds * encode.parameters, rounds * decode.parameters)  # each round reads them again
    flops = encode.flops * (1 + samples * (rounds - 1)) + decode.flops * samples * rounds
    return Work(flops, sum(weights))
