# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hand sequences, their store, the synthetic generator and window sampling."""
