# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Both forecasts start at the refined newest frame, batch over samples without mixing them, and follow the paper."""

from __future__ import annotations

import pytest
import torch
from streaming_scenes import LABELS, moving_hands
from torch import Tensor

from ghtt_core.errors import InputError
from ghtt_core.hands import components
from ghtt_core.hands.canonical import palm_size
from ghtt_core.models.checkpoint import Checkpoint
from ghtt_core.models.pose_block import PoseEncoding
from ghtt_core.streaming.forecasting import (
    DOUBTFUL_NOISE,
    ObservedAction,
    forecast_action,
    forecast_pose,
    hide_unseen,
    sample_noise,
)
from ghtt_core.streaming.refinement import RefinedWindow, refine_windows

FRAMES = 96


def observe(checkpoint: Checkpoint, windows: int = 1, hidden: int | None = None) -> RefinedWindow:
    joints = torch.stack([moving_hands(16, seed) for seed in range(windows)])
    valid = torch.ones(joints.shape[:-1], dtype=torch.bool)
    if hidden is not None:
        valid[:, :, hidden] = False
    return refine_windows(checkpoint.pose_block, checkpoint.template, joints, valid)


def observed_action(checkpoint: Checkpoint, window: RefinedWindow, clips: int = 3) -> ObservedAction:
    block = checkpoint.action_block
    assert block is not None
    batch, width = window.encoding.mu.shape
    mid_level = window.encoding.mu[:, None].expand(batch, clips, width)
    objects = torch.zeros(batch, clips, block.text_width)
    valid = torch.ones(batch, clips, dtype=torch.bool)
    encoding = block.encode(mid_level, objects, valid, ~valid)
    return ObservedAction(encoding, valid, torch.full((batch,), clips))


def forecast(checkpoint: Checkpoint, method: str, window: RefinedWindow, noise: Tensor, **options: object) -> Tensor:
    options = {"frames": FRAMES, "factor": 2.0} | options
    if method == "pose":
        return forecast_pose(checkpoint.pose_block, window, noise=noise, **options)
    action = observed_action(checkpoint, window)
    return forecast_action(
        checkpoint.pose_block,
        checkpoint.action_block,
        window,
        action,
        noise=noise,
        **({"first_clip": method} | options),
    )


METHODS = pytest.mark.parametrize("method", ["pose", "latent", "skip"])


@pytest.fixture
def noise() -> Tensor:
    return sample_noise(4, 6, 32, torch.Generator().manual_seed(1))


@METHODS
def test_samples_do_not_depend_on_each_other(checkpoint: Checkpoint, noise: Tensor, method: str) -> None:
    windows = observe(checkpoint, 2)
    together = forecast(checkpoint, method, windows, noise)
    assert together.shape == (2, 4, FRAMES, 2, 21, 3)
    alone = forecast(checkpoint, method, observe(checkpoint, 1), noise[[0, 2]])  # sample 0 leads all of them
    assert torch.allclose(together[0, 2], alone[0, 1], atol=1e-4)
    assert not torch.allclose(together[0, 2], together[1, 2], atol=1e-3)
    assert not torch.allclose(together[0, 2], together[0, 1], atol=1e-3)


@METHODS
def test_sample_zero_is_deterministic(checkpoint: Checkpoint, noise: Tensor, method: str) -> None:
    window = observe(checkpoint)
    other = sample_noise(4, 6, 32, torch.Generator().manual_seed(2))
    first, second = (forecast(checkpoint, method, window, n) for n in (noise, other))
    assert torch.equal(first[:, 0], second[:, 0])
    assert not torch.equal(first[:, 1], second[:, 1])
    still = forecast(checkpoint, method, window, noise, factor=0.0)
    assert torch.allclose(still, first[:, :1].expand_as(still), atol=1e-5)


