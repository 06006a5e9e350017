# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Linear maps with their weights laid out once for the processor, and the next step of the layer fused into them."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional

_SLOPE = 0.01
"""Negative slope of the output heads' LeakyReLU."""


class PackedLinear:
    """``x W^T + b`` for inference, in float32 or bfloat16.

    On a CPU the weights are reordered for oneDNN, which also takes GELU, LeakyReLU and the residual sum into the matrix
    product. Elsewhere, or where this build of torch lacks those kernels, plain torch computes the same.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, dtype: torch.dtype = torch.float32) -> None:
        """Packs ``(N, K)`` weights and an ``(N,)`` bias."""
        weight = weight.detach().to(dtype).contiguous()
        self._bias = None if bias is None else bias.detach().to(dtype).contiguous()
        self._packed = weight.device.type == "cpu" and _kernels_work(dtype)
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight) if self._packed else weight

    @classmethod
    def of(cls, linear: nn.Linear, dtype: torch.dtype) -> PackedLinear:
        """Packs a linear module."""
        return cls(linear.weight, linear.bias, dtype)

    def __call__(self, rows: Tensor) -> Tensor:
        """Maps ``(M, K)`` to ``(M, N)``."""
        return self._unary(rows, "none") if self._packed else functional.linear(rows, self._weight, self._bias)

    def gelu(self, rows: Tensor) -> Tensor:
        """Maps ``(M, K)`` to ``(M, N)`` and applies GELU."""
        if self._packed:
            return self._unary(rows, "gelu", None, "none")
        return functional.gelu(functional.linear(rows, self._weight, self._bias))

    def leaky_relu(self, rows: Tensor) -> Tensor:
        """Maps ``(M, K)`` to ``(M, N)`` and applies LeakyReLU."""
        if self._packed:
            return self._unary(rows, "leaky_relu", _SLOPE)
        return functional.leaky_relu(functional.linear(rows, self._weight, self._bias), _SLOPE)

    def added_to(self, residual: Tensor, rows: Tensor) -> Tensor:
        """Maps ``(M, K)`` to ``(M, N)`` and adds the residual ``(M, N)``, whose dtype the result takes."""
        if self._packed and residual.dtype == rows.dtype:
            out: Tensor = torch.ops.mkldnn._linear_pointwise.binary(rows, residual, self._weight, self._bias, "add")
            return out
        return residual + self(rows)

    def _unary(self, rows: Tensor, name: str, scalar: float | None = None, algorithm: str = "") -> Tensor:
        scalars = [] if scalar is None else [scalar]
        out: Tensor = torch.ops.mkldnn._linear_pointwise(rows, self._weight, self._bias, name, scalars, algorithm)
        return out


@cache
def _kernels_work(dtype: torch.dtype) -> bool:
    """Whether this build of torch has the packed kernels and they agree with plain torch; tried once per process."""
    if not torch.backends.mkldnn.enabled:
        return False
    generator = torch.Generator().manual_seed(0)
    weight, rows, other = (torch.randn(shape, generator=generator).to(dtype) for shape in ((32, 16), (3, 16), (3, 32)))
    want = functional.linear(rows, weight)
    try:
        packed = torch.ops.mkldnn._reorder_linear_weight(weight)
        got = torch.ops.mkldnn._linear_pointwise(rows, packed, None, "none", [], "")
        gelu = torch.ops.mkldnn._linear_pointwise(rows, packed, None, "gelu", [], "none")
        leaky = torch.ops.mkldnn._linear_pointwise(rows, packed, None, "leaky_relu", [_SLOPE], "")
        total = torch.ops.mkldnn._linear_pointwise.binary(rows, other, packed, None, "add")
    except (AttributeError, RuntimeError, TypeError):
        return False
    pairs = ((got, want), (gelu, functional.gelu(want)), (leaky, functional.leaky_relu(want)), (total, want + other))
    return all(
        torch.allclose(one.float(), two.float(), atol=0.1 if dtype == torch.bfloat16 else 1e-4) for one, two in pairs
    )
