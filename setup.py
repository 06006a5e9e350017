# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Thin companion of pyproject.toml: a wheel carries in share/ghtt_ros what CMakeLists.txt installs there."""

from __future__ import annotations

from pathlib import Path

from setuptools import setup

SHARE = Path("share") / "ghtt_ros"
FOLDERS = ("config", "docs", "examples", "launch", "models", "msg", "requirements")
FILES = ("CHANGELOG.rst", "LICENSE", "QUALITY_DECLARATION.md", "README.md", "SECURITY.md", "package.xml")


def shared_files() -> list[tuple[str, list[str]]]:
    """Return (folder below the prefix, files) for everything that is not code."""
    placed: dict[str, list[str]] = {str(SHARE): [name for name in FILES if Path(name).is_file()]}
    for folder in FOLDERS:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                placed.setdefault(str(SHARE / path.parent), []).append(str(path))
    return list(placed.items())


setup(data_files=shared_files())
