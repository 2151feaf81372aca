"""Iterators: their first item, what is left of them, and the end of them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

__all__ = ["END", "aclose", "aclosing", "afirst", "arest", "close", "first", "rest"]

T = TypeVar("T")

END: Any = object()
"""What `first` returns where nothing came."""


def first(stream: Iterator[Any]) -> Any:
    """Return the next item, or `END` where there is none."""
    return next(stream, END)


async def afirst(stream: AsyncIterator[Any]) -> Any:
    """Do what `first` does, for an async iterator."""
    return await anext(stream, END)


def rest(stream: Iterator[T], begun: Any = END, *, also: Sequence[Any] = ()) -> Iterator[T]:
    """Yield the item that was taken already, then the others; close the stream in any case.

    Parameters
    ----------
    stream
        The iterator.
    begun
        What `first` took out of it.
    also
        What to close after it.
    """
    try:
        if begun is not END:
            yield begun
        yield from stream
    finally:
        # Said and not left to Python: who holds an error holds the frames it came through, too.
        for one in (stream, *also):
            close(one)


async def arest(
    stream: AsyncIterator[T], begun: Any = END, *, also: Sequence[Any] = ()
) -> AsyncIterator[T]:
    """Do what `rest` does, for an async iterator."""
    try:
        if begun is not END:
            yield begun
        async for item in stream:
            yield item
    finally:
        for one in (stream, *also):
            await aclose(one)


def close(stream: Any) -> None:
    """Close an iterator now, if it can be closed, so that what it holds is released."""
    if hasattr(stream, "close"):
        stream.close()


async def aclose(stream: Any) -> None:
    """Close an async iterator now, if it can be closed."""
    if hasattr(stream, "aclose"):
        await stream.aclose()


@asynccontextmanager
async def aclosing(stream: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """Close an async iterator when the block is left: unlike ``yield from``, a loop does not."""
    try:
        yield stream
    finally:
        await aclose(stream)
