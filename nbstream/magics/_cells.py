"""What a shell's cells were and how they ended, as far as prompts can speak of it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from ._errors import CellError, CellStopped

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Cells", "Failure"]

MAX_FAILURES = 100
"""Failures that are remembered."""
MAX_TRACEBACK = 6_000
"""Characters of a traceback that are kept: its end, which says most."""


@dataclass(frozen=True)
class Failure:
    """How a cell failed. It holds texts only: an exception would keep its frames' data alive."""

    count: int | None
    """The cell's number."""
    source: str
    said: str
    """The traceback, from the cell on."""

    def __str__(self) -> str:
        return self.said


class Cells:
    """Watches one shell's cells."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._id: str | None = None
        self._asked = 0
        self.failures: dict[int, Failure] = {}
        self.last_failure: Failure | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._shell.events.register("pre_run_cell", self._before)
        self._shell.events.register("post_run_cell", self._after)

    def stop(self) -> None:
        """Watch no longer."""
        self._shell.events.unregister("pre_run_cell", self._before)
        self._shell.events.unregister("post_run_cell", self._after)

    @property
    def current_id(self) -> str | None:
        """The id of the cell that runs, where the front end gives its cells ids."""
        if self._id is None and hasattr(self._shell, "get_parent"):
            # The cell that loaded this began before it was watched.
            metadata = (self._shell.get_parent() or {}).get("metadata", {})
            return metadata.get("cellId")  # type: ignore[no-any-return]
        return self._id

    def next_place(self) -> str:
        """Return a name for the next prompt of the running cell; empty where cells have no ids.

        Code can send several: each has a turn of its own, which it finds when the cell runs again.
        """
        if not (cell_id := self.current_id):
            return ""
        self._asked += 1
        return cell_id if self._asked == 1 else f"{cell_id}#{self._asked}"

    def _before(self, info: Any) -> None:
        self._id = getattr(info, "cell_id", None)
        self._asked = 0

    def _after(self, result: Any) -> None:
        self._id = None
        error = result.error_before_exec or result.error_in_exec
        if error is None or isinstance(error, KeyboardInterrupt):
            return
        source = getattr(result.info, "raw_cell", None) or ""
        failure = Failure(result.execution_count, source, traceback_of(error))
        if not isinstance(error, (CellError, CellStopped)):  # those explain themselves
            self.last_failure = failure
        if failure.count is not None:
            self.failures[failure.count] = failure
            while len(self.failures) > MAX_FAILURES:
                del self.failures[next(iter(self.failures))]

    def names(self) -> dict[str, Any]:
        """Return what ``In``, ``Out`` and ``Err`` stand for in a prompt."""
        sources = getattr(self._shell.history_manager, "input_hist_raw", [])
        return {
            "In": _Numbered(dict(enumerate(sources)), "has not run"),
            "Out": _Numbered(self._shell.user_ns.get("Out", {}), "gave no value"),
            "Err": _Numbered(self.failures, "raised no error"),
        }


class _Numbered:
    """Something by cell number, with an error that says which numbers there are."""

    def __init__(self, values: Any, missing: str) -> None:
        self._values = values
        self._missing = missing

    def __getitem__(self, number: Any) -> Any:
        if number in self._values:
            return self._values[number]
        known = ", ".join(str(one) for one in list(self._values)[-10:]) or "none"
        raise InputError(
            f"The cell with execution count {number!r} {self._missing}; there are: {known}."
        )


def traceback_of(error: BaseException) -> str:
    """Return the error as Python prints it, from the cell's own code on."""
    if isinstance(error, (CellError, CellStopped)):
        return str(error)
    trace: TracebackType | None = error.__traceback__
    while trace is not None and "IPython" in Path(trace.tb_frame.f_code.co_filename).parts:
        trace = trace.tb_next
    try:
        said = "".join(traceback.format_exception(type(error), error, trace))
    except Exception:  # an error that cannot even be printed
        said = type(error).__name__
    return said.strip() if len(said) <= MAX_TRACEBACK else f"…{said[-MAX_TRACEBACK:].strip()}"
