# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The canonical palm frame of a hand: where local joints live, and the palm template that defines it.

The local frame of the right hand has x towards the index side, y from the wrist to the fingers and z out of the palm;
the left hand's template is its mirror image in x, so chirality differs and no reflection is ever needed.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ghtt_core.errors import InputError
from ghtt_core.hands.layout import MCP_JOINTS, PALM_JOINTS, WRIST
from ghtt_core.hands.rigid import RigidMap, nearest_rotation

_PROCRUSTES_ROUNDS = 20


def palm_size(joints: Tensor) -> Tensor:
    """Return the mean wrist-MCP distance (...), in the unit of ``joints`` (..., 21, 3)."""
    spokes = joints[..., list(MCP_JOINTS), :] - joints[..., WRIST : WRIST + 1, :]
    length: Tensor = torch.linalg.vector_norm(spokes, dim=-1)
    return length.mean(dim=-1)


def camera_to_local(joints: Tensor, template: Tensor) -> RigidMap:
    """Return the maps from the camera (or world) frame to each hand's local frame.

    The rotation is the proper rotation that fits the five palm joints to the template, centroids removed; the
    translation then puts the wrist exactly on the origin. The template's scale cancels. A palm without a unique fit
    (collinear or coincident joints) gets some proper rotation.

    Args:
        joints: (..., 2, 21, 3), any unit.
        template: (2, 5, 3) palm template, wrist first.

    Returns:
        Maps (..., 2), translation in the unit of ``joints``.
    """
    palm = joints[..., list(PALM_JOINTS), :]  # (..., 2, 5, 3)
    target = template.to(joints)
    # Centring one side is enough: the other's centroid is multiplied by a zero sum.
    target = target - target.mean(dim=-2, keepdim=True)
    centred = palm - palm[..., :1, :]  # small numbers, whatever the distance of the camera
    rotation = nearest_rotation(centred.transpose(-1, -2) @ target)
    wrist = joints[..., WRIST : WRIST + 1, :]
    return RigidMap(rotation, -(wrist @ rotation).squeeze(-2))


def kabsch(source: Tensor, target: Tensor, weights: Tensor | None = None) -> RigidMap:
    """Return the proper rigid maps that bring ``source`` nearest to ``target`` in weighted least squares.

    Args:
        source: (..., N, 3).
        target: (..., N, 3), same unit.
        weights: (..., N) non-negative, or None for equal weights. If all are zero the map is a pure translation of
            zero length.

    Returns:
        Maps (...).
    """
    if weights is None:
        weights = source.new_ones(source.shape[:-1])
    weights = weights.to(source).unsqueeze(-1)
    total = weights.sum(dim=-2, keepdim=True).clamp_min(torch.finfo(source.dtype).tiny)
    share = weights / total
    source_centre = (share * source).sum(dim=-2, keepdim=True)
    target_centre = (share * target).sum(dim=-2, keepdim=True)
    covariance = (share * (source - source_centre)).transpose(-1, -2) @ (target - target_centre)
    rotation = nearest_rotation(covariance)
    return RigidMap(rotation, (target_centre - source_centre @ rotation).squeeze(-2))


def estimate_template(joints: Tensor, valid: Tensor | None = None) -> Tensor:
    """Estimate the palm template from hands of any pose by generalised Procrustes analysis.

    Palms are brought to size 1 with the wrist at the origin, left palms are mirrored, and all are aligned to their
    mean by proper rotations until it stands still. The axes come from the mean's principal components.

    Args:
        joints: (N, 2, 21, 3), any unit.
        valid: (N, 2) bool, hands to use; None for all.

    Returns:
        (2, 5, 3) float64: left and right palm, wrist at the origin, mean wrist-MCP distance 1, mirror images in x.

    Raises:
        InputError: If no hand is valid or their palms have no extent.
    """
    palms = joints.to(torch.float64)[..., list(PALM_JOINTS), :]  # (N, 2, 5, 3)
    palms = palms - palms[..., :1, :]
    flip = torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64, device=palms.device)
    palms = torch.stack((palms[:, 0] * flip, palms[:, 1]), dim=1)
    size = palms[..., 1:, :].norm(dim=-1).mean(dim=-1)
    usable = (size > 1e-9) & torch.isfinite(size)
    if valid is not None:
        usable = usable & valid.to(usable.device)
    if not bool(usable.any()):
        raise InputError("A palm template needs at least one valid hand whose palm joints are apart from each other.")
    palms = palms[usable] / size[usable][:, None, None]  # (K, 5, 3)
    mean = palms[0]
    for _ in range(_PROCRUSTES_ROUNDS):
        target = mean - mean.mean(dim=0)
        mean = (palms @ nearest_rotation(palms.transpose(-1, -2) @ target)).mean(dim=0)
        mean = mean / mean[1:].norm(dim=-1).mean()
    right = mean @ _principal_axes(mean)
    return torch.stack((right * flip, right))


def _principal_axes(palm: Tensor) -> Tensor:
    """Return the rotation (3, 3) that brings a right palm (5, 3) with the wrist at 0 into its canonical axes."""
    centred = palm - palm.mean(dim=0)
    vectors = torch.linalg.eigh(centred.t() @ centred).eigenvectors  # columns, ascending
    along = vectors[:, 2] * torch.sign(palm.mean(dim=0) @ vectors[:, 2])
    # x towards the index side: index minus little finger.
    across = vectors[:, 1] * torch.sign((palm[1] - palm[4]) @ vectors[:, 1])
    return torch.stack((across, along, torch.linalg.cross(across, along)), dim=1)
