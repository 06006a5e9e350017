# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ghtt_core.errors import CheckpointError, RecipeError
from ghtt_core.training.recipe import LoopConfig, Range, check_ranges, load_recipe, parse_recipe, recipe_to_tree


@dataclass(frozen=True)
class Size:
    width: int = 64
    heads: int = 4

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise CheckpointError(f"A width of {self.width} must be a multiple of its {self.heads} heads.")


@dataclass(frozen=True)
class Source:
    path: Path
    share: Annotated[float, Range(above=0, maximum=1)] = 1.0

    def __post_init__(self) -> None:
        if self.path.suffix == ".txt":
            raise ValueError(f"path must not be a text file: {self.path}")


@dataclass(frozen=True)
class Recipe:
    loop: LoopConfig
    task: Literal["pose"] = "pose"
    model: Literal["small", "paper"] | Size = "small"
    sources: tuple[Source, ...] = ()
    limits: tuple[float, float] = (0.0, 1.0)
    weights: dict[str, float] = field(default_factory=dict)
    name: str | None = None


WHOLE = """
task: pose
loop: {steps: 20, learning_rate: 1e-3, schedule: cosine, ema_decay: 0.999}
model: {width: 32}
sources:
  - {path: a.npz, share: 0.5}
  - {path: b.npz}
limits: [-1, 2.5]
weights: {kl: 1e-5}
"""


def read(folder: Path, text: str) -> Recipe:
    path = folder / "recipe.yaml"
    path.write_text(text)
    return load_recipe(path, Recipe)


def test_a_recipe_is_read_into_nested_dataclasses(tmp_path: Path) -> None:
    recipe = read(tmp_path, WHOLE)
    assert recipe.loop == LoopConfig(steps=20, learning_rate=1e-3, schedule="cosine", ema_decay=0.999)
    assert recipe.model == Size(width=32, heads=4)
    assert recipe.sources == (Source(Path("a.npz"), 0.5), Source(Path("b.npz"), 1.0))
    assert recipe.limits == (-1.0, 2.5)
    assert recipe.weights == {"kl": 1e-5}
    assert recipe.name is None


def test_the_defaults_of_the_loop_are_the_papers() -> None:
    loop = LoopConfig(epochs=80)
    assert (loop.learning_rate, loop.weight_decay, loop.batch_size) == (1e-4, 0.01, 256)
    assert (loop.schedule, loop.warmup_steps, loop.precision) == ("constant", 0, "float32")
    assert loop.gradient_clip is None
    assert loop.ema_decay is None


