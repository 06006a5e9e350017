# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Filling frames in which a hand was not seen: linear between its neighbours, held at the ends, never NaN."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ghtt_core.hands.rigid import RigidMap, nearest_rotation


class Neighbours(NamedTuple):
    """Where to interpolate each frame of each hand from.

    Attributes:
        before: (..., T, 2) int64, the last seen frame at or before each frame, or the first seen one.
        after: (..., T, 2) int64, the first seen frame at or after each frame, or the last seen one.
        share: (..., T, 2), weight of ``after`` in [0, 1].
        ever: (..., 1, 2) bool, whether the hand is seen at all. If not, both indices are 0.
    """

    before: Tensor
    after: Tensor
    share: Tensor
    ever: Tensor


def neighbours(hand_valid: Tensor, dtype: torch.dtype = torch.float32) -> Neighbours:
    """Find each frame's nearest seen frames for ``hand_valid`` (..., T, 2) bool."""
    frames = hand_valid.shape[-2]
    index = torch.arange(frames, device=hand_valid.device).unsqueeze(-1).expand(hand_valid.shape)
    before = torch.where(hand_valid, index, -1).cummax(dim=-2).values
    after = torch.where(hand_valid, index, frames).flip(-2).cummin(dim=-2).values.flip(-2)
    ever = hand_valid.any(dim=-2, keepdim=True)
    has_before, has_after = before >= 0, after < frames
    before, after = torch.where(has_before, before, after), torch.where(has_after, after, before)
    before, after = before.clamp(0, frames - 1), after.clamp(0, frames - 1)
    share = (index - before).to(dtype) / (after - before).clamp_min(1).to(dtype)
    return Neighbours(before, after, share.clamp(0.0, 1.0), ever)


def fill_frames(values: Tensor, hand_valid: Tensor) -> Tensor:
    """Fill ``values`` (..., T, 2, *rest) where ``hand_valid`` (..., T, 2) is False.

    Values of valid frames are returned as they are. Hands never seen give zeros, whatever was stored there.
    """
    rest = values.dim() - hand_valid.dim()
    near = neighbours(hand_valid, values.dtype)

    def spread(x: Tensor) -> Tensor:
        return x.reshape(*x.shape, *([1] * rest))

    # NaN times zero is NaN, so what an invalid frame holds must go before the arithmetic.
    clean = torch.where(spread(hand_valid), values, torch.zeros_like(values))
    axis = hand_valid.dim() - 2
    low = torch.gather(clean, axis, spread(near.before).expand(values.shape))
    high = torch.gather(clean, axis, spread(near.after).expand(values.shape))
    return torch.where(spread(hand_valid), clean, torch.lerp(low, high, spread(near.share).expand(values.shape)))


def fill_joints(joints: Tensor, hand_valid: Tensor) -> Tensor:
    """Fill joints (..., T, 2, 21, 3) where ``hand_valid`` (..., T, 2) is False; zeros for a hand never seen."""
    return fill_frames(joints, hand_valid)


def fill_maps(maps: RigidMap, hand_valid: Tensor) -> RigidMap:
    """Fill rigid maps camera -> local (..., T, 2) where ``hand_valid`` (..., T, 2) is False.

    The local frame's origin (the wrist) moves in a straight line between the neighbours, and its rotation is the
    rotation nearest to the blend of theirs. A hand never seen gets identities.
    """
    wrist = -(maps.rotation @ maps.translation.unsqueeze(-1)).squeeze(-1)
    wrist = fill_frames(wrist, hand_valid)
    rotation = fill_frames(maps.rotation, hand_valid)
    rotation = rotation.index_put((~hand_valid,), nearest_rotation(rotation[~hand_valid]))
    translation = -(wrist.unsqueeze(-2) @ rotation).squeeze(-2)
    return RigidMap(rotation, torch.where(hand_valid.unsqueeze(-1), maps.translation, translation))
