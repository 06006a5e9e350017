# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever is wrong with what the user gives, the command says one clear sentence, exits with 2 and spoils nothing."""

from __future__ import annotations

import json
import shutil
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from ghtt_core.cli.main import main
from ghtt_core.cli.video_writer import VideoWriter

OLD = {"motion.npz": b"old motion", "overlay.mp4": b"old film", "summary.json": b"old summary"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with the results of an earlier run."""
    folder = tmp_path / "out"
    folder.mkdir()
    for name, content in OLD.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def refused(out: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run the command, check that it refuses properly, and return the sentence."""

    def check(*words: object) -> str:
        code = main(["run", *map(str, words), "--out", str(out)])
        said = capsys.readouterr()
        assert code == 2
        lines = said.err.strip().splitlines()
        assert len(lines) == 1, said.err
        assert lines[0].startswith("ghtt run: ")
        assert "Traceback" not in said.err
        assert said.out == ""
        # Results of an earlier run are untouched, and nothing half-written lies beside them.
        assert {path.name: path.read_bytes() for path in out.iterdir()} == OLD
        return lines[0]

    return check


def spoil(short_recording: Path, **changes: Any) -> Path:
    with np.load(short_recording) as arrays:
        content = dict(arrays)
    for name, change in changes.items():
        content[name] = change(content[name].copy())
    path = short_recording.with_name("spoilt.npz")
    np.savez(path, **content)
    return path


def with_value(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(joints: np.ndarray) -> np.ndarray:
        joints[7, :, 4, 1] = value
        return joints

    return change


def swapped(times: np.ndarray) -> np.ndarray:
    times[[20, 21]] = times[[21, 20]]
    return times


def repeated(times: np.ndarray) -> np.ndarray:
    times[21] = times[20]
    return times


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"joints": lambda a: a[:, :, :20]}, "shape"),
        ({"joints": lambda a: a.reshape(len(a), 42, 3)}, "shape"),
        ({"joints": lambda a: a.astype(np.int16)}, "int16"),
        ({"joints": lambda a: a.astype(np.complex64)}, "complex64"),
        ({"joints": lambda a: a * 1000}, "metres"),
        ({"joints": with_value(np.nan), "valid": np.ones_like}, "NaN"),
        ({"joints": with_value(np.inf), "valid": np.ones_like}, "infinite"),
        ({"valid": lambda a: a[:10]}, "valid"),
        ({"t": swapped}, "backwards"),
        ({"t": repeated}, "repeats"),
        ({"t": lambda a: a * np.nan}, "'t'"),
        ({"joints": lambda a: a[:0], "valid": lambda a: a[:0], "t": lambda a: a[:0]}, "no frames"),
    ],
)
def test_recordings_with_impossible_content(
    refused: Callable[..., str], short_recording: Path, random_checkpoint: Path, changes: dict[str, Any], words: str
) -> None:
    assert words in refused("--poses", spoil(short_recording, **changes), "--model", random_checkpoint)


def test_recordings_that_are_none(refused: Callable[..., str], short_recording: Path, random_checkpoint: Path) -> None:
    text = short_recording.with_name("text.npz")
    text.write_text("joints: 1 2 3\n")
    cut = short_recording.with_name("cut.npz")
    cut.write_bytes(short_recording.read_bytes()[:20_000])
    pickled = short_recording.with_name("pickled.npz")
    np.savez(pickled, joints=np.array([{"a": 1}], dtype=object), valid=np.ones((1, 2), bool))
    for path in (text, cut, pickled, short_recording.with_name("nowhere.npz"), short_recording.parent):
        refused("--poses", path, "--model", random_checkpoint)


def write_sound(path: Path) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\1" * 8000)
    return path


def write_video(path: Path, frames: int = 12) -> Path:
    writer = VideoWriter(path, 96, 64, 30)
    rng = np.random.default_rng(0)
    for _ in range(frames):
        writer.write(rng.integers(0, 255, (64, 96, 3), dtype=np.uint8))
    writer.close()
    return path


def test_videos_that_are_none(refused: Callable[..., str], tmp_path: Path, random_checkpoint: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(write_video(tmp_path / "whole.mp4").read_bytes()[:400])
    text = tmp_path / "text.mp4"
    text.write_text("not a film\n")
    (tmp_path / "empty.mp4").touch()
    sound = write_sound(tmp_path / "sound.wav")
    assert "sound" in refused("--video", sound, "--model", random_checkpoint)
    for path in (cut, text, tmp_path / "empty.mp4", tmp_path / "nowhere.mp4", tmp_path):
        refused("--video", path, "--model", random_checkpoint)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--poses", "a.npz", "--video", "b.mp4"],
        ["--poses", "a.npz", "--frames", "0"],
        ["--poses", "a.npz", "--threads", "0"],
        ["--poses", "a.npz", "--model", "no/such/checkpoint"],
        ["--video", "a.mp4", "--estimator", "telepathy"],
        ["--video", "a.mp4", "--estimator", "recorded"],
    ],
)
def test_impossible_options(
    refused: Callable[..., str], words: list[str], random_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GHTT_MODEL", str(random_checkpoint))
    refused(*words)


@pytest.mark.parametrize(
    "words", [["--horizon", "0"], ["--horizon", "9"], ["--horizon", "nan"], ["--samples", "0"], ["--seed", "-1"]]
)
def test_impossible_forecasts(
    refused: Callable[..., str], words: list[str], short_recording: Path, random_checkpoint: Path
) -> None:
    refused("--poses", short_recording, "--model", random_checkpoint, *words)


def flip_a_byte(folder: Path) -> None:
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-10] ^= 0xFF
    (folder / "model.safetensors").write_bytes(content)


def cut_the_weights(folder: Path) -> None:
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])


def edit_the_card(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text())
    card["pose"]["width"] = 64
    card["action"]["width"] = 64
    (folder / "card.json").write_text(json.dumps(card))


def other_weights(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    name = next(iter(tensors))
    tensors[name] = torch.zeros(3, 5)
    save_file(tensors, folder / "model.safetensors")


def no_json(folder: Path) -> None:
    (folder / "card.json").write_text("{")


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


@pytest.mark.parametrize("damage", [flip_a_byte, cut_the_weights, edit_the_card, other_weights, no_json, no_weights])
def test_damaged_checkpoints(
    refused: Callable[..., str],
    damage: Callable[[Path], None],
    short_recording: Path,
    random_checkpoint: Path,
    tmp_path: Path,
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(random_checkpoint, copy)
    damage(copy)
    assert str(copy) in refused("--poses", short_recording, "--model", copy)


def test_an_output_folder_that_is_a_file(
    short_recording: Path, random_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    words = ["--poses", str(short_recording), "--model", str(random_checkpoint), "--out", str(tmp_path / "file")]
    assert main(["run", *words]) == 2
    assert "is a file" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"
