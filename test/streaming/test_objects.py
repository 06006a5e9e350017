# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A clip's object is the known one nearest to what its frames show, and nothing after the frames are gone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from streaming_scenes import TEXT_WIDTH

from ghtt_core.errors import InputError
from ghtt_core.models.checkpoint import Checkpoint
from ghtt_core.streaming.objects import ObjectTrack


def test_noisy_features_become_the_known_object(checkpoint: Checkpoint) -> None:
    track = ObjectTrack(None, checkpoint.object_text, TEXT_WIDTH)
    rng = np.random.default_rng(0)
    assert track.clip_feature() is None
    for _ in range(16):
        noise = rng.normal(scale=0.1, size=TEXT_WIDTH).astype(np.float32)
        track.push(checkpoint.object_text[1].numpy() + noise)
    assert torch.allclose(track.clip_feature(), checkpoint.object_text[1], atol=1e-6)


def test_an_object_is_forgotten_after_16_frames(checkpoint: Checkpoint) -> None:
    track = ObjectTrack(checkpoint.object_aggregator, checkpoint.object_text, TEXT_WIDTH)
    track.push(checkpoint.object_text[0].numpy())
    for _ in range(15):
        track.push(None)
        assert track.clip_feature() is not None
    track.push(None)
    assert track.clip_feature() is None


def test_without_known_objects_the_feature_itself_has_length_one(checkpoint: Checkpoint) -> None:
    track = ObjectTrack(checkpoint.object_aggregator, checkpoint.object_text, TEXT_WIDTH, snap=False)
    track.push(np.full(TEXT_WIDTH, 3.0, np.float32))
    assert float(track.clip_feature().norm()) == pytest.approx(1.0, abs=1e-5)
    track.clear()
    assert track.clip_feature() is None


@pytest.mark.parametrize("feature", [np.zeros(TEXT_WIDTH + 1, np.float32), np.full(TEXT_WIDTH, np.nan, np.float32)])
def test_features_of_another_encoder_are_refused(checkpoint: Checkpoint, feature: np.ndarray) -> None:
    with pytest.raises(InputError, match="object features"):
        ObjectTrack(None, checkpoint.object_text, TEXT_WIDTH).push(feature)


def test_a_track_begins_anew_after_frames_in_inference_mode(checkpoint: Checkpoint) -> None:
    track = ObjectTrack(None, checkpoint.object_text, TEXT_WIDTH)
    with torch.inference_mode():
        track.push(checkpoint.object_text[0].numpy())
    track.clear()
    assert track.clip_feature() is None
    track.push(checkpoint.object_text[1].numpy())
    assert torch.allclose(track.clip_feature(), checkpoint.object_text[1], atol=1e-6)
