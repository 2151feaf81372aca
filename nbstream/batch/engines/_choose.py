"""Which engine runs a chain."""

from __future__ import annotations

import inspect
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from ..._exceptions import InputError
from ..._shown import brief
from ...runnables import Runnable, RunnableGenerator, RunnableLambda
from ...runnables._functions import called
from ._loop import LoopEngine
from ._threads import ThreadEngine

if TYPE_CHECKING:
    from ._base import Engine

__all__ = ["engine_for"]


def engine_for(executor: Any, chain: Any, count: int | None) -> Engine:
    """Return the engine for what the user has named.

    Raises
    ------
    InputError
        If it is no place to run.
    """
    if executor == "loop" or (executor is None and is_async(chain)):
        return LoopEngine()
    if executor is None or executor == "threads":
        return ThreadEngine(count or ThreadEngine.room)
    if isinstance(executor, Executor):
        from ._pools import PoolEngine

        return PoolEngine(executor, chain)
    raise InputError(
        f'executor is "threads", "loop", a concurrent.futures.Executor or a Dask Client, not '
        f"{brief(executor)}. Leave it out for threads of this process."
    )


def is_async(chain: Any) -> bool:
    """Tell whether a step of a chain can only be awaited: a coroutine function is one.

    Examples
    --------
    >>> from nbstream import RunnableLambda
    >>> async def ask(question): ...
    >>> is_async(RunnableLambda(len) | ask), is_async(RunnableLambda(len))
    (True, False)
    """
    if isinstance(chain, (RunnableLambda, RunnableGenerator)):
        function = called(chain.func)
        return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
    return any(is_async(step) for step in steps_of(chain))


def steps_of(chain: Any) -> list[Any]:
    """Return the steps that a step is made of."""
    found: list[Any] = []
    for name in ("steps", "branches", "bound", "mapper", "default", "fallbacks", "runnable"):
        held = getattr(chain, name, None)
        found += [*held.values()] if isinstance(held, dict) else _many(held)
    return [step for one in found for step in _many(one) if isinstance(step, Runnable)]


def _many(held: Any) -> list[Any]:
    return [*held] if isinstance(held, (list, tuple)) else [held]
