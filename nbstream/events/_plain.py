"""Values as JSON for people to look at: complete where they are small, bounded where not."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from .._secrets import hide
from ..messages import BaseMessage

__all__ = ["MAX_ITEMS", "MAX_TEXT", "encodable", "plain", "text_of"]

MAX_TEXT = 20_000
"""Characters of one text that are kept."""
MAX_ITEMS = 500
"""Entries of one list or dict that are kept."""
MAX_DEPTH = 12

_FIELDS = (
    *("name", "tool_call_id", "status", "artifact", "tool_calls", "invalid_tool_calls"),
    *("tool_call_chunks", "usage_metadata", "additional_kwargs", "response_metadata"),
)


def plain(value: Any, depth: int = 0) -> Any:
    """Return a value in the form that JSON can hold, with what was cut off said in place.

    Messages become dicts with their ``type``, their ``content`` and whatever else they know; the id
    that the chunks of a run share is left out, for the run has it.

    Examples
    --------
    >>> from nbstream import AIMessageChunk
    >>> plain({"said": AIMessageChunk("Hi", id="run-1"), "at": (1, 2)})
    {'said': {'type': 'AIMessageChunk', 'content': 'Hi'}, 'at': [1, 2]}
    """
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return _cut(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{len(value):,} bytes>"
    if isinstance(value, BaseException):
        return {"type": type(value).__name__, "message": _cut(str(value))}
    if depth >= MAX_DEPTH:
        return "…"
    if isinstance(value, BaseMessage):
        return _message(value, depth + 1)
    if isinstance(value, Mapping):
        shown = {encodable(str(k)): plain(v, depth + 1) for k, v in _first(value.items())}
        return shown if len(shown) == len(value) else {**shown, "…": _more(len(value))}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [plain(item, depth + 1) for item in _first(value)]
        return items if len(items) == len(value) else [*items, _more(len(value))]
    if isinstance(value, type):
        return _shown(value)
    if hasattr(value, "messages") and hasattr(value, "to_messages"):
        return {"type": type(value).__name__, "messages": plain(list(value.messages), depth + 1)}
    if callable(dump := getattr(value, "model_dump", None)):
        try:
            return plain(dump(mode="json"), depth + 1)
        except Exception:  # its own business; there is still its repr
            return _shown(value)
    if is_dataclass(value):
        return plain({f.name: getattr(value, f.name) for f in fields(value)}, depth + 1)
    return _shown(value)


def _shown(value: Any) -> str:
    try:
        return _cut(repr(value))
    except Exception:  # a repr that fails must not take the view down
        return f"<{type(value).__name__}>"


def _message(message: BaseMessage, depth: int) -> dict[str, Any]:
    name = type(message).__name__
    shown = {"type": name, "content": plain(message.content, depth)}
    for field in _FIELDS:
        value = getattr(message, field, None)
        # A chunk's finished calls are made from its pieces: they are not said twice.
        if value and not (name == "AIMessageChunk" and field.endswith("tool_calls")):
            shown[field] = plain(value, depth)
    return shown


def encodable(text: str) -> str:
    r"""Return a text that may go out: no key is in it, and UTF-8 can hold it.

    Halves of characters, as broken endpoints send, go.

    Examples
    --------
    >>> encodable("fish \ud83d!")
    'fish ?!'
    """
    text = hide(text)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def text_of(chunk: Any) -> str:
    """Return the text a chunk adds: its own, its content's, else its value as JSON."""
    return encodable(_text_of(chunk))


def _text_of(chunk: Any) -> str:
    if isinstance(chunk, str):
        return chunk
    if isinstance(chunk, BaseMessage):
        return chunk.text
    content = getattr(chunk, "content", None)  # other libraries' message chunks
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(
            block if isinstance(block, str) else block.get("text", "") for block in content
        )
    return json.dumps(chunk, ensure_ascii=False, default=repr)


def _cut(text: str) -> str:
    text = encodable(text)
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[:MAX_TEXT]} … {len(text) - MAX_TEXT:,} more characters"


def _more(count: int) -> str:
    return f"… {count - MAX_ITEMS:,} more"


def _first(items: Iterable[Any]) -> Iterable[Any]:
    return (item for _, item in zip(range(MAX_ITEMS), items, strict=False))
