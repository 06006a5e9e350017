# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Makes `import rclpy` and the message packages work where ROS 2 is not installed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from ghtt_ros.embedded.surface import INTERFACE_PACKAGES, MODULES


def provide_ros() -> None:
    """Register the stand-in modules, unless rclpy is importable; then nothing happens at all.

    The only thing that changes is that one finder is added at the end of `sys.meta_path`, so a module that is really
    there is always found before its stand-in.
    """
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    if find_spec("rclpy") is None:
        sys.meta_path.append(_Finder())


class _Finder(MetaPathFinder):
    """Finds rclpy, tf2_ros and the message packages, which are views of what `ghtt_ros.embedded` implements."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, rest = fullname.partition(".")
        if fullname in MODULES:
            is_package = any(name.startswith(f"{fullname}.") for name in MODULES)
            return ModuleSpec(fullname, _RosLoader(), is_package=is_package)
        if package in INTERFACE_PACKAGES and rest in INTERFACE_PACKAGES[package]:
            return ModuleSpec(fullname, _InterfaceLoader(), is_package=not rest)
        if rest and package in {name.partition(".")[0] for name in MODULES}:
            raise NotImplementedError(f"{fullname} needs an installation of ROS 2; {package} is a stand-in here.")
        return None


class _RosLoader(Loader):
    """Loads a module whose names are looked up in `ghtt_ros.embedded` at first use."""

    def exec_module(self, module: ModuleType) -> None:
        names = MODULES[module.__name__]
        module.__doc__ = f"Stand-in for {module.__name__}: {', '.join(sorted(names))}."
        module.__dict__["__all__"] = sorted(names)

        def look_up(name: str) -> Any:
            if name in names:
                home, _, attribute = names[name].partition(":")
                found = getattr(importlib.import_module(f"ghtt_ros.embedded.{home}"), attribute or name)
                setattr(module, name, found)
                return found
            if name.startswith("__") or f"{module.__name__}.{name}" in MODULES:
                raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
            raise NotImplementedError(
                f"{module.__name__}.{name} needs an installation of ROS 2; {module.__name__} is a stand-in here."
            )

        module.__dict__["__getattr__"] = look_up


class _InterfaceLoader(Loader):
    """Loads `std_msgs`, `std_msgs.msg` and the like; their classes are made at first use."""

    def exec_module(self, module: ModuleType) -> None:
        package, _, kind = module.__name__.partition(".")
        module.__doc__ = f"The {kind or 'interfaces'} of {package}."
        if not kind:
            return

        def look_up(name: str) -> Any:
            if not name.startswith("__"):
                try:
                    if kind == "msg":
                        from ghtt_ros.embedded.messages import message_class as make
                    else:
                        from ghtt_ros.embedded.service_types import service_class as make
                    found = make(f"{package}/{kind}/{name}")
                except KeyError:
                    pass
                else:
                    setattr(module, name, found)
                    return found
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

        module.__dict__["__getattr__"] = look_up
