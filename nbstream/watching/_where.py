"""Where a call belongs: which log, and which run of it.

The rule. Hooks make runs, the tap brings tokens. A request that is made while the innermost run is
a chat model that has said nothing yet belongs to that run. Any other is a run of its own, inside
the innermost run that is no chat model.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..events._scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..events import Run
    from ..events._log import Log

__all__ = [
    "RESOLVERS",
    "Holder",
    "Watch",
    "around",
    "enter",
    "leave",
    "log_here",
    "owner",
    "place",
    "told_here",
    "watch_here",
]


@dataclass(eq=False)
class Holder:
    """A run that a framework has under way."""

    log: Log
    run: Run
    wants_tokens: bool = False
    """Whether the tap brings its tokens; else the framework does."""
    has_begun: bool = False
    """Whether a token has come: from then on a request is somebody else's."""
    is_over: bool = False


@dataclass(eq=False)
class Watch:
    """One watch: a log, and whether its block is still running."""

    log: Log
    streams_invoke: bool = False
    outer: Watch | None = None
    is_on: bool = True


RESOLVERS: list[Callable[[], Holder | None]] = []
"""Each returns what its framework has as the current run."""

_here: ContextVar[Watch | None] = ContextVar("nbstream_watch", default=None)
_on: list[Watch] = []  # the last one also gets what comes from threads that have no context


def enter(log: Log, *, streams_invoke: bool = False) -> Watch:
    """Begin a watch, here and in what is started from here."""
    watch = Watch(log, streams_invoke, _here.get())
    _on.append(watch)
    _here.set(watch)
    return watch


def leave(watch: Watch) -> bool:
    """End a watch; return whether it was the last one."""
    watch.is_on = False
    if watch in _on:
        _on.remove(watch)
    if _here.get() is watch:
        _here.set(watch.outer)
    return not _on


def watch_here() -> Watch | None:
    """Return the watch that what happens here belongs to, if there is one."""
    watch = _here.get()
    if watch is None:
        # A thread that was started without its starter's context. Where it has a log of its own,
        # it is part of something else.
        scope = current_scope()
        is_apart = scope is not None and scope.trace is not None
        return _on[-1] if _on and not is_apart else None
    while watch is not None and not watch.is_on:
        watch = watch.outer  # a task may live longer than the block that it was started in
    return watch


def log_here() -> Log | None:
    """Return the log that what happens here is written to, if it is watched.

    Inside a stream that is shown in a view of its own that is its log, which tells the watch's.
    """
    watch = watch_here()
    if watch is None:
        return None
    scope = current_scope()
    if scope is not None and scope.is_told:
        return None  # `show` reads that library's stream: it would be there twice
    if watch is _here.get() and scope is not None and scope.trace is not None:
        return scope.trace
    return watch.log


def told_here() -> tuple[Log, Run] | None:
    """Return the run, and its log, whose stream is read here and tells of all that it runs."""
    scope = current_scope()
    if scope is None or not scope.is_told or scope.trace is None or scope.run is None:
        return None
    return scope.trace, scope.run


def around(log: Log) -> Run | None:
    """Return the step of nbstream's that a call made here lies in."""
    run = _step(log)
    return run.parent if run is not None and run.run_type == "chat_model" else run


def owner(log: Log) -> Holder | None:
    """Return the model run that a request made now is the request of, if there is one."""
    found = _under_way(log)
    if (step := _step(log)) is not None:
        found.append(Holder(log, step))  # it logs its tokens itself
    holder = max(found, key=_depth, default=None)
    if holder is None or holder.run.run_type != "chat_model" or holder.has_begun:
        return None
    return holder


def place(log: Log, parent: Run | None) -> Run | None:
    """Return the run a new one lies in: ``parent``, or a framework's that is under way in that."""
    holder = max(_under_way(log), key=_depth, default=None)
    if holder is None:
        return parent
    run = holder.run.parent if holder.run.run_type == "chat_model" else holder.run
    return run if parent is None or _is_inside(run, parent) else parent


def _under_way(log: Log) -> list[Holder]:
    found = (resolve() for resolve in RESOLVERS)
    return [one for one in found if one is not None and one.log is log and not one.is_over]


def _step(log: Log) -> Run | None:
    scope = current_scope()
    return scope.run if scope is not None and scope.trace is log else None


def _depth(holder: Holder) -> tuple[int, int]:
    return len(holder.run.parent_ids), holder.run.index


def _is_inside(run: Run | None, outer: Run) -> bool:
    while run is not None and run is not outer:
        run = run.parent
    return run is not None
