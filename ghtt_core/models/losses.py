# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The losses of the paper, each with masks and safe where nothing is valid (the loss is then exactly 0).

The paper's text normalises by frames and channels jointly; like the paper's results, these are means over elements,
observed and predicted frames are summed, and the KL term sums over channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ghtt_core.hands.layout import FEATURE_SIZE, NUM_HANDS, NUM_JOINTS
from ghtt_core.models.action_block import ActionBlock, ActionEncoding


@dataclass(frozen=True)
class PoseLossWeights:
    """lambda_1 to lambda_3: components, trajectory, KL."""

    components: float = 1.0
    trajectory: float = 1.0
    kl: float = 1e-5


@dataclass(frozen=True)
class ActionLossWeights:
    """lambda_4 to lambda_6: mid-level features, action label, KL."""

    mid_level: float = 1.0
    label: float = 0.1
    kl: float = 1e-5


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of `values` where `mask` (same shape or broadcastable, bool or float) is set; 0 where it never is."""
    weight = mask.to(values.dtype).expand_as(values)
    return (values * weight).sum() / weight.sum().clamp(min=1.0)


def masked_l1(prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute error over the elements that `mask` (broadcastable) keeps; a scalar."""
    # Hidden elements leave before the absolute value, so that even a NaN there reaches neither loss nor gradient.
    return masked_mean(torch.where(mask.bool(), prediction - target, 0.0).abs(), mask)


def feature_mask(joint_valid: Tensor, frame_valid: Tensor | None = None) -> Tensor:
    """Which of the 153 components count: joints as given, velocities and left-to-right always.

    Args:
        joint_valid: ``(..., 2, 21)`` bool.
        frame_valid: ``(...)`` bool, or None to count padded frames too, as the paper's pose block does.

    Returns:
        ``(..., 153)`` bool.
    """
    joints = joint_valid.flatten(-2).repeat_interleave(3, dim=-1)  # (..., 126)
    rest = joints.new_ones(*joints.shape[:-1], FEATURE_SIZE - NUM_HANDS * NUM_JOINTS * 3)
    mask = torch.cat((joints, rest), dim=-1)
    return mask if frame_valid is None else mask & frame_valid[..., None]


def kl_divergence(mu: Tensor, logvar: Tensor, valid: Tensor | None = None) -> Tensor:
    """KL of N(mu, exp(logvar)) from the standard normal: summed over channels, mean over valid rows.

    Args:
        mu: ``(B, d)``.
        logvar: ``(B, d)``.
        valid: ``(B,)`` bool, or None where all rows count.

    Returns:
        A scalar.
    """
    per_row = 0.5 * (logvar.exp() + mu.square() - 1.0 - logvar).sum(dim=-1)
    return per_row.mean() if valid is None else masked_mean(per_row, valid)


def label_contrast(feature: Tensor, label_embedding: Tensor, index: Tensor, valid: Tensor | None = None) -> Tensor:
    """Distance to the embedding of the right label plus cross-entropy of cosines over all labels.

    Used for actions (alpha against FC_1 of the label texts) and for objects (E^PO against the name texts). Gradients
    reach the embeddings from both terms.

    Args:
        feature: ``(B, d)``.
        label_embedding: ``(K, d)``.
        index: ``(B,)`` int64 right label of each row; any value in range where not valid.
        valid: ``(B,)`` bool, or None where all rows count.

    Returns:
        A scalar.
    """
    mask = torch.ones_like(index, dtype=torch.bool) if valid is None else valid
    safe = torch.where(mask, index, 0)
    distance = masked_l1(feature, label_embedding[safe], mask[:, None])
    logits = ActionBlock.label_logits(feature, label_embedding)
    return distance + masked_mean(functional.cross_entropy(logits, safe, reduction="none"), mask)


def mid_level_l1(prediction: Tensor, target: Tensor, future_valid: Tensor) -> Tensor:
    """Mean absolute error of predicted mid-level features ``(B, M, d)`` over valid clips ``(B, M)``."""
    return masked_l1(prediction, target, future_valid[..., None])


