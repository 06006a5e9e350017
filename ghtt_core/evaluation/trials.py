# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What is evaluated: noisy observed hands next to the clean reference, frame by frame at 30 fps."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ghtt_core.data.recordings import load_recording
from ghtt_core.data.sequence import HandSequence
from ghtt_core.errors import InputError
from ghtt_core.hands import components
from ghtt_core.hands.layout import CLIP_FRAMES, FRAME_RATE, NUM_HANDS, PALM_JOINTS, RELATIVE_JOINTS
from ghtt_core.hands.noise import DetectorNoise, PaperNoise
from ghtt_core.hands.rigid import RigidMap, apply, inverse

Noise = Literal["none", "paper", "detector"]

_FEWEST_JOINTS = 3
"""Joints beside the wrist that must have been measured; an alignment of fewer means nothing."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One recording to evaluate.

    Attributes:
        name: How reports call it.
        observed: (T, 2, 21, 3) float32 metres, what the methods get; read only where ``observed_valid``.
        observed_valid: (T, 2) bool.
        measured: (21,) bool, joints the observation has. The wrist is always one: it is the root of a hand.
        reference: (T, 2, 21, 3) float32 metres, what is true; read only where ``reference_valid``.
        reference_valid: (T, 2) bool.
        scored: (21,) bool, joints measured in both.
    """

    name: str
    observed: NDArray[np.float32]
    observed_valid: NDArray[np.bool_]
    measured: NDArray[np.bool_]
    reference: NDArray[np.float32]
    reference_valid: NDArray[np.bool_]
    scored: NDArray[np.bool_]

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.observed)

    @property
    def joint_valid(self) -> NDArray[np.bool_]:
        """(T, 2, 21) bool, the joints that were observed."""
        return self.observed_valid[..., None] & self.measured


def load_trials(
    poses: Sequence[Path], references: Sequence[Path], noise: Noise, seed: int, template: Tensor
) -> list[Trial]:
    """Read all recordings and make their trials; nothing is computed before everything has been read.

    Args:
        poses: Recordings. Without references they are taken as clean and get ``noise``.
        references: As many clean recordings, in the same order, or none. The poses are then the noisy input as it is.
        noise: Noise model.
        seed: Of the noise; a file's noise depends on the seed and its name, not on the other files.
        template: (2, 5, 3) palms, for the noise on the component code.

    Returns:
        One trial per file of ``poses``.

    Raises:
        InputError: If a file cannot be used, or the two lists do not fit.
    """
    if references and len(references) != len(poses):
        raise InputError(
            f"--reference needs one file per file of --poses in the same order: got {len(references)} for {len(poses)}."
        )
    if references and noise != "none":
        raise InputError(f"--reference takes the poses as the noisy input as they are; leave out --noise {noise}.")
    sequences = [load_recording(path).resampled() for path in poses]
    if references:
        clean = [load_recording(path).resampled() for path in references]
        pairs = zip(names_of(poses), sequences, clean, strict=True)
        return [pair_trial(name, observed, reference) for name, observed, reference in pairs]
    trials = []
    for path, name, sequence in zip(poses, names_of(poses), sequences, strict=True):
        trials.append(noisy_trial(name, sequence, noise, noise_generator(seed, path.name), template))
    return trials


def names_of(paths: Sequence[Path]) -> list[str]:
    """File names, or whole paths where two files have the same name.

    Raises:
        InputError: If a file is given twice: it would count twice in the pooled figures.
    """
    if len(set(paths)) < len(paths):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise InputError(f"{twice} is given twice; give every file once.")
    short = [path.name for path in paths]
    return [str(path) if short.count(path.name) > 1 else path.name for path in paths]


