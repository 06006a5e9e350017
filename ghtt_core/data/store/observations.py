# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a per-frame estimator saw in the pictures of a store, kept beside it: training and evaluation read it often.

The answers for one view lie in ``<store>/observed/<estimator>/<view>/``: memory-mapped arrays over all frames of the
store, and ``card.json``, which says by which weights and for which store they were made. They are written sequence by
sequence; a run that was stopped goes on where it was, and the folder appears under its name when all are there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.store.sequence_store import SequenceStore
from ghtt_core.errors import InputError, OutputError
from ghtt_core.hands.layout import NUM_HANDS, NUM_JOINTS

FORMAT_VERSION: Final = 1
_FOLDER: Final = "observed"
_CARD: Final = "card.json"
_MAKER: Final = "maker.json"
_FIXED: Final[dict[str, tuple[str, tuple[int, ...]]]] = {
    "joints": ("<f4", (NUM_HANDS, NUM_JOINTS, 3)),
    "valid": ("|b1", (NUM_HANDS,)),
    "seen": ("|b1", ()),
}
_FEATURES: Final = ("object_feature", "image_feature")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Maker:
    """Who made observations.

    Attributes:
        estimator: Name of the estimator.
        model_id: Name of its checkpoint; empty where it has none.
        weights_sha256: Of its weights; empty where it has none.
        text_encoder: Encoder whose space its object features live in; empty where it has none.
    """

    estimator: str
    model_id: str = ""
    weights_sha256: str = ""
    text_encoder: str = ""


@dataclass(frozen=True, eq=False)
class Seen:
    """Observations of T frames.

    Attributes:
        joints: (T, 2, 21, 3) float32 metres in the view's camera frame, zero where not valid.
        valid: (T, 2) bool.
        seen: (T,) bool, whether there was a picture.
        object_feature: (T, D) float16, a row of zeros where a frame has none; None where no frame has any.
        image_feature: (T, F) float16 likewise.
    """

    joints: NDArray[np.float32]
    valid: NDArray[np.bool_]
    seen: NDArray[np.bool_]
    object_feature: NDArray[np.float16] | None = None
    image_feature: NDArray[np.float16] | None = None


@dataclass(frozen=True, eq=False)
class Observations(Seen):
    """Observations of all frames of a store from one view, memory-mapped.

    Attributes:
        folder: Where they lie.
        view: Name of the view.
        maker: Who made them.
    """

    folder: Path = Path()
    view: str = ""
    maker: Maker = field(default_factory=lambda: Maker(""))


def observed_views(store: SequenceStore, estimator: str) -> tuple[str, ...]:
    """Names of the views that an estimator has observed completely."""
    folder = store.folder / _FOLDER / estimator
    return tuple(sorted(path.parent.name for path in folder.glob(f"*/{_CARD}") if not path.parent.name.startswith(".")))


def open_observations(
    store: SequenceStore, estimator: str, view: str, weights_sha256: str | None = None, verify: bool = False
) -> Observations:
    """Open what an estimator saw of a store.

    Args:
        store: The store.
        estimator: Name that the observations were written under.
        view: Name of the view.
        weights_sha256: Weights that they must have been made by; anything goes when None.
        verify: Also compare the checksum of every array (reads everything once).

    Raises:
        InputError: If there are none, they are damaged, or were made for another store or by other weights.
    """
    folder = store.folder / _FOLDER / estimator / view
    again = "run `ghtt prepare observe` again"
    try:
        card = json.loads((folder / _CARD).read_text(encoding="utf-8"))
        version, frames, arrays = card["format_version"], card["frames"], card["arrays"]
        maker, fingerprint = Maker(**card["maker"]), card["store"]
    except FileNotFoundError as error:
        raise InputError(
            f"The store {store.folder} has no observations of view {view!r} by {estimator}; make them with "
            f"`ghtt prepare observe --estimator {estimator}`."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"The observations {folder} are damaged ({error!r}); {again}.") from error
    if version != FORMAT_VERSION:
        raise InputError(f"The observations {folder} have format {version}, this version reads {FORMAT_VERSION}.")
    if fingerprint != store.fingerprint:
        raise InputError(f"The observations {folder} are of another state of the store {store.folder}; {again}.")
    if weights_sha256 is not None and weights_sha256 != maker.weights_sha256:
        raise InputError(
            f"The observations {folder} were made by other weights ({maker.model_id or maker.estimator}, sha256 "
            f"{maker.weights_sha256[:12] or 'unknown'}...) than {weights_sha256[:12]}...; {again} with --overwrite."
        )
    values = {name: _mapped(folder, name, entry, frames, verify) for name, entry in arrays.items()}
    if set(_FIXED) - set(values) or frames != store.frames:
        raise InputError(f"The observations {folder} are damaged: arrays or frames are missing; {again}.")
    return Observations(**values, folder=folder, view=view, maker=maker)


