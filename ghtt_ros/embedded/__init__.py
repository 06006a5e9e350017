# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The part of ROS 2 that the nodes use, for machines without ROS 2: rclpy's names over Eclipse Cyclone DDS."""
