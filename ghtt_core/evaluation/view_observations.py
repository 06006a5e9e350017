# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What was observed of a sequence from one camera, beside the truth in the same camera's frame.

Observations come from what an estimator saw in the pictures of that view (`ghtt_core.data.store.observations`). Where
there are none, the truth with noise stands in, and reports say so: the noise of image coordinates and depth ("2.5D") in
the frame of a camera, that of a detector on joints where a store has no cameras.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from ghtt_core.data.store.observations import Observations, observed_views, open_observations
from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.errors import InputError
from ghtt_core.evaluation.trials import noise_generator
from ghtt_core.hands.layout import THUMB_CMC
from ghtt_core.hands.noise import DetectorNoise, ImagePlaneNoise

NO_CAMERA: Final = "none"
"""Name of the view of stores without cameras."""
PAPER_ESTIMATOR: Final = "resnet18"
"""F of the paper: taken where several estimators have observed a store and none is named."""
IMAGE_PLANE_NOISE: Final = "truth with 2.5D noise"
DETECTOR_NOISE: Final = "truth with detector noise"


@dataclass(frozen=True, eq=False)
class ViewObservation:
    """One sequence as one camera saw it.

    Attributes:
        view: Name of the view.
        source: Estimator, or the noise that stands in for one.
        joints: (T, 2, 21, 3) float32 metres, camera frame; zero where not valid.
        valid: (T, 2) bool, hands that were seen.
        reference: (T, 2, 21, 3) float32 metres, the truth in the same frame.
        reference_valid: (T, 2) bool.
        measured: (21,) bool, joints of the truth that were measured.
        object_feature: (T, D) float32, what the estimator says of the object; None where it says nothing.
        object_seen: (T,) bool, frames that have such a feature.
    """

    view: str
    source: str
    joints: NDArray[np.float32]
    valid: NDArray[np.bool_]
    reference: NDArray[np.float32]
    reference_valid: NDArray[np.bool_]
    measured: NDArray[np.bool_]
    object_feature: NDArray[np.float32] | None
    object_seen: NDArray[np.bool_]

    @property
    def joint_valid(self) -> NDArray[np.bool_]:
        """(T, 2, 21) bool, joints that a method may read; an estimator gives all but the thumb's base."""
        readable = np.ones(len(self.measured), bool)
        readable[THUMB_CMC] = False
        return self.valid[..., None] & readable


class ViewReader:
    """Observations of a store by sequence and view."""

    def __init__(
        self, store: SequenceStore, estimator: str | None = None, views: Sequence[str] = (), seed: int = 0
    ) -> None:
        """Find out what there is.

        Args:
            store: The split.
            estimator: Whose observations to take; None takes F's, else the only ones there are, else noise.
            views: Views to look at; all when empty.
            seed: Of the noise; that of a sequence and view depends on their names only.

        Raises:
            InputError: If a view is unknown, or the estimator has not observed a view that was asked for.
        """
        self._store, self._seed = store, seed
        cameras = dict.fromkeys(name for number in range(len(store)) for name in store.view_names(number))
        names = list(cameras) or [NO_CAMERA]
        unknown = [view for view in views if view not in names]
        if unknown:
            raise InputError(f"The store {store.folder} has no view {unknown[0]!r}; it has {', '.join(names)}.")
        wanted = [name for name in names if not views or name in views]
        if estimator is None:
            estimator = _only_estimator(store)
        self.estimator = estimator
        self._observed: dict[str, Observations] = {}
        if estimator is not None:
            seen = observed_views(store, estimator)
            chosen = [view for view in wanted if view in seen or views]
            self._observed = {view: open_observations(store, estimator, view) for view in chosen}
            if not self._observed:
                raise InputError(
                    f"{estimator} has observed no view of the store {store.folder}; make its observations with "
                    f"`ghtt prepare observe --estimator {estimator}`."
                )
            wanted = chosen
        self.views = tuple(wanted)

    def read(self, sequence: int, view: str) -> ViewObservation | None:
        """One sequence from one view; None where that camera did not watch it.

        Args:
            sequence: Number of the sequence.
            view: One of ``views``.
        """
        store = self._store
        frames = slice(int(store.starts[sequence]), int(store.ends[sequence]))
        truth, true_valid = np.array(store.joints[frames]), np.array(store.valid[frames])
        if view == NO_CAMERA:
            return self._noisy(sequence, view, truth, true_valid, camera=store.frame_ids[sequence] != "world")
        camera = next((camera for camera in store.views(sequence) if camera.name == view), None)
        if camera is None:
            return None
        truth = np.where(true_valid[..., None, None], camera.to_camera(truth), np.float32(0))
        seen = self._observed.get(view)
        if seen is None:
            return self._noisy(sequence, view, truth, true_valid, camera=True)
        feature = None if seen.object_feature is None else np.array(seen.object_feature[frames], np.float32)
        return ViewObservation(
            view=view,
            source=seen.maker.model_id or seen.maker.estimator,
            joints=np.array(seen.joints[frames]),
            valid=np.array(seen.valid[frames]),
            reference=truth,
            reference_valid=true_valid,
            measured=store.joint_valid[sequence],
            object_feature=feature,
            object_seen=np.zeros(len(truth), bool) if feature is None else np.asarray(feature.any(-1), bool),
        )

    def _noisy(
        self,
        sequence: int,
        view: str,
        truth: NDArray[np.float32],
        true_valid: NDArray[np.bool_],
        camera: bool,
    ) -> ViewObservation:
        """The truth with noise; a camera does not see what lies behind it."""
        generator = noise_generator(self._seed, f"{self._store.names[sequence]}/{view}")
        clean, valid = torch.from_numpy(truth), torch.from_numpy(true_valid)
        if camera:
            noisy = ImagePlaneNoise()(clean, generator)
            valid = valid & (clean[..., 2] > ImagePlaneNoise().nearest).all(-1)
        else:
            noisy, detected = DetectorNoise()(clean, generator)
            valid = valid & detected
        return ViewObservation(
            view=view,
            source=IMAGE_PLANE_NOISE if camera else DETECTOR_NOISE,
            joints=torch.where(valid[..., None, None], noisy, 0.0).numpy(),
            valid=valid.numpy(),
            reference=truth,
            reference_valid=true_valid,
            measured=self._store.joint_valid[sequence],
            object_feature=None,
            object_seen=np.zeros(len(truth), bool),
        )


def _only_estimator(store: SequenceStore) -> str | None:
    """Name of the estimator that has observed the store, the paper's where it is among several; None without one.

    Raises:
        InputError: If there are several others.
    """
    names = sorted(path.name for path in (store.folder / "observed").glob("*") if observed_views(store, path.name))
    if PAPER_ESTIMATOR in names:
        return PAPER_ESTIMATOR
    if len(names) > 1:
        raise InputError(f"Several estimators have observed {store.folder}: {', '.join(names)}; say --observed NAME.")
    return names[0] if names else None
