"""Streams that write to the log what passes through them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from .._iterate import aclose, close
from ._scope import Scope, enter_scope, leave_scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

__all__ = ["aclose", "afollow", "close", "follow", "inside", "is_followed"]

T = TypeVar("T")


def follow(
    begin: Callable[[], tuple[Scope | None, Iterator[T]]], *, is_single: bool = False
) -> Iterator[T]:
    """Pass on what a source yields; log it as the chunks and the end of its scope's run.

    Parameters
    ----------
    begin
        Called at the first step. Returns the scope of the run it has started (or None, where there
        is nothing to log and nothing to pass on) and the source.
    is_single
        Whether the source has one value: the run then ends before that is passed on.

    Notes
    -----
    The scope is entered around each step only: between two chunks the consumer's code runs, and
    what that starts is not part of this run.
    """
    scope, source = begin()
    if scope is None:
        yield from source
        return
    log = scope.trace.log if scope.trace is not None and scope.run is not None else None
    run: Any = scope.run
    try:
        while True:
            token = enter_scope(scope)
            try:
                chunk = next(source)
            except StopIteration:
                break
            finally:
                leave_scope(token)
            if log is not None:
                log("chunk", run, chunk)
            if is_single:
                break
            yield chunk
    except BaseException as error:
        try:
            close(source)
        finally:
            if scope.trace is not None and run is not None:
                scope.trace.fail(run, error)
        raise
    if log is not None:
        log("end", run)
    if is_single:
        yield chunk


async def afollow(
    begin: Callable[[], Awaitable[tuple[Scope | None, AsyncIterator[T]]]],
    *,
    is_single: bool = False,
) -> AsyncIterator[T]:
    """Do what `follow` does, for an async iterator, which is closed at the end in any case."""
    scope, source = await begin()
    if scope is None:
        try:
            async for chunk in source:
                yield chunk
        finally:
            # Unlike `yield from`, an async generator does not close the one inside it.
            await aclose(source)
        return
    log = scope.trace.log if scope.trace is not None and scope.run is not None else None
    run: Any = scope.run
    step = source.__anext__
    try:
        while True:
            token = enter_scope(scope)
            try:
                chunk = await step()
            except StopAsyncIteration:
                break
            finally:
                leave_scope(token)
            if log is not None:
                log("chunk", run, chunk)
            if is_single:
                break
            yield chunk
    except BaseException as error:
        try:
            await aclose(source)
        finally:
            if scope.trace is not None and run is not None:
                scope.trace.fail(run, error)
        raise
    if log is not None:
        log("end", run)
    if is_single:
        yield chunk
        await aclose(source)


@contextmanager
def inside(scope: Scope) -> Iterator[None]:
    """Make the block part of the scope's run; log the failure if it raises."""
    token = enter_scope(scope)
    try:
        yield
    except BaseException as error:
        if scope.trace is not None and scope.run is not None:
            scope.trace.fail(scope.run, error)
        raise
    finally:
        leave_scope(token)


def is_followed(source: Any) -> bool:
    """Tell whether an iterator is one of these, which log themselves."""
    code = getattr(source, "gi_code", None) or getattr(source, "ag_code", None)
    return code in (follow.__code__, afollow.__code__)
