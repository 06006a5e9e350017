# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The joint layout shared by every part of the project: two hands of 21 joints, left hand first."""

from __future__ import annotations

from typing import Final

LEFT: Final = 0
RIGHT: Final = 1
HAND_NAMES: Final = ("left", "right")
NUM_HANDS: Final = 2
NUM_JOINTS: Final = 21
"""Joints per hand."""

FINGER_NAMES: Final = ("thumb", "index", "middle", "ring", "little")
JOINT_NAMES: Final = (
    "wrist",
    "thumb_cmc", "thumb_mcp", "thumb_ip", "thumb_tip",
    "index_mcp", "index_pip", "index_dip", "index_tip",
    "middle_mcp", "middle_pip", "middle_dip", "middle_tip",
    "ring_mcp", "ring_pip", "ring_dip", "ring_tip",
    "little_mcp", "little_pip", "little_dip", "little_tip",
)  # fmt: skip
PARENTS: Final = (-1, 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19)
"""Parent of each joint; -1 marks the root."""

WRIST: Final = 0
THUMB_CMC: Final = 1
"""Not annotated in any of the paper's datasets: its input is a learned placeholder (method of the paper)."""

PALM_JOINTS: Final = (0, 5, 9, 13, 17)
"""Wrist and the four finger MCPs: they define the canonical frame of a hand."""
MCP_JOINTS: Final = (5, 9, 13, 17)
"""The palm size is the mean distance of these from the wrist."""
VALID_JOINTS: Final = (0, *range(2, 21))
"""The 20 joints the paper's datasets annotate."""
RELATIVE_JOINTS: Final = tuple(range(2, 21))
"""The 19 joints of root-relative errors: the wrist is the origin, the thumb CMC is not annotated."""
FINGERS: Final = ((2, 3, 4), (5, 6, 7, 8), (9, 10, 11, 12), (13, 14, 15, 16), (17, 18, 19, 20))
"""Joints of each finger from its MCP to the tip."""
HAND_PARTS: Final[dict[str, tuple[tuple[int, ...], ...]]] = {
    "joint": tuple((joint,) for joint in range(NUM_JOINTS)),
    "finger": ((0, 1, 5, 9, 13, 17), *FINGERS),
    "hand": (tuple(range(NUM_JOINTS)),),
}
"""Three ways to cut a hand into groups of joints; ``finger`` is the palm and five fingers."""
BONES: Final = (
    *((parent, joint) for joint, parent in enumerate(PARENTS) if parent >= 0 and THUMB_CMC not in (parent, joint)),
    (WRIST, 2),
)
"""Bones to draw; the thumb chain is 0-2-3-4 because joint 1 is not annotated."""

FRAME_RATE: Final = 30.0
"""Frames per second of everything the models see."""
CLIP_FRAMES: Final = 16
"""t: frames per clip."""
MAX_CLIPS: Final = 16
"""T / t: clips the action block sees (256 frames)."""
FEATURE_SIZE: Final = 153
"""Numbers per frame of the component code: 126 local joints, 18 velocities, 9 left-to-right."""
