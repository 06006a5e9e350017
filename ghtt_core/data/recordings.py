# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Recorded hand motion in .npz files: read with every mistake a file can contain named in one sentence.

Arrays: ``joints`` (T, 2, 21, 3) metres, left hand first; ``valid`` (T, 2); ``t`` (T,) seconds or else ``fps``.
Optional: ``synth``, the joints a conversion made up, as (21,) bool or a list of indices; ``reference``, clean joints of
the same shape; ``label``, the action of the whole recording, or ``segment_start``, ``segment_end`` (exclusive) and
``segment_label`` for several; ``object_names`` and ``object_ids`` (T,); ``subject``, ``frame``, ``licence``,
``source``.
Nothing in a file is ever unpickled.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ghtt_core.data.sequence import NO_OBJECT, ActionSegment, HandSequence, verb_and_noun
from ghtt_core.errors import InputError, OutputError
from ghtt_core.hands.layout import MCP_JOINTS, NUM_HANDS, NUM_JOINTS

MAX_FRAMES: Final = 2_000_000
"""18 hours at 30 frames/s; anything larger is a mistake or an attack on memory."""
_MAX_OTHER_BYTES: Final = 64 * 2**20
_ARRAYS: Final = frozenset(
    {
        "joints",
        "reference",
        "valid",
        "t",
        "fps",
        "synth",
        "label",
        "segment_start",
        "segment_end",
        "segment_label",
        "object_names",
        "object_ids",
        "subject",
        "frame",
    }
)
_MAX_PALM: Final = 5.0
"""Metres; a larger palm means millimetres."""
_MAX_SECONDS: Final = 9.0e9
_BROKEN = (OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)


def load_recording(path: Path | str, array: str = "joints") -> HandSequence:
    """Read a recording.

    Args:
        path: The .npz file.
        array: Which joints to read: "joints", or "reference" for the clean ones of a file that has both.

    Returns:
        The recording at its own rate; ``resampled()`` brings it to 30 frames/s.

    Raises:
        InputError: If the file cannot be used; the sentence says why.
    """
    path = Path(path)
    arrays = _read_arrays(path)
    for name in (array, "valid"):
        if name not in arrays:
            have = ", ".join(sorted(arrays)) or "none"
            raise InputError(f"{path} has no array '{name}' (it has: {have}); a recording needs joints, valid and t.")
    joints = _joints(path, arrays[array], array)
    frames = len(joints)
    valid = arrays["valid"]
    if valid.shape != (frames, NUM_HANDS) or valid.dtype.kind not in "biu":
        raise InputError(
            f"{path}: 'valid' must be ({frames}, 2) true or false, frames x hands, got {valid.shape} {valid.dtype}."
        )
    valid = valid.astype(bool)
    _check_unit(path, joints, valid)
    return HandSequence(
        joints=joints,
        valid=valid,
        stamps_ns=_stamps(path, arrays, frames),
        joint_valid=_joint_valid(path, arrays.get("synth")),
        segments=_segments(path, arrays, frames),
        subject=_text(arrays, "subject"),
        name=path.stem,
        frame_id=_text(arrays, "frame") or "camera",
        **_objects(path, arrays, frames),
    )


