"""LangChain's messages as ours, for the log."""

from __future__ import annotations

import json
from typing import Any

from .._shown import attempt
from ..messages import AIMessageChunk

__all__ = ["chunk_of", "turns"]

_SAID = ("logprobs", "model_name", "stop_reason")
_CALLS = frozenset(
    {"tool_call", "tool_call_chunk", "invalid_tool_call", "server_tool_call", "non_standard"}
)
_ROLES = {"AIMessageChunk": "ai", "human": "human", "ai": "ai", "system": "system"}


def chunk_of(message: Any) -> AIMessageChunk | None:
    """Return a chunk as ours; None if there is nothing in it."""
    content = message.content
    calls = getattr(message, "tool_call_chunks", None)
    usage = message.usage_metadata
    if (
        type(content) is str
        and content
        and not (calls or usage or message.additional_kwargs or message.response_metadata)
    ):
        return AIMessageChunk(content)  # as nearly all of them are
    said = message.response_metadata or {}
    kept = {name: said[name] for name in _SAID if said.get(name) is not None}
    if reason := said.get("finish_reason"):
        kept.setdefault("stop_reason", reason)
    if calls is None:
        calls = [
            {"name": call["name"], "args": json.dumps(call["args"]), "id": call["id"], "index": at}
            for at, call in enumerate(message.tool_calls)
        ]
    blocks = _blocks(message)
    if not (blocks or calls or usage or kept):
        return None
    return AIMessageChunk(
        blocks,
        tool_call_chunks=[
            {name: call.get(name) for name in ("name", "args", "id", "index")} for call in calls
        ],
        response_metadata=kept,
        usage_metadata=usage or None,
    )


def turns(messages: Any) -> list[tuple[str, str]]:
    """Return the messages that a model is given, each with its role."""
    return [(_ROLES.get(one.type, "human"), _text(one)) for one in messages]


def _blocks(message: Any) -> str | list[Any]:
    """Return a content as ours: a text where it is no more than that."""
    given = attempt(lambda: message.content_blocks, list)
    blocks: list[Any] = []
    for block in given:
        kind = block.get("type")
        if kind == "text":
            if text := block.get("text"):
                blocks.append({"type": "text", "text": text})
        elif kind == "reasoning":
            if text := block.get("reasoning"):
                blocks.append({"type": "thinking", "thinking": text, "index": "thinking"})
        elif kind not in _CALLS:
            blocks.append(dict(block))
    if all(block["type"] == "text" for block in blocks):
        return "".join(block["text"] for block in blocks)
    return blocks


def _text(message: Any) -> str:
    content = message.content
    if isinstance(content, str) and content:
        return content
    parts = [block if isinstance(block, str) else block.get("text", "") for block in content]
    calls = getattr(message, "tool_calls", None) or []
    return "".join(parts) or json.dumps([[one["name"], one["args"]] for one in calls], default=str)
