"""A log's view state, folded on from where the last look ended."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ._frames import frame
from ._state import ViewState, apply, initial

if TYPE_CHECKING:
    from ._log import Log

__all__ = ["Fold"]


class Fold:
    """Brings the state of one log up to date, for whichever thread looks."""

    def __init__(self, trace: Log) -> None:
        self._trace = trace
        self._state = initial()
        self._lock = threading.Lock()

    def __call__(self) -> ViewState:
        """Return the state as it is now."""
        # Made outside of the lock: it looks at values, and what those do can need another thread.
        # What two threads both bring counts once.
        news = frame(self._trace, self._state["next"])
        with self._lock:
            apply(self._state, news)
        return self._state
