"""The events of one run, kept for any number of readers, who make it go on.

Whoever has read all that is there lets the run take its next step: nothing runs ahead of its
readers, and nobody misses what another one has read.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from typing import TYPE_CHECKING, Any, ClassVar

from .._iterate import aclose, close
from ._lens import Mailbox, opened
from ._scope import within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ._log import Log
    from ._types import Event, Run

__all__ = ["AsyncRun", "SyncRun"]


class _Run:
    """The events of one run and of all inside it, as they come; subclasses make it go on."""

    _lock: ClassVar[Any]
    """Makes what lets one reader at a time have the run go on."""

    def __init__(
        self, stream: Callable[..., Any], input: Any, config: Any, kwargs: dict[str, Any]
    ) -> None:
        self.scope, named = opened(config)
        self.root_id: str = named["run_id"]
        self.log: Log = self.scope.trace  # type: ignore[assignment]
        self._turn = self._lock()
        self.events: list[Event] = []
        self.root: Run | None = None
        self.is_over = False
        self.error: BaseException | None = None
        self._make: Callable[[], Any] = lambda: stream(input, named, **kwargs)
        self.began: dict[int, int] = {}
        """Where in the buffer each run begins, by its place in the log."""

    def take(self, event: Event) -> None:
        run = event.run
        if run.index not in self.began:
            if self.root is None and run.id == self.root_id:
                self.root = run
            elif run.parent is None or run.parent.index not in self.began:
                return
            self.began[run.index] = len(self.events)
        self.events.append(event)


class SyncRun(_Run):
    """Goes on in the thread of whoever wants more."""

    _lock = threading.Lock
    _chunks: Iterator[Any] | None = None

    def begin(self) -> None:
        # Weakly: a log that goes on need not remember who has lost interest.
        own = weakref.ref(self)

        def hear(event: Event) -> None:
            if (run := own()) is not None:
                run.take(event)

        self._leave = self.log.subscribe(hear)
        weakref.finalize(self, self._leave)
        with within(self.scope):
            self._chunks = self._make()

    def more(self, seen: int) -> bool:
        """Let the run go on until there are more events than `seen`; tell whether there are."""
        while len(self.events) <= seen:
            with self._turn:
                if self._chunks is None and not self.is_over:
                    self.begin()
                if self.is_over:
                    return len(self.events) > seen
                if len(self.events) > seen:
                    return True
                try:
                    with within(self.scope):
                        next(self._chunks)  # type: ignore[arg-type]
                except StopIteration:
                    self._end()
                except Exception as error:
                    self._end(error)
                except BaseException:
                    self._end()
                    raise
        return True

    def _end(self, error: BaseException | None = None) -> None:
        self.is_over, self.error = True, error
        self._leave()

    def close(self) -> None:
        if self._chunks is not None:
            close(self._chunks)
            self._end(self.error)
        self.is_over = True


class AsyncRun(_Run):
    """Goes on in a task of its own, as long as its readers are not too far behind."""

    _lock = asyncio.Lock
    _task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        mailbox = self._mailbox = Mailbox()
        self._leave = self.log.subscribe(mailbox.put)
        make = self._make

        async def drain() -> None:
            chunks = make()
            try:
                async for _ in chunks:
                    await mailbox.keep_pace()
            finally:
                await aclose(chunks)

        with within(self.scope):
            self._task = asyncio.ensure_future(drain())
        self._task.add_done_callback(lambda _: mailbox.wake())

    async def more(self, seen: int) -> bool:
        """Wait until there are more events than `seen`; tell whether there are."""
        if self._task is None and not self.is_over:
            self.begin()
        while len(self.events) <= seen:
            async with self._turn:
                if self.is_over or len(self.events) > seen:
                    return len(self.events) > seen
                heard = self._mailbox.heard
                if not heard and not self._task.done():  # type: ignore[union-attr]
                    await self._mailbox.wait()
                is_done = self._task.done()  # type: ignore[union-attr]
                while heard:
                    self.take(heard.popleft())
                self._mailbox.make_room()
                if is_done:
                    self._end()
        return True

    def _end(self) -> None:
        self.is_over = True
        self._leave()
        task = self._task
        if task is not None and not task.cancelled():
            self.error = task.exception()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            while self._mailbox.heard:
                self.take(self._mailbox.heard.popleft())
            self._end()
        self.is_over = True
