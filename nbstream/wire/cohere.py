"""Cohere's chat API, version 2."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..messages import AIMessageChunk
from ._base import Reader
from ._errors import error_from
from ._fields import as_json, encodable, first, get, items, plain, text_of
from ._logprobs import as_metadata, logprobs_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CohereReader"]


class CohereReader(Reader):
    """Reads an answer of Cohere's chat API, version 2.

    What the model plans to do with its tools comes as thinking.

    Examples
    --------
    >>> reader = CohereReader()
    >>> message = {"content": {"text": "Hi"}}
    >>> reader.read({"type": "content-delta", "index": 0, "delta": {"message": message}})
    AIMessageChunk(content='Hi')
    """

    def __init__(self, *, in_blocks: bool = False) -> None:
        super().__init__(in_blocks=in_blocks)
        self._at = 0
        self._has_calls = False

    def read(self, event: Any) -> AIMessageChunk | None:
        """Return the chunk an event makes, if it makes one."""
        kind = get(event, "type")
        delta = get(event, "delta")
        message = get(delta, "message")
        if kind in ("content-delta", "content-start"):
            return self._content(event, get(message, "content"))
        if kind in ("tool-call-start", "tool-call-delta"):
            return self._call(self._index_of(event), get(message, "tool_calls"))
        if kind == "tool-plan-delta":
            return self._think("plan", text_of(get(message, "tool_plan")))
        if kind == "citation-start":
            return self._citation(get(message, "citations"))
        if kind == "message-end":
            return self._ends(delta)
        if kind is None and (first(event, "error", "message") is not None):
            raise error_from(event)
        return None

    def _events(self, answer: Any) -> Iterator[Any]:
        message = get(answer, "message")
        if text_of(message) or get(answer, "error") is not None:
            raise error_from(answer)
        yield _event("tool-plan-delta", 0, tool_plan=get(message, "tool_plan"))
        for index, content in enumerate(items(get(message, "content"))):
            yield _event("content-start", index, content=content)
        for index, call in enumerate(items(get(message, "tool_calls"))):
            yield _event("tool-call-start", index, tool_calls=call)
        for index, citation in enumerate(items(get(message, "citations"))):
            yield _event("citation-start", index, citations=citation)
        if get(answer, "finish_reason") is not None:
            yield {"type": "message-end", "delta": answer}

    def _index_of(self, event: Any) -> int:
        index = get(event, "index")
        if type(index) is int:
            self._at = index
        return self._at

    def _content(self, event: Any, content: Any) -> AIMessageChunk | None:
        index = self._index_of(event)
        if thought := text_of(get(content, "thinking")):
            return self._think(index, thought)
        chunk = self._say(index, text_of(get(content, "text")))
        if odds := _odds(get(event, "logprobs")):
            chunk = chunk or AIMessageChunk("")
            chunk.response_metadata = as_metadata(odds)
        return chunk

    def _call(self, index: int, call: Any) -> AIMessageChunk | None:
        function = get(call, "function")
        args = self._joined("args", index, as_json(get(function, "arguments")))
        names = {
            name: encodable(text) or None
            for name, text in (
                ("name", text_of(get(function, "name"))),
                ("id", text_of(get(call, "id"))),
            )
        }
        if not args and not any(names.values()):
            return None
        self._has_calls = True
        return AIMessageChunk(tool_call_chunks=[{**names, "args": args, "index": index}])

    def _citation(self, citation: Any) -> AIMessageChunk | None:
        found = plain(citation)
        if not isinstance(found, dict):
            return None
        told = {
            "type": "citation",
            "cited_text": found.get("text"),
            "start_index": found.get("start"),
            "end_index": found.get("end"),
            "sources": found.get("sources"),
        }
        told = {name: value for name, value in told.items() if value is not None}
        if found.get("type") in ("PLAN", "THINKING_CONTENT"):
            return self._sources(told)
        index = found.get("content_index")
        return self._cite(index if type(index) is int else self._text_at, told)

    def _ends(self, delta: Any) -> AIMessageChunk:
        usage = get(delta, "usage")
        tokens = first(usage, "tokens", "billed_units")
        self.usage.note(
            input=get(tokens, "input_tokens"),
            output=get(tokens, "output_tokens"),
            cache_read=get(usage, "cached_tokens"),
        )
        reason = text_of(get(delta, "finish_reason"))
        error = get(delta, "error")
        if error is not None or reason in ("ERROR", "TIMEOUT"):
            words = text_of(error) or "The model failed while it answered"
            raise error_from({"message": words, "code": reason})
        self.is_whole = True
        return self._stop(reason or "COMPLETE", calls=self._has_calls)


def _event(kind: str, index: int, **message: Any) -> dict[str, Any]:
    return {"type": kind, "index": index, "delta": {"message": message}}


def _odds(told: Any) -> list[dict[str, Any]]:
    values = [v for v in items(get(told, "logprobs")) if isinstance(v, (int, float))]
    text = text_of(get(told, "text"))
    if not values or not text:
        return []
    # They stand for several tokens only where these are parts of one character.
    return logprobs_of([{"token": text, "logprob": math.fsum(values)}])
