# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What executors run: anything that can be ready, and then gives one piece of work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ghtt_ros.embedded.callback_groups import CallbackGroup

Work = Callable[[], Any]


class Waitable:
    """Base of subscriptions, timers, services, clients and events.

    When one becomes ready, in whatever thread, it calls the node's `wake`; an executor then asks `is_ready`, claims
    the callback group, and calls `take` and what that returns.
    """

    callback_group: CallbackGroup

    def is_ready(self) -> bool:
        """Whether `take` is worth a call; must be cheap, may be wrong in favour of True."""
        raise NotImplementedError(f"{type(self).__name__}.is_ready")

    def take(self) -> Work | None:
        """Take one piece of work out of what waits; None if there was nothing after all."""
        raise NotImplementedError(f"{type(self).__name__}.take")

    def nanoseconds_until_ready(self) -> int | None:
        """How long an executor may sleep at most because of this; None for as long as it likes."""
        return None
