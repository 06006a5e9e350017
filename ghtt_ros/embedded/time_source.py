# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Feeds a node's clock from /clock while its parameter `use_sim_time` is set."""

from __future__ import annotations

import weakref
from typing import Any

from ghtt_ros.embedded.callback_groups import MutuallyExclusiveCallbackGroup
from ghtt_ros.embedded.clock import ROSClock
from ghtt_ros.embedded.clock_type import ClockType
from ghtt_ros.embedded.messages import message_class
from ghtt_ros.embedded.qos import QoSProfile, ReliabilityPolicy
from ghtt_ros.embedded.time import Time

USE_SIM_TIME = "use_sim_time"
TOPIC = "/clock"


class TimeSource:
    """Subscribes to /clock only as long as the node wants simulated time."""

    def __init__(self, node: Any, clock: ROSClock) -> None:
        """Declare the parameter, and obey it from now on."""
        self._node = weakref.ref(node)
        self._clock = clock
        self._subscription: Any = None
        # Of its own, so that a long callback of the node does not stop the clock.
        self._group = MutuallyExclusiveCallbackGroup()
        if not node.has_parameter(USE_SIM_TIME):
            node.declare_parameter(USE_SIM_TIME, False)
        self._use(node.get_parameter(USE_SIM_TIME).value)
        node.add_post_set_parameters_callback(self._on_parameters)

    def _on_parameters(self, parameters: list[Any]) -> None:
        for parameter in parameters:
            if parameter.name == USE_SIM_TIME:
                self._use(parameter.value)

    def _use(self, simulated: bool) -> None:
        node = self._node()
        if node is None:
            return
        if simulated and self._subscription is None:
            self._subscription = node.create_subscription(
                message_class("rosgraph_msgs/msg/Clock"),
                TOPIC,
                self._on_clock,
                QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT),
                callback_group=self._group,
            )
        elif not simulated and self._subscription is not None:
            node.destroy_subscription(self._subscription)
            self._subscription = None
        self._clock.set_ros_time_is_active(bool(simulated))

    def _on_clock(self, msg: Any) -> None:
        self._clock.set_ros_time_override(Time.from_msg(msg.clock, clock_type=ClockType.ROS_TIME))
