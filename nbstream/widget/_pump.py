"""The pump: one thread that carries what is new in all live logs to their pages.

Whoever runs a model only appends to its log. The first text goes out at once, from the thread that
logged it, and so does the end; in between the pump makes rounds, at most 30 a second, and fewer
where many views have news, so that all of them together send a bounded number of messages: Jupyter
drops output past 1,000 messages a second.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from ..events._frames import frame
from ..events._plain import has_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..events import Event, Trace

__all__ = ["OVER", "Feed", "Pump"]

_logger = logging.getLogger(__name__)

ROUND = 1 / 30
"""Seconds between two rounds, at least."""
BUDGET = 250
"""Messages a second, for all views together, at most."""
IDLE = 2.0
"""Seconds without news after which the thread ends; the next news begins another."""

OVER = {"end", "error", "cancelled"}
"""The kinds of the events that end a run."""


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
        trace: Trace,
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
        self._flowing = False
        self._unsubscribe = trace.subscribe(self._on_event)

    def flush(self) -> None:
        """Send what is new, now."""
        with self._lock:
            end = len(self._trace.events)
            if end > self._position:
                self._send(frame(self._trace, self._position, end))
                self._position = end

    def resend(self, seq: int) -> None:
        """Send again what the page has missed, from event ``seq`` on."""
        with self._lock:
            self._send(frame(self._trace, seq, self._position))

    def close(self) -> None:
        """Send the rest and take no more."""
        self._unsubscribe()
        self.flush()

    def fail(self) -> None:
        """Take no more, and send nothing more either."""
        self._unsubscribe()
        self._send = lambda _: None

    def _on_event(self, event: Event) -> None:
        if event.run.parent is None and event.kind in OVER:
            self._flowing = False  # the next run's first text goes out at once, too
        elif self._flowing or event.kind != "chunk" or not has_text(event.data):
            self._pump.wake(self)
            return
        else:
            self._flowing = True
        try:
            self.flush()
        except Exception:
            self._pump.give_up(self)


class Pump:
    """Flushes the feeds that have news in rounds, on a thread that lives while there are any."""

    def __init__(self) -> None:
        self._waiting: dict[Feed, None] = {}  # in order
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._thread: threading.Thread | None = None
        self._has_threads = True
        self._next_round = 0.0

    def wake(self, feed: Feed) -> None:
        """Say that a feed has something new."""
        if feed in self._waiting and self._thread is not None:
            return
        with self._lock:
            self._waiting[feed] = None
            if self._thread is None and self._has_threads:
                self._begin()
        if self._thread is not None:
            self._news.set()
        elif time.monotonic() >= self._next_round:
            self._round()

    def give_up(self, feed: Feed) -> None:
        """Leave out a feed whose page is gone: it must not stop the others, nor its own run."""
        _logger.exception("A view could not be fed; it is left out from now on.")
        feed.fail()

    def _begin(self) -> None:
        thread = threading.Thread(target=self._run, name="nbstream-pump", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._has_threads = False  # Pyodide: wake() makes the rounds itself
        else:
            self._thread = thread

    def _round(self) -> None:
        with self._lock:
            feeds, self._waiting = list(self._waiting), {}
        for feed in feeds:
            try:
                feed.flush()
            except Exception:
                self.give_up(feed)
        self._next_round = time.monotonic() + max(ROUND, len(feeds) / BUDGET)

    def _run(self) -> None:
        while True:
            heard = self._news.wait(IDLE)
            self._news.clear()
            with self._lock:
                if not heard and not self._waiting:
                    self._thread = None
                    return
            self._round()
            time.sleep(max(0.0, self._next_round - time.monotonic()))


_PUMP = Pump()
