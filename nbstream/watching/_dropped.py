"""Answers that nobody has any more: their runs end when the garbage collector finds them."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._call import Call

__all__ = ["drop_later", "start"]

_calls: SimpleQueue[Call] = SimpleQueue()
_threads: list[Thread] = []


def drop_later(call: Call) -> None:
    """Let a call end, on a thread of ours.

    The garbage collector calls this in the middle of anything, with any lock held: only a
    ``SimpleQueue`` can take that.
    """
    _calls.put(call)


def start() -> None:
    """Start that thread, once for the process."""
    if _threads and _threads[0].is_alive():  # a forked child has none
        return
    thread = Thread(target=_run, name="nbstream-dropped", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # Pyodide has no threads
        return
    _threads[:] = [thread]


def _run() -> None:
    while True:
        _calls.get().drop()
