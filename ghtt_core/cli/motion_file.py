# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""motion.npz: everything a run found out, in arrays with absolute times (docs/outputs.md describes each)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ghtt_core.cli.spool import ArraySpool, check_free_space, write_failure, write_npz
from ghtt_core.errors import OutputError
from ghtt_core.hands.layout import FRAME_RATE, JOINT_NAMES, NUM_HANDS, NUM_JOINTS, THUMB_CMC
from ghtt_core.streaming.forecast import Forecast

README = """\
Two hands, refined, recognised and forecast by ghtt_ros. Written by `ghtt run`; docs/outputs.md says more.

Units: metres; nanoseconds in names that end in _ns, seconds in t. Hand 0 is left, 1 is right; joint_names gives the
order of the 21 joints (thumb_cmc is placed by a rule, never predicted). Coordinates are in the frame named by frame
(a camera: x right, y down, z forward). A hand with valid False holds zeros that mean nothing.

joints (N, 2, 21, 3)      refined joints; valid (N, 2); stamps_ns (N,); t (N,) seconds since the first; fps
observed_* (M, ...)       what the estimator gave for each input frame, same layout
action_stamps_ns (A,)     when the action was estimated
action_start_ns (A,)      where the recognised action is taken to have begun
action_probabilities      (A, K) probability of each of action_labels (K,)
p_a_* and p_b_*           forecasts by the pose block alone and by action and pose block, F of each:
  stamps_ns (F,)          newest input used
  times_ns (F, T)         absolute time of each stored step (every {stride}. step and the last one)
  origin (F, 3), offsets (F, S, T, 2, 21, 3) float16: joints in metres are origin[f] + offsets[f];
                          sample 0 is the deterministic one
  hands (F, 2)            hands that are forecast

model_id, estimator, labels and probabilities come from the checkpoint named in summary.json. A forecast may make a
robot slower or plan earlier; it is not a safety function.
"""
_SPARE_BYTES = 2_000_000


