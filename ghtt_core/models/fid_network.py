# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The network behind the Fréchet distance: it names the action of a motion, and its last token is the feature."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ghtt_core.hands import components
from ghtt_core.hands.layout import CLIP_FRAMES, MAX_CLIPS, NUM_JOINTS
from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.config import FidConfig
from ghtt_core.models.pose_block import ComponentEmbedding
from ghtt_core.models.transformer import Encoder

MAX_FRAMES = CLIP_FRAMES * MAX_CLIPS
"""Longest motion the network reads: 256 frames."""


class FidNetwork(nn.Module):
    """One learned token reads the component code of up to 256 frames; its output is the feature of the motion.

    It sees neither objects nor phases, only motion, and shares no weights with the blocks it judges.
    """

    label_logits = staticmethod(ActionBlock.label_logits)

    def __init__(self, config: FidConfig, text_width: int) -> None:
        """Builds the network with fresh weights; `text_width` is that of the text encoder behind the labels."""
        super().__init__()
        self.config = config
        self.text_width = text_width
        self.embedding = ComponentEmbedding(config.width)
        self.token = nn.Parameter(torch.randn(1, 1, config.width))
        self.encoder = Encoder(config.width, config.heads, config.feedforward, config.layers, MAX_FRAMES + 1)
        self.label_projection = nn.Linear(text_width, config.width)

    def forward(self, features: Tensor, frame_valid: Tensor, joint_valid: Tensor) -> Tensor:
        """Gives the features of motions.

        Args:
            features: ``(B, T, 153)`` component code, T at most 256.
            frame_valid: ``(B, T)`` bool; frames that are not valid are hidden as keys.
            joint_valid: ``(B, T, 2, 21)`` bool; joints that are not valid are replaced by learned placeholders.

        Returns:
            ``(B, d)``, after the final norm.
        """
        batch = len(features)
        content = self.embedding(features, joint_valid)
        sequence = torch.cat((self.token.to(content.dtype).expand(batch, -1, -1), content), dim=1)
        seen = torch.cat((frame_valid.new_ones(batch, 1), frame_valid), dim=1)
        encoded: Tensor = self.encoder(sequence, seen)
        return encoded[:, 0]

    def embed_labels(self, text: Tensor) -> Tensor:
        """Maps text embeddings ``(K, text_width)`` of the labels into the space of the features, ``(K, d)``."""
        out: Tensor = self.label_projection(text)
        return out


def motion_code(
    joints: Tensor, hand_valid: Tensor, frame_valid: Tensor, joint_valid: Tensor, template: Tensor
) -> tuple[components.ComponentCode, Tensor]:
    """Recomputes the component code of motions from their joints, as the network is given it.

    Args:
        joints: ``(B, T, 2, 21, 3)`` metres, any fixed frame; anything where a hand is not valid.
        hand_valid: ``(B, T, 2)`` bool.
        frame_valid: ``(B, T)`` bool, False for padding at the end.
        joint_valid: ``(B, 21)`` bool, joints that were measured.
        template: ``(2, 5, 3)`` canonical palms.

    Returns:
        The code, and which joints may be shown ``(B, T, 2, 21)`` bool.
    """
    seen = hand_valid & frame_valid[..., None]
    code = components.encode(joints, template, seen)
    shown = seen[..., None] & joint_valid[:, None, None].expand(-1, 1, 1, NUM_JOINTS)
    return code, shown
