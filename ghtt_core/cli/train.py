# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Train the pose block, then the action block on it, then the object aggregator; or the image estimator.

Every training follows a YAML recipe.

Ctrl-C saves the run; the same command with --resume continues it and ends in the same weights as if it had never
stopped. The run's folder holds metrics.jsonl, the state to resume from and, at the end, the checkpoint.

Examples:
  ghtt train pose config/recipes/small_pose.yaml --out out/pose
  ghtt train pose config/recipes/small_pose.yaml --out out/pose --resume
  ghtt train action config/recipes/small_action.yaml --out out/action --tensorboard
  ghtt train fid config/recipes/small_fid.yaml --out out/fid
  ghtt train image config/recipes/small_image.yaml --out out/image
  ghtt train crop config/recipes/small_crop.yaml --out out/crop
  torchrun --nproc-per-node 2 --no-python ghtt train pose config/recipes/paper_pose.yaml --device cuda
"""

from __future__ import annotations

import dataclasses
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from ghtt_core.errors import InputError, OutputError
from ghtt_core.training.recipe import LoopConfig, load_recipe, recipe_to_tree

if TYPE_CHECKING:
    import torch

    from ghtt_core.training.loop import Task


@dataclass(frozen=True)
class _TrainOptions:
    """What all training commands take.

    Attributes:
        recipe: YAML file that says what is trained, on what and how.
        out: Folder of the run; by default out/train/ and the name of the recipe.
        resume: Continue the run in that folder (or start it where there is none yet).
        device: Where to train.
        threads: CPU threads, instead of the recipe's.
        tensorboard: Also write TensorBoard events into the run's folder.
    """

    recipe: tyro.conf.Positional[Path]
    out: Path | None = None
    resume: bool = False
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int | None = None
    tensorboard: bool = False


@dataclass(frozen=True)
class PoseOptions(_TrainOptions):
    """Train the pose block P."""


@dataclass(frozen=True)
class ActionOptions(_TrainOptions):
    """Train the action block A on a trained pose block."""


@dataclass(frozen=True)
class ObjectOptions(_TrainOptions):
    """Train the object aggregator E^PO."""


@dataclass(frozen=True)
class ImageOptions(_TrainOptions):
    """Train the image estimator F on the pictures of a prepared dataset."""


@dataclass(frozen=True)
class CropOptions(_TrainOptions):
    """Train the second look of a trained image estimator, at each hand in a crop of its own."""


@dataclass(frozen=True)
class FidOptions(_TrainOptions):
    """Train the network behind the Fréchet distance of forecasts."""


TrainOptions = (
    Annotated[PoseOptions, tyro.conf.subcommand("pose")]
    | Annotated[ActionOptions, tyro.conf.subcommand("action")]
    | Annotated[ObjectOptions, tyro.conf.subcommand("object")]
    | Annotated[FidOptions, tyro.conf.subcommand("fid")]
    | Annotated[ImageOptions, tyro.conf.subcommand("image")]
    | Annotated[CropOptions, tyro.conf.subcommand("crop")]
)
"""The training commands, as `ghtt_core.cli.main` reads them."""


def run(options: _TrainOptions) -> None:
    """Train what the options ask for.

    Raises:
        GhttError: The recipe, the data, the saved run or the disk do not allow it, or the training diverged.
        KeyboardInterrupt: It was stopped; the run is saved.
    """
    recipe = _read_recipe(options)
    out = options.out or Path("out") / "train" / options.recipe.stem

    from ghtt_core.training.distributed import main_first, process_group
    from ghtt_core.training.loop import check_run_folder, train

    with process_group(_device(options.device)) as device:
        check_run_folder(out, options.resume)  # before the data are prepared, which may take minutes
        _prepare_process(recipe.loop)
        with main_first() as is_main:
            if is_main:
                _keep_recipe(options.recipe, out)
            task = _build_task(recipe, options, device, out)
        result = train(
            task,
            recipe.loop,
            out,
            device=device,
            resume=options.resume,
            recipe=recipe_to_tree(recipe),
            tensorboard=options.tensorboard,
        )
    if result.interrupted:
        raise KeyboardInterrupt
    if is_main:
        print(f"trained {result.step} steps; the checkpoint is in {result.checkpoint}")


def _read_recipe(options: _TrainOptions) -> Any:
    recipe_class: type[Any]
    if isinstance(options, PoseOptions):
        from ghtt_core.training.pose import PoseRecipe as recipe_class
    elif isinstance(options, ActionOptions):
        from ghtt_core.training.action import ActionRecipe as recipe_class
    elif isinstance(options, ImageOptions):
        from ghtt_core.training.image import ImageRecipe as recipe_class
    elif isinstance(options, CropOptions):
        from ghtt_core.training.crop import CropRecipe as recipe_class
    elif isinstance(options, FidOptions):
        from ghtt_core.training.fid import FidRecipe as recipe_class
    else:
        from ghtt_core.training.object import ObjectRecipe as recipe_class
    recipe = load_recipe(options.recipe, recipe_class)
    if options.threads is None:
        return recipe
    if options.threads < 1:
        raise InputError(f"--threads must be at least 1, not {options.threads}")
    return dataclasses.replace(recipe, loop=dataclasses.replace(recipe.loop, threads=options.threads))


def _build_task(recipe: Any, options: _TrainOptions, device: torch.device, out: Path) -> Task:
    if isinstance(options, PoseOptions):
        from ghtt_core.training.pose import build_pose_task

        return build_pose_task(recipe, device)
    if isinstance(options, ActionOptions):
        from ghtt_core.training.action import build_action_task

        return build_action_task(recipe, device, out / "cache")
    if isinstance(options, ImageOptions):
        from ghtt_core.training.image import build_image_task

        return build_image_task(recipe, device)
    if isinstance(options, CropOptions):
        from ghtt_core.training.crop import build_crop_task

        return build_crop_task(recipe, device)
    if isinstance(options, FidOptions):
        from ghtt_core.training.fid import build_fid_task

        return build_fid_task(recipe, device)
    from ghtt_core.training.object import build_object_task

    return build_object_task(recipe, device)


def _prepare_process(config: LoopConfig) -> None:
    import torch

    if config.threads is not None:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)  # the first weights are part of what the recipe determines


def _device(name: str) -> torch.device:
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: this machine has no CUDA device that torch can use; take --device cpu")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def _keep_recipe(recipe: Path, out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        with suppress(shutil.SameFileError):
            shutil.copyfile(recipe, out / "recipe.yaml")
    except OSError as error:
        raise OutputError(f"cannot write into {out}: {error.strerror or error}") from error
