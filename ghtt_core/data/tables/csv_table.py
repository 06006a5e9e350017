# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tables as people's spreadsheets save them, with the line of every row, so that mistakes can be pointed at.

UTF-8 with or without a byte order mark, any line ends, fields in double quotes, ``#`` comments, empty lines; separated
by commas, semicolons or tabs, whichever the header has. A row is one line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from ghtt_core.data.readers.base import Faults
from ghtt_core.errors import InputError

_LARGEST: Final = 64 * 2**20
_SEPARATORS: Final = (",", ";", "\t")
_MOST_SENTENCES: Final = 20
_LINE_END: Final = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class CsvRow:
    """One row.

    Attributes:
        line: Its line in the file, from 1.
        values: Text by column, without surrounding blanks; empty where the row has none.
    """

    line: int
    values: dict[str, str]


class Problems:
    """Collects what is wrong with the rows of a file, so that its author hears about all of it at once."""

    def __init__(self, path: Path, faults: Faults | None = None) -> None:
        """Start with none.

        Args:
            path: The file, as messages name it.
            faults: Takes what is found if faults are skipped; by default they are fatal.
        """
        self.path = path
        self._faults = faults or Faults()
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, text: str) -> None:
        """Note a sentence about a line."""
        self._found.append((line, text))

    @property
    def lines(self) -> frozenset[int]:
        """Lines with which something is wrong."""
        return frozenset(line for line, _ in self._found)

    def settle(self) -> None:
        """Refuse the file, or report its rows as skipped; then there are no problems any more.

        Raises:
            InputError: If there are problems and faults are fatal; one sentence in each line.
        """
        found, self._found = sorted(self._found), []
        if found and self._faults.on_fault == "fatal":
            raise InputError(join_sentences([f"{self.path}:{line}: {text}" for line, text in found]))
        for line, text in found:
            self._faults.report(self.path, line, text.rstrip("."), "the row is left out")


def join_sentences(sentences: Sequence[str]) -> str:
    """One sentence per line, not more than a screen of them."""
    shown = list(sentences[:_MOST_SENTENCES])
    if len(sentences) > len(shown):
        shown.append(f"There are {len(sentences) - len(shown)} more.")
    return "\n".join(shown)


def read_csv(path: Path, required: Sequence[str], optional: Sequence[str], problems: Problems) -> list[CsvRow]:
    """Read a table.

    Args:
        path: The file.
        required: Columns that the header must name and every row must fill.
        optional: Columns that may be missing. Others are ignored.
        problems: Takes rows that cannot be read.

    Raises:
        InputError: If the file or its header cannot be read.
    """
    lines = _lines(path)
    first = next(lines, None)
    if first is None:
        raise InputError(f"{path} is empty; its first line names the columns: {','.join((*required, *optional))}.")
    separator, columns = _header(path, *first, required, optional)
    rows = []
    for number, text in lines:
        try:
            cells = _cells(text, separator)
        except csv.Error:
            problems.add(number, "a quotation mark is not closed; a row is one line, quotes in a field are doubled.")
            continue
        if not any(cells):
            continue
        if any(cells[len(columns) :]):
            problems.add(
                number,
                f"has {len(cells)} fields where the header names {len(columns)}; put text with a separator in quotes.",
            )
            continue
        padded = [*cells, *[""] * (len(columns) - len(cells))]
        values = {name: cell for name, cell in zip(columns, padded, strict=False) if name in (*required, *optional)}
        missing = [name for name in required if not values[name]]
        if missing:
            problems.add(number, f"has no {' and no '.join(missing)}.")
            continue
        rows.append(CsvRow(number, {name: values.get(name, "") for name in (*required, *optional)}))
    return rows


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Line number and text of all lines that are no comment and not empty."""
    for number, line in enumerate(_LINE_END.split(_read(path)), 1):
        text = line.strip(" ")
        if text.strip() and not text.startswith(("#", '"#')):
            yield number, text


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path} has {path.stat().st_size / 2**20:.0f} MiB, which is no table made by people.")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"The table {path} cannot be read ({(error.strerror or str(error)).lower()}).") from error
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"PK\x03\x04")) or b"\0" in data:
        raise InputError(f"{path} is not a plain text table; save it from the spreadsheet as 'CSV UTF-8'.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(_LINE_END.split(data[: error.start].decode("utf-8", "replace")))
        raise InputError(f"{path}:{line}: is not UTF-8 text; save it from the spreadsheet as 'CSV UTF-8'.") from error


def _header(
    path: Path, number: int, text: str, required: Sequence[str], optional: Sequence[str]
) -> tuple[str, list[str]]:
    def refuse(what: str) -> NoReturn:
        columns = ",".join([*required, *(f"[{name}]" for name in optional)])
        raise InputError(f"{path}:{number}: {what}; the first line names the columns: {columns}.")

    separator = max(_SEPARATORS, key=text.count)
    try:
        columns = [cell.casefold() for cell in _cells(text, separator)]
    except csv.Error:
        refuse("a quotation mark is not closed")
    known = (*required, *optional)
    twice = [name for name in known if columns.count(name) > 1]
    if twice:
        refuse(f"names the column {twice[0]} twice")
    missing = [name for name in required if name not in columns]
    if missing:
        refuse(f"does not name {' or '.join(missing)}")
    return separator, columns


def _cells(text: str, separator: str) -> list[str]:
    """Split one line.

    Raises:
        csv.Error: If a quotation mark is not closed.
    """
    rows: Iterable[list[str]] = csv.reader([text], delimiter=separator, strict=True)
    return [cell.strip() for cell in next(iter(rows))]
