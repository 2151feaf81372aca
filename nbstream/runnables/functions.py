"""Functions as steps: `RunnableLambda`, `RunnableGenerator`, and the `chain` decorator."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, overload

from .._exceptions import InputError
from .._iterate import aclosing
from .._loops import aiter_in_thread, iter_from_loop, iter_sync, run_in_thread, run_sync
from .._shown import brief
from .._threads import has_threads, pool
from ..events._chunks import add_chunks
from ._fluent import Input, Output
from ._functions import caller, is_async_generator_function, is_generator_function, name_of
from .base import Runnable
from .config import one_deeper

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

__all__ = ["RunnableGenerator", "RunnableLambda", "chain"]


class RunnableLambda(Runnable[Input, Output]):
    """A function of one argument as a step.

    A coroutine function works from both sides, and so does a plain one. A function with a second
    parameter named ``config`` gets the config. A generator function streams what it yields, and
    invoked gives the sum. If a function returns a Runnable, that is called with the same input, in
    turn, at most 25 deep, or as ``recursion_limit`` in the config says.

    Parameters
    ----------
    func
        The function.
    afunc
        What to await instead in `ainvoke` and `astream`. By default ``func``, in a thread where it
        is not a coroutine function.
    name
        Its name in the log, by default the function's own.

    Raises
    ------
    InputError
        If it is not a function.
    RecursionError
        On a call, if functions return steps that return steps, and so on beyond that limit.

    Examples
    --------
    >>> from nbstream import RunnableLambda
    >>> RunnableLambda(lambda text: text[::-1]).invoke("abc")
    'cba'
    """

    # As with ``|``: awaited, yielded one by one, or what a Runnable that is returned gives.

    @overload
    def __init__(
        self,
        func: Callable[[Input], Runnable[Any, Output]],
        afunc: Any = None,
        name: str | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self, func: Callable[[Input], Awaitable[Output]], afunc: Any = None, name: str | None = None
    ) -> None: ...
    @overload
    def __init__(
        self,
        func: Callable[[Input], AsyncIterator[Output]],
        afunc: Any = None,
        name: str | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self, func: Callable[[Input], Iterator[Output]], afunc: Any = None, name: str | None = None
    ) -> None: ...
    @overload
    def __init__(
        self, func: Callable[[Input], Output], afunc: Any = None, name: str | None = None
    ) -> None: ...
    @overload
    def __init__(
        self: RunnableLambda[Any, Any],
        func: Callable[..., Any],
        afunc: Any = None,
        name: str | None = None,
    ) -> None: ...
    def __init__(
        self,
        func: Callable[..., Any],
        afunc: Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> None:
        for function in filter(None, (func, afunc)):
            if not callable(function):
                raise InputError(
                    f"RunnableLambda needs a function, not {brief(function)}. "
                    "Pass one that takes the input, as in RunnableLambda(lambda x: x + 1)."
                )
        self.func = func
        self.afunc = afunc
        self.name = name
        self._call = caller(func)
        self._acall = caller(afunc or func)

    def __repr__(self) -> str:
        return f"RunnableLambda({name_of(self.func)})"

    def get_name(self) -> str:
        """Return the given name, else the function's; ``RunnableLambda`` for a lambda."""
        own = name_of(self.func)
        return self.name or (own if own.isidentifier() else "RunnableLambda")

    def _invoke(self, input: Any, **kwargs: Any) -> Any:
        value = self._call(input, kwargs)
        if inspect.iscoroutine(value):
            value = run_sync(value)
        elif inspect.isasyncgen(value):
            value = add_chunks(list(iter_sync(value)))
        elif inspect.isgenerator(value):
            value = add_chunks(list(value))
        if isinstance(value, Runnable):
            return value.invoke(input, one_deeper(self.get_name()))
        return value

    async def _ainvoke(self, input: Any, **kwargs: Any) -> Any:
        value = await self._avalue(input, kwargs)
        if inspect.isasyncgen(value):
            value = add_chunks([chunk async for chunk in value])
        elif inspect.isgenerator(value):
            value = add_chunks([chunk async for chunk in aiter_in_thread(value)])
        if isinstance(value, Runnable):
            return await value.ainvoke(input, one_deeper(self.get_name()))
        return value

    async def _avalue(self, input: Any, kwargs: dict[str, Any]) -> Any:
        function = self.afunc or self.func
        if inspect.iscoroutinefunction(function):
            return await self._acall(input, kwargs)
        if is_generator_function(function):
            return self._acall(input, kwargs)  # nothing of it runs yet
        value = await run_in_thread(self._acall, input, kwargs)
        return await value if inspect.isawaitable(value) else value

    def _transform(self, input: Iterator[Any], **kwargs: Any) -> Iterator[Any]:
        whole = add_chunks(list(input))
        value = self._call(whole, kwargs)
        if inspect.iscoroutine(value):
            value = run_sync(value)
        if inspect.isgenerator(value):
            yield from value
        elif inspect.isasyncgen(value):
            yield from iter_sync(value)
        elif isinstance(value, Runnable):
            yield from value.stream(whole, one_deeper(self.get_name()))
        else:
            yield value

    async def _atransform(self, input: AsyncIterator[Any], **kwargs: Any) -> AsyncIterator[Any]:
        whole = add_chunks([chunk async for chunk in input])
        value = await self._avalue(whole, kwargs)
        if isinstance(value, Runnable):
            value = value.astream(whole, one_deeper(self.get_name()))
        elif inspect.isgenerator(value):
            value = aiter_in_thread(value)
        elif not inspect.isasyncgen(value):
            yield value
            return
        async with aclosing(value) as stream:
            async for chunk in stream:
                yield chunk


