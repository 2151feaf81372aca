"""Events of one's own."""

from __future__ import annotations

from typing import Any

from .._exceptions import InputError
from ._scope import current_scope

__all__ = ["adispatch_custom_event", "dispatch_custom_event"]


def dispatch_custom_event(name: str, data: Any, *, config: Any = None) -> None:  # noqa: ARG001
    """Put an event of your own into the log of the run this is called in.

    It reaches `astream_events` as ``on_custom_event``. Where nobody listens, nothing happens.

    Parameters
    ----------
    name
        What to call it.
    data
        Anything.
    config
        Taken for LangChain's sake; the run is found without it.

    Raises
    ------
    InputError
        If it is called outside of any run.

    Examples
    --------
    >>> from nbstream import RunnableLambda, dispatch_custom_event
    >>> def work(x):
    ...     dispatch_custom_event("progress", {"done": 0.5})
    ...     return x
    >>> [e["data"] for e in RunnableLambda(work).stream_events(1) if e["name"] == "progress"]
    [{'done': 0.5}]
    """
    scope = current_scope()
    if scope is not None and scope.trace is not None:
        if scope.run is None:
            raise InputError(
                f"The custom event {name!r} was dispatched outside of any run. "
                "Dispatch it in a function that is a step, such as a RunnableLambda."
            )
        scope.trace.log("custom", scope.run, (name, data))


async def adispatch_custom_event(name: str, data: Any, *, config: Any = None) -> None:
    """Do what `dispatch_custom_event` does, for those who await it.

    Examples
    --------
    >>> from nbstream import RunnableLambda, adispatch_custom_event
    >>> async def work(x):
    ...     await adispatch_custom_event("progress", {"done": 0.5})
    ...     return x
    >>> [e["data"] for e in RunnableLambda(work).stream_events(1) if e["name"] == "progress"]
    [{'done': 0.5}]
    """
    dispatch_custom_event(name, data, config=config)
