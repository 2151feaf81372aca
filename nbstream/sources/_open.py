"""One way in for everything that can be shown."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._shown import brief
from ..events._follow import is_followed, scope_of
from ._ask import asked, can_be_asked, family_of
from ._opened import can_be_opened
from ._read import read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

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
        With an input, anything with a ``stream`` method (a model, a chain), a LangGraph or an
        agent; else what streams: an
        iterable or async iterable of texts or chunks, or what another library hands out (see
        ``docs/watch.md``). A Runnable's own stream logs itself, with the runs inside it; any other
        becomes one run, named after its generator function, with what its items tell of.
    is_async
        Whether to use ``astream`` where an input is given.

    Raises
    ------
    InputError
        If it cannot be streamed.
    """
    if input is not NO_INPUT:
        if not can_be_asked(source):
            raise InputError(
                f"An input was given, but {brief(source)} has no stream() to give it to. "
                "Pass a model or a chain and its input, or a stream alone."
            )
        if (theirs := asked(source, input)) is not None:
            return read(theirs.stream, trace, theirs)
        source = source.astream(input) if is_async else source.stream(input)
    elif (hasattr(source, "stream") and hasattr(source, "invoke")) or family_of(source):
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
    if can_be_opened(source):
        return read(source, trace)
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
