# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a dataset, read in place, and which automatic labels of them are good enough."""
