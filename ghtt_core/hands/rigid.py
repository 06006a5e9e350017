# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rigid maps in the row-vector convention of the method: ``x_b = x_a @ R + t``.

Every function takes any leading batch shape and keeps the dtype and device of its input. Angles are radians.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

_TINY = 1e-12
_FEW_MATRICES = 96
"""Up to this many rotations an SVD each is faster than arithmetic on long vectors."""


class RigidMap(NamedTuple):
    """A proper rigid map ``x -> x @ rotation + translation`` (or a batch of them).

    Attributes:
        rotation: (..., 3, 3) proper rotation, applied from the right.
        translation: (..., 3), in the unit of the points it is applied to.
    """

    rotation: Tensor
    translation: Tensor


def identity(
    shape: Sequence[int] = (), dtype: torch.dtype = torch.float32, device: torch.device | str | None = None
) -> RigidMap:
    """Return identity maps of a batch shape, in memory of their own."""
    rotation = torch.eye(3, dtype=dtype, device=device).expand(*shape, 3, 3).clone()
    return RigidMap(rotation, torch.zeros(*shape, 3, dtype=dtype, device=device))


def inverse(m: RigidMap) -> RigidMap:
    """Return b -> a of a map a -> b, batch (...)."""
    rotation = m.rotation.transpose(-1, -2)
    return RigidMap(rotation, -_rotate(m.translation, rotation))


def compose(first: RigidMap, second: RigidMap) -> RigidMap:
    """Chain ``first`` (a -> c) and then ``second`` (c -> b) to a -> b; batch shapes broadcast."""
    return RigidMap(first.rotation @ second.rotation, _rotate(first.translation, second.rotation) + second.translation)


def relative(c_to_a: RigidMap, c_to_b: RigidMap) -> RigidMap:
    """Return a -> b from two maps out of a common frame c; batch shapes broadcast."""
    rotation = c_to_a.rotation.transpose(-1, -2) @ c_to_b.rotation
    return RigidMap(rotation, c_to_b.translation - _rotate(c_to_a.translation, rotation))


def apply(m: RigidMap, points: Tensor) -> Tensor:
    """Map points (..., N, 3) by maps of batch shape (...)."""
    return points @ m.rotation + m.translation.unsqueeze(-2)


def rotation_to_6d(rotation: Tensor) -> Tensor:
    """Return the first two ROWS of rotations (..., 3, 3) as (..., 6)."""
    return rotation[..., :2, :].flatten(-2)


def rotation_from_6d(six: Tensor) -> Tensor:
    """Return the proper rotations (..., 3, 3) whose first two rows are nearest, in turn, to ``six`` (..., 6).

    Gram-Schmidt on rows. Rows that vanish or are parallel are replaced by coordinate axes, so that the
    result is a proper rotation for any finite input and gradients stay finite.
    """
    row0, row1 = _gram_schmidt(six[..., :3], six[..., 3:])
    return torch.stack((row0, row1, torch.linalg.cross(row0, row1)), dim=-2)


def rotation_from_vector(vector: Tensor) -> Tensor:
    """Return (..., 3, 3) such that ``x @ R`` is x turned by the rotation vector (..., 3), right-hand rule."""
    square = vector.square().sum(-1, keepdim=True)[..., None]  # (..., 1, 1)
    angle = square.clamp_min(torch.finfo(vector.dtype).tiny).sqrt()
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack((zero, z, -y, -z, zero, x, y, -x, zero), dim=-1).reshape(*vector.shape, 3)
    half = torch.sinc(angle / (2 * math.pi))
    eye = torch.eye(3, dtype=vector.dtype, device=vector.device)
    # Rodrigues; (1 - cos a) / a^2 is half the squared sinc of a / 2, exact near 0 too.
    rotation: Tensor = eye + torch.sinc(angle / math.pi) * cross + 0.5 * half.square() * (cross @ cross)
    return rotation


