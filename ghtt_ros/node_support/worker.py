# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A slot for the newest input and one thread that works on it, so that callbacks return at once."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Worker(Generic[Item]):
    """One thread that processes what is offered; what it has no time for is dropped, oldest first.

    `offer` never blocks. An exception of the processing is handed to `on_error` and ends only that item.
    """

    def __init__(
        self,
        process: Callable[[Item], None],
        on_error: Callable[[Exception], None],
        *,
        name: str = "worker",
        depth: int = 1,
    ) -> None:
        """Prepare; nothing runs before `start`.

        Args:
            process: Works on one item, in the worker's thread.
            on_error: Told, in the worker's thread, what `process` raised.
            name: Of the thread.
            depth: Items that may wait: 1 keeps only the newest.
        """
        self._process = process
        self._on_error = on_error
        self._name = name
        self._waiting: deque[Item] = deque(maxlen=depth)
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._began: float | None = None
        self._death = ""
        self.dropped = 0
        self.processed = 0
        self.failed = 0

    @property
    def running(self) -> bool:
        """Whether the thread is alive, be it on its last item."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> bool:
        """Start the thread unless it runs.

        Returns:
            False where the thread was stopped but has not come back from its last item.
        """
        if self.running:
            return not self._stopping
        self._stopping = False
        self._death = ""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()
        return True

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Let the current item finish, forget the waiting ones and end the thread.

        Returns:
            Whether the thread has ended; False where an item takes longer than the timeout.
        """
        with self._changed:
            self._stopping = True
            self._waiting.clear()
            self._changed.notify_all()
        if self._thread is None or self._thread is threading.current_thread():
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def offer(self, item: Item) -> bool:
        """Hand over an item.

        Returns:
            False where an older item had to make room.
        """
        with self._changed:
            full = len(self._waiting) == self._waiting.maxlen
            self.dropped += full
            self._waiting.append(item)
            self._changed.notify()
        return not full

    def forget(self) -> None:
        """Drop what waits, without counting it: it belongs to a time that is no more."""
        with self._changed:
            self._waiting.clear()

    def trouble(self, patience_s: float = 5.0) -> str:
        """Say in one sentence why nothing comes out, or nothing (`""`) where all is well.

        Args:
            patience_s: How long one item may take.
        """
        thread, began = self._thread, self._began
        if thread is None or self._stopping:
            return ""
        if not thread.is_alive():
            return f"The worker thread is dead ({self._death or 'no reason known'}); restart the node."
        if began is not None and (busy := time.monotonic() - began) > patience_s:
            return f"The worker thread has been busy with one input for {busy:.0f} s."
        return ""

    def _run(self) -> None:
        try:
            while (item := self._take()) is not None:
                self._began = time.monotonic()
                try:
                    self._process(item)
                    self.processed += 1
                except Exception as error:
                    self.failed += 1
                    self._on_error(error)
                self._began = None
                del item  # a picture less to hold while waiting
        except BaseException as error:
            self._death = f"{type(error).__name__}: {error}"
            raise

    def _take(self) -> Item | None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or bool(self._waiting))
            return None if self._stopping else self._waiting.popleft()
