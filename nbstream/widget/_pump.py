"""The pump: one thread that carries what is new to the pages, for all views together.

Whoever runs a model only appends to its log. The pump sends it: the first text goes out as soon
as it comes, then it sends at most 30 times a second, and less often where many views have news, so
that all of them together send a bounded number of messages: Jupyter drops output past 1,000
messages a second. Everything goes out from this one thread, also transcripts, since each thread
that sends costs a kernel a socket for ten seconds, and since a value that takes long to draw must
not hold up the run that gave it.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from .._threads import start_thread
from ..events._frames import frame
from ..events._log import OVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..events import Event
    from ..events._log import Log

__all__ = ["Channel", "Feed", "Pump"]

_logger = logging.getLogger(__name__)

ROUND = 1 / 30
"""Seconds between two rounds, at least."""
BUDGET = 250
"""Messages a second, for all views together, at most."""
IDLE = 2.0
"""Seconds without news after which the thread ends; the next news begins another."""


class Channel(Protocol):
    """What the pump flushes: something that has news for a page."""

    def flush(self) -> int:
        """Send what is new, and return how many messages that took."""

    def fail(self) -> None:
        """Send nothing more: the page is gone."""


class Feed:
    """One log on its way to one page.

    Parameters
    ----------
    trace
        The log.
    send
        Takes a frame to the page.
    position
        The number of the first event to send.
    """

    def __init__(
        self,
        trace: Log,
        send: Callable[[dict[str, Any]], None],
        *,
        position: int = 0,
        pump: Pump | None = None,
    ) -> None:
        self._trace = trace
        self._send = send
        self._position = position
        self._pump = pump or _PUMP
        self._lock = threading.Lock()
        self._unsubscribe = trace.subscribe(self._on_event)

    def flush(self) -> int:
        """Send what is new, now."""
        with self._lock:
            end = len(self._trace.events)
            if end <= self._position:
                return 0
            self._send(frame(self._trace, self._position, end))
            self._position = end
            return 1

    def resend(self, seq: int) -> None:
        """Send again what the page has missed, from event ``seq`` on."""
        with self._lock:
            end = len(self._trace.events)
            self._send(frame(self._trace, seq, end))
            self._position = end

    def close(self) -> None:
        """Send the rest and take no more."""
        self._unsubscribe()
        self._pump.flush(self)

    def fail(self) -> None:
        """Take no more, and send nothing more either."""
        self._unsubscribe()
        self._send = lambda _: None

    def _on_event(self, event: Event) -> None:
        self._pump.wake(self, is_last=event.run.parent is None and event.kind in OVER)


class Pump:
    """Flushes the channels that have news in rounds, on a thread that lives while there are any."""

    def __init__(self) -> None:
        self._reset()
        if hasattr(os, "register_at_fork"):
            # A forked child has this object, but not its thread, and perhaps a lock that is held.
            os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._waiting: dict[Channel, float] = {}  # when each is due, in order
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._thread: threading.Thread | None = None
        self._has_threads = True
        self._next_round = 0.0

    def wake(self, channel: Channel, after: float = 0.0, *, is_last: bool = False) -> None:
        """Say that a channel has something new.

        Parameters
        ----------
        channel
            What is to be flushed.
        after
            Seconds for which it may wait; by default the next round takes it.
        is_last
            Whether nothing may follow, so that nobody would make another round without a thread.
        """
        due = 0.0 if not after else time.monotonic() + after
        if self._waiting.get(channel, due + 1) <= due and self._thread is not None:
            return
        with self._lock:
            self._waiting[channel] = min(due, self._waiting.get(channel, due))
            if self._thread is None and self._has_threads:
                self._begin()
        if self._thread is not None:
            self._news.set()
        elif is_last or time.monotonic() >= self._next_round:
            self._round(math.inf if is_last else time.monotonic())

    def flush(self, channel: Channel) -> int:
        """Flush a channel, here and now, and return how many messages that took.

        One whose page is gone is left out: it must not stop the others, nor its own run.
        """
        try:
            return channel.flush()
        except Exception:
            _logger.exception("A view could not be fed; it is left out from now on.")
            channel.fail()
            return 0

    def _begin(self) -> None:
        self._thread = start_thread(self._run, "nbstream-pump")
        self._has_threads = self._thread is not None  # else wake() makes the rounds itself

    def _round(self, now: float) -> None:
        """Flush what is due."""
        with self._lock:
            channels = [one for one, due in self._waiting.items() if due <= now]
            for channel in channels:
                del self._waiting[channel]
        count = sum(map(self.flush, channels))
        self._next_round = time.monotonic() + max(ROUND, count / BUDGET)

    def _run(self) -> None:
        while True:
            with self._lock:
                first = min(self._waiting.values(), default=None)
            wait = IDLE if first is None else min(IDLE, max(0.0, first - time.monotonic()))
            heard = self._news.wait(wait)
            self._news.clear()
            with self._lock:
                if not heard and not self._waiting:
                    self._thread = None
                    return
            self._round(time.monotonic())
            time.sleep(max(0.0, self._next_round - time.monotonic()))


_PUMP = Pump()
