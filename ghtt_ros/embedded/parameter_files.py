# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Parameter files and values on the command line: YAML as rcl reads it, and node names with wildcards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ghtt_core.errors import InputError

_PARAMETERS_KEY = "ros__parameters"


class _Loader(yaml.SafeLoader):
    """The safe loader with rcl's idea of plain scalars: `1e3` is a number; dates and `1:30` are strings."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own spelling

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Take names as they are written: a parameter may be called `y` or `on`."""
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                key.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep=deep)


for _tag, _pattern, _first in (
    ("bool", r"^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$", "yYnNtTfFoO"),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*|0[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "float",
        r"^(?:[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        "-+0123456789.",
    ),
    ("null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))
# PyYAML looks up an empty scalar under the empty string; `y` and `n` are booleans for rcl but not for PyYAML.
_Loader.yaml_implicit_resolvers[""] = _Loader.yaml_implicit_resolvers.pop("\0")
_Loader.bool_values = {**yaml.SafeLoader.bool_values, "y": True, "n": False}


@dataclass(frozen=True)
class ParameterOverride:
    """A value for a parameter of every node whose full name matches `pattern`."""

    pattern: str
    name: str
    value: Any

    def matches(self, full_node_name: str) -> bool:
        """Whether this override is for the node: `*` stands for one part of the name, `**` for any number."""
        return _node_regex(self.pattern).fullmatch(full_node_name) is not None


def _node_regex(pattern: str) -> re.Pattern[str]:
    parts = []
    for token in pattern.strip("/").split("/"):
        if token == "**":
            parts.append(r"(?:/\w+)*")
        elif token == "*":
            parts.append(r"/\w+")
        else:
            parts.append("/" + re.escape(token))
    return re.compile("".join(parts))


def parse_value(text: str, where: str) -> Any:
    """A parameter's value from the YAML of `-p name:=value`.

    Raises:
        InputError: The text is not YAML, or is no value that a parameter can have.
    """
    value = _load(text, where)
    if isinstance(value, dict):
        raise InputError(f"{where}: a parameter cannot be a mapping; give each one by its dotted name.")
    return _checked(value, where)


def read_parameter_file(path: Path) -> list[ParameterOverride]:
    """All overrides of a parameter file, in the order in which they stand there.

    Raises:
        InputError: The file cannot be read, is not YAML or is not a parameter file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The parameter file {path} cannot be read: {error}.") from error
    document = _load(text, str(path))
    if document is None:
        return []
    if not isinstance(document, dict):
        raise InputError(f"{path}: a parameter file is a mapping of node names to `{_PARAMETERS_KEY}`.")
    return list(_walk_nodes(document, "", path))


def _walk_nodes(level: dict[Any, Any], prefix: str, path: Path) -> Iterator[ParameterOverride]:
    """Descend through namespaces and node names down to the mappings under `ros__parameters`."""
    for key, value in level.items():
        if key == _PARAMETERS_KEY:
            if not prefix:
                raise InputError(f"{path}: `{_PARAMETERS_KEY}` has no node name above it; write `/**:` for all nodes.")
            if value is None:
                continue
            if not isinstance(value, dict):
                raise InputError(f"{path}: `{_PARAMETERS_KEY}` of {prefix} is not a mapping of names to values.")
            yield from _walk_parameters(value, "", prefix, path)
        elif isinstance(value, dict):
            yield from _walk_nodes(value, f"{prefix}/{str(key).strip('/')}", path)
        elif value is not None:
            raise InputError(f"{path}: '{key}' under '{prefix or '/'}' stands outside of `{_PARAMETERS_KEY}`.")


def _walk_parameters(level: dict[Any, Any], prefix: str, pattern: str, path: Path) -> Iterator[ParameterOverride]:
    for key, value in level.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _walk_parameters(value, f"{name}.", pattern, path)
        else:
            yield ParameterOverride(pattern, name, _checked(value, f"{path}: {name}"))


def _load(text: str, where: str) -> Any:
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{where} is not valid YAML: {' '.join(str(error).split())}.") from error
    finally:
        loader.dispose()


def _checked(value: Any, where: str) -> Any:
    """A value that is a parameter's: a scalar, or a list of scalars of one type."""
    if isinstance(value, list):
        kinds = {type(element) for element in value}
        if len(kinds) > 1 or not kinds <= {bool, int, float, str}:
            raise InputError(f"{where}: a list needs elements of one type: booleans, integers, doubles or strings.")
    elif not isinstance(value, bool | int | float | str | bytes | None):
        raise InputError(f"{where}: {type(value).__name__} is not a type that a parameter can have.")
    return value