def noise_generator(seed: int, name: str) -> torch.Generator:
    """A generator that depends on the seed and the name of a file only, so files can come in any order or alone."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)


def noisy_trial(name: str, sequence: HandSequence, noise: Noise, generator: torch.Generator, template: Tensor) -> Trial:
    """Take a clean 30 fps sequence as the reference and a noisy copy of it as the observation.

    Raises:
        InputError: If too few joints were measured to score it.
    """
    joints = torch.from_numpy(sequence.joints)
    valid = torch.from_numpy(sequence.valid)
    observed, detected = joints, valid
    if noise == "detector":
        observed, detected = DetectorNoise()(joints, generator)
        detected = detected & valid
    elif noise == "paper":
        observed = add_paper_noise(joints, valid, template, generator)
    observed = torch.where(detected[..., None, None], observed, 0.0)
    return Trial(
        name,
        observed.numpy(),
        detected.numpy(),
        _with_palm(sequence.joint_valid),
        sequence.joints,
        sequence.valid,
        _scored(name, sequence.joint_valid),
    )


def pair_trial(name: str, observed: HandSequence, reference: HandSequence) -> Trial:
    """Put an observation beside its reference by time stamp, both at 30 fps.

    Reference frames without an observation within half a frame count as frames in which no hand was seen.

    Raises:
        InputError: If the two have no time in common, or too few measured joints.
    """
    period = 1e9 / FRAME_RATE
    nearest = np.round((reference.stamps_ns - observed.stamps_ns[0]) / period).astype(np.int64)
    inside = (nearest >= 0) & (nearest < len(observed))
    if not inside.any():
        raise InputError(f"{name}: the poses and their reference have no time in common; check their time stamps.")
    index = nearest.clip(0, len(observed) - 1)
    valid = observed.valid[index] & inside[:, None]
    return Trial(
        name,
        np.where(valid[..., None, None], observed.joints[index], np.float32(0.0)),
        valid,
        _with_palm(observed.joint_valid),
        reference.joints,
        reference.valid,
        _scored(name, observed.joint_valid & reference.joint_valid),
    )


def add_paper_noise(joints: Tensor, valid: Tensor, template: Tensor, generator: torch.Generator) -> Tensor:
    """Put the paper's noise on the component code of clean joints and decode them again.

    The noise sits on frame-to-frame velocities, so it adds up along a clip. As in training, a clip is 16 frames: each
    starts from the clean wrist pose of the frame before it, and within it the noise accumulates.

    Args:
        joints: (T, 2, 21, 3) clean, metres.
        valid: (T, 2) bool.
        template: (2, 5, 3) palms.
        generator: Source of the noise.

    Returns:
        (T, 2, 21, 3) noisy joints, metres.
    """
    frames = len(joints)
    clips = -(-frames // CLIP_FRAMES)
    padded = torch.arange(clips * CLIP_FRAMES).clamp(max=frames - 1)
    code = components.encode(joints.double()[padded], template.double(), valid[padded])
    noisy = PaperNoise()(code.features, generator).reshape(clips, CLIP_FRAMES, -1)
    before = (torch.arange(clips) * CLIP_FRAMES - 1).clamp(min=0)
    base = inverse(RigidMap(*(part[before] for part in code.camera_to_local)))  # (clips, 2)
    local = components.local_joints(noisy) * code.palm_size.reshape(clips, CLIP_FRAMES, NUM_HANDS)[..., None, None]
    placed = apply(components.integrate(noisy, base), local)
    return placed.flatten(0, 1)[:frames].to(joints.dtype)


def _with_palm(joint_valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Joints a method may read: the measured ones, and the palm, without which a hand has no frame."""
    readable = joint_valid.copy()
    readable[list(PALM_JOINTS)] = True
    return readable


def _scored(name: str, joint_valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The joint mask of a trial, checked."""
    if joint_valid[list(RELATIVE_JOINTS)].sum() < _FEWEST_JOINTS:
        raise InputError(f"{name}: fewer than {_FEWEST_JOINTS} finger joints were measured; there is nothing to score.")
    return joint_valid
