# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The processes of one training run: one alone, or several started by torchrun (PyTorch's data parallel training)."""

from __future__ import annotations

import datetime
import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist

from ghtt_core.errors import RecipeError


@dataclass(frozen=True)
class Peers:
    """This process among those of the run.

    Attributes:
        rank: Index of this process; rank 0 logs, evaluates and writes.
        world_size: Number of processes.
        control: CPU process group for decisions and metrics (gloo, so that no GPU waits for them), or None alone.
    """

    rank: int = 0
    world_size: int = 1
    control: Any = None

    @classmethod
    def current(cls) -> Peers:
        """The processes of the initialised torch.distributed group, or this process alone."""
        if not (dist.is_available() and dist.is_initialized()):
            return cls()
        world = dist.get_world_size()
        return cls(dist.get_rank(), world, dist.new_group(backend="gloo") if world > 1 else None)

    @property
    def is_main(self) -> bool:
        """Whether this process logs, evaluates and writes."""
        return self.rank == 0

    def largest(self, value: int) -> int:
        """The largest `value` over all processes; every process must call it."""
        if self.control is None:
            return value
        shared = torch.tensor(value)
        dist.all_reduce(shared, op=dist.ReduceOp.MAX, group=self.control)
        return int(shared)

    def gather(self, value: Any) -> list[Any]:
        """The small `value` (plain, as JSON has it) of every process, by rank; every process must call it."""
        if self.control is None:
            return [value]
        # As JSON bytes padded to the longest: all_gather_object would unpickle what the peers send.
        text = torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8)
        padded = torch.full((self.largest(len(text)),), ord(" "), dtype=torch.uint8)
        padded[: len(text)] = text
        received = [torch.empty_like(padded) for _ in range(self.world_size)]
        dist.all_gather(received, padded, group=self.control)
        return [json.loads(bytes(item.tolist())) for item in received]


def per_rank_batch(batch_size: int, world_size: int) -> int:
    """Samples that each process draws per step.

    Raises:
        RecipeError: The batch cannot be shared out evenly.
    """
    if batch_size % world_size:
        raise RecipeError(f"batch_size must be a multiple of the {world_size} training processes, not {batch_size}")
    return batch_size // world_size


@contextmanager
def main_first() -> Iterator[bool]:
    """Run the block on rank 0 while the others wait, then on them: for preparations that leave files to be reused.

    Yields:
        Whether this is rank 0.
    """
    peers = Peers.current()
    if not peers.is_main:
        dist.barrier(group=peers.control)
    try:
        yield peers.is_main
    finally:
        if peers.is_main and peers.control is not None:
            dist.barrier(group=peers.control)


def started_by_torchrun() -> bool:
    """Whether the environment says that torchrun started this process."""
    return "RANK" in os.environ and "WORLD_SIZE" in os.environ


@contextmanager
def process_group(device: torch.device) -> Iterator[torch.device]:
    """Join the other processes of torchrun for the length of the block; alone it does nothing.

    Args:
        device: Where to train; `cuda` becomes the GPU of this process (`LOCAL_RANK`).

    Yields:
        The device of this process.
    """
    if not started_by_torchrun():
        yield device
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    # Parameters of shape (1, 1, d) get gradients whose irrelevant strides differ: nothing a user could act on.
    warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
    # The others wait while rank 0 evaluates, so the timeout is that of an evaluation, not of a step.
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=datetime.timedelta(hours=2))
    try:
        yield device
    finally:
        dist.destroy_process_group()
