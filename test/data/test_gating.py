# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from ghtt_core.data.pictures.gating import GATES, GateConfig, GatedHands, gate_hands
from ghtt_core.errors import InputError
from ghtt_core.hands.layout import LEFT, RIGHT


@dataclass
class Labels:
    """Two calm hands half a metre from the camera, 0.3 m apart, that an estimator is sure about."""

    joints: NDArray[np.float32]
    valid: NDArray[np.bool_]
    confidence: NDArray[np.float32]
    inside: NDArray[np.bool_]
    fps: float = 30.0

    def gated(self, config: GateConfig | None = None) -> GatedHands:
        stamps = np.round(np.arange(len(self.valid)) * 1e9 / self.fps).astype(np.int64)
        return gate_hands(self.joints, self.valid, self.confidence, stamps, self.inside, config)


@pytest.fixture
def labels() -> Labels:
    fingers = np.linspace(-0.4, 0.4, 5)[:, None] * (1, 0) + (0, -1.0)
    hand = np.zeros((21, 3), np.float32)
    for finger, direction in enumerate(fingers):
        direction = direction / np.linalg.norm(direction)
        hand[1 + 4 * finger : 5 + 4 * finger, :2] = direction * np.array([0.09, 0.12, 0.14, 0.16])[:, None]
    joints = np.stack([hand + np.float32([-0.15, 0, 0.5]), hand + np.float32([0.15, 0, 0.5])])
    frames = 60
    return Labels(
        np.tile(joints.astype(np.float32), (frames, 1, 1, 1)),
        np.ones((frames, 2), bool),
        np.ones((frames, 2, 21), np.float32),
        np.ones((frames, 2, 21), bool),
    )


def test_good_hands_pass_untouched(labels: Labels) -> None:
    result = labels.gated()
    assert result.valid.all()
    assert result.found.tolist() == [60, 60]
    assert tuple(result.masked) == GATES
    assert all(not count.any() for count in result.masked.values())


def test_every_gate_takes_its_hands_and_counts_them(labels: Labels) -> None:
    labels.confidence[10:20, RIGHT] = 0.3
    labels.inside[30:35, LEFT, :6] = False
    labels.joints[44:46, LEFT] = 0.5 * labels.joints[44:46, LEFT] + np.float32([0, 0, 0.25])
    result = labels.gated()
    assert {gate: count.tolist() for gate, count in result.masked.items() if count.any()} == {
        "unsure": [0, 10],
        "outside": [5, 0],
        "palm": [2, 0],
    }
    assert (~result.valid[:, RIGHT]).nonzero()[0].tolist() == list(range(10, 20))
    assert (~result.valid[:, LEFT]).nonzero()[0].tolist() == [30, 31, 32, 33, 34, 44, 45]


def test_pictures_with_a_masked_or_missed_hand_are_not_clear(labels: Labels) -> None:
    labels.valid[10:20, LEFT] = False  # missed: found again a third of a second later
    labels.valid[50:, LEFT] = False  # gone
    labels.confidence[30:33, RIGHT] = 0.3
    assert (~labels.gated().clear).nonzero()[0].tolist() == [*range(10, 20), *range(30, 33)]
    labels.fps = 5.0
    assert labels.gated().clear[10:20].all()


def test_a_flicker_shorter_than_a_fifth_of_a_second_is_masked(labels: Labels) -> None:
    labels.valid[:, RIGHT] = False
    labels.valid[10:15, RIGHT] = True  # 0.167 s
    labels.valid[30:36, RIGHT] = True  # 0.2 s
    result = labels.gated()
    assert result.valid[:, RIGHT].nonzero()[0].tolist() == list(range(30, 36))
    assert result.masked["flicker"].tolist() == [0, 5]


def test_the_length_of_a_flicker_is_measured_in_seconds(labels: Labels) -> None:
    labels.valid[:, RIGHT] = False
    labels.valid[10:20, RIGHT] = True
    labels.fps = 60.0
    assert not labels.gated().valid[:, RIGHT].any()


def test_a_hand_that_jumps_away_and_back_is_masked_while_it_is_away(labels: Labels) -> None:
    labels.joints[20:22, LEFT] += (0, 0, 0.4)
    result = labels.gated()
    # The first frame back is masked too: no velocity may be taken across the jump.
    assert (~result.valid[:, LEFT]).nonzero()[0].tolist() == [20, 21, 22]
    assert result.masked["jump"].tolist() == [3, 0]


def test_a_jump_between_two_long_runs_costs_one_frame(labels: Labels) -> None:
    labels.joints[30:, RIGHT] += (0, 0.3, 0)
    result = labels.gated()
    assert (~result.valid[:, RIGHT]).nonzero()[0].tolist() == [30]


def test_fingers_that_snap_are_a_jump_too(labels: Labels) -> None:
    labels.joints[25, RIGHT, 8] += (0, 0, 0.2)
    assert (~labels.gated().valid[:, RIGHT]).nonzero()[0].tolist() == [25, 26]


def test_one_hand_found_twice_keeps_the_surer_one(labels: Labels) -> None:
    labels.joints[5:25, LEFT] = labels.joints[5:25, RIGHT] * 1.1  # behind each other on the same rays
    labels.confidence[5:25, LEFT] = 0.8
    result = labels.gated()
    assert result.masked["double"].tolist() == [20, 0]
    assert result.valid[:, RIGHT].all()


def test_gates_can_be_set(labels: Labels) -> None:
    labels.confidence[:] = 0.5
    assert labels.gated(GateConfig(least_confidence=0.4)).valid.all()
    assert not labels.gated(GateConfig(palm_m=0.18)).valid.any()
    with pytest.raises(InputError, match="not a human hand"):
        GateConfig(palm_m=1.0)
    with pytest.raises(InputError, match="between 0 and 1"):
        GateConfig(least_confidence=2.0)
    with pytest.raises(InputError, match="tolerance"):
        GateConfig(palm_tolerance=0.9)


@pytest.mark.parametrize("frames", [1, 2])
def test_the_shortest_videos_are_no_special_case(labels: Labels, frames: int) -> None:
    short = Labels(*(part[:frames] for part in (labels.joints, labels.valid, labels.confidence, labels.inside)))
    assert not short.gated().valid.any()
    assert short.gated(GateConfig(least_run_s=0.0)).valid.all()
