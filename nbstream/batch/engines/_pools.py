"""Runs in an executor of `concurrent.futures`: threads, processes, a cluster's."""

from __future__ import annotations

import threading
import time
from concurrent.futures import BrokenExecutor, Executor, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any

from ..._exceptions import NbstreamError, Stopped
from ..._shown import named
from ..._threads import start_thread
from .._apart import Received, packed, run_packed
from .._attempt import run
from ._threads import GRACE

if TYPE_CHECKING:
    from concurrent.futures import Future

    from .._attempt import Attempt
    from ._base import Work

__all__ = ["PoolEngine"]


class PoolEngine:
    """Submits runs to an executor. From another process, a run's log comes with its end.

    Parameters
    ----------
    executor
        Any. It stays open.
    chain
        What will run.

    Raises
    ------
    InputError
        If it cannot be sent to another process.
    """

    def __init__(self, executor: Executor, chain: Any) -> None:
        self._executor = executor
        self._is_here = isinstance(executor, ThreadPoolExecutor)
        self.room = getattr(executor, "_max_workers", None) or 8
        self._futures: dict[Attempt, Future[Any]] = {}
        self._data = b"" if self._is_here else packed(chain)

    def start(self, work: Work) -> None:
        """Begin to submit."""
        self._work = work
        self._context = copy_context()
        if start_thread(self._feed, "nbstream-batch") is None:
            self._feed()

    def _feed(self) -> None:
        work = self._work
        try:
            while (attempt := work.take()) is not None:
                try:
                    future = self._submit(attempt)
                except Exception as error:
                    work.ended(attempt, error=_gone(error))
                    work.fail(_gone(error))
                    continue
                self._futures[attempt] = future
                future.add_done_callback(partial(self._done, attempt))
        finally:
            work.finish()

    def _submit(self, attempt: Attempt) -> Future[Any]:
        if self._is_here:
            return self._executor.submit(self._context.copy().run, self._run_here, attempt)
        self._work.began(attempt, "")
        config = self._work.config
        return self._executor.submit(run_packed, self._data, attempt.input, config)

    def _run_here(self, attempt: Attempt) -> Any:
        work = self._work
        work.began(attempt, threading.current_thread().name)
        return run(work.chain, work.config, work.around, attempt)

    def _done(self, attempt: Attempt, future: Future[Any]) -> None:
        self._futures.pop(attempt, None)
        if future.cancelled():
            self._work.ended(attempt, error=Stopped())
            return
        error = future.exception()
        if isinstance(error, BrokenExecutor):
            self._work.ended(attempt, error=_gone(error))
            self._work.fail(_gone(error))
        elif error is not None or self._is_here:
            self._work.ended(attempt, None if error else future.result(), error)
        elif not attempt.is_over:
            outcome = future.result()
            attempt.line.worker = outcome.worker
            Received(attempt.trace).take(outcome.lines)
            self._work.ended(attempt, outcome.output, outcome.error)

    def cancel(self, attempt: Attempt) -> None:
        """Break it off, where it has not begun or its next chunk comes soon; else let it go."""
        attempt.trace.stop()
        future = self._futures.get(attempt)
        if future is not None and future.cancel():
            return
        if (
            not self._is_here
            or start_thread(lambda: self._insist(attempt), "nbstream-stop") is None
        ):
            self._work.ended(attempt, error=Stopped())

    def _insist(self, attempt: Attempt) -> None:
        time.sleep(GRACE)
        attempt.trace.cut()
        self._work.ended(attempt, error=Stopped())

    def wake(self) -> None:
        """Do nothing: the thread that submits waits at the desk."""


def _gone(error: BaseException) -> NbstreamError:
    return NbstreamError(
        f"The executor takes no more runs: {named(error)[:200]}. Make a new one and call again; "
        "with into= only what is missing runs."
    )