def save_recording(path: Path | str, sequence: HandSequence, **extra: ArrayLike) -> None:
    """Write a recording that ``load_recording`` reads back; the file appears only when complete.

    Args:
        path: The .npz file.
        sequence: What to write.
        extra: Further arrays, for example reference=, licence=, source=.

    Raises:
        OutputError: If it cannot be written.
    """
    path = Path(path)
    arrays: dict[str, ArrayLike] = {
        "joints": sequence.joints,
        "valid": sequence.valid,
        "t": (sequence.stamps_ns - sequence.stamps_ns[0]) * 1e-9,
        "synth": np.flatnonzero(~sequence.joint_valid),
        "segment_start": np.array([s.start for s in sequence.segments], np.int64),
        "segment_end": np.array([s.end for s in sequence.segments], np.int64),
        "segment_label": np.array([s.label for s in sequence.segments], str),
        "subject": sequence.subject,
        "frame": sequence.frame_id,
    }
    if len(sequence) > 1:
        arrays["fps"] = round((len(sequence) - 1) / sequence.duration_s, 6)
    if sequence.object_ids is not None:
        arrays |= {"object_names": np.array(sequence.object_names, str), "object_ids": sequence.object_ids}
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
            temporary = Path(file.name)
            np.savez_compressed(file, **{**arrays, **extra})  # type: ignore[arg-type]
        os.chmod(temporary, 0o644)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise OutputError(f"Cannot write the recording {path}: {error}.") from error


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of the file that a recording can have, their size sane, none of them pickled; others stay empty."""
    if not path.is_file():
        raise InputError(f"There is no recording {path}; check the path.")
    if not zipfile.is_zipfile(path):
        raise InputError(
            f"{path} is not an .npz file (perhaps a text file with that name, or cut off); save it with numpy.savez."
        )
    arrays: dict[str, NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.filename.endswith(".npy"):
                    name = member.filename.removesuffix(".npy")
                    if name not in _ARRAYS:
                        # What `ghtt run` adds to its recordings (forecasts) may be large and is not needed here.
                        arrays[name] = np.empty(0)
                        continue
                    with archive.open(member) as file:
                        _check_header(path, name, file, member.file_size)
                    with archive.open(member) as file:
                        arrays[name] = np.lib.format.read_array(file, allow_pickle=False)
    except _BROKEN as error:
        raise InputError(f"{path} is damaged and cannot be read as .npz ({error}).") from error
    return arrays


def _check_header(path: Path, name: str, file: IO[bytes], size: int) -> None:
    """Refuse pickled objects and absurd sizes before anything is allocated."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise InputError(f"{path}: '{name}' holds pickled Python objects, which are never loaded; save plain numbers.")
    count = int(np.prod([int(n) for n in shape], dtype=object)) * dtype.itemsize
    frame_data = name in ("joints", "reference", "confidence")
    if (frame_data and shape and shape[0] > MAX_FRAMES) or count > (2**33 if frame_data else _MAX_OTHER_BYTES):
        raise InputError(
            f"{path}: '{name}' has shape {shape}, which is too large; a recording may have {MAX_FRAMES:,} frames, "
            "cut longer ones into pieces."
        )
    if count > size:
        raise InputError(f"{path} is damaged: '{name}' is shorter than its header says; copy or record it again.")


def _joints(path: Path, joints: NDArray[Any], name: str) -> NDArray[np.float32]:
    if joints.ndim != 4 or joints.shape[1:] != (NUM_HANDS, NUM_JOINTS, 3):
        raise InputError(
            f"{path}: '{name}' must have the shape (frames, 2 hands, 21 joints, 3), left first, got {joints.shape}."
        )
    if joints.dtype.kind != "f":
        raise InputError(f"{path}: '{name}' must be floating-point metres, got {joints.dtype}.")
    if len(joints) == 0:
        raise InputError(f"{path} has no frames; record at least one.")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(joints, np.float32)


def _check_unit(path: Path, joints: NDArray[np.float32], valid: NDArray[np.bool_]) -> None:
    hands = joints[valid]
    hands = hands[np.isfinite(hands).all(axis=(1, 2))]
    if len(hands) == 0:
        return
    palm = float(np.median(np.linalg.norm(hands[:, MCP_JOINTS].astype(np.float64) - hands[:, :1], axis=-1)))
    if palm > _MAX_PALM:
        raise InputError(
            f"{path}: its palms are {palm:.0f} m long; joints must be in metres (divide millimetres by 1000)."
        )