class MotionRecorder:
    """Collects a run's results on disk and makes motion.npz of them at the end; memory use does not grow."""

    def __init__(self, folder: Path, labels: Sequence[str], frame_id: str, stride: int = 3) -> None:
        """Open the spools in a hidden folder beside the results.

        Args:
            folder: Folder of the results; exists.
            labels: Action labels in the order of the probabilities.
            frame_id: Name of the coordinate frame.
            stride: Keep every this many steps of a forecast (3 = 10 per second).

        Raises:
            OutputError: If the folder takes no files.
        """
        self._folder = folder
        self._labels = tuple(labels)
        self._frame_id = frame_id
        self._stride = stride
        self._spools: dict[str, ArraySpool] = {}
        self._groups: dict[str, list[ArraySpool]] = {}
        try:
            self._scratch = Path(tempfile.mkdtemp(prefix=".motion-", dir=folder))
            hands = (NUM_HANDS, NUM_JOINTS, 3)
            self._open("refined", "joints", hands, np.float32)
            self._open("refined", "valid", (NUM_HANDS,), np.bool_)
            self._open("refined", "stamps_ns", (), np.int64)
            self._open("observed", "observed_joints", hands, np.float32)
            self._open("observed", "observed_valid", (NUM_HANDS,), np.bool_)
            self._open("observed", "observed_stamps_ns", (), np.int64)
            self._open("action", "action_stamps_ns", (), np.int64)
            self._open("action", "action_start_ns", (), np.int64)
            self._open("action", "action_probabilities", (len(self._labels),), np.float32)
        except OSError as error:
            raise OutputError(write_failure(folder, error)) from error
        self._first_ns: int | None = None

    def add_observed(self, stamp_ns: int, joints: NDArray[np.float32], valid: NDArray[np.bool_]) -> None:
        """Record one input frame: (2, 21, 3) metres and (2,) bool."""
        self._append(observed_stamps_ns=stamp_ns, observed_valid=valid, observed_joints=_masked(joints, valid))

    def add_refined(self, stamp_ns: int, joints: NDArray[np.float32], valid: NDArray[np.bool_]) -> None:
        """Record one refined frame: (2, 21, 3) metres and (2,) bool."""
        self._append(stamps_ns=stamp_ns, valid=valid, joints=_masked(joints, valid))

    def add_action(self, stamp_ns: int, start_ns: int, probabilities: ArrayLike) -> None:
        """Record one action estimate: (K,) probabilities in the order of the labels."""
        self._append(action_stamps_ns=stamp_ns, action_start_ns=start_ns, action_probabilities=probabilities)

    def add_forecast(self, kind: str, forecast: Forecast) -> None:
        """Record one forecast, thinned in time and stored as float16 offsets (error below half a millimetre).

        Args:
            kind: ``p_a`` or ``p_b``.
            forecast: All of one kind must have the same number of samples and steps.
        """
        steps = len(forecast.stamps_ns)
        kept = np.unique(np.append(np.arange(0, steps, self._stride), steps - 1))
        samples = forecast.samples[:, kept]  # (S, T, 2, 21, 3)
        there = samples[:, :, forecast.hands]
        origin = there[0, 0].mean(axis=(0, 1)) if there.size else np.zeros(3, np.float32)
        offsets = np.where(forecast.hands[:, None, None], samples - origin, np.float32(0))
        values: dict[str, Any] = {
            "stamps_ns": np.int64(forecast.t0_ns),
            "times_ns": forecast.stamps_ns[kept],
            "origin": origin.astype(np.float32),
            "offsets": offsets.astype(np.float16),
            "hands": forecast.hands,
        }
        for name, value in values.items():
            if f"{kind}_{name}" not in self._spools:
                self._open(kind, f"{kind}_{name}", np.shape(value), value.dtype)
        self._append(**{f"{kind}_{name}": value for name, value in values.items()})

    def check_space(self, more_bytes: int = 0) -> None:
        """Stop the run while there is still room to complete its results.

        Args:
            more_bytes: What completing the other results takes.

        Raises:
            OutputError: If the disk is about to be full.
        """
        own = sum(spool.nbytes for spool in self._spools.values()) + _SPARE_BYTES
        check_free_space(self._folder, own + more_bytes)

    def finish(self, path: Path) -> None:
        """Write everything recorded to one .npz and remove the spools.

        Raises:
            OutputError: If it cannot be written; an older file of that name is then untouched.
        """
        try:
            self._close_spools()
            stamps = np.fromfile(self._spools["stamps_ns"].path, np.int64, self._spools["stamps_ns"].length)
            arrays: dict[str, NDArray[Any]] = {
                "README": np.array(README.format(stride=self._stride)),
                "joint_names": np.array(JOINT_NAMES),
                "action_labels": np.array(self._labels),
                "frame": np.array(self._frame_id),
                "fps": np.array(FRAME_RATE),
                "t": (stamps - stamps[:1]) / 1e9,
                # Joints that are placed by a rule; readers of recordings leave them out of errors.
                "synth": np.array([THUMB_CMC]),
            }
            write_npz(path, self._spools, arrays)
        except OSError as error:
            raise OutputError(write_failure(path, error)) from error
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove the spools without writing anything; may be called twice."""
        self._close_spools()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _open(self, group: str, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        spool = ArraySpool(self._scratch / f"{name}.bin", shape, dtype)
        self._spools[name] = spool
        self._groups.setdefault(group, []).append(spool)

    def _close_spools(self) -> None:
        """Close all spools and cut the arrays that belong together to what all of them have."""
        with suppress(FileNotFoundError):
            for group in self._groups.values():
                for spool in group:
                    spool.close()
                for spool in group:
                    spool.keep(min(spool.length for spool in group))

    def _append(self, **items: ArrayLike) -> None:
        try:
            for name, item in items.items():
                self._spools[name].append(item)
        except OSError as error:
            raise OutputError(write_failure(self._folder, error)) from error


def _masked(joints: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.where(valid[:, None, None], joints, np.float32(0))
