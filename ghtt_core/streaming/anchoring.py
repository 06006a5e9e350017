# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Put a clip the pose block refined back into the camera frame.

The pose block gives each frame's local hand pose and the wrist's step from frame to frame. Integrating the steps from
frame 0 gives a clip in the (unknown) frame of the hand at frame 0; an *anchor* places that clip in the camera frame:

- ``registration`` moves each hand's whole clip rigidly onto all its observed joints, so that the wrist and rotation
  noise of 16 frames is averaged.
- ``residual`` registers and then corrects position, rotation and hand shape by the smooth part of what the observation
  says differently (`ghtt_core.streaming.residual`), so that hands unlike those of the training data stay true. Streams
  and recordings hold the observation to one skeleton before (`ghtt_core.hands.skeleton`).
- ``blend`` is the paper's choice: the clip starts and ends exactly on the observed wrist pose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

import torch
from torch import Tensor

from ghtt_core.errors import InputError
from ghtt_core.hands import components
from ghtt_core.hands.canonical import kabsch
from ghtt_core.hands.consistency import consistency_blend
from ghtt_core.hands.layout import PALM_JOINTS, THUMB_CMC, WRIST
from ghtt_core.hands.missing import fill_frames
from ghtt_core.hands.registration import register_window
from ghtt_core.hands.rigid import (
    RigidMap,
    apply,
    compose,
    inverse,
    relative,
    rotation_from_vector,
    rotation_to_vector,
)
from ghtt_core.streaming.residual import smooth_part

AnchorKind = Literal["residual", "registration", "blend"]
SHORTEST_SMOOTHED: Final = 4
"""Frames below which a clip says nothing about its own noise."""
_FINGERS: Final = ((2, 3, 4), (6, 7, 8), (10, 11, 12), (14, 15, 16), (18, 19, 20))
_CMC_FRACTION = 0.45
"""Where the thumb CMC is drawn between wrist and thumb MCP: the networks never learn it."""


@dataclass(frozen=True)
class Anchor:
    """How a refined clip is placed in the camera frame.

    Attributes:
        kind: ``residual``, ``registration`` or ``blend`` (see the module).
        recency: Not for ``blend``: weights fall by this exponent per frame of age; 0 weighs all frames alike.
    """

    kind: AnchorKind = "residual"
    recency: float = 0.0

    def __post_init__(self) -> None:
        """Refuse unknown kinds.

        Raises:
            InputError: If the kind is not one of these, or recency is negative.
        """
        if self.kind not in get_args(AnchorKind):
            raise InputError(f"The anchor {self.kind!r} is unknown; choose one of {', '.join(get_args(AnchorKind))}.")
        if not 0 <= self.recency < 10:
            raise InputError(f"The recency of an anchor must be in [0, 10), not {self.recency}.")

    @classmethod
    def of(cls, anchor: Anchor | AnchorKind) -> Anchor:
        """Return the anchor itself, or the usual one of a kind."""
        return cls(anchor) if isinstance(anchor, str) else anchor

    @property
    def holds_skeleton(self) -> bool:
        """Whether streams and recordings are held to one skeleton; the paper's way and registration take them as is."""
        return self.kind == "residual"


class PlacedClip(NamedTuple):
    """A clip in the camera frame.

    Attributes:
        joints: (B, T, 2, 21, 3) metres.
        local_to_camera: Maps (B, T, 2), metres.
        shape_offset: (B, T, 2, 21, 3) metres, local frame: what was added to the network's hand shape.
        noise: (B, 2, 3) metres: standard deviation of the observed hand's position from frame to frame, camera axes.
    """

    joints: Tensor
    local_to_camera: RigidMap
    shape_offset: Tensor
    noise: Tensor


def place_clip(
    features: Tensor,
    palm_size: Tensor,
    code: components.ComponentCode,
    observed: Tensor,
    weights: Tensor,
    frame_valid: Tensor,
    anchor: Anchor,
) -> PlacedClip:
    """Decode refined features and anchor them.

    Args:
        features: (B, T, 153) refined components.
        palm_size: (B, 2) metres.
        code: Component code of the observation, (B, T).
        observed: (B, T, 2, 21, 3) observed joints, metres, camera frame, finite.
        weights: (B, T, 2, 21) non-negative, 0 where a joint was not observed.
        frame_valid: (B, T) bool, False for padding.
        anchor: How to place the clip.

    Returns:
        The clip in the camera frame.
    """
    local = components.local_joints(features) * palm_size[:, None, :, None, None]
    place_thumb_cmc(local)
    to_base = components.integrate(start_at_identity(features))
    if anchor.kind == "blend":
        first = RigidMap(*(part[:, :1] for part in code.camera_to_local))  # (B, 1, 2)
        to_base = consistency_blend(to_base, relative(code.camera_to_local, first), frame_valid)
        base_to_camera = inverse(first)
    else:
        recent = weights
        if anchor.recency > 0:
            age = torch.arange(weights.shape[1] - 1, -1, -1, dtype=weights.dtype, device=weights.device)
            recent = weights * torch.exp(-anchor.recency * age)[:, None, None]
        fitted = register_window(apply(to_base, local), observed, recent)  # (B, 2)
        base_to_camera = RigidMap(*(part[:, None] for part in fitted))
    to_camera = compose(to_base, base_to_camera)
    placed = apply(to_camera, local)
    share = (weights / weights.sum(-1, keepdim=True).clamp_min(1e-6)).unsqueeze(-2)  # (B, T, 2, 1, 21)
    centre = (share @ placed).squeeze(-2)
    shift = (share @ observed).squeeze(-2) - centre
    noise = _roughness(shift, weights.sum(-1) > 0)
    if anchor.kind == "residual":
        local, to_camera, offset = _corrected(local, to_camera, placed, centre, shift, observed, weights, frame_valid)
        return PlacedClip(apply(to_camera, local), to_camera, offset, noise)
    return PlacedClip(placed, to_camera, torch.zeros_like(local), noise)


