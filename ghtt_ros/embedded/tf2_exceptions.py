# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The exceptions of `tf2_ros`."""

from __future__ import annotations


class TransformException(Exception):
    """Root of everything that a look-up of a transform can raise."""


class ConnectivityException(TransformException):
    """The two frames are not in one tree."""


class LookupException(TransformException):
    """A frame is not known."""


class ExtrapolationException(TransformException):
    """The time asked for is before or after what is known."""


class InvalidArgumentException(TransformException):
    """A frame's name or a transform is malformed."""


class TimeoutException(TransformException):
    """A transform did not come in time."""
