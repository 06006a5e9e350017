# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.timer: callbacks at a period of some clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ghtt_ros.embedded.clock import Clock, ClockChange, JumpThreshold, ROSClock, TimeJump
from ghtt_ros.embedded.duration import Duration
from ghtt_ros.embedded.waitable import Waitable, Work


class Timer(Waitable):
    """Calls back each time a period of its clock has passed; periods that were missed are left out."""

    def __init__(
        self,
        callback: Callable[[], Any] | None,
        callback_group: Any,
        timer_period_ns: int,
        clock: Clock,
        *,
        wake: Callable[[], Any],
        autostart: bool = True,
    ) -> None:
        """Start the first period now.

        Raises:
            ValueError: The period is negative.
        """
        if timer_period_ns < 0:
            raise ValueError("timer period must be non-negative")
        self.callback = callback
        self.callback_group = callback_group
        self.clock = clock
        self._period = int(timer_period_ns)
        self._wake = wake
        self._canceled = not autostart
        self._last = clock.now_ns()
        self._next = self._last + self._period
        self._jump_handle = None
        if isinstance(clock, ROSClock):
            clock.add_listener(wake)
            tick = Duration(nanoseconds=1)
            threshold = JumpThreshold(None, Duration(nanoseconds=-tick.nanoseconds), True)
            self._jump_handle = clock.create_jump_callback(threshold, post_callback=self._on_jump)

    @property
    def timer_period_ns(self) -> int:
        """The period in nanoseconds."""
        return self._period

    @timer_period_ns.setter
    def timer_period_ns(self, value: int) -> None:
        self._period = int(value)
        self._next = self._last + self._period
        self._wake()

    def is_ready(self) -> bool:
        """Whether a period has passed."""
        return not self._canceled and self.clock.now_ns() >= self._next

    def nanoseconds_until_ready(self) -> int | None:
        """Time left; None for a timer that only a message on /clock can make ready."""
        if self._canceled or (isinstance(self.clock, ROSClock) and self.clock.ros_time_is_active):
            return None
        return max(self._next - self.clock.now_ns(), 0)

    def take(self) -> Work | None:
        """Begin the next period; returns the callback."""
        now = self.clock.now_ns()
        if self._canceled or now < self._next:
            return None
        self._last = now
        if self._period == 0:
            self._next = now
        else:
            # The grid of the first period is kept, so that a late call does not shift all later ones.
            self._next += ((now - self._next) // self._period + 1) * self._period
        return self.callback

    def cancel(self) -> None:
        """Stop until `reset`."""
        self._canceled = True

    def is_canceled(self) -> bool:
        """Whether it was stopped."""
        return self._canceled

    def reset(self) -> None:
        """Start a new period now."""
        self._last = self.clock.now_ns()
        self._next = self._last + self._period
        self._canceled = False
        self._wake()

    def time_since_last_call(self) -> int:
        """Nanoseconds since the last call, or since the start."""
        return self.clock.now_ns() - self._last

    def time_until_next_call(self) -> int | None:
        """Nanoseconds until the next call, negative if it is late; None for a stopped timer."""
        return None if self._canceled else self._next - self.clock.now_ns()

    def destroy(self) -> None:
        """Stop for good."""
        self._canceled = True
        if isinstance(self.clock, ROSClock):
            self.clock.remove_listener(self._wake)
        if self._jump_handle is not None:
            self._jump_handle.unregister()
            self._jump_handle = None

    def _on_jump(self, jump: TimeJump) -> None:
        """Time went back, or is another time now: the old next call may be years away."""
        if jump.clock_change != ClockChange.ROS_TIME_NO_CHANGE or self.clock.now_ns() < self._last:
            self._last = self.clock.now_ns()
            self._next = self._last + self._period
