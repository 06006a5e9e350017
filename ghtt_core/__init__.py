# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""G-HTT without ROS: hands, models, training, streaming prediction and evaluation."""

__version__ = "0.1.0"
