# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The consistency blend: a refined clip that starts and ends exactly on the wrist poses of its input."""

from __future__ import annotations

import torch
from torch import Tensor

from ghtt_core.hands.rigid import RigidMap, compose, inverse, rotation_from_vector, rotation_to_vector


def consistency_blend(refined: RigidMap, measured: RigidMap, frame_valid: Tensor | None = None) -> RigidMap:
    """Bend a refined wrist path so that its first and last valid frames coincide with the measured ones.

    Frame 0 is the base: it becomes the identity. With P and C the refined and the measured maps of the last valid
    frame g to the base, the rectifier ``P^-1`` then ``C`` is applied to frame i with its translation and its
    rotation vector scaled by i / g. Only the shape of the path in between is the network's.

    Args:
        refined: Maps local(t) -> base (..., T, 2), metres, as integrated from refined features.
        measured: Maps local(t) -> local(0) (..., T, 2), metres, of the input poses.
        frame_valid: (..., T) bool; None if all are valid. Frames after the last valid one are extrapolated.

    Returns:
        Maps local(t) -> local(0) (..., T, 2), metres.
    """
    refined = compose(refined, inverse(_frame(refined, 0)))
    frames = refined.translation.shape[-3]
    index = torch.arange(frames, device=refined.translation.device)
    if frame_valid is None:
        goal = index.new_full(refined.translation.shape[:-3], frames - 1)
    else:
        goal = torch.where(frame_valid, index, 0).amax(dim=-1)
        goal = goal.expand(refined.translation.shape[:-3])
    rectifier = compose(inverse(_pick(refined, goal)), _pick(measured, goal))  # (..., 1, 2)
    share = (index / goal.unsqueeze(-1).clamp_min(1))[..., None, None].to(refined.translation.dtype)  # (..., T, 1, 1)
    vector = rotation_to_vector(rectifier.rotation)
    return compose(refined, RigidMap(rotation_from_vector(share * vector), share * rectifier.translation))


def _frame(maps: RigidMap, index: int) -> RigidMap:
    """Return one frame of maps (..., T, 2) as (..., 1, 2)."""
    return RigidMap(maps.rotation[..., index : index + 1, :, :, :], maps.translation[..., index : index + 1, :, :])


def _pick(maps: RigidMap, frame: Tensor) -> RigidMap:
    """Return frame ``frame`` (...) of maps (..., T, 2) as (..., 1, 2)."""
    shape = maps.translation.shape[:-3]
    at = frame.reshape(*shape, 1, 1, 1)
    translation = torch.gather(maps.translation, -3, at.expand(*shape, 1, *maps.translation.shape[-2:]))
    at = at.unsqueeze(-1)
    return RigidMap(torch.gather(maps.rotation, -4, at.expand(*shape, 1, *maps.rotation.shape[-3:])), translation)
