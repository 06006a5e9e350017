# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""ROS 2 nodes of G-HTT, which also run where ROS 2 is not installed.

The generated messages live in this package too (``ghtt_ros.msg``). Where they are installed in another place than
these modules, as with tests run in the source tree of a sourced workspace, both are parts of one package.
"""

from __future__ import annotations

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)

from ghtt_ros.embedded.register import provide_ros

provide_ros()
