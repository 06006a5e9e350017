# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`ghtt prepare check`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CheckOptions:
    """Verify a prepared dataset, count what it has beside what is published, and draw skeletons on its pictures.

    Attributes:
        store: Folder of the prepared dataset.
        source: Root of the dataset where its pictures lie now, if it moved since.
        sheet: Picture file of the skeletons; by default contact_sheet.jpg in the folder.
        rows: Sequences of every split that are drawn.
        checksums: Read everything once to verify it.
    """

    store: Path
    source: Path | None = None
    sheet: Path | None = None
    rows: int = 3
    checksums: bool = True


def run_check(options: CheckOptions) -> None:
    """Check a prepared dataset.

    Raises:
        GhttError: It is none, it is damaged, or the contact sheet cannot be written.
    """
    from ghtt_core.cli.contact_sheet import write_contact_sheet
    from ghtt_core.cli.prepare_run import show_dataset
    from ghtt_core.data.store.dataset import open_dataset
    from ghtt_core.errors import InputError

    if options.rows < 0:
        raise InputError(f"--rows must be 0 or more, not {options.rows}.")
    dataset = open_dataset(options.store, options.source, options.checksums)
    show_dataset(dataset)
    if options.checksums:
        print("all checksums are right")
    if options.rows == 0:
        return
    if not any(store.view_names(i) for store in dataset.splits.values() for i in range(len(store))):
        print("no contact sheet: the dataset has no cameras")
        return
    path = options.sheet or options.store / "contact_sheet.jpg"
    write_contact_sheet(dataset, path, options.rows)
    print(f"skeletons on pictures: {path}")
