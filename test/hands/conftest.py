# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Two hands that move smoothly, with palms that keep their shape and size."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ghtt_core.hands import rigid

# A right palm and where the thumb starts, metres: x to the index side, y to the fingers, z out of the palm.
ROOTS = [
    [0.035, 0.03, 0.012],
    [0.026, 0.088, 0.004],
    [0.003, 0.09, -0.004],
    [-0.016, 0.083, -0.002],
    [-0.033, 0.073, 0.004],
]
MotionMaker = Callable[..., Tensor]


def make_motion(seed: int, frames: int, batch: tuple[int, ...] = ()) -> Tensor:
    """Return joints (*batch, frames, 2, 21, 3) float64, metres, about 0.6 m in front of a camera."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    phase = torch.linspace(0.0, 9.0, frames, dtype=torch.float64)[:, None, None]
    roots = torch.tensor(ROOTS, dtype=torch.float64)
    curl = 0.6 + 0.5 * torch.sin(phase[..., None] + normal(*batch, 1, 2, 5, 1))  # (..., T, 2, 5, 1)
    angle = curl * torch.arange(4, dtype=torch.float64)
    bone = torch.stack((0 * angle, torch.cos(angle), torch.sin(angle)), dim=-1) * 0.028
    chain = roots[:, None, :] + torch.cat((torch.zeros_like(bone[..., :1, :]), bone[..., 1:, :].cumsum(-2)), dim=-2)
    hands = torch.cat((torch.zeros_like(chain[..., 0, :1, :]), chain.flatten(-3, -2)), dim=-2)  # (..., T, 2, 21, 3)
    hands = hands * (1 + 0.1 * normal(*batch, 1, 1, 1, 1).tanh())
    hands[..., 0, :, 0] *= -1
    turn = normal(*batch, 1, 2, 3) * torch.sin(phase + normal(*batch, 1, 2, 3))
    place = torch.tensor([0.0, 0.0, 0.6]) + 0.15 * torch.sin(0.7 * phase + 3 * normal(*batch, 1, 2, 3))
    return rigid.apply(rigid.RigidMap(rigid.rotation_from_vector(turn), place.double()), hands)


def make_map(seed: int, shape: tuple[int, ...] = ()) -> rigid.RigidMap:
    """Return random rigid maps of a batch shape, float64, translations of about a metre."""
    generator = torch.Generator().manual_seed(seed)
    rotation = rigid.rotation_from_6d(torch.randn(*shape, 6, generator=generator, dtype=torch.float64))
    return rigid.RigidMap(rotation, torch.randn(*shape, 3, generator=generator, dtype=torch.float64))


@pytest.fixture(scope="session")
def motion() -> MotionMaker:
    return make_motion


@pytest.fixture(scope="session")
def random_map() -> Callable[..., rigid.RigidMap]:
    return make_map


@pytest.fixture(scope="session")
def template() -> Tensor:
    from ghtt_core.hands.canonical import estimate_template

    return estimate_template(make_motion(0, 20))
