"""`RunnableParallel`: several steps on one input, side by side."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from .._exceptions import InputError
from .._iterate import END, aclose, afirst, close, first
from .._shown import brief
from ..events._chunks import AddableDict
from ._batch import threads
from ._fluent import Input, coerce_to_runnable
from .base import Runnable
from .config import step_config

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from .config import RunnableConfig

__all__ = ["RunnableParallel"]


class RunnableParallel(Runnable[Input, dict[str, Any]]):
    """Several steps on the same input, side by side; the output is a dict of theirs.

    A dict in a chain makes one. Streamed, it yields a dict with one key for each chunk of a branch,
    as it comes; these add up.

    Parameters
    ----------
    steps
        The branches by name; they may also be given as keyword arguments.

    Raises
    ------
    InputError
        If there are none, or one that cannot be a step.

    Examples
    --------
    >>> from nbstream import RunnableParallel
    >>> RunnableParallel(double=lambda x: 2 * x, square=lambda x: x * x).invoke(3)
    {'double': 6, 'square': 9}
    """

    def __init__(
        self: RunnableParallel[Any], steps: Mapping[str, Any] | None = None, **more: Any
    ) -> None:
        if steps is not None and not hasattr(steps, "keys"):
            raise InputError(
                f"RunnableParallel needs steps by name, not {brief(steps)}. "
                "Pass a dict of them, as in {'text': model, 'length': len}."
            )
        branches = {**(steps or {}), **more}
        if not branches:
            raise InputError("RunnableParallel needs at least one branch, as in a={'x': step}.")
        self.steps = {name: coerce_to_runnable(step) for name, step in branches.items()}
        self._tags = {name: f"map:key:{name}" for name in self.steps}

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{name}: {step!r}" for name, step in self.steps.items()) + "}"

    def get_name(self) -> str:
        """Return the given name, else one that lists the branches."""
        return self.name or f"{type(self).__name__}<{','.join(self.steps)}>"

    @property
    def model_label(self) -> str | None:
        """The first model's among the branches."""
        return next(filter(None, (step.model_label for step in self.steps.values())), None)

    def _config(self, name: str) -> RunnableConfig | None:
        return step_config(self._tags[name])

    def _invoke(self, input: Any, **kwargs: Any) -> dict[str, Any]:
        with threads(len(self.steps)) as executor:
            calls = {}
            for name, step in self.steps.items():
                call = partial(step.invoke, input, self._config(name), **kwargs)
                calls[name] = executor.submit(copy_context().run, call)
            return {name: call.result() for name, call in calls.items()}

    async def _ainvoke(self, input: Any, **kwargs: Any) -> dict[str, Any]:
        tasks = [
            asyncio.ensure_future(step.ainvoke(input, self._config(name), **kwargs))
            for name, step in self.steps.items()
        ]
        try:
            outputs = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return dict(zip(self.steps, outputs, strict=True))

    def _transform(self, input: Iterator[Any], **kwargs: Any) -> Iterator[AddableDict]:
        shared = _Shared(input)
        streams = {
            name: step.transform(shared.reader(), self._config(name), **kwargs)
            for name, step in self.steps.items()
        }
        contexts = {name: copy_context() for name in streams}
        with threads(len(self.steps)) as executor:

            def ask(name: str) -> Future[Any]:
                return executor.submit(contexts[name].run, first, streams[name])

            asked = {ask(name): name for name in streams}
            try:
                while asked:
                    done, _ = wait(asked, return_when=FIRST_COMPLETED)
                    for call in sorted(done, key=lambda c: [*streams].index(asked[c])):
                        name = asked.pop(call)
                        if (chunk := call.result()) is not END:
                            yield AddableDict({name: chunk})
                            asked[ask(name)] = name
            finally:
                # A generator cannot be closed while a thread is in it.
                for call in asked:
                    call.cancel()
                wait(asked)
                for (name, stream), left in zip(streams.items(), shared.left, strict=True):
                    if shared.has_failed:
                        contexts[name].run(_tell, stream, left)
                    contexts[name].run(close, stream)

    async def _atransform(
        self, input: AsyncIterator[Any], **kwargs: Any
    ) -> AsyncIterator[AddableDict]:
        shared = _AsyncShared(input)
        chunks: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        taken = {name: asyncio.Event() for name in self.steps}

        async def pump(name: str, stream: AsyncIterator[Any]) -> None:
            try:
                async for chunk in stream:
                    taken[name].clear()
                    chunks.put_nowait((name, chunk))
                    await taken[name].wait()  # no branch runs ahead of who reads it
                chunks.put_nowait((name, END))
            except BaseException as error:  # "cancelled", too: else who reads would wait for ever
                chunks.put_nowait((name, _Failure(error)))
            finally:
                await aclose(stream)

        tasks = [
            asyncio.ensure_future(
                pump(name, step.atransform(shared.reader(), self._config(name), **kwargs))
            )
            for name, step in self.steps.items()
        ]
        left = len(tasks)
        try:
            while left:
                name, chunk = await chunks.get()
                if isinstance(chunk, _Failure):
                    raise chunk.error
                if chunk is END:
                    left -= 1
                else:
                    yield AddableDict({name: chunk})
                    taken[name].set()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class _Failure(NamedTuple):
    """An error in the place of an item: who reads it, raises it."""

    error: BaseException


def _tell(stream: Iterator[Any], left: deque[Any]) -> None:
    """Let a branch see how its source failed, if it has not come to that yet."""
    before = -1
    with suppress(Exception):
        while left and len(left) != before:
            before = len(left)
            if first(stream) is END:
                break


class _Shared:
    """One iterator, read by several threads at paces of their own."""

    def __init__(self, source: Iterator[Any]) -> None:
        self._source = source
        self.has_failed = False
        self._lock = threading.Lock()
        self.left: list[deque[Any]] = []
        """What each reader has not taken yet."""

    def reader(self) -> Iterator[Any]:
        mine: deque[Any] = deque()
        self.left.append(mine)
        return self._read(mine)

    def _read(self, mine: deque[Any]) -> Iterator[Any]:
        while True:
            with self._lock:
                if not mine:
                    item = self._next()
                    for left in self.left:
                        left.append(item)
            item = mine.popleft()
            if item is END:
                return
            if isinstance(item, _Failure):
                raise item.error
            yield item

    def _next(self) -> Any:
        try:
            return first(self._source)
        except BaseException as error:  # each of the readers is to see it
            self.has_failed = isinstance(error, Exception)
            return _Failure(error)


class _AsyncShared:
    """One async iterator, read by several tasks at paces of their own."""

    def __init__(self, source: AsyncIterator[Any]) -> None:
        self._source = source
        self._lock = asyncio.Lock()
        self._waiting: list[deque[Any]] = []

    def reader(self) -> AsyncIterator[Any]:
        mine: deque[Any] = deque()
        self._waiting.append(mine)
        return self._read(mine)

    async def _read(self, mine: deque[Any]) -> AsyncIterator[Any]:
        while True:
            if not mine:
                async with self._lock:
                    if not mine:
                        item = await self._next()
                        for waiting in self._waiting:
                            waiting.append(item)
            item = mine.popleft()
            if item is END:
                return
            if isinstance(item, _Failure):
                raise item.error
            yield item

    async def _next(self) -> Any:
        try:
            return await afirst(self._source)
        except BaseException as error:
            return _Failure(error)
