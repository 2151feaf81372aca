"""Several inputs at once: in threads, or as tasks."""

from __future__ import annotations

import asyncio
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._shown import brief, listed
from .._threads import InPlace, pool
from .config import inherited, max_concurrency, one_each

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

    from .base import Runnable
    from .config import RunnableConfig

__all__ = ["abatch", "abatch_as_completed", "batch", "batch_as_completed", "threads"]


def batch(
    step: Runnable[Any, Any],
    inputs: Sequence[Any],
    config: Any,
    return_exceptions: bool,
    kwargs: dict[str, Any],
) -> list[Any]:
    if not (inputs := listed(inputs, "batch", "inputs")):
        return []
    with _calls(step, inputs, config, kwargs) as calls:
        return [_outcome(call, return_exceptions) for call in calls]


def batch_as_completed(
    step: Runnable[Any, Any],
    inputs: Sequence[Any],
    config: Any,
    return_exceptions: bool,
    kwargs: dict[str, Any],
) -> Iterator[tuple[int, Any]]:
    if not (inputs := listed(inputs, "batch_as_completed", "inputs")):
        return
    with _calls(step, inputs, config, kwargs) as begun:
        if not isinstance(begun, list):  # one after the other
            for index, call in enumerate(begun):
                yield index, _outcome(call, return_exceptions)
            return
        calls: list[Future[Any]] = begun
        places = {call: index for index, call in enumerate(calls)}
        waiting = set(calls)
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for call in sorted(done, key=places.__getitem__):
                yield places[call], _outcome(call, return_exceptions)


@contextmanager
def _calls(
    step: Runnable[Any, Any], inputs: Sequence[Any], config: Any, kwargs: dict[str, Any]
) -> Iterator[Iterable[Future[Any]]]:
    """Give a list of calls, all begun; without threads, an iterator that makes one at a time."""
    configs = one_each(config, len(inputs))
    with _executor(configs[0]) as executor:
        calls = (
            _submit(executor, step.invoke, item, one, kwargs)
            for item, one in zip(inputs, configs, strict=True)
        )
        if isinstance(executor, InPlace):
            yield calls
            return
        begun: list[Future[Any]] = []
        try:
            begun.extend(calls)
            yield begun
        finally:
            # After a failure the rest would only be waited for in vain.
            for call in begun:
                call.cancel()


@contextmanager
def _executor(config: RunnableConfig | None) -> Iterator[Executor]:
    limit = max_concurrency(config)
    if given := inherited(config).get("executor"):
        if not hasattr(given, "submit"):
            raise InputError(
                f"executor in a config is one of concurrent.futures, not {brief(given)}. "
                "Leave it out for a pool of threads."
            )
        yield given
        return
    with pool(limit) as own:
        yield own


def threads(count: int) -> Executor:
    """Return a pool for the branches of one call.

    Never the caller's own: calls that wait in a pool for others in the same pool can lock it up.
    """
    return pool(min(max_concurrency() or count, count))


def _submit(
    executor: Executor, function: Any, input: Any, config: Any, kwargs: dict[str, Any]
) -> Future[Any]:
    """Call a step on an executor; a thread gets a copy of the caller's context."""
    if isinstance(executor, (ThreadPoolExecutor, InPlace)):
        return executor.submit(copy_context().run, _call, function, input, config, kwargs)
    # No context, scope or executor can travel to another process.
    own = ("executor", "step_scope")
    rest = {key: value for key, value in (config or {}).items() if key not in own}
    return executor.submit(_call, function, input, rest or None, kwargs)


def _call(function: Any, input: Any, config: Any, kwargs: dict[str, Any]) -> Any:
    return function(input, config, **kwargs)


def _outcome(call: Future[Any], return_exceptions: bool) -> Any:
    try:
        return call.result()
    except Exception as error:
        if return_exceptions:
            return error
        raise


async def abatch(
    step: Runnable[Any, Any],
    inputs: Sequence[Any],
    config: Any,
    return_exceptions: bool,
    kwargs: dict[str, Any],
) -> list[Any]:
    inputs = listed(inputs, "abatch", "inputs")
    outputs: dict[int, Any] = {}
    stream = abatch_as_completed(step, inputs, config, return_exceptions, kwargs)
    async for index, output in stream:
        outputs[index] = output
    return [outputs[index] for index in range(len(inputs))]


async def abatch_as_completed(
    step: Runnable[Any, Any],
    inputs: Sequence[Any],
    config: Any,
    return_exceptions: bool,
    kwargs: dict[str, Any],
) -> AsyncIterator[tuple[int, Any]]:
    if not (inputs := listed(inputs, "abatch_as_completed", "inputs")):
        return
    configs = one_each(config, len(inputs))
    turns = asyncio.Semaphore(max_concurrency(configs[0]) or len(inputs))

    async def one(index: int) -> tuple[int, Any]:
        async with turns:
            try:
                return index, await step.ainvoke(inputs[index], configs[index], **kwargs)
            except Exception as error:
                if return_exceptions:
                    return index, error
                raise

    tasks = [asyncio.ensure_future(one(index)) for index in range(len(inputs))]
    try:
        for next_done in asyncio.as_completed(tasks):
            yield await next_done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
