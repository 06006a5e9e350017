# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Training recipes: YAML files read strictly into frozen dataclasses.

A recipe dataclass nests other dataclasses; the YAML file mirrors that nesting. Reading is strict: an unknown key, a
value of the wrong type or outside its range, a missing or a repeated key is a `RecipeError` whose sentence starts with
the file and the path of the key (`pose.yaml: loop.learning_rate must be above 0, not -1`). Ranges are declared on the
field, `Annotated[float, Range(above=0)]`; what one field cannot say alone goes into `__post_init__` as a `ValueError`
whose sentence starts with the name of the field. No torch import: recipes can be checked without it.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union

import yaml

from ghtt_core.errors import GhttError, RecipeError

RecipeT = TypeVar("RecipeT")

Storage = Literal["float32", "float16", "int8"]
"""How an exported checkpoint stores its weights."""

# YAML 1.1 reads `1e-4` (no dot) as text; everybody who writes it means the number.
_SCIENTIFIC = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")


@dataclass(frozen=True)
class Range:
    """Limits of a number, put on a recipe field with `Annotated`; `None` leaves a side open."""

    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None

    def complaint(self, value: float) -> str | None:
        """What is wrong with `value`, as the end of a sentence, or None."""
        if not math.isfinite(value):
            return "must be a finite number"
        if self.minimum is not None and value < self.minimum:
            return f"must be at least {self.minimum:g}"
        if self.maximum is not None and value > self.maximum:
            return f"must be at most {self.maximum:g}"
        if self.above is not None and value <= self.above:
            return f"must be above {self.above:g}"
        if self.below is not None and value >= self.below:
            return f"must be below {self.below:g}"
        return None


@dataclass(frozen=True)
class LoopConfig:
    """How long and how to optimise; the defaults are the paper's (AdamW 1e-4, 0.01, batch 256, nothing else).

    Attributes:
        steps: Optimiser steps of the whole run; or leave 0 and give `epochs`.
        epochs: Passes over the data, turned into steps by the task's `samples_per_epoch`.
        batch_size: Samples per step over all processes together.
        learning_rate: Peak learning rate.
        weight_decay: AdamW's decoupled weight decay, on every parameter as in the paper.
        warmup_steps: Steps of linear warm-up to the peak.
        schedule: What follows the warm-up: `constant`, or `cosine` down to `final_learning_rate_ratio` of the peak.
        final_learning_rate_ratio: Last learning rate of the cosine, as a share of the peak.
        gradient_clip: Largest global gradient norm, or None for no clipping.
        ema_decay: Decay of the running average of the weights that is evaluated and exported; None for none.
        precision: `bfloat16` runs the loss under autocast; weights and optimiser state stay float32.
        seed: Seed of the weights and of every step's draws.
        log_every: Steps between two lines of metrics (their mean over those steps).
        evaluate_every: Steps between two evaluations; 0 evaluates only at the end.
        checkpoint_every: Steps between two saves of the training state; 0 saves only at the end or when stopped.
        threads: CPU threads, or None for torch's choice.
        compile: Compile the blocks with torch.compile.
    """

    steps: Annotated[int, Range(minimum=0)] = 0
    batch_size: Annotated[int, Range(minimum=1)] = 256
    learning_rate: Annotated[float, Range(above=0)] = 1e-4
    weight_decay: Annotated[float, Range(minimum=0)] = 0.01
    warmup_steps: Annotated[int, Range(minimum=0)] = 0
    schedule: Literal["constant", "cosine"] = "constant"
    final_learning_rate_ratio: Annotated[float, Range(minimum=0, maximum=1)] = 0.0
    gradient_clip: Annotated[float, Range(above=0)] | None = None
    ema_decay: Annotated[float, Range(minimum=0, below=1)] | None = None
    precision: Literal["float32", "bfloat16"] = "float32"
    seed: Annotated[int, Range(minimum=0)] = 0
    log_every: Annotated[int, Range(minimum=1)] = 50
    evaluate_every: Annotated[int, Range(minimum=0)] = 0
    checkpoint_every: Annotated[int, Range(minimum=0)] = 500
    threads: Annotated[int, Range(minimum=1)] | None = None
    compile: bool = False
    epochs: Annotated[float, Range(above=0)] | None = None

    def __post_init__(self) -> None:
        """Refuse values that make no run."""
        check_ranges(self)
        if (self.steps > 0) == (self.epochs is not None):
            raise RecipeError("steps or epochs must be given, and only one of them")
        if self.steps and self.warmup_steps > self.steps:
            raise RecipeError(f"warmup_steps must be at most the run's {self.steps} steps, not {self.warmup_steps}")


def check_ranges(section: Any) -> None:
    """Check every `Range` declared on a dataclass; meant for its `__post_init__`.

    Raises:
        RecipeError: A field is outside its range; the sentence starts with the field's name.
    """
    hints = typing.get_type_hints(type(section), include_extras=True)
    for field in dataclasses.fields(section):
        _check_range(getattr(section, field.name), hints[field.name], field.name)