def _stamps(path: Path, arrays: dict[str, NDArray[Any]], frames: int) -> NDArray[np.int64]:
    if "t" in arrays:
        seconds = arrays["t"]
        if seconds.shape != (frames,) or seconds.dtype.kind not in "fiu":
            raise InputError(
                f"{path}: 't' must hold {frames} times in seconds, one per frame, got {seconds.shape} {seconds.dtype}."
            )
        seconds = seconds.astype(np.float64)
        if not np.isfinite(seconds).all() or np.abs(seconds).max() > _MAX_SECONDS:
            raise InputError(f"{path}: 't' has a time that is not a number or absurd; times are seconds.")
        # Whole seconds and the rest apart: a clock that counts from 1970 keeps its nanoseconds as far as it has them.
        whole = np.floor(seconds)
        stamps: NDArray[np.int64] = whole.astype(np.int64) * 1_000_000_000
        stamps += np.round((seconds - whole) * 1e9).astype(np.int64)
        return stamps
    if "fps" not in arrays:
        raise InputError(f"{path} has neither 't' (seconds per frame) nor 'fps'; add one of them.")
    fps = arrays["fps"]
    if fps.size != 1 or fps.dtype.kind not in "fiu" or not 0.1 <= float(fps.reshape(())) <= 10_000:
        raise InputError(f"{path}: 'fps' must be one number of frames per second between 0.1 and 10000.")
    return np.round(np.arange(frames) * (1e9 / float(fps.reshape(())))).astype(np.int64)


def _joint_valid(path: Path, synth: NDArray[Any] | None) -> NDArray[np.bool_]:
    measured = np.ones(NUM_JOINTS, bool)
    if synth is None or synth.size == 0:
        return measured
    if synth.dtype == np.bool_ and synth.shape == (NUM_JOINTS,):
        return ~synth
    if synth.dtype.kind not in "iu" or synth.ndim != 1 or synth.min() < 0 or synth.max() >= NUM_JOINTS:
        raise InputError(
            f"{path}: 'synth' must be 21 flags or a list of joint numbers 0 to 20, got {synth.shape} {synth.dtype}."
        )
    measured[synth] = False
    return measured


def _segments(path: Path, arrays: dict[str, NDArray[Any]], frames: int) -> tuple[ActionSegment, ...]:
    if "segment_label" not in arrays:
        label = _text(arrays, "label")
        return (_segment(0, frames, label),) if label else ()
    columns = [arrays.get(name, np.empty(0)) for name in ("segment_start", "segment_end", "segment_label")]
    starts, ends, labels = columns
    numeric = all(c.size == 0 or c.dtype.kind in "iu" for c in (starts, ends))
    text = labels.size == 0 or labels.dtype.kind == "U"
    if any(c.shape != (len(labels.reshape(-1)),) for c in columns) or not (numeric and text):
        raise InputError(f"{path}: segment_start, segment_end and segment_label must be lists of equal length.")
    rows = zip(starts, ends, labels, strict=True)
    return tuple(_segment(int(start), int(end), str(label)) for start, end, label in rows)


def _segment(start: int, end: int, label: str) -> ActionSegment:
    return ActionSegment(start, end, label, *verb_and_noun(label))


def _objects(path: Path, arrays: dict[str, NDArray[Any]], frames: int) -> Mapping[str, Any]:
    if "object_ids" not in arrays or "object_names" not in arrays:
        return {}
    names, ids = arrays["object_names"], arrays["object_ids"]
    if names.ndim != 1 or names.dtype.kind != "U" or ids.shape != (frames,) or ids.dtype.kind not in "iu":
        raise InputError(f"{path}: object_names must be a list of words and object_ids one number per frame.")
    if ids.size and (ids.min() < NO_OBJECT or ids.max() >= len(names)):
        raise InputError(f"{path}: object_ids must be numbers from -1 to {len(names) - 1}.")
    return {"object_names": tuple(str(name) for name in names), "object_ids": ids.astype(np.int16)}


def _text(arrays: dict[str, NDArray[Any]], name: str) -> str:
    value = arrays.get(name)
    return str(value.reshape(())) if value is not None and value.size == 1 and value.dtype.kind == "U" else ""
