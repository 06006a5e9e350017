# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The world of the "h2o" vocabulary: hands that touch posed things, with the same bits on every machine."""
