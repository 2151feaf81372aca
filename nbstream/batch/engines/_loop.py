"""Runs in one event loop, on a thread of its own: for chains of coroutine functions."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from ..._exceptions import Stopped
from ..._loops import run_sync, running_loop, start
from .._attempt import arun

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._attempt import Attempt
    from ._base import Work

__all__ = ["LoopEngine"]


class LoopEngine:
    """Tasks in one loop. Without threads that is the loop that runs, or one that runs here."""

    room = 64

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed: asyncio.Event | None = None
        self._tasks: dict[Attempt, asyncio.Task[None]] = {}

    def start(self, work: Work) -> None:
        """Start the loop."""
        self._work = work

        def done(_: BaseException | None) -> None:
            self._loop = None
            work.finish()

        try:
            start(self._serve(), None, done)
        except RuntimeError:
            if (running := running_loop()) is not None:
                start(self._serve(), running, done)
            else:
                run_sync(self._serve())
                done(None)

    async def _serve(self) -> None:
        work = self._work
        self._loop = asyncio.get_running_loop()
        changed = self._changed = asyncio.Event()
        while True:
            changed.clear()
            found = work.poll()
            if found is None:
                break
            if isinstance(found, float):
                with suppress(asyncio.TimeoutError, TimeoutError):
                    await asyncio.wait_for(changed.wait(), found)
                continue
            self._tasks[found] = self._loop.create_task(self._run(found))
            # A generator of inputs is drawn here: the tasks go on in between
            await asyncio.sleep(0)
        if self._tasks:
            await asyncio.wait([*self._tasks.values()])

    async def _run(self, attempt: Attempt) -> None:
        work = self._work
        work.began(attempt, "loop")
        try:
            output = await arun(work.chain, work.config, work.around, attempt)
        except asyncio.CancelledError:
            attempt.trace.cut()
            work.ended(attempt, error=Stopped())
        except BaseException as error:
            work.ended(attempt, error=error)
        else:
            work.ended(attempt, output)
        finally:
            del self._tasks[attempt]

    def cancel(self, attempt: Attempt) -> None:
        """Cancel its task."""
        attempt.trace.stop()
        self._call(lambda: self._cancel(attempt))

    def _cancel(self, attempt: Attempt) -> None:
        if (task := self._tasks.get(attempt)) is not None:
            task.cancel()

    def wake(self) -> None:
        """Let the loop look again."""
        if self._changed is not None:
            if running_loop() is self._loop:
                self._changed.set()
            else:
                self._call(self._changed.set)

    def _call(self, function: Callable[[], object]) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # it has ended
                loop.call_soon_threadsafe(function)
