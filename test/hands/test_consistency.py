# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The consistency blend."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ghtt_core.hands import components, rigid
from ghtt_core.hands.consistency import consistency_blend
from ghtt_core.hands.noise import PaperNoise


def paths(motion, template, seed: int, shape: tuple[int, ...]) -> tuple[rigid.RigidMap, rigid.RigidMap]:
    """A drifting path and the measured one, both local(t) -> local(0)."""
    code = components.encode(motion(seed, 16, shape), template)
    noisy = PaperNoise()(code.features, torch.Generator().manual_seed(seed))
    return components.integrate(noisy), components.integrate(code.features)


@given(seed=st.integers(0, 2**31), goal=st.integers(0, 15), shape=st.sampled_from([(), (2,)]))
@settings(max_examples=15, deadline=None)
def test_both_ends_lie_on_the_measured_path(motion, template, seed, goal, shape):
    refined, measured = paths(motion, template, seed, shape)
    frame_valid = torch.arange(16).expand(*shape, 16) <= goal
    blended = consistency_blend(refined, measured, frame_valid)
    for frame in (0, goal):
        for found, expected in zip(blended, measured, strict=True):
            axis = len(shape)
            torch.testing.assert_close(found.select(axis, frame), expected.select(axis, frame), atol=1e-8, rtol=0)
    torch.testing.assert_close(torch.det(blended.rotation), torch.ones(*shape, 16, 2, dtype=torch.float64))


def test_a_path_that_already_fits_stays_as_it_is(motion, template):
    _, measured = paths(motion, template, 1, (2,))
    blended = consistency_blend(measured, measured)
    torch.testing.assert_close(blended.rotation, measured.rotation)
    torch.testing.assert_close(blended.translation, measured.translation)
