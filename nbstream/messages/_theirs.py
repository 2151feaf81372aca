"""Our messages as LangChain's own, and the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ._chunks import AIMessageChunk
from ._messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

if TYPE_CHECKING:
    from langchain_core import messages as theirs

__all__ = ["is_theirs", "our_message", "our_value", "their_message", "their_value"]

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


def is_theirs(value: Any) -> bool:
    """Tell whether this is a message of LangChain's."""
    homes = (kind.__module__ for kind in type(value).__mro__)
    return any(home.startswith("langchain_core.messages.") for home in homes) and hasattr(
        value, "content_blocks"
    )


def our_message(message: Any) -> BaseMessage:
    """Return a message of LangChain's, or a chunk of one, as ours.

    One of a role that there is none of here (``ChatMessage``, ``FunctionMessage``) is the user's.
    """
    common: dict[str, Any] = {
        "content": _our_content(message),
        "name": message.name,
        "id": message.id,
        "additional_kwargs": dict(message.additional_kwargs),
        "response_metadata": dict(message.response_metadata),
    }
    kind = message.type.removesuffix("MessageChunk").lower()
    if kind == "tool":
        answer = {"status": message.status, "artifact": message.artifact}
        return ToolMessage(tool_call_id=message.tool_call_id, **answer, **common)
    if kind == "ai":
        common["usage_metadata"] = dict(message.usage_metadata) if message.usage_metadata else None
        if hasattr(message, "tool_call_chunks"):
            return AIMessageChunk(tool_call_chunks=message.tool_call_chunks, **common)
        calls = {name: getattr(message, name) for name in ("tool_calls", "invalid_tool_calls")}
        return AIMessage(**calls, **common)
    return (SystemMessage if kind == "system" else HumanMessage)(**common)


def our_value(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return a value with LangChain's messages in it as ours."""
    if is_theirs(value):
        return our_message(value)
    if type(value).__name__ == "TextAccessor":  # a message's text, which can be called, too
        return str(value)
    if depth and type(value) in (list, tuple):
        return type(value)(our_value(item, depth - 1) for item in value)
    if depth and type(value) is dict:
        return {key: our_value(item, depth - 1) for key, item in value.items()}
    return value


def _our_content(message: Any) -> Any:
    if isinstance(message.content, str):
        return message.content
    return [_our_block(block) for block in message.content]


def _our_block(block: Any) -> Any:
    if not (isinstance(block, dict) and block.get("type") == "reasoning"):
        return block
    index = {"index": block["index"]} if "index" in block else {}
    said = block.get("reasoning") or ""
    return {"type": "thinking", "thinking": said, **index, **(block.get("extras") or {})}
