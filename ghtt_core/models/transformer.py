# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pre-norm transformer layers with position added to queries and keys in every layer (method of the paper).

Positions never enter the residual stream or the values. Because ``W(x + p) = Wx + Wp``, the projections of queries,
keys and values are one matrix product over ``x`` plus a small product over the positions, which is the same for the
whole batch.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def sinusoid(positions: Tensor, width: int) -> Tensor:
    """Sinusoidal code: channel 2i is sin(p e^(-2i ln(1e4) / width)), channel 2i + 1 the cosine.

    Args:
        positions: ``(...)`` positions, any numeric type.
        width: Even number of channels.

    Returns:
        ``(..., width)`` float32.
    """
    channel = torch.arange(0, width, 2, dtype=torch.float32, device=positions.device)
    angle = positions.to(torch.float32)[..., None] * torch.exp(channel * (-math.log(1e4) / width))
    return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(-2)


def key_mask(valid: Tensor | None) -> Tensor | None:
    """Turns ``(B, L)`` key validity into the ``(B, 1, 1, L)`` mask that attention broadcasts over heads and queries."""
    return None if valid is None else valid[:, None, None, :]


def split_heads(tokens: Tensor, heads: int) -> Tensor:
    """Views ``(B, L, d)`` as ``(B, heads, L, d / heads)``."""
    return tokens.view(*tokens.shape[:-1], heads, -1).transpose(1, 2)


class SelfAttention(nn.Module):
    """Multi-head attention of tokens among themselves; queries and keys see the positions, values do not."""

    def __init__(self, width: int, heads: int) -> None:
        """Builds the projections; `heads` must divide `width`."""
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        nn.init.zeros_(self.project.bias)
        nn.init.zeros_(self.out.bias)

    def position_bias(self, position: Tensor) -> Tensor:
        """Projects positions ``(L, d)`` once for the batch: ``(L, 3d)``, zero for the values."""
        width = position.shape[-1]
        return functional.pad(functional.linear(position, self.project.weight[: 2 * width]), (0, width))

    def forward(self, tokens: Tensor, position: Tensor, mask: Tensor | None) -> Tensor:
        """Attends.

        Args:
            tokens: ``(B, L, d)``, already normalised.
            position: ``(L, d)``.
            mask: Key mask broadcastable to ``(B, heads, L, L)``, True where a key may be seen, or None.

        Returns:
            ``(B, L, d)``.
        """
        projected = self.project(tokens) + self.position_bias(position)  # (B, L, 3d)
        query, key, value = projected.unflatten(-1, (3, self.heads, -1)).permute(
            2, 0, 3, 1, 4
        )  # (B, heads, L, d / heads)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(-2))
        return out


class CrossAttention(nn.Module):
    """Multi-head attention of queries to a memory; values do not see the memory's positions."""

    def __init__(self, width: int, heads: int) -> None:
        """Builds the projections; `heads` must divide `width`."""
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(width, 3 * width)  # rows: query, key, value
        self.out = nn.Linear(width, width)
        nn.init.zeros_(self.project.bias)
        nn.init.zeros_(self.out.bias)

    def forward(
        self, tokens: Tensor, position: Tensor, memory: Tensor, memory_position: Tensor, mask: Tensor | None
    ) -> Tensor:
        """Attends.

        Args:
            tokens: ``(B, L, d)`` queries, already normalised.
            position: ``(L, d)`` of the queries.
            memory: ``(B, K, d)``.
            memory_position: ``(K, d)``.
            mask: Key mask broadcastable to ``(B, heads, L, K)``, or None.

        Returns:
            ``(B, L, d)``.
        """
        width = tokens.shape[-1]
        weight, bias = self.project.weight, self.project.bias
        key_bias = functional.pad(functional.linear(memory_position, weight[width : 2 * width]), (0, width))
        query = functional.linear(tokens + position, weight[:width], bias[:width])
        projected = functional.linear(memory, weight[width:], bias[width:]) + key_bias  # (B, K, 2d)
        query = split_heads(query, self.heads)
        key, value = (split_heads(part, self.heads) for part in projected.chunk(2, dim=-1))
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(-2))
        return out

    def single(self, memory: Tensor) -> Tensor:
        """Attention to one memory token ``(B, 1, d)``: softmax over one key is 1, so no query is needed."""
        width = memory.shape[-1]
        value = functional.linear(memory, self.project.weight[2 * width :], self.project.bias[2 * width :])
        out: Tensor = self.out(value)
        return out


