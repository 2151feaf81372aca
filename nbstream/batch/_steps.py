"""The steps that a chain is made of."""

from __future__ import annotations

import inspect
from typing import Any

from ..runnables import Runnable, RunnableGenerator, RunnableLambda
from ..runnables._functions import called

__all__ = ["is_async", "steps_of"]


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