class RunnableGenerator(Runnable[Input, Output]):
    """A generator function as a step that works on a stream: iterator in, chunks out.

    Parameters
    ----------
    transform
        A generator function that takes an iterator, or an async one that takes an async iterator.
        An async one works from both sides, and so does a plain one.
    atransform
        What to use on the async side instead.
    name
        Its name in the log, by default the function's own.

    Examples
    --------
    >>> from nbstream import RunnableGenerator, ScriptedChat, StrOutputParser
    >>> def shout(texts):
    ...     for text in texts:
    ...         yield text.upper()
    >>> chain = ScriptedChat(["Here", " is"]) | StrOutputParser() | RunnableGenerator(shout)
    >>> list(chain.stream("x"))
    ['HERE', ' IS']
    """

    @overload
    def __init__(
        self,
        transform: Callable[[Iterator[Input]], Iterator[Output]],
        atransform: Any = None,
        *,
        name: str | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        transform: Callable[[AsyncIterator[Input]], AsyncIterator[Output]],
        atransform: Any = None,
        *,
        name: str | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: RunnableGenerator[Any, Any],
        transform: Callable[..., Any],
        atransform: Any = None,
        *,
        name: str | None = None,
    ) -> None: ...
    def __init__(
        self,
        transform: Callable[..., Any],
        atransform: Callable[..., Any] | None = None,
        *,
        name: str | None = None,
    ) -> None:
        for function in filter(None, (transform, atransform)):
            if not is_generator_function(function):
                raise InputError(
                    f"RunnableGenerator needs a generator function, not {brief(function)}. "
                    "Use RunnableLambda for a function that returns its value."
                )
        self.func = transform
        self.afunc = atransform
        self.name = name
        self._call = caller(transform)
        self._acall = caller(atransform or transform)

    def __repr__(self) -> str:
        return f"RunnableGenerator({name_of(self.func)})"

    def get_name(self) -> str:
        """Return the given name, else the function's."""
        own = name_of(self.func)
        return self.name or (own if own.isidentifier() else "RunnableGenerator")

    def _invoke(self, input: Any, **kwargs: Any) -> Any:
        return add_chunks(list(self._stream(input, **kwargs)))

    async def _ainvoke(self, input: Any, **kwargs: Any) -> Any:
        return add_chunks([chunk async for chunk in self._astream(input, **kwargs)])

    def _transform(self, input: Iterator[Any], **kwargs: Any) -> Iterator[Any]:
        if is_async_generator_function(self.func):
            value: AsyncIterator[Any] = self._call(_aiter(input), kwargs)
            return iter_sync(value)
        stream: Iterator[Any] = self._call(input, kwargs)
        return stream

    def _atransform(self, input: AsyncIterator[Any], **kwargs: Any) -> AsyncIterator[Any]:
        function = self.afunc or self.func
        if is_async_generator_function(function):
            stream: AsyncIterator[Any] = self._acall(input, kwargs)
            return stream
        return self._in_thread(input, kwargs)

    async def _in_thread(
        self, input: AsyncIterator[Any], kwargs: dict[str, Any]
    ) -> AsyncIterator[Any]:
        # The plain function waits in a thread for chunks that come in the loop; with no thread to
        # wait in, it begins when all are there.
        chunks = iter_from_loop(input) if has_threads() else iter([one async for one in input])
        source = self._acall(chunks, kwargs)
        with pool(1, "nbstream-step") as own:
            async with aclosing(aiter_in_thread(source, own)) as stream:
                async for chunk in stream:
                    yield chunk


async def _aiter(source: Iterator[Any]) -> AsyncIterator[Any]:
    for item in source:
        yield item


@overload
def chain(function: Callable[[Input], Runnable[Any, Output]]) -> RunnableLambda[Input, Output]: ...
@overload
def chain(function: Callable[[Input], Awaitable[Output]]) -> RunnableLambda[Input, Output]: ...
@overload
def chain(function: Callable[[Input], AsyncIterator[Output]]) -> RunnableLambda[Input, Output]: ...
@overload
def chain(function: Callable[[Input], Iterator[Output]]) -> RunnableLambda[Input, Output]: ...
@overload
def chain(function: Callable[[Input], Output]) -> RunnableLambda[Input, Output]: ...
@overload
def chain(function: Callable[..., Any]) -> RunnableLambda[Any, Any]: ...
def chain(function: Callable[..., Any]) -> RunnableLambda[Any, Any]:
    """Make a step of a function; what it calls inside becomes part of its run.

    Examples
    --------
    >>> from nbstream import chain
    >>> @chain
    ... def greet(name):
    ...     return f"Hello, {name}"
    >>> (greet | len).invoke("you")
    10
    """
    return RunnableLambda(function, name=name_of(function))
