"""What a run asks of people while it waits: in the log as an event, answered from anywhere."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from .._exceptions import Stopped
from .._loops import wait
from ._log import OVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._log import Log
    from ._types import Event, Run

__all__ = ["APPROVAL", "Question"]

APPROVAL = "tool_approval"
"""The name of the events that say how far a call's approval is."""


class Question:
    """A call that waits for somebody's word; it waits no more where its run is stopped.

    Parameters
    ----------
    log, run
        The run that waits, and its log, where `answer` is found by the run's id.
    args
        The call's arguments, which are shown.
    check
        Called with edited arguments; it raises where they cannot be.

    Examples
    --------
    >>> from nbstream import Trace
    >>> trace = Trace()
    >>> run = trace.start("delete", "tool")
    >>> question = Question(trace, run, {"path": "/"}, lambda args: None)
    >>> trace.questions[run.id].answer({"verdict": "deny", "reason": "No."})
    >>> question.wait()
    {'verdict': 'deny', 'reason': 'No.'}
    """

    def __init__(
        self, log: Log, run: Run, args: dict[str, Any], check: Callable[[Any], Any]
    ) -> None:
        self._log = log
        self._run = run
        self._check = check
        self._future: Future[dict[str, Any]] = Future()
        log.questions[run.id] = self
        self._unsubscribe = log.subscribe(self._hear)
        log.log("custom", run, (APPROVAL, {"verdict": "wait", "args": args}))

    def _hear(self, event: Event) -> None:
        if event.run is self._run and event.kind in OVER:
            self._settle(lambda: self._future.set_exception(Stopped()))

    def _settle(self, how: Callable[[], None]) -> None:
        if self._log.questions.pop(self._run.id, None) is self:
            how()

    def answer(self, said: dict[str, Any]) -> None:
        """Take somebody's word: a ``verdict`` of "allow", "deny" or "edit"; the first one counts.

        Raises
        ------
        InputError
            If edited arguments do not fit; it goes on waiting.
        """
        if said["verdict"] == "edit":
            self._check(said["args"])
        self._settle(lambda: self._future.set_result(said))

    def wait(self) -> dict[str, Any]:
        """Wait for it.

        Raises
        ------
        Stopped
            If the run is stopped.
        """
        try:
            return wait(self._future)
        finally:
            self._leave()

    async def wait_async(self) -> dict[str, Any]:
        """Do what `wait` does, without blocking the loop."""
        try:
            return await asyncio.wrap_future(self._future)
        finally:
            self._leave()

    def _leave(self) -> None:
        self._log.questions.pop(self._run.id, None)
        self._unsubscribe()
