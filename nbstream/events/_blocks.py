"""Content blocks beside text, thinking and calls: citations, images, tools at the provider's end.

``js/src/blocks.ts`` is its twin.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._state import Block, RunState

__all__ = ["dicts", "note_blocks", "to_json"]

_IMAGES = ("image", "image_url")
_OURS = ("tool_use", "function_call", "custom_tool_call", "tool_call")
_ENDS = ("_use", "_call", "_result", "_code", "_tools")
_GROWING = ("partial_json", "arguments", "code")


def note_blocks(run: RunState, message: dict[str, Any], has_text: bool) -> None:
    """Take in a chunk's blocks, before its text."""
    at = len(run["texts"]) + has_text
    for block in dicts(message.get("content")):
        index = block.get("index")
        index = index if isinstance(index, (int, str)) and not isinstance(index, bool) else None
        kind = block.get("type")
        if kind == "text":
            _move_marks(run, index, at)
            _cite(run, block.get("citations"), at, index)
        elif kind in _IMAGES:
            _add(run, {"kind": "image", "at": at, "after": 0, "index": index, "block": block})
        else:
            _note_server(run, block, at, index)
    more = message.get("additional_kwargs")
    _cite(run, more.get("citations") if isinstance(more, dict) else None, at, None)


def _add(run: RunState, block: Block) -> None:
    block["after"] = len(run["asides"])
    run["blocks"].append(block)


def _cite(run: RunState, citations: Any, at: int, index: int | str | None) -> None:
    for block in dicts(citations):
        _add(run, {"kind": "citation", "at": at, "after": 0, "index": index, "block": block})


def _move_marks(run: RunState, index: int | str | None, at: int) -> None:
    """Put the marks of a text that goes on behind it: some come before what they are for."""
    for block in reversed(run["blocks"]):
        if block["kind"] != "citation" or index is None or block["index"] != index:
            return
        block["at"] = at


def _note_server(run: RunState, block: dict[str, Any], at: int, index: int | str | None) -> None:
    kind = block.get("type")
    known = None
    if index is not None:
        servers = (one for one in reversed(run["blocks"]) if one["kind"] == "server")
        known = next((one for one in servers if one["index"] == index), None)
    if known is not None and (kind == "input_json_delta" or kind == known["block"].get("type")):
        for name, value in block.items():
            grows = name in _GROWING and isinstance(value, str)
            before = known["block"].get(name) if grows else None
            if name != "type":
                known["block"][name] = before + value if isinstance(before, str) else value
    elif isinstance(kind, str) and kind.endswith(_ENDS) and kind not in _OURS:
        # Extended in place: what the frame has stays as it is.
        _add(run, {"kind": "server", "at": at, "after": 0, "index": index, "block": {**block}})


def dicts(items: Any) -> list[dict[str, Any]]:
    """Return the dicts in what may be a list."""
    return [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []


def to_json(value: Any) -> str:
    """Return a value as JSON, as a page writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
