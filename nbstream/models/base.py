"""`BaseChatModel`: messages in, one message out, in chunks."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, cast, overload

from .._exceptions import InputError, Stopped
from .._iterate import aclosing, close
from .._loops import aiter_in_thread, is_abandoned
from ..events._scope import current_scope
from ..messages import AIMessage, AIMessageChunk, BaseMessage, convert_to_messages, merge_chunks
from ..runnables.base import Runnable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence

    from ..events import RunType, StreamEvent
    from ..events._typed import AsyncChatModelStream, ChatModelStream
    from ..runnables import RunnableBinding, RunnableConfig

__all__ = ["BaseChatModel"]

Schema = TypeVar("Schema")


class BaseChatModel(Runnable[Any, AIMessage]):
    """What all chat models share. A new one defines ``_stream_messages``.

    The input is a text, a prompt value, or messages (see `convert_to_messages`). `invoke` gives an
    `AIMessage`, `stream` the `AIMessageChunk` objects that add up to it.

    Examples
    --------
    >>> from nbstream import AIMessageChunk, BaseChatModel
    >>> class Parrot(BaseChatModel):
    ...     def _stream_messages(self, messages, **kwargs):
    ...         for word in messages[-1].text.split():
    ...             yield AIMessageChunk(word + " ")
    >>> Parrot().invoke("pretty bird").text
    'pretty bird '
    """

    run_type: ClassVar[RunType] = "chat_model"

    @property
    def model_label(self) -> str | None:
        """What the view calls this model."""
        return self.get_name()

    # Said once more here, since a stream's chunks are of a class of their own. Completion in a
    # notebook reads this, too.

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        """Ask the model; return its whole answer."""
        return super().invoke(input, config, **kwargs)

    def stream(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[AIMessageChunk]:
        """Ask the model; yield its answer in chunks as they come."""
        return cast("Iterator[AIMessageChunk]", super().stream(input, config, **kwargs))

    def astream(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        """Do what `stream` does, as an async iterator."""
        return cast("AsyncIterator[AIMessageChunk]", super().astream(input, config, **kwargs))

    if TYPE_CHECKING:

        @overload  # type: ignore[override]
        def stream_events(
            self,
            input: Any,
            config: RunnableConfig | None = None,
            *,
            version: Literal["v3"],
            **kwargs: Any,
        ) -> ChatModelStream: ...
        @overload
        def stream_events(
            self,
            input: Any,
            config: RunnableConfig | None = None,
            *,
            version: str = "v2",
            **kwargs: Any,
        ) -> Iterator[StreamEvent]: ...
        def stream_events(self, *args: Any, **kwargs: Any) -> Any:
            """Do what `Runnable.stream_events` does; version 3 is of one message."""

        @overload  # type: ignore[override]
        def astream_events(
            self,
            input: Any,
            config: RunnableConfig | None = None,
            *,
            version: Literal["v3"],
            **kwargs: Any,
        ) -> Awaitable[AsyncChatModelStream]: ...
        @overload
        def astream_events(
            self,
            input: Any,
            config: RunnableConfig | None = None,
            *,
            version: str = "v2",
            **kwargs: Any,
        ) -> AsyncIterator[StreamEvent]: ...
        def astream_events(self, *args: Any, **kwargs: Any) -> Any:
            """Do what `Runnable.astream_events` does; version 3 is of one message."""

    # One value is the stream's sum: a long answer never waits on one silent request, and whoever
    # listens sees its tokens.

    def _invoke(self, input: Any, **kwargs: Any) -> AIMessage:
        log = _chunk_log()
        chunks = []
        for chunk in self._stream(input, **kwargs):
            log(chunk)
            chunks.append(chunk)
        return merge_chunks(chunks).to_message()

    async def _ainvoke(self, input: Any, **kwargs: Any) -> AIMessage:
        log = _chunk_log()
        chunks = []
        async for chunk in self._astream(input, **kwargs):
            log(chunk)
            chunks.append(chunk)
        return merge_chunks(chunks).to_message()

    def bind_tools(
        self,
        tools: Sequence[Any],  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> RunnableBinding[Any, AIMessage]:
        """Return this model with tools it may call.

        Raises
        ------
        InputError
            If the model cannot call tools.

        Examples
        --------
        >>> from nbstream import ScriptedChat
        >>> ScriptedChat(["Done."]).bind_tools([]).invoke("x").content
        'Done.'
        """
        raise InputError(
            f"{self.get_name()} cannot call tools. Use ChatAnthropic, or define bind_tools()."
        )

    @overload
    def with_structured_output(
        self,
        schema: Any,
        *,
        include_raw: Literal[True],
        method: str | None = None,
        strict: bool | None = None,
    ) -> Runnable[Any, dict[str, Any]]: ...
    @overload
    def with_structured_output(
        self,
        schema: type[Schema],
        *,
        include_raw: Literal[False] = False,
        method: str | None = None,
        strict: bool | None = None,
    ) -> Runnable[Any, Schema]: ...
    @overload
    def with_structured_output(
        self,
        schema: Mapping[str, Any],
        *,
        include_raw: Literal[False] = False,
        method: str | None = None,
        strict: bool | None = None,
    ) -> Runnable[Any, dict[str, Any]]: ...
    @overload
    def with_structured_output(
        self,
        schema: Any,
        *,
        include_raw: bool = False,
        method: str | None = None,
        strict: bool | None = None,
    ) -> Runnable[Any, Any]: ...
    def with_structured_output(
        self,
        schema: Any,
        *,
        include_raw: bool = False,
        method: str | None = None,
        strict: bool | None = None,
    ) -> Runnable[Any, Any]:
        """Return this model with answers in the form of a schema; streamed, they grow.

        Where the endpoint can hold an answer to a schema, it does. Else the model is made to call
        one tool with that schema, and its arguments are the answer.

        Parameters
        ----------
        schema
            A pydantic model (the answer is an instance), a ``TypedDict`` or a JSON schema (the
            answer is a dict).
        include_raw
            Return a dict with ``raw`` (the message), ``parsed``, and ``parsing_error`` instead of
            raising.
        method
            ``"json_schema"`` (the endpoint holds the answer to it), ``"function_calling"`` (a tool)
            or ``"json_mode"`` (the answer's text is JSON, and the prompt says of what form); by
            default what the model can do best.
        strict
            Whether the endpoint is to hold the answer, or the call, to every word of the schema,
            where it has a say in that.

        Raises
        ------
        InputError
            If the model cannot call tools, or not be asked in this way.
        ParseError
            If the answer does not fit, or has none of it.

        Examples
        --------
        >>> from nbstream import AIMessageChunk, ScriptedChat
        >>> call = {"name": "Fish", "args": '{"name": "Goldie"}', "id": "1", "index": 0}
        >>> model = ScriptedChat([AIMessageChunk(tool_call_chunks=[call])])
        >>> schema = {"title": "Fish", "properties": {"name": {"type": "string"}}}
        >>> model.with_structured_output(schema).invoke("A fish, please.")
        {'name': 'Goldie'}
        """
        from ._structured import structured

        return structured(self, schema, include_raw, method, strict)

    def as_langchain(self) -> Any:
        """Return this model as a chat model of LangChain's, for its agents, graphs and chains.

        It streams, calls tools, counts tokens and takes ``with_structured_output`` as those do.

        Raises
        ------
        SetupError
            If LangChain is not installed.

        Examples
        --------
        >>> from langchain_core.prompts import PromptTemplate
        >>> from nbstream import ScriptedChat
        >>> chain = PromptTemplate.from_template("Tell me of {x}.") | ScriptedChat(
        ...     ["A fish."]
        ... ).as_langchain()
        >>> chain.invoke({"x": "the sea"}).content
        'A fish.'
        """
        from ._as_langchain import as_langchain

        return as_langchain(self)

    def _held_to(self, tool: dict[str, Any]) -> dict[str, Any] | None:  # noqa: ARG002
        """Return what holds an answer to a schema, as fields of the request; None: nothing can."""
        return None

    def _begun_with(
        self,
        messages: list[BaseMessage],  # noqa: ARG002
        beginning: str,  # noqa: ARG002
        kwargs: dict[str, Any],  # noqa: ARG002
    ) -> tuple[list[BaseMessage], dict[str, Any]]:
        """Return what has the model go on from the beginning of an answer.

        Raises
        ------
        InputError
            If it cannot; it says why.
        """
        raise InputError(
            f"{self.get_name()} cannot go on from an answer's beginning: it starts each answer "
            "from nothing. ChatLocal can, and so can llama.cpp and vLLM: ChatOpenAI(base_url=...)."
        )

    def _json_mode(self) -> dict[str, Any]:
        """Return the fields of a request that ask for JSON of any form; none: the prompt does."""
        return {}

    def _stream_messages(
        self, messages: list[BaseMessage], **kwargs: Any
    ) -> Iterator[AIMessageChunk]:
        raise NotImplementedError(f"{type(self).__name__} must define _stream_messages().")

    def _astream_messages(
        self, messages: list[BaseMessage], **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        return aiter_in_thread(self._stream_messages(messages, **kwargs))

    def _stream(self, input: Any, **kwargs: Any) -> Iterator[AIMessageChunk]:
        stream_id = _stream_id()
        stream = self._stream_messages(convert_to_messages(input), **kwargs)
        try:
            for chunk in stream:
                if is_abandoned():
                    # Nobody waits for the rest: the endpoint need not write it.
                    raise Stopped
                if chunk.id is None:
                    chunk.id = stream_id
                yield chunk
        finally:
            close(stream)

    async def _astream(self, input: Any, **kwargs: Any) -> AsyncIterator[AIMessageChunk]:
        stream_id = _stream_id()
        chunks = self._astream_messages(convert_to_messages(input), **kwargs)
        async with aclosing(chunks) as stream:
            async for chunk in stream:
                if chunk.id is None:
                    chunk.id = stream_id
                yield chunk


def _chunk_log() -> Callable[[AIMessageChunk], None]:
    """Return what writes a chunk to the log of the run that is under way, if there is one."""
    scope = current_scope()
    if scope is None or scope.trace is None or scope.run is None:
        return lambda _: None
    return partial(scope.trace.log, "chunk", scope.run)


def _stream_id() -> str:
    """Return an id for the chunks of one stream: as in LangChain the run's, if it is logged."""
    scope = current_scope()
    return f"run-{scope.run.id if scope and scope.run else uuid.uuid4()}"