def pose_block_loss(
    observed: tuple[Tensor, Tensor, Tensor],
    predicted: tuple[Tensor, Tensor, Tensor],
    trajectory: tuple[Tensor, Tensor, Tensor],
    mu: Tensor,
    logvar: Tensor,
    weights: PoseLossWeights,
) -> dict[str, Tensor]:
    """The loss of P.

    Args:
        observed: Refined components, their targets, mask, each ``(B, 16, 153)``.
        predicted: Predicted components, their targets, mask, each ``(B, 16, 153)``.
        trajectory: Palm trajectory (6D rotation and 10 x metres per hand) of the integrated prediction, its target,
            mask, each ``(B, 16, 18)``.
        mu: ``(B, d)``.
        logvar: ``(B, d)``.
        weights: lambda_1 to lambda_3.

    Returns:
        Scalars by name; "total" is the one to minimise.
    """
    terms = {
        "observed": masked_l1(*observed),
        "predicted": masked_l1(*predicted),
        "trajectory": masked_l1(*trajectory),
        "kl": kl_divergence(mu, logvar),
    }
    components = weights.components * (terms["observed"] + terms["predicted"])
    terms["total"] = components + weights.trajectory * terms["trajectory"] + weights.kl * terms["kl"]
    return terms


def action_block_loss(
    mid_level: tuple[Tensor, Tensor, Tensor],
    alpha: Tensor,
    label_embedding: Tensor,
    label: Tensor,
    encoding: ActionEncoding,
    weights: ActionLossWeights,
) -> dict[str, Tensor]:
    """The loss of A.

    Args:
        mid_level: Predicted mid-level features and targets ``(B, M, d)``, validity ``(B, M)``.
        alpha: ``(B, d)`` the sampled action feature.
        label_embedding: ``(K, d)`` FC_1 of all labels.
        label: ``(B,)`` int64.
        encoding: From A's encoder.
        weights: lambda_4 to lambda_6.

    Returns:
        Scalars by name; "total" is the one to minimise.
    """
    terms = {
        "mid_level": mid_level_l1(*mid_level),
        "label": label_contrast(alpha, label_embedding, label),
        "kl": kl_divergence(encoding.mu, encoding.logvar),
    }
    terms["total"] = weights.mid_level * terms["mid_level"] + weights.label * terms["label"] + weights.kl * terms["kl"]
    return terms


def image_pose_loss(
    prediction: tuple[Tensor, Tensor],
    target: tuple[Tensor, Tensor],
    joint_valid: Tensor,
    sample_valid: Tensor,
    weight_2d: float = 1.0,
    weight_depth: float = 100.0,
    squared: bool = False,
) -> Tensor:
    """The pose loss of the image estimator F: pixels and depth, mean per sample, then over valid samples.

    Args:
        prediction: Pixel coordinates ``(B, 2, 21, 2)`` and depths ``(B, 2, 21)``.
        target: The same of the truth.
        joint_valid: ``(B, 2, 21)`` bool.
        sample_valid: ``(B,)`` bool.
        weight_2d: Weight of the pixel term.
        weight_depth: Weight of the depth term.
        squared: Squared instead of absolute error.

    Returns:
        A scalar.
    """
    pixel, depth = prediction[0] - target[0], prediction[1] - target[1]
    pixel, depth = (pixel.square(), depth.square()) if squared else (pixel.abs(), depth.abs())
    error = weight_2d * pixel.mean(dim=-1) + weight_depth * depth  # (B, 2, 21)
    kept = torch.where(joint_valid, error, 0.0).sum(dim=(-2, -1))
    per_sample = kept / joint_valid.sum(dim=(-2, -1)).clamp(min=1)
    has_joints = joint_valid.flatten(-2).any(dim=-1)
    return masked_mean(per_sample, sample_valid & has_joints)


def map_cross_entropy(scores: Tensor, places: Tensor, joint_valid: Tensor) -> Tensor:
    """Mean cross-entropy of maps against the four cells around the true places, weighted bilinearly.

    The mean place of such a target is the true place itself, however coarse the cells are.

    Args:
        scores: ``(..., h, w)`` logits.
        places: ``(..., 2)`` true places as shares of the input's width and height; those outside it do not count.
        joint_valid: ``(...)`` bool.

    Returns:
        A scalar.
    """
    height, width = scores.shape[-2:]
    size = places.new_tensor((width, height))
    place = places * size - 0.5
    inside = ((place >= -0.5) & (place <= size - 0.5)).all(-1) & joint_valid
    place = torch.minimum(torch.where(inside[..., None], place, 0.0).clamp(min=0), size - 1)
    first = torch.minimum(place.floor(), size - 2)
    share = place - first
    likely = functional.log_softmax(scores.flatten(-2), dim=-1)
    corner = (first[..., 1] * width + first[..., 0]).long()
    total = torch.zeros_like(corner, dtype=scores.dtype)
    for down in (0, 1):
        for right in (0, 1):
            across = share[..., 0] if right else 1 - share[..., 0]
            along = share[..., 1] if down else 1 - share[..., 1]
            cell = (corner + down * width + right)[..., None]
            total = total - across * along * likely.gather(-1, cell)[..., 0]
    mean: Tensor = (total * inside).sum() / inside.sum().clamp(min=1)
    return mean
