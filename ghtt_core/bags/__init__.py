# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Messages and bags without ROS: conversion, pictures, reading and writing of what `ros2 bag` reads and writes."""