class FeedForward(nn.Module):
    """Two linear maps with GELU between them."""

    def __init__(self, width: int, hidden: int) -> None:
        """Builds the two maps around `hidden` channels."""
        super().__init__()
        self.expand = nn.Linear(width, hidden)
        self.contract = nn.Linear(hidden, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Maps ``(..., d)`` to ``(..., d)``."""
        out: Tensor = self.contract(functional.gelu(self.expand(tokens)))
        return out


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, each normalised before and added after."""

    def __init__(self, width: int, heads: int, feedforward: int) -> None:
        """Builds one layer."""
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads)
        self.feedforward_norm = nn.LayerNorm(width)
        self.feedforward = FeedForward(width, feedforward)

    def forward(self, tokens: Tensor, position: Tensor, mask: Tensor | None) -> Tensor:
        """Maps ``(B, L, d)`` to ``(B, L, d)``; see `SelfAttention.forward` for the arguments."""
        tokens = tokens + self.attention(self.attention_norm(tokens), position, mask)
        tokens = tokens + self.feedforward(self.feedforward_norm(tokens))
        return tokens


class DecoderLayer(nn.Module):
    """Self-attention, cross-attention to the memory, and feed-forward."""

    def __init__(self, width: int, heads: int, feedforward: int) -> None:
        """Builds one layer."""
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads)
        self.cross_norm = nn.LayerNorm(width)
        self.cross = CrossAttention(width, heads)
        self.feedforward_norm = nn.LayerNorm(width)
        self.feedforward = FeedForward(width, feedforward)

    def forward(
        self,
        tokens: Tensor,
        position: Tensor,
        mask: Tensor | None,
        memory: Tensor,
        memory_position: Tensor,
        memory_mask: Tensor | None,
    ) -> Tensor:
        """Maps queries ``(B, L, d)`` to ``(B, L, d)`` given a memory ``(B, K, d)``."""
        tokens = tokens + self.attention(self.attention_norm(tokens), position, mask)
        if memory.shape[1] == 1:
            seen = self.cross.single(memory)
            if self.training:
                # The norm has no part in the result, yet must get its (zero) gradient at every step: data-parallel
                # training refuses parameters that come and go.
                seen = seen + 0.0 * (self.cross_norm.weight + self.cross_norm.bias)
        else:
            seen = self.cross(self.cross_norm(tokens), position, memory, memory_position, memory_mask)
        tokens = tokens + seen
        tokens = tokens + self.feedforward(self.feedforward_norm(tokens))
        return tokens


def _xavier(module: nn.Module) -> None:
    """Xavier-uniform on every matrix of a stack, as the paper's networks start."""
    for parameter in module.parameters():
        if parameter.dim() > 1:
            nn.init.xavier_uniform_(parameter)


class Encoder(nn.Module):
    """A stack of encoder layers and a final norm; positions count from 0."""

    position: Tensor

    def __init__(self, width: int, heads: int, feedforward: int, layers: int, max_tokens: int = 64) -> None:
        """Builds the stack for sequences of at most `max_tokens`."""
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(width, heads, feedforward) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.register_buffer("position", sinusoid(torch.arange(max_tokens), width), persistent=False)
        _xavier(self)

    def forward(self, tokens: Tensor, valid: Tensor | None = None) -> Tensor:
        """Encodes.

        Args:
            tokens: ``(B, L, d)``.
            valid: ``(B, L)`` bool, at least one True per row; tokens that are not valid are hidden as keys.

        Returns:
            ``(B, L, d)`` after the final norm.
        """
        position, mask = self.position[: tokens.shape[1]], key_mask(valid)
        for layer in self.layers:
            tokens = layer(tokens, position, mask)
        out: Tensor = self.norm(tokens)
        return out


class Decoder(nn.Module):
    """A stack of decoder layers and a final norm; queries and memory both count their positions from 0."""

    position: Tensor

    def __init__(self, width: int, heads: int, feedforward: int, layers: int, max_tokens: int = 64) -> None:
        """Builds the stack for queries and memories of at most `max_tokens`."""
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(width, heads, feedforward) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.register_buffer("position", sinusoid(torch.arange(max_tokens), width), persistent=False)
        _xavier(self)

    def forward(
        self, queries: Tensor, memory: Tensor, query_valid: Tensor | None = None, memory_valid: Tensor | None = None
    ) -> Tensor:
        """Decodes all queries in parallel.

        Args:
            queries: ``(B, L, d)`` content of the queries.
            memory: ``(B, K, d)``; with K = 1 the cross-attention needs no queries and is computed once per row.
            query_valid: ``(B, L)`` bool or None; hides queries from one another.
            memory_valid: ``(B, K)`` bool or None.

        Returns:
            ``(B, L, d)`` after the final norm.
        """
        position, mask = self.position[: queries.shape[1]], key_mask(query_valid)
        memory_position, memory_mask = self.position[: memory.shape[1]], key_mask(memory_valid)
        for layer in self.layers:
            queries = layer(queries, position, mask, memory, memory_position, memory_mask)
        out: Tensor = self.norm(queries)
        return out
