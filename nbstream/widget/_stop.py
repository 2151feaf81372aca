"""Stopping a run from the page, while the cell that runs it keeps the kernel busy."""

from __future__ import annotations

import _thread
import asyncio
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .._exceptions import Stopped
from .._loops import wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from ..events import Event, Trace

__all__ = ["Stop", "hear_while_busy", "wait_out"]

GRACE = 0.3
"""Seconds for the next chunk to come, at which the run stops by itself."""


class Stop:
    """The wish to stop one run. It may be made from any thread."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._thread: int | None = None  # where the run is
        self._cancel: Callable[[], None] | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether the run was asked to stop."""
        return self._wanted.is_set()

    def ask(self) -> None:
        """Stop the run at its next chunk; wake it if none comes in time."""
        self._wanted.set()
        if self._cancel is not None:
            self._cancel()
            return
        timer = threading.Timer(GRACE, self._wake)
        timer.daemon = True
        timer.start()

    def check(self, event: Event) -> None:
        """Stop at this event if that is wanted and the event is one to stop at."""
        if event.kind == "chunk" and self._wanted.is_set():
            raise Stopped

    def by(self, cancel: Callable[[], None]) -> None:
        """Take the way to end a run that waits in an event loop of its own."""
        self._wanted.clear()
        self._cancel = cancel

    @contextmanager
    def listening(self, trace: Trace) -> Iterator[None]:
        """Run the block until its end or until it is stopped, which is no error."""
        self._wanted.clear()
        self._cancel = None
        self._thread = threading.get_ident()
        # However deep inside the chunk comes, the run that logs it stops there.
        leave = trace.subscribe(self.check)
        try:
            yield
        except Stopped:
            pass
        except KeyboardInterrupt:
            if not self._wanted.is_set():
                raise
        finally:
            leave()
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


def wait_out(job: Future[None], stop: Stop, timeout: float | None = None) -> None:
    """Wait until a run is over; that it was stopped is no error, and an interrupt stops it.

    Raises
    ------
    TimeoutError
        If it takes longer than ``timeout`` seconds.
    Exception
        What the run raised.
    """
    try:
        wait(job, timeout)
    except asyncio.CancelledError:
        if not stop.is_wanted:
            raise
    except (asyncio.TimeoutError, TimeoutError):
        if job.done():
            raise  # the run's own
        raise TimeoutError(f"The run goes on after {timeout:g} seconds.") from None
    except KeyboardInterrupt:
        stop.ask()
        raise


def hear_while_busy(comm: Any) -> None:
    """Let messages from the page be handled in the thread that JupyterLab sends them to.

    JupyterLab (4.4 and later) addresses a comm's messages to a subshell of its own. ipykernel (7.4)
    sends them on to where that comm was last written from, which is the busy main thread for a
    view that a cell has made. Where kernels have no such detour there is nothing to do.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default  # noqa: ARG005  # called by position