MISTAKES = {
    "loop: {steps: 5, learning_rat: 1}": "loop.learning_rat is not a known key; did you mean learning_rate?",
    "loop: {steps: 5, zzz: 1}": "loop.zzz is not a known key; known keys: steps,",
    "loop: {steps: 5}\nzzz: 1": "zzz is not a known key; known keys: loop, task",
    "loop: {steps: 5.5}": "loop.steps must be a whole number, not 5.5",
    "loop: {steps: true}": "loop.steps must be a whole number, not True",
    "loop: {steps: '5'}": "loop.steps must be a whole number, not '5'",
    "loop: {steps: 5, learning_rate: fast}": "loop.learning_rate must be a number, not 'fast'",
    "loop: {steps: 5, learning_rate: -1}": "loop.learning_rate must be above 0, not -1.0",
    "loop: {steps: 5, learning_rate: .inf}": "loop.learning_rate must be a finite number, not inf",
    "loop: {steps: 5, learning_rate: .nan}": "loop.learning_rate must be a finite number, not nan",
    "loop: {steps: 5, ema_decay: 1.0}": "loop.ema_decay must be below 1, not 1.0",
    "loop: {steps: 5, gradient_clip: 0}": "loop.gradient_clip must be above 0, not 0.0",
    "loop: {steps: 5, compile: 1}": "loop.compile must be true or false, not 1",
    "loop: {steps: 5, precision: float16}": "loop.precision must be 'float32' or 'bfloat16', not 'float16'",
    "loop: {steps: 5, warmup_steps: 6}": "loop.warmup_steps must be at most the run's 5 steps, not 6",
    "loop: {}": "loop.steps or epochs must be given, and only one of them",
    "loop: {steps: 5, epochs: 2}": "loop.steps or epochs must be given, and only one of them",
    "loop: [1, 2]": "loop must be a section of keys and values, not [1, 2]",
    "task: pose": "loop is missing",
    "": "loop is missing",
    "- 1": "the recipe must be a section of keys and values, not [1]",
    "loop: {steps: 5}\ntask: action": "task must be 'pose', not 'action'",
    "loop: {steps: 5}\nmodel: big": "model must be 'small' or 'paper' or a section (width, heads), not 'big'",
    "loop: {steps: 5}\nmodel: {widht: 3}": "model.widht is not a known key; did you mean width?",
    "loop: {steps: 5}\nmodel: {width: 30}": "model: A width of 30 must be a multiple of its 4 heads.",
    "loop: {steps: 5}\nsources: [{path: a, share: 2}]": "sources[0].share must be at most 1, not 2.0",
    "loop: {steps: 5}\nsources: [{path: a}, {}]": "sources[1].path is missing",
    "loop: {steps: 5}\nsources: [{path: 4}]": "sources[0].path must be a path, not 4",
    "loop: {steps: 5}\nsources: [{path: a.txt}]": "sources[0].path must not be a text file: a.txt",
    "loop: {steps: 5}\nsources: 4": "sources must be a list (each a section (path, share)), not 4",
    "loop: {steps: 5}\nlimits: [1]": "limits must be a list of 2 values, not 1 values",
    "loop: {steps: 5}\nweights: {a: b}": "weights.a must be a number, not 'b'",
    "loop: {steps: 5}\nname: 3": "name must be text, not 3",
    "loop: {steps: 5, seed: 1, seed: 2}": "loop.seed is given twice (line 1)",
    "loop: {steps: 5}\nsources: [{path: a, path: b}]": "sources[0].path is given twice (line 2)",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_one_sentence_with_the_file_and_the_path_of_the_key(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecipeError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'recipe.yaml'}: {MISTAKES[text]}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["loop: {steps: 5", "a: b: c", "\x00", "loop: !!python/object:os.system {}"])
def test_what_is_not_yaml_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecipeError, match="is not a YAML file") as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_missing_or_binary_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot read the recipe"):
        load_recipe(tmp_path / "none.yaml", Recipe)
    with pytest.raises(RecipeError, match="cannot read the recipe"):
        load_recipe(tmp_path, Recipe)
    (tmp_path / "binary.yaml").write_bytes(bytes(range(128, 256)))
    with pytest.raises(RecipeError, match="is not a YAML file"):
        load_recipe(tmp_path / "binary.yaml", Recipe)


@settings(max_examples=40, deadline=None)
@given(
    steps=st.integers(1, 10**6),
    rate=st.floats(1e-9, 10),
    decay=st.none() | st.floats(0, 0.9999),
    seed=st.integers(0, 2**40),
    share=st.floats(1e-6, 1),
    name=st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=1000), max_size=8),
)
def test_a_recipe_written_out_reads_back_the_same(
    steps: int, rate: float, decay: float | None, seed: int, share: float, name: str | None
) -> None:
    loop = LoopConfig(steps=steps, learning_rate=rate, ema_decay=decay, seed=seed)
    recipe = Recipe(loop, model=Size(32), sources=(Source(Path("x"), share),), weights={"a": rate}, name=name)
    assert parse_recipe(yaml.safe_load(yaml.safe_dump(recipe_to_tree(recipe))), Recipe) == recipe


def test_ranges_hold_for_recipes_made_in_python_too() -> None:
    with pytest.raises(RecipeError, match="batch_size must be at least 1, not 0"):
        LoopConfig(steps=1, batch_size=0)

    @dataclass(frozen=True)
    class Other:
        share: Annotated[float, Range(minimum=0)] | None

    check_ranges(Other(None))


def test_reading_a_recipe_does_not_load_torch() -> None:
    code = "import sys, ghtt_core.training.recipe; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
