# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A prepared dataset: one store per split, and what is known about how it was made and what it lacks."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ghtt_core.data.readers.base import SPLITS, Fault, Missing
from ghtt_core.data.store.sequence_store import SequenceStore, open_store
from ghtt_core.errors import InputError

FORMAT_VERSION: Final = 1
DATASET_FILE: Final = "dataset.json"


@dataclass(frozen=True, eq=False)
class Dataset:
    """An opened dataset folder: dataset.json beside a store per split.

    Attributes:
        folder: Where it lies.
        name: Which dataset it is, for example "h2o".
        splits: Store of every split that has sequences, in the order train, val, test.
        source_root: Folder that the paths of pictures start from; None where there are no pictures.
        missing: What it lacks.
        faults: Malformed pieces of the source that were skipped.
        options: How it was made.
        notes: What else is known about single sequences, by their names.
    """

    folder: Path
    name: str
    splits: Mapping[str, SequenceStore]
    source_root: Path | None = None
    missing: tuple[Missing, ...] = ()
    faults: tuple[Fault, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def split(self, name: str) -> SequenceStore:
        """Store of a split.

        Raises:
            InputError: If the dataset has none of that name.
        """
        if name not in self.splits:
            raise InputError(f"The dataset {self.folder} has no split '{name}'; it has {', '.join(self.splits)}.")
        return self.splits[name]


def write_dataset_file(
    folder: Path,
    name: str,
    splits: Mapping[str, SequenceStore],
    source_root: Path | None = None,
    missing: tuple[Missing, ...] = (),
    faults: tuple[Fault, ...] = (),
    options: Mapping[str, Any] | None = None,
    notes: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Write dataset.json beside the stores of the splits.

    Raises:
        OSError: If the disk does not take it.
    """
    content = {
        "format_version": FORMAT_VERSION,
        "name": name,
        "splits": {split: store.fingerprint for split, store in splits.items()},
        "source_root": None if source_root is None else str(source_root.absolute()),
        "missing": [dataclasses.asdict(piece) for piece in missing],
        "faults": [dataclasses.asdict(fault) for fault in faults],
        "options": dict(options or {}),
        "notes": {name: dict(note) for name, note in (notes or {}).items()},
    }
    (folder / DATASET_FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def open_dataset(folder: Path, source_root: Path | None = None, verify: bool = False) -> Dataset:
    """Open a prepared dataset without reading its frames.

    Args:
        folder: The folder with dataset.json.
        source_root: Where the pictures lie now; by default $GHTT_SOURCE, else where they were when it was prepared.
        verify: Also compare every checksum (reads everything once).

    Raises:
        InputError: If the folder is no dataset, or is damaged.
    """
    folder = Path(folder)
    try:
        content = json.loads((folder / DATASET_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{folder} is not a prepared dataset: its {DATASET_FILE} cannot be read ({error}); make it with "
            "`ghtt prepare`."
        ) from error
    if not isinstance(content, dict) or content.get("format_version") != FORMAT_VERSION:
        raise InputError(f"{folder / DATASET_FILE} has another format than {FORMAT_VERSION}; prepare the data again.")
    try:
        written: dict[str, str] = content["splits"]
        order = [name for name in SPLITS if name in written] + [name for name in written if name not in SPLITS]
        splits = {name: open_store(folder / name, verify, source_root) for name in order}
        changed = [name for name, store in splits.items() if store.fingerprint != written[name]]
        if changed:
            raise InputError(f"The store {folder / changed[0]} is not the one that was prepared; prepare it again.")
        return Dataset(
            folder=folder,
            name=content["name"],
            splits=splits,
            source_root=next((store.source_root for store in splits.values()), None),
            missing=tuple(Missing(**piece) for piece in content["missing"]),
            faults=tuple(Fault(**fault) for fault in content["faults"]),
            options=content["options"],
            notes=content.get("notes", {}),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder / DATASET_FILE} is damaged ({error!r}); prepare the data again.") from error
