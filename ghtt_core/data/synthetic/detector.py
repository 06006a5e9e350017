# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a per-frame hand detector would say about hands that a camera sees: noisy, biased in depth, sometimes wrong.

Errors are those of "2.5D" estimators (section 2 of the method's notes): in the picture, and in the depth along each
ray. On top come what frames of one recording share - a wrong scale and depth - and what goes wrong for a while: bursts
of noise, hands lost where they are hidden or blurred, and left taken for right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.synthetic.posed import PosedObject
from ghtt_core.data.synthetic.tracks import smooth_noise
from ghtt_core.data.synthetic.visibility import hidden_joints, in_view
from ghtt_core.data.views import View
from ghtt_core.hands.layout import FRAME_RATE, LEFT, NUM_HANDS, NUM_JOINTS, RIGHT, WRIST

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_NORMAL_FOCAL: Final = 240.0
"""Pixels: sizes in the picture are given for the normalised camera of 480 x 270."""
_NEAREST_M: Final = 0.05


@dataclass(frozen=True)
class DetectorModel:
    """How good a detector is. Pixels are those of the normalised camera (480 x 270, focal length 240).

    Attributes:
        pixels: Error of every joint in the picture, independent per frame.
        slow_pixels: The same for errors that last (below 2 Hz).
        depth: Depth error of every joint, metres, independent per frame.
        depth_share: Depth error of every joint relative to its depth.
        relative_depth: Further depth error of every joint but the wrist, metres.
        hand_depth: Depth error that the joints of a hand share, metres, independent per frame.
        slow_hand_depth: The same for errors that last.
        scale_bias: Relative error of all depths of a recording.
        depth_bias: Depth error of all frames of a recording, metres.
        quality_spread: How much detectors differ: standard deviation of the logarithm of a recording's noise.
        hidden: Factor of the noise of hidden joints.
        bursts: Bursts of noise per minute and hand.
        burst: Factor of the noise in a burst.
        lost: Share of hand-frames that are lost for no reason.
        lost_hidden: Chance per frame that a hand with all joints hidden is lost; falls with the square of the share.
        blur_px: Motion per frame in the picture at which half of the hands are lost.
        swaps: Swaps of left and right per minute, when hands are near each other in the picture.
        near_px: Distance of the wrists that counts as near.
    """

    pixels: float = 2.0
    slow_pixels: float = 1.2
    depth: float = 0.005
    depth_share: float = 0.003
    relative_depth: float = 0.003
    hand_depth: float = 0.012
    slow_hand_depth: float = 0.012
    scale_bias: float = 0.03
    depth_bias: float = 0.01
    quality_spread: float = 0.35
    hidden: float = 2.5
    bursts: float = 1.5
    burst: float = 3.5
    lost: float = 0.02
    lost_hidden: float = 0.7
    blur_px: float = 45.0
    swaps: float = 1.5
    near_px: float = 45.0


class Detections(NamedTuple):
    """What a detector said.

    Attributes:
        joints: (T, 2, 21, 3) float32 metres, camera frame; zero where nothing was detected.
        valid: (T, 2) bool.
        swapped: (T,) bool, whether left and right were taken for each other (for tests and statistics).
    """

    joints: Floats
    valid: NDArray[np.bool_]
    swapped: NDArray[np.bool_]


def detect(
    view: View,
    joints: Floats,
    valid: NDArray[np.bool_],
    objects: tuple[PosedObject, ...],
    seed: int,
    model: DetectorModel | None = None,
) -> Detections:
    """Look at hands through a camera as a detector would.

    Args:
        view: The camera.
        joints: (T, 2, 21, 3) metres, world frame.
        valid: (T, 2) which hands are there.
        objects: Things that may hide them, with poses of the same frames.
        seed: Of the errors; cameras of one scene need seeds of their own.
        model: How good the detector is.
    """
    model = model or DetectorModel()
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(20_260_104,)))
    frames = len(joints)
    true = view.to_camera(joints)
    pixels = np.nan_to_num(view.project(true), nan=-1e6, posinf=1e6, neginf=-1e6)
    inside = in_view(view, true)
    hidden = hidden_joints(view, joints, valid, objects)
    focal = float(view.intrinsics[0, 0])
    quality = float(np.exp(rng.normal(0.0, model.quality_spread)))
    noise = np.where(hidden | ~inside, model.hidden, 1.0) * quality * _bursts(rng, frames, model)[..., None]
    noisy = _misplaced(rng, view, true, noise * focal / _NORMAL_FOCAL, noise, model)
    lost = _lost(rng, hidden | ~inside, pixels, focal, model)
    found = valid & ~lost & (inside.mean(axis=-1) > 0.4) & (true[..., 2].min(axis=-1) > _NEAREST_M)
    swapped = _swaps(rng, pixels, valid, focal, model)
    noisy[swapped] = noisy[swapped][:, ::-1]
    found[swapped] = found[swapped][:, ::-1]
    noisy[~found] = 0.0
    return Detections(noisy.astype(np.float32), found, swapped)


