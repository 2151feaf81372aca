"""Steps that let their input through: whole, with keys added, or some of its keys."""

from __future__ import annotations

import asyncio
import inspect
from concurrent.futures import wait
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._iterate import END, aclose, afirst, close, first
from .._loops import run_in_thread, run_sync
from .._shown import brief, listed
from ..events._chunks import AddableDict, add_chunks
from ._batch import threads
from .base import Runnable
from .parallel import RunnableParallel, _AsyncShared, _Shared

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

__all__ = ["RunnableAssign", "RunnablePassthrough", "RunnablePick"]


class RunnablePassthrough(Runnable[Any, Any]):
    """Passes its input on, chunk by chunk where it streams in.

    Parameters
    ----------
    func
        Called with the whole input, for its effect; its result is dropped.
    afunc
        What to await instead on the async side.

    Examples
    --------
    >>> from nbstream import RunnablePassthrough
    >>> chain = RunnablePassthrough.assign(length=lambda d: len(d["text"]))
    >>> chain.invoke({"text": "moon"})
    {'text': 'moon', 'length': 4}
    """

    def __init__(
        self,
        func: Callable[[Any], Any] | None = None,
        afunc: Callable[[Any], Any] | None = None,
        *,
        name: str | None = None,
    ) -> None:
        for function in (func, afunc):
            if function is not None and not callable(function):
                raise InputError(
                    f"RunnablePassthrough tells its input to a function, not to {brief(function)}. "
                    "Pass one, as in RunnablePassthrough(print), or nothing."
                )
        self.func = func
        self.afunc = afunc or func
        self.name = name

    def __repr__(self) -> str:
        return "RunnablePassthrough()"

    @classmethod
    def assign(cls, **steps: Any) -> RunnableAssign:  # type: ignore[override]  # on the class
        """Return a step that adds keys to its dict, each from a step that gets the dict."""
        return RunnableAssign(steps)

    def _tell(self, whole: Any) -> None:
        if self.func is not None:
            value = self.func(whole)
            if inspect.iscoroutine(value):
                run_sync(value)

    async def _atell(self, whole: Any) -> None:
        if self.afunc is not None:
            if inspect.iscoroutinefunction(self.afunc):
                await self.afunc(whole)
            elif inspect.isawaitable(value := await run_in_thread(self.afunc, whole)):
                await value

    def _invoke(self, input: Any, **_: Any) -> Any:
        self._tell(input)
        return input

    async def _ainvoke(self, input: Any, **_: Any) -> Any:
        await self._atell(input)
        return input

    def _transform(self, input: Iterator[Any], **_: Any) -> Iterator[Any]:
        chunks = []
        for chunk in input:
            if self.func is not None:
                chunks.append(chunk)
            yield chunk
        if chunks:
            self._tell(add_chunks(chunks))

    async def _atransform(self, input: AsyncIterator[Any], **_: Any) -> AsyncIterator[Any]:
        chunks = []
        async for chunk in input:
            if self.afunc is not None:
                chunks.append(chunk)
            yield chunk
        if chunks:
            await self._atell(add_chunks(chunks))


