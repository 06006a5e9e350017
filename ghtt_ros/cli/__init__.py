# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Subcommands of `ghtt` that need ROS 2, or the stand-in for it."""
