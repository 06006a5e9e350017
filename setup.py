# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Thin companion of pyproject.toml: a wheel also carries the checkpoint that ships in models/."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = Path("models") / "ghtt-small"


class BuildWithCheckpoint(build_py):
    """Copy the shipped checkpoint beside the code, so that it is kept once in the repository."""

    def run(self) -> None:
        """Build as usual, then add ghtt_core/shipped/ghtt-small (editable installs read models/ itself)."""
        super().run()
        if SHIPPED.is_dir() and not self.editable_mode:
            shutil.copytree(SHIPPED, Path(self.build_lib) / "ghtt_core" / "shipped" / SHIPPED.name, dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithCheckpoint})
