"""The log as typed streams: `stream_events` and `astream_events`, version 3.

What somebody reads (the texts of a message, the messages of a run) is read off one buffer of
events, each reader at its own pace. The names are those of langchain-core 1.8 and of LangGraph's
run streams; ``docs/langchain.md`` lists where this differs on purpose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._exceptions import InputError, NbstreamError
from .._shown import brief, message_of, near
from ..messages import AIMessageChunk
from ._buffer import AsyncRun, SyncRun
from ._protocol import calls, last_of, of_message, protocol, said, values, whole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator

    from typing_extensions import Self

    from ._protocol import Lens, Read
    from ._types import Event, Run

__all__ = [
    "AsyncChatModelStream",
    "AsyncProjection",
    "AsyncRunStream",
    "ChatModelStream",
    "Projection",
    "RunStream",
    "ToolCallStream",
    "astream_typed",
    "stream_typed",
]

T = TypeVar("T")


class _Reading(Generic[T]):
    """What is read of a run, by a lens of its own for each reader."""

    def __init__(
        self, source: Any, run: Run | None, make: Callable[[Run], Lens], whole: Callable[[Any], Any]
    ) -> None:
        self._source, self._run, self._make, self._whole = source, run, make, whole

    def _begin(self) -> tuple[int, Lens]:
        """Return where to begin, once there is something to read."""
        run = self._run or self._source.root
        return self._source.began[run.index], self._make(run)

    def _result(self) -> Any:
        """Return the whole; one whose end has not come is none."""
        source, run = self._source, self._run or self._source.root
        events = source.events[source.began[run.index] :] if run is not None else ()
        if not any(event.run is run and event.kind == "end" for event in events):
            raise NbstreamError(
                "The run was stopped before its end, so there is no whole. Iterate for what came: "
                "list(stream.text), list(stream.values)."
            )
        return self._whole(source.log.output(run))


class Projection(_Reading[T]):
    """One thing to read of a run: iterate for its parts, as they come; ``get()`` for the whole.

    Each iteration begins at the first part. Of a text, ``str()`` is the whole, too. What the run
    has failed with is raised behind the last part.

    Examples
    --------
    >>> from nbstream import ScriptedChat
    >>> text = ScriptedChat(["Hello", " there"]).stream_events("Hi", version="v3").text
    >>> list(text), str(text)
    (['Hello', ' there'], 'Hello there')
    """

    def __iter__(self) -> Iterator[T]:
        source = self._source
        if source.more(0):
            at, lens = self._begin()
            while at < len(source.events) or source.more(at):
                items, is_over = lens(source.events[at])
                yield from items
                if is_over:
                    return
                at += 1
        if source.error is not None:
            raise source.error

    def get(self) -> Any:
        """Return the whole, once all of it is there."""
        for _ in self:
            pass
        return self._result()

    def __str__(self) -> str:
        return str(self.get())


class AsyncProjection(_Reading[T]):
    """One thing to read of a run: ``async for`` gives its parts, ``await`` the whole.

    Examples
    --------
    >>> import asyncio
    >>> from nbstream import ScriptedChat
    >>> async def main():
    ...     model = ScriptedChat(["Hello", " there"])
    ...     stream = await model.astream_events("Hi", version="v3")
    ...     return [delta async for delta in stream.text], await stream.text
    >>> asyncio.run(main())
    (['Hello', ' there'], 'Hello there')
    """

    async def __aiter__(self) -> AsyncIterator[T]:
        source = self._source
        if await source.more(0):
            at, lens = self._begin()
            while at < len(source.events) or await source.more(at):
                items, is_over = lens(source.events[at])
                for item in items:
                    yield item
                if is_over:
                    return
                at += 1
        if source.error is not None:
            raise source.error

    def __await__(self) -> Generator[Any, None, Any]:
        return self._get().__await__()

    async def _get(self) -> Any:
        async for _ in self:
            pass
        return self._result()


def _as_invoked(output: Any) -> Any:
    return output.to_message() if isinstance(output, AIMessageChunk) else output


class _Stream:
    """What can be read of a run, for both kinds of readers."""

    _reading: type[Any]
    _message: type[Any]

    def __init__(self, source: Any, run: Run | None = None) -> None:
        self._source, self._run = source, run

    def _read(self, make: Callable[[Run, Any], Lens], whole: Any = lambda output: output) -> Any:
        log = self._source.log
        return self._reading(self._source, self._run, lambda run: make(run, log), whole)

    def _started(self, kind: str, make: type[Any]) -> Any:
        """Read the runs of a kind inside this one, each as it begins."""

        def lens_of(root: Run, _: Any) -> Lens:
            def lens(event: Event) -> Read:
                is_new = event.kind == "start" and event.run.run_type == kind
                found = [make(self._source, event.run)] if is_new else []
                return found, last_of(root, event)

            return lens

        return self._read(lens_of)

    @property
    def values(self) -> Any:
        """What the run has given so far, each time that it has given more."""
        return self._read(values, _as_invoked)

    @property
    def messages(self) -> Any:
        """The answers of the models in the run, each a stream of its own, as they begin."""
        return self._started("chat_model", self._message)


class _Message(_Stream):
    """One answer of a model."""

    @property
    def text(self) -> Any:
        """The parts of the text; the whole is the text."""
        return self._read(
            lambda run, log: of_message(run, log, said("text")),
            lambda message: getattr(message, "text", "") or "",
        )

    @property
    def reasoning(self) -> Any:
        """The parts of what the model has thought; the whole is that text."""
        return self._read(
            lambda run, log: of_message(run, log, said("reasoning")),
            lambda message: "".join(said("reasoning")(message)),
        )

    @property
    def tool_calls(self) -> Any:
        """Parts of the calls that the model asks for; the whole is a list of these calls."""
        return self._read(
            lambda run, log: of_message(run, log, calls()),
            lambda message: list(getattr(message, "tool_calls", ())),
        )

    @property
    def message_id(self) -> str | None:
        """The message's id, once the model has begun, where the provider gives it no other."""
        run = self._run or self._source.root
        return f"run-{run.id}" if run is not None else None


