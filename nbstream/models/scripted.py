"""`ScriptedChat`: says what it is told to, for tests and lessons."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._shown import brief, listed
from ..messages import AIMessageChunk, BaseMessage
from .base import BaseChatModel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from ..messages import AIMessage
    from ..runnables import RunnableBinding

__all__ = ["ScriptedChat"]


class ScriptedChat(BaseChatModel):
    """Streams a given script. It is no language model and reads no prompt.

    Parameters
    ----------
    chunks
        What to say: texts, message chunks, or an exception, which is raised in its place.
    delay
        Seconds to wait before each chunk.
    name
        Its name in the log and in the view.

    Examples
    --------
    >>> from nbstream import ScriptedChat
    >>> for chunk in ScriptedChat(["Here", " is", " a"]).stream("anything"):
    ...     print(chunk.content, end="|")
    Here| is| a|
    """

    def __init__(
        self,
        chunks: Sequence[str | AIMessageChunk | Exception],
        delay: float = 0.0,
        *,
        name: str | None = None,
    ) -> None:
        if isinstance(chunks, str) or not isinstance(chunks, Iterable):
            given = f"the text {chunks!r:.60}" if isinstance(chunks, str) else brief(chunks)
            raise InputError(
                f"ScriptedChat needs a list of chunks, not {given}. "
                "Put it into a list: ScriptedChat(['Hello'])."
            )
        self.chunks = [self._chunk(chunk) for chunk in chunks]
        self.delay = delay
        self.name = name

    def __repr__(self) -> str:
        return f"ScriptedChat({len(self.chunks)} chunks)"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> RunnableBinding[Any, AIMessage]:
        """Return this script, which may call tools or not, as it is written.

        Examples
        --------
        >>> from nbstream import AIMessageChunk, ScriptedChat
        >>> call = {"name": "add", "args": '{"a": 1}', "id": "1", "index": 0}
        >>> model = ScriptedChat([AIMessageChunk(tool_call_chunks=[call])]).bind_tools([])
        >>> model.invoke("Hi").tool_calls[0]["args"]
        {'a': 1}
        """
        return self.bind(tools=listed(tools, "bind_tools", "tools"), **kwargs)

    @staticmethod
    def _chunk(chunk: Any) -> AIMessageChunk | Exception:
        if isinstance(chunk, (AIMessageChunk, Exception)):
            return chunk
        if isinstance(chunk, str):
            return AIMessageChunk(chunk)
        raise InputError(
            f"ScriptedChat cannot say {brief(chunk)}. "
            "Use a text, an AIMessageChunk or an exception."
        )

    def _stream_messages(self, messages: list[BaseMessage], **_: Any) -> Iterator[AIMessageChunk]:
        for chunk in self.chunks:
            if self.delay:
                time.sleep(self.delay)
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk.copy()  # each stream gives its chunks its own id

    async def _astream_messages(
        self, messages: list[BaseMessage], **_: Any
    ) -> AsyncIterator[AIMessageChunk]:
        for chunk in self.chunks:
            if self.delay:
                await asyncio.sleep(self.delay)
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk.copy()
