# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.clock: wall time, steady time, and ROS time, which may be simulated and then can jump."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from ghtt_ros.embedded.clock_type import ClockType
from ghtt_ros.embedded.duration import Duration
from ghtt_ros.embedded.time import Time


class ClockChange(IntEnum):
    """Whether a jump changes between simulated and wall time."""

    ROS_TIME_NO_CHANGE = 1
    ROS_TIME_ACTIVATED = 2
    ROS_TIME_DEACTIVATED = 3
    SYSTEM_TIME_NO_CHANGE = 4


@dataclass(frozen=True)
class JumpThreshold:
    """Which jumps a callback is told of.

    Attributes:
        min_forward: Smallest jump forward, or None for no such jumps.
        min_backward: Smallest jump backward, a negative duration, or None for no such jumps.
        on_clock_change: Whether changes between simulated and wall time count.
    """

    min_forward: Duration | None
    min_backward: Duration | None
    on_clock_change: bool = True

    def __post_init__(self) -> None:
        """Refuse impossible thresholds.

        Raises:
            ValueError: min_forward is not positive or min_backward not negative.
        """
        if self.min_forward is not None and self.min_forward.nanoseconds <= 0:
            raise ValueError("min_forward must be a positive non-zero duration")
        if self.min_backward is not None and self.min_backward.nanoseconds >= 0:
            raise ValueError("min_backward must be a negative non-zero duration")

    def covers(self, jump: TimeJump) -> bool:
        """Whether the jump is one of those."""
        if jump.clock_change in (ClockChange.ROS_TIME_ACTIVATED, ClockChange.ROS_TIME_DEACTIVATED):
            return self.on_clock_change
        forward = self.min_forward is not None and jump.delta >= self.min_forward
        return forward or (self.min_backward is not None and jump.delta <= self.min_backward)


@dataclass(frozen=True)
class TimeJump:
    """A jump of a clock: by how much, and whether to or from simulated time."""

    clock_change: ClockChange
    delta: Duration


class JumpHandle:
    """A registered pair of callbacks; unregister it, or use it in a with statement."""

    def __init__(
        self,
        clock: Clock,
        threshold: JumpThreshold,
        pre_callback: Callable[[], Any] | None,
        post_callback: Callable[[TimeJump], Any] | None,
    ) -> None:
        """Register."""
        self.threshold, self.pre_callback, self.post_callback = threshold, pre_callback, post_callback
        self._clock: Clock | None = clock
        clock._jump_handles.append(self)

    def unregister(self) -> None:
        """Call the callbacks no more."""
        if self._clock is not None:
            self._clock._jump_handles.remove(self)
            self._clock = None

    def __enter__(self) -> JumpHandle:
        """Enter a with statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave it."""
        self.unregister()