def rotation_to_vector(rotation: Tensor) -> Tensor:
    """Return the rotation vector (..., 3), of length at most pi, of (..., 3, 3); inverse of rotation_from_vector.

    Goes through the quaternion, from its largest component: exact near 0 and near pi.
    """
    (a, b, c), (d, e, f), (g, h, i) = (row.unbind(-1) for row in rotation.unbind(-2))
    xy, xz, yz, xw, yw, zw = b + d, c + g, f + h, f - h, g - c, b - d
    trace = a + e + i
    # Four times the products of the components x, y, z, w; every row is the quaternion times one component.
    xx, yy, zz, ww = 1 + 2 * a - trace, 1 + 2 * e - trace, 1 + 2 * i - trace, 1 + trace
    products = (xx, xy, xz, xw, xy, yy, yz, yw, xz, yz, zz, zw, xw, yw, zw, ww)
    rows = torch.stack(products, dim=-1).reshape(*trace.shape, 4, 4)
    largest = rows.diagonal(dim1=-2, dim2=-1).argmax(-1)
    quaternion = rows.gather(-2, largest[..., None, None].expand(*largest.shape, 1, 4)).squeeze(-2)
    quaternion = quaternion * torch.where(quaternion[..., 3:] < 0, -1.0, 1.0)
    sine = quaternion[..., :3].square().sum(-1, keepdim=True).clamp_min(torch.finfo(rotation.dtype).tiny).sqrt()
    cosine = quaternion[..., 3:]
    turned = sine > torch.finfo(rotation.dtype).eps * cosine
    angle = 2 * torch.atan2(sine, cosine)
    vector: Tensor = quaternion[..., :3] * torch.where(turned, angle / sine, 2 / cosine.clamp_min(sine))
    return vector


def cumulative_compose(steps: RigidMap) -> RigidMap:
    """Chain steps along the last batch axis: ``out_0 = steps_0``, ``out_t = compose(steps_t, out_{t-1})``.

    Rotations are combined by a doubling scan, log2(T) batched products. Translations then need no scan:
    ``t_t = sum_{u <= t} s_u R_{u-1}`` is one cumulative sum.

    Args:
        steps: Maps (..., T).

    Returns:
        Maps (..., T).
    """
    rotation = steps.rotation
    frames = rotation.shape[-3]
    shift = 1
    while shift < frames:
        tail = rotation[..., shift:, :, :] @ rotation[..., :-shift, :, :]
        rotation = torch.cat((rotation[..., :shift, :, :], tail), dim=-3)
        shift *= 2
    moved = _rotate(steps.translation[..., 1:, :], rotation[..., :-1, :, :])
    translation = torch.cat((steps.translation[..., :1, :], moved), dim=-2).cumsum(dim=-2)
    return RigidMap(rotation, translation)


def nearest_rotation(matrix: Tensor) -> Tensor:
    """Return the proper rotations R (..., 3, 3) that maximise ``trace(R^T H)`` for ``matrix`` H (..., 3, 3).

    This is the last step of a Kabsch fit without an SVD per matrix: the largest root of the quartic of Wahba's
    problem by Newton's method, the closed form of the optimal rotation, and two Newton steps on SO(3), which bring
    the result to working precision. Everything is arithmetic on long vectors, one per matrix entry. With signed
    singular values s1 >= s2 >= |s3| the error is about ``eps * s1 / (s2 + s3)`` radians, as good as the data allow,
    down to a ratio (s2 + s3) / s1 of 0.05 in float32.

    All but the last step run without gradient; the last is differentiable, which yields the exact derivative of
    the optimum. Where the optimum is not unique (H of rank one, or zero) some proper rotation is returned, the
    identity for H = 0, and its gradient is zero.
    """
    if matrix.numel() <= 9 * _FEW_MATRICES and matrix.device.type == "cpu" and not matrix.requires_grad:
        return _decomposed_rotation(matrix)
    h = matrix.reshape(-1, 9).t().contiguous().view(3, 3, -1)  # entries first: long vectors
    scale = h.detach().square().sum((0, 1)).sqrt()
    h = h / scale.clamp_min(torch.finfo(h.dtype).tiny)
    with torch.no_grad():
        start = _polish(_closed_form_rotation(h), h)
    rotation = _polish(start, h)
    return rotation.reshape(9, -1).t().reshape(matrix.shape)


def _decomposed_rotation(matrix: Tensor) -> Tensor:
    """Give `nearest_rotation` by one SVD per matrix: a stream has few of them, and one call beats 200 short ones."""
    left, _, right = torch.linalg.svd(matrix.nan_to_num())
    turned = left @ right
    flip = torch.ones_like(matrix[..., 0])
    flip[..., 2] = torch.linalg.det(turned).sign()
    rotation: Tensor = (left * flip.unsqueeze(-2)) @ right
    return rotation


def _rotate(vector: Tensor, rotation: Tensor) -> Tensor:
    """Return vectors (..., 3) times rotations (..., 3, 3) from the right."""
    return (vector.unsqueeze(-2) @ rotation).squeeze(-2)


