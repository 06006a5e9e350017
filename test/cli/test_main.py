# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The command line itself: help, unknown words, and how errors become sentences and exit codes."""

from __future__ import annotations

import errno

import pytest

from ghtt_core import __version__
from ghtt_core.cli import main as main_module
from ghtt_core.cli.main import COMMANDS, main
from ghtt_core.errors import InputError


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_its_options_and_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"usage: ghtt {name}" in said
    assert "Examples:" in said
    assert f"ghtt {name}" in said.split("Examples:")[1]


def test_help_lists_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(name in said and command.summary in said for name, command in COMMANDS.items())


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["dance"], ["run", "--no-such-option"], ["run"], ["info", "--out", "x"]])
def test_words_that_make_no_sense_end_with_two(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (InputError("The file is no good; use another."), 2, "ghtt info: The file is no good; use another."),
        (KeyboardInterrupt(), 130, "interrupted"),
        (OSError(errno.ENOSPC, "No space left on device", "/there/file"), 2, "/there/file (no space left on device)"),
    ],
)
def test_errors_become_a_sentence(
    raised: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(name: str, arguments: object) -> None:
        raise raised

    monkeypatch.setattr(main_module, "run_command", fail)
    assert main(["info"]) == code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert said in lines[0]


def test_a_defect_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str, arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(main_module, "run_command", fail)
    with pytest.raises(ZeroDivisionError):
        main(["info"])


def test_info_names_what_is_missing_and_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GHTT_MODEL", "no/such/folder")
    assert main(["info"]) == 0
    said = capsys.readouterr().out
    assert __version__ in said
    assert "no checkpoint folder no/such/folder" in said.replace("\n", " ")
