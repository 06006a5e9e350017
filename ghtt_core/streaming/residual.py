# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What an observation says that a refined clip does not: split into the network's mistake and the detector's noise.

The difference between observed and refined hands holds two things. The noise of a per-frame detector is drawn anew in
every frame. The network's mistakes - a skeleton whose joints sit elsewhere than in its training data, a turn it
underestimates - change slowly. So the difference is taken as a smooth function of time, plus a constant, plus white
noise: a Gaussian process (a Brownian or an integrated Brownian motion) of which neither the strength nor the noise is
known. The posterior mean is computed for a range of strengths, and these are averaged by how well each explains the
clip (its likelihood with the best noise variance; a free slope costs as in the Bayesian information criterion). Where
the input has no noise everything is kept and the result is the input; where the network is right nothing but noise is
left and nearly nothing is kept. The unit of the residual does not matter.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final, NamedTuple

import torch
from torch import Tensor

BROWNIAN: Final = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0, 1000.0)
"""Variances of a step from frame to frame, in noise variances."""
INTEGRATED: Final = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)
"""Variances of a change of slope from frame to frame, in noise variances; here a slope is free like the constant."""


class _Smoothers(NamedTuple):
    """Linear smoothers of T frames, one per strength.

    Attributes:
        rejected: (L, T, T), what a smoother takes for noise: the posterior mean is the rest.
        penalty: (L,) minus twice the evidence per channel, its part that does not depend on the data.
    """

    rejected: Tensor
    penalty: Tensor


def smooth_part(residual: Tensor) -> Tensor:
    """Keep of a residual what changes smoothly.

    Args:
        residual: (B, T, G, D) differences over time; the D channels of a group share noise and smoothness.

    Returns:
        (B, T, G, D).
    """
    batch, frames, groups, channels = residual.shape
    smoothers = _smoothers(frames)
    rejected = smoothers.rejected.to(residual)  # (L, T, T)
    flat = residual.reshape(batch, frames, groups * channels)
    noise = (rejected[:, None] @ flat).reshape(-1, *residual.shape)  # (L, B, T, G, D)
    tiny = torch.finfo(residual.dtype).tiny
    power = (noise * residual).mean(-1).sum(2).clamp_min(tiny)  # (L, B, G)
    penalty = smoothers.penalty.to(residual)[:, None, None]
    evidence = -0.5 * channels * (penalty + (frames - 1) * power.log())
    weight = torch.softmax(evidence, dim=0)[:, :, None, :, None]  # (L, B, 1, G, 1)
    return residual - (weight * noise).sum(0)


@cache
def _smoothers(frames: int) -> _Smoothers:
    """Prepare the smoothers for clips of this many frames."""
    time = torch.arange(1, frames + 1, dtype=torch.float64)
    first, last = torch.minimum(time[:, None], time), torch.maximum(time[:, None], time)
    constant = torch.ones(frames, 1, dtype=torch.float64)
    line = torch.cat((constant, (time - time.mean())[:, None]), dim=1)
    priors = [(strength * first, constant) for strength in BROWNIAN]
    priors += [(strength * first.square() * (3 * last - first) / 6, line) for strength in INTEGRATED]
    rejected, penalty = [], []
    for covariance, free in priors:
        total = torch.eye(frames, dtype=torch.float64) + covariance
        inverse = torch.linalg.inv(total)
        information = free.T @ inverse @ free
        rejected.append(inverse - inverse @ free @ torch.linalg.inv(information) @ free.T @ inverse)
        occam = torch.logdet(total) + torch.logdet(information) - torch.logdet(free.T @ free)
        penalty.append(occam + (free.shape[1] - 1) * math.log(frames))
    return _Smoothers(torch.stack(rejected), torch.stack(penalty))
