"""The log, and how runs write to it."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

from ._chunks import add_chunks
from ._scope import Scope, enter_scope, leave_scope
from ._types import Event, EventKind, Run, RunType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextvars import Token

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
        self.started_at = time.time()
        """When the log began, in seconds since 1970."""
        self._origin = time.perf_counter()
        self._lock = threading.Lock()
        self._listeners: tuple[Callable[[Event], None], ...] = ()
        self._entered: list[Token[Scope | None]] = []
        # By run, so that no lens has to search the log for them.
        self._inputs: list[Any] = []
        self._chunks: list[list[Any]] = []
        self._outputs: dict[int, Any] = {}

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
        return add_chunks(chunks)

    def input(self, run: Run) -> Any:
        """Return what a run was given: known at its start, or added up as it streamed in."""
        if run.streamed_input is not None:
            return add_chunks(list(run.streamed_input))
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
    ) -> Run:
        """Log that a run begins."""
        with self._lock:
            run = Run(
                index=len(self.runs),
                id=str(run_id or uuid.uuid4()),
                name=name,
                run_type=run_type,
                parent=parent,
                tags=list(tags),
                metadata=dict(metadata or {}),
                model=model,
                streamed_input=streamed_input,
            )
            self.runs.append(run)
            self._inputs.append(input)
            self._chunks.append([])
        self.log("start", run, input)
        return run

    def log(self, kind: EventKind, run: Run, data: Any = None) -> None:
        """Append one event."""
        with self._lock:
            event = Event(len(self.events), time.perf_counter() - self._origin, kind, run, data)
            self.events.append(event)
            if kind == "chunk":
                self._chunks[run.index].append(data)
            elif kind == "end" and data is not None:
                self._outputs[run.index] = data
        for listener in self._listeners:
            listener(event)

    def fail(self, run: Run, error: BaseException) -> None:
        """Log that a run ended early: cancelled where somebody stopped it, else an error."""
        if isinstance(error, (KeyboardInterrupt, GeneratorExit, asyncio.CancelledError)):
            self.log("cancelled", run)
        else:
            self.log("error", run, error)
