# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A wheel carries everything that colcon installs, and what is in it is found from any folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

NOT_PACKAGED = (
    "test",
    "benchmarks",
    "build",
    "dist",
    "out",
    "runs",
    "install",
    "log",
    "*.egg-info",
    "__pycache__",
    ".*",
)


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # Built from a copy, because setuptools leaves its build folder beside the sources.
    shutil.copytree(root, folder / "source", ignore=shutil.ignore_patterns(*NOT_PACKAGED))
    # What `pip wheel --no-build-isolation` does, in one process.
    code = f"from setuptools.build_meta import build_wheel; build_wheel({str(folder)!r})"
    built = subprocess.run(
        [sys.executable, "-c", code], cwd=folder / "source", capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """The wheel unpacked into a prefix as pip would; pip itself is the same with a minute of dependencies."""
    prefix = wheel.parent / "prefix"
    library = prefix / "lib" / "python3" / "site-packages"
    with ZipFile(wheel) as archive:
        for name in archive.namelist():
            below_prefix = re.sub(r"^[^/]+\.data/data/", "", name)
            target = library / name if below_prefix == name else prefix / below_prefix
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(name))
    return library


def test_the_share_folder_is_the_one_of_cmake(names: set[str], cmake_shared_files: set[str]) -> None:
    shared = {name.partition(".data/data/share/ghtt_ros/")[2] for name in names if ".data/data/share/" in name}
    assert shared == cmake_shared_files


def test_both_python_packages_are_complete(root: Path, names: set[str]) -> None:
    for package in ("ghtt_core", "ghtt_ros"):
        files = {
            str(path.relative_to(root))
            for path in (root / package).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert files == {name for name in names if name.startswith(f"{package}/")}


def test_every_executable_of_cmake_is_a_command(wheel: Path, cmake_executables: dict[str, str]) -> None:
    with ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
        commands = dict(re.findall(r"^([\w-]+) = ([\w.]+):main$", archive.read(name).decode(), re.MULTILINE))
    expected = {
        "ghtt" if name == "ghtt" else f"ghtt-{name.replace('_', '-')}": module
        for name, module in cmake_executables.items()
    }
    assert commands == expected


def test_executables_name_modules_with_a_main(root: Path, cmake_executables: dict[str, str]) -> None:
    for module in cmake_executables.values():
        path = root / f"{module.replace('.', '/')}.py"
        assert re.search(r"^def main\(", path.read_text(), re.MULTILINE), path


def run_installed(installed: Path, code: str, folder: Path, **variables: str) -> str:
    environment = {**os.environ, **variables}
    # -S keeps an editable install's import hooks out; dependencies still come from this environment.
    dependencies = next(path for path in sys.path if path.endswith("site-packages"))
    paths = f"import sys; sys.path[:0] = [{str(installed)!r}, {dependencies!r}]; "
    done = subprocess.run(
        [sys.executable, "-S", "-c", paths + code], cwd=folder, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_installed_wheel_finds_its_resources(installed: Path, tmp_path: Path, root: Path) -> None:
    code = (
        "from ghtt_core.resources import find_resource; "
        "print(find_resource('config/pipeline.yaml')); print(find_resource('models/ghtt-small'))"
    )
    found = run_installed(installed, code, tmp_path, AMENT_PREFIX_PATH="").splitlines()
    share = installed.parents[2] / "share" / "ghtt_ros"
    assert found == [str(share / "config" / "pipeline.yaml"), str(share / "models" / "ghtt-small")]
    assert (share / "models" / "ghtt-small" / "model.safetensors").read_bytes() == (
        root / "models" / "ghtt-small" / "model.safetensors"
    ).read_bytes()


def test_an_installed_wheel_knows_the_messages(installed: Path, tmp_path: Path) -> None:
    code = (
        "from ghtt_core.bags.typestore import typestore; print(typestore().hash_rihs01('ghtt_ros/msg/HandObservation'))"
    )
    assert run_installed(installed, code, tmp_path, AMENT_PREFIX_PATH="").startswith("RIHS01_")
