# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the image estimator F is trained for, and the figures that tell how well it does."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ghtt_core.hands import normalised_camera as normal
from ghtt_core.hands.canonical import palm_size
from ghtt_core.hands.layout import RELATIVE_JOINTS, WRIST
from ghtt_core.models import losses
from ghtt_core.models.image_estimator import ImageEstimate, to_points
from ghtt_core.training.image_batches import ImageBatch


@dataclass(frozen=True)
class ImageObjective:
    """What each part of F's loss counts; the defaults are HTT's, as F's own are not published.

    Attributes:
        pixels: Weight of joints' pixels, in a picture of 480x270.
        depth: Weight of joints' depths in metres.
        squared: Squared instead of absolute errors of both.
        relative: Weight of joints relative to the wrist in metres: the hand's shape, which pixels and depth of a hand
            far from the camera say little about. Zero in the paper.
        maps: Weight of where a network that looks at one place per joint looks: cross-entropy against the cells around
            the true place, for joints inside the picture. Zero in the paper, whose network looks at no place.
        presence: Weight of which hands are in the picture. Our addition: the paper's pictures show both.
        object: Weight of the object feature: distance to the text embedding plus cross-entropy over all objects.
    """

    pixels: float = 1.0
    depth: float = 100.0
    squared: bool = False
    relative: float = 0.0
    maps: float = 0.0
    presence: float = 1.0
    object: float = 1.0


def image_loss(
    estimate: ImageEstimate, batch: ImageBatch, object_text: Tensor | None, goal: ImageObjective
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of F.

    Args:
        estimate: What F says.
        batch: What it should say.
        object_text: (M, text_width) embeddings of the objects, or None where F has no object head.
        goal: The weights.

    Returns:
        The total and its parts.
    """
    shown = batch.joint_valid.flatten(1).any(dim=-1)  # (B,)
    pose = losses.image_pose_loss(
        (estimate.pixels, estimate.depth),
        (batch.pixels, batch.depth),
        batch.joint_valid,
        shown,
        goal.pixels,
        goal.depth,
        goal.squared,
    )
    presence = functional.binary_cross_entropy_with_logits(estimate.presence, batch.presence.float())
    parts = {"pose": pose, "presence": presence}
    total = pose + goal.presence * presence
    if goal.relative > 0:
        parts["relative"] = _relative_error(estimate, batch)
        total = total + goal.relative * parts["relative"]
    if goal.maps > 0 and estimate.map_scores is not None:
        shares = batch.pixels / batch.pixels.new_tensor((normal.WIDTH, normal.HEIGHT))
        parts["maps"] = losses.map_cross_entropy(estimate.map_scores, shares, batch.joint_valid)
        total = total + goal.maps * parts["maps"]
    if estimate.object_feature is not None and object_text is not None:
        known = batch.object_id >= 0
        parts["object"] = losses.label_contrast(estimate.object_feature, object_text, batch.object_id, known)
        total = total + goal.object * parts["object"]
    return total, parts


def _relative_error(estimate: ImageEstimate, batch: ImageBatch) -> Tensor:
    """Mean absolute error in metres of joints relative to their wrist, over joints that count."""
    said, true = to_points(estimate.pixels, estimate.depth), to_points(batch.pixels, batch.depth)
    said, true = said - said[..., WRIST : WRIST + 1, :], true - true[..., WRIST : WRIST + 1, :]
    return losses.masked_l1(said, true, batch.joint_valid[..., None])


class ImageFigures:
    """Sums up how well F does over many batches."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._sums: dict[str, float] = {}
        self._counts: dict[str, float] = {}

    def add(self, estimate: ImageEstimate, batch: ImageBatch, object_text: Tensor | None) -> None:
        """Count a batch in."""
        counted = batch.joint_valid.any(dim=-1)  # (B, 2)
        said, true = to_points(estimate.pixels, estimate.depth), to_points(batch.pixels, batch.depth)
        joints = batch.joint_valid & counted[..., None]
        self._add("mpjpe_ra_mm", 1e3 * root_aligned_error(said, true), joints[..., list(RELATIVE_JOINTS)])
        self._add("mpjpe_mm", 1e3 * (said - true).norm(dim=-1), joints)
        self._add("pixel_error", (estimate.pixels - batch.pixels).norm(dim=-1), joints)
        right = (estimate.presence > 0) == batch.presence
        self._add("presence_accuracy", right.float(), torch.ones_like(right))
        if estimate.object_feature is not None and object_text is not None:
            cosine = functional.normalize(estimate.object_feature, dim=-1) @ functional.normalize(object_text, dim=-1).T
            known = batch.object_id >= 0
            self._add("object_top1", (cosine.argmax(dim=-1) == batch.object_id).float(), known)

    def means(self) -> dict[str, float]:
        """Mean of every figure that something was counted for."""
        return {name: self._sums[name] / count for name, count in self._counts.items() if count}

    def _add(self, name: str, values: Tensor, mask: Tensor) -> None:
        self._sums[name] = self._sums.get(name, 0.0) + float(values[mask].double().sum())
        self._counts[name] = self._counts.get(name, 0.0) + float(mask.sum())


def root_aligned_error(said: Tensor, true: Tensor) -> Tensor:
    """Distances (..., 19) in metres of all joints but wrist and CMC, wrists together and palms of one size (MPJPE-RA).

    Args:
        said: (..., 21, 3) metres.
        true: (..., 21, 3) metres.
    """
    factor = palm_size(true) / palm_size(said).clamp(min=1e-6)
    said = (said - said[..., WRIST : WRIST + 1, :]) * factor[..., None, None]
    true = true - true[..., WRIST : WRIST + 1, :]
    distance: Tensor = (said - true).norm(dim=-1)
    return distance[..., list(RELATIVE_JOINTS)]
