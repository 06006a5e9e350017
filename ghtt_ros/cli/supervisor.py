# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Runs several processes as one: passes their lines on, starts crashed ones again, stops all of them for good.

Everything happens in the thread that calls `run`. Children end with the thread that started them (see `child.py`),
and signals of this process need the main thread anyway.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final

from ghtt_core.errors import InputError
from ghtt_ros.cli.processes import Process, ProcessSpec, ProcessState, Stream

PATIENCE_S: Final = (6.0, 3.0, 3.0)
"""How long a process has after SIGINT, after SIGTERM, and how long we wait for the kernel after SIGKILL."""
_ESCALATION: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CHUNK: Final = 1 << 16
_LOG_HEAD: Final = re.compile(r"^\[\w+\] \[[\d.]+\] \[[\w./]+\]: ")
"""What ROS 2 puts before a line of its log."""

OnLine = Callable[[Process, Stream, str], None]


class Supervisor:
    """Starts, watches, restarts and stops processes."""

    def __init__(
        self,
        specs: Sequence[ProcessSpec],
        on_line: OnLine,
        on_note: Callable[[str], None],
        on_tick: Callable[[], None] = lambda: None,
        tick_s: float = 0.25,
    ) -> None:
        """Prepare; nothing is started before `run`.

        Args:
            specs: What to start, in this order.
            on_line: Told every line that a process writes.
            on_note: Told in a sentence what happened to a process.
            on_tick: Called every ``tick_s`` seconds.
            tick_s: Seconds.
        """
        self.processes = [Process(spec) for spec in specs]
        self.stopping = False
        self.interrupted = False
        self._on_line = on_line
        self._on_note = on_note
        self._on_tick = on_tick
        self._tick_s = tick_s
        self._selector = selectors.DefaultSelector()
        self._urgency = 0
        self._step = -1
        self._step_ends = 0.0
        self._failure: InputError | None = None

    def run(self) -> None:
        """Run until stopped by `stop`, by Ctrl-C, SIGTERM or SIGHUP, or by the end of a process that ends all.

        Whatever way this returns or raises, no process is left behind.

        Raises:
            InputError: If a process cannot run as it is configured; all have been stopped then.
        """
        with self._signals():
            try:
                self._loop()
            finally:
                self._kill_all()
                self._selector.close()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Ask all processes to end; asked again, less politely."""
        self.stopping = True
        self._urgency += 1

    def release(self) -> None:
        """Start the processes that were held."""
        for process in self.processes:
            process.release()

    def _loop(self) -> None:
        next_tick = time.monotonic()
        while True:
            now = time.monotonic()
            if now >= next_tick:
                next_tick = now + self._tick_s
                self._on_tick()
            self._start_due()
            self._read(min(0.05, self._tick_s))
            self._reap()
            if self.stopping:
                self._press()
                if all(process.pid is None for process in self.processes):
                    return

    def _start_due(self) -> None:
        if self.stopping:
            return
        for process in self.processes:
            process.prepare_standby()
            if process.due is not None and time.monotonic() >= process.due:
                streams = process.start()
                self._on_note(f"{process.spec.name} runs as process {process.pid}.")
                for stream, pipe in streams.items():
                    self._selector.register(pipe, selectors.EVENT_READ, (process, stream, pipe))

    def _read(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            if key.data is None:
                os.read(key.fd, _CHUNK)  # only to wake us up
                continue
            process, stream, pipe = key.data
            try:
                data = os.read(key.fd, _CHUNK)
            except BlockingIOError:
                continue
            for line in process.lines(stream, data):
                self._on_line(process, stream, line)
            if not data:
                self._selector.unregister(pipe)
                pipe.close()

    def _reap(self) -> None:
        for process in self.processes:
            if not process.reap(self.stopping):
                continue
            self._read(0.0)  # its last words come before what we say about it
            if self.stopping:
                continue
            name = process.spec.name
            if process.state is ProcessState.REFUSED:
                reason = _LOG_HEAD.sub("", process.last_line) or "it did not say why"
                self._failure = InputError(f"{name} cannot run as it is configured: {reason}")
                self.stop()
            elif process.state is ProcessState.RESTARTING:
                wait_s = max(0.0, (process.due or 0.0) - time.monotonic())
                when = f"in {wait_s:.1f} s" if wait_s > 0.05 else "now"
                self._on_note(f"{name} {process.describe_exit()}; it is started again {when}.")
            elif process.spec.ends_all:
                self._on_note(f"{name} has finished.")
                self.stop()
            else:
                self._on_note(f"{name} has ended on its own wish.")

    def _press(self) -> None:
        """Send the next signal when the patience of the present one, or of the user, is at its end."""
        wanted = min(self._urgency - 1, len(_ESCALATION) - 1)
        now = time.monotonic()
        if self._step >= 0 and now < self._step_ends and wanted <= self._step:
            return
        if self._step == len(_ESCALATION) - 1:
            return
        self._step = max(self._step + 1, wanted)
        self._urgency = max(self._urgency, self._step + 1)
        self._step_ends = now + PATIENCE_S[self._step]
        number = _ESCALATION[self._step]
        for process in self.processes:
            if process.pid is not None:
                if self._step > 0:
                    self._on_note(f"{process.spec.name} does not end; it gets {number.name}.")
                process.send(number)

    def _kill_all(self) -> None:
        for process in self.processes:
            process.send(signal.SIGKILL)
        ends = time.monotonic() + PATIENCE_S[-1]
        while any(process.pid is not None for process in self.processes) and time.monotonic() < ends:
            for process in self.processes:
                process.reap(stopping=True)
            time.sleep(0.005)
        for key in list(self._selector.get_map().values()):
            if key.data is not None:
                key.data[2].close()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Turn signals into calls of `stop`; a child that ends or a signal wakes the loop at once."""
        ours, waker = socket.socketpair()
        for end in (ours, waker):
            end.setblocking(False)
        self._selector.register(ours, selectors.EVENT_READ, None)
        # Under nohup the end of the terminal is to be ignored, here too.
        heeded = [number for number in _STOP_SIGNALS if number != signal.SIGHUP or not _ignored(number)]
        previous = {number: signal.signal(number, self._on_signal) for number in heeded}
        previous[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        woken = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(woken)
            for number, handler in previous.items():
                signal.signal(number, handler)
            ours.close()
            waker.close()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.interrupted = True
        self.stop()


def _ignored(number: signal.Signals) -> bool:
    return signal.getsignal(number) == signal.SIG_IGN
