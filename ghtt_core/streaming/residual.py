# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What an observation says that a refined clip does not: split into the network's mistake and the detector's noise.

The difference between observed and refined hands holds two things. The noise of a per-frame detector is drawn anew in
every frame, so it is spread evenly over all temporal frequencies. The network's mistakes - a skeleton whose joints sit
elsewhere than in its training data, a turn it underestimates - change slowly. So, over a clip, the fast half of the
difference tells the noise's strength, and each slow frequency is kept in the share by which it is stronger than that:
an empirical Wiener filter. Where the network is right, nothing is kept and the result is the network's; where the input
has no noise, everything slow is kept and the result is the input's.
"""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor

SLOW_SHARE = 0.5
"""Share of a clip's frequencies that can be the network's mistake; the rest measures the noise."""


def slow_part(residual: Tensor, *, per_channel: bool = False) -> Tensor:
    """Keep of a residual what is not explained by noise that is independent from frame to frame.

    Args:
        residual: (B, T, H, D) differences over time, of H hands with D channels of one kind.
        per_channel: Whether channels differ in noise, like depth from the image plane; they are then compared with
            their own noise, and kept in one common share.

    Returns:
        (B, T, H, D).
    """
    frames = residual.shape[1]
    basis = _cosines(frames).to(residual)  # (K, T), orthonormal
    spectrum = torch.einsum("kt,bthd->bkhd", basis, residual)
    slow = max(round(SLOW_SHARE * frames), 1)
    power = spectrum.square()
    noise = power[:, slow:].mean(1, keepdim=True)  # (B, 1, H, D)
    tiny = torch.finfo(residual.dtype).tiny
    if per_channel:
        excess = (power[:, :slow] / noise.clamp_min(tiny)).mean(-1, keepdim=True)
        share = 1.0 - 1.0 / excess.clamp_min(1.0)
    else:
        excess = power[:, :slow].mean(-1, keepdim=True)  # (B, slow, H, 1)
        share = 1.0 - (noise.mean(-1, keepdim=True) / excess.clamp_min(tiny)).clamp(max=1.0)
    return torch.einsum("kt,bkhd->bthd", basis[:slow], spectrum[:, :slow] * share)


@cache
def _cosines(frames: int) -> Tensor:
    """Orthonormal cosines (K, T) of the discrete cosine transform, slowest first."""
    step, frequency = torch.arange(frames) + 0.5, torch.arange(frames)[:, None]
    basis = torch.cos(math.pi / frames * frequency * step) * math.sqrt(2.0 / frames)
    basis[0] /= math.sqrt(2.0)
    return basis
