"""Output parsers: from what a model said to what a program wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ._exceptions import InputError
from .messages import BaseMessage
from .runnables.base import Runnable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from .events import RunType

__all__ = ["StrOutputParser"]


class StrOutputParser(Runnable[Any, str]):
    """Take the text out of messages, chunk by chunk where they stream in.

    Examples
    --------
    >>> from nbstream import AIMessage, StrOutputParser
    >>> StrOutputParser().invoke(AIMessage("Hello"))
    'Hello'
    """

    run_type: ClassVar[RunType] = "parser"

    def __repr__(self) -> str:
        return "StrOutputParser()"

    def _invoke(self, input: Any, **_: Any) -> str:
        if isinstance(input, str):
            return input
        if isinstance(input, BaseMessage):
            return input.text
        raise InputError(
            f"StrOutputParser reads messages and texts, not {type(input).__name__} {input!r:.80}."
        )

    async def _ainvoke(self, input: Any, **_: Any) -> str:
        return self._invoke(input)

    def _transform(self, input: Iterator[Any], **_: Any) -> Iterator[str]:
        for chunk in input:
            yield self._invoke(chunk)

    async def _atransform(self, input: AsyncIterator[Any], **_: Any) -> AsyncIterator[str]:
        async for chunk in input:
            yield self._invoke(chunk)
