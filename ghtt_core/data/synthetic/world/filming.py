# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A camera for the joints alone: what trains motion models, exactly computed. Pictures have cameras of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ghtt_core.data.sequence import HandSequence
from ghtt_core.data.synthetic.config import SyntheticConfig
from ghtt_core.data.synthetic.hand_model import Array
from ghtt_core.data.synthetic.world.dice import Dice
from ghtt_core.data.synthetic.world.exact import quantised
from ghtt_core.data.synthetic.world.kitchen import Kitchen, kitchen
from ghtt_core.data.synthetic.world.pose import PoseTrack, track_of

_NEAREST: Final = 0.2
"""Metres in front of the camera."""
_VIEW: Final = 0.36
"""Metres from the table's middle line beyond which a narrow view loses a hand."""


def kitchen_sequence(config: SyntheticConfig, seed: int, index: int) -> HandSequence:
    """Performance number ``index`` as one camera sees its hands."""
    return film(kitchen(config, seed, index), config.leave_probability)


def film(performance: Kitchen, leave_probability: float) -> HandSequence:
    """Joints in the frame of a camera (x right, y down, z forward).

    Most cameras are on the person's head and sway with it; the others look from anywhere around. In a narrow view hands
    that reach far aside are not seen.
    """
    sequence, dice = performance.sequence, performance.dice
    joints = sequence.joints.astype(np.float64)
    valid = sequence.valid.copy()
    if dice.chance(leave_probability):
        valid &= np.abs(joints[:, :, 9, 0]) < _VIEW
    seen = _look(joints, dice)
    seen[~valid] = 0.0
    return replace(sequence, joints=quantised(seen).astype(np.float32), valid=valid, frame_id="camera")


def _look(joints: Array, dice: Dice) -> Array:
    frames = len(joints)
    centre = joints[:, :, 0].reshape(-1, 3).sum(axis=0) / (2 * frames) + dice.normals(3) * 0.04
    if dice.chance(0.6):
        eye, sway = centre + np.array([0.0, -0.32, 0.40]) + 0.06 * dice.normals(3), dice.uniform()
    else:
        around = track_of(np.zeros((1, 3)), np.array([[dice.uniform(-3.1416, 3.1416), dice.uniform(0.15, 1.35), 0.0]]))
        eye, sway = centre + dice.uniform(0.5, 0.85) * around.turn[0, :, 0], 0.0
    gaze = centre - eye
    flat = np.sqrt(gaze[0] * gaze[0] + gaze[1] * gaze[1])
    forward = gaze / np.sqrt(flat * flat + gaze[2] * gaze[2])
    right = np.array([gaze[1], -gaze[0], 0.0]) / flat
    down = np.array([-forward[2] * right[1], forward[2] * right[0], forward[0] * right[1] - forward[1] * right[0]])
    down = -down if down[2] > 0.0 else down
    rows = np.stack([right, down, forward])
    shake = np.zeros((frames, 6))
    shake[:, 0] = dice.normal(0.0, 0.08)
    if sway:
        shake += dice.noise(frames, 6, 1.1) * (sway * np.array([0.02, 0.02, 0.02, 0.01, 0.01, 0.01]))
    # The pose track's first angle turns about z, which here is the line of sight.
    turn = track_of(shake[:, 3:], shake[:, :3])
    seen = _moved(turn, _moved(PoseTrack(rows[None], np.zeros((1, 3))), joints - eye))
    # Nothing is closer to a camera than it can focus.
    seen[..., 2] += max(_NEAREST - float(seen[..., 2].min()), 0.0)
    return seen


def _moved(track: PoseTrack, points: Array) -> Array:
    """Points (T, 2, 21, 3) through poses, frame by frame."""
    turn, at = track.turn[:, None, None], track.at[:, None, None]
    x, y, z = points[..., 0, None], points[..., 1, None], points[..., 2, None]
    value: Array = (turn[..., 0] * x + turn[..., 1] * y) + (turn[..., 2] * z + at)
    return value