class RunnableAssign(Runnable["dict[str, Any]", "dict[str, Any]"]):
    """Adds keys to a dict, each from a step that gets the dict.

    Streamed, the dict's own keys come through at once, and the new ones as their steps yield.

    Parameters
    ----------
    mapper
        The steps by key, or a `RunnableParallel` of them.

    Examples
    --------
    >>> from nbstream import RunnableAssign
    >>> RunnableAssign({"length": lambda fish: len(fish["name"])}).invoke({"name": "Goldie"})
    {'name': 'Goldie', 'length': 6}
    """

    def __init__(self, mapper: Mapping[str, Any] | RunnableParallel[Any]) -> None:
        known = isinstance(mapper, RunnableParallel)
        self.mapper: RunnableParallel[Any] = mapper if known else RunnableParallel(mapper)  # type: ignore[assignment, arg-type]

    def __repr__(self) -> str:
        return f"RunnableAssign({self.mapper!r})"

    def get_name(self) -> str:
        """Return the given name, else one that lists the keys."""
        return self.name or f"RunnableAssign<{','.join(self.mapper.steps)}>"

    @property
    def model_label(self) -> str | None:
        """The first model's among the steps."""
        return self.mapper.model_label

    def _invoke(self, input: Any, **kwargs: Any) -> dict[str, Any]:
        _needs_dict(self, input)
        return {**input, **self.mapper.invoke(input, **kwargs)}

    async def _ainvoke(self, input: Any, **kwargs: Any) -> dict[str, Any]:
        _needs_dict(self, input)
        return {**input, **await self.mapper.ainvoke(input, **kwargs)}

    def _own(self, chunk: Any) -> AddableDict:
        _needs_dict(self, chunk)
        return AddableDict({k: v for k, v in chunk.items() if k not in self.mapper.steps})

    def _transform(self, input: Iterator[Any], **kwargs: Any) -> Iterator[AddableDict]:
        shared = _Shared(input)
        through = shared.reader()
        steps: Iterator[Any] = self.mapper.transform(shared.reader(), **kwargs)
        context = copy_context()
        with threads(1) as executor:
            begun = executor.submit(context.run, first, steps)
            try:
                for chunk in through:
                    if own := self._own(chunk):
                        yield own
                chunk = begun.result()
                while chunk is not END:
                    yield chunk
                    chunk = context.run(first, steps)
            finally:
                begun.cancel() or wait([begun])
                context.run(close, steps)

    async def _atransform(
        self, input: AsyncIterator[Any], **kwargs: Any
    ) -> AsyncIterator[AddableDict]:
        shared = _AsyncShared(input)
        through, steps = shared.reader(), self.mapper.atransform(shared.reader(), **kwargs)
        begun = asyncio.ensure_future(afirst(steps))
        try:
            async for chunk in through:
                if own := self._own(chunk):
                    yield own
            chunk = await begun
            while chunk is not END:
                yield chunk
                chunk = await afirst(steps)
        finally:
            begun.cancel()
            await asyncio.gather(begun, return_exceptions=True)
            await aclose(steps)


class RunnablePick(Runnable["dict[str, Any]", Any]):
    """Takes one key's value out of a dict, or a dict of some keys; `pick` makes one.

    Examples
    --------
    >>> from nbstream import RunnablePick
    >>> RunnablePick("a").invoke({"a": 1, "b": 2}), RunnablePick(["a"]).invoke({"a": 1, "b": 2})
    (1, {'a': 1})
    """

    def __init__(self, keys: str | list[str]) -> None:
        self.keys = keys if isinstance(keys, str) else listed(keys, "pick", "keys")
        for key in self.keys:
            if not isinstance(key, str):
                raise InputError(f"pick takes the names of keys, not {brief(key)}.")

    def __repr__(self) -> str:
        return f"RunnablePick({self.keys!r})"

    def get_name(self) -> str:
        """Return the given name, else one that lists the keys."""
        keys = [self.keys] if isinstance(self.keys, str) else self.keys
        return self.name or f"RunnablePick<{','.join(keys)}>"

    def _pick(self, input: Any) -> Any:
        _needs_dict(self, input)
        if isinstance(self.keys, str):
            return input.get(self.keys)
        picked = AddableDict({key: input[key] for key in self.keys if key in input})
        return picked or None

    def _invoke(self, input: Any, **_: Any) -> Any:
        return self._pick(input)

    async def _ainvoke(self, input: Any, **_: Any) -> Any:
        return self._pick(input)

    def _transform(self, input: Iterator[Any], **_: Any) -> Iterator[Any]:
        for chunk in input:
            if (picked := self._pick(chunk)) is not None:
                yield picked

    async def _atransform(self, input: AsyncIterator[Any], **_: Any) -> AsyncIterator[Any]:
        async for chunk in input:
            if (picked := self._pick(chunk)) is not None:
                yield picked


def _needs_dict(step: Runnable[Any, Any], value: Any) -> None:
    if not isinstance(value, dict):
        raise InputError(
            f"{step.get_name()} works on dicts, not {brief(value)}. "
            "Make one first, as in: {'text': RunnablePassthrough()} | …"
        )
