# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What no hand is without: sway, restless corrections that come and go, tremor, and fingers that never rest."""

from __future__ import annotations

import numpy as np

from ghtt_core.data.synthetic.hand_model import NUM_ANGLES, Array
from ghtt_core.data.synthetic.world.anatomy import Performer
from ghtt_core.data.synthetic.world.dice import Dice


def sway_of(dice: Dice, performer: Performer, frames: int) -> Array:
    """(T, 6) unsteadiness of a hand: metres and radians."""
    restless = performer.restless * dice.factor(0.35)
    slow = dice.noise(frames, 6, 1.0)
    quick = dice.noise(frames, 6, 5.0 * dice.factor(0.25)) * np.minimum(dice.bursts(frames, 0.9, 0.7), 2.5)
    shake = dice.tremor(frames, 6, 9.5) * dice.bursts(frames, 0.7, 0.4)
    place = np.array([0.0032, 0.0032, 0.0028])
    angle = np.array([0.050, 0.050, 0.085])
    value: Array = restless * (np.concatenate([place, angle]) * slow)
    value += restless * (np.concatenate([0.6 * place, 0.8 * angle]) * quick)
    value += performer.tremor * (np.array([1.0, 1.0, 1.0, 8.0, 8.0, 10.0]) * shake)
    return value


def fidget_of(dice: Dice, performer: Performer, frames: int) -> Array:
    """(T, 22) radians: fingers that never rest, together and one by one, more at some moments than at others."""
    restless = performer.restless * dice.factor(0.4)
    rate = 4.0 * dice.factor(0.35)
    envelope = np.minimum(dice.bursts(frames, 1.2, 0.9), 3.0)
    together = dice.noise(frames, 1, rate)
    alone = dice.noise(frames, 5, rate)
    joint = dice.noise(frames, NUM_ANGLES, rate)
    curl = np.empty((frames, 5))
    curl[:] = 0.075 * together + 0.085 * alone
    fingers = np.empty((frames, NUM_ANGLES))
    weights = (0.15, 1.0, 0.9, 0.5)
    for finger in range(4):
        for bone, weight in enumerate(weights):
            fingers[:, 4 * finger + bone] = weight * curl[:, finger]
    fingers[:, 16:21] = curl[:, 4:] * np.array([0.6, -0.5, 0.2, 0.8, 1.0])
    fingers[:, 21] = 0.0
    value: Array = (restless * envelope) * (fingers + 0.025 * joint)
    return value
