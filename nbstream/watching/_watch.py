"""`watching`: a block whose model calls, whoever makes them, go into a log."""

from __future__ import annotations

from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING

from ..events._log import PLACERS
from . import _dropped
from ._guard import Guard
from ._hooks import TAPS, install, uninstall
from ._where import enter, leave, place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..events import Run, Trace
    from ..events._log import Log

__all__ = ["reaching", "watching"]

_lock = RLock()


@contextmanager
def watching(trace: Trace, *, streams_invoke: bool = False) -> Iterator[None]:
    """Log to ``trace`` what any code in the block asks of models, in its threads and tasks too.

    Parameters
    ----------
    trace
        The log. Inside the block it is the log of nbstream's own steps, too.
    streams_invoke
        Whether LangChain's models stream inside ``invoke``.

    Examples
    --------
    >>> from nbstream import Trace
    >>> with Trace() as trace, watching(trace):
    ...     pass
    >>> trace
    <Trace: 0 runs, 0 events>
    """
    with _lock:
        watch = enter(trace, streams_invoke=streams_invoke)
        _dropped.start()
        install()
        if _placed not in PLACERS:
            PLACERS.append(_placed)
    try:
        yield
    finally:
        with _lock:
            uninstall()
            if leave(watch):
                PLACERS.remove(_placed)


@contextmanager
def reaching() -> Iterator[None]:
    """Let a Stop reach what streams that are read in the block ask of models by HTTP.

    A library may run its models in threads and tasks of its own, which closing its stream does not
    end: then the request ends at its next bytes.
    """
    install(TAPS)
    try:
        yield
    finally:
        uninstall(TAPS)


_guard = Guard("where runs belong")


def _placed(log: Log, parent: Run | None) -> Run | None:
    if _guard.is_silent:
        return parent
    found = _guard(lambda: (place(log, parent),))
    return found[0] if found else parent
