"""`RunnableSequence`: steps in a row, streamed through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from ..events._trace import aclose, close
from .base import Input, Output, Runnable, coerce_to_runnable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

__all__ = ["RunnableSequence"]


class RunnableSequence(Runnable[Input, Output]):
    """Steps in a row: each one's output is the next one's input. ``a | b | c`` makes one.

    Streaming flows through: a step that can work on a stream does, one that cannot waits for the
    whole. Nested sequences become one flat row.

    Examples
    --------
    >>> from nbstream import ChatPromptTemplate, ScriptedChat, StrOutputParser
    >>> prompt = ChatPromptTemplate.from_template("A word about {topic}")
    >>> chain = prompt | ScriptedChat(["Round", " and", " bright"]) | StrOutputParser()
    >>> list(chain.stream({"topic": "the moon"}))
    ['Round', ' and', ' bright']
    """

    def __init__(self, *steps: Any, name: str | None = None) -> None:
        self.steps: list[Runnable[Any, Any]] = []
        for step in map(coerce_to_runnable, steps):
            flat = isinstance(step, RunnableSequence) and step.name is None
            self.steps += step.steps if flat else [step]  # type: ignore[attr-defined]
        if len(self.steps) < 2:
            raise InputError(f"A sequence needs at least two steps, not {len(self.steps)}.")
        self.name = name

    def __repr__(self) -> str:
        return " | ".join(map(repr, self.steps))

    @property
    def model_label(self) -> str | None:
        """The model's, where the chain has one."""
        return next(filter(None, (step.model_label for step in self.steps)), None)

    def _invoke(self, input: Any, **kwargs: Any) -> Any:
        value = self.steps[0].invoke(input, **kwargs)
        for step in self.steps[1:]:
            value = step.invoke(value)
        return value

    async def _ainvoke(self, input: Any, **kwargs: Any) -> Any:
        value = await self.steps[0].ainvoke(input, **kwargs)
        for step in self.steps[1:]:
            value = await step.ainvoke(value)
        return value

    def _stream(self, input: Any, **kwargs: Any) -> Iterator[Any]:
        return self._through(self.steps[0].stream(input, **kwargs))

    def _transform(self, input: Iterator[Any], **kwargs: Any) -> Iterator[Any]:
        return self._through(self.steps[0].transform(input, **kwargs))

    def _astream(self, input: Any, **kwargs: Any) -> AsyncIterator[Any]:
        return self._athrough(self.steps[0].astream(input, **kwargs))

    def _atransform(self, input: AsyncIterator[Any], **kwargs: Any) -> AsyncIterator[Any]:
        return self._athrough(self.steps[0].atransform(input, **kwargs))

    def _through(self, first: Iterator[Any]) -> Iterator[Any]:
        streams = [first]
        for step in self.steps[1:]:
            streams.append(step.transform(streams[-1]))
        try:
            yield from streams[-1]
        finally:
            for stream in reversed(streams):
                close(stream)

    async def _athrough(self, first: AsyncIterator[Any]) -> AsyncIterator[Any]:
        streams = [first]
        for step in self.steps[1:]:
            streams.append(step.atransform(streams[-1]))
        try:
            async for chunk in streams[-1]:
                yield chunk
        finally:
            for stream in reversed(streams):
                await aclose(stream)
