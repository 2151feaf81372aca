"""Ollama's own API: chat and generate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..messages import AIMessageChunk
from ._base import Reader, combined
from ._errors import error_from
from ._fields import as_json, encodable, get, items, text_of
from ._logprobs import as_metadata, logprobs_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["OllamaReader"]


class OllamaReader(Reader):
    """Reads an answer of Ollama's chat or generate, streamed or not: each line has the same form.

    A call that comes without an id is given one.

    Examples
    --------
    >>> reader = OllamaReader()
    >>> reader.read({"message": {"role": "assistant", "content": "Hi"}, "done": False})
    AIMessageChunk(content='Hi')
    >>> reader.read({"message": {"content": ""}, "done": True, "done_reason": "stop"}).content
    ''
    >>> reader.is_whole
    True
    """

    def __init__(self, *, in_blocks: bool = False) -> None:
        super().__init__(in_blocks=in_blocks)
        self._calls = 0

    def read(self, event: Any) -> AIMessageChunk | None:
        """Return the chunk an event makes, if it makes one."""
        if get(event, "error") is not None:
            raise error_from(event)
        self.model = self.model or encodable(text_of(get(event, "model")))
        message = get(event, "message")
        said = event if message is None else message
        text = text_of(get(said, "response" if message is None else "content"))
        chunks = [
            self._think(self._index("thinking"), thought)
            if (thought := text_of(get(said, "thinking")))
            else None,
            self._say(self._index("text"), text) if text else None,
            self._called(event, items(get(said, "tool_calls"))),
        ]
        if get(event, "done") is True:
            chunks.append(self._ends(event))
        chunk = combined(chunks)
        if odds := logprobs_of(get(event, "logprobs")):
            chunk = chunk or AIMessageChunk("")
            chunk.response_metadata = {**chunk.response_metadata, **as_metadata(odds)}
        return chunk

    def _events(self, answer: Any) -> Iterator[Any]:
        yield answer

    def _called(self, event: Any, calls: list[Any]) -> AIMessageChunk | None:
        pieces = []
        for call in calls:
            function = get(call, "function")
            if function is None:
                continue
            made = encodable(text_of(get(event, "created_at"))) or "call"
            pieces.append(
                {
                    "name": encodable(text_of(get(function, "name"))),
                    "args": encodable(as_json(get(function, "arguments"))),
                    "id": encodable(text_of(get(call, "id"))) or f"{made}_{self._calls}",
                    "index": self._calls,
                }
            )
            self._calls += 1
        return AIMessageChunk(tool_call_chunks=pieces) if pieces else None

    def _ends(self, event: Any) -> AIMessageChunk:
        self.is_whole = True
        self.usage.note(
            input=get(event, "prompt_eval_count"),
            output=get(event, "eval_count"),
        )
        # Older servers give no reason.
        return self._stop(text_of(get(event, "done_reason")) or "stop", calls=self._calls > 0)
