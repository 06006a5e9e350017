# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The transformer stacks for inference: the same results as `ghtt_core.models.transformer`, less work.

- The projections of the positions are known beforehand: one matrix product gives queries, keys and values.
- GELU and residual sums happen inside the matrix products (`ghtt_core.models.packed`).
- Cross-attention to a single memory token is one linear map of it (W_o W_v), computed for all layers at once.
- A memory that many rows share is projected once.
- Rows are taken in chunks whose activations stay in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from ghtt_core.models.packed import PackedLinear
from ghtt_core.models.transformer import (
    Decoder,
    DecoderLayer,
    Encoder,
    EncoderLayer,
    FeedForward,
    SelfAttention,
    key_mask,
    split_heads,
)

CHUNK_TOKENS = 384
"""Tokens worked on at a time: enough to use the matrix units fully, few enough for the cache."""


def chunks(rows: int, tokens: int) -> Iterator[slice]:
    """Slices of the rows of a batch so that each slice has about `CHUNK_TOKENS` tokens."""
    count = max(1, round(rows * tokens / CHUNK_TOKENS))
    size = -(-rows // count) if rows else 1
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))


def shown(valid: Tensor | None) -> Tensor | None:
    """The key mask of ``(B, L)`` validity, or None where everything is valid (asked only where asking is free)."""
    if valid is None or (valid.device.type == "cpu" and bool(valid.all())):
        return None
    return key_mask(valid)


def part(tensor: Tensor | None, rows: slice) -> Tensor | None:
    """Rows of a tensor that may be absent, or shared by all rows."""
    return tensor if tensor is None or tensor.shape[0] == 1 else tensor[rows]


def _mix(query: Tensor, key: Tensor, value: Tensor, heads: int, mask: Tensor | None) -> Tensor:
    """Attention of ``(B, L, d)`` to ``(B, K, d)``, as rows ``(B L, d)``."""
    out = functional.scaled_dot_product_attention(
        split_heads(query, heads), split_heads(key, heads), split_heads(value, heads), attn_mask=mask
    )
    return out.transpose(1, 2).reshape(-1, query.shape[-1])


class _Norm:
    """Normalises the float32 residual stream and hands it on in the dtype of the matrix products."""

    def __init__(self, norm: nn.LayerNorm, dtype: torch.dtype) -> None:
        self._shape, self._eps, self._dtype = tuple(norm.normalized_shape), norm.eps, dtype
        self._weight, self._bias = norm.weight.detach(), norm.bias.detach()

    def __call__(self, rows: Tensor) -> Tensor:
        return functional.layer_norm(rows, self._shape, self._weight, self._bias, self._eps).to(self._dtype)


class _SelfPart:
    def __init__(self, attention: SelfAttention, norm: nn.LayerNorm, position: Tensor, dtype: torch.dtype) -> None:
        self._heads = attention.heads
        self._norm = _Norm(norm, dtype)
        self._project = PackedLinear(attention.project.weight, None, dtype)
        # The bias of the projection rides along with the positions.
        self._place = (attention.position_bias(position) + attention.project.bias).detach().to(dtype)
        self._out = PackedLinear.of(attention.out, dtype)

    def __call__(self, rows: Tensor, length: int, mask: Tensor | None, wanted: int | None = None) -> Tensor:
        """Attends; only the first `wanted` tokens of every sequence are given, all when None."""
        place, batch = self._place[:length], rows.shape[0] // length
        if batch == 1:
            projected = self._project.added_to(place, self._norm(rows)).unsqueeze(0)
        else:
            projected = self._project(self._norm(rows)).view(batch, length, -1).add_(place)
        query, key, value = projected.chunk(3, dim=-1)
        if wanted is not None:
            query = query[:, :wanted]
            rows = rows.view(batch, length, -1)[:, :wanted].reshape(batch * wanted, -1)
        return self._out.added_to(rows, _mix(query, key, value, self._heads, mask))


class _FeedPart:
    def __init__(self, feedforward: FeedForward, norm: nn.LayerNorm, dtype: torch.dtype) -> None:
        self._norm = _Norm(norm, dtype)
        self._expand = PackedLinear.of(feedforward.expand, dtype)
        self._contract = PackedLinear.of(feedforward.contract, dtype)

    def __call__(self, rows: Tensor) -> Tensor:
        return self._contract.added_to(rows, self._expand.gelu(self._norm(rows)))


