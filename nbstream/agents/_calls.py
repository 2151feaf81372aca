"""Calls of tools, several at the same time."""

from __future__ import annotations

import asyncio
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, ClassVar

from .._exceptions import InputError
from .._loops import LOOK
from .._secrets import hide_all
from .._shown import named
from .._threads import start_thread
from ..messages import ToolMessage
from ..runnables import Runnable
from ._approval import NOT_ALLOWED, asettle, settle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from ..events import RunType
    from ..tools import Tool
    from ._approval import Verdict

__all__ = ["Call", "failed", "in_tasks", "in_threads"]


class Call(Runnable[Any, Any]):
    """One call of a tool, which is made if it is allowed; in the log it is the tool's run.

    Parameters
    ----------
    tool
        The tool.
    verdict
        What was decided of it before it began.
    """

    run_type: ClassVar[RunType] = "tool"

    def __init__(self, tool: Tool, verdict: Verdict) -> None:
        self.name = tool.name
        self._tool = tool
        self._verdict = verdict

    def _invoke(self, input: Any, **_: Any) -> ToolMessage:
        verdict = settle(self._tool, input, self._verdict)
        if verdict.verdict == "deny":
            return _denied(input, verdict)
        return _of(input, self._tool._invoke(_edited(input, verdict)))

    async def _ainvoke(self, input: Any, **_: Any) -> ToolMessage:
        verdict = await asettle(self._tool, input, self._verdict)
        if verdict.verdict == "deny":
            return _denied(input, verdict)
        return _of(input, await self._tool._ainvoke(_edited(input, verdict)))


def _edited(call: dict[str, Any], verdict: Verdict) -> dict[str, Any]:
    return call if verdict.args is None else {**call, "args": verdict.args}


def _of(call: dict[str, Any], result: ToolMessage) -> ToolMessage:
    """Return a result as this call's, also where a tool wrote the message itself."""
    if result.tool_call_id == call["id"]:
        return result
    return result.model_copy(update={"tool_call_id": call["id"]})


def _denied(call: dict[str, Any], verdict: Verdict) -> ToolMessage:
    said = verdict.reason or NOT_ALLOWED
    return ToolMessage(said, call["id"], name=call["name"], status="error")


def failed(call: dict[str, Any], error: Exception) -> ToolMessage:
    """Return what the model is told of a tool that failed."""
    said = hide_all(str(error) if isinstance(error, InputError) else named(error))
    return ToolMessage(said, call["id"], name=call["name"], status="error")


def in_threads(functions: Sequence[Callable[[], Any]], most: int) -> Iterator[Any]:
    """Call functions at the same time, and yield what each gives as it comes.

    One alone is called here. Whoever stops waiting does not wait for those that run: the threads
    end with the program.
    """
    if len(functions) == 1:
        yield functions[0]()
        return
    jobs: SimpleQueue[tuple[Future[Any], Any]] = SimpleQueue()
    waiting: set[Future[Any]] = set()
    for function in functions:
        future: Future[Any] = Future()
        waiting.add(future)
        jobs.put((future, (copy_context(), function)))

    def work() -> None:
        while True:
            try:
                future, (context, function) = jobs.get_nowait()
            except Empty:
                return
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(context.run(function))
                except BaseException as error:  # raised where it is waited for
                    future.set_exception(error)

    for _ in range(min(most, len(functions))):
        if start_thread(work, "nbstream-tool") is None:
            work()
            break
    try:
        while waiting:
            done, waiting = wait(waiting, LOOK, FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        for future in waiting:
            future.cancel()


async def in_tasks(functions: Sequence[Callable[[], Any]], most: int) -> AsyncIterator[Any]:
    """Do what `in_threads` does with tasks, which end with it."""
    turns = asyncio.Semaphore(most)

    async def one(function: Callable[[], Any]) -> Any:
        async with turns:
            return await function()

    tasks = [asyncio.ensure_future(one(function)) for function in functions]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
