"""What it takes to look at somebody's values: bounds, patience, and a memory of what was slow."""

from __future__ import annotations

import threading
from time import perf_counter
from typing import TYPE_CHECKING, Any

from .._shown import attempt, message_of, shown, stand_in

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Look", "Memo", "more"]

PATIENCE = 5.0
"""Seconds that looks into one value may take; what is still to be looked at then is its type."""
SLOW = 0.01
"""Seconds after which a look is one to remember."""


class Memo:
    """What is known of one log's values: each log has one.

    The form of an event is made once, for all pages and all folds. Beyond that, what took long to
    look at is not looked at again wherever it comes up in the log; the rest is, since a list that
    grows from step to step must be shown as it was at each.
    """

    def __init__(self) -> None:
        self.items: dict[int, dict[str, Any]] = {}
        """The items of frames by their event's number: all but the chunks'. Not to be changed."""
        # With the object, so that its id stays its own.
        self._slow: dict[tuple[int, str], tuple[Any, Any]] = {}
        self._lock = threading.RLock()

    def item(self, seq: int, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return an event's item, made now or before."""
        known = self.items.get(seq)
        if known is not None:
            return known
        # Two threads need not look twice. But neither may wait for ever: the one that looks can be
        # in a `repr` that needs what the other one holds.
        is_alone = self._lock.acquire(timeout=PATIENCE)
        try:
            if seq not in self.items:
                self.items[seq] = make()
            return self.items[seq]
        finally:
            if is_alone:
                self._lock.release()

    def recall(self, value: Any, how: str) -> Any:
        """Return what a slow look gave, or None."""
        known = self._slow.get((id(value), how))
        return None if known is None else known[1]

    def keep(self, value: Any, how: str, form: Any) -> None:
        """Remember what a slow look gave."""
        self._slow[id(value), how] = (value, form)


class Look:
    """One look at one value and all that is in it.

    Parameters
    ----------
    memo
        The log's, where the value is from one.
    nodes, chars
        How many values and characters there may be in all.
    """

    def __init__(self, memo: Memo | None, nodes: int, chars: int) -> None:
        self.memo = Memo() if memo is None else memo
        self.nodes = nodes
        self.chars = chars
        self._until: float | None = None

    def once(self, value: Any, how: str, look: Callable[[], Any]) -> Any:
        """Run somebody's code; return what it gives, or the value's type if it fails."""
        form = self.memo.recall(value, how)
        if form is not None:
            return form
        begin = perf_counter()
        if self._until is None:
            self._until = begin + PATIENCE
        elif begin > self._until:
            return stand_in(value)
        form = attempt(look, lambda: stand_in(value))
        if perf_counter() - begin > SLOW:
            self.memo.keep(value, how, form)
        return form

    def repr(self, value: Any) -> str:
        """Return a value's ``repr``, or its type."""
        text: str = self.once(value, "repr", lambda: shown(value))
        return text

    def message(self, error: BaseException) -> str:
        """Return what an error says, or its type."""
        text: str = self.once(error, "message", lambda: message_of(error))
        return text

    def cut(self, text: str, most: int) -> str:
        """Take a text that may be cut; what is left out is said in its place."""
        room = max(min(most, self.chars), 0)
        left = len(text) - room
        self.chars -= min(len(text), room)
        return text if left <= 0 else f"{text[:room]} … {left:,} more characters"

    @property
    def is_spent(self) -> bool:
        """Whether there is no room for more."""
        return self.nodes <= 0 or self.chars <= 0


def more(count: int) -> str:
    """Say how many entries are left out."""
    return f"… {count:,} more"
