"""The log, and how runs write to it."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ..messages import AIMessageChunk, merge_chunks
from ._types import Event, EventKind, Run, RunType

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    from typing_extensions import Self

__all__ = ["Scope", "Trace", "add_chunks", "current_scope"]

T = TypeVar("T")


class Scope(NamedTuple):
    """Where a new run belongs: in which log, inside which run."""

    trace: Trace
    run: Run | None


_scope: ContextVar[Scope | None] = ContextVar("nbstream_scope", default=None)

current_scope = _scope.get
"""Return the scope a run started here would belong to, or None where nobody listens."""


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

    def __repr__(self) -> str:
        return f"<Trace: {len(self.runs)} runs, {len(self.events)} events>"

    def __enter__(self) -> Self:
        self._entered.append(_scope.set(Scope(self, None)))
        return self

    def __exit__(self, *_: object) -> None:
        _scope.reset(self._entered.pop())

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
        chunks = []
        for event in self.events:
            if event.run is run:
                if event.kind == "end" and event.data is not None:
                    return event.data
                if event.kind == "chunk":
                    chunks.append(event.data)
        return add_chunks(chunks)

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
    ) -> Run:
        """Log that a run begins."""
        inherited = parent.tags if parent else []
        with self._lock:
            run = Run(
                index=len(self.runs),
                id=str(run_id or uuid.uuid4()),
                name=name,
                run_type=run_type,
                parent=parent,
                tags=[*inherited, *(tag for tag in tags if tag not in inherited)],
                metadata={**(parent.metadata if parent else {}), **(metadata or {})},
                model=model,
            )
            self.runs.append(run)
        self.log("start", run, input)
        return run

    def log(self, kind: EventKind, run: Run, data: Any = None) -> None:
        """Append one event."""
        with self._lock:
            now = time.perf_counter() - self._origin
            event = Event(len(self.events), now, kind, run, data)
            self.events.append(event)
        for listener in self._listeners:
            listener(event)

    def fail(self, run: Run, error: BaseException) -> None:
        """Log that a run ended early: cancelled where somebody stopped it, else an error."""
        if isinstance(error, (KeyboardInterrupt, GeneratorExit, asyncio.CancelledError)):
            self.log("cancelled", run)
        else:
            self.log("error", run, error)

    @contextmanager
    def inside(self, run: Run) -> Iterator[None]:
        """Make ``run`` the parent of what starts in the block; log the failure if it raises."""
        token = _scope.set(Scope(self, run))
        try:
            yield
        except BaseException as error:
            self.fail(run, error)
            raise
        finally:
            _scope.reset(token)

    def follow(self, run: Run, source: Iterator[T]) -> Iterator[T]:
        """Pass on what ``source`` yields and log it as the run's chunks and end.

        The scope is set around each step only: between two chunks the consumer's code runs, and
        what it starts is not part of this run.
        """
        inside = Scope(self, run)
        try:
            while True:
                token = _scope.set(inside)
                try:
                    chunk = next(source)
                except StopIteration:
                    break
                finally:
                    _scope.reset(token)
                self.log("chunk", run, chunk)
                yield chunk
        except BaseException as error:
            try:
                close(source)
            finally:
                self.fail(run, error)
            raise
        self.log("end", run)

    async def afollow(self, run: Run, source: AsyncIterator[T]) -> AsyncIterator[T]:
        """Do what `follow` does, for an async iterator."""
        inside = Scope(self, run)
        try:
            while True:
                token = _scope.set(inside)
                try:
                    chunk = await source.__anext__()
                except StopAsyncIteration:
                    break
                finally:
                    _scope.reset(token)
                self.log("chunk", run, chunk)
                yield chunk
        except BaseException as error:
            try:
                await aclose(source)
            finally:
                self.fail(run, error)
            raise
        self.log("end", run)


def close(source: Any) -> None:
    """Close an iterator now, if it can be closed, so that what it holds is released."""
    if hasattr(source, "close"):
        source.close()


async def aclose(source: Any) -> None:
    """Close an async iterator now, if it can be closed."""
    if hasattr(source, "aclose"):
        await source.aclose()


def add_chunks(chunks: Sequence[Any]) -> Any:
    """Add up what a stream yielded: texts join, message chunks merge, the rest uses ``+``.

    Chunks that cannot be added stand for the whole themselves, so the last one is the result, as
    in LangChain. Returns None where there are none.
    """
    if not chunks:
        return None
    if all(isinstance(chunk, str) for chunk in chunks):
        return "".join(chunks)
    if all(isinstance(chunk, AIMessageChunk) for chunk in chunks):
        return merge_chunks(chunks)
    total = chunks[0]
    for chunk in chunks[1:]:
        try:
            total = total + chunk
        except TypeError:
            total = chunk
    return total
