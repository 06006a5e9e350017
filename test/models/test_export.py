# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fixed shapes and no data-dependent Python: the networks can be exported and compiled as one graph."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.config import SMALL
from ghtt_core.models.pose_block import PoseBlock

TEXT = 24
WIDTH = SMALL.width


class Method(nn.Module):
    """Makes one method of a block exportable."""

    def __init__(self, block: nn.Module, name: str) -> None:
        super().__init__()
        self.block = block
        self.method: Callable[..., object] = getattr(block, name)

    def forward(self, *arguments: Tensor) -> object:
        return self.method(*arguments)


def true(*shape: int) -> Tensor:
    return torch.ones(*shape, dtype=torch.bool)


def cases() -> dict[str, tuple[nn.Module, tuple[Tensor, ...]]]:
    torch.manual_seed(0)
    pose, action = PoseBlock(SMALL).eval(), ActionBlock(SMALL, TEXT).eval()
    return {
        "P encode": (Method(pose, "encode"), (torch.randn(2, 16, 153), true(2, 16), true(2, 16, 2, 21))),
        "P decode": (Method(pose, "decode"), (torch.randn(2, WIDTH),)),
        "P decode with tokens": (
            Method(pose, "decode"),
            (torch.randn(2, WIDTH), torch.randn(2, 16, WIDTH), true(2, 16)),
        ),
        "A encode": (
            Method(action, "encode"),
            (torch.randn(2, 16, WIDTH), torch.randn(2, 16, TEXT), true(2, 16), true(2, 16)),
        ),
        "A decode": (
            Method(action, "decode"),
            (torch.randn(2, WIDTH), torch.randn(2, 16, WIDTH), true(2, 16), torch.tensor([4, 9]), true(2, 17)),
        ),
    }


CASES = cases()


def flat(result: object) -> tuple[Tensor, ...]:
    return (result,) if isinstance(result, Tensor) else tuple(result)  # type: ignore[call-overload]


@pytest.mark.parametrize("name", CASES)
def test_exported_graph_computes_the_same(name: str) -> None:
    module, arguments = CASES[name]
    exported = torch.export.export(module, arguments)
    torch.testing.assert_close(flat(exported.module()(*arguments)), flat(module(*arguments)))


@pytest.mark.parametrize("name", ["P encode", "A decode"])
def test_compiles_into_one_graph(name: str) -> None:
    module, arguments = CASES[name]
    compiled = torch.compile(module, backend="eager", fullgraph=True)
    torch.testing.assert_close(flat(compiled(*arguments)), flat(module(*arguments)))
