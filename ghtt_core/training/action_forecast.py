# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What predicted mid-level features are worth: the motion that the frozen pose decoder makes of them.

An L1 error of features weighs all their channels alike; a planner sees joints. Here the features of the first future
clips are decoded and chained as P.b does, from the true newest pose, and compared with where the joints went.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.data.windows import ActionWindow, PoseWindowSampler
from ghtt_core.hands import components
from ghtt_core.hands.layout import CLIP_FRAMES, FEATURE_SIZE, MAX_CLIPS, THUMB_CMC
from ghtt_core.hands.rigid import RigidMap, inverse
from ghtt_core.models import losses
from ghtt_core.models.pose_block import PoseBlock
from ghtt_core.training.forecast_objective import joint_distance


class DecodedForecast:
    """Decodes predicted features of some rows of a batch and measures the joints in decimetres."""

    def __init__(self, pose_block: PoseBlock, template: Tensor, store: SequenceStore, clips: int, rows: int) -> None:
        """Prepare.

        Args:
            pose_block: Frozen; gradients pass through its decoder.
            template: (2, 5, 3) canonical palms.
            store: Where the joints are.
            clips: Predicted features that are decoded, from the first on.
            rows: At most so many windows of a batch are decoded, because decoding costs more than the action block.
        """
        self.pose_block = pose_block
        self.template = template
        self.clips = clips
        self.rows = rows
        self.sampler = PoseWindowSampler(store, frames=CLIP_FRAMES * (clips + 2), cut_probability=0.0)

    def __call__(self, window: ActionWindow, observed: Tensor, future: Tensor) -> Tensor:
        """Mean distance of joints in decimetres over the frames that predicted features make.

        Args:
            window: The batch, B rows.
            observed: (B, 16, d) features of the observed clips.
            future: (B, 17, d) predicted features.

        Returns:
            A scalar; 0 where no row has enough of its action left.
        """
        last = window.n_observed - 1
        row = torch.arange(len(last))
        chosen = row[window.clip_frames[:, MAX_CLIPS] == CLIP_FRAMES][: self.rows]
        if len(chosen) == 0:
            return future.new_zeros(())
        last = last[chosen]
        device = future.device
        begin = window.clip_start[chosen, last]
        clip = self.sampler.batch(begin)
        code = components.encode(clip.joints, self.template.cpu(), clip.hand_valid)
        latent = torch.cat((observed[chosen, last][:, None], future[chosen, : self.clips]), dim=1)
        decoded = self.pose_block.decode(latent.flatten(0, 1).float())
        features = decoded.reshape(len(chosen), -1, FEATURE_SIZE)
        newest = CLIP_FRAMES - 1
        base = inverse(RigidMap(*(part[:, newest].to(device) for part in code.camera_to_local)))
        joints = components.decode(features, code.palm_size[:, newest].to(device), base)
        target = clip.joints[:, CLIP_FRAMES:].to(device)
        distance = joint_distance(joints, target)
        # A feature says what comes after its own clip.
        predicted = window.clip_valid[chosen, MAX_CLIPS : MAX_CLIPS + self.clips].repeat_interleave(CLIP_FRAMES, dim=1)
        shown = clip.hand_valid & clip.frame_valid[..., None] & clip.hand_valid[:, :1]
        weight = (shown[:, 2 * CLIP_FRAMES :] & predicted[..., None])[..., None] & clip.joint_valid[:, None, None]
        weight[..., THUMB_CMC] = False
        return losses.masked_mean(distance[:, CLIP_FRAMES:], weight.to(device))
