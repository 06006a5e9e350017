# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Messages as text for people, in the manner of `ros2 topic echo`; long arrays are shortened."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ghtt_core.errors import InputError

SHOWN: Final = 6
"""Elements of a long array that are printed."""
_STEP: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]")


def message_text(value: Any, *, full: bool = False) -> str:
    """Return a message, or a value in one, as YAML-like text.

    Args:
        value: A message, or what a field of one holds.
        full: Whether arrays are printed whole.
    """
    return "\n".join(_lines(value, "", full))


def pick_field(message: Any, path: str) -> Any:
    """Return the value at a path such as ``header.stamp``, ``positions[3]`` or ``status[0].name``.

    Raises:
        InputError: If the message has no such field; the sentence names those it has.
    """
    value, where = message, ""
    for part in path.split("."):
        steps = list(_STEP.finditer(part))
        if not steps or "".join(step.group() for step in steps) != part:
            raise InputError(f"{path!r} is not a path of fields; it looks like header.stamp or positions[3].")
        for step in steps:
            name, index = step.groups()
            value = _attribute(value, name, where) if name else _element(value, int(index), where)
            where += step.group() if index is not None or not where else f".{name}"
    return value


def _attribute(value: Any, name: str, where: str) -> Any:
    fields = _fields(value)
    if name not in fields:
        there = ", ".join(fields) or "no fields"
        raise InputError(f"{where or 'The message'} has no field {name!r}; it has {there}.")
    return getattr(value, name)


def _element(value: Any, index: int, where: str) -> Any:
    if isinstance(value, (str, bytes)) or not hasattr(value, "__len__"):
        raise InputError(f"{where} is not an array.")
    if index >= len(value):
        raise InputError(f"{where} has {len(value)} elements, so none at [{index}].")
    return value[index]


def _fields(value: Any) -> tuple[str, ...]:
    describe = getattr(value, "get_fields_and_field_types", None)
    return tuple(describe()) if describe is not None else ()


def _is_array(value: Any) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, (str, bytes))


def _lines(value: Any, indent: str, full: bool) -> Iterator[str]:
    if not _fields(value):
        if _is_array(value) and len(value) and _fields(value[0]):
            yield from _list_lines(value, indent, full)
        else:
            yield f"{indent}{_plain(value, full)}"
        return
    for name in _fields(value):
        item = getattr(value, name)
        if _fields(item):
            yield f"{indent}{name}:"
            yield from _lines(item, indent + "  ", full)
        elif _is_array(item) and len(item) and _fields(item[0]):
            yield f"{indent}{name}:"
            yield from _list_lines(item, indent, full)
        else:
            yield f"{indent}{name}: {_plain(item, full)}"


def _list_lines(messages: Sequence[Any], indent: str, full: bool) -> Iterator[str]:
    shown = len(messages) if full or len(messages) <= SHOWN else SHOWN
    for message in messages[:shown]:
        inner = list(_lines(message, indent + "  ", full))
        yield f"{indent}- {inner[0].lstrip()}"
        yield from inner[1:]
    if shown < len(messages):
        yield f"{indent}- ... ({len(messages)} in all)"


def _plain(value: Any, full: bool) -> str:
    if isinstance(value, bytes):
        return str(value[0]) if len(value) == 1 else repr(value)
    if isinstance(value, str):
        return repr(value)
    if not _is_array(value):
        return _number(value)
    shown = len(value) if full or len(value) <= 2 * SHOWN else SHOWN
    items = [repr(item) if isinstance(item, str) else _number(item) for item in value[:shown]]
    if shown < len(value):
        items.append(f"... ({len(value)} in all)")
    return f"[{', '.join(items)}]"


def _number(value: Any) -> str:
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return "true" if value else "false"
    if isinstance(value, float) or type(value).__name__.startswith("float"):
        return f"{float(value):.7g}"
    return str(value[0] if isinstance(value, bytes) else value)
