# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from seeing_network import write_seeing_checkpoint

from ghtt_core.errors import CheckpointError
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.hands.layout import MCP_JOINTS
from ghtt_ros.node_support.estimator_choice import open_estimator

HANDS = np.random.default_rng(0).uniform(-0.08, 0.08, (2, 21, 3)) + np.array([0.0, 0.0, 0.5])


def test_the_node_opens_the_image_network_from_a_folder(tmp_path: Path) -> None:
    folder = write_seeing_checkpoint(tmp_path / "f", HANDS)
    estimator = open_estimator("resnet18", image_model=str(folder), palm_size_m=0.1)
    camera = PinholeCamera(240, 240, 160, 90, 320, 180)
    frame = estimator.estimate(np.zeros((180, 320, 3), np.uint8), camera, 5)
    assert frame.valid.all()
    palms = np.linalg.norm(frame.joints[:, MCP_JOINTS] - frame.joints[:, :1], axis=-1).mean(axis=-1)
    np.testing.assert_allclose(palms, 0.1, rtol=1e-4)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere"):
        open_estimator("resnet18", image_model=str(tmp_path / "nowhere"))
