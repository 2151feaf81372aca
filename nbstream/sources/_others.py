"""llama-index, dspy, llm, chatlas, Hugging Face's text generation, and objects that grow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..messages import AIMessageChunk
from ..wire import READERS
from ..wire._fields import get
from ._base import Adapter, call_piece, thought

if TYPE_CHECKING:
    from ._steps import Steps

__all__ = ["Chatlas", "Dspy", "Generated", "Growing", "LlamaIndex", "Llm"]


class LlamaIndex(Adapter):
    """Answers of its models, and events of its agents and workflows."""

    def __init__(self) -> None:
        self._reader = READERS["openai_chat"]()

    def read(self, item: Any, steps: Steps) -> None:
        """Put into the log what an item tells."""
        kind = type(item).__name__
        if kind in ("ChatResponse", "CompletionResponse"):
            steps.give(self._chunk(item))
        elif kind == "AgentStream":
            steps.say(self._chunk(item))
        elif kind == "ToolCall":
            self._reader = READERS["openai_chat"]()
            steps.call(item.tool_id, item.tool_name, item.tool_kwargs)
        elif kind == "ToolCallResult":
            output = item.tool_output
            failed = bool(get(output, "is_error"))
            steps.result(item.tool_id, str(output), item.tool_name, failed=failed)
        elif kind == "AgentInput":
            steps.end_models()
            self._reader = READERS["openai_chat"]()
            steps.agent(item.current_agent_name)

    def _chunk(self, item: Any) -> AIMessageChunk | None:
        # What the provider sent says more, where it is in a form that is known.
        if get(item.raw, "choices") is not None:
            return self._reader.read(item.raw)
        return AIMessageChunk(item.delta) if item.delta else None


class Dspy(Adapter):
    """What ``streamify`` yields: the fields listened to, or raw chunks, and the prediction."""

    def __init__(self) -> None:
        self._field = ""

    def read(self, item: Any, steps: Steps) -> None:
        """Put into the log what an item tells."""
        kind = type(item).__name__
        if kind == "StreamResponse":
            self._say(item, steps)
        elif kind == "StatusMessage":
            steps.note("status", item.message)
        elif kind == "Prediction":
            steps.output = item.toDict()

    def _say(self, item: Any, steps: Steps) -> None:
        if self._field and self._field != item.signature_field_name:
            steps.give("\n\n")
        self._field = item.signature_field_name
        chunk = item.chunk
        if isinstance(chunk, str):
            steps.give(chunk)
        else:  # a part of a type of its own
            steps.note(self._field, chunk)


class Llm(Adapter):
    """Simon Willison's llm: the events of a response, and of a chain of them."""

    def read(self, item: Any, steps: Steps) -> None:
        """Put into the log what an item tells."""
        index = (get(item, "message_index") or 0, item.part_index or 0)
        at = f"{index[0]}.{index[1]}"
        if item.type == "text":
            steps.give(AIMessageChunk(item.chunk))
        elif item.type == "reasoning":
            steps.give(thought(item.chunk))
        elif item.type == "tool_call_name":
            steps.give(call_piece(at, name=item.chunk, id=item.tool_call_id))
        elif item.type == "tool_call_args":
            steps.give(call_piece(at, item.chunk))
        elif item.type == "tool_result":
            steps.result(item.tool_call_id, item.chunk, item.tool_name)


class Chatlas(Adapter):
    """What ``stream(content="all")`` yields beside texts: thoughts, tools and their results."""

    def read(self, item: Any, steps: Steps) -> None:
        """Put into the log what an item tells."""
        kind = type(item).__name__
        if kind == "ContentToolRequest":
            steps.call(item.id, item.name, item.arguments)
        elif kind == "ContentToolResult":
            error = item.error
            said = item.value if error is None else error
            asked = item.request
            steps.result(get(asked, "id"), said, get(asked, "name"), failed=error is not None)
        elif kind.startswith("ContentThinking"):
            steps.give(thought(item.thinking))
        elif kind == "ContentText":
            steps.give(item.text)


class Generated(Adapter):
    """Hugging Face's text generation with its details: a token each."""

    def read(self, item: Any, steps: Steps) -> None:
        """Put into the log what an item tells."""
        if not get(item.token, "special"):
            steps.give(AIMessageChunk(item.token.text))


class Growing(Adapter):
    """Objects each of which is the whole so far, as instructor's: their JSON as it grows."""

    def __init__(self) -> None:
        self._last = ""
        self._given = 0

    def read(self, item: Any, steps: Steps) -> None:
        """Put into the log what an item tells."""
        form = item.model_dump(exclude_none=True) if hasattr(item, "model_dump") else item
        text = json.dumps(form, ensure_ascii=False, default=str)
        # What two in a row have in common stays: the rest, such as brackets, moves on.
        same = next(
            (at for at, (a, b) in enumerate(zip(text, self._last, strict=False)) if a != b),
            min(len(text), len(self._last)),
        )
        self._give(text, min(same, len(text.rstrip('"}]'))), steps)
        self._last = text
        steps.output = item

    def finish(self, steps: Steps) -> None:
        """Take note that nothing more comes."""
        self._give(self._last, len(self._last), steps)

    def _give(self, text: str, end: int, steps: Steps) -> None:
        if end > self._given:
            steps.give(text[self._given : end])
            self._given = end
