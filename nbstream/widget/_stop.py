"""Stopping a run from the page, while the cell that runs it keeps the kernel busy."""

from __future__ import annotations

import _thread
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Stop", "hear_while_busy"]

GRACE = 0.3
"""Seconds for the next chunk to come, at which the run stops by itself."""


class _Stopped(BaseException):
    """Raised in the run; not an Exception, so that nothing on the way takes it for a failure."""


class Stop:
    """The wish to stop one run. It may be made from any thread."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._thread: int | None = None  # where the run is

    def ask(self) -> None:
        """Stop the run at its next chunk; wake it if none comes in time."""
        self._wanted.set()
        timer = threading.Timer(GRACE, self._wake)
        timer.daemon = True
        timer.start()

    def check(self, _: Any = None) -> None:
        """Stop here if that is wanted."""
        if self._wanted.is_set():
            raise _Stopped

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Run the block until its end or until it is stopped, which is no error."""
        self._wanted.clear()
        self._thread = threading.get_ident()
        try:
            yield
        except _Stopped:
            pass
        except KeyboardInterrupt:
            if not self._wanted.is_set():
                raise
        finally:
            with self._lock:
                self._thread = None

    def _wake(self) -> None:
        # A run that waits for the network looks at nothing. A signal ends such a wait, and Python
        # runs its handler, which raises KeyboardInterrupt, in the main thread only.
        with self._lock:
            main = threading.main_thread().ident
            if main is None or self._thread != main:
                return
            if hasattr(signal, "pthread_kill"):
                signal.pthread_kill(main, signal.SIGINT)
            else:  # Windows
                _thread.interrupt_main()


def hear_while_busy(comm: Any) -> None:
    """Let messages from the page be handled in the thread that JupyterLab sends them to.

    JupyterLab (4.4 and later) addresses a comm's messages to a subshell of its own. ipykernel (7.4)
    sends them on to where that comm was last written from, which is the busy main thread for a
    view that a cell has made. Where kernels have no such detour there is nothing to do.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default  # noqa: ARG005  # called by position
