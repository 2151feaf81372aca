"""Runs in threads of this process: the default."""

from __future__ import annotations

import threading
import time
from contextvars import copy_context
from itertools import count
from typing import TYPE_CHECKING

from ..._exceptions import Stopped
from ..._threads import has_threads, start_thread
from .._attempt import run

if TYPE_CHECKING:
    from contextvars import Context

    from .._attempt import Attempt
    from ._base import Work

__all__ = ["GRACE", "ThreadEngine"]

GRACE = 0.3
"""Seconds for the next chunk to come after a stop, at which the run ends by itself."""


class ThreadEngine:
    """Threads that each take a run, and then the next one.

    They end with the program. Where there can be no threads, the runs run here, one after the
    other.
    """

    room = 16

    def __init__(self, most: int) -> None:
        self._most = most
        self._alive = 0
        self._numbers = count(1)
        self._lock = threading.Lock()

    def start(self, work: Work) -> None:
        """Start the threads."""
        self._work = work
        self._context = copy_context()
        if not has_threads():
            self._alive = 1
            self._serve(self._context)
            return
        for _ in range(self._most - self._alive):
            with self._lock:
                self._alive += 1
            self._start_one()

    def _start_one(self) -> None:
        """Start a thread that is counted already."""
        context = self._context.copy()
        name = f"nbstream-batch-{next(self._numbers)}"
        if start_thread(lambda: self._serve(context), name) is None:
            with self._lock:
                self._alive -= 1
                is_alone = self._alive == 0
            if is_alone:  # there can be no more threads at all
                self._alive = 1
                self._serve(context)

    def _serve(self, context: Context) -> None:
        work, name = self._work, threading.current_thread().name
        while (attempt := work.take()) is not None:
            # What a run sets in its context, the next one must not see.
            if not context.copy().run(self._run, attempt, name):
                return  # it was let go, and another thread has taken this one's place
        with self._lock:
            self._alive -= 1
            is_last = self._alive == 0
        if is_last:
            work.finish()

    def _run(self, attempt: Attempt, name: str) -> bool:
        work = self._work
        work.began(attempt, name)
        try:
            output = run(work.chain, work.config, work.around, attempt)
        except BaseException as error:
            # A SystemExit or a KeyboardInterrupt of a tool's is that run's failure.
            return work.ended(attempt, error=error)
        return work.ended(attempt, output)

    def cancel(self, attempt: Attempt) -> None:
        """Let it end at its next chunk; where none comes, let its thread go."""
        attempt.trace.stop()
        if start_thread(lambda: self._insist(attempt), "nbstream-stop") is None:
            self._insist(attempt)

    def _insist(self, attempt: Attempt) -> None:
        time.sleep(GRACE)
        # Nobody can break off what its thread waits for. What comes of that does not count.
        attempt.trace.cut()
        if self._work.ended(attempt, error=Stopped()):
            self._start_one()  # in its place

    def wake(self) -> None:
        """Do nothing: the threads wait at the desk."""
