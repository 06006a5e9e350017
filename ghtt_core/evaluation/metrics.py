# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Errors of refined and forecast hand poses in millimetres (numpy, float64), each as a sum that can be pooled.

Every metric returns an :class:`Average`, so pooling files is a plain ``+`` and is weighted by what was measured
(micro-average). Joint masks: a joint that was never measured (``joint_valid`` False) is left out of every error; the
wrist stays the origin of root-relative errors and part of the palm size even where its own position is unmeasured,
because there is no other root. The thumb CMC (joint 1) is never scored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ghtt_core.hands.layout import MCP_JOINTS, NUM_JOINTS, RELATIVE_JOINTS, VALID_JOINTS, WRIST

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

_MILLIMETRES = 1000.0
_SMALLEST_PALM = 1e-6
"""Metres; a predicted hand smaller than this has no size to scale by, so it is left as it is."""


@dataclass(frozen=True)
class Average:
    """A sum of errors and how many went into it.

    Attributes:
        total: Sum of the errors.
        count: How many errors were summed.
    """

    total: float = 0.0
    count: int = 0

    @classmethod
    def of(cls, errors: Array, where: Mask | None = None) -> Average:
        """Sum ``errors`` (any shape) over the True entries of ``where`` (same shape)."""
        chosen = errors if where is None else errors[where]
        return cls(float(np.sum(chosen, dtype=np.float64)), int(chosen.size))

    def __add__(self, other: Average) -> Average:
        """Pool two averages, weighted by their counts."""
        return Average(self.total + other.total, self.count + other.count)

    @property
    def mean(self) -> float | None:
        """The average, or None where nothing was measured (never NaN: it goes into JSON)."""
        return self.total / self.count if self.count else None


def palm_size(joints: Array) -> NDArray[np.float64]:
    """Mean distance of the four finger MCPs from the wrist, (..., 21, 3) metres -> (...) metres."""
    joints = np.asarray(joints, np.float64)
    distances = np.linalg.norm(joints[..., MCP_JOINTS, :] - joints[..., WRIST : WRIST + 1, :], axis=-1)
    return np.asarray(distances.mean(-1), np.float64)


def root_relative_errors(prediction: Array, reference: Array, joint_valid: Mask | None = None) -> NDArray[np.float64]:
    """Root-relative error of each hand-frame (MPJPE-RA before averaging over frames).

    The wrist is subtracted, the prediction is scaled so that its palm size equals the reference's, and the L2 error
    is averaged over joints 2..20 (19 joints) that were measured.

    Args:
        prediction: (..., 21, 3) metres, any frame.
        reference: (..., 21, 3) metres, same frame.
        joint_valid: (21,) bool, measured joints; None for all.

    Returns:
        (...) metres.
    """
    scored = _scored_joints(RELATIVE_JOINTS, joint_valid)
    prediction, reference = np.asarray(prediction, np.float64), np.asarray(reference, np.float64)
    own_size, size = palm_size(prediction), palm_size(reference)
    scale = np.where(own_size > _SMALLEST_PALM, size / np.maximum(own_size, _SMALLEST_PALM), 1.0)
    relative = (prediction[..., scored, :] - prediction[..., WRIST, None, :]) * scale[..., None, None]
    target = reference[..., scored, :] - reference[..., WRIST, None, :]
    return np.asarray(np.linalg.norm(relative - target, axis=-1).mean(-1), np.float64)


def aligned_errors(prediction: Array, reference: Array, joint_valid: Mask | None = None) -> NDArray[np.float64]:
    """Procrustes-aligned error of each hand-frame (MPJPE-PA before averaging over frames).

    The prediction is moved by the similarity (rotation without reflection, scale, translation) that fits the reference
    best in least squares over the measured ones of the 20 annotated joints; the error is averaged over the same.

    Args:
        prediction: (..., 21, 3) metres.
        reference: (..., 21, 3) metres.
        joint_valid: (21,) bool, measured joints; None for all.

    Returns:
        (...) metres.
    """
    scored = _scored_joints(VALID_JOINTS, joint_valid)
    source = np.asarray(prediction, np.float64)[..., scored, :]
    target = np.asarray(reference, np.float64)[..., scored, :]
    source = source - source.mean(-2, keepdims=True)
    target = target - target.mean(-2, keepdims=True)
    u, singular, vt = np.linalg.svd(np.swapaxes(source, -1, -2) @ target)
    signs = np.ones_like(singular)
    signs[..., -1] = np.where(np.linalg.det(u @ vt) < 0, -1.0, 1.0)
    rotation = (u * signs[..., None, :]) @ vt  # row vectors: source @ rotation
    spread = np.square(source).sum((-1, -2))
    scale = (singular * signs).sum(-1) / np.maximum(spread, np.finfo(np.float64).tiny)
    error = scale[..., None, None] * (source @ rotation) - target
    return np.asarray(np.linalg.norm(error, axis=-1).mean(-1), np.float64)


