"""From the events of Anthropic's Messages API to message chunks."""

from __future__ import annotations

from typing import Any

from ..messages import AIMessageChunk, UsageMetadata

__all__ = ["Reader"]


class Reader:
    """Reads one answer.

    A text is a plain string, as long as the answer has nothing but texts so far without citations.
    Thinking, tool calls and cited texts come as blocks with an ``index``, which add up; so does
    text from then on. The API counts the input's tokens in its first event and the output's in its
    last; both go out in one last chunk, so that the chunks before it carry content and nothing
    else.
    """

    def __init__(self) -> None:
        self.usage: Any = None
        self.model = ""
        self._in_blocks = False
        self._cited = False
        self._ours: set[int] = set()  # the blocks that call tools of this side

    def read(self, event: Any) -> AIMessageChunk | None:
        """Return the chunk an event makes, if it makes one."""
        if event.type == "content_block_delta":
            return self._delta(event.index, event.delta)
        if event.type == "content_block_start":
            return self._start(event.index, event.content_block)
        if event.type == "message_start":
            self.model = event.message.model
            self.usage = event.message.usage
        elif event.type == "message_delta":
            return self._last(event)
        return None

    def _start(self, index: int, block: Any) -> AIMessageChunk | None:
        if block.type == "text":
            self._cited = bool(getattr(block, "citations", None))
            return self._text(index, block.text) if block.text else None
        self._in_blocks = True
        content = {**block.model_dump(exclude_none=True), "index": index}
        if block.type != "tool_use":
            return AIMessageChunk([content])
        self._ours.add(index)
        call = {"name": block.name, "args": "", "id": block.id, "index": index}
        return AIMessageChunk([content], tool_call_chunks=[call])

    def _delta(self, index: int, delta: Any) -> AIMessageChunk | None:
        if delta.type == "text_delta":
            return self._text(index, delta.text)
        if delta.type == "input_json_delta":
            if not delta.partial_json:
                return None  # each call begins with such a one
            json = delta.partial_json
            piece = {"type": "input_json_delta", "partial_json": json, "index": index}
            # A tool that runs at the provider's end is nobody's to call here.
            calls = [{"args": json, "index": index}] if index in self._ours else []
            return AIMessageChunk([piece], tool_call_chunks=calls)
        if delta.type == "thinking_delta":
            return self._block(index, type="thinking", thinking=delta.thinking)
        if delta.type == "signature_delta":
            return self._block(index, type="thinking", signature=delta.signature)
        if delta.type == "citations_delta":
            self._cited = True
            citation = delta.citation.model_dump(exclude_none=True)
            return self._block(index, type="text", text="", citations=[citation])
        return None  # kinds that came after this was written

    def _text(self, index: int, text: str) -> AIMessageChunk:
        if self._in_blocks or self._cited:
            return self._block(index, type="text", text=text)
        return AIMessageChunk(text)

    def _block(self, index: int, **block: Any) -> AIMessageChunk:
        self._in_blocks = True
        return AIMessageChunk([{**block, "index": index}])

    def _last(self, event: Any) -> AIMessageChunk:
        metadata = {"model_name": self.model, "stop_reason": event.delta.stop_reason}
        if stop := getattr(event.delta, "stop_sequence", None):
            metadata["stop_sequence"] = stop
        return AIMessageChunk(
            "", response_metadata=metadata, usage_metadata=_usage(self.usage, event.usage)
        )


def _usage(first: Any, last: Any) -> UsageMetadata:
    def count(name: str) -> int:
        # Where the last event counts the input again, it includes what tools at the provider's
        # end have read since.
        for usage in (last, first):
            if (tokens := getattr(usage, name, None)) is not None:
                return int(tokens)
        return 0

    read = count("cache_read_input_tokens")
    made = count("cache_creation_input_tokens")
    # The API leaves tokens that have to do with its cache out of input_tokens.
    total = count("input_tokens") + read + made
    output = count("output_tokens")
    usage = UsageMetadata(input_tokens=total, output_tokens=output, total_tokens=total + output)
    if read or made:
        usage["input_token_details"] = {"cache_read": read, "cache_creation": made}
    return usage
