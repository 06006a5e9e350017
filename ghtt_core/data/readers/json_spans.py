# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Parts of huge JSON files, parsed one at a time.

The annotation files of datasets reach a gigabyte; parsed whole they would take ten times that. What is wanted is one
object in them: the frames of one video, one frame of a list. Objects are found by their braces alone, at the speed of a
search for bytes, in a memory map that the system may drop at any time; only what is asked for is parsed.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from ghtt_core.data.readers.base import MalformedFileError
from ghtt_core.errors import InputError

_KEY: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:\s*\Z', re.DOTALL)
_LONGEST_KEY: Final = 512
Span = tuple[int, int]
"""First byte of an object and one past its last."""


class JsonFile:
    """A JSON file whose objects are parsed singly; use as a context manager."""

    def __init__(self, path: Path) -> None:
        """Map the file.

        Raises:
            InputError: If it cannot be read.
            MalformedFileError: If it is empty.
        """
        self.path = path
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise MalformedFileError(path, 1, "it is empty, JSON was expected") from None
        except OSError as error:
            raise InputError(f"{path} cannot be read ({(error.strerror or str(error)).lower()}).") from error

    def __enter__(self) -> JsonFile:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the file."""
        self._map.close()

    def members(self, key: str) -> dict[str, Span]:
        """Where the members of an object lie that is itself a member of the outermost one.

        Of ``{"annotations": {"a": {...}, "b": {...}}}`` and "annotations" these are the spans of a and b. Members that
        are no objects are passed over.

        Raises:
            MalformedFileError: If braces do not match, or there is no such object.
        """
        found: dict[str, Span] | None = None
        inside = False
        start = 0
        for position, depth in self._braces():
            opening = self._map[position] == b"{"[0]
            if depth == 2:
                inside = opening and self._key(position) == key
                if inside:
                    found = {}
            elif depth == 3 and inside and found is not None:
                if opening:
                    start = position
                else:
                    found[self._key(start)] = (start, position + 1)
        if found is None:
            raise MalformedFileError(self.path, None, f"it has no object '{key}'")
        return found

    def elements(self) -> Iterator[Span]:
        """Spans of the objects of the list that the file is.

        Raises:
            MalformedFileError: If it is no list of objects, or braces do not match.
        """
        head = self._map[: 64 * 1024].lstrip(b"\xef\xbb\xbf \t\r\n")
        if not head.startswith(b"["):
            raise MalformedFileError(self.path, 1, "a list was expected, it begins otherwise")
        start = 0
        for position, depth in self._braces():
            if depth != 1:
                continue
            if self._map[position] == b"{"[0]:
                start = position
            else:
                yield start, position + 1
        if not self._map[max(0, len(self._map) - 64) :].rstrip(b" \t\r\n\0").endswith(b"]"):
            raise MalformedFileError(self.path, self.line(len(self._map)), "the file ends inside its list")

    def parse(self, span: Span, name: str) -> Any:
        """Parse one object.

        Args:
            span: Where it lies.
            name: What it is, for the message.

        Raises:
            MalformedFileError: If it is not JSON; with its line in the file.
        """
        try:
            return json.loads(self._map[span[0] : span[1]])
        except json.JSONDecodeError as error:
            line = self.line(span[0]) + error.lineno - 1
            raise MalformedFileError(self.path, line, f"{name} is not JSON ({error.msg})") from None
        except UnicodeDecodeError:
            raise MalformedFileError(self.path, self.line(span[0]), f"{name} is not UTF-8 text") from None

    def line(self, position: int) -> int:
        """Line of a byte, counted from 1."""
        lines, at = 1, self._map.find(b"\n", 0, position)
        while at >= 0:
            lines, at = lines + 1, self._map.find(b"\n", at + 1, position)
        return lines

    def _key(self, position: int) -> str:
        """Name of the member whose value begins at a byte."""
        found = _KEY.search(self._map[max(0, position - _LONGEST_KEY) : position])
        if found is None:
            raise MalformedFileError(self.path, self.line(position), "an object without a name was found")
        return str(json.loads(b'"' + found[1] + b'"'))

    def _braces(self) -> Iterator[tuple[int, int]]:
        """Every brace with the depth of the object it belongs to, the outermost being 1."""
        data, depth = self._map, 0
        opening, closing = data.find(b"{"), data.find(b"}")
        while opening >= 0 or closing >= 0:
            if 0 <= opening < closing or closing < 0:
                depth += 1
                yield opening, depth
                opening = data.find(b"{", opening + 1)
            else:
                if depth == 0:
                    raise MalformedFileError(self.path, self.line(closing), "a brace is closed that was never opened")
                yield closing, depth
                depth -= 1
                closing = data.find(b"}", closing + 1)
        if depth:
            raise MalformedFileError(
                self.path, self.line(len(data)), f"the file ends inside {depth} open object{'s' * (depth > 1)}"
            )


def read_json(path: Path) -> Any:
    """Parse a small JSON file whole.

    Raises:
        InputError: If it cannot be read.
        MalformedFileError: If it is not JSON; with the line.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read ({(error.strerror or str(error)).lower()}).") from error
    except json.JSONDecodeError as error:
        raise MalformedFileError(path, error.lineno, f"it is not JSON ({error.msg})") from None
    except UnicodeDecodeError:
        raise MalformedFileError(path, None, "it is not UTF-8 text") from None
