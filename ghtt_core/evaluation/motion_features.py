# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Features of whole motions for the Fréchet distance, always recomputed from joints as they would be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import torch
from torch import Tensor

from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.evaluation.frechet import FeatureStatistics
from ghtt_core.evaluation.futures import TrueMotion, read_motion
from ghtt_core.evaluation.segments import SUBSETS, forecast_segments
from ghtt_core.hands import components
from ghtt_core.models.fid_checkpoint import FidCheckpoint
from ghtt_core.models.fid_network import motion_code

_BATCH: Final = 128
"""Motions per pass of the network: 113 tokens each, so the memory of a pass stays in the hundreds of megabytes."""


class Motions(NamedTuple):
    """Motions in the hands' own frames.

    Attributes:
        local: (B, T, 2, 21, 3) local joints, metres.
        feature: (B, d) features of the FID network; None without one.
    """

    local: Tensor
    feature: Tensor | None


@torch.inference_mode()
def describe_motions(motion: TrueMotion, template: Tensor, fid: FidCheckpoint | None) -> Motions:
    """Bring motions into the hands' frames by their own palms, frame by frame, and give their features.

    Args:
        motion: Motions of any origin, with the masks of the true ones.
        template: (2, 5, 3) canonical palms, where no network brings its own.
        fid: The FID network, or None for no features.
    """
    parts = []
    for first in range(0, len(motion.joints), _BATCH):
        joints, hands, frames, measured = (part[first : first + _BATCH] for part in motion)
        code, shown = motion_code(joints, hands, frames, measured, template if fid is None else fid.template)
        local = components.local_joints(code.features) * code.palm_size[..., None, None]
        feature = None if fid is None else fid.network(code.features, frames, shown)
        parts.append(Motions(local, feature))
    features = [part.feature for part in parts if part.feature is not None]
    return Motions(torch.cat([part.local for part in parts]), torch.cat(features) if features else None)


def true_statistics(
    store: SequenceStore,
    fid: FidCheckpoint,
    given: int,
    stride: int = 1,
    progress: Callable[[int], None] = lambda amount: None,
) -> dict[str, FeatureStatistics]:
    """Statistics of the true motions of a store, for every subset of segments.

    As in the paper they start at every frame of an action at which its subset's fewest frames are left, not only at
    the segments that are forecast.

    Args:
        store: Where the actions lie.
        fid: The FID network.
        given: True frames at the start of a forecast; motions without a frame after them are left out.
        stride: Frames from one start to the next; more than 1 saves time on large stores.
        progress: Called with the number of motions after each batch.
    """
    statistics = {name: FeatureStatistics(fid.card.model.width) for name in SUBSETS}
    segments = forecast_segments(store, max(min(SUBSETS.values()), given + 1), stride)
    for first in range(0, len(segments), _BATCH):
        batch = segments.take(slice(first, first + _BATCH))
        motion = read_motion(store, batch, fid.template.device)
        feature = describe_motions(motion, fid.template, fid).feature
        assert feature is not None, "there is a network"
        features = feature.cpu().numpy()
        for name, fewest in SUBSETS.items():
            statistics[name].add(features[batch.left >= fewest])
        progress(len(batch))
    return statistics
