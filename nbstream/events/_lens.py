"""The log as LangChain's events: `astream_events` and `stream_events`, versions 1 and 2.

The shapes are those of LangChain's guide "How to stream runnables" and of langchain-core 1.8, as
its output shows them; ``docs/langchain.md`` lists where this differs on purpose.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any, TypedDict

from .._exceptions import InputError
from .._iterate import aclose, close
from .._shown import attempt, listed, mapped, message_of, type_name
from ..messages import convert_to_messages
from ._log import Log
from ._scope import Scope, current_scope, within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    from ._types import Event, Run

    Names = Sequence[str] | None
    Filters = tuple[tuple[Names, Names, Names], tuple[Names, Names, Names]]

__all__ = [
    "Mailbox",
    "StreamEvent",
    "astream_events",
    "opened",
    "shown_input",
    "stream_events",
    "unfiltered",
]


class StreamEvent(TypedDict, total=False):
    """One thing that happened in one step, as `astream_events` and `stream_events` give it.

    Examples
    --------
    >>> from nbstream import ScriptedChat
    >>> for event in ScriptedChat(["Hello"]).stream_events("Hi"):
    ...     print(event["event"], event["name"], list(event["data"]))
    on_chat_model_start ScriptedChat ['input']
    on_chat_model_stream ScriptedChat ['chunk']
    on_chat_model_end ScriptedChat ['output']
    """

    event: str
    """``on_[type]_[start | stream | end | error | cancel]`` or ``on_custom_event``."""
    run_id: str
    """The run's UUID."""
    name: str
    """The step's name, such as ``"ChatLocal"``; of a custom event, its own."""
    tags: list[str]
    """The run's tags, with those it inherits."""
    metadata: dict[str, Any]
    """The run's metadata, with what it inherits."""
    data: Any
    """``{"input": …}``, ``{"chunk": …}``, ``{"output": …}``, ``{"error": …}``, or as dispatched."""
    parent_ids: list[str]
    """The runs around this one, the outermost first; only in version 2."""


_SUFFIX = {
    "start": "start",
    "chunk": "stream",
    "end": "end",
    "error": "error",
    "cancelled": "cancel",
}
# What has one value by nature does not report it as a stream, too.
_UNSTREAMED = {"prompt", "tool", "retriever"}