@METHODS
def test_a_shorter_horizon_begins_like_a_longer_one(checkpoint: Checkpoint, noise: Tensor, method: str) -> None:
    window = observe(checkpoint)
    longest = forecast(checkpoint, method, window, noise)
    for frames in (1, 16, 17, 40):
        shorter = forecast(checkpoint, method, window, noise, frames=frames)
        assert shorter.shape[2] == frames
        # The action block's future clips attend to each other, so only what P alone decides stays the same.
        same = frames if method == "pose" else min(frames, 16)
        assert torch.allclose(shorter[:, :, :same], longest[:, :, :same], atol=1e-4)


@METHODS
def test_the_wrist_path_continues_from_the_newest_frame(checkpoint: Checkpoint, noise: Tensor, method: str) -> None:
    """Undo the decoding: the first step is the predicted velocity, taken from the refined newest frame."""
    window = observe(checkpoint)
    joints = forecast(checkpoint, method, window, noise)[0, 0]
    both = torch.cat((window.newest_joints(), joints))
    steps = (both[1:, :, 0] - both[:-1, :, 0]).norm(dim=-1)  # (T, 2)
    inside_clips = torch.tensor([t % 16 != 0 for t in range(FRAMES)])
    assert steps[~inside_clips].max() < 5 * steps[inside_clips].max() + 1e-3  # no jump where clips meet, nor at t = 0


@METHODS
def test_hands_keep_their_size(checkpoint: Checkpoint, noise: Tensor, method: str) -> None:
    window = observe(checkpoint)
    size = palm_size(forecast(checkpoint, method, window, noise))  # (1, S, T, 2)
    assert torch.allclose(size, window.palm_size[:, None, None].expand_as(size), rtol=1e-3)


@METHODS
def test_a_hand_that_was_not_seen_is_not_forecast(checkpoint: Checkpoint, noise: Tensor, method: str) -> None:
    joints = forecast(checkpoint, method, observe(checkpoint, hidden=0), noise)
    assert joints[..., 0, :, :].abs().max() == 0
    assert joints[..., 1, :, :].abs().max() > 0
    assert torch.isfinite(joints).all()


def test_rollout_of_a_perfect_predictor_goes_on_for_ever(checkpoint: Checkpoint, noise: Tensor) -> None:
    """A predictor that repeats one step makes the hand advance by that step, clip after clip."""
    step = components.encode(moving_hands(2), checkpoint.template).features[1]
    window = observe(checkpoint)
    window = window._replace(
        shape_offset=torch.zeros_like(window.shape_offset),
        noise=torch.zeros_like(window.noise),
        encoding=window.encoding._replace(refined=step.expand(1, 16, 153)),
    )

    class Repeat:
        def encode(self, features: Tensor, frame_valid: Tensor, joint_valid: Tensor) -> object:
            identity = torch.tensor([1.0, 0, 0, 0, 1, 0, 0, 0, 0])
            assert torch.equal(features[0, 0, components.VELOCITY], identity.repeat(2))
            return type(window.encoding)(*window.encoding[:3], features)

        def decode(self, latent: Tensor, tokens: Tensor, tokens_valid: Tensor) -> Tensor:
            return step.expand(len(latent), 16, 153)

    joints = forecast_pose(Repeat(), window, frames=48, noise=noise[:1])[0, 0]
    local = step[components.LOCAL_LEFT].reshape(21, 3) * window.palm_size[0, 0]
    moved = components.unpack_maps(step[components.VELOCITY_LEFT], components.POSITION_SCALE)
    place = window.newest_map()
    rotation, translation = place.rotation[0, 0], place.translation[0, 0]
    for frame in joints[:, 0]:
        rotation, translation = moved.rotation @ rotation, moved.translation @ rotation + translation
        expected = local @ rotation + translation
        assert torch.allclose(frame[2:], expected[2:], atol=1e-4)