def _gram_schmidt(first: Tensor, second: Tensor, dim: int = -1) -> tuple[Tensor, Tensor]:
    """Orthonormalise two batches of vectors along ``dim``; axes stand in for vanishing directions."""
    shape = [1] * first.dim()
    shape[dim] = 3
    axes = torch.eye(3, dtype=first.dtype, device=first.device)
    length = _length(first, dim)
    vanished = length < _TINY
    x = torch.where(vanished, axes[0].view(shape), first / torch.where(vanished, 1.0, length))
    # Any axis that is not x: the second one unless x lies along it.
    along_second = x.detach().narrow(dim, 1, 1).abs() >= 0.9
    spare = torch.where(along_second, axes[2].view(shape), axes[1].view(shape))
    rest = second - (x * second).sum(dim, keepdim=True) * x
    limit = torch.finfo(first.dtype).eps ** 0.75 * _length(second.detach(), dim)
    parallel = _length(rest.detach(), dim) <= limit.clamp_min(_TINY)
    rest = torch.where(parallel, spare - (x * spare).sum(dim, keepdim=True) * x, rest)
    return x, rest / _length(rest, dim)


def _length(vector: Tensor, dim: int) -> Tensor:
    """Return the lengths of vectors along ``dim``, kept as an axis of size 1; at least 1e-15, so never a NaN slope."""
    return vector.square().sum(dim, keepdim=True).clamp_min(1e-30).sqrt()


def _product(a: Tensor, b: Tensor) -> Tensor:
    """Multiply matrices stored entry-first, (3, 3, N) each."""
    return (a.unsqueeze(2) * b.unsqueeze(0)).sum(1)


def _cofactor(h: Tensor) -> Tensor:
    """Return the cofactor matrices (3, 3, N): row i is the cross product of the two other rows, in order."""
    a, b, c = h.unbind(0)
    return torch.stack((_cross(b, c), _cross(c, a), _cross(a, b)))


def _cross(a: Tensor, b: Tensor) -> Tensor:
    """Return cross products of vectors stored entry-first, (3, N) each."""
    return torch.stack((a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]))


def _closed_form_rotation(h: Tensor) -> Tensor:
    """Return rotations (3, 3, N) near the optimum for matrices h (3, 3, N) of Frobenius norm 1 (or 0)."""
    cofactor = _cofactor(h)
    determinant = (h[0] * cofactor[0]).sum(0)
    norm = h.square().sum((0, 1))
    minors = cofactor.square().sum((0, 1))
    # kappa = s1 s2 + s2 s3 + s3 s1 of the signed singular values is at most sqrt(3 minors), so this starts above
    # the largest root, from where Newton's method descends to it monotonically.
    root = (norm + 2 * (3 * minors).sqrt()).sqrt()
    tiny = torch.finfo(h.dtype).eps
    for _ in range(7 if h.dtype == torch.float32 else 9):
        kappa = (root.square() - norm) / 2
        slope = root * kappa - determinant
        root = root - (kappa.square() - 2 * root * determinant - minors) / (2 * slope).clamp_min(tiny)
    kappa = (root.square() - norm) / 2
    numerator = (kappa + norm) * h + root * cofactor - _product(h, _product(h.transpose(0, 1), h))
    x, y = _gram_schmidt(numerator[0], numerator[1], dim=0)
    return torch.stack((x, y, _cross(x, y)))


def _polish(rotation: Tensor, h: Tensor) -> Tensor:
    """Take one Newton step on SO(3) towards the maximum of trace(R^T H); entries first, (3, 3, N)."""
    m = _product(rotation.transpose(0, 1), h)
    gradient = torch.stack((m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]))
    trace = m[0, 0] + m[1, 1] + m[2, 2]
    hessian = -(m + m.transpose(0, 1)) / 2
    hessian = hessian + torch.eye(3, dtype=h.dtype, device=h.device).unsqueeze(-1) * trace
    cofactor = _cofactor(hessian)
    determinant = (hessian[0] * cofactor[0]).sum(0)
    # The Hessian is singular exactly where the best rotation is not unique: stay where we are.
    unique = determinant.detach() > 100 * torch.finfo(h.dtype).eps
    step = (cofactor * gradient).sum(1) / torch.where(unique, determinant, 1.0)
    step = torch.where(unique, step, torch.zeros_like(step)).clamp(-1.0, 1.0) / 2
    w = (1 + step.square().sum(0)).rsqrt()
    x, y, z = step * w
    turn = torch.stack(
        (
            torch.stack((1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y))),
            torch.stack((2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x))),
            torch.stack((2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y))),
        )
    )
    return _product(rotation, turn)
