# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Moving hands and a tiny checkpoint with random weights for the tests of streaming."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from ghtt_core.hands.canonical import estimate_template
from ghtt_core.hands.frame import HandFrame
from ghtt_core.models.action_block import ActionBlock
from ghtt_core.models.card import Card
from ghtt_core.models.checkpoint import Checkpoint
from ghtt_core.models.config import BlockConfig, ObjectAggregatorConfig
from ghtt_core.models.object_aggregator import ObjectAggregator
from ghtt_core.models.pose_block import PoseBlock

TINY = BlockConfig(width=32, heads=2, feedforward=32, encoder_layers=1, decoder_layers=1)
TEXT_WIDTH = 16
LABELS = ("grab cup", "place cup", "pour milk", "open box", "close box", "wave hand")
OBJECTS = ("cup", "milk", "box")


def open_hand() -> Tensor:
    """(21, 3) metres: a right hand, fingers spread a little, not quite flat."""
    points = torch.zeros(21, 3)
    roots = ((0.04, 0.03, 0.02), (0.03, 0.09, 0.0), (0.01, 0.09, -0.005), (-0.01, 0.085, 0.0), (-0.03, 0.08, 0.006))
    for finger, root in enumerate(roots):
        for bone in range(4):
            bend = torch.tensor([0.0, 0.0, 0.004 * bone**2])
            points[1 + 4 * finger + bone] = torch.tensor(root) * (1 + 0.35 * bone) + bend
    return points


def moving_hands(frames: int, seed: int = 0) -> Tensor:
    """(T, 2, 21, 3) metres at 30 per second: two rigid hands on smooth paths in front of a camera."""
    generator = torch.Generator().manual_seed(seed)
    hand = open_hand()
    time = torch.arange(frames)[:, None] / 30.0
    speed = torch.randn(2, 3, generator=generator) * 2.0
    centre = torch.tensor([[-0.15, 0.0, 0.6], [0.15, 0.0, 0.6]])
    path = centre + 0.05 * torch.sin(time[:, :, None] * speed)  # (T, 2, 3)
    angle = 0.5 * torch.sin(time * speed[:, 0])  # (T, 2)
    cos, sin, nil, one = angle.cos(), angle.sin(), torch.zeros_like(angle), torch.ones_like(angle)
    turn = torch.stack((cos, sin, nil, -sin, cos, nil, nil, nil, one), -1).reshape(frames, 2, 3, 3)
    mirrored = torch.stack((hand * torch.tensor([-1.0, 1.0, 1.0]), hand))
    return mirrored @ turn + path[:, :, None]


def stream(
    joints: Tensor,
    stamps_ns: list[int] | None = None,
    valid: Callable[[int], tuple[bool, bool]] = lambda _: (True, True),
    object_feature: Callable[[int], np.ndarray | None] = lambda _: None,
) -> Iterator[HandFrame]:
    """Frames of (T, 2, 21, 3) joints, 30 per second unless stamps are given."""
    for index, pose in enumerate(joints.numpy()):
        yield HandFrame(
            stamp_ns=round(index * 1e9 / 30) if stamps_ns is None else stamps_ns[index],
            joints=pose,
            valid=np.array(valid(index)),
            object_feature=object_feature(index),
        )


def tiny_checkpoint(*, action: bool = True, seed: int = 0) -> Checkpoint:
    """A checkpoint of random weights, in memory."""
    torch.manual_seed(seed)
    template = estimate_template(moving_hands(4)).float()
    text = torch.nn.functional.normalize(torch.randn(len(LABELS) + len(OBJECTS), TEXT_WIDTH), dim=-1)
    aggregator = ObjectAggregatorConfig(width=TEXT_WIDTH, heads=2, feedforward=16, layers=1)
    card = Card(
        model_id="tiny",
        pose=TINY,
        palm_template=tuple(tuple(tuple(point) for point in hand) for hand in template.tolist()),
        action=TINY if action else None,
        object=aggregator if action else None,
        labels=LABELS if action else (),
        object_names=OBJECTS if action else (),
        text_encoder="table" if action else "",
        text_width=TEXT_WIDTH if action else 0,
    )
    count = len(LABELS) if action else 0
    return Checkpoint(
        pose_block=PoseBlock(TINY).requires_grad_(False).eval(),
        action_block=ActionBlock(TINY, TEXT_WIDTH).requires_grad_(False).eval() if action else None,
        object_aggregator=ObjectAggregator(aggregator).requires_grad_(False).eval() if action else None,
        card=card,
        template=template,
        labels=card.labels,
        label_text=text[:count],
        object_names=card.object_names,
        object_text=text[count:] if action else text[:0],
    )
