# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A software renderer of hands, arms and objects over a table, in numpy and OpenCV."""
