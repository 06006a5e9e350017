# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A performance: hands and the things they handle, posed in one world, before any camera looks at them.

World frame (``frame_id`` "world"): origin at the middle of the table's edge, x to the person's right, y away from the
person, z up, metres; the table's top is z = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ghtt_core.data.sequence import HandSequence
from ghtt_core.data.synthetic.config import SyntheticConfig
from ghtt_core.data.synthetic.posed import PosedObject
from ghtt_core.data.synthetic.workbench import sequence_of, workbench_world
from ghtt_core.data.synthetic.workbench_props import posed_props
from ghtt_core.data.synthetic.world.dice import Dice
from ghtt_core.data.synthetic.world.kitchen import kitchen
from ghtt_core.errors import InputError

WORLD_FRAME: Final = "world"
"""Frame id of every performance."""
_APPEARANCE: Final = 0xA99EA6
"""Separates the random numbers of looks from those of motion."""


@dataclass(frozen=True, eq=False)
class Performance:
    """What a subject did, completely.

    Attributes:
        sequence: Both hands in the world frame, everything valid, with the labelled actions.
        objects: Everything on the table or in the hands.
        appearance_seed: Seed of how it all looks; the motion does not depend on it.
    """

    sequence: HandSequence
    objects: tuple[PosedObject, ...]
    appearance_seed: int

    def __post_init__(self) -> None:
        """Refuse objects that do not last as long as the hands do.

        Raises:
            InputError: If a shape or the frame is wrong.
        """
        if self.sequence.frame_id != WORLD_FRAME:
            raise InputError(f"A performance is in the world frame, not in '{self.sequence.frame_id}'.")
        frames = len(self.sequence)
        for thing in self.objects:
            if thing.object_to_world.shape != (frames, 3, 4) or thing.visible.shape != (frames,):
                raise InputError(
                    f"The object '{thing.name}' needs poses ({frames}, 3, 4) and visible ({frames},), got "
                    f"{thing.object_to_world.shape} and {thing.visible.shape}."
                )


def perform_world(config: SyntheticConfig, seed: int, index: int) -> Performance:
    """Performance number ``index`` of a data set; the same arguments always give the same performance.

    Its motion is that of :func:`~ghtt_core.data.synthetic.generator.generate_sequence`, not yet seen by a camera.
    """
    if config.vocabulary == "h2o":
        played = kitchen(config, seed, index)
        return Performance(played.sequence, played.objects, Dice(seed, index, _APPEARANCE).below(2**31))
    appearance = int(np.random.SeedSequence(seed, spawn_key=(index, _APPEARANCE)).generate_state(1)[0])
    world = workbench_world(config, seed, index)[0]
    joints = world.joints.astype(np.float32)
    joints[~world.valid] = 0.0
    return Performance(sequence_of(world, joints, WORLD_FRAME), posed_props(world), appearance)
