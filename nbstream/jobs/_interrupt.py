"""Waking a run that waits in the main thread, as a kernel's interrupt does."""

from __future__ import annotations

import _thread
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Interrupt", "can_wake"]


def can_wake() -> bool:
    """Tell whether an interrupt ends a wait for the network, as a signal does; not on Windows."""
    return hasattr(signal, "pthread_kill")


class Interrupt:
    """Raises KeyboardInterrupt in a block of the main thread, from another thread.

    A run that waits for the network looks at nothing. A signal ends such a wait, and Python runs
    its handler, which raises KeyboardInterrupt, in the main thread only.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = 0

    @contextmanager
    def possible(self) -> Iterator[None]:
        """Let `send` reach the block, if the main thread runs it."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._depth += 1
        try:
            yield
        finally:
            with self._lock:  # `send` looks and acts in one
                self._depth -= 1

    def send(self) -> bool:
        """Interrupt the block; return whether the main thread is in it."""
        with self._lock:
            main = threading.main_thread().ident
            if not self._depth or main is None:
                return False
            if can_wake():
                signal.pthread_kill(main, signal.SIGINT)
            else:
                _thread.interrupt_main()
            return True
