"""`Runnable`: the one interface of models, prompts, parsers and chains."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from .._exceptions import InputError
from .._loops import run_in_thread
from ..events._trace import Scope, aclose, add_chunks, current_scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from ..events import Run, RunType
    from .config import RunnableConfig
    from .sequence import RunnableSequence

__all__ = ["Input", "Output", "Runnable", "coerce_to_runnable", "is_observed"]

Input = TypeVar("Input", contravariant=True)
Output = TypeVar("Output", covariant=True)


class Runnable(Generic[Input, Output]):
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
        if scope is None:
            return self._invoke(input, **kwargs)
        run = self._start(scope, input, config)
        with scope.trace.inside(run):
            output = self._invoke(input, **kwargs)
        scope.trace.log("end", run, output)
        return output

    async def ainvoke(
        self, input: Input, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Output:
        """Do what `invoke` does, without blocking the event loop."""
        scope = current_scope()
        if scope is None:
            return await self._ainvoke(input, **kwargs)
        run = self._start(scope, input, config)
        with scope.trace.inside(run):
            output = await self._ainvoke(input, **kwargs)
        scope.trace.log("end", run, output)
        return output

    def stream(
        self, input: Input, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Output]:
        """Yield the output in pieces as they come; by default the one final value."""
        return self._observe(current_scope(), input, config, partial(self._stream, input, **kwargs))

    def astream(
        self, input: Input, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Output]:
        """Do what `stream` does, as an async iterator."""
        return self._aobserve(
            current_scope(), input, config, partial(self._astream, input, **kwargs)
        )

    def transform(
        self, input: Iterator[Any], config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Output]:
        """Stream the output while the input itself streams in; by default wait for all of it."""
        source = partial(self._transform, **kwargs)
        return self._observe(current_scope(), None, config, source, upstream=input)

    def atransform(
        self, input: AsyncIterator[Any], config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Output]:
        """Do what `transform` does, asynchronously."""
        source = partial(self._atransform, **kwargs)
        return self._aobserve(current_scope(), None, config, source, upstream=input)

    def batch(
        self,
        inputs: Sequence[Input],
        config: RunnableConfig | None = None,
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
            Applies to each call; ``max_concurrency`` bounds how many run at a time.
        return_exceptions
            Put an exception in its output's place instead of raising the first one.
        """
        if not inputs:
            return []

        def one(input: Input) -> Output:
            try:
                return self.invoke(input, config, **kwargs)
            except Exception as error:
                if return_exceptions:
                    return cast("Output", error)
                raise

        with ThreadPoolExecutor((config or {}).get("max_concurrency")) as pool:
            # Each call gets its own copy of the context: a thread starts with an empty one.
            calls = [pool.submit(copy_context().run, one, item) for item in inputs]
            return [call.result() for call in calls]

    async def abatch(
        self,
        inputs: Sequence[Input],
        config: RunnableConfig | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Output]:
        """Do what `batch` does with tasks instead of threads."""
        turns = asyncio.Semaphore((config or {}).get("max_concurrency") or max(1, len(inputs)))

        async def one(input: Input) -> Output:
            async with turns:
                return await self.ainvoke(input, config, **kwargs)

        outputs = await asyncio.gather(
            *(one(item) for item in inputs), return_exceptions=return_exceptions
        )
        return cast("list[Output]", outputs)

    def __or__(self, other: Any) -> RunnableSequence[Input, Any]:
        from .sequence import RunnableSequence

        return RunnableSequence(self, coerce_to_runnable(other))

    def __ror__(self, other: Any) -> RunnableSequence[Any, Output]:
        from .sequence import RunnableSequence

        return RunnableSequence(coerce_to_runnable(other), self)

    # The hooks: what a step does, with nothing logged.

    def _invoke(self, input: Any, **kwargs: Any) -> Output:
        # A subclass written as for LangChain overrides `invoke` itself.
        if type(self).invoke is Runnable.invoke:
            raise NotImplementedError(f"{type(self).__name__} must define invoke().")
        return self.invoke(input, **kwargs)

    async def _ainvoke(self, input: Any, **kwargs: Any) -> Output:
        return await run_in_thread(self._invoke, input, **kwargs)

    def _stream(self, input: Any, **kwargs: Any) -> Iterator[Output]:
        yield self._invoke(input, **kwargs)

    async def _astream(self, input: Any, **kwargs: Any) -> AsyncIterator[Output]:
        yield await self._ainvoke(input, **kwargs)

    def _transform(self, input: Iterator[Any], **kwargs: Any) -> Iterator[Output]:
        yield from self._stream(add_chunks(list(input)), **kwargs)

    async def _atransform(self, input: AsyncIterator[Any], **kwargs: Any) -> AsyncIterator[Output]:
        whole = add_chunks([chunk async for chunk in input])
        async for chunk in self._astream(whole, **kwargs):
            yield chunk

    # How a call is logged.

    def _start(self, scope: Scope, input: Any, config: RunnableConfig | None) -> Run:
        config = config or {}
        return scope.trace.start(
            config.get("run_name") or self.get_name(),
            self.run_type,
            input,
            parent=scope.run,
            tags=config.get("tags", ()),
            metadata=config.get("metadata"),
            run_id=config.get("run_id"),
            model=self.model_label,
        )

    def _observe(
        self,
        scope: Scope | None,
        input: Any,
        config: RunnableConfig | None,
        source: Callable[..., Iterator[Output]],
        upstream: Iterator[Any] | None = None,
    ) -> Iterator[Output]:
        # The caller's scope is taken when the stream is asked for, since a chain asks for its
        # steps' streams inside its own run; a stream asked for outside of any (and then handed to
        # `show`, say) belongs to where it is consumed.
        scope = scope or current_scope()
        if scope is None:
            yield from source() if upstream is None else source(upstream)
            return
        if upstream is not None:
            # The step before this one is to start first, and it does when its first chunk is asked
            # for; if that fails, this step never ran.
            source = partial(source, chain(list(islice(upstream, 1)), upstream))
        run = self._start(scope, input, config)
        with scope.trace.inside(run):
            chunks = source()
        yield from scope.trace.follow(run, chunks)

    async def _aobserve(
        self,
        scope: Scope | None,
        input: Any,
        config: RunnableConfig | None,
        source: Callable[..., AsyncIterator[Output]],
        upstream: AsyncIterator[Any] | None = None,
    ) -> AsyncIterator[Output]:
        scope = scope or current_scope()
        if scope is None:
            chunks = source() if upstream is None else source(upstream)
        else:
            if upstream is not None:
                source = partial(source, _achain(await anext(upstream, _END), upstream))
            run = self._start(scope, input, config)
            with scope.trace.inside(run):
                chunks = source()
            chunks = scope.trace.afollow(run, chunks)
        try:
            async for chunk in chunks:
                yield chunk
        finally:
            # Unlike `yield from`, an async generator does not close the one inside it.
            await aclose(chunks)


_END = object()


async def _achain(first: Any, rest: AsyncIterator[Any]) -> AsyncIterator[Any]:
    if first is not _END:
        yield first
        async for item in rest:
            yield item


def is_observed(source: Any) -> bool:
    """Tell whether an iterator is a Runnable's own stream, which logs itself."""
    code = getattr(source, "gi_code", None) or getattr(source, "ag_code", None)
    return code in (Runnable._observe.__code__, Runnable._aobserve.__code__)


def coerce_to_runnable(thing: Any) -> Runnable[Any, Any]:
    """Make a step of whatever can be one: a Runnable stays, a function becomes a lambda.

    Raises
    ------
    InputError
        If it is neither.
    """
    from .functions import RunnableLambda

    if isinstance(thing, Runnable):
        return thing
    if callable(thing):
        return RunnableLambda(thing)
    raise InputError(
        f"A chain cannot hold {type(thing).__name__} {thing!r:.80}. "
        "Join Runnables and functions, as in: prompt | model | StrOutputParser()."
    )
