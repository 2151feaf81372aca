"""Long chains: each step of a stream asks the one before it, and Python's stack has an end."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from .._iterate import END, aclose, afirst, close, first

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

__all__ = ["CHECKED_EVERY", "afresh", "fresh", "is_deep"]

T = TypeVar("T")

CHECKED_EVERY = 8
"""After so many steps of a chain, the depth of the stack is looked at."""


def is_deep() -> bool:
    """Tell whether a good part of Python's stack is used up."""
    try:
        sys._getframe(sys.getrecursionlimit() // 4)
    except ValueError:
        return False
    return True


def fresh(stream: Iterator[T]) -> Iterator[T]:
    """Yield from a stream; where the stack is deep by then, on another thread's, which is not."""
    if not is_deep():
        yield from stream
        return
    context = copy_context()
    with ThreadPoolExecutor(1, "nbstream-deep") as stack:

        def there(call: Callable[[Iterator[T]], Any]) -> Any:
            return stack.submit(context.run, call, stream).result()

        try:
            while (item := there(first)) is not END:
                yield item
        finally:
            there(close)


async def afresh(stream: AsyncIterator[T]) -> AsyncIterator[T]:
    """Do what `fresh` does, for an async iterator: a task has a stack of its own."""
    deep = is_deep()
    try:
        while True:
            step = afirst(stream)
            if (item := await (asyncio.ensure_future(step) if deep else step)) is END:
                return
            yield item
    finally:
        await aclose(stream)