class ToolCallStream(_Stream):
    """One call of a tool inside a run: what ``tool_calls`` of a `RunStream` gives.

    Examples
    --------
    >>> from nbstream import RunnableLambda, tool
    >>> @tool
    ... def add(a: int, b: int) -> int:
    ...     "Add two numbers."
    ...     return a + b
    >>> chain = RunnableLambda(lambda numbers: add.invoke(numbers))
    >>> for call in chain.stream_events({"a": 1, "b": 2}, version="v3").tool_calls:
    ...     print(call.tool_name, call.input)
    add {'a': 1, 'b': 2}
    >>> call.completed, call.output
    (True, 3)
    """

    @property
    def tool_name(self) -> str:
        """The tool's name."""
        return self._own.name

    @property
    def input(self) -> Any:
        """What it was given."""
        given = self._source.log.input(self._own)
        return given["args"] if isinstance(given, dict) and "args" in given else given

    @property
    def tool_call_id(self) -> str | None:
        """The id of the model's call that it answers, if there was one."""
        given = self._source.log.input(self._own)
        return given.get("id") if isinstance(given, dict) and "args" in given else None

    @property
    def output_deltas(self) -> Any:
        """What it gives part by part."""
        return self._read(lambda run, log: of_message(run, log, lambda delta: [delta]))

    @property
    def output(self) -> Any:
        """What it has given; None as long as it runs, and where it failed."""
        end = self._end
        return self._source.log.output(self._own) if end and end.kind == "end" else None

    @property
    def error(self) -> str | None:
        """What it failed with."""
        end = self._end
        return message_of(end.data) if end and end.kind == "error" else None

    @property
    def completed(self) -> bool:
        """Whether it has come to an end."""
        return self._end is not None

    @property
    def _own(self) -> Run:
        return self._run  # type: ignore[return-value]

    @property
    def _end(self) -> Event | None:
        ends = ("end", "error", "cancelled")
        known = self._source.events[self._source.began[self._own.index] :]
        return next((e for e in known if e.run is self._own and e.kind in ends), None)


