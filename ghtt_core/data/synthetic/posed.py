# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Things made of primitives, and where they are over time. Poses are 3x4 matrices [R | t] that act on columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

PrimitiveKind = Literal["box", "cylinder", "sphere"]


@dataclass(frozen=True, eq=False)
class Primitive:
    """One convex part of an object.

    Attributes:
        kind: Its shape.
        size: (3,) float32 full extents along the part's own axes, metres. A cylinder's axis is its z; its first two
            extents are diameters (elliptic if they differ), as are all three of a sphere.
        part_to_object: (3, 4) float32 pose of the part's centre in the object's frame.
        colour: (3,) float32 RGB, 0 to 1.
    """

    kind: PrimitiveKind
    size: NDArray[np.float32]
    part_to_object: NDArray[np.float32]
    colour: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PosedObject:
    """A rigid thing over time; its own frame has its origin at the centre of its foot and z up when it stands.

    Attributes:
        name: What it is, for example "milk"; parts that come off are objects of their own ("milk lid").
        parts: What it is made of.
        object_to_world: (T, 3, 4) float32 poses, metres.
        visible: (T,) bool; False while it is out of the scene (not brought yet, or inside another thing).
    """

    name: str
    parts: tuple[Primitive, ...]
    object_to_world: NDArray[np.float32]
    visible: NDArray[np.bool_]
