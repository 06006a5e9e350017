# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The actions the generator performs: verbs, objects and which of them go together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class ObjectKind:
    """What an object does to the hand that holds it.

    Attributes:
        grasp: Posture of a hand that carries it, a name of grasps.POSTURES.
        aperture: How far that grasp stays open around it: 0 closed, 1 open hand.
        height: Metres from the table to where it is held.
        side_grip: True if it is held with the thumb up (a bottle), False if from above (a box lid).
    """

    grasp: str
    aperture: float
    height: float
    side_grip: bool


OBJECTS: Final[dict[str, ObjectKind]] = {
    "bottle": ObjectKind("power", 0.30, 0.10, True),
    "cup": ObjectKind("power", 0.45, 0.05, True),
    "jar": ObjectKind("sphere", 0.20, 0.07, False),
    "box": ObjectKind("sphere", 0.55, 0.08, False),
    "book": ObjectKind("lateral", 0.35, 0.02, True),
    "phone": ObjectKind("power", 0.55, 0.01, False),
    "sponge": ObjectKind("power", 0.40, 0.02, False),
    "ball": ObjectKind("sphere", 0.35, 0.04, False),
    "bread": ObjectKind("claw", 0.30, 0.05, False),
    "knife": ObjectKind("power", 0.02, 0.02, False),
    "bolt": ObjectKind("tripod", 0.05, 0.03, False),
    "table": ObjectKind("flat", 0.10, 0.00, False),
}

_PAIRS: Final[dict[str, str]] = {
    "grab": "bottle cup jar box book knife",
    "place": "bottle cup jar box book knife",
    "open": "bottle jar box",
    "close": "bottle jar box",
    "pour": "bottle cup",
    "stir": "cup jar",
    "shake": "bottle jar box",
    "wipe": "table phone",
    "cut": "bread box",
    "tap": "phone table",
    "screw": "bolt jar",
    "unscrew": "bolt jar",
    "squeeze": "sponge ball bottle",
    "read": "book phone",
    "rotate": "box ball cup",
    "pass": "ball book phone cup",
    "push": "box book",
    "hammer": "bolt",
    "type": "phone",
    "knead": "bread",
}

VERBS: Final = tuple(_PAIRS)
OBJECT_NAMES: Final = tuple(OBJECTS)
ACTIONS: Final = tuple((verb, noun) for verb, nouns in _PAIRS.items() for noun in nouns.split())
"""All (verb, noun) pairs, in the order of their label index."""
LABELS: Final = tuple(f"{verb} {noun}" for verb, noun in ACTIONS)