class _SyncStream(_Stream):
    """What both kinds of streams have that are read in the caller's thread."""

    _reading = Projection

    @property
    def output(self) -> Any:
        """What the run has given, once it has ended."""
        return self.values.get()

    def interleave(self, *names: str) -> Iterator[tuple[str, Any]]:
        """Yield ``(name, item)`` of several projections, in the order in which they come.

        Examples
        --------
        >>> from nbstream import ScriptedChat
        >>> stream = ScriptedChat(["Hel", "lo"]).stream_events("Hi", version="v3")
        >>> [(name, str(item)) for name, item in stream.interleave("text", "tool_calls")]
        [('text', 'Hel'), ('text', 'lo')]
        """
        read = [(name, getattr(self, _known(self, name))) for name in names]
        source = self._source
        if source.more(0):
            open_ = [(name, *projection._begin()) for name, projection in read]
            at = min((begin for _, begin, _ in open_), default=0)
            while open_ and (at < len(source.events) or source.more(at)):
                event = source.events[at]
                for one in list(open_):
                    name, begin, lens = one
                    if at < begin:
                        continue
                    items, is_over = lens(event)
                    yield from ((name, item) for item in items)
                    if is_over:
                        open_.remove(one)
                at += 1
        if source.error is not None:
            raise source.error

    def close(self) -> None:
        """End the run, whatever has been read of it."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ChatModelStream(_Message, _SyncStream):
    """One answer of a model, to be read in several ways: what ``version="v3"`` gives for a model.

    ``text``, ``reasoning`` and ``tool_calls`` are read part by part, each as often as you like;
    ``output`` is the whole message. Iterating over the stream itself gives the events of the
    content-block protocol (``message-start``, ``content-block-delta``, …) as dicts. The model runs
    as you read.

    Examples
    --------
    >>> from nbstream import ScriptedChat
    >>> stream = ScriptedChat(["Hello", " there"]).stream_events("Hi", version="v3")
    >>> for delta in stream.text:
    ...     print(delta, end="|")
    Hello| there|
    >>> stream.output.text
    'Hello there'
    """

    def __iter__(self) -> Iterator[dict[str, Any]]:
        yield from self._read(protocol)


class RunStream(_SyncStream):
    """A run, to be read in several ways: what ``version="v3"`` gives for a chain.

    ``messages`` gives a `ChatModelStream` for each model that runs in it, ``tool_calls`` a
    `ToolCallStream` for each tool, ``values`` what the chain has given so far, ``output`` what it
    has given at its end. Iterating over the stream itself gives all of it as events, dicts with a
    ``method`` (``"messages"``, ``"tools"``, ``"values"``, ``"custom"``) and ``params``. The chain
    runs as you read.

    Examples
    --------
    >>> from nbstream import ScriptedChat, StrOutputParser
    >>> chain = ScriptedChat(["Hello", " there"]) | StrOutputParser() | str.upper
    >>> stream = chain.stream_events("Hi", version="v3")
    >>> for message in stream.messages:
    ...     print(list(message.text))
    ['Hello', ' there']
    >>> stream.output
    'HELLO THERE'
    """

    def __iter__(self) -> Iterator[dict[str, Any]]:
        yield from self._read(whole)

    @property
    def tool_calls(self) -> Any:
        """The calls of tools in the run, each as it begins."""
        return self._started("tool", _SyncToolCall)


class _AsyncStream(_Stream):
    """What both kinds of streams have that are read in an event loop."""

    _reading = AsyncProjection

    @property
    def output(self) -> Any:
        """What the run has given: to be awaited."""
        return self.values

    async def aclose(self) -> None:
        """End the run, whatever has been read of it."""
        await self._source.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class AsyncChatModelStream(_Message, _AsyncStream):
    """What `ChatModelStream` is, in an event loop: ``async for`` the parts, ``await`` the wholes.

    Examples
    --------
    >>> import asyncio
    >>> from nbstream import ScriptedChat
    >>> async def main():
    ...     stream = await ScriptedChat(["Hello"]).astream_events("Hi", version="v3")
    ...     return (await stream.output).text
    >>> asyncio.run(main())
    'Hello'
    """

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        async for event in self._read(protocol):
            yield event

    def __await__(self) -> Generator[Any, None, Any]:
        return self.output.__await__()  # type: ignore[no-any-return]


class AsyncRunStream(_AsyncStream):
    """What `RunStream` is, in an event loop: ``async for`` the parts, ``await`` the wholes.

    Examples
    --------
    >>> import asyncio
    >>> from nbstream import ScriptedChat, StrOutputParser
    >>> async def main():
    ...     chain = ScriptedChat(["Hello"]) | StrOutputParser()
    ...     stream = await chain.astream_events("Hi", version="v3")
    ...     async for message in stream.messages:
    ...         print(await message.text)
    ...     return await stream.output
    >>> asyncio.run(main())
    Hello
    'Hello'
    """

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        async for event in self._read(whole):
            yield event

    @property
    def tool_calls(self) -> Any:
        """The calls of tools in the run, each as it begins."""
        return self._started("tool", _AsyncToolCall)


class _SyncToolCall(ToolCallStream, _SyncStream):
    pass


class _AsyncToolCall(ToolCallStream, _AsyncStream):
    pass


_Stream._message = ChatModelStream
_AsyncStream._message = AsyncChatModelStream


def _known(stream: Any, name: str) -> str:
    names = [
        n
        for n in ("messages", "reasoning", "text", "tool_calls", "values")
        if hasattr(type(stream), n)
    ]
    if name not in names:
        raise InputError(
            f"interleave takes {', '.join(map(repr, names))}, not {brief(name)}.{near(name, names)}"
        )
    return name


def stream_typed(
    stream: Callable[..., Any], input: Any, config: Any, is_model: bool, kwargs: dict[str, Any]
) -> ChatModelStream | RunStream:
    """Return a step's ``stream`` as typed streams; it begins when somebody reads."""
    source = SyncRun(stream, input, config, kwargs)
    return ChatModelStream(source) if is_model else RunStream(source)


async def astream_typed(
    stream: Callable[..., Any], input: Any, config: Any, is_model: bool, kwargs: dict[str, Any]
) -> AsyncChatModelStream | AsyncRunStream:
    """Do what `stream_typed` does, for an ``astream``."""
    source = AsyncRun(stream, input, config, kwargs)
    return AsyncChatModelStream(source) if is_model else AsyncRunStream(source)
