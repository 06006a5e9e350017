# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading
import time

import pytest

from ghtt_ros.node_support.worker import Worker

SOON_S = 10.0


def test_only_the_newest_waits_and_offering_never_blocks() -> None:
    busy, go_on, done = threading.Event(), threading.Event(), threading.Event()
    seen: list[int] = []

    def process(item: int) -> None:
        seen.append(item)
        busy.set()
        assert go_on.wait(SOON_S)
        if item == 9:
            done.set()

    worker = Worker(process, lambda error: None)
    worker.start()
    worker.offer(0)
    assert busy.wait(SOON_S)
    for item in range(1, 10):
        worker.offer(item)
    go_on.set()
    assert done.wait(SOON_S)
    assert worker.stop()
    assert seen == [0, 9]
    assert worker.dropped == 8


def test_a_deeper_slot_keeps_the_order() -> None:
    seen: list[int] = []
    done = threading.Event()

    def process(item: int) -> None:
        seen.append(item)
        if item == 4:
            done.set()

    worker = Worker(process, lambda error: None, depth=3)
    for item in range(5):
        worker.offer(item)
    worker.start()
    assert done.wait(SOON_S)
    assert worker.stop()
    assert seen == [2, 3, 4]
    assert worker.dropped == 2


def test_an_error_costs_one_item_and_is_handed_over() -> None:
    errors: list[Exception] = []
    done = threading.Event()

    def process(item: int) -> None:
        if item == 0:
            raise ValueError("broken")
        done.set()

    worker = Worker(process, errors.append, depth=2)
    worker.start()
    worker.offer(0)
    worker.offer(1)
    assert done.wait(SOON_S)
    assert [str(error) for error in errors] == ["broken"]
    assert worker.failed == 1
    assert worker.trouble() == ""
    assert worker.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_worker_says_why_and_can_be_started_again() -> None:
    again = threading.Event()

    def process(item: int) -> None:
        if item == 0:
            raise SystemExit("out of luck")
        again.set()

    worker = Worker(process, lambda error: None)
    worker.start()
    worker.offer(0)
    until = time.monotonic() + SOON_S
    while not worker.trouble() and time.monotonic() < until:
        time.sleep(0.01)
    assert "dead" in worker.trouble()
    assert "out of luck" in worker.trouble()
    worker.start()
    worker.offer(1)
    assert again.wait(SOON_S)
    assert worker.stop()


def test_a_worker_that_hangs_is_reported_and_not_waited_for() -> None:
    busy, go_on = threading.Event(), threading.Event()

    def process(item: int) -> None:
        busy.set()
        go_on.wait(SOON_S)

    worker = Worker(process, lambda error: None)
    worker.start()
    worker.offer(0)
    assert busy.wait(SOON_S)
    assert "busy with one input" in worker.trouble(patience_s=0.0)
    assert not worker.stop(timeout_s=0.0)
    go_on.set()
    assert worker.stop()
