"""The log, and how runs write to it."""

from __future__ import annotations

import asyncio
import threading
import uuid
from time import perf_counter, time
from typing import TYPE_CHECKING, Any, overload

from .._exceptions import InputError, Stopped
from .._files import write_whole
from ._chunks import sum_so_far
from ._jsonl import dump
from ._load import load, read
from ._look import Memo
from ._metrics import Metrics, measure
from ._scope import Scope, enter_scope, leave_scope
from ._types import Event, EventKind, Run, RunType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextvars import Token
    from pathlib import Path

    from typing_extensions import Self

__all__ = ["Trace"]


class Trace:
    """The log of everything that runs inside its ``with`` block.

    Outside such a block nothing is logged, and streaming costs next to nothing more.

    Examples
    --------
    >>> from nbstream import ScriptedChat, Trace
    >>> with Trace() as trace:
    ...     message = ScriptedChat(["Hello", " there"]).invoke("Hi")
    >>> [event.kind for event in trace.events]
    ['start', 'chunk', 'chunk', 'end']
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.runs: list[Run] = []
        self.started_at = time()
        """When the log began, in seconds since 1970."""
        self._origin = perf_counter()
        self._lock = threading.Lock()
        self._listeners: tuple[Callable[[Event], None], ...] = ()
        self._entered: list[Token[Scope | None]] = []
        # By run, so that no lens has to search the log for them.
        self._inputs: list[Any] = []
        self._chunks: list[list[Any]] = []
        self._outputs: dict[int, Any] = {}
        self.memo = Memo()

    def __repr__(self) -> str:
        return f"<Trace: {len(self.runs)} runs, {len(self.events)} events>"

    def __enter__(self) -> Self:
        self._entered.append(enter_scope(Scope(self, None)))
        return self

    def __exit__(self, *_: object) -> None:
        leave_scope(self._entered.pop())

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``listener`` with every event from now on, in the thread that logs it.

        Returns
        -------
        callable
            Call it to unsubscribe.
        """

        # The tuple is replaced, never changed: another thread may be going through it.
        def unsubscribe() -> None:
            self._listeners = tuple(known for known in self._listeners if known is not listener)

        self._listeners = (*self._listeners, listener)
        return unsubscribe

    def output(self, run: Run) -> Any:
        """Return what a run gave: its output, or its chunks added up (so far)."""
        with self._lock:
            if run.index in self._outputs:
                return self._outputs[run.index]
            chunks = list(self._chunks[run.index])
        return sum_so_far(chunks)

    def input(self, run: Run) -> Any:
        """Return what a run was given: known at its start, or added up as it streamed in."""
        if run.streamed_input is not None:
            return sum_so_far(list(run.streamed_input))
        return self._inputs[run.index]

    def metrics(
        self, run: Run | None = None, *, price: Mapping[str, float] | None = None
    ) -> Metrics:
        """Return a run's metrics: time to the first token, rate, gaps, usage, cost.

        `Metrics` says what they are made of, also for a run that did not stream.

        Parameters
        ----------
        run
            By default the first one.
        price
            ``{"input": …, "output": …}`` for a million tokens, in any currency.

        Raises
        ------
        InputError
            If nothing has run yet, or the price has another form.
        """
        if run is None:
            if not self.runs:
                raise InputError("Nothing has run in this log yet, so there is nothing to measure.")
            run = self.runs[0]
        return measure(self, run, price)

    @overload
    def to_jsonl(self, path: None = None) -> str: ...

    @overload
    def to_jsonl(self, path: str | Path) -> Path: ...

    def to_jsonl(self, path: str | Path | None = None) -> str | Path:
        """Return the log as lines of JSON or, where a path is named, write them there.

        Messages, prompts, errors and whatever JSON knows come back from it as they were; of other
        objects only the ``repr`` does.

        Returns
        -------
        str or Path
            The text, or the file it has been written to. What was in that stays until all has been
            written.
        """
        text = "".join(f"{line}\n" for line in dump(self))
        return text if path is None else write_whole(path, text)

    @classmethod
    def from_jsonl(cls, source: str | Path) -> Self:
        """Load a log from a file, or from the text itself.

        Raises
        ------
        InputError
            If it cannot be read or is no such log; it says which line.

        Examples
        --------
        >>> from nbstream import ScriptedChat, Trace
        >>> with Trace() as trace:
        ...     _ = ScriptedChat(["Hello"]).invoke("Hi")
        >>> Trace.from_jsonl(trace.to_jsonl()).events[1].data.content
        'Hello'
        """
        trace = cls()
        load(trace, read(source))
        return trace

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
    ) -> Run:
        """Log that a run begins."""
        run = self.add_run(
            id=str(run_id or uuid.uuid4()),
            name=name,
            run_type=run_type,
            input=input,
            parent=parent,
            tags=list(tags),
            metadata=dict(metadata or {}),
            model=model,
            streamed_input=streamed_input,
        )
        self.log("start", run, input)
        return run

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
        """Append an event that happens now, or at a time in seconds since the log began."""
        with self._lock:
            if time is None:
                time = perf_counter() - self._origin
            # Made as a plain tuple is, which takes half the time: there is one for every token.
            event: Event = tuple.__new__(Event, (len(self.events), time, kind, run, data))
            self.events.append(event)
            if kind == "chunk":
                self._chunks[run.index].append(data)
            elif kind == "end" and data is not None:
                self._outputs[run.index] = data
        for listener in self._listeners:
            listener(event)

    def fail(self, run: Run, error: BaseException) -> None:
        """Log that a run ended early: cancelled where somebody stopped it, else an error."""
        if isinstance(error, (KeyboardInterrupt, GeneratorExit, asyncio.CancelledError, Stopped)):
            self.log("cancelled", run)
        else:
            self.log("error", run, error)
