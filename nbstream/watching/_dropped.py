"""Answers that nobody has any more: their runs end when the garbage collector finds them."""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from .._threads import start_thread

if TYPE_CHECKING:
    from threading import Thread

    from ._call import Request

__all__ = ["drop_later", "start"]

_calls: SimpleQueue[Request] = SimpleQueue()
_threads: list[Thread] = []


def drop_later(call: Request) -> None:
    """Let a call end, on a thread of ours.

    The garbage collector calls this in the middle of anything, with any lock held: only a
    ``SimpleQueue`` can take that.
    """
    _calls.put(call)


def start() -> None:
    """Start that thread, once for the process; without threads, end what waits here."""
    if _threads and _threads[0].is_alive():  # a forked child has none
        return
    if thread := start_thread(_run, "nbstream-dropped"):
        _threads[:] = [thread]
        return
    with suppress(Empty):
        while True:
            _calls.get_nowait().drop()


def _run() -> None:
    while True:
        _calls.get().drop()
