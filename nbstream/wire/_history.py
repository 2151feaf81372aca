"""What the requests of all dialects have in common: a history that a provider accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..messages import AIMessage, AIMessageChunk, BaseMessage, SystemMessage, ToolMessage
from ._fields import mended

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["answered", "blocks_of", "call_input"]


def answered(messages: Sequence[BaseMessage]) -> Iterator[tuple[BaseMessage, set[Any]]]:
    """Return the messages but the system's, each with the ids of its calls that have a result.

    A run that was stopped leaves calls behind that no tool has answered. No provider accepts
    those, in this request or any later one.
    """
    said = [
        message.to_message() if isinstance(message, AIMessageChunk) else message
        for message in messages
        if not isinstance(message, SystemMessage)
    ]
    for at, message in enumerate(said):
        ids = set()
        if isinstance(message, AIMessage):
            for later in said[at + 1 :]:
                if not isinstance(later, ToolMessage):
                    break
                ids.add(later.tool_call_id)
        yield message, ids


def blocks_of(content: Any) -> list[dict[str, Any]]:
    """Return a content as blocks, mended, and without texts that are nothing but white space."""
    parts = [content] if isinstance(content, str) else content
    blocks = [{"type": "text", "text": p} if isinstance(p, str) else p for p in parts]
    return [
        mended({key: value for key, value in block.items() if key != "index"})
        for block in blocks
        if isinstance(block, dict)
        and not (block.get("type") == "text" and not str(block.get("text") or "").strip())
    ]


def call_input(args: Any) -> dict[str, Any]:
    """Return a tool's input as the object that providers want it to be."""
    return mended(args) if isinstance(args, dict) else {}
