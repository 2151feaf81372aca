"""The pump: one thread that carries what is new in all live logs to their pages.

Whoever runs a model only appends to its log. The first text goes out at once, from the thread that
logged it; from then on the pump makes rounds, at most 30 a second, and fewer where many views are
live, so that all of them together send a bounded number of messages: Jupyter drops output past
1,000 messages a second.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from ..sources import text_of
from ._protocol import frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..events import Event, Trace

__all__ = ["Feed", "Pump"]

_logger = logging.getLogger(__name__)

ROUND = 1 / 30
"""Seconds between two rounds, at least."""
BUDGET = 250
"""Messages a second, for all views together, at most."""


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
        self._pump.add(self)

    def flush(self) -> None:
        """Send what is new, now."""
        with self._lock:
            events = self._trace.events[self._position :]
            if events:
                self._send(frame(events, self._position))
                self._position += len(events)

    def resend(self, seq: int) -> None:
        """Send again what the page has missed, from event ``seq`` on."""
        with self._lock:
            self._send(frame(self._trace.events[seq : self._position], seq))

    def close(self) -> None:
        """Send the rest and take no more."""
        self._unsubscribe()
        self._pump.remove(self)
        self.flush()

    def _on_event(self, event: Event) -> None:
        if not self._flowing and event.kind == "chunk" and text_of(event.data):
            self._flowing = True
            self.flush()
        else:
            self._pump.wake()


class Pump:
    """Flushes all feeds in rounds, on a thread that lives while there are any."""

    def __init__(self) -> None:
        self._feeds: list[Feed] = []
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._thread: threading.Thread | None = None
        self._last_round = 0.0

    def add(self, feed: Feed) -> None:
        """Carry this feed, too."""
        with self._lock:
            self._feeds = [*self._feeds, feed]
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="nbstream-pump", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    return  # no threads here (Pyodide): wake() makes the rounds itself
                self._thread = thread

    def remove(self, feed: Feed) -> None:
        """Carry this feed no more."""
        with self._lock:
            self._feeds = [known for known in self._feeds if known is not feed]
        self._news.set()

    def wake(self) -> None:
        """Say that there is something new."""
        if self._thread is None:
            if time.monotonic() - self._last_round >= self._pause():
                self._round()
        elif not self._news.is_set():
            self._news.set()

    def _pause(self) -> float:
        return max(ROUND, len(self._feeds) / BUDGET)

    def _round(self) -> None:
        self._last_round = time.monotonic()
        for feed in self._feeds:
            try:
                feed.flush()
            except Exception:  # a page that is gone must not stop the others
                _logger.exception("A view could not be fed; it is left out from now on.")
                self.remove(feed)

    def _run(self) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            with self._lock:
                if not self._feeds:
                    self._thread = None
                    return
            self._round()
            time.sleep(self._pause())


_PUMP = Pump()
