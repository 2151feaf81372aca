"""All lines of a batch, and who has seen which of their changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from ._line import STATUSES, Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ._line import Status

__all__ = ["Table"]

_logger = logging.getLogger(__name__)


class Table(Sequence[Line]):
    """The lines by index, how many there are of each status, and what has changed since when.

    It may be used from any thread.
    """

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._lock = threading.Lock()
        self._version = 0  # the last one that was handed out
        self._changed: dict[int, None] = {}  # indices, those that changed last at the end
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._is_told = False  # they have been called since somebody looked
        self.counts: dict[Status, int] = dict.fromkeys(STATUSES, 0)

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> list[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | list[Line]:
        return self._lines[index]

    def __repr__(self) -> str:
        said = ", ".join(f"{count} {status}" for status, count in self.counts.items() if count)
        return f"<{len(self)} lines: {said or 'none'}>"

    def add(self, lines: Iterable[Line]) -> None:
        """Put lines at the end."""
        with self._lock:
            for line in lines:
                self._lines.append(line)
                self.counts[line.status] += 1
                self._note(line)
        self.wake()

    def move(self, line: Line, status: Status) -> None:
        """Give a line another status."""
        with self._lock:
            self.counts[line.status] -= 1
            line.status = status
            self.counts[status] += 1
            self._note(line)
        self.wake()

    def changed(self, line: Line) -> None:
        """Note that a line has changed. Called for each token, so it does little."""
        if line.version <= self._version:
            with self._lock:
                self._note(line)
            self.wake()

    def _note(self, line: Line) -> None:
        line.version = self._version + 1
        self._changed.pop(line.index, None)
        self._changed[line.index] = None

    def changed_since(self, version: int) -> tuple[int, set[int]]:
        """Return the newest version, and the indices of the lines that changed after another."""
        found: set[int] = set()
        with self._lock:
            self._is_told = False
            for index in reversed(self._changed):
                if self._lines[index].version <= version:
                    break
                found.add(index)
            self._version += 1
            return self._version, found

    @property
    def is_watched(self) -> bool:
        """Whether somebody listens."""
        return bool(self._listeners)

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` when something has changed, once until somebody asks what it was."""

        def leave() -> None:
            with self._lock:
                self._listeners = tuple(one for one in self._listeners if one is not callback)

        with self._lock:
            self._listeners = (*self._listeners, callback)
        if self._changed:  # of which it could not be told
            callback()
        return leave

    def wake(self) -> None:
        """Call those who listen, unless that was done since somebody has looked."""
        if self._is_told or not self._listeners:
            return
        self._is_told = True
        for callback in self._listeners:
            try:
                callback()
            except Exception:
                _logger.exception("A listener of a batch raised an error; it is left out.")
                with self._lock:
                    self._listeners = tuple(one for one in self._listeners if one is not callback)
