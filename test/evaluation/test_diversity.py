# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from ghtt_core.evaluation.diversity import acceleration, average_pairwise_distance

ALL = torch.ones(1, 21, dtype=torch.bool)


def test_samples_on_a_line_are_apart_as_their_places_are() -> None:
    samples = torch.zeros(1, 20, 10, 2, 21, 3)
    samples[0, :, :, 1, :, 0] = torch.arange(20.0)[:, None, None]
    distance, measured = average_pairwise_distance(samples, torch.ones(1, 10, 2, dtype=torch.bool), ALL)
    assert measured.all()
    assert distance[0].tolist() == pytest.approx([0.0, 7.0])  # (n + 1) / 3 for n = 20


def test_agrees_with_a_loop_over_all_pairs_frames_and_joints() -> None:
    generator = torch.Generator().manual_seed(0)
    samples = torch.randn(2, 5, 7, 2, 21, 3, generator=generator)
    valid = torch.rand(2, 7, 2, generator=generator) < 0.6
    joints = torch.rand(2, 21, generator=generator) < 0.8
    found, _ = average_pairwise_distance(samples, valid, joints)
    for row, hand in itertools.product(range(2), range(2)):
        x = samples[row, :, valid[row, :, hand], hand][:, :, joints[row]].numpy()
        pairs = [np.linalg.norm(x[a] - x[b], axis=-1).mean() for a, b in itertools.combinations(range(5), 2)]
        assert found[row, hand] == pytest.approx(np.mean(pairs), rel=1e-5)


def test_nothing_is_measured_where_no_hand_was_seen_or_there_is_one_sample() -> None:
    nothing = torch.zeros(1, 4, 2, dtype=torch.bool)
    distance, measured = average_pairwise_distance(torch.randn(1, 3, 4, 2, 21, 3), nothing, ALL)
    assert not measured.any()
    assert (distance == 0).all()
    assert not average_pairwise_distance(torch.randn(1, 1, 4, 2, 21, 3), ~nothing, ALL)[1].any()


def test_a_falling_hand_accelerates_evenly() -> None:
    time = torch.arange(12.0)
    joints = torch.zeros(1, 12, 2, 21, 3)
    joints[..., 1] = (0.5 * 0.02 * time**2)[None, :, None, None]
    valid = torch.ones(1, 12, 2, dtype=torch.bool)
    valid[0, 5, 0] = False  # takes three second differences of the left hand away
    total, count = acceleration(joints, valid, ALL)
    assert count.item() == 17
    assert (total / count).item() == pytest.approx(0.02, rel=1e-4)
