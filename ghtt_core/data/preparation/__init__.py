# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Runs readers over datasets: parallel, resumable, cleanly stopped."""
