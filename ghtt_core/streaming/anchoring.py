# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Put a clip the pose block refined back into the camera frame.

The pose block gives each frame's local hand pose and the wrist's step from frame to frame. Integrating the steps from
frame 0 gives a clip in the (unknown) frame of the hand at frame 0; an *anchor* places that clip in the camera frame:

- ``registration`` moves each hand's whole clip rigidly onto all its observed joints, so that the wrist and rotation
  noise of 16 frames is averaged.
- ``blend`` is the paper's choice: the clip starts and ends exactly on the observed wrist pose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ghtt_core.errors import InputError
from ghtt_core.hands import components
from ghtt_core.hands.consistency import consistency_blend
from ghtt_core.hands.layout import THUMB_CMC, WRIST
from ghtt_core.hands.registration import register_window
from ghtt_core.hands.rigid import RigidMap, apply, compose, inverse, relative

AnchorKind = Literal["registration", "blend"]
_CMC_FRACTION = 0.45
"""Where the thumb CMC is drawn between wrist and thumb MCP: the networks never learn it."""


@dataclass(frozen=True)
class Anchor:
    """How a refined clip is placed in the camera frame.

    Attributes:
        kind: ``registration`` or ``blend`` (see the module).
        recency: For ``registration``: weights fall by this exponent per frame of age; 0 weighs all frames alike.
    """

    kind: AnchorKind = "registration"
    recency: float = 0.0

    def __post_init__(self) -> None:
        """Refuse unknown kinds.

        Raises:
            InputError: If the kind is not one of the two, or recency is negative.
        """
        if self.kind not in ("registration", "blend"):
            raise InputError(f"The anchor {self.kind!r} is unknown; choose 'registration' or 'blend'.")
        if not 0 <= self.recency < 10:
            raise InputError(f"The recency of an anchor must be in [0, 10), not {self.recency}.")


def place_clip(
    features: Tensor,
    palm_size: Tensor,
    code: components.ComponentCode,
    observed: Tensor,
    weights: Tensor,
    frame_valid: Tensor,
    anchor: Anchor,
) -> tuple[Tensor, RigidMap]:
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
        Joints (B, T, 2, 21, 3) in metres and local-to-camera maps (B, T, 2).
    """
    local = components.local_joints(features) * palm_size[:, None, :, None, None]
    place_thumb_cmc(local)
    to_base = components.integrate(start_at_identity(features))
    if anchor.kind == "blend":
        first = RigidMap(*(part[:, :1] for part in code.camera_to_local))  # (B, 1, 2)
        to_base = consistency_blend(to_base, relative(code.camera_to_local, first), frame_valid)
        base_to_camera = inverse(first)
    else:
        if anchor.recency > 0:
            age = torch.arange(weights.shape[1] - 1, -1, -1, dtype=weights.dtype, device=weights.device)
            weights = weights * torch.exp(-anchor.recency * age)[:, None, None]
        fitted = register_window(apply(to_base, local), observed, weights)  # (B, 2)
        base_to_camera = RigidMap(*(part[:, None] for part in fitted))
    to_camera = compose(to_base, base_to_camera)
    return apply(to_camera, local), to_camera


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
