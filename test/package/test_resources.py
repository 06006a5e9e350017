# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Files that are not code are found in a source tree, beside installed code and in a sourced workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

import ghtt_core
from ghtt_core.errors import MissingDependencyError
from ghtt_core.resources import find_resource


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A prefix as colcon lays it out; the running library is taken to be in it."""
    package = tmp_path / "install" / "lib" / "python3.12" / "site-packages" / "ghtt_core"
    package.mkdir(parents=True)
    monkeypatch.setattr(ghtt_core, "__file__", str(package / "__init__.py"))
    monkeypatch.delenv("AMENT_PREFIX_PATH", raising=False)
    return tmp_path / "install"


def share(prefix: Path, relative: str) -> Path:
    path = prefix / "share" / "ghtt_ros" / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    return path


def test_a_source_tree_reads_its_own_files(root: Path) -> None:
    assert find_resource("msg") == root / "msg"
    assert find_resource("models/ghtt-small/card.json").is_file()


def test_an_installation_reads_what_was_installed_with_it(installation: Path) -> None:
    expected = share(installation, "config/pipeline.yaml")
    assert find_resource("config/pipeline.yaml") == expected


def test_a_sourced_workspace_is_searched_last(
    installation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    underlay = tmp_path / "underlay"
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"/nowhere:{underlay}")
    only_there = share(underlay, "msg/HandObservation.msg")
    share(underlay, "config/pipeline.yaml")
    mine = share(installation, "config/pipeline.yaml")
    assert find_resource("msg/HandObservation.msg") == only_there
    assert find_resource("config/pipeline.yaml") == mine


def test_a_linked_installation_is_not_left(installation: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "pipeline.yaml").write_text("")
    folder = installation / "share" / "ghtt_ros" / "config"
    folder.mkdir(parents=True)
    (folder / "pipeline.yaml").symlink_to(source / "pipeline.yaml")
    assert find_resource("config/pipeline.yaml") == folder / "pipeline.yaml"


@pytest.mark.parametrize("relative", ["/etc/passwd", "../secret", "config/../../secret"])
def test_nothing_outside_is_found(relative: str) -> None:
    with pytest.raises(MissingDependencyError, match="not a path below the package"):
        find_resource(relative)


def test_what_is_missing_is_said_with_the_place(installation: Path) -> None:
    share(installation, "config/pipeline.yaml")
    with pytest.raises(MissingDependencyError, match=r"models/huge is not at .*share/ghtt_ros/models/huge; install"):
        find_resource("models/huge")
