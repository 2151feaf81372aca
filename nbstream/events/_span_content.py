"""Messages in the form that the conventions for spans have for them: a role and its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._shown import attempt
from ..messages import AIMessage, ToolMessage, convert_to_messages
from ._plain import plain, text_of

if TYPE_CHECKING:
    from ..messages import BaseMessage

__all__ = ["input_messages", "output_messages"]

_ROLES = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant"}
_REASONS = {
    "end_turn": "stop",
    "max_tokens": "length",
    "refusal": "content_filter",
    "stop_sequence": "stop",
    "tool_calls": "tool_call",
    "tool_use": "tool_call",
}


def input_messages(given: Any) -> Any:
    """Return a model's input as messages with parts; what is no messages stays as it is."""
    return attempt(lambda: [_message(one) for one in convert_to_messages(given)], lambda: given)


def output_messages(gave: Any) -> Any:
    """Return a model's answer as a list of one message; None where it gave nothing."""
    if gave is None:
        return None
    if not isinstance(gave, AIMessage):
        return [{"role": "assistant", "parts": _text(text_of(gave)), "finish_reason": "stop"}]
    said = gave.response_metadata
    reason = said.get("stop_reason") or said.get("finish_reason") or "stop"
    return [{**_message(gave), "finish_reason": _REASONS.get(reason, reason)}]


def _message(message: BaseMessage) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    if isinstance(message, ToolMessage):
        answer = {"id": message.tool_call_id, "response": plain(message.content)}
        parts.append({"type": "tool_call_response", **answer})
    elif isinstance(message.content, str):
        parts += _text(message.content)
    else:
        for block in message.content:
            parts += _part(block)
    for call in message.tool_calls if isinstance(message, AIMessage) else ():
        wanted = {"id": call["id"], "name": call["name"], "arguments": plain(call["args"])}
        parts.append({"type": "tool_call", **wanted})
    return {"role": _ROLES.get(message.type, message.type), "parts": parts}


def _part(block: Any) -> list[dict[str, Any]]:
    if isinstance(block, str):
        return _text(block)
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "text":
        return _text(block.get("text"))
    if kind in ("thinking", "reasoning"):
        return [{"type": "reasoning", "content": plain(block.get(kind))}]
    if kind in ("tool_use", "tool_call"):
        return []  # it stands among the message's calls
    # Pictures and the like are told of, and not sent.
    return [{"type": str(kind or "unknown")}]


def _text(said: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "content": said}] if isinstance(said, str) and said else []
