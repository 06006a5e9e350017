# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ghtt_ros.node_support.stamps import JUMP_BACK_NS, Arrival, StampGate


def test_order_duplicates_late_ones_and_a_new_beginning_are_told_apart() -> None:
    gate = StampGate()
    start = 10 * JUMP_BACK_NS
    assert gate.judge(start) is Arrival.NEXT
    assert gate.judge(start) is Arrival.DUPLICATE
    assert gate.judge(start - 1) is Arrival.LATE
    assert gate.judge(start + 1) is Arrival.NEXT
    assert gate.judge(0) is Arrival.RESTART
    assert gate.judge(1) is Arrival.NEXT
    assert (gate.duplicates, gate.late, gate.restarts) == (1, 1, 1)


def test_a_stream_may_start_at_zero() -> None:
    assert StampGate().judge(0) is Arrival.NEXT
