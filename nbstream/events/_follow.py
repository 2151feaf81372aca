"""Streams that write to the log what passes through them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from .._iterate import aclose, close
from ._scope import Scope, enter_scope, leave_scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

__all__ = [
    "afollow",
    "asked_again",
    "follow",
    "inside",
    "is_followed",
    "scope_of",
]

T = TypeVar("T")


def _the_sum() -> None:
    """Leave a run's output to its chunks."""


def follow(
    begin: Callable[[Scope | None], tuple[Scope | None, Iterator[T]]],
    *,
    is_single: bool = False,
    is_whole: bool = False,
    asked_in: Scope | None = None,
    output: Callable[[], Any] = _the_sum,
) -> Iterator[T]:
    """Pass on what a source yields; log it as the chunks and the end of its scope's run.

    Parameters
    ----------
    begin
        Called at the first step, with ``asked_in``. Returns the scope of the run it has started
        (or None, where there is nothing to log and nothing to pass on) and the source.
    is_single
        Whether the source has one value: the run then ends before that is passed on.
    is_whole
        Whether what it yields is of no use to a log, which has the run's output at its end, and
        what that is so far by `Log.tell_so_far`.
    asked_in
        The scope in which the stream was asked for, if that decides where it is logged.
    output
        Returns what the run gave, once the source has ended; None where its chunks add up to it.

    Notes
    -----
    The scope is entered around each step only: between two chunks the consumer's code runs, and
    what that starts is not part of this run.
    """
    scope, source = begin(asked_in)
    if scope is None:
        yield from source
        return
    log = scope.trace.log if scope.trace is not None and scope.run is not None else None
    note = None if is_whole else log
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
            if note is not None:
                note("chunk", run, chunk)
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
    if log is not None and scope.trace is not None:
        log("end", run, scope.trace.output(run) if is_whole else output())
    if is_single:
        yield chunk


async def afollow(
    begin: Callable[[Scope | None], Awaitable[tuple[Scope | None, AsyncIterator[T]]]],
    *,
    is_single: bool = False,
    is_whole: bool = False,
    asked_in: Scope | None = None,
    output: Callable[[], Any] = _the_sum,
) -> AsyncIterator[T]:
    """Do what `follow` does, for an async iterator, which is closed at the end in any case."""
    scope, source = await begin(asked_in)
    settle = None if scope is None or scope.trace is None else scope.trace.settle
    if scope is None:
        try:
            async for chunk in source:
                yield chunk
        finally:
            # Unlike `yield from`, an async generator does not close the one inside it.
            await aclose(source)
        return
    log = scope.trace.log if scope.trace is not None and scope.run is not None else None
    note = None if is_whole else log
    run: Any = scope.run
    step = source.__anext__
    try:
        if settle is not None:
            await settle()
        while True:
            token = enter_scope(scope)
            try:
                chunk = await step()
            except StopAsyncIteration:
                break
            finally:
                leave_scope(token)
            if note is not None:
                note("chunk", run, chunk)
                if settle is not None:
                    await settle()
            if is_single:
                break
            yield chunk
    except BaseException as error:
        try:
            await aclose(source)
        finally:
            if scope.trace is not None and run is not None:
                scope.trace.fail(run, error)
            if settle is not None:
                await settle()
        raise
    if log is not None and scope.trace is not None:
        log("end", run, scope.trace.output(run) if is_whole else output())
        if settle is not None:
            await settle()
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


def scope_of(source: Any) -> Scope | None:
    """Return the scope that such an iterator was asked for in; None where there was none."""
    scope: Scope | None = _locals(source).get("asked_in")
    return scope


def asked_again(source: Any, scope: Scope) -> Any:
    """Return such an iterator as if it had been asked for in another scope.

    One that has begun stays as it is.
    """
    known = _locals(source)
    if not known or "scope" in known:
        return source
    kind = follow if hasattr(source, "gi_code") else afollow
    how = {name: known[name] for name in ("is_single", "is_whole")}
    return kind(known["begin"], **how, asked_in=scope)


def _locals(source: Any) -> dict[str, Any]:
    frame = getattr(source, "gi_frame", None) or getattr(source, "ag_frame", None)
    return dict(frame.f_locals) if frame else {}
