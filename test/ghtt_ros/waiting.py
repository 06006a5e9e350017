# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Waiting for what other processes do, with a deadline that only a failing test meets."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

PATIENCE = float(os.environ.get("GHTT_TEST_PATIENCE", "1"))
"""More than 1 on machines that are busy with something else."""
DEADLINE_S = 60.0 * PATIENCE


def eventually(condition: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
    """Poll until the condition holds and return what it gave."""
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {deadline_s:.0f} s: {what}")


def wait_for_status(heard: list[Any], condition: Callable[[Any, dict[str, str]], Any]) -> tuple[Any, dict[str, str]]:
    """Wait for diagnostics that fulfil a condition on status and values, heard from now on.

    Args:
        heard: Grows while diagnostics come in.
        condition: On a DiagnosticStatus and its values.
    """
    start = len(heard)

    def find() -> Any:
        for status in heard[start:]:
            values = {item.key: item.value for item in status.values}
            if condition(status, values):
                return status, values
        return None

    try:
        return eventually(find, "diagnostics as wanted")
    except AssertionError as error:
        raise AssertionError(f"{error}; the last were {heard[-1:]}") from None
