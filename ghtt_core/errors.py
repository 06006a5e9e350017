# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every error a user can cause, each a sentence that says what was wrong, where, and what to do."""

from __future__ import annotations


class GhttError(Exception):
    """Root of all errors this project raises on purpose; the command line turns it into exit code 2."""


class InputError(GhttError):
    """A video, pose file, calibration or argument given by the user cannot be used."""


class CheckpointError(GhttError):
    """A checkpoint folder is missing, damaged, edited, or made for something else."""


class MissingDependencyError(GhttError):
    """An optional package, model file or system library is not there; the sentence names the remedy."""


class RecipeError(GhttError):
    """A training recipe or a configuration file has an unknown or impossible value."""


class OutputError(GhttError):
    """Results cannot be written (full disk, read-only folder); what was written before stays valid."""