def mpjpe_ra_mm(prediction: Array, reference: Array, valid: Mask, joint_valid: Mask | None = None) -> Average:
    """MPJPE-RA in millimetres, micro-averaged over valid hand-frames.

    Args:
        prediction: (..., 21, 3) metres.
        reference: (..., 21, 3) metres.
        valid: (...) bool, hand-frames to score.
        joint_valid: (21,) bool, measured joints; None for all.
    """
    return _over_valid(root_relative_errors, prediction, reference, valid, joint_valid)


def mpjpe_pa_mm(prediction: Array, reference: Array, valid: Mask, joint_valid: Mask | None = None) -> Average:
    """MPJPE-PA in millimetres, micro-averaged over valid hand-frames; arguments as :func:`mpjpe_ra_mm`."""
    return _over_valid(aligned_errors, prediction, reference, valid, joint_valid)


def acceleration_error_mm(prediction: Array, reference: Array, valid: Mask, joint_valid: Mask | None = None) -> Average:
    """Mean norm of the error of the second difference in time, in millimetres per frame squared.

    With ``a[t] = x[t + 1] - 2 x[t] + x[t - 1]`` of each of the 20 annotated joints in absolute coordinates, the error
    of a hand-frame is the mean over joints of ``|a_prediction[t] - a_reference[t]|``. A hand-frame counts where the
    hand is valid in frames t - 1, t and t + 1. It is zero for any error that is constant or grows linearly in time.

    Args:
        prediction: (T, H, 21, 3) metres, evenly spaced frames.
        reference: (T, H, 21, 3) metres.
        valid: (T, H) bool.
        joint_valid: (21,) bool, measured joints; None for all.
    """
    scored = _scored_joints(VALID_JOINTS, joint_valid)
    if len(valid) < 3:
        return Average()
    both = valid[:-2] & valid[1:-1] & valid[2:]  # (T-2, H)
    difference = np.asarray(prediction, np.float64)[..., scored, :] - np.asarray(reference, np.float64)[..., scored, :]
    difference = np.where(valid[..., None, None], difference, 0.0)
    error = np.linalg.norm(np.diff(difference, n=2, axis=0), axis=-1).mean(-1)
    return Average.of(error * _MILLIMETRES, both)


def displacement_errors(samples: Array, future: Array, joint_valid: Mask | None = None) -> NDArray[np.float64]:
    """Absolute error of each forecast sample, frame and hand: mean L2 over the measured annotated joints.

    Args:
        samples: (S, T, 2, 21, 3) metres, camera frame.
        future: (T, 2, 21, 3) metres, what happened.
        joint_valid: (21,) bool, measured joints; None for all.

    Returns:
        (S, T, 2) metres.
    """
    scored = _scored_joints(VALID_JOINTS, joint_valid)
    difference = np.asarray(samples, np.float64)[..., scored, :] - np.asarray(future, np.float64)[..., scored, :]
    return np.asarray(np.linalg.norm(difference, axis=-1).mean(-1), np.float64)


def ade_mm(errors: Array, valid: Mask) -> Average:
    """Average displacement error of sample 0 over a horizon, in millimetres, over valid hand-frames.

    Args:
        errors: (S, T, 2) metres from :func:`displacement_errors`; sample 0 is the deterministic one.
        valid: (T, 2) bool, hand-frames of the future that were seen.
    """
    return Average.of(errors[0] * _MILLIMETRES, valid)


def best_of_ade_mm(errors: Array, valid: Mask) -> Average:
    """As :func:`ade_mm` for the best of all samples.

    A sample is one future of both hands together, so one sample is chosen for both: the one with the smallest average
    over all valid hand-frames of the horizon.
    """
    if not valid.any():
        return Average()
    per_sample = errors[:, valid].mean(-1)
    return Average.of(errors[int(per_sample.argmin())] * _MILLIMETRES, valid)


def fde_mm(errors: Array, valid: Mask) -> Average:
    """Final displacement error of sample 0: the error of the horizon's last frame, over the hands valid there."""
    return Average.of(errors[0, -1] * _MILLIMETRES, valid[-1])


def _over_valid(
    errors: Callable[[Array, Array, Mask | None], NDArray[np.float64]],
    prediction: Array,
    reference: Array,
    valid: Mask,
    joint_valid: Mask | None,
) -> Average:
    """Average a per-hand-frame error over valid hand-frames, computing only those."""
    if not valid.any():
        return Average()
    return Average.of(errors(prediction[valid], reference[valid], joint_valid) * _MILLIMETRES)


def _scored_joints(joints: tuple[int, ...], joint_valid: Mask | None) -> list[int]:
    """The joints of a metric that were measured."""
    if joint_valid is None:
        return list(joints)
    if joint_valid.shape != (NUM_JOINTS,):
        raise ValueError(f"joint_valid must have shape (21,), got {joint_valid.shape}")
    return [joint for joint in joints if joint_valid[joint]]