class Clock:
    """Tells the time. `Clock(clock_type=ClockType.ROS_TIME)` makes a ROSClock."""

    _clock_type = ClockType.SYSTEM_TIME

    def __new__(cls, *, clock_type: ClockType = ClockType.SYSTEM_TIME) -> Clock:
        """Choose the class for the kind of clock.

        Raises:
            TypeError: clock_type is not a ClockType.
        """
        if not isinstance(clock_type, ClockType):
            raise TypeError("Clock type must be a ClockType enum")
        if clock_type is ClockType.ROS_TIME:
            cls = ROSClock
        self = object.__new__(cls)
        if cls is not ROSClock:
            self._clock_type = clock_type
        return self

    def __init__(self, *, clock_type: ClockType = ClockType.SYSTEM_TIME) -> None:
        """Make a clock of the given kind."""
        self._jump_handles: list[JumpHandle] = []

    @property
    def clock_type(self) -> ClockType:
        """Kind of clock."""
        return self._clock_type

    def now(self) -> Time:
        """The time now."""
        return Time(nanoseconds=self.now_ns(), clock_type=self._clock_type)

    def now_ns(self) -> int:
        """The time now in nanoseconds."""
        return time.monotonic_ns() if self._clock_type is ClockType.STEADY_TIME else time.time_ns()

    def create_jump_callback(
        self,
        threshold: JumpThreshold,
        *,
        pre_callback: Callable[[], Any] | None = None,
        post_callback: Callable[[TimeJump], Any] | None = None,
    ) -> JumpHandle:
        """Have functions called before and after the time jumps by more than a threshold.

        Raises:
            ValueError: Neither callback is given.
        """
        if pre_callback is None and post_callback is None:
            raise ValueError("One of pre_callback or post_callback must be callable")
        return JumpHandle(self, threshold, pre_callback, post_callback)

    def sleep_until(self, until: Time, context: Any = None) -> bool:
        """Not provided: the nodes never sleep."""
        raise NotImplementedError("rclpy.clock.Clock.sleep_until needs an installation of ROS 2")

    def sleep_for(self, rel_time: Duration, context: Any = None) -> bool:
        """Not provided: the nodes never sleep."""
        raise NotImplementedError("rclpy.clock.Clock.sleep_for needs an installation of ROS 2")

    def __repr__(self) -> str:
        """Show what it holds."""
        return f"Clock(clock_type={self._clock_type.name})"


class ROSClock(Clock):
    """Wall time, or the time of /clock where `use_sim_time` is set."""

    _clock_type = ClockType.ROS_TIME

    def __new__(cls) -> ROSClock:
        """Make one."""
        return object.__new__(cls)

    def __init__(self, *, clock_type: ClockType = ClockType.ROS_TIME) -> None:
        """Start with wall time."""
        super().__init__()
        self._lock = threading.Lock()
        self._active = False
        self._simulated = 0
        self._listeners: list[Callable[[], Any]] = []

    @property
    def ros_time_is_active(self) -> bool:
        """Whether the time is simulated."""
        return self._active

    def now_ns(self) -> int:
        """The time now in nanoseconds."""
        return self._simulated if self._active else time.time_ns()

    def set_ros_time_override(self, now: Time) -> None:
        """Let simulated time be `now`; tells the jump callbacks if that is a jump while time is simulated.

        Raises:
            TypeError: The time is not one of a ROS clock.
        """
        if not isinstance(now, Time) or now.clock_type is not ClockType.ROS_TIME:
            raise TypeError("Time must be specified as rclpy.time.Time of type ROS_TIME")
        with self._lock:
            delta = now.nanoseconds - self._simulated
            active = self._active
            if not active:
                self._simulated = now.nanoseconds
        if active:
            jump = TimeJump(ClockChange.ROS_TIME_NO_CHANGE, Duration(nanoseconds=delta))
            self._jump(jump, lambda: setattr(self, "_simulated", now.nanoseconds))
        self._tell_listeners()

    def set_ros_time_is_active(self, enabled: bool) -> None:
        """Change between simulated and wall time."""
        if enabled == self._active:
            return
        change = ClockChange.ROS_TIME_ACTIVATED if enabled else ClockChange.ROS_TIME_DEACTIVATED
        self._jump(TimeJump(change, Duration()), lambda: setattr(self, "_active", enabled))
        self._tell_listeners()

    _set_ros_time_is_active = set_ros_time_is_active

    def add_listener(self, listener: Callable[[], Any]) -> None:
        """Call a function each time simulated time moves; timers wake executors with it."""
        self._listeners.append(listener)

    def remove_listener(self, listener: Callable[[], Any]) -> None:
        """Call it no more."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def _tell_listeners(self) -> None:
        for listener in list(self._listeners):
            listener()

    def _jump(self, jump: TimeJump, apply: Callable[[], None]) -> None:
        told = [handle for handle in list(self._jump_handles) if handle.threshold.covers(jump)]
        for handle in told:
            if handle.pre_callback is not None:
                handle.pre_callback()
        apply()
        for handle in told:
            if handle.post_callback is not None:
                handle.post_callback(jump)
