"""The only place where synchronous code meets an event loop."""

from __future__ import annotations

import asyncio
import importlib
import sys
import threading
import time
from concurrent import futures
from contextlib import suppress
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from ._exceptions import InputError
from ._in_place import Inner, can_suspend, run_in_place
from ._iterate import END, aclose, afirst, close, first
from ._threads import InPlace, has_threads, start_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
    from concurrent.futures import Executor, Future

__all__ = [
    "aiter_in_thread",
    "is_abandoned",
    "iter_from_loop",
    "iter_sync",
    "run_in_thread",
    "run_sync",
    "running_loop",
    "start",
    "wait",
]

T = TypeVar("T")

LOOK = 0.1 if sys.platform == "win32" else None
"""Seconds between two looks of a wait, where an interrupt does not end it."""


def run_sync(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end from synchronous code, also where a loop is running already.

    A notebook cell runs inside the kernel's loop, which asyncio refuses to enter a second time:
    nest-asyncio allows that. It cannot patch loops that are not asyncio's own (uvloop): there the
    coroutine runs in a loop of its own on another thread, or in place where there are no threads.
    An interrupt cancels the coroutine and lets it clean up before KeyboardInterrupt is raised.
    """
    loop = running_loop()
    if loop is None:
        return asyncio.run(coroutine)
    if not isinstance(loop, asyncio.BaseEventLoop):
        return _run_on_thread(coroutine) if has_threads() else run_in_place(coroutine)
    _nest(loop)
    task = loop.create_task(coroutine)
    try:
        return loop.run_until_complete(task)
    except KeyboardInterrupt:
        task.cancel()
        loop.run_until_complete(asyncio.wait([task]))
        raise


def _nest(loop: asyncio.BaseEventLoop) -> None:
    # nest-asyncio2 is the maintained drop-in for nest-asyncio, which it patches alike; ipykernel
    # brings it. Where both are installed, patching twice would confuse them.
    try:
        patch = importlib.import_module("nest_asyncio2")
    except ImportError:
        patch = importlib.import_module("nest_asyncio")
    patch.apply(loop)


def _run_on_thread(coroutine: Coroutine[Any, Any, T]) -> T:
    result: list[T] = []
    failure: list[BaseException] = []
    context = copy_context()

    def target() -> None:
        try:
            result.append(context.run(asyncio.run, coroutine))
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=target, name="nbstream-loop", daemon=True)
    thread.start()  # where there can be no more, Python's own error says so
    thread.join()
    if failure:
        raise failure[0]
    return result[0]


def start(
    coroutine: Coroutine[Any, Any, None],
    loop: asyncio.AbstractEventLoop | None,
    done: Callable[[BaseException | None], None],
) -> Callable[[], None]:
    """Begin a coroutine in a loop that is running, or in one of its own on a thread.

    Context variables come along.

    Parameters
    ----------
    coroutine
        What to run.
    loop
        The running loop; None for one of its own.
    done
        Called when it is over, in its loop's thread, with what it raised.

    Returns
    -------
    callable
        Cancels it, from any thread.

    Raises
    ------
    RuntimeError
        If there can be no thread.
    """
    context = copy_context()
    tasks: list[asyncio.Task[BaseException | None]] = []

    def begin(home: asyncio.AbstractEventLoop) -> asyncio.Task[BaseException | None]:
        task = context.run(home.create_task, _contained(coroutine))
        task.add_done_callback(
            lambda _: done(asyncio.CancelledError() if task.cancelled() else task.result())
        )
        tasks.append(task)
        return task

    def cancel() -> None:
        for task in tasks:
            task.cancel()

    if loop is not None:
        begin(loop)
        return lambda: _call_on(loop, cancel)
    own = asyncio.new_event_loop()

    def target() -> None:
        try:
            own.run_until_complete(asyncio.wait([begin(own)]))
            own.run_until_complete(own.shutdown_asyncgens())
        finally:
            own.close()  # does not wait for what still runs in its threads

    if start_thread(target, "nbstream-run") is None:
        own.close()
        coroutine.close()
        raise RuntimeError("There can be no thread for a loop of its own.")
    return lambda: _call_on(own, cancel)


async def _contained(coroutine: Coroutine[Any, Any, None]) -> BaseException | None:
    # Returned, not raised: out of a task, SystemExit would tear down the loop around it.
    try:
        await coroutine
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        return error
    return None


def _call_on(loop: asyncio.AbstractEventLoop, function: Callable[[], Any]) -> None:
    with suppress(RuntimeError):  # the loop is closed: there is nothing left to call for
        loop.call_soon_threadsafe(function)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that runs in this thread, or None."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def wait(future: Future[T], timeout: float | None = None) -> T:
    """Wait for a future; where the loop that it needs is this thread's, that goes on meanwhile.

    Raises
    ------
    InputError
        If that loop cannot go on meanwhile, as uvloop's cannot.
    """
    running = running_loop()
    if future.done() or running is None or running is not getattr(future, "loop", None):
        return _result(future, timeout)
    if not isinstance(running, asyncio.BaseEventLoop) and not can_suspend():
        raise InputError(
            f"A {type(running).__name__} of {type(running).__module__} cannot go on while this "
            "waits for what runs in it. Use `await` instead of result()."
        )

    async def watch() -> T:
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), timeout)

    return run_sync(watch())


def _result(future: Future[T], timeout: float | None) -> T:
    if LOOK is None:
        return future.result(timeout)
    until = float("inf") if timeout is None else time.monotonic() + timeout
    while (left := until - time.monotonic()) > 0 and not future.done():
        futures.wait([future], min(left, LOOK))
    return future.result(0)


async def run_in_thread(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call a blocking function without blocking the loop; context variables come along.

    Cancelled, it returns at once, and the thread goes on: what it does can ask `is_abandoned`.
    Without threads, the loop waits.
    """
    if not has_threads():
        await asyncio.sleep(0)  # the loop's turn, before it has to wait
        return copy_context().run(function, *args, **kwargs)
    call = _Call(_call.get())
    token = _call.set(call)
    try:
        return await asyncio.to_thread(function, *args, **kwargs)
    except asyncio.CancelledError:
        call.is_abandoned = True
        raise
    finally:
        _call.reset(token)


class _Call:
    """A call in a thread that a coroutine waits for, perhaps inside another one."""

    def __init__(self, outer: _Call | None) -> None:
        self.outer = outer
        self.is_abandoned = False


_call: ContextVar[_Call | None] = ContextVar("nbstream_call", default=None)


def is_abandoned() -> bool:
    """Tell whether the coroutine that this call in a thread was made for has been cancelled."""
    call = _call.get()
    while call is not None and not call.is_abandoned:
        call = call.outer
    return call is not None


async def aiter_in_thread(
    source: Iterator[T], executor: Executor | None = None
) -> AsyncIterator[T]:
    """Iterate a blocking iterator without blocking the loop, one step at a time.

    Parameters
    ----------
    source
        The iterator.
    executor
        Where its steps are taken; by default in the loop's few threads. A source that itself waits
        for what happens in the loop needs one of its own: else all could wait for each other.
        Without threads the loop waits for each step, and goes on between them.
    """
    loop = asyncio.get_running_loop()

    def call(function: Callable[..., Any]) -> asyncio.Future[Any]:
        step = copy_context().run
        if has_threads():
            return loop.run_in_executor(executor, step, function, source)
        return asyncio.wrap_future(InPlace().submit(step, function, source))

    step: asyncio.Future[Any] | None = None
    try:
        while True:
            step = call(first)
            # Shielded: a thread cannot be cancelled, and closing needs to know when it is done.
            item = await asyncio.shield(step)
            if item is END:
                return
            yield item
    finally:
        if step is not None and not step.done():
            await asyncio.wait([step])
        if hasattr(source, "close"):
            await call(close)


def iter_sync(source: AsyncIterator[T]) -> Iterator[T]:
    """Iterate an async iterator from synchronous code; it is closed at the end in any case.

    One loop serves all of its steps, for what an async generator holds (a connection, a lock) is
    bound to the loop it was made in.
    """
    running, runner, inner = running_loop(), None, None
    run: Callable[[Coroutine[Any, Any, Any]], Any] = run_sync
    if running is None:
        runner = asyncio.new_event_loop()
        run = runner.run_until_complete
    elif not isinstance(running, asyncio.BaseEventLoop) and not has_threads():
        inner = Inner()
        run = inner.run
    try:
        while (item := run(afirst(source))) is not END:
            yield item
    finally:
        run(aclose(source))
        if runner is not None:
            runner.run_until_complete(runner.shutdown_asyncgens())
            runner.close()
        if inner is not None:
            inner.close()


def iter_from_loop(source: AsyncIterator[T]) -> Iterator[T]:
    """Return an iterator for another thread over what comes in the running loop."""
    loop = asyncio.get_running_loop()

    def pull() -> Iterator[T]:
        while True:
            item = asyncio.run_coroutine_threadsafe(afirst(source), loop).result()
            if item is END:
                return
            yield item

    return pull()
