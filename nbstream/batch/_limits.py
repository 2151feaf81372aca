"""What bounds a batch's pace: what the provider says, requests and tokens a minute, a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._exceptions import ProviderError
from .._shown import attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._line import Line

__all__ = ["Limits", "is_passing"]

LONGEST = 60.0
"""Seconds that a provider which is busy is left alone, where it does not say how long."""
BUSY = frozenset({429, 529})
PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""HTTP statuses after which the same request may work."""


def _status(error: BaseException) -> int | None:
    """Return the HTTP status that an error tells; the SDKs' errors tell it, too."""
    for name in ("status", "status_code"):
        found = attempt(lambda name=name: getattr(error, name, None), lambda: None)  # type: ignore[misc]
        if type(found) is int:
            return found
    return None


def is_passing(error: BaseException) -> bool:
    """Tell whether the same run may work a little later.

    Examples
    --------
    >>> is_passing(ProviderError("busy", status=529)), is_passing(ValueError("no number"))
    (True, False)
    """
    status = _status(error)
    if status is not None:
        return status in PASSING
    # Not reached at all
    return isinstance(error, (ProviderError, ConnectionError, TimeoutError))


class Limits:
    """Says whether a run may begin now.

    Not thread-safe: the desk asks it inside its own lock.

    Parameters
    ----------
    clock
        Returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until = 0.0  # the provider is left alone
        self._busy = 0  # how often in a row it has said so
        self._room: float | None = None  # runs at a time, after it said that it is busy
        self.is_spent = False
        """Whether the budget is used up."""

    @property
    def note(self) -> str:
        """A sentence for people about what holds runs up; empty where nothing does."""
        left = self._until - self._clock()
        if left > 0:
            return f"The provider is busy: the next run begins in {max(1, round(left))} s."
        return ""

    def room(self, wanted: int) -> int:
        """Return how many runs may be under way, of so many that the user allows."""
        return wanted if self._room is None else max(1, min(wanted, int(self._room)))

    def ask(self, running: int) -> float | None:
        """Return the seconds until a run may begin, and count it if it may; None: never again."""
        self._asked = running
        return max(0.0, self._until - self._clock())

    def give_back(self, is_unused: bool) -> None:
        """Note whether the run that was counted does not begin after all."""

    def failed(self, error: BaseException, line: Line) -> float | None:
        """Take note of a failure; return how long to wait, where the provider is busy.

        It is left alone by all runs together, then asked by half as many at a time.
        """
        if _status(error) not in BUSY:
            return None
        now = self._clock()
        asked = attempt(lambda: float(error.retry_after), lambda: 0.0)  # type: ignore[attr-defined]
        if (line.started or 0.0) >= self._until:
            # Else it began before that was known, and tells nothing new.
            self._busy += 1
            self._room = max(1.0, (self._room or self._asked or 1) / 2)
        seconds = asked if asked > 0 else min(LONGEST, 2.0 ** (self._busy - 1))
        self._until = max(self._until, now + seconds)
        return self._until - now

    @staticmethod
    def pause(tries: int) -> float:
        """Return how long one run waits before it is tried again."""
        return float(min(LONGEST, 2.0 ** (tries - 1)))

    def ended(self, line: Line) -> None:
        """Take note of a run that has ended."""
        if line.status == "done" and self._room is not None:
            self._busy = 0
            self._room += 1 / self._room  # one more when all that run have ended well
