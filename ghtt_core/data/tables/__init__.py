# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tables that users write: action segments, and which recordings train or test."""
