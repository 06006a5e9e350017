# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Readers of published datasets: one file per on-disk layout."""
