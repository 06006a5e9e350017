# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hands: joint layout, rigid maps, the canonical palm frame, the component code, noise, registration."""
