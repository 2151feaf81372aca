"""Messages in LangChain's standard forms: content blocks, and the fields that pydantic dumps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._messages import BaseMessage

__all__ = ["dumped", "standard_blocks"]

_KNOWN = {
    "audio",
    "file",
    "image",
    "invalid_tool_call",
    "reasoning",
    "refusal",
    "server_tool_call",
    "server_tool_call_chunk",
    "server_tool_result",
    "text",
    "text-plain",
    "tool_call",
    "tool_call_chunk",
    "video",
}


def standard_blocks(message: BaseMessage) -> list[dict[str, Any]]:
    """Return the content as LangChain's standard blocks, and a message's tool calls behind it."""
    content = message.content
    given: list[Any] = [content] if isinstance(content, str) else content
    blocks = [_block(one) for one in given if one != "" and not _is_call(one)]
    chunks = getattr(message, "tool_call_chunks", None)
    if chunks and not content and getattr(message, "chunk_position", None) != "last":
        return [*blocks, *({k: v for k, v in one.items() if v is not None} for one in chunks)]
    for call in getattr(message, "tool_calls", ()):
        made = {"type": "tool_call", "id": call["id"], "name": call["name"], "args": call["args"]}
        blocks.append(made)
    return blocks


def _is_call(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") in ("tool_use", "tool_call")


def _block(block: Any) -> dict[str, Any]:
    if isinstance(block, str):
        return {"type": "text", "text": block}
    kind = block.get("type")
    if kind == "thinking":
        extras = {k: v for k, v in block.items() if k not in ("type", "thinking", "index")}
        more = {"extras": extras} if extras else {}
        return {"type": "reasoning", "reasoning": block.get("thinking") or "", **more}
    if kind == "image_url":
        image = block.get("image_url")
        url = str(image.get("url") if isinstance(image, dict) else image)
        head, comma, data = url.partition(";base64,")
        if comma and head.startswith("data:"):
            return {"type": "image", "base64": data, "mime_type": head.removeprefix("data:")}
        return {"type": "image", "url": url}
    if kind in _KNOWN:
        return dict(block)
    return {"type": "non_standard", "value": block}


def dumped(message: BaseMessage, *, exclude_none: bool = False) -> dict[str, Any]:
    """Return a message's fields with its type, as pydantic dumps LangChain's."""
    fields = {"type": message.type, **{name: getattr(message, name) for name in message._fields}}
    for name in ("tool_calls", "invalid_tool_calls"):
        if hasattr(message, name):
            fields[name] = getattr(message, name)
    return {name: value for name, value in fields.items() if not exclude_none or value is not None}
