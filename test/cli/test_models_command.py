# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from ghtt_core.cli.main import main
from ghtt_core.estimators.model_files import MEDIAPIPE_HANDS


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GHTT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_list_says_what_is_there_and_how_to_get_the_rest(capsys: pytest.CaptureFixture[str], cache: Path) -> None:
    assert main(["models", "list"]) == 0
    out = capsys.readouterr().out
    assert "mediapipe, resnet18, recorded" in out
    assert str(cache) in out
    assert "not fetched: ghtt models fetch" in out


def test_verify_without_anything_fetched_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "verify"]) in (0, 2)  # the checkpoint that ships is checked on its own below
    assert "mediapipe-hands: not fetched" in capsys.readouterr().out


def test_verify_names_a_damaged_model_and_a_folder_that_is_no_checkpoint(
    capsys: pytest.CaptureFixture[str], cache: Path, tmp_path: Path
) -> None:
    cache.mkdir()
    (cache / MEDIAPIPE_HANDS.file_name).write_bytes(b"cut off")
    assert main(["models", "verify", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "damaged" in err
    assert f"{tmp_path} has no card.json" in err


def test_fetching_refuses_unknown_names_and_foreign_wheels(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["models", "fetch", "clip-hands"]) == 2
    assert "there is mediapipe-hands" in capsys.readouterr().err
    (tmp_path / "other.whl").write_bytes(b"something else")
    assert main(["models", "fetch", "--wheel", str(tmp_path / "other.whl")]) == 2
    assert "not the pinned wheel" in capsys.readouterr().err


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--help"]) == 0
    assert "ghtt models fetch" in capsys.readouterr().out
