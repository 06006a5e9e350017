# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Window registration."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ghtt_core.hands import rigid
from ghtt_core.hands.noise import DetectorNoise
from ghtt_core.hands.registration import register_window


def place(maps: rigid.RigidMap, window: torch.Tensor) -> torch.Tensor:
    every = rigid.RigidMap(maps.rotation.unsqueeze(-4), maps.translation.unsqueeze(-3))
    return rigid.apply(every, window)


@given(seed=st.integers(0, 2**31), shape=st.sampled_from([(), (2,)]))
@settings(max_examples=15, deadline=None)
def test_it_finds_where_the_window_was_moved_from_what_was_observed(motion, random_map, seed, shape):
    decoded = motion(seed, 16, shape)
    truth = random_map(seed, (*shape, 2))
    observed = place(truth, decoded)
    weights = (torch.rand(*shape, 16, 2, 21, generator=torch.Generator().manual_seed(seed)) > 0.5).double()
    observed = observed + 3.0 * (1 - weights).unsqueeze(-1)
    found = register_window(decoded, observed, weights)
    torch.testing.assert_close(found.rotation, truth.rotation)
    torch.testing.assert_close(found.translation, truth.translation)


def test_it_averages_the_noise_of_a_window(motion):
    window = motion(1, 16, (20,))
    noisy, valid = DetectorNoise()(window, torch.Generator().manual_seed(1))
    weights = valid.double().unsqueeze(-1).expand(*valid.shape, 21)
    placed = place(register_window(window, noisy, weights), window)
    assert (placed - window).norm(dim=-1).mean() < 0.4 * (noisy - window).norm(dim=-1).mean()


def test_a_hand_never_observed_stays_where_it_is(motion):
    window = motion(2, 16)
    weights = torch.ones(16, 2, 21)
    weights[:, 0] = 0.0
    found = register_window(window, window + 1.0, weights)
    torch.testing.assert_close(found.translation[0], torch.zeros(3, dtype=torch.float64))
    torch.testing.assert_close(found.translation[1], torch.ones(3, dtype=torch.float64))
