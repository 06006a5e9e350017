# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What stands behind `--ros-args` on a command line: parameters, remapping rules, log levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ghtt_core.errors import InputError
from ghtt_ros.embedded.parameter_files import ParameterOverride, parse_value, read_parameter_file

_WITH_VALUE = {
    "-r": "remap",
    "--remap": "remap",
    "-p": "param",
    "--param": "param",
    "--params-file": "params-file",
    "--log-level": "log-level",
    # Accepted so that the same command line serves with and without ROS 2; they have no meaning here.
    "-e": "enclave",
    "--enclave": "enclave",
    "--log-config-file": "log-config-file",
    "--log-file-name": "log-file-name",
}
_SWITCHES = {f"--{verb}-{what}-logs" for verb in ("enable", "disable") for what in ("rosout", "stdout", "external-lib")}
LOG_LEVELS = {"unset": 0, "debug": 10, "info": 20, "warn": 30, "warning": 30, "error": 40, "fatal": 50}


@dataclass(frozen=True)
class Remap:
    """`[node:]source:=target`; without a node name the rule is for every node."""

    node: str | None
    source: str
    target: str


@dataclass(frozen=True)
class RosArguments:
    """The parsed arguments of one `rclpy.init` or of one node."""

    remaps: tuple[Remap, ...] = ()
    overrides: tuple[ParameterOverride, ...] = ()
    log_level: int | None = None
    logger_levels: dict[str, int] = field(default_factory=dict)
    others: tuple[str, ...] = ()

    def merged_under(self, local: RosArguments) -> RosArguments:
        """These arguments for a node that has its own as well: the node's own rules come first."""
        return RosArguments(
            remaps=local.remaps + self.remaps,  # the first matching rule is used
            overrides=self.overrides + local.overrides,  # the last matching value is used
            log_level=local.log_level if local.log_level is not None else self.log_level,
            logger_levels={**self.logger_levels, **local.logger_levels},
            others=self.others,
        )

    def node_name(self, name: str) -> str:
        """The name that `__node:=` gives to the node."""
        return self._special(("__node", "__name"), name) or name

    def namespace(self, name: str, namespace: str) -> str:
        """The absolute namespace that `__ns:=` gives to the node."""
        target = self._special(("__ns",), name)
        return ("/" + target.strip("/")) if target is not None else namespace

    def parameters_of(self, full_node_name: str) -> dict[str, Any]:
        """Values for the parameters of a node, e.g. of `/left_camera/hand_estimator`; the last given one counts."""
        return {rule.name: rule.value for rule in self.overrides if rule.matches(full_node_name)}

    def remap_name(self, full_name: str, node: str, namespace: str) -> str:
        """A topic's or service's absolute name after remapping; the first matching rule is used."""
        for rule in self.remaps:
            if rule.source.startswith("__") or rule.node not in (None, node):
                continue
            source, target = (text.split("://", 1)[-1] for text in (rule.source, rule.target))
            if expand_name(source, node, namespace) == full_name:
                return expand_name(target, node, namespace)
        return full_name

    def _special(self, sources: tuple[str, ...], node: str) -> str | None:
        for rule in self.remaps:
            if rule.source in sources and rule.node in (None, node):
                return rule.target
        return None


def expand_name(name: str, node: str, namespace: str) -> str:
    """A relative (`image`), private (`~/state`) or absolute name as an absolute one."""
    base = "/" + namespace.strip("/") if namespace.strip("/") else ""
    if name.startswith("/"):
        return name
    if name == "~" or name.startswith("~/"):
        return f"{base}/{node}{name[1:]}"
    return f"{base}/{name}"


def parse_arguments(arguments: Sequence[str]) -> RosArguments:
    """Take the part between `--ros-args` and `--` (or the end) out of a command line, any number of times.

    Raises:
        InputError: An unknown option, a missing value, a malformed rule, or an unusable parameter file.
    """
    others: list[str] = []
    remaps: list[Remap] = []
    overrides: list[ParameterOverride] = []
    levels: dict[str, int] = {}
    default_level: int | None = None
    inside = False
    items = iter(arguments)
    for item in items:
        if not inside:
            inside = item == "--ros-args"
            if not inside:
                others.append(item)
            continue
        if item == "--":
            inside = False
        elif item in _WITH_VALUE:
            value = next(items, None)
            if value is None:
                raise InputError(f"The ROS argument {item} needs a value after it.")
            kind = _WITH_VALUE[item]
            if kind == "remap":
                remaps.append(_remap(value))
            elif kind == "param":
                overrides.append(_override(value))
            elif kind == "params-file":
                overrides.extend(read_parameter_file(Path(value)))
            elif kind == "log-level":
                logger, level = _log_level(value)
                if logger is None:
                    default_level = level
                else:
                    levels[logger] = level
        elif item != "--ros-args" and item not in _SWITCHES:
            known = ", ".join(sorted({*_WITH_VALUE, *_SWITCHES}))
            raise InputError(f"'{item}' is not a ROS argument; after --ros-args there may stand {known}.")
    return RosArguments(tuple(remaps), tuple(overrides), default_level, levels, tuple(others))


def _split_rule(text: str, what: str) -> tuple[str, str]:
    left, sign, right = text.partition(":=")
    if not sign or not left:
        raise InputError(f"'{text}' is not a {what}; it has the form name:=value.")
    return left, right


def _remap(text: str) -> Remap:
    left, target = _split_rule(text, "remapping rule")
    node, colon, source = left.rpartition(":")
    # The colon of "rostopic://name" does not separate a node's name.
    if not colon or source.startswith("//"):
        node, source = "", left
    if not target or not source:
        raise InputError(f"'{text}' is not a remapping rule; it has the form [node:]from:=to.")
    return Remap(node.strip("/") or None, source, target)


def _override(text: str) -> ParameterOverride:
    left, value = _split_rule(text, "parameter")
    node, _, name = left.rpartition(":")
    if not name:
        raise InputError(f"'{text}' is not a parameter; it has the form [node:]name:=value.")
    return ParameterOverride(node or "/**", name, parse_value(value, f"-p {left}"))


def _log_level(text: str) -> tuple[str | None, int]:
    logger, sign, level = text.rpartition(":=")
    if level.lower() not in LOG_LEVELS:
        raise InputError(f"'{level}' is not a log level; there are {', '.join(LOG_LEVELS)}.")
    return (logger if sign else None), LOG_LEVELS[level.lower()]