def load_recipe(path: Path | str, recipe_class: type[RecipeT]) -> RecipeT:
    """Read a YAML recipe into a (nested) frozen dataclass.

    Raises:
        RecipeError: The file cannot be read, is not YAML, or does not fit `recipe_class`.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        tree = yaml.safe_load(text)
        _refuse_repeated_keys(yaml.compose(text, Loader=yaml.SafeLoader), "")
    except OSError as error:
        raise RecipeError(f"cannot read the recipe {path}: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is not a YAML file: {' '.join(str(error).split())}") from error
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from error
    try:
        return parse_recipe(tree, recipe_class)
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from error


def parse_recipe(tree: object, recipe_class: type[RecipeT]) -> RecipeT:
    """Turn a tree of plain YAML values into a (nested) frozen dataclass.

    Raises:
        RecipeError: The tree does not fit; the sentence starts with the path of the key.
    """
    parsed = _parse_section(tree, recipe_class, "")
    assert isinstance(parsed, recipe_class)
    return parsed


def recipe_to_tree(recipe: Any) -> dict[str, Any]:
    """The recipe as plain JSON/YAML values, the inverse of `parse_recipe` (tuples become lists, paths text)."""
    plain = _plain(dataclasses.asdict(recipe))
    assert isinstance(plain, dict)
    return plain


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _refuse_repeated_keys(node: yaml.Node | None, where: str) -> None:
    # yaml.safe_load silently keeps the last of two equal keys: a recipe edited twice would not do what it seems to.
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            path = f"{where}{key.value}"
            if path in seen:
                raise RecipeError(f"{path} is given twice (line {key.start_mark.line + 1})")
            seen.add(path)
            _refuse_repeated_keys(value, f"{path}.")
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _refuse_repeated_keys(value, f"{where.removesuffix('.')}[{index}].")


def _parse_section(tree: object, section_class: type[Any], where: str) -> object:
    name = where.removesuffix(".") or "the recipe"
    if tree is None:
        tree = {}
    if not isinstance(tree, Mapping):
        raise RecipeError(f"{name} must be a section of keys and values, not {_shown(tree)}")
    hints = typing.get_type_hints(section_class, include_extras=True)
    fields = {field.name: field for field in dataclasses.fields(section_class) if field.init}
    for key in tree:
        if key not in fields:
            close = difflib.get_close_matches(str(key), fields, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known keys: {', '.join(fields)}"
            raise RecipeError(f"{where}{key} is not a known key; {hint}")
    values = {}
    for key, field in fields.items():
        if key in tree:
            values[key] = _parse_value(tree[key], hints[key], f"{where}{key}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise RecipeError(f"{where}{key} is missing")
    try:
        return section_class(**values)
    except (GhttError, ValueError) as error:
        names_field = str(error).split(" ")[0].split(".")[0].split("[")[0] in fields
        raise RecipeError(f"{where}{error}" if names_field or not where else f"{name}: {error}") from error


def _parse_value(value: object, hint: Any, where: str) -> object:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        parsed = _parse_value(value, arguments[0], where)
        _check_range(parsed, hint, where)
        return parsed
    if origin in (Union, types.UnionType):
        return _parse_union(value, arguments, hint, where)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _parse_section(value, hint, f"{where}.")
    if origin is tuple and isinstance(value, (list, tuple)):
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            items = [arguments[0]] * len(value)
        elif len(arguments) == len(value):
            items = list(arguments)
        else:
            raise RecipeError(f"{where} must be {_named(hint)}, not {len(value)} values")
        pairs = enumerate(zip(value, items, strict=True))
        return tuple(_parse_value(item, kind, f"{where}[{i}]") for i, (item, kind) in pairs)
    if origin is dict and isinstance(value, Mapping):
        return {
            _parse_value(key, arguments[0], where): _parse_value(item, arguments[1], f"{where}.{key}")
            for key, item in value.items()
        }
    if origin is Literal and any(value == choice and type(value) is type(choice) for choice in arguments):
        return value
    if hint is float and isinstance(value, str) and _SCIENTIFIC.fullmatch(value):
        value = float(value)
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        _check_range(float(value), Annotated[float, Range()], where)  # a recipe has no use for nan or infinity
        return float(value)
    if hint is Path and isinstance(value, str):
        return Path(value)
    if isinstance(hint, type) and type(value) is hint:
        return value
    if hint in (None, type(None)) and value is None:
        return None
    raise RecipeError(f"{where} must be {_named(hint)}, not {_shown(value)}")


def _parse_union(value: object, members: tuple[Any, ...], hint: Any, where: str) -> object:
    sections = [member for member in members if dataclasses.is_dataclass(member)]
    if isinstance(value, Mapping) and len(sections) == 1:
        return _parse_value(value, sections[0], where)  # its own complaint names the key inside
    complaints: list[RecipeError] = []
    for member in members:
        try:
            if value is not None or not dataclasses.is_dataclass(member):
                return _parse_value(value, member, where)
        except RecipeError as error:
            complaints.append(error)
    real = [member for member in members if member is not type(None)]
    if len(real) == 1 and complaints:
        raise complaints[0]
    raise RecipeError(f"{where} must be {_named(hint)}, not {_shown(value)}")


def _check_range(value: object, hint: Any, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        for member in arguments:
            _check_range(value, member, where)
    if origin is Annotated:
        for limit in arguments[1:]:
            complaint = limit.complaint(value) if isinstance(limit, Range) else None
            if complaint:
                raise RecipeError(f"{where} {complaint}, not {value!r}")


def _named(hint: Any) -> str:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return _named(arguments[0])
    if origin in (Union, types.UnionType):
        return " or ".join(_named(member) for member in arguments)
    if origin is Literal:
        return " or ".join(repr(choice) for choice in arguments)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return f"a list (each {_named(arguments[0])})"
        return f"a list of {len(arguments)} values"
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return f"a section ({', '.join(field.name for field in dataclasses.fields(hint))})"
    plain: dict[Any, str] = {
        int: "a whole number", float: "a number", str: "text", bool: "true or false",
        Path: "a path", type(None): "null", None: "null",
    }  # fmt: skip
    return plain.get(origin or hint, "a mapping" if origin is dict else str(hint))


def _shown(value: object) -> str:
    if value is None:
        return "null"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
