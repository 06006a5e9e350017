# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which names of ROS 2's Python packages are provided, and where they are implemented.

A value is a module of `ghtt_ros.embedded`, with `:attribute` where the implementation has another name.
"""

from __future__ import annotations


def _all_in(home: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, home)


_EXECUTORS = _all_in("executors", "Executor", "SingleThreadedExecutor", "ShutdownException", "TimeoutException")
_EXECUTORS |= _all_in("executors", "ExternalShutdownException", "ConditionReachedException")
_EXECUTORS |= _all_in("threaded_executor", "MultiThreadedExecutor")

_QOS = _all_in("qos", "QoSProfile", "QoSPolicyKind", "InvalidQoSProfileException", "qos_policy_name_from_kind")
_QOS |= _all_in("qos", "ReliabilityPolicy", "DurabilityPolicy", "HistoryPolicy", "LivelinessPolicy")
_QOS |= {
    f"QoS{name}": f"qos:{name}"
    for name in ("ReliabilityPolicy", "DurabilityPolicy", "HistoryPolicy", "LivelinessPolicy")
}
_QOS |= _all_in("qos", "qos_profile_sensor_data", "qos_profile_system_default", "qos_profile_services_default")
_QOS |= _all_in("qos", "qos_profile_parameters", "qos_profile_parameter_events", "qos_profile_unknown")
_QOS |= _all_in("qos", "QoSPresetProfiles", "qos_profile_default", "qos_profile_best_available")

_EVENTS = _all_in("event_handler", "PublisherEventCallbacks", "SubscriptionEventCallbacks", "UnsupportedEventTypeError")
_EVENTS |= _all_in("event_handler", "QoSRequestedIncompatibleQoSInfo", "QoSOfferedIncompatibleQoSInfo")
_EVENTS |= _all_in("event_handler", "QoSRequestedDeadlineMissedInfo", "QoSOfferedDeadlineMissedInfo")
_EVENTS |= _all_in("event_handler", "QoSLivelinessChangedInfo", "QoSLivelinessLostInfo", "QoSMessageLostInfo")
_EVENTS |= {
    "QoSPublisherMatchedInfo": "event_handler:MatchedInfo",
    "QoSSubscriptionMatchedInfo": "event_handler:MatchedInfo",
}

_CLOCK = _all_in("clock", "Clock", "ROSClock", "JumpThreshold", "TimeJump", "ClockChange", "JumpHandle")
_CLOCK |= _all_in("clock_type", "ClockType")

_LOGGING = _all_in("logging", "get_logger", "get_logging_severity_from_string", "set_logger_level", "LoggingSeverity")
_LOGGING |= _all_in("logging", "get_logger_effective_level", "clear_config", "initialize")

_API = _all_in("api", "init", "shutdown", "ok", "spin", "spin_once", "spin_until_future_complete", "create_node")
_API |= _all_in("api", "get_default_context", "try_shutdown", "get_global_executor")
_API |= _all_in("context", "Context")
_API |= {"Parameter": "parameter"}

_PARAMETER = _all_in("parameter", "Parameter", "get_parameter_value", "parameter_value_to_python")
_PARAMETER |= _all_in("parameter", "PARAMETER_SEPARATOR_STRING")

_PARAMETER_EXCEPTIONS = _all_in(
    "parameter_exceptions",
    "ParameterException",
    "ParameterNotDeclaredException",
    "ParameterAlreadyDeclaredException",
    "ParameterUninitializedException",
    "ParameterImmutableException",
    "InvalidParameterException",
    "InvalidParameterTypeException",
    "InvalidParameterValueException",
)
_EXCEPTIONS = _PARAMETER_EXCEPTIONS | _all_in(
    "exceptions", "InvalidHandle", "NotInitializedException", "InvalidTopicNameException", "NameValidationException"
)

_LIFECYCLE = _all_in("lifecycle", "LifecycleNode", "LifecycleNodeMixin", "LifecyclePublisher", "LifecycleState")
_LIFECYCLE |= _all_in("lifecycle", "ManagedEntity", "SimpleManagedEntity", "TransitionCallbackReturn")
_LIFECYCLE |= _all_in("lifecycle", "Node", "Publisher", "State")

_TF2 = _all_in("tf2_ros", "Buffer", "TransformListener", "TransformBroadcaster", "StaticTransformBroadcaster")
_TF2_EXCEPTIONS = _all_in("tf2_exceptions", "TransformException", "LookupException", "ConnectivityException")
_TF2_EXCEPTIONS |= _all_in("tf2_exceptions", "ExtrapolationException", "InvalidArgumentException", "TimeoutException")

MODULES: dict[str, dict[str, str]] = {
    "rclpy": _API,
    "rclpy.callback_groups": _all_in(
        "callback_groups", "CallbackGroup", "MutuallyExclusiveCallbackGroup", "ReentrantCallbackGroup"
    ),
    "rclpy.clock": _CLOCK,
    "rclpy.clock_type": _all_in("clock_type", "ClockType"),
    "rclpy.constants": {"S_TO_NS": "duration"},
    "rclpy.client": _all_in("client", "Client"),
    "rclpy.context": _all_in("context", "Context"),
    "rclpy.duration": _all_in("duration", "Duration"),
    "rclpy.event_handler": _EVENTS,
    "rclpy.exceptions": _EXCEPTIONS,
    "rclpy.executors": _EXECUTORS,
    "rclpy.lifecycle": _LIFECYCLE,
    "rclpy.logging": _LOGGING,
    "rclpy.node": _all_in("node", "Node"),
    "rclpy.parameter": _PARAMETER,
    "rclpy.publisher": _all_in("publisher", "Publisher"),
    "rclpy.qos": _QOS,
    "rclpy.serialization": _all_in("serialization", "serialize_message", "deserialize_message"),
    "rclpy.service": _all_in("service", "Service"),
    "rclpy.signals": _all_in("signals", "SignalHandlerOptions", "install_signal_handlers")
    | _all_in("signals", "uninstall_signal_handlers", "get_current_signal_handlers_options"),
    "rclpy.subscription": _all_in("subscription", "Subscription"),
    "rclpy.task": _all_in("task", "Future"),
    "rclpy.time": _all_in("time", "Time"),
    "rclpy.timer": _all_in("timer", "Timer"),
    "rclpy.topic_endpoint_info": _all_in("graph", "TopicEndpointInfo", "TopicEndpointTypeEnum"),
    "tf2_ros": _TF2 | _TF2_EXCEPTIONS,
    "tf2_ros.buffer": _all_in("tf2_ros", "Buffer"),
    "tf2_ros.static_transform_broadcaster": _all_in("tf2_ros", "StaticTransformBroadcaster"),
    "tf2_ros.transform_broadcaster": _all_in("tf2_ros", "TransformBroadcaster"),
    "tf2_ros.transform_listener": _all_in("tf2_ros", "TransformListener"),
}
"""Names by module; anything else in these packages raises NotImplementedError."""

INTERFACE_PACKAGES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        [
            "builtin_interfaces",
            "std_msgs",
            "geometry_msgs",
            "sensor_msgs",
            "diagnostic_msgs",
            "visualization_msgs",
            "trajectory_msgs",
            "tf2_msgs",
            "rosgraph_msgs",
        ],
        ("", "msg"),
    ),
    "rcl_interfaces": ("", "msg", "srv"),
    "lifecycle_msgs": ("", "msg", "srv"),
    "ghtt_ros": ("msg",),
}
"""Packages of messages and services, with their modules; an empty name is the package itself."""
