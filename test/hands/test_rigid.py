# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rigid maps: the algebra of maps, rotations and back, the scan, and the nearest rotation."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ghtt_core.hands import rigid

SEEDS = st.integers(0, 2**31)
DTYPES = [torch.float32, torch.float64]


def svd_rotation(matrix: Tensor) -> Tensor:
    """The textbook answer, in float64."""
    u, _, vh = torch.linalg.svd(matrix.double())
    sign = torch.det(u @ vh)
    return u @ torch.diag_embed(torch.stack((torch.ones_like(sign), torch.ones_like(sign), sign), dim=-1)) @ vh


def assert_proper(rotation: Tensor, atol: float) -> None:
    eye = torch.eye(3, dtype=rotation.dtype)
    torch.testing.assert_close(rotation @ rotation.transpose(-1, -2), eye.expand_as(rotation), atol=atol, rtol=0)
    assert (torch.det(rotation) > 0).all()


@given(seed=SEEDS, shape=st.sampled_from([(), (3,), (2, 3)]))
@settings(max_examples=15, deadline=None)
def test_maps_compose_and_invert_as_their_action_on_points(random_map, seed, shape):
    first, second = random_map(seed, shape), random_map(seed + 1, shape)
    points = torch.randn(*shape, 7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    chained = rigid.apply(second, rigid.apply(first, points))
    torch.testing.assert_close(rigid.apply(rigid.compose(first, second), points), chained)
    torch.testing.assert_close(rigid.apply(rigid.inverse(first), rigid.apply(first, points)), points)
    between = rigid.relative(first, second)
    torch.testing.assert_close(rigid.apply(between, rigid.apply(first, points)), rigid.apply(second, points))


def test_row_vector_convention_of_vectors_and_6d():
    quarter = rigid.rotation_from_vector(torch.tensor([0.0, 0.0, math.pi / 2]))
    torch.testing.assert_close(torch.tensor([1.0, 0.0, 0.0]) @ quarter, torch.tensor([0.0, 1.0, 0.0]))
    assert torch.equal(rigid.rotation_to_6d(quarter), quarter[:2].flatten())


@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_rotations_survive_6d_and_vector_form(random_map, seed):
    rotation = random_map(seed, (5,)).rotation
    torch.testing.assert_close(rigid.rotation_from_6d(rigid.rotation_to_6d(rotation)), rotation)
    torch.testing.assert_close(rigid.rotation_from_vector(rigid.rotation_to_vector(rotation)), rotation)


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_six_numbers_give_a_proper_rotation_and_finite_gradients(dtype):
    six = torch.tensor(
        [
            [0, 0, 0, 0, 0, 0],
            [1, 2, 3, 0, 0, 0],
            [1, 2, 3, 2, 4, 6],
            [0, 1, 0, 0, -5, 0],
            [0, 0, 0, 0, 3, 0],
            [1e6, 0, 0, 0, 1e-3, 0],
        ],
        dtype=dtype,
    ).requires_grad_()
    rotation = rigid.rotation_from_6d(six)
    assert_proper(rotation, 1e-5)
    rotation.square().sum().backward()
    assert six.grad is not None
    assert torch.isfinite(six.grad).all()


@given(seed=SEEDS, frames=st.integers(1, 40), shape=st.sampled_from([(), (2,), (2, 3)]))
@settings(max_examples=20, deadline=None)
def test_the_scan_equals_a_loop(random_map, seed, frames, shape):
    steps = random_map(seed, (*shape, frames))
    scan = rigid.cumulative_compose(steps)
    last = rigid.identity(shape, torch.float64)
    for t in range(frames):
        last = rigid.compose(rigid.RigidMap(steps.rotation[..., t, :, :], steps.translation[..., t, :]), last)
        torch.testing.assert_close(scan.rotation[..., t, :, :], last.rotation)
        torch.testing.assert_close(scan.translation[..., t, :], last.translation, atol=1e-9, rtol=1e-9)


def test_the_scan_keeps_rotations_proper_over_a_long_float32_stream(random_map):
    steps = random_map(1, (512,))
    scan = rigid.cumulative_compose(rigid.RigidMap(steps.rotation.float(), steps.translation.float()))
    assert_proper(scan.rotation, 1e-4)


@given(seed=SEEDS, dtype=st.sampled_from(DTYPES))
@settings(max_examples=15, deadline=None)
def test_nearest_rotation_matches_svd(seed, dtype):
    matrix = torch.randn(200, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    matrix[::3, :, 2] *= 1e-3  # nearly of rank two, as from a flat palm
    matrix[1::3] *= 1e-6  # small, as from palms in metres
    singular = torch.linalg.svdvals(matrix)
    gap = (singular[:, 1] + torch.det(matrix).sign() * singular[:, 2]) / singular[:, 0]
    found = rigid.nearest_rotation(matrix.to(dtype))
    assert found.dtype == dtype
    assert_proper(found, 20 * torch.finfo(dtype).eps)
    error = (found.double() - svd_rotation(matrix)).flatten(1).norm(dim=1)
    limit = (20 if dtype == torch.float32 else 500) * torch.finfo(dtype).eps
    assert (error * gap)[gap > 0.1].max() < limit


@pytest.mark.parametrize("dtype", DTYPES)
def test_nearest_rotation_of_degenerate_matrices_is_proper(dtype):
    eye = torch.eye(3, dtype=dtype)
    line = torch.outer(torch.tensor([1.0, 2, 3]), torch.tensor([3.0, -1, 2])).to(dtype)
    matrices = torch.stack((0 * eye, line, -line, 1e-20 * line, -eye, eye * torch.tensor([1.0, 1, -1]), 1e15 * eye))
    matrices.requires_grad_()
    found = rigid.nearest_rotation(matrices)
    assert_proper(found, 1e-5)
    torch.testing.assert_close(found[0], eye)
    found.sum().backward()
    assert torch.isfinite(matrices.grad).all()


def test_nearest_rotation_has_the_right_gradient():
    matrix = torch.randn(4, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3)).requires_grad_()
    assert torch.autograd.gradcheck(rigid.nearest_rotation, (matrix,), atol=1e-5)
