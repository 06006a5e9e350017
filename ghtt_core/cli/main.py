# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The `ghtt` command: finds the subcommand, reads its options, and turns errors into one sentence and an exit code.

Every subcommand is a module with a frozen dataclass of options and `run(options)`. Only the module that is asked
for is imported, so `ghtt --help` answers at once and no subcommand waits for another's libraries.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from ghtt_core import __version__
from ghtt_core.errors import GhttError

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
_WRITE_FAILURES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""A full disk, a quota, a size limit, a read-only disk: nothing that a stack trace would explain better."""


@dataclass(frozen=True)
class Command:
    """Where a subcommand lives and what it is for.

    Attributes:
        module: Full name of the module with the options dataclass and ``run``; it is imported only when it is asked
            for, and lives in `ghtt_ros.cli` where it needs ROS. It may have ``arrange``, which puts the words of its
            command line in an order that the option parser understands.
        options: Name of the dataclass (or union of dataclasses) in that module.
        summary: One line for `ghtt --help`.
    """

    module: str
    options: str
    summary: str


COMMANDS: dict[str, Command] = {
    "demo": Command("ghtt_ros.cli.demo", "DemoOptions", "Run the whole pipeline on the bundled recording."),
    "run": Command(
        "ghtt_core.cli.run", "RunOptions", "Refine, recognise and forecast a video, a camera, a bag or recorded poses."
    ),
    "launch": Command("ghtt_ros.cli.launch", "LaunchOptions", "Start the ROS 2 nodes and show how their topics do."),
    "topic": Command("ghtt_ros.cli.topic", "TopicOptions", "List the ROS 2 topics, print or time their messages."),
    "bag": Command("ghtt_ros.cli.bag", "BagOptions", "Record, play and look at bags of ROS 2."),
    "evaluate": Command(
        "ghtt_core.cli.evaluate", "EvaluateOptions", "Measure a model on a dataset, on recorded poses or a bag."
    ),
    "tables": Command("ghtt_core.cli.tables", "TablesOptions", "Print tables of the paper with rows measured here."),
    "train": Command(
        "ghtt_core.cli.train", "TrainOptions", "Train the pose block, the action block or the object aggregator."
    ),
    "prepare": Command(
        "ghtt_core.cli.prepare",
        "PrepareOptions",
        "Turn datasets, recordings and videos into stores to train on.",
    ),
    "models": Command("ghtt_core.cli.models", "ModelsOptions", "List, fetch and verify model files."),
    "info": Command("ghtt_core.cli.info", "InfoOptions", "Show versions, the device, and what is missing."),
}


def usage() -> str:
    """Return the text of `ghtt --help`."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "usage: ghtt COMMAND [OPTIONS]",
            "",
            "Watch two hands: refined 3D poses, the action, and samples of the motion ahead.",
            "",
            "commands:",
            *lines,
            "",
            "`ghtt COMMAND --help` shows a command's options and examples; `ghtt --version` the version.",
            "",
            "examples:",
            "  ghtt demo --out out/demo",
            "  ghtt run --video hands.mp4 --out out/hands",
            "  ghtt info",
        ]
    )


def run_command(name: str, arguments: Sequence[str]) -> None:
    """Read the options of one subcommand and run it.

    Args:
        name: A key of `COMMANDS`.
        arguments: What follows the name on the command line.

    Raises:
        GhttError: Whatever the subcommand refuses.
        SystemExit: From the option parser, with code 2 for a bad option and 0 for `--help`.
    """
    import tyro

    command = COMMANDS[name]
    module: ModuleType = importlib.import_module(command.module)
    arrange = getattr(module, "arrange", list)
    options = tyro.cli(
        getattr(module, command.options), prog=f"ghtt {name}", description=module.__doc__, args=arrange(arguments)
    )
    module.run(options)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Without the program's name; None takes them from the process.

    Returns:
        0 when all went well, 2 for anything the user can put right, 130 after Ctrl-C; what was written stays valid.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        print(usage())
        return 0 if words else EXIT_ERROR
    if words[0] == "--version":
        print(f"ghtt_ros {__version__}")
        return 0
    if words[0] not in COMMANDS:
        print(f"ghtt: there is no command {words[0]!r}; choose one of: {', '.join(COMMANDS)}.", file=sys.stderr)
        return EXIT_ERROR
    try:
        run_command(words[0], words[1:])
    except GhttError as error:
        return _report(words[0], str(error), EXIT_ERROR)
    except KeyboardInterrupt:
        return _report(words[0], "interrupted; what was finished before is kept.", EXIT_INTERRUPTED)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else EXIT_ERROR
    except BrokenPipeError:
        # Whoever read our output (head, less) has left. Python would complain once more while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in _WRITE_FAILURES:
            raise
        where = f" {error.filename}" if error.filename else ""
        reason = (error.strerror or "").lower()
        return _report(
            words[0], f"Cannot write{where} ({reason}); free some space or choose another place.", EXIT_ERROR
        )
    return 0


def _report(name: str, sentence: str, code: int) -> int:
    print(f"ghtt {name}: {sentence}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