class _Lens:
    """Turns the events of one run, and of all inside it, into dicts."""

    def __init__(self, trace: Log, root_id: str, version: str, filters: Filters) -> None:
        self.trace = trace
        self.root_id = root_id
        self.root: Run | None = None
        self.is_v1 = version == "v1"
        self.include, self.exclude = filters
        # By run: whether its events pass, and the runs around it.
        self._known: dict[int, tuple[bool, list[str]]] = {}

    def __call__(self, event: Event) -> StreamEvent | None:
        run = event.run
        known = self._known.get(run.index)
        if known is None:
            if self.root is None and run.id == self.root_id:
                self.root = run
            passes = self._is_inside(run) and self._passes(run.name, run.run_type, run.tags)
            known = self._known[run.index] = (passes, self._parents(run))
        if event.kind == "custom":
            return self._custom(event, known[1])
        if not known[0]:
            return None
        is_root = run is self.root
        if event.kind == "chunk":
            if run.run_type in _UNSTREAMED and not (self.is_v1 and is_root):
                return None
            data: Any = {"chunk": event.data}
        elif event.kind == "start":
            data = self._start(event, is_root)
        elif event.kind == "end":
            data = self._end(run, is_root)
        elif event.kind == "error":
            data = {"error": {"type": type_name(event.data), "message": message_of(event.data)}}
        else:
            data = {}
        shown: StreamEvent = {
            "event": f"on_{run.run_type}_{_SUFFIX[event.kind]}",
            "run_id": run.id,
            "name": run.name,
            "tags": run.tags,
            "metadata": run.metadata,
            "data": data,
        }
        if not self.is_v1:
            shown["parent_ids"] = known[1]
        return shown

    def _start(self, event: Event, is_root: bool) -> dict[str, Any]:
        if is_root:
            return {"input": event.data}
        if event.run.streamed_input is not None:
            return {}
        return {"input": shown_input(event.run, event.data)}

    def _end(self, run: Run, is_root: bool) -> dict[str, Any]:
        output = self.trace.output(run)
        if is_root:
            return {"output": output}
        if self.is_v1 and run.run_type == "chat_model":
            output = _generations(output)
        return {"output": output, "input": shown_input(run, self.trace.input(run))}

    def _custom(self, event: Event, parents: list[str]) -> StreamEvent | None:
        name, payload = event.data
        run = event.run
        # Version 1 never had these.
        if self.is_v1 or not self._is_inside(run) or not self._passes(name, name, run.tags):
            return None
        return {
            "event": "on_custom_event",
            "run_id": run.id,
            "name": name,
            "tags": run.tags,
            "metadata": run.metadata,
            "data": payload,
            "parent_ids": parents,
        }

    def _is_inside(self, run: Run | None) -> bool:
        while run is not None:
            if run is self.root:
                return True
            run = run.parent
        return False

    def _parents(self, run: Run) -> list[str]:
        ids = run.parent_ids
        # Where the stream is itself part of something larger, that is not shown.
        return ids[ids.index(self.root_id) :] if self.root_id in ids else []

    def _passes(self, name: str, kind: str, tags: Sequence[str]) -> bool:
        def matches(names: Names, types: Names, labels: Names) -> bool:
            return bool(
                (names and name in names)
                or (types and kind in types)
                or (labels and any(tag in labels for tag in tags))
            )

        wanted = matches(*self.include) if any(map(_given, self.include)) else True
        return wanted and not matches(*self.exclude)


def _given(names: Names) -> bool:
    return names is not None


def shown_input(run: Run, value: Any) -> Any:
    """Return what a run inside another one is said to have been given."""
    if run.run_type == "chat_model":
        # What the model cannot read is its error to raise: here it stands as it is.
        return attempt(lambda: {"messages": [convert_to_messages(value)]}, lambda: value)
    if run.run_type == "retriever":
        return {"query": value}
    return value


def _generations(message: Any) -> dict[str, Any]:
    kind = "ChatGenerationChunk" if type_name(message).endswith("Chunk") else "ChatGeneration"
    generation = {
        "text": attempt(lambda: getattr(message, "text", ""), lambda: ""),
        "generation_info": None,
        "type": kind,
        "message": message,
    }
    return {"generations": [[generation]], "llm_output": None, "run": None, "type": "LLMResult"}


def _open(
    config: Mapping[str, Any] | None, version: str, filters: Filters
) -> tuple[Scope, _Lens, dict[str, Any]]:
    """Return the scope to stream in, the lens, and the config, whose run id the lens looks for."""
    for part in filters:
        for what, names in zip(("names", "types", "tags"), part, strict=True):
            if names is not None:
                listed(names, "astream_events", what)
    scope, named = opened(config)
    trace: Any = scope.trace
    return scope, _Lens(trace, named["run_id"], version, filters), named


def unfiltered(filters: Filters) -> None:
    """Refuse filters where nothing is filtered: nothing that was asked for is ignored."""
    for prefix, part in zip(("include", "exclude"), filters, strict=True):
        for what, names in zip(("names", "types", "tags"), part, strict=True):
            if names is not None:
                raise InputError(
                    f"{prefix}_{what} is for versions 'v1' and 'v2'. In 'v3' read what you want: "
                    "for example [m for m in stream.messages]."
                )


def opened(config: Mapping[str, Any] | None) -> tuple[Scope, dict[str, Any]]:
    """Return the scope to stream in, which has a log, and the config, which names the run."""
    named = mapped(config, "A config", "settings")
    named["run_id"] = str(named.get("run_id") or uuid.uuid4())
    scope = current_scope() or Scope(None, None)
    if scope.trace is None:
        scope = scope._replace(trace=Log())
    return scope, named


