# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Stateful online prediction. Import the modules directly: `forecast` needs numpy alone."""
