"""What bounds a batch's pace: what the provider says, requests and tokens a minute, a budget."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError, ProviderError, SetupError
from .._shown import attempt, brief

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._line import Line

__all__ = ["Limits", "is_passing"]

LONGEST = 60.0
"""Seconds that a provider which is busy is left alone, where it does not say how long."""
BUSY = frozenset({429, 529})
MINUTE = 60.0
UNITS = 10_000
"""Steps that a limit is counted in at most: the library keeps each one that was taken."""
FIRST_GUESS = 1_000
"""Tokens that a run is taken to need, until one has ended."""
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


class Rate:
    """So many a minute, in any minute; pyrate-limiter keeps count.

    Of the libraries for this it is the one whose count is told the time: nothing in it waits or
    asks a clock of its own. It needs no other library.

    Parameters
    ----------
    name
        The option's name.
    limit
        How many in a minute.

    Raises
    ------
    InputError
        If the limit is no number above 0.
    SetupError
        If pyrate-limiter is not installed.
    """

    def __init__(self, name: str, limit: float) -> None:
        if isinstance(limit, bool) or not isinstance(limit, (int, float)) or not limit >= 1:
            raise InputError(f"{name} must be a number from 1, not {brief(limit)}.")
        try:
            self._library: Any = importlib.import_module("pyrate_limiter")
        except ImportError:
            raise SetupError(
                f'{name} needs pyrate-limiter: pip install "nbstream[batch]", '
                "and restart the kernel."
            ) from None
        self._unit = max(1.0, limit / UNITS)
        self._most = int(limit / self._unit)
        rate = self._library.Rate(self._most, int(MINUTE * 1_000))
        self._bucket: Any = self._library.InMemoryBucket([rate])

    def _item(self, now: float, count: float) -> Any:
        # What is more than fits into a minute has a minute for itself.
        weight = max(1, min(self._most, round(count / self._unit)))
        return self._library.RateItem("run", int(now * 1_000), weight)

    def wait(self, now: float, count: float) -> float:
        """Return the seconds until so many may pass."""
        item = self._item(now, count)
        self._bucket.leak(item.timestamp)
        if self._bucket.count() + item.weight <= self._most:
            return 0.0
        self._bucket.put(item)  # it is refused, and the wait known
        return max(0.001, float(self._bucket.waiting(item)) / 1_000)

    def take(self, now: float, count: float) -> None:
        """Count so many, as far as there is room for them."""
        item = self._item(now, count)
        item.weight = min(item.weight, self._most - self._bucket.count())
        if item.weight > 0:
            self._bucket.put(item)


class Budget:
    """So much money, or so many tokens, and no run begins that might need more.

    Parameters
    ----------
    given
        A number of US dollars, ``{"usd": 5}`` or ``{"tokens": 1_000_000}``.

    Raises
    ------
    InputError
        If it is none of these.
    """

    def __init__(self, given: Any) -> None:
        limits: dict[str, Any] = given if isinstance(given, dict) else {"usd": given}
        name, limit = next(iter(limits.items()), ("", 0))
        is_number = isinstance(limit, (int, float)) and not isinstance(limit, bool)
        if len(limits) != 1 or name not in ("usd", "tokens") or not is_number or not limit > 0:
            raise InputError(
                f"budget is a number of US dollars, {{'usd': 5}} or {{'tokens': 1_000_000}}, not "
                f"{brief(given)}."
            )
        self.name, self.limit = name, float(limit)
        self.spent = 0.0
        self._largest = 0.0
        self._count = 0

    def __str__(self) -> str:
        return f"${self.limit:,.2f}" if self.name == "usd" else f"{self.limit:,.0f} tokens"

    def allows(self, running: int) -> bool:
        """Tell whether one more run may begin, if all need as much as the dearest one did."""
        if not self._count:
            return running == 0  # the first one shows what they need
        return self.spent + (running + 1) * self._largest <= self.limit

    def add(self, line: Line) -> InputError | None:
        """Count what a run needed; return what is wrong where that is not known."""
        needed = line.cost
        if self.name == "tokens":
            needed = None if line.tokens is None else (line.input_tokens or 0) + line.tokens
        if needed is None:
            if line.status == "failed":
                return None
            what = "What a run of this chain costs is" if self.name == "usd" else "Its tokens are"
            return InputError(
                f"The budget of {self} cannot be kept: {what} not known. "
                'Prices come with pip install "nbstream[prices]"; else give the budget in tokens, '
                "as {'tokens': 1_000_000}, or leave it out."
            )
        self.spent += needed
        self._largest = max(self._largest, needed)
        self._count += 1
        return None


class Limits:
    """Says whether a run may begin now.

    Not thread-safe: the desk asks it inside its own lock.

    Parameters
    ----------
    clock
        Returns the time in seconds.
    requests_per_minute, tokens_per_minute, budget
        As for `Batch`.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        budget: Any = None,
    ) -> None:
        self._clock = clock
        self._requests: Rate | None = None
        self._tokens: Rate | None = None
        if requests_per_minute is not None:
            self._requests = Rate("requests_per_minute", requests_per_minute)
        if tokens_per_minute is not None:
            self._tokens = Rate("tokens_per_minute", tokens_per_minute)
        self._budget = None if budget is None else Budget(budget)
        self._guesses: dict[int, float] = {}  # tokens that running lines were taken to need
        self._seen: tuple[int, float] = (0, 0.0)  # runs that told their tokens, and how many
        self._until = 0.0  # the provider is left alone
        self._busy = 0  # how often in a row it has said so
        self._asked = 1
        self._room: float | None = None  # runs at a time, after it said that it is busy
        self.is_spent = False
        """Whether the budget allows no more."""

    @property
    def note(self) -> str:
        """A sentence for people about what holds runs up; empty where nothing does."""
        if self.is_spent:
            return f"The budget of {self._budget} allows no further run."
        left = self._until - self._clock()
        if left > 0:
            return f"The provider is busy: the next run begins in {max(1, round(left))} s."
        return ""

    def room(self, wanted: int) -> int:
        """Return how many runs may be under way, of so many that the user allows."""
        return wanted if self._room is None else max(1, min(wanted, int(self._room)))

    def ask(self, running: int) -> float | None:
        """Return the seconds until a run may begin; None: the budget allows none any more."""
        self._asked = running
        now = self._clock()
        if self._until > now:
            return self._until - now
        if self._budget is not None and not self._budget.allows(running):
            self.is_spent = not running
            return MINUTE if running else None
        wait = 0.0
        if self._requests is not None:
            wait = self._requests.wait(now, 1)
        if self._tokens is not None:
            wait = max(wait, self._tokens.wait(now, self._guess))
        return wait

    @property
    def _guess(self) -> float:
        count, tokens = self._seen
        return tokens / count if count else FIRST_GUESS

    def begin(self, index: int) -> None:
        """Count a run that begins."""
        now = self._clock()
        if self._requests is not None:
            self._requests.take(now, 1)
        if self._tokens is not None:
            self._guesses[index] = self._guess
            self._tokens.take(now, self._guess)

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
            self._room = max(1.0, (self._room or self._asked + 1) / 2)
        seconds = asked if asked > 0 else min(LONGEST, 2.0 ** (self._busy - 1))
        self._until = max(self._until, now + seconds)
        return self._until - now

    @staticmethod
    def pause(tries: int) -> float:
        """Return how long one run waits before it is tried again."""
        return float(min(LONGEST, 2.0 ** (tries - 1)))

    def ended(self, line: Line) -> InputError | None:
        """Take note of a run that has ended; return what makes going on impossible."""
        guess = self._guesses.pop(line.index, 0.0)
        if line.tokens is not None:
            needed = (line.input_tokens or 0) + line.tokens
            self._seen = (self._seen[0] + 1, self._seen[1] + needed)
            if self._tokens is not None and needed > guess:
                self._tokens.take(self._clock(), needed - guess)
        if line.status == "done" and self._room is not None:
            self._busy = 0
            self._room += 1 / self._room  # one more when all that run have ended well
        if self._budget is not None and line.status != "stopped":
            return self._budget.add(line)
        return None
