# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the generator is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ghtt_core.errors import RecipeError

HELD_OUT_SUBJECT = 100_000
"""Subjects from this number on are never in training data: evaluation starts its range here."""
MOTION_VERSION = 1
"""Counts changes of what the vocabulary "h2o" performs: the same version, settings and seed give the same bits."""
VocabularyName = Literal["workbench", "h2o"]
JointConvention = Literal["varied", "anatomical"]


@dataclass(frozen=True)
class SyntheticConfig:
    """What to generate.

    Attributes:
        sequences: How many.
        frames: Length of each at 30 frames/s.
        free_fraction: Share of sequences that are free motion without labels.
        first_subject: Lowest subject number.
        subjects: How many subjects.
        leave_probability: How often one hand leaves the view for a while.
        vocabulary: "workbench": 20 verbs on 12 things, hands alone. "h2o": the 36 actions of the H2O data set, with
            posed objects that the hands touch (docs/synthetic_world.md).
        joint_convention: "varied": every subject comes from a data set with its own idea of where joints are, which
            no picture can tell. "anatomical": joints are where bones turn, for all subjects of "h2o".
    """

    sequences: int = 1000
    frames: int = 1200
    free_fraction: float = 0.4
    first_subject: int = 0
    subjects: int = 500
    leave_probability: float = 0.15
    vocabulary: VocabularyName = "workbench"
    joint_convention: JointConvention = "varied"

    def __post_init__(self) -> None:
        """Refuse what cannot be generated.

        Raises:
            RecipeError: If a value is impossible.
        """
        if self.sequences < 1 or self.subjects < 1 or self.first_subject < 0 or not 32 <= self.frames <= 1_000_000:
            raise RecipeError(
                "Synthetic data needs at least one sequence of 32 to 1,000,000 frames and at least one subject, got "
                f"{self.sequences} sequences of {self.frames} frames, subjects {self.first_subject} + {self.subjects}."
            )
        if self.vocabulary not in get_args(VocabularyName):
            raise RecipeError(
                f"There is no vocabulary '{self.vocabulary}'; choose one of {', '.join(get_args(VocabularyName))}."
            )
        if self.joint_convention not in get_args(JointConvention):
            raise RecipeError(
                f"There is no joint convention '{self.joint_convention}'; choose one of "
                f"{', '.join(get_args(JointConvention))}."
            )
        if not (0 <= self.free_fraction <= 1 and 0 <= self.leave_probability <= 1):
            raise RecipeError("free_fraction and leave_probability are shares between 0 and 1.")
