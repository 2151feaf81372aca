"""`Runnable`: the one interface of models, prompts, parsers and chains."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from .._exceptions import InputError
from .._iterate import aclosing
from .._loops import run_in_thread
from .._shown import brief
from ..events._chunks import add_chunks
from ..events._follow import inside
from ..events._lens import astream_events, stream_events, unfiltered
from ..events._scope import current_scope, within
from ..events._typed import astream_typed, stream_typed
from . import _batch
from ._fluent import Fluent, Input, Output
from ._observe import aobserve, enter, observe

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from ..events import RunType, StreamEvent
    from ..events._scope import Scope
    from ..events._typed import AsyncRunStream, RunStream
    from .config import RunnableConfig

__all__ = ["Runnable"]


class Runnable(Fluent[Input, Output]):
    """A step that can be called, streamed and joined to others with ``|``.

    The public methods are the same for all and write to the log where somebody listens (see
    `Trace`). A subclass says what the step does by overriding `invoke`, or the hooks behind the
    public methods where it can do better: ``_invoke`` and ``_ainvoke`` (one value), ``_stream``
    and ``_astream`` (several, for one input), ``_transform`` and ``_atransform`` (several, while
    the input itself still streams in).

    Examples
    --------
    >>> from nbstream import Runnable
    >>> class Shout(Runnable):
    ...     def invoke(self, input, config=None, **kwargs):
    ...         return input.upper()
    >>> list(Shout().stream("hello"))
    ['HELLO']
    >>> (Shout() | len).batch(["a", "bc"])
    [1, 2]
    """

    name: str | None = None
    run_type: ClassVar[RunType] = "chain"
    """The kind of step, as the log and the events call it."""
    _logs_whole: ClassVar[bool] = False
    """Whether a log has its output alone, and not the chunks that it yields."""

    def get_name(self) -> str:
        """Return the name this step has in the log."""
        return self.name or type(self).__name__

    @property
    def model_label(self) -> str | None:
        """What to call the model in front of people, where this step is one."""
        return None

    def invoke(self, input: Input, config: RunnableConfig | None = None, **kwargs: Any) -> Output:
        """Turn one input into one output."""
        scope = current_scope()
        if scope is None and not config:
            return self._invoke(input, **kwargs)
        scope = enter(self, scope, input, config, kwargs=kwargs)
        with inside(scope):
            output = self._invoke(input, **kwargs)
        if scope.trace is not None and scope.run is not None:
            scope.trace.log("end", scope.run, output)
        return output

    async def ainvoke(
        self, input: Input, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Output:
        """Do what `invoke` does, without blocking the event loop."""
        scope = current_scope()
        if scope is None and not config:
            return await self._ainvoke(input, **kwargs)
        scope = enter(self, scope, input, config, kwargs=kwargs, is_async=True)
        try:
            with inside(scope):
                if scope.trace is not None and scope.trace.settle is not None:
                    await scope.trace.settle()
                output = await self._ainvoke(input, **kwargs)
            if scope.trace is not None and scope.run is not None:
                scope.trace.log("end", scope.run, output)
        finally:
            if scope.trace is not None and scope.trace.settle is not None:
                await scope.trace.settle()
        return output

    def stream(
        self, input: Input, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Output]:
        """Yield the output in chunks as they come; by default the one final value."""
        cls = type(self)
        is_single = cls._stream is Runnable._stream and cls._transform is Runnable._transform
        source = partial(self._stream, input, **kwargs)
        return observe(self, input, config, source, is_single=is_single)

    def astream(
        self, input: Input, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Output]:
        """Do what `stream` does, as an async iterator."""
        cls = type(self)
        is_single = cls._astream is Runnable._astream and cls._atransform is Runnable._atransform
        source = partial(self._astream, input, **kwargs)
        return aobserve(self, input, config, source, is_single=is_single)

    def transform(
        self, input: Iterator[Any], config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Output]:
        """Stream the output while the input itself streams in; by default wait for all of it.

        Raises
        ------
        InputError
            If the input is an async iterator: that is for `atransform`.
        """
        if not isinstance(input, Iterator):
            raise InputError(
                f"transform() needs an iterator, not {brief(input)}. "
                "Use atransform() for an async one, and stream() for one input."
            )
        if type(self)._transform is Runnable._transform:
            # It waits for the whole in any case: its run then begins with an input that is known.
            return self._collected(current_scope(), input, config, **kwargs)
        return observe(self, None, config, partial(self._transform, **kwargs), upstream=input)

    def atransform(
        self, input: AsyncIterator[Any], config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Output]:
        """Do what `transform` does, asynchronously."""
        if not isinstance(input, AsyncIterator):
            raise InputError(
                f"atransform() needs an async iterator, not {brief(input)}. "
                "Use transform() for a plain one, and astream() for one input."
            )
        if type(self)._atransform is Runnable._atransform:
            return self._acollected(current_scope(), input, config, **kwargs)
        return aobserve(self, None, config, partial(self._atransform, **kwargs), upstream=input)

    # Several inputs.

    def batch(
        self,
        inputs: Sequence[Input],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Output]:
        """Invoke several inputs in parallel threads; the outputs keep the inputs' order.

        Parameters
        ----------
        inputs
            One input for each call.
        config
            For each call, or a list with one for each. ``max_concurrency`` bounds how many run at a
            time, ``executor`` says where.
        return_exceptions
            Put an exception in its output's place instead of raising the first one.
        """
        return _batch.batch(self, inputs, config, return_exceptions, kwargs)

    async def abatch(
        self,
        inputs: Sequence[Input],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Output]:
        """Do what `batch` does with tasks instead of threads."""
        return await _batch.abatch(self, inputs, config, return_exceptions, kwargs)

    def batch_as_completed(
        self,
        inputs: Sequence[Input],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> Iterator[tuple[int, Output | Exception]]:
        """Do what `batch` does, yielding ``(index, output)`` as each call ends."""
        return _batch.batch_as_completed(self, inputs, config, return_exceptions, kwargs)

    def abatch_as_completed(
        self,
        inputs: Sequence[Input],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> AsyncIterator[tuple[int, Output | Exception]]:
        """Do what `batch_as_completed` does with tasks instead of threads."""
        return _batch.abatch_as_completed(self, inputs, config, return_exceptions, kwargs)

    # What happens inside.

    @overload
    def astream_events(
        self,
        input: Any,
        config: RunnableConfig | None = None,
        *,
        version: Literal["v3"],
        **kwargs: Any,
    ) -> Awaitable[AsyncRunStream]: ...

    @overload
    def astream_events(
        self,
        input: Any,
        config: RunnableConfig | None = None,
        *,
        version: str = "v2",
        include_names: Sequence[str] | None = None,
        include_types: Sequence[str] | None = None,
        include_tags: Sequence[str] | None = None,
        exclude_names: Sequence[str] | None = None,
        exclude_types: Sequence[str] | None = None,
        exclude_tags: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[StreamEvent]: ...

    def astream_events(
        self,
        input: Any,
        config: RunnableConfig | None = None,
        *,
        version: str = "v2",
        include_names: Sequence[str] | None = None,
        include_types: Sequence[str] | None = None,
        include_tags: Sequence[str] | None = None,
        exclude_names: Sequence[str] | None = None,
        exclude_types: Sequence[str] | None = None,
        exclude_tags: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Stream the input through and yield what happens in every step, as it happens.

        Parameters
        ----------
        input, config
            As for `astream`.
        version
            ``"v2"``, or ``"v1"`` for the older form without ``parent_ids``. ``"v3"`` gives typed
            streams instead of events: ``await`` it for an `AsyncChatModelStream` of a model, an
            `AsyncRunStream` of all else, which is read part by part in several ways.
        include_names, include_types, include_tags
            Yield only events of runs with one of these names, types (``"chat_model"``, …) or tags.
        exclude_names, exclude_types, exclude_tags
            Leave out events of runs with one of these.

        Yields
        ------
        dict
            LangChain's published form: ``event`` (``"on_chat_model_stream"``), ``run_id``,
            ``name``, ``tags``, ``metadata``, ``data``, and in v2 ``parent_ids``. Beyond it, every
            run that fails or is stopped ends with ``on_…_error`` or ``on_…_cancel``.

        Raises
        ------
        InputError
            If there is no such version.

        Examples
        --------
        >>> import asyncio
        >>> from nbstream import ScriptedChat
        >>> async def main():
        ...     async for event in ScriptedChat(["Hi"]).astream_events("x"):
        ...         print(event["event"])
        >>> asyncio.run(main())
        on_chat_model_start
        on_chat_model_stream
        on_chat_model_end
        """
        filters = (
            (include_names, include_types, include_tags),
            (exclude_names, exclude_types, exclude_tags),
        )
        if version == "v3":
            unfiltered(filters)
            return astream_typed(self.astream, input, config, self._is_model(), kwargs)
        return astream_events(self.astream, input, config, version, filters, kwargs)

    @overload
    def stream_events(
        self,
        input: Any,
        config: RunnableConfig | None = None,
        *,
        version: Literal["v3"],
        **kwargs: Any,
    ) -> RunStream: ...

    @overload
    def stream_events(
        self,
        input: Any,
        config: RunnableConfig | None = None,
        *,
        version: str = "v2",
        include_names: Sequence[str] | None = None,
        include_types: Sequence[str] | None = None,
        include_tags: Sequence[str] | None = None,
        exclude_names: Sequence[str] | None = None,
        exclude_types: Sequence[str] | None = None,
        exclude_tags: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> Iterator[StreamEvent]: ...

    def stream_events(
        self,
        input: Any,
        config: RunnableConfig | None = None,
        *,
        version: str = "v2",
        include_names: Sequence[str] | None = None,
        include_types: Sequence[str] | None = None,
        include_tags: Sequence[str] | None = None,
        exclude_names: Sequence[str] | None = None,
        exclude_types: Sequence[str] | None = None,
        exclude_tags: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Do what `astream_events` does, synchronously.

        It runs in the caller's thread: what happens inside between two chunks of the outermost
        step is yielded when the second one comes. ``version="v3"`` gives a `ChatModelStream` of a
        model, a `RunStream` of all else.
        """
        filters = (
            (include_names, include_types, include_tags),
            (exclude_names, exclude_types, exclude_tags),
        )
        if version == "v3":
            unfiltered(filters)
            return stream_typed(self.stream, input, config, self._is_model(), kwargs)
        return stream_events(self.stream, input, config, version, filters, kwargs)

    def _is_model(self) -> bool:
        """Tell whether what streams is one message of a model."""
        return self.run_type == "chat_model"

    def _has_own(self, name: str) -> bool:
        """Tell whether ``batch`` or ``abatch`` is one that a subclass has written."""
        return getattr(type(self), name) is not getattr(Runnable, name)

    # The hooks: what a step does, with nothing logged.

    def _invoke(self, input: Any, **kwargs: Any) -> Output:
        # A subclass written as for LangChain overrides `invoke` itself.
        if type(self).invoke is Runnable.invoke:
            raise NotImplementedError(f"{type(self).__name__} must define invoke().")
        return self.invoke(input, **kwargs)

    async def _ainvoke(self, input: Any, **kwargs: Any) -> Output:
        return await run_in_thread(self._invoke, input, **kwargs)

    def _stream(self, input: Any, **kwargs: Any) -> Iterator[Output]:
        if type(self)._transform is not Runnable._transform:
            return self._transform(iter((input,)), **kwargs)
        return self._once(input, **kwargs)

    def _astream(self, input: Any, **kwargs: Any) -> AsyncIterator[Output]:
        if type(self)._atransform is not Runnable._atransform:
            return self._atransform(_aiter_of(input), **kwargs)
        return self._aonce(input, **kwargs)

    def _transform(self, input: Iterator[Any], **kwargs: Any) -> Iterator[Output]:
        return self._stream(add_chunks(list(input)), **kwargs)

    async def _atransform(self, input: AsyncIterator[Any], **kwargs: Any) -> AsyncIterator[Output]:
        whole = add_chunks([chunk async for chunk in input])
        async for chunk in self._astream(whole, **kwargs):
            yield chunk

    def _once(self, input: Any, **kwargs: Any) -> Iterator[Output]:
        yield self._invoke(input, **kwargs)

    async def _aonce(self, input: Any, **kwargs: Any) -> AsyncIterator[Output]:
        yield await self._ainvoke(input, **kwargs)

    def _collected(
        self,
        scope: Scope | None,
        input: Iterator[Any],
        config: RunnableConfig | None,
        **kwargs: Any,
    ) -> Iterator[Output]:
        if chunks := list(input):
            with within(scope):
                stream = self.stream(add_chunks(chunks), config, **kwargs)
            yield from stream

    async def _acollected(
        self,
        scope: Scope | None,
        input: AsyncIterator[Any],
        config: RunnableConfig | None,
        **kwargs: Any,
    ) -> AsyncIterator[Output]:
        if chunks := [chunk async for chunk in input]:
            with within(scope):
                stream = self.astream(add_chunks(chunks), config, **kwargs)
            async with aclosing(stream):
                async for chunk in stream:
                    yield chunk


async def _aiter_of(value: Any) -> AsyncIterator[Any]:
    yield value
