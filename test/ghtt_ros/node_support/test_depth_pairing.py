# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ghtt_ros.node_support.depth_pairing import DepthPairing, Pair

MS = 1_000_000


def test_a_depth_that_came_before_is_taken_and_the_nearest_wins() -> None:
    pairing = DepthPairing()
    for stamp, depth in ((0, "old"), (30, "near"), (60, "next")):
        pairing.add_depth(stamp * MS, depth, 20 * MS)
    assert pairing.add_picture(33 * MS, "picture", 20 * MS) == [Pair("picture", "near")]


def test_a_picture_waits_for_its_depth() -> None:
    pairing = DepthPairing()
    pairing.add_depth(0, "old", MS)
    assert pairing.add_picture(33 * MS, "picture", MS) == []
    assert pairing.add_depth(33 * MS, "depth", MS) == [Pair("picture", "depth")]
    assert pairing.unpaired == 0


def test_a_picture_goes_alone_once_no_match_can_come() -> None:
    pairing = DepthPairing()
    pairing.add_depth(0, "old", MS)
    assert pairing.add_picture(33 * MS, "first", MS) == []
    assert pairing.add_depth(60 * MS, "later", MS) == [Pair("first", None)]
    assert pairing.add_picture(90 * MS, "second", MS) == []
    assert pairing.add_picture(120 * MS, "third", MS) == [Pair("second", None)]
    assert pairing.unpaired == 2


def test_without_a_depth_stream_nothing_waits() -> None:
    pairing = DepthPairing()
    assert pairing.add_picture(0, "picture", MS) == [Pair("picture", None)]


def test_after_time_started_over_old_depths_match_nothing() -> None:
    pairing = DepthPairing()
    pairing.add_depth(90 * MS, "before", MS)
    pairing.add_depth(0, "after", MS)
    assert pairing.add_picture(90 * MS, "picture", MS) == []
