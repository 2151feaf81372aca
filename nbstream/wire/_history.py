"""What the requests of all dialects have in common: a history that a provider accepts."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any, cast

from ..messages import AIMessage, AIMessageChunk, BaseMessage, SystemMessage, ToolMessage
from ._fields import mended

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["answered", "blocks_of", "call_input", "calls_of"]


def answered(messages: Sequence[BaseMessage]) -> Iterator[tuple[BaseMessage, set[Any]]]:
    """Return the messages but the system's, each with the ids of its calls that have a result.

    A run that was stopped leaves calls behind that no tool has answered. No provider accepts
    those, in this request or any later one. With a tool's message comes its call's id, if that
    call is there and this is its first result.
    """
    said = [
        message.to_message() if isinstance(message, AIMessageChunk) else message
        for message in messages
        if not isinstance(message, SystemMessage)
    ]
    asked: set[Any] = set()
    for at, message in enumerate(said):
        if isinstance(message, ToolMessage):
            wanted = asked & {message.tool_call_id}
            asked -= wanted  # one call has one result
            yield message, wanted
            continue
        asked = set()
        if isinstance(message, AIMessage):
            results = takewhile(lambda later: isinstance(later, ToolMessage), said[at + 1 :])
            asked = {later.tool_call_id for later in cast("Iterator[ToolMessage]", results)}
        yield message, asked
        if isinstance(message, AIMessage):
            asked = asked & {call["id"] for call in calls_of(message)}


def calls_of(message: AIMessage) -> list[Any]:
    """Return an answer's calls, also those whose input could not be read."""
    return [*message.tool_calls, *message.invalid_tool_calls]


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
