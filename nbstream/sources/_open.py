"""One way in for everything that can be shown."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._shown import brief
from ..events._follow import afollow, follow, is_followed, scope_of
from ..events._scope import Scope

if TYPE_CHECKING:
    from ..events import Trace

__all__ = ["NO_INPUT", "open_stream"]


class _NoInput:
    def __repr__(self) -> str:
        return "<none>"


NO_INPUT: Any = _NoInput()
"""Stands for an input that was not given, since None is one that can be."""


def open_stream(
    source: Any, input: Any = NO_INPUT, *, trace: Trace, is_async: bool = False
) -> Iterator[Any] | AsyncIterator[Any]:
    """Return the chunks of ``source``, logged to ``trace`` as they are taken.

    Parameters
    ----------
    source
        With an input, anything with a ``stream`` method (a model, a chain); else an iterable or
        async iterable of texts or chunks. A Runnable's own stream logs itself, with the runs
        inside it; any other becomes one run, named after its generator function.
    is_async
        Whether to use ``astream`` where an input is given.

    Raises
    ------
    InputError
        If it cannot be streamed.
    """
    if input is not NO_INPUT:
        if not hasattr(source, "stream"):
            raise InputError(
                f"An input was given, but {brief(source)} has no stream() to give it to. "
                "Pass a model or a chain and its input, or a stream alone."
            )
        source = source.astream(input) if is_async else source.stream(input)
    elif hasattr(source, "stream") and hasattr(source, "invoke"):
        raise InputError(
            f"{brief(source)} needs an input. Use show(chain, input), or show(chain.stream(input))."
        )
    if _is_used_up(source):
        raise InputError(
            f"{brief(source)} has been read to its end before, so there is nothing to show. "
            "Make a new one, as with another call of the function or of model.stream(...)."
        )
    if is_followed(source):
        asked_in = scope_of(source)
        if asked_in is None or asked_in.trace in (None, trace):
            return source  # type: ignore[no-any-return]
        # It has begun, and logs to another trace: this one notes what it yields.
    name = getattr(source, "__name__", type(source).__name__)
    if isinstance(source, AsyncIterable):

        async def begin(_: Scope | None) -> tuple[Scope, AsyncIterator[Any]]:
            return Scope(trace, trace.start(name)), aiter(source)

        return afollow(begin)
    if isinstance(source, Iterable) and not isinstance(source, (str, bytes, Mapping)):
        return follow(lambda _: (Scope(trace, trace.start(name)), iter(source)))
    if inspect.iscoroutine(source):
        source.close()  # else Python warns of it besides
        raise InputError(
            f"{brief(source)} has one value and no stream. Pass model.astream(...), or the model "
            "and its input."
        )
    raise InputError(
        f"{brief(source)} cannot be streamed. Pass an iterator or async iterator of texts or "
        "chunks, such as model.stream(...), or a model or chain and its input."
    )


def _is_used_up(source: Any) -> bool:
    if inspect.isgenerator(source):
        return source.gi_frame is None
    return inspect.isasyncgen(source) and source.ag_frame is None
