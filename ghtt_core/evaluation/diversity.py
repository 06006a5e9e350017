# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How different the samples of one forecast are, and how restless they move (torch, batches of forecasts)."""

from __future__ import annotations

import torch
from torch import Tensor


def average_pairwise_distance(samples: Tensor, valid: Tensor, joints: Tensor) -> tuple[Tensor, Tensor]:
    """Average pairwise distance (APD) of the samples of every forecast, per hand.

    Mean over all pairs of samples of the mean over valid frames and scored joints of the distance of a joint in one
    sample from the same joint in the other. 20 samples make 190 pairs.

    Args:
        samples: (B, S, T, 2, 21, 3) metres, in the camera's or the hand's local frame.
        valid: (B, T, 2) bool, hand-frames to compare.
        joints: (B, 21) bool, joints to compare.

    Returns:
        (B, 2) metres, zero where nothing was compared, and (B, 2) bool, whether something was.
    """
    weight = (valid[..., None] & joints[:, None, None]).to(samples.dtype)  # (B, T, 2, 21)
    count = weight.sum((1, 3))  # (B, 2)
    number = samples.shape[1]
    total = samples.new_zeros(count.shape)
    for first in range(number - 1):
        distance = torch.linalg.vector_norm(samples[:, first + 1 :] - samples[:, first, None], dim=-1)
        total += (distance * weight[:, None]).sum((1, 2, 4))
    pairs = number * (number - 1) / 2
    measured = (count > 0) & (pairs > 0)
    return torch.where(measured, total / (count * max(pairs, 1.0)).clamp_min(1.0), 0.0), measured


def acceleration(joints: Tensor, valid: Tensor, scored: Tensor) -> tuple[Tensor, Tensor]:
    """Sum and number of the magnitudes of second differences in time, over hand-frames.

    Args:
        joints: (B, ..., T, 2, 21, 3) metres.
        valid: (B, T, 2) bool; a hand-frame counts where it and its two neighbours in time are valid.
        scored: (B, 21) bool, joints to average over.

    Returns:
        (B, ...) sums of the mean over joints of the magnitude, metres per frame squared, and (B,) how many.
    """
    inner = valid[:, 2:] & valid[:, 1:-1] & valid[:, :-2]  # (B, T - 2, 2)
    weight = scored.to(joints.dtype) / scored.sum(-1, keepdim=True).clamp_min(1)  # (B, 21)
    extra = (1,) * (joints.dim() - 5)
    bend = torch.linalg.vector_norm(torch.diff(joints, n=2, dim=-4), dim=-1)  # (B, ..., T - 2, 2, 21)
    mean = (bend * weight.view(len(weight), *extra, 1, 1, -1)).sum(-1)
    total = (mean * inner.view(len(inner), *extra, *inner.shape[1:])).sum((-1, -2))
    return total, inner.sum((1, 2))