class ObservationWriter:
    """Collects the observations of one view, sequence by sequence, and goes on where an earlier run stopped."""

    def __init__(self, store: SequenceStore, name: str, view: str, maker: Maker, overwrite: bool = False) -> None:
        """Begin, or go on.

        Args:
            store: What is observed.
            name: Name that the observations get, usually the estimator's.
            view: Name of the view.
            maker: Who observes; parts that another one left are thrown away.
            overwrite: Replace observations that are there.

        Raises:
            InputError: If a name cannot be a folder's.
            OutputError: If there are observations already, or the disk does not take new ones.
        """
        for text in (name, view):
            if not _NAME.fullmatch(text):
                raise InputError(f"{text!r} cannot name a folder of observations; use letters, digits, '.', '_', '-'.")
        self.store, self.view, self.maker = store, view, maker
        self.folder = store.folder / _FOLDER / name / view
        if self.folder.exists() and not overwrite:
            raise OutputError(f"{self.folder} exists already; add --overwrite to make it again.")
        self._parts = self.folder.with_name(f".{view}.observing")
        identity = {"format_version": FORMAT_VERSION, "maker": asdict(maker), "store": store.fingerprint, "view": view}
        try:
            if _read_json(self._parts / _MAKER) != identity:
                shutil.rmtree(self._parts, ignore_errors=True)
                self._parts.mkdir(parents=True)
                (self._parts / _MAKER).write_text(json.dumps(identity), encoding="utf-8")
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        self._identity = identity

    def missing(self) -> list[int]:
        """Sequences that are not there yet."""
        return [number for number in range(len(self.store)) if self._read(number) is None]

    def write(self, sequence: int, seen: Seen) -> None:
        """Keep the observations of a sequence.

        Raises:
            InputError: If they are not of all its frames, or not finite where valid.
            OutputError: If the disk does not take them.
        """
        length = int(self.store.ends[sequence] - self.store.starts[sequence])
        arrays: dict[str, Any] = {k: value for k, value in vars(seen).items() if isinstance(value, np.ndarray)}
        for name, (dtype, shape) in _FIXED.items():
            arrays[name] = np.ascontiguousarray(arrays[name], dtype)
            if arrays[name].shape != (length, *shape):
                raise InputError(f"Observations need {name} {(length, *shape)}, got {arrays[name].shape}.")
        for name in set(arrays) & set(_FEATURES):
            arrays[name] = np.ascontiguousarray(arrays[name], "<f2")
            if arrays[name].ndim != 2 or len(arrays[name]) != length or not np.isfinite(arrays[name]).all():
                raise InputError(f"Observations need finite {name} ({length}, width), got {arrays[name].shape}.")
        if not np.isfinite(arrays["joints"][arrays["valid"]]).all():
            raise InputError(f"Observations of {self.store.names[sequence]} have a joint that is not finite.")
        partial = self._parts / f"{sequence}.partial"
        try:
            with partial.open("wb") as file:
                np.savez(file, **arrays)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._part(sequence))
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise _unwritable(self.folder, error) from error

    def finish(self) -> Observations:
        """Put the sequences together under the final name.

        Raises:
            OutputError: If the disk does not take them.
            InputError: If a sequence is missing, or features differ in width between sequences.
        """
        left = self.missing()
        if left:
            raise InputError(f"The observations {self.folder} lack {len(left)} sequences; observe them first.")
        fresh = self._parts / "whole"
        try:
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            entries = {name: self._join(fresh, name) for name in (*_FIXED, *self._features())}
            card = {**self._identity, "frames": self.store.frames, "arrays": entries}
            (fresh / _CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
            if self.folder.exists():
                shutil.rmtree(self.folder)
            fresh.rename(self.folder)
            shutil.rmtree(self._parts)
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        return open_observations(self.store, self.folder.parent.name, self.view)

    def _part(self, sequence: int) -> Path:
        return self._parts / f"{sequence:06d}.npz"

    def _read(self, sequence: int) -> dict[str, NDArray[Any]] | None:
        """A finished sequence; a damaged file counts as none."""
        try:
            with np.load(self._part(sequence), allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
            return None

    def _sequences(self) -> Iterator[dict[str, NDArray[Any]]]:
        for number in range(len(self.store)):
            part = self._read(number)
            if part is None:
                raise InputError(f"The part {self._part(number)} vanished; run the command again.")
            yield part

    def _features(self) -> dict[str, int]:
        """Widths of the features that some sequence has."""
        widths: dict[str, int] = {}
        for part in self._sequences():
            for name in set(part) & set(_FEATURES):
                if widths.setdefault(name, part[name].shape[1]) != part[name].shape[1]:
                    raise InputError(f"The {name} of {self.folder} has several widths; observe again with --overwrite.")
        return widths

    def _join(self, fresh: Path, name: str) -> dict[str, Any]:
        """Write one array over all frames; returns what the card says of it."""
        dtype, shape = _FIXED.get(name, ("<f2", (self._features().get(name, 0),)))
        path = fresh / f"{name}.npy"
        whole = np.lib.format.open_memmap(path, mode="w+", dtype=np.dtype(dtype), shape=(self.store.frames, *shape))
        for start, end, part in zip(self.store.starts, self.store.ends, self._sequences(), strict=True):
            if name in part:
                whole[start:end] = part[name]
        whole.flush()
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        return {"dtype": dtype, "shape": [self.store.frames, *shape], "sha256": digest}


def _mapped(folder: Path, name: str, entry: dict[str, Any], frames: int, verify: bool) -> NDArray[Any]:
    path = folder / f"{name}.npy"
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        expected = _FIXED.get(name)
        good = list(array.shape) == entry["shape"] and array.dtype.str == entry["dtype"] and len(array) == frames
        if not good or (expected and array.shape[1:] != expected[1]) or (not expected and name not in _FEATURES):
            raise ValueError("it does not match the card")
        if verify:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != entry["sha256"]:
                    raise ValueError("it was changed after it was written")
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"The observations {folder} are damaged: {path.name} cannot be read ({error}); run `ghtt prepare observe` "
            "again with --overwrite."
        ) from error
    return array


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _unwritable(folder: Path, error: OSError) -> OutputError:
    return OutputError(f"The observations {folder} cannot be written: {error.strerror or error}.")
