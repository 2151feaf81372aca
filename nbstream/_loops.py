"""The only place where synchronous code meets an event loop."""

from __future__ import annotations

import asyncio
import importlib
import threading
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from ._iterate import END, aclose, afirst, close, first

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
    from concurrent.futures import Executor

__all__ = [
    "aiter_in_thread",
    "iter_from_loop",
    "iter_sync",
    "run_in_thread",
    "run_sync",
    "start_on_loop",
    "start_on_thread",
    "wait",
]

T = TypeVar("T")


def run_sync(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end from synchronous code, also where a loop is running already.

    A notebook cell runs inside the kernel's loop, which asyncio refuses to enter a second time:
    nest-asyncio allows that. It cannot patch loops that are not asyncio's own (uvloop): there the
    coroutine runs in a loop of its own on another thread. An interrupt cancels the coroutine and
    lets it clean up before KeyboardInterrupt is raised.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    if not isinstance(loop, asyncio.BaseEventLoop):
        return _run_on_thread(coroutine)
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
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return result[0]


def start_on_loop(
    coroutine: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop
) -> tuple[Future[T], Callable[[], None]]:
    """Begin a coroutine in the loop that is running here.

    Returns
    -------
    Future
        Its result; `wait` waits for it wherever that is.
    callable
        Cancels it, from any thread.
    """
    task = loop.create_task(coroutine)
    future = _of_loop(task, loop)
    return future, lambda: _call_on(loop, task.cancel)


def start_on_thread(
    coroutine: Coroutine[Any, Any, T],
) -> tuple[Future[T], Callable[[], None]]:
    """Begin a coroutine in a loop of its own on a thread; context variables come along."""
    loop = asyncio.new_event_loop()
    task = copy_context().run(loop.create_task, coroutine)
    future = _of_loop(task, None)

    def target() -> None:
        try:
            loop.run_until_complete(asyncio.wait([task]))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()  # does not wait for what still runs in its threads

    threading.Thread(target=target, name="nbstream-run", daemon=True).start()
    return future, lambda: _call_on(loop, task.cancel)


def _of_loop(task: asyncio.Task[T], loop: asyncio.AbstractEventLoop | None) -> Future[T]:
    """Return a future that other threads can wait for."""
    future: Future[T] = Future()
    future.loop = loop  # type: ignore[attr-defined]

    def pass_on(_: Any) -> None:
        if task.cancelled():
            future.set_exception(asyncio.CancelledError())
        elif error := task.exception():
            future.set_exception(error)
        else:
            future.set_result(task.result())

    task.add_done_callback(pass_on)
    return future


def _call_on(loop: asyncio.AbstractEventLoop, function: Callable[[], Any]) -> None:
    with suppress(RuntimeError):  # the loop is closed: there is nothing left to call for
        loop.call_soon_threadsafe(function)


def wait(future: Future[T], timeout: float | None = None) -> T:
    """Wait for a future; where the loop that it needs is this thread's, that goes on meanwhile."""
    try:
        running = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    if future.done() or running is None or running is not getattr(future, "loop", None):
        return future.result(timeout)

    async def watch() -> T:
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), timeout)

    return run_sync(watch())


async def run_in_thread(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call a blocking function without blocking the loop; context variables come along."""
    return await asyncio.to_thread(function, *args, **kwargs)


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
    """
    loop = asyncio.get_running_loop()

    def call(function: Callable[..., Any]) -> asyncio.Future[Any]:
        return loop.run_in_executor(executor, copy_context().run, function, source)

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
    try:
        asyncio.get_running_loop()
        run: Callable[[Coroutine[Any, Any, Any]], Any] = run_sync
        runner = None
    except RuntimeError:
        runner = asyncio.new_event_loop()
        run = runner.run_until_complete
    try:
        while (item := run(afirst(source))) is not END:
            yield item
    finally:
        run(aclose(source))
        if runner is not None:
            runner.run_until_complete(runner.shutdown_asyncgens())
            runner.close()


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