def _misplaced(
    rng: np.random.Generator, view: View, true: Floats, in_picture: Doubles, noise: Doubles, model: DetectorModel
) -> Doubles:
    """Noisy joints (T, 2, 21, 3): moved in the picture, then along their rays.

    Args:
        rng: Source of the noise.
        view: The camera.
        true: (T, 2, 21, 3) metres, camera frame.
        in_picture: (T, 2, 21) factor of errors in the picture, of this camera's pixels.
        noise: (T, 2, 21) factor of errors in depth.
        model: How large errors are.
    """
    frames = len(true)
    shape = (frames, NUM_HANDS, NUM_JOINTS)
    z = np.maximum(true[..., 2].astype(np.float64), _NEAREST_M)
    slow = smooth_noise(rng, frames, NUM_HANDS * NUM_JOINTS * 2, 0.0, 1.5).reshape(*shape, 2)
    shift = (model.pixels * rng.standard_normal((*shape, 2)) + model.slow_pixels * slow) * in_picture[..., None]
    focal = view.intrinsics[[0, 1], [0, 1]]
    plane = true[..., :2] / z[..., None] + shift / focal
    slow_hand = smooth_noise(rng, frames, NUM_HANDS, 0.0, 1.0)
    hand = model.hand_depth * rng.standard_normal((frames, NUM_HANDS)) + model.slow_hand_depth * slow_hand
    own = model.relative_depth * rng.standard_normal(shape)
    own[..., WRIST] = 0.0
    depth = model.depth * rng.standard_normal(shape) + model.depth_share * z * rng.standard_normal(shape) + own
    scale = np.exp(rng.normal(0.0, model.scale_bias))
    z = (
        z * scale
        + rng.normal(0.0, model.depth_bias)
        + noise * depth
        + noise.min(axis=-1, keepdims=True) * hand[..., None]
    )
    z = np.maximum(z, _NEAREST_M)
    return np.concatenate([plane * z[..., None], z[..., None]], axis=-1)


def _bursts(rng: np.random.Generator, frames: int, model: DetectorModel) -> NDArray[np.float64]:
    """Factor (T, 2) of the noise: short stretches in which a detector loses its grip."""
    factor = np.ones((frames, NUM_HANDS))
    for hand in range(NUM_HANDS):
        for _ in range(rng.poisson(model.bursts * frames / (60 * FRAME_RATE))):
            begin = int(rng.integers(frames))
            factor[begin : begin + int(rng.integers(3, 25)), hand] *= model.burst * rng.uniform(0.5, 1.5)
    return np.minimum(factor, 3 * model.burst)


def _lost(
    rng: np.random.Generator, unseen: NDArray[np.bool_], pixels: Floats, focal: float, model: DetectorModel
) -> NDArray[np.bool_]:
    """Which hands (T, 2) are not found; a hand that is lost tends to stay lost for a few frames."""
    frames = len(unseen)
    step = np.zeros((frames, NUM_HANDS))
    wrist = pixels[:, :, WRIST]
    step[1:] = np.linalg.norm(wrist[1:] - wrist[:-1], axis=-1) * (_NORMAL_FOCAL / focal)
    blurred = (step / model.blur_px) ** 4
    chance = model.lost + model.lost_hidden * unseen.mean(axis=-1) ** 2 + blurred / (1 + blurred)
    # Smooth uniform numbers: the chance of every frame is kept, but losses come in runs.
    shared = smooth_noise(rng, frames, NUM_HANDS, 0.0, 4.0)
    ranks = 0.5 * (1 + np.tanh(0.7978845608 * (shared + 0.044715 * shared**3)))
    lost: NDArray[np.bool_] = ranks < chance
    return lost


def _swaps(
    rng: np.random.Generator, pixels: Floats, valid: NDArray[np.bool_], focal: float, model: DetectorModel
) -> NDArray[np.bool_]:
    """Frames (T,) in which left is taken for right, while the wrists are near each other in the picture."""
    frames = len(pixels)
    gap = np.linalg.norm(pixels[:, LEFT, WRIST] - pixels[:, RIGHT, WRIST], axis=-1) * (_NORMAL_FOCAL / focal)
    near = valid.all(axis=1) & (gap < model.near_px)
    swapped = np.zeros(frames, bool)
    starts = np.flatnonzero(near & (rng.random(frames) < model.swaps / (60 * FRAME_RATE) * 4))
    for start in starts.tolist():
        swapped[start : start + int(rng.integers(1, 20))] = True
    swapped &= near
    return swapped
