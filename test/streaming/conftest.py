# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Lets the tests of this folder import `streaming_scenes`, and shares one tiny checkpoint among them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from streaming_scenes import tiny_checkpoint

from ghtt_core.models.checkpoint import Checkpoint


@pytest.fixture(scope="session")
def checkpoint() -> Checkpoint:
    return tiny_checkpoint()
