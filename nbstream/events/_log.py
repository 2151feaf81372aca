"""The log: what runs write to, and what every lens reads. It knows no lens."""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from time import perf_counter, time
from typing import TYPE_CHECKING, Any, TypeVar

from .._exceptions import Stopped
from .._secrets import hide_in_error
from ._chunks import sum_so_far
from ._look import Memo
from ._types import Event, EventKind, Run, RunType

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from ._question import Question

__all__ = ["OVER", "PLACERS", "Log"]

T = TypeVar("T")

_logger = logging.getLogger(__name__)

OVER = frozenset({"end", "error", "cancelled"})
"""The kinds of the events that end a run."""

PLACERS: list[Callable[[Log, Run | None], Run | None]] = []
"""While other libraries are watched: what knows which of their runs a new one lies in."""


class Log:
    """Runs and their events, in order. It may be written to and read from any thread.

    Examples
    --------
    >>> log = Log()
    >>> run = log.start("greet", input="Hi")
    >>> log.log("chunk", run, "Hello")
    >>> log.log("end", run)
    >>> log.output(run), [event.kind for event in log.events]
    ('Hello', ['start', 'chunk', 'end'])
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        """Everything that happened, in order."""
        self.runs: list[Run] = []
        """Every run, in the order in which they started."""
        self.started_at = time()
        """When the log began, in seconds since 1970."""
        self._origin = perf_counter()
        self._lock = threading.Lock()
        self._listeners: tuple[Callable[[Event], None], ...] = ()
        # By run, so that no lens has to search the log for them.
        self._inputs: list[Any] = []
        self._chunks: list[list[Any]] = []
        self._outputs: dict[int, Any] = {}
        self._so_far: dict[int, Callable[[], Any]] = {}
        self.readers: list[Callable[[], bool]] = []
        """Tell whether somebody who reads this log can answer now."""
        self.questions: dict[str, Question] = {}
        """What waits for an answer, by its run's id."""
        self.memo = Memo()  # what the lenses have made of values already
        self.settle: Callable[[], Awaitable[None]] | None = None
        """What async runs wait for after each event, where a listener works in their loop."""
        # What stopping needs to know.
        self._open: dict[int, Run] = {}  # the runs that have not ended, the oldest first
        self._stopped_below = 0  # chunks of runs with a smaller index end their run
        self._is_stopped = False  # nothing begins
        self._cut: set[int] = set()  # runs that were ended from outside, and -1 for those in them

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self.runs)} runs, {len(self.events)} events>"

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``listener`` with every event from now on, in the thread that logs it.

        A listener that raises is not called again; what it raised goes to Python's own log. One
        with a true ``may_raise`` is, and the run gets what it raised.

        Returns
        -------
        callable
            Call it to unsubscribe.
        """

        # The tuple is replaced, never changed: another thread may be going through it.
        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(one for one in self._listeners if one is not listener)

        with self._lock:
            self._listeners = (*self._listeners, listener)
        return unsubscribe

    def listener(self, kind: type[T]) -> T | None:
        """Return the listener of this kind, if there is one."""
        return next((one for one in self._listeners if isinstance(one, kind)), None)

    def output(self, run: Run) -> Any:
        """Return what a run gave: its output, or its chunks added up (so far)."""
        if run.index < 0:
            return None
        with self._lock:
            if run.index in self._outputs:
                return self._outputs[run.index]
            so_far = self._so_far.get(run.index)
            chunks = list(self._chunks[run.index])
        return so_far() if so_far else sum_so_far(chunks)

    def is_read(self) -> bool:
        """Tell whether a run can ask something of whoever reads this log."""
        return any(can_answer() for can_answer in self.readers)

    def tell_so_far(self, run: Run, value: Callable[[], Any]) -> None:
        """Let a run say what it has given so far, where that is no sum of its chunks."""
        self._so_far[run.index] = value

    def has_chunks(self, run: Run) -> bool:
        """Tell whether a run has streamed."""
        return bool(self._chunks[run.index])

    def input(self, run: Run) -> Any:
        """Return what a run was given: known at its start, or added up as it streamed in."""
        if run.streamed_input is not None:
            return sum_so_far(list(run.streamed_input))
        return self._inputs[run.index]

    # How runs write to the log. The names below are for nbstream's own modules.

    def start(
        self,
        name: str,
        run_type: RunType = "chain",
        input: Any = None,
        *,
        parent: Run | None = None,
        tags: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        run_id: str | None = None,
        model: str | None = None,
        streamed_input: list[Any] | None = None,
        again: tuple[Any, dict[str, Any]] | None = None,
    ) -> Run:
        """Log that a run begins.

        Raises
        ------
        Stopped
            If the log was stopped: what such a run's code begins later is not begun.
        """
        parent = self.placed(parent)
        if self._is_stopped or (parent is not None and parent.index < self._stopped_below):
            raise Stopped
        values: dict[str, Any] = {
            "id": str(run_id or uuid.uuid4()),
            "name": name,
            "run_type": run_type,
            "parent": parent,
            "tags": list(tags),
            "metadata": dict(metadata or {}),
            "model": model,
            "streamed_input": streamed_input,
            "_again": again,
        }
        if self._cut and parent is not None and parent.index in self._cut:
            # A thread that nobody waits for any more goes on; the log does not follow it.
            self._cut.add(-1)
            return Run(index=-1, **values)
        run = self.add_run(input=input, **values)
        try:
            self.log("start", run, input)
        except Exception as error:  # a listener's, which may raise
            self.fail(run, error)
            raise
        return run

    def placed(self, parent: Run | None) -> Run | None:
        """Return the run that a new one lies in: ``parent``, or what is under way inside that."""
        for place in PLACERS:
            parent = place(self, parent)
        return parent

    def add_run(self, *, input: Any, **values: Any) -> Run:
        """Note a run without an event."""
        with self._lock:
            run = Run(index=len(self.runs), **values)
            self.runs.append(run)
            self._inputs.append(input)
            self._chunks.append([])
        return run

    def log(
        self, kind: EventKind, run: Run, data: Any = None, *, time: float | None = None
    ) -> None:
        """Append an event that happens now, or at a time in seconds since the log began.

        Raises
        ------
        Stopped
            If it is a chunk and its run was stopped. The chunk is kept.
        """
        with self._lock:
            if self._cut and run.index in self._cut:
                # Its end is in the log already: what comes late is no part of it.
                if kind == "chunk" and run.index < self._stopped_below:
                    raise Stopped
                return
            if time is None:
                time = perf_counter() - self._origin
            # Made as a plain tuple is, which takes half the time: there is one for every token.
            event: Event = tuple.__new__(Event, (len(self.events), time, kind, run, data))
            self.events.append(event)
            if kind == "chunk":
                self._chunks[run.index].append(data)
            elif kind == "start":
                self._open[run.index] = run
            elif kind in OVER:
                self._open.pop(run.index, None)
                if kind == "end" and data is not None:
                    self._outputs[run.index] = data
        if self._listeners:
            self._tell(event)
        if run.index < self._stopped_below and kind == "chunk":
            raise Stopped

    def fail(self, run: Run, error: BaseException) -> None:
        """Log that a run ended early: cancelled where somebody stopped it, else an error."""
        if isinstance(error, (KeyboardInterrupt, GeneratorExit, asyncio.CancelledError, Stopped)):
            # A thread that it waits for no longer may still be at work.
            self.cut(run)
        else:
            hide_in_error(error)
            self.log("error", run, error)

    def stop(self) -> None:
        """Let every run that is open end with its next chunk, in whichever thread that comes."""
        with self._lock:
            self._is_stopped = True
            self._stopped_below = len(self.runs)

    def is_stopped(self, run: Run) -> bool:
        """Tell whether a run ends at its next chunk, or has been stopped before its end."""
        return run.index < self._stopped_below

    def resume(self) -> None:
        """Let new runs begin again; those that were stopped stay so."""
        self._is_stopped = False

    def cut(self, run: Run | None = None) -> None:
        """Log now that a run and all inside it, or all open runs, are cancelled: innermost first.

        What they log later is left out.
        """
        ended: list[Event] = []
        with self._lock:
            now = perf_counter() - self._origin
            for one in reversed(list(self._open.values())):
                if one is run:
                    break  # what is inside it began after it
                if run is None or _is_inside(one, run):
                    ended.append(Event(len(self.events), now, "cancelled", one, None))
                    self.events.append(ended[-1])
                    del self._open[one.index]
                    self._cut.add(one.index)
        for event in ended:
            self._tell(event)
        if run is not None:
            self.log("cancelled", run)
            self._cut.add(run.index)

    def close(self, error: BaseException) -> None:
        """Let every run that is still open end early, innermost first."""
        with self._lock:
            still = list(self._open.values())
        for run in reversed(still):
            self.fail(run, error)

    def _tell(self, event: Event) -> None:
        raised: Exception | None = None
        for listener in self._listeners:
            try:
                listener(event)
            except Exception as error:
                if getattr(listener, "may_raise", False):
                    raised = error
                else:
                    self._drop(listener)
        if raised is not None:
            raise raised

    def _drop(self, listener: Callable[[Event], None]) -> None:
        _logger.exception("A listener of a log raised an error; it is left out from now on.")
        with self._lock:
            self._listeners = tuple(one for one in self._listeners if one is not listener)


def _is_inside(run: Run | None, outer: Run) -> bool:
    while run is not None and run is not outer:
        run = run.parent
    return run is not None