def _roughness(shift: Tensor, seen: Tensor) -> Tensor:
    """Standard deviation (B, 2, 3) of white noise in (B, T, 2, 3); 0 where no three frames in a row saw the hand."""
    bend = shift[:, 2:] - 2 * shift[:, 1:-1] + shift[:, :-2]
    known = (seen[:, 2:] & seen[:, 1:-1] & seen[:, :-2]).unsqueeze(-1)
    power = torch.where(known, bend, 0.0).square().sum(1) / known.sum(1).clamp(min=1)
    return (power / 6).sqrt()  # the variance of a bend is 1 + 4 + 1 times that of a frame


def _corrected(
    local: Tensor,
    to_camera: RigidMap,
    placed: Tensor,
    centre: Tensor,
    shift: Tensor,
    observed: Tensor,
    weights: Tensor,
    frame_valid: Tensor,
) -> tuple[Tensor, RigidMap, Tensor]:
    """Add the smooth part of what the observation says differently: local joints, their maps and what was added."""
    seen = weights.sum(-1) > 0  # (B, T, 2)
    fitted = kabsch(placed, observed, weights)
    # Rotations are worked on as rotation vectors from the middle of the clip.
    middle = (frame_valid.sum(1) - 1).clamp(min=0) // 2
    back = to_camera.rotation[torch.arange(len(middle)), middle].mT[:, None]  # (B, 1, 2, 3, 3)
    path = rotation_to_vector(back @ to_camera.rotation)
    turn = rotation_to_vector(back @ to_camera.rotation @ fitted.rotation) - path
    # Hand shapes are compared after bringing the observation onto the refined hand.
    brought = apply(inverse(compose(to_camera, fitted)), observed)
    difference = torch.where((weights > 0).unsqueeze(-1), brought - local, 0.0)
    residual = fill_frames(torch.cat((turn, shift, difference.flatten(-2)), dim=-1), seen)
    turn, shift, difference = residual.split_with_sizes((3, 3, 63), dim=-1)
    rotation = (to_camera.rotation.mT @ back.mT) @ rotation_from_vector(
        path + _smooth_real(smooth_part, turn, frame_valid)
    )
    moved = centre + _smooth_real(_smooth_shift, shift, frame_valid)
    correction = RigidMap(rotation, moved - (centre.unsqueeze(-2) @ rotation).squeeze(-2))
    offset = _smooth_real(_smooth_shape, difference.reshape(local.shape), frame_valid)
    return place_thumb_cmc(local + offset), compose(to_camera, correction), offset


def _smooth_real(smooth: Callable[[Tensor], Tensor], values: Tensor, frame_valid: Tensor) -> Tensor:
    """Smooth (B, T, ...) over the real frames of each clip; padding gets 0, very short clips stay as they are."""
    lengths = frame_valid.sum(1)
    if bool((lengths == values.shape[1]).all()):
        return smooth(values)
    result = torch.zeros_like(values)
    for length in sorted(set(lengths.tolist())):
        rows = lengths == length
        part = values[rows, :length]
        result[rows, :length] = smooth(part) if length >= SHORTEST_SMOOTHED else part
    return result


def _smooth_shift(shift: Tensor) -> Tensor:
    """Smooth (B, T, 2, 3), each axis by itself: a camera knows much less about depth than about the other two."""
    return smooth_part(shift.flatten(2).unsqueeze(-1)).reshape(shift.shape)


def _smooth_shape(difference: Tensor) -> Tensor:
    """Smooth (B, T, 2, 21, 3), palm and fingers each by themselves: one finger may move while the others rest."""
    batch, frames = difference.shape[:2]
    result = torch.zeros_like(difference)
    palm, fingers = list(PALM_JOINTS), [joint for finger in _FINGERS for joint in finger]
    for joints, groups in ((palm, 1), (fingers, len(_FINGERS))):
        part = difference[..., joints, :].reshape(batch, frames, 2 * groups, -1)
        result[..., joints, :] = smooth_part(part).reshape(batch, frames, 2, len(joints), 3)
    return result


def start_at_identity(features: Tensor) -> Tensor:
    """Make frame 0 of a clip its base frame: its velocity becomes the identity, as in training.

    Args:
        features: (..., T, 153).

    Returns:
        (..., T, 153), a copy.
    """
    result = features.clone()
    still = features.new_tensor((1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0))
    result[..., 0, components.VELOCITY] = still.repeat(2)
    return result


def place_thumb_cmc(joints: Tensor) -> Tensor:
    """Put the thumb CMC, which no network of this method predicts, on the line from wrist to thumb MCP.

    Args:
        joints: (..., 21, 3) in any frame and unit; changed in place.

    Returns:
        The same tensor.
    """
    wrist, thumb_mcp = joints[..., WRIST, :], joints[..., THUMB_CMC + 1, :]
    joints[..., THUMB_CMC, :] = wrist + _CMC_FRACTION * (thumb_mcp - wrist)
    return joints
