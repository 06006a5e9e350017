# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a reader over a dataset: in parallel, resumable after any kind of end, complete or not there at all.

Every sequence becomes a store of its own in ``.<name>.preparing`` beside the result. When all are there they are put
together, one store per split, and only then does the dataset appear under its name. A run that was stopped, even by
kill -9, leaves finished sequences; the next one verifies their checksums and reads only what is missing.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from ghtt_core import __version__
from ghtt_core.data.preparation.workers import worker_pool
from ghtt_core.data.readers.base import (
    SPLITS,
    DatasetReader,
    Fault,
    Faults,
    MalformedFileError,
    Missing,
    OnFault,
    SequenceReading,
    SourcePlan,
    SourceSequence,
)
from ghtt_core.data.store.dataset import DATASET_FILE, Dataset, open_dataset, write_dataset_file
from ghtt_core.data.store.sequence_store import SequenceStore, StoreWriter, open_store
from ghtt_core.errors import InputError, OutputError

_SETTINGS: Final = "settings.json"
_PARTS_FORMAT: Final = 2


@dataclasses.dataclass(frozen=True)
class _Part:
    """A finished sequence of an unfinished run, or the reason why there is none."""

    store: SequenceStore | None
    missing: tuple[Missing, ...]
    faults: tuple[Fault, ...]
    notes: Mapping[str, Any]


class Listener:
    """Told how a preparation goes; override what is of interest."""

    def begin(self, plan: SourcePlan, kept: int) -> None:
        """The work is known; `kept` of its sequences are left from an earlier run."""

    def done(self, entry: SourceSequence) -> None:
        """A sequence is ready."""


def prepare(
    reader: DatasetReader,
    folder: Path,
    on_fault: OnFault = "fatal",
    workers: int = 2,
    overwrite: bool = False,
    listener: Listener | None = None,
) -> Dataset:
    """Read a whole dataset into stores, or go on with a preparation that was stopped.

    Args:
        reader: Knows the dataset's layout.
        folder: Where the result appears.
        on_fault: Stop at the first malformed file, or skip what is malformed and list it.
        workers: Processes that read; with one the calling process reads.
        overwrite: Replace a prepared dataset that is there.
        listener: Told how it goes.

    Raises:
        InputError: If the source is not this dataset, or nothing of it can be used.
        MalformedFileError: If a file is malformed and faults are fatal.
        OutputError: If the result cannot be written.
    """
    folder, listener = Path(folder), listener or Listener()
    if workers < 1:
        raise InputError(f"--workers must be at least 1, not {workers}.")
    _check_target(folder, overwrite)
    faults = Faults(on_fault)
    plan = reader.plan(faults)
    work = folder.parent / f".{folder.name}.preparing"
    with _locked(work):
        settings = _settings(reader, plan, on_fault)
        _begin_work(work, settings)
        left = [entry for entry in plan.sequences if not _is_kept(work, entry)]
        listener.begin(plan, len(plan.sequences) - len(left))
        for entry in _read_all(reader, left, work, on_fault, workers):
            listener.done(entry)
        try:
            _assemble(reader, plan, work, faults, settings)
            _appear(work, folder)
        except OSError as error:
            raise OutputError(
                f"Cannot finish {folder} ({error.strerror or error}); the same command goes on from here."
            ) from error
    return open_dataset(folder)


def _check_target(folder: Path, overwrite: bool) -> None:
    if not folder.exists():
        return
    if not (folder / DATASET_FILE).is_file():
        raise OutputError(f"{folder} exists and is not a prepared dataset; choose another folder with --store.")
    if not overwrite:
        raise OutputError(f"{folder} is prepared already; choose another folder or pass --overwrite.")


