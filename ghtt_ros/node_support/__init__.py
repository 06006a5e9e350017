# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What all nodes share: parameters, a worker thread, diagnostics, QoS, transforms, lifecycle and the main loop."""
