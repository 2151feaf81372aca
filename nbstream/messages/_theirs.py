"""Our messages as LangChain's own, for what of LangChain's is handed them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ._chunks import AIMessageChunk
from ._messages import AIMessage, BaseMessage, ToolMessage

if TYPE_CHECKING:
    from langchain_core import messages as theirs

__all__ = ["their_message", "their_value"]

MAX_DEPTH = 3
"""Lists and dicts around messages that are looked into."""


def their_message(message: BaseMessage) -> theirs.BaseMessage:
    """Return a message, or a chunk of one, as LangChain's."""
    from langchain_core import messages as made

    common: dict[str, Any] = {
        "content": _content(message.content),
        "name": message.name,
        "id": message.id,
        "additional_kwargs": dict(message.additional_kwargs),
        "response_metadata": dict(message.response_metadata),
    }
    if isinstance(message, ToolMessage):
        return made.ToolMessage(
            **common,
            tool_call_id=message.tool_call_id,
            status="error" if message.status == "error" else "success",
            artifact=message.artifact,
        )
    if isinstance(message, AIMessageChunk):
        return made.AIMessageChunk(
            **common,
            tool_call_chunks=cast("Any", message.tool_call_chunks),
            usage_metadata=cast("Any", message.usage_metadata),
        )
    if isinstance(message, AIMessage):
        return made.AIMessage(
            **common,
            tool_calls=message.tool_calls,
            invalid_tool_calls=message.invalid_tool_calls,
            usage_metadata=message.usage_metadata,
        )
    kind = made.SystemMessage if message.type == "system" else made.HumanMessage
    return kind(**common)


def their_value(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return a value with the messages in it as LangChain's; a prompt's value as LangChain's."""
    if isinstance(value, BaseMessage):
        return their_message(value)
    if depth and type(value) in (list, tuple):
        return type(value)(their_value(item, depth - 1) for item in value)
    if depth and isinstance(value, dict):
        return {key: their_value(item, depth - 1) for key, item in value.items()}
    if type(value).__name__ in ("ChatPromptValue", "StringPromptValue") and hasattr(
        value, "to_messages"
    ):
        from langchain_core import prompt_values as made

        if hasattr(value, "text"):
            return made.StringPromptValue(text=value.text)
        return made.ChatPromptValue(messages=[their_value(one) for one in value.to_messages()])
    return value


def _content(content: Any) -> Any:
    """Return a content with its thinking in LangChain's standard blocks."""
    if isinstance(content, str):
        return content
    return [_block(block) for block in content if not _is_call(block)]


def _is_call(block: Any) -> bool:
    # These are in the message's tool calls, too, and there LangChain looks for them.
    return isinstance(block, dict) and block.get("type") == "tool_use"


def _block(block: Any) -> Any:
    if not (isinstance(block, dict) and block.get("type") == "thinking"):
        return block
    rest = {key: value for key, value in block.items() if key not in ("type", "thinking")}
    index = {"index": rest.pop("index")} if "index" in rest else {}
    extras = {"extras": rest} if rest else {}
    return {"type": "reasoning", "reasoning": block.get("thinking") or "", **index, **extras}