@contextmanager
def _locked(work: Path) -> Iterator[None]:
    """Keep a second preparation of the same dataset away; the lock goes with the process."""
    try:
        work.mkdir(parents=True, exist_ok=True)
        lock = (work / "lock").open("w")
    except OSError as error:
        raise OutputError(f"Cannot write {work} ({error.strerror}); choose another folder with --store.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OutputError(f"Another process is preparing {work}; wait for it or stop it.") from error
        yield


def _settings(reader: DatasetReader, plan: SourcePlan, on_fault: OnFault) -> dict[str, Any]:
    """Everything that changes what is read: sequences kept from a run with other settings are read again."""
    options = dataclasses.asdict(reader)  # type: ignore[call-overload]
    return {
        "dataset": reader.dataset,
        "reader": {name: str(v) if isinstance(v, Path) else v for name, v in options.items()},
        "on_fault": on_fault,
        "notes": dict(plan.notes),
        "version": f"{__version__}, parts {_PARTS_FORMAT}",
    }


def _begin_work(work: Path, settings: Mapping[str, Any]) -> None:
    """Keep the parts of a run with the same settings, throw away any others and what was half written."""
    path, parts = work / _SETTINGS, work / "parts"
    text = json.dumps(settings, sort_keys=True)
    try:
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.unlink(missing_ok=True)
            shutil.rmtree(parts, ignore_errors=True)
        parts.mkdir(exist_ok=True)
        for half_written in parts.glob(".*"):
            shutil.rmtree(half_written)
        shutil.rmtree(work / "result", ignore_errors=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"Cannot write {work} ({error.strerror}); choose another folder with --store.") from error


def _part_path(work: Path, entry: SourceSequence) -> Path:
    return work / "parts" / hashlib.sha256(f"{entry.split}/{entry.name}".encode()).hexdigest()[:24]


def _load_part(work: Path, entry: SourceSequence) -> _Part | None:
    """Return a finished sequence of this or an earlier run; None if it is not there or not sound."""
    path = _part_path(work, entry)
    try:
        record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        store = None if record["fingerprint"] is None else open_store(path, verify=True)
        if store is not None and store.fingerprint != record["fingerprint"]:
            return None
        return _Part(
            store,
            tuple(Missing(**piece) for piece in record["missing"]),
            tuple(Fault(**fault) for fault in record["faults"]),
            record["notes"],
        )
    except (OSError, ValueError, KeyError, TypeError, InputError):
        return None


def _is_kept(work: Path, entry: SourceSequence) -> bool:
    """Whether an earlier run has read a sequence soundly; malformed files of it may have been put right since."""
    part = _load_part(work, entry)
    return part is not None and not part.faults


def _read_all(
    reader: DatasetReader, entries: Sequence[SourceSequence], work: Path, on_fault: OnFault, workers: int
) -> Iterator[SourceSequence]:
    """Read sequences, the largest first so that no worker is left alone with it at the end."""
    left = sorted(entries, key=lambda entry: -entry.size)
    if workers == 1 or len(left) < 2:
        for entry in left:
            _read_part(reader, entry, work, on_fault)
            yield entry
        return
    with worker_pool(min(workers, len(left))) as pool:
        futures = {pool.submit(_read_part, reader, entry, work, on_fault): entry for entry in left}
        for future in as_completed(futures):
            try:
                future.result()
            except BrokenProcessPool as error:
                raise OutputError(
                    "A process that read sequences was killed, perhaps for want of memory; the same command with "
                    "fewer --workers goes on from here."
                ) from error
            yield futures[future]


def _read_part(reader: DatasetReader, entry: SourceSequence, work: Path, on_fault: OnFault) -> None:
    """Read one sequence into a store of its own; the record beside it says that it is complete."""
    faults = Faults(on_fault)
    try:
        reading = reader.read(entry, faults)
    except MalformedFileError as error:
        faults.report(error.path, error.line, error.what, f"the sequence {entry.name}")
        reading = SequenceReading(None)
    path = _part_path(work, entry)
    fingerprint = None
    try:
        shutil.rmtree(path, ignore_errors=True)
        if reading.sequence is not None:
            writer = StoreWriter(path)
            with writer:
                writer.append(reading.sequence)
            fingerprint = open_store(path).fingerprint
        record = {
            "name": entry.name,
            "fingerprint": fingerprint,
            "missing": [dataclasses.asdict(piece) for piece in reading.missing],
            "faults": [dataclasses.asdict(fault) for fault in faults.found],
            "notes": dict(reading.notes),
        }
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(record), encoding="utf-8")
        temporary.replace(path.with_suffix(".json"))
    except OSError as error:
        raise OutputError(
            f"Cannot write {path} ({error.strerror or error}); free some space, then give the same command again."
        ) from error


def _assemble(reader: DatasetReader, plan: SourcePlan, work: Path, faults: Faults, settings: Mapping[str, Any]) -> None:
    """Put the sequences together, one store per split, in work/result."""
    result = work / "result"
    missing, found = list(plan.missing), list(faults.found)
    notes: dict[str, Mapping[str, Any]] = {}
    with ExitStack() as stack:
        writers: dict[str, StoreWriter] = {}
        for entry in plan.sequences:
            part = _load_part(work, entry)
            if part is None:
                raise OutputError(f"The kept sequence {entry.name} was damaged meanwhile; give the same command again.")
            missing += part.missing
            found += part.faults
            if part.notes:
                notes[entry.name] = part.notes
            if part.store is None:
                continue
            if entry.split not in writers:
                writers[entry.split] = stack.enter_context(
                    StoreWriter(
                        result / entry.split,
                        plan.labels,
                        plan.object_names,
                        source_root=reader.source,
                        more_labels=plan.more_labels,
                    )
                )
            writers[entry.split].append(part.store.sequence(0))
        if not writers:
            raise InputError(f"Nothing of {reader.source} can be used: {_reasons(missing, found)}.")
    stores = {split: open_store(result / split) for split in sorted(writers, key=SPLITS.index)}
    missing += [Missing("split", split, "not offered") for split in SPLITS if split not in stores]
    write_dataset_file(result, reader.dataset, stores, reader.source, tuple(missing), tuple(found), settings, notes)


def _reasons(missing: list[Missing], found: list[Fault]) -> str:
    first = [f"{piece.what} missing ({piece.where})" for piece in missing[:2]]
    first += [f"{fault.path} {fault.what}" for fault in found[:2]]
    return "; ".join(first) or "it holds no sequences"


def _appear(work: Path, folder: Path) -> None:
    """Give the result its name, in place of an older one."""
    if folder.exists():
        old = work / "replaced"
        shutil.rmtree(old, ignore_errors=True)
        folder.replace(old)
    (work / "result").replace(folder)
    _sync(folder.parent)
    shutil.rmtree(work, ignore_errors=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def summarised(missing: tuple[Missing, ...]) -> list[tuple[str, str, str]]:
    """Rows (what, where, consequence) with pieces of one kind together, for a table that stays short."""
    groups: dict[tuple[str, str], list[str]] = {}
    for piece in missing:
        groups.setdefault((piece.what, piece.consequence), []).append(piece.where)
    return [(what, _places(where), consequence) for (what, consequence), where in groups.items()]


def _places(where: list[str]) -> str:
    names = [place for place in where if place]
    if len(names) > 3:
        return f"{len(names)} sequences: {', '.join(names[:2])}, ..."
    return ", ".join(names)
