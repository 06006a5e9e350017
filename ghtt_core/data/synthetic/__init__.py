# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A generator of labelled two-hand motion: everything that ships is trained on it and on nothing else."""