class _CrossPart:
    def __init__(self, layer: DecoderLayer, position: Tensor, dtype: torch.dtype) -> None:
        cross = layer.cross
        width = position.shape[-1]
        weight, bias = cross.project.weight, cross.project.bias
        self._heads, self._width = cross.heads, width
        self._norm = _Norm(layer.cross_norm, dtype)
        self._query = PackedLinear(weight[:width], None, dtype)
        self._query_place = functional.linear(position, weight[:width], bias[:width]).detach().to(dtype)
        self._memory = PackedLinear(weight[width:], bias[width:], dtype)
        self._key_place = functional.linear(position, weight[width : 2 * width]).detach().to(dtype)
        self._out = PackedLinear.of(cross.out, dtype)
        self.single_weight = (cross.out.weight @ weight[2 * width :]).detach()
        self.single_bias = (cross.out.weight @ bias[2 * width :] + cross.out.bias).detach()

    def memory(self, memory: Tensor, first: int) -> Tensor:
        """Keys and values ``(B, K, 2d)`` of memory tokens that stand at positions `first` and on."""
        batch, length, width = memory.shape
        projected = self._memory(memory.reshape(-1, width).to(self._key_place.dtype)).view(batch, length, 2 * width)
        projected[..., :width] += self._key_place[first : first + length]
        return projected

    def __call__(self, rows: Tensor, length: int, projected: Tensor, mask: Tensor | None) -> Tensor:
        batch = rows.shape[0] // length
        query = self._query(self._norm(rows)).view(batch, length, -1).add_(self._query_place[:length])
        key, value = projected.chunk(2, dim=-1)
        return self._out.added_to(rows, _mix(query, key, value, self._heads, mask))


class FastEncoder:
    """`Encoder` for inference."""

    def __init__(self, encoder: Encoder, dtype: torch.dtype) -> None:
        """Packs the weights of an encoder."""
        self._parts = [
            (
                _SelfPart(layer.attention, layer.attention_norm, encoder.position, dtype),
                _FeedPart(layer.feedforward, layer.feedforward_norm, dtype),
            )
            for layer in encoder.layers
            if isinstance(layer, EncoderLayer)
        ]
        self._norm = _Norm(encoder.norm, torch.float32)

    def __call__(self, tokens: Tensor, valid: Tensor | None, wanted: int | None = None) -> Tensor:
        """See `Encoder.forward`; only the first `wanted` outputs of every sequence are given, all when None."""
        batch, length, width = tokens.shape
        rows, mask = tokens.reshape(-1, width), shown(valid)
        for attend, feed in self._parts[:-1]:
            rows = feed(attend(rows, length, mask))
        attend, feed = self._parts[-1]
        rows = feed(attend(rows, length, mask, wanted))
        return self._norm(rows).view(batch, -1, width)


class FastDecoder:
    """`Decoder` for inference; the latent and the other memory tokens come apart."""

    def __init__(self, decoder: Decoder, dtype: torch.dtype) -> None:
        """Packs the weights of a decoder."""
        self._layers = [
            (
                _SelfPart(layer.attention, layer.attention_norm, decoder.position, dtype),
                _CrossPart(layer, decoder.position, dtype),
                _FeedPart(layer.feedforward, layer.feedforward_norm, dtype),
            )
            for layer in decoder.layers
            if isinstance(layer, DecoderLayer)
        ]
        self._norm = _Norm(decoder.norm, torch.float32)
        self._single = PackedLinear(
            torch.cat([cross.single_weight for _, cross, _ in self._layers]),
            torch.cat([cross.single_bias for _, cross, _ in self._layers]),
            torch.float32,
        )
        self._position = decoder.position
        self._first: dict[int, Tensor] = {}

    def __call__(
        self,
        queries: Tensor | None,
        latent: Tensor,
        length: int,
        tokens: Tensor | None = None,
        tokens_valid: Tensor | None = None,
        query_valid: Tensor | None = None,
    ) -> Tensor:
        """Decodes.

        Args:
            queries: ``(B, L, d)``, or None where the queries are the positions themselves.
            latent: ``(B, d)``.
            length: L.
            tokens: ``(B or 1, K, d)`` further memory, or None.
            tokens_valid: ``(B or 1, K)`` or None.
            query_valid: ``(B, L)`` or None.

        Returns:
            ``(B, L, d)``.
        """
        batch, width = latent.shape
        query_mask, memory_mask = shown(query_valid), None
        if tokens is not None and tokens_valid is not None:
            memory_mask = shown(functional.pad(tokens_valid, (1, 0), value=True))
        single = self._single(latent).view(batch, -1, width) if tokens is None else None
        # Repeating copies even a single row: what follows adds to it in place.
        rows = self._first_layer(length).repeat(batch, 1) if queries is None else queries.reshape(-1, width)
        for index, (attend, cross, feed) in enumerate(self._layers):
            if index or queries is not None:
                rows = attend(rows, length, query_mask)
            if tokens is None:
                assert single is not None
                rows.view(batch, length, width).add_(single[:, index, None])
            else:
                memory = cross.memory(latent[:, None], 0)
                shared = cross.memory(tokens, 1).expand(batch, -1, -1)
                rows = cross(rows, length, torch.cat((memory, shared), dim=1), memory_mask)
            rows = feed(rows)
        return self._norm(rows).view(batch, length, width)

    def _first_layer(self, length: int) -> Tensor:
        """Queries after the first self-attention ``(L, d)``: where they start as positions, a constant."""
        if length not in self._first:
            self._first[length] = self._layers[0][0](self._position[:length], length, None)
        return self._first[length]