def test_a_way_along_a_noisy_axis_is_believed_by_half(checkpoint: Checkpoint, noise: Tensor) -> None:
    window = observe(checkpoint)
    sure, half, none = (
        forecast(checkpoint, "pose", window._replace(noise=torch.tensor([0.0, 0.0, z]).expand(1, 2, 3)), noise)[0]
        for z in (0.0, DOUBTFUL_NOISE, 1e3 * DOUBTFUL_NOISE)
    )
    assert torch.allclose(half[..., :2], sure[..., :2], atol=1e-6)
    assert torch.allclose(2 * (sure - half), sure - none, atol=1e-4)
    assert (sure - none)[0, -1, ..., 2].abs().min() > 0.01
    assert torch.allclose(half[1:] - half[:1], sure[1:] - sure[:1], atol=1e-5)  # samples stay as far apart


def test_a_hand_unlike_the_training_data_keeps_its_shape(checkpoint: Checkpoint, noise: Tensor) -> None:
    """A network that sees fingertips 1 cm off, always, and predicts rest: the forecast is the observed hand at rest."""
    joints = moving_hands(1).expand(16, -1, -1, -1)[None]
    truth = components.encode(joints, checkpoint.template).features
    bias = torch.zeros(2, 21, 3)
    bias[:, [8, 12, 16, 20], 2] = 0.12  # palm units, fingertips
    wrong = torch.cat((truth[..., components.LOCAL] + bias.flatten(), truth[..., components.LOCAL.stop :]), dim=-1)

    class Biased:
        def encode(self, features: Tensor, frame_valid: Tensor, joint_valid: Tensor) -> PoseEncoding:
            latent = torch.zeros(len(features), 32)
            return PoseEncoding(latent, latent, torch.zeros(*features.shape[:2], 32), wrong.expand_as(features))

        def decode(self, latent: Tensor, tokens: Tensor, tokens_valid: Tensor) -> Tensor:
            return wrong.expand(len(latent), -1, -1)

    seen = torch.ones(joints.shape[:-1], dtype=torch.bool)
    window = refine_windows(Biased(), checkpoint.template, joints, seen)
    forecast = forecast_pose(Biased(), window, frames=40, noise=noise[:1])[0, 0]
    assert (window.joints - joints)[..., 2:, :].abs().max() < 1e-3
    assert (forecast - joints[0, :1])[..., 2:, :].abs().max() < 1e-3


def test_a_prescribed_action_changes_all_but_the_first_clip(checkpoint: Checkpoint, noise: Tensor) -> None:
    window = observe(checkpoint)
    free = forecast(checkpoint, "latent", window, noise)
    told = [forecast(checkpoint, "latent", window, noise, label_text=checkpoint.label_text[k]) for k in (0, 1)]
    assert torch.allclose(free[:, :, :16], told[0][:, :, :16], atol=1e-5)
    assert not torch.allclose(told[0][:, :, 16:], told[1][:, :, 16:], atol=1e-3)
    assert len(LABELS) == len(checkpoint.label_text)


def test_missing_hands_are_coded_as_in_encoding(checkpoint: Checkpoint) -> None:
    joints = moving_hands(16)[None]
    valid = torch.ones(1, 16, 2, dtype=torch.bool)
    valid[..., 1] = False
    both = components.encode(joints, checkpoint.template).features
    one = components.encode(joints, checkpoint.template, valid).features
    assert torch.allclose(hide_unseen(both, torch.tensor([[True, False]])), one, atol=1e-6)


def test_impossible_requests_are_refused(checkpoint: Checkpoint, noise: Tensor) -> None:
    window = observe(checkpoint)
    with pytest.raises(InputError, match="1 to 96"):
        forecast(checkpoint, "pose", window, noise, frames=97)
    with pytest.raises(InputError, match="noise"):
        forecast(checkpoint, "pose", window, noise[:, :1])
    with pytest.raises(InputError, match="'latent' or 'skip'"):
        forecast(checkpoint, "glue", window, noise)
