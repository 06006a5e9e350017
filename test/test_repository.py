# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""House rules that no linter knows: file length, licence headers, light imports, no surprises for users."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("ghtt_core", "ghtt_ros", "launch", "examples", "test", "benchmarks", "scripts")
SOURCES = sorted(
    [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts]
    + [ROOT / "setup.py"]
)
HEADER = ["# Copyright 2026 The ghtt_ros authors", "# SPDX-License-Identifier: Apache-2.0"]


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_no_source_file_is_longer_than_400_lines() -> None:
    assert names([path for path in SOURCES if len(path.read_text().splitlines()) > 400]) == []


def test_every_source_file_starts_with_the_licence_header() -> None:
    assert names([path for path in SOURCES if path.read_text().splitlines()[:2] != HEADER]) == []


def test_test_modules_have_unique_names() -> None:
    stems = [path.stem for path in SOURCES if path.name.startswith("test_")]
    assert sorted({stem for stem in stems if stems.count(stem) > 1}) == []


def test_sources_hold_no_dangerous_loader_and_no_absolute_home() -> None:
    forbidden = re.compile(
        r"\b(pickle\.load|yaml\.load\(|yaml\.unsafe|torch\.load\(|allow_pickle=True|eval\(|exec\()|/(work|home|root)/"
    )
    allowed = re.compile(r"\.eval\(\)|torch\.load\([^()]*weights_only=True\)")
    found = []
    for path in SOURCES:
        if path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if forbidden.search(allowed.sub("", line)):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert found == []


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.mark.parametrize("module", ["ghtt_core.streaming.forecast", "ghtt_core.hands.layout", "ghtt_core.hands.frame"])
def test_planner_side_modules_import_with_numpy_alone(module: str) -> None:
    heavy = ["torch", "cv2", "safetensors", "mediapipe", "av", "tyro"]
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    assert run_python(code).stdout.strip() == "[]"


def test_help_of_the_command_needs_no_heavy_library() -> None:
    code = (
        "import sys; from ghtt_core.cli.main import main; main(['--help']); "
        "print([name for name in ('torch', 'cv2', 'numpy', 'av') if name in sys.modules], file=sys.stderr)"
    )
    assert run_python(code).stderr.strip() == "[]"


def test_links_in_the_documents_lead_somewhere() -> None:
    broken = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_the_change_log_knows_the_version() -> None:
    from ghtt_core import __version__

    assert __version__ in (ROOT / "CHANGELOG.rst").read_text()
