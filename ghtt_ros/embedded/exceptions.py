# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""rclpy.exceptions, as far as nodes meet them; those of parameters are in `parameter_exceptions`."""

from __future__ import annotations


class NotInitializedException(Exception):
    """rclpy.init was not called yet, or everything has been shut down."""

    def __init__(self, *args: object) -> None:
        """Say what was tried."""
        super().__init__("rclpy.init() has not been called", *args)


class InvalidHandle(Exception):
    """A destroyed publisher, subscription, timer or node was used."""


class NameValidationException(Exception):
    """A name is not allowed."""

    def __init__(self, name_type: str, name: object, error_msg: str) -> None:
        """Say which name, and what is allowed."""
        super().__init__(f"Invalid {name_type}: {name!r}: {error_msg}")
        self.name_type = name_type
        self.name = name
        self.error_msg = error_msg


class InvalidTopicNameException(NameValidationException):
    """A topic's name is not allowed."""

    def __init__(self, name: object, error_msg: str) -> None:
        """Say which name, and what is allowed."""
        super().__init__("topic name", name, error_msg)
