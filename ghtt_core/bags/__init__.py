# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""ROS 2 messages and bags without a ROS 2 installation."""
