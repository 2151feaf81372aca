"""`Attempt`: one try of one line, and how it runs in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, cast

from .._exceptions import InputError
from .._loops import aiter_in_thread
from ..events._mirror import Mirror
from ..events._scope import Scope, enter_scope, leave_scope
from ..runnables import Runnable
from ..runnables._fluent import coerce_to_runnable
from ..sources import open_stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..events import Trace
    from ..events._log import Log
    from ._line import Line, Meter

__all__ = ["Attempt", "arun", "as_source", "run"]


class Attempt:
    """One try of one line.

    Parameters
    ----------
    line, input
        The line, and what its run is given.
    trace
        The log that it writes to.
    """

    __slots__ = ("_open", "input", "leave", "line", "meter", "trace")

    def __init__(self, line: Line, input: Any, trace: Log) -> None:
        self.line = line
        self.input = input
        self.trace = trace
        self.meter: Meter | None = None
        self.leave: Callable[[], None] = lambda: None
        """Ends what the meter hears: the two would hold each other for ever."""
        self._open = [self]

    @property
    def is_over(self) -> bool:
        """Whether its outcome is known: what comes later does not count."""
        return not self._open

    def claim(self) -> bool:
        """End it; return whether it had not ended, which one thread alone hears."""
        try:
            self._open.pop()  # one step, with no lock
        except IndexError:
            return False
        return True


def as_source(chain: Any) -> Any:
    """Return what is run: a step of ours, or what another library calls a chain.

    Raises
    ------
    InputError
        If it is neither.
    """
    if isinstance(chain, Runnable):
        return chain
    if hasattr(chain, "invoke"):  # LangChain's, LangGraph's
        return chain
    try:
        return coerce_to_runnable(chain)
    except InputError as error:
        said = str(error).partition(". ")[2]
        raise InputError(f"A batch cannot run {chain!r:.80}. {said}") from None


def run(chain: Any, config: Any, around: Scope | None, attempt: Attempt) -> Any:
    """Run a try to its end, here, and return its output."""
    trace = attempt.trace
    leave = _mirrored(trace, around)
    token = enter_scope(_scope(trace, around))
    try:
        if isinstance(chain, Runnable):
            return chain.invoke(attempt.input, config)
        log = cast("Trace", trace)  # quiet ones are for steps of ours
        stream: Any = open_stream(chain, attempt.input, trace=log, is_async=False)
        for _ in stream:
            pass
        return _output(log)
    finally:
        leave_scope(token)
        if leave is not None:
            leave()


async def arun(chain: Any, config: Any, around: Scope | None, attempt: Attempt) -> Any:
    """Do what `run` does, in the running loop."""
    trace = attempt.trace
    leave = _mirrored(trace, around)
    token = enter_scope(_scope(trace, around))
    try:
        if isinstance(chain, Runnable):
            return await chain.ainvoke(attempt.input, config)
        log = cast("Trace", trace)
        stream: Any = open_stream(chain, attempt.input, trace=log, is_async=True)
        if not isinstance(stream, AsyncIterator):  # of a library that has only the other kind
            stream = aiter_in_thread(stream)
        async for _ in stream:
            pass
        return _output(log)
    finally:
        leave_scope(token)
        if leave is not None:
            leave()


def _scope(trace: Log, around: Scope | None) -> Scope:
    if around is None:
        return Scope(trace, None)
    return around._replace(trace=trace, run=None, is_told=False)


def _mirrored(trace: Log, around: Scope | None) -> Callable[[], None] | None:
    """Let whoever watches the code around the batch see its runs, too."""
    if around is None or around.trace is None:
        return None
    return trace.subscribe(Mirror(around.trace, around.run))


def _output(trace: Trace) -> Any:
    if not trace.runs:
        return None
    value = trace.output(trace.runs[0])
    return value.to_message() if hasattr(value, "to_message") else value