def _check(version: str) -> None:
    if version not in ("v1", "v2"):
        raise InputError(f"There is no events version {version!r}. Use 'v2', 'v3' or 'v1'.")


def stream_events(
    stream: Callable[..., Iterator[Any]],
    input: Any,
    config: Any,
    version: str,
    filters: Filters,
    kwargs: dict[str, Any],
) -> Iterator[StreamEvent]:
    """Yield what happens in a step's ``stream``."""
    _check(version)

    def events() -> Iterator[StreamEvent]:
        scope, lens, named = _open(config, version, filters)
        heard: deque[Event] = deque()
        leave = lens.trace.subscribe(heard.append)
        with within(scope):
            chunks = stream(input, named, **kwargs)
        try:
            going = True
            while going:
                with within(scope):
                    going = next(chunks, heard) is not heard
                yield from _shown(heard, lens)
        except Exception:
            yield from _shown(heard, lens)
            raise
        finally:
            close(chunks)
            leave()

    return events()


def _shown(heard: deque[Event], lens: _Lens) -> Iterator[StreamEvent]:
    while heard:
        if (event := lens(heard.popleft())) is not None:
            yield event


_AHEAD = 64
"""Events the producer may be ahead of the consumer before it lets that have its turn."""


class Mailbox:
    """Events on their way from any thread to one consumer in a loop."""

    def __init__(self) -> None:
        self.heard: deque[Event] = deque()
        self.full: asyncio.Future[None] | None = None
        """What the producer waits for while it is too far ahead."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._news: asyncio.Future[None] | None = None

    def put(self, event: Event) -> None:
        self.heard.append(event)
        if self._news is not None:
            if threading.get_ident() == self._thread:
                self.wake()
            else:
                self._loop.call_soon_threadsafe(self.wake)

    def wake(self) -> None:
        news, self._news = self._news, None
        if news is not None and not news.done():
            news.set_result(None)

    async def keep_pace(self) -> None:
        """Wait where more is there than the producer may be ahead."""
        if len(self.heard) > _AHEAD:
            self.full = self._loop.create_future()
            await self.full

    def make_room(self) -> None:
        """Let the producer go on once few are left."""
        if self.full is not None and len(self.heard) <= _AHEAD:
            if not self.full.done():
                self.full.set_result(None)
            self.full = None

    async def wait(self) -> None:
        news = self._news = self._loop.create_future()
        # Another thread may have put something in between the last look and now.
        if not self.heard:
            await news
        self._news = None


def astream_events(
    stream: Callable[..., AsyncIterator[Any]],
    input: Any,
    config: Any,
    version: str,
    filters: Filters,
    kwargs: dict[str, Any],
) -> AsyncIterator[StreamEvent]:
    """Yield what happens in a step's ``astream``, also between its chunks."""
    _check(version)
    return _astream_events(stream, input, config, version, filters, kwargs)


async def _astream_events(
    stream: Callable[..., AsyncIterator[Any]],
    input: Any,
    config: Any,
    version: str,
    filters: Filters,
    kwargs: dict[str, Any],
) -> AsyncIterator[StreamEvent]:
    scope, lens, named = _open(config, version, filters)
    mailbox = Mailbox()
    heard = mailbox.heard
    leave = lens.trace.subscribe(mailbox.put)

    async def drain() -> None:
        chunks = stream(input, named, **kwargs)
        try:
            async for _ in chunks:
                await mailbox.keep_pace()
        finally:
            await aclose(chunks)

    with within(scope):
        task = asyncio.ensure_future(drain())
    task.add_done_callback(lambda _: mailbox.wake())
    try:
        while True:
            while heard:
                event = lens(heard.popleft())
                if mailbox.full is not None:
                    mailbox.make_room()
                if event is not None:
                    yield event
            if task.done():
                break
            await mailbox.wait()
        task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        leave()
