# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Prepared datasets on disk: memory-mapped sequences, their views, and what estimators saw in them."""
