# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The functions of the module rclpy."""

from __future__ import annotations

import atexit
from typing import Any

from ghtt_ros.embedded.context import Context, all_contexts
from ghtt_ros.embedded.default_context import default_context
from ghtt_ros.embedded.executors import Executor
from ghtt_ros.embedded.global_executor import drop_global_executor, global_executor
from ghtt_ros.embedded.node import Node
from ghtt_ros.embedded.signals import SignalHandlerOptions, install_signal_handlers, uninstall_signal_handlers
from ghtt_ros.embedded.task import Future

get_default_context = default_context
get_global_executor = global_executor


class InitContextManager:
    """What `init` returns: shuts down at the end of a with statement."""

    def __init__(self, context: Context) -> None:
        """Keep the context."""
        self.context = context

    def __enter__(self) -> InitContextManager:
        """Enter a with statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave it."""
        try_shutdown(context=self.context)


def init(
    *,
    args: list[str] | None = None,
    context: Context | None = None,
    domain_id: int | None = None,
    signal_handler_options: SignalHandlerOptions | None = None,
) -> InitContextManager:
    """Begin; see `Context.init`.

    Args:
        args: Command line; `sys.argv` if not given.
        context: Context to begin; the default one if not given.
        domain_id: DDS domain; the one of ROS_DOMAIN_ID if not given.
        signal_handler_options: Signals to handle; all with the default context, else none, if not given.
    """
    chosen = default_context(renew=True) if context is None else context
    chosen.init(args, domain_id=domain_id)
    if signal_handler_options is None:
        signal_handler_options = SignalHandlerOptions.ALL if context is None else SignalHandlerOptions.NO
    install_signal_handlers(signal_handler_options)
    return InitContextManager(chosen)


def shutdown(*, context: Context | None = None, uninstall_handlers: bool | None = None) -> None:
    """End; see `Context.shutdown`."""
    _end(context, uninstall_handlers, quiet=False)


def try_shutdown(*, context: Context | None = None, uninstall_handlers: bool | None = None) -> None:
    """End if that has not happened."""
    _end(context, uninstall_handlers, quiet=True)


def _end(context: Context | None, uninstall_handlers: bool | None, *, quiet: bool) -> None:
    chosen = default_context() if context is None else context
    try:
        if quiet:
            chosen.try_shutdown()
        else:
            chosen.shutdown()
    finally:
        if context is None:
            drop_global_executor()
    if uninstall_handlers or (uninstall_handlers is None and context is None):
        uninstall_signal_handlers()


def ok(*, context: Context | None = None) -> bool:
    """Whether there was an init and no shutdown yet."""
    return (default_context() if context is None else context).ok()


def create_node(node_name: str, **kwargs: Any) -> Node:
    """Make a node; see `Node`."""
    return Node(node_name, **kwargs)


def spin(node: Any, executor: Executor | None = None) -> None:
    """Run the callbacks of a node until everything is shut down.

    Raises:
        ExternalShutdownException: The context was shut down from elsewhere, such as by SIGTERM.
    """
    chosen = global_executor() if executor is None else executor
    try:
        chosen.add_node(node)
        while chosen.context.ok():
            chosen.spin_once()
    finally:
        chosen.remove_node(node)


def spin_once(node: Any, *, executor: Executor | None = None, timeout_sec: float | None = None) -> None:
    """Run one callback of a node, or return when the time is over."""
    chosen = global_executor() if executor is None else executor
    try:
        chosen.add_node(node)
        chosen.spin_once(timeout_sec)
    finally:
        chosen.remove_node(node)


def spin_until_future_complete(
    node: Any, future: Future, executor: Executor | None = None, timeout_sec: float | None = None
) -> None:
    """Run the callbacks of a node until a future is done or the time is over."""
    chosen = global_executor() if executor is None else executor
    try:
        chosen.add_node(node)
        chosen.spin_until_future_complete(future, timeout_sec)
    finally:
        chosen.remove_node(node)


@atexit.register
def _end_all() -> None:
    """Leave the domain while Python still runs, so that others need not wait for a time-out."""
    for context in all_contexts():
        context.try_shutdown()
