"""Anthropic's Messages API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..messages import AIMessageChunk
from ._anthropic_request import system_text, turns
from ._base import Reader
from ._errors import error_from
from ._fields import as_json, encodable, get, items, plain, text_of
from ._usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["AnthropicReader", "system_text", "turns"]


class AnthropicReader(Reader):
    """Reads an answer of Anthropic's Messages API.

    The API counts the input's tokens in its first event and the output's in its last; both go out
    in one last chunk, so that the chunks before it carry content and nothing else. Blocks that
    have to go back as they came, such as signed thinking and the tools at the provider's end, keep
    the API's form.

    Examples
    --------
    >>> reader = AnthropicReader()
    >>> delta = {"type": "text_delta", "text": "Hi"}
    >>> reader.read({"type": "content_block_delta", "index": 0, "delta": delta})
    AIMessageChunk(content='Hi')
    >>> reader.is_whole
    False
    """

    def __init__(self, *, in_blocks: bool = False) -> None:
        super().__init__(in_blocks=in_blocks)
        self.usage = Usage(cache_apart=True)
        self._at = 0  # the block under way
        self._ours: set[int] = set()  # the blocks that call tools of this side
        self._unsaid: dict[int, str] = {}  # inputs that stood whole in their block's start
        self._open: set[int] = set()  # the blocks that call tools and have not ended

    def read(self, event: Any) -> AIMessageChunk | None:
        """Return the chunk an event makes, if it makes one."""
        kind = get(event, "type")
        if kind == "content_block_delta":
            return self._delta(self._index(event), get(event, "delta"))
        if kind == "content_block_start":
            return self._start(self._index(event), get(event, "content_block"))
        if kind == "content_block_stop":
            index = self._index(event)
            self._open.discard(index)
            return self._unsaid_input(index)
        if kind == "message_start":
            message = get(event, "message")
            self.model = text_of(get(message, "model")) or self.model
            self._note(get(message, "usage"))
        elif kind == "message_delta":
            return self._end(event)
        elif kind == "message_stop":
            self.is_whole = True
        elif kind == "error" or (kind is None and get(event, "error") is not None):
            raise error_from(event)
        return None

    def _events(self, answer: Any) -> Iterator[Any]:
        if get(answer, "type") == "error" or get(answer, "error") is not None:
            yield {"type": "error", "error": get(answer, "error")}
        yield {"type": "message_start", "message": answer}
        for index, block in enumerate(items(get(answer, "content"))):
            yield {"type": "content_block_start", "index": index, "content_block": block}
            yield {"type": "content_block_stop", "index": index}
        if text_of(get(answer, "stop_reason")):
            yield {"type": "message_delta", "delta": answer, "usage": get(answer, "usage")}
            yield {"type": "message_stop"}

    def _index(self, event: Any) -> int:
        index = get(event, "index")
        if type(index) is int:
            self._at = index
        return self._at

    def _start(self, index: int, block: Any) -> AIMessageChunk | None:
        kind = text_of(get(block, "type"))
        if kind == "text":
            return self._start_text(index, block)
        if not kind:
            return None
        content = plain(block)
        for name in ("text", "thinking", "signature", "partial_json"):
            # The deltas add to these, and texts only add up with texts.
            if name in content and not isinstance(content[name], str):
                del content[name]
        if "input" in content:
            self._unsaid[index] = as_json(get(block, "input"))
            if not isinstance(content["input"], dict):
                content["input"] = {}
        content["type"] = kind
        chunk = self._block(index, **content)
        if kind == "tool_use":
            self._ours.add(index)
            self._open.add(index)
            names = {name: encodable(text_of(get(block, name))) for name in ("name", "id")}
            chunk = AIMessageChunk(
                chunk.content,
                tool_call_chunks=[{**names, "args": "", "index": index}],
            )
        return chunk

    def _start_text(self, index: int, block: Any) -> AIMessageChunk | None:
        citations = get(block, "citations")
        # Even an empty list says that the text of this block is going to be cited.
        if isinstance(citations, (list, tuple)):
            self._in_blocks = True
        chunk = self._say(index, text_of(get(block, "text")))
        if not citations:
            return chunk
        cited = self._cite(index, *_dicts(items(citations)))
        return chunk + cited if chunk else cited

    def _delta(self, index: int, delta: Any) -> AIMessageChunk | None:
        kind = get(delta, "type")
        if kind == "text_delta":
            return self._say(index, text_of(get(delta, "text")))
        if kind == "input_json_delta":
            json = text_of(get(delta, "partial_json"))
            if not json:
                return None  # each call begins with such a one
            self._unsaid.pop(index, None)
            return self._args(index, json)
        if kind == "thinking_delta":
            return self._think(index, text_of(get(delta, "thinking")))
        if kind == "signature_delta":
            signature = text_of(get(delta, "signature"))
            return self._block(index, type="thinking", signature=signature) if signature else None
        if kind == "citations_delta":
            [*citations] = _dicts([get(delta, "citation")])
            return self._cite(index, *citations) if citations else None
        if kind == "compaction_delta":
            content = encodable(text_of(get(delta, "content")))
            return self._block(index, type="compaction", content=content) if content else None
        return None  # kinds that came after this was written

    def _args(self, index: int, json: str) -> AIMessageChunk | None:
        json = self._joined("args", index, json)
        if not json:
            return None
        piece = {"type": "input_json_delta", "partial_json": json, "index": index}
        # A tool that runs at the provider's end is nobody's to call here.
        calls = [{"args": json, "index": index}] if index in self._ours else []
        self._in_blocks = True
        return AIMessageChunk([piece], tool_call_chunks=calls)

    def _unsaid_input(self, index: int) -> AIMessageChunk | None:
        json = self._unsaid.pop(index, "")
        if not json or index not in self._ours:
            return None
        return AIMessageChunk(tool_call_chunks=[{"args": json, "index": index}])

    def _held(self) -> Iterator[AIMessageChunk]:
        for index in list(self._unsaid):
            if chunk := self._unsaid_input(index):
                yield chunk

    def _end(self, event: Any) -> AIMessageChunk | None:
        delta, usage = get(event, "delta"), get(event, "usage")
        self._note(usage)
        reason = text_of(get(delta, "stop_reason"))
        if not reason:
            return None
        metadata = {
            name: plain(value)
            for name in ("stop_sequence", "stop_details", "container")
            if (value := get(delta, name)) is not None
        }
        if tools := get(usage, "server_tool_use"):
            metadata["server_tool_use"] = plain(tools)
        # Endpoints of other makers say end_turn after calls, too.
        return self._stop(reason, calls=bool(self._ours) and not self._open, **metadata)

    def _note(self, usage: Any) -> None:
        # Where the last event counts the input again, it includes what tools at the provider's
        # end have read since.
        self.usage.note(
            input=get(usage, "input_tokens"),
            output=get(usage, "output_tokens"),
            cache_read=get(usage, "cache_read_input_tokens"),
            cache_creation=get(usage, "cache_creation_input_tokens"),
            reasoning=get(get(usage, "output_tokens_details"), "thinking_tokens"),
        )


def _dicts(values: Any) -> list[dict[str, Any]]:
    return [found for value in values if isinstance(found := plain(value), dict)]
