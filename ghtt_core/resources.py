# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where the files that are not code lie: message definitions, configuration, launch files, models, documents.

The same relative path works in a source checkout (also one installed with `pip install --editable`), in an
environment that pip installed a wheel into, and in a ROS 2 workspace that colcon built. No other module says where
an installation keeps its files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import ghtt_core
from ghtt_core.errors import MissingDependencyError

SHARE = PurePosixPath("share") / "ghtt_ros"
"""Folder below an installation's prefix; what ROS 2 calls the package's share folder."""

_LEVELS_UP = 5
"""`prefix/local/lib/python3.12/dist-packages/ghtt_core` is the deepest layout in use."""


def find_resource(relative: str | os.PathLike[str]) -> Path:
    """Return the file or folder of this installation with the given path.

    Args:
        relative: Path below the root of the repository, with forward slashes, such as ``msg``,
            ``config/pipeline.yaml`` or ``models/ghtt-small``.

    Returns:
        A path that exists.

    Raises:
        MissingDependencyError: The path is absolute, leaves the root, or no place of this installation has it.
    """
    path = PurePosixPath(relative)
    if path.is_absolute() or ".." in path.parts:
        raise MissingDependencyError(f"{path} is not a path below the package; name one such as config/pipeline.yaml.")
    places = [root / path for root in resource_roots()]
    for place in places:
        if place.exists():
            return place
    tried = " or ".join(str(place) for place in places) or "any place this installation has"
    raise MissingDependencyError(f"{path} is not at {tried}; install the package again.")


def resource_roots() -> Iterator[Path]:
    """Yield the folders that can hold resources, the nearest to the running code first.

    The source tree comes first, so that an editable install never reads files of an older wheel. Then come the
    share folders beside the running code; links are not followed, because `colcon build --symlink-install` fills
    its installation with links into the source tree. At last come the workspaces that are sourced.
    """
    package = Path(os.path.abspath(ghtt_core.__file__)).parent  # Path.resolve would follow links
    seen = set()
    if (package.parent / "package.xml").is_file():
        seen.add(package.parent)
        yield package.parent
    sourced = [Path(prefix) for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    for prefix in [*package.parents[:_LEVELS_UP], *sourced]:
        share = prefix / SHARE
        if share not in seen and share.is_dir():
            seen.add(share)
            yield share
