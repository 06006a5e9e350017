# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What refinement is trained on last: how far joints of refined clips are off where a robot reads them.

The paper's losses compare components of the code. What is published is a clip placed in the camera frame and corrected
by the smooth part of what the observation says differently (`ghtt_core.streaming.anchoring`). That correction mends
slow mistakes by itself; trained through it, the network gives its precision to the rest.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor

from ghtt_core.hands.components import LOCAL
from ghtt_core.hands.layout import NUM_HANDS, NUM_JOINTS, THUMB_CMC, WRIST
from ghtt_core.models import losses
from ghtt_core.models.pose_block import PoseEncoding
from ghtt_core.streaming.refinement import RefinedWindow, refine_windows
from ghtt_core.training.augmentation import CorruptedInput
from ghtt_core.training.forecast_objective import joint_distance

NEWEST_EMPHASIS: Final = 4.0
"""Weight of the newest frame, which is what a robot gets, over that of the others."""


class _Encoded(NamedTuple):
    """Gives an encoding that is already there to `refine_windows`."""

    encoding: PoseEncoding

    def encode(self, features: Tensor, frame_valid: Tensor, joint_valid: Tensor) -> PoseEncoding:
        """Return the encoding, whatever is asked."""
        return self.encoding


def refine_observed(
    template: Tensor, encoding: PoseEncoding, observed: CorruptedInput, frame_valid: Tensor, *, keep: bool = True
) -> RefinedWindow:
    """Place noisy clips as the pipeline does.

    Args:
        template: (2, 5, 3) canonical palms.
        encoding: What the encoder made of ``observed``.
        observed: Noisy clips of 16 frames, with noise on the joints.
        frame_valid: (B, 16) bool.
        keep: Whether gradients shall reach the encoder's refined components.

    Returns:
        The clips.
    """
    known = _Encoded(encoding)
    with torch.set_grad_enabled(keep and torch.is_grad_enabled()):
        return refine_windows(known, template, observed.joints, observed.joint_valid, frame_valid=frame_valid)


def refinement_loss(window: RefinedWindow, truth: Tensor, mask: Tensor) -> Tensor:
    """Mean distance in decimetres of refined joints from true ones, both relative to their wrists.

    Args:
        window: Refined clips.
        truth: (B, 16, 2, 21, 3) metres, in the same camera frame.
        mask: (B, 16, 153) 0/1 weights of their code.
    """
    said = window.joints - window.joints[..., WRIST : WRIST + 1, :]
    true = truth - truth[..., WRIST : WRIST + 1, :]
    weight = mask[..., LOCAL].reshape(*mask.shape[:2], NUM_HANDS, NUM_JOINTS, 3)[..., 0].clone()
    weight[..., [WRIST, THUMB_CMC]] = 0.0
    emphasis = torch.ones(weight.shape[:2], device=weight.device)
    emphasis[torch.arange(len(emphasis)), window.newest] = NEWEST_EMPHASIS
    weight = weight * window.hand_seen[:, None, :, None] * emphasis[:, :, None, None]
    mean: Tensor = losses.masked_mean(joint_distance(said, true), weight)
    return mean
