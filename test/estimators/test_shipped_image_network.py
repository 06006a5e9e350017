# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The image network that ships finds the hands of a rendered person it never saw."""

from __future__ import annotations

import numpy as np
import torch

from ghtt_core.data.synthetic.cameras import camera_rig
from ghtt_core.data.synthetic.config import HELD_OUT_SUBJECT, SyntheticConfig
from ghtt_core.data.synthetic.performance import perform_world
from ghtt_core.data.synthetic.rendering.scene import SceneRenderer
from ghtt_core.estimators.camera import PinholeCamera
from ghtt_core.estimators.registry import create_estimator
from ghtt_core.models.card import ImageCard
from ghtt_core.models.checkpoint_folder import read_card_as
from ghtt_core.models.model_folder import find_image_model
from ghtt_core.training.image_objective import root_aligned_error

STRANGER = SyntheticConfig(
    sequences=1,
    frames=64,
    free_fraction=0.0,
    first_subject=HELD_OUT_SUBJECT + 900,
    subjects=1,
    leave_probability=0.0,
    vocabulary="h2o",
    joint_convention="anatomical",
)


def test_it_sees_both_hands_from_all_around() -> None:
    performance = perform_world(STRANGER, 41, 0)
    sequence = performance.sequence
    views = camera_rig(performance.appearance_seed, sequence.joints, sequence.valid)
    renderer, estimator = SceneRenderer(performance, views), create_estimator("resnet18")
    errors, found = [], []
    for number, view in enumerate(views):
        focal, centre = view.intrinsics[[0, 1], [0, 1]], view.intrinsics[:2, 2]
        camera = PinholeCamera(*map(float, (*focal, *centre)), *view.size)
        for frame in (0, 30, 60):
            seen = estimator.estimate(renderer.draw(frame, number), camera, 0)
            pose = view.pose(frame)
            true = sequence.joints[frame] @ pose[:, :3].T + pose[:, 3]
            found.append(seen.valid)
            errors.append(root_aligned_error(torch.from_numpy(seen.joints), torch.from_numpy(true)).mean(-1).numpy())
    assert np.mean(found) > 0.9
    assert np.median(np.stack(errors)[np.stack(found)]) < 0.03  # metres; a mean hand would be off by about 0.1


def test_it_is_small_and_knows_the_objects_of_its_world() -> None:
    folder = find_image_model(None)
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 15e6
    assert set(read_card_as(folder, ImageCard).object_names) >= {"book", "milk", "spray"}
