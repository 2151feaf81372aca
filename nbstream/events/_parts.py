"""The parts of one answer, in their order. ``js/src/reading/parts.ts`` is its twin."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Union

from ._blocks import dicts, to_json

if TYPE_CHECKING:
    from ._state import Block, RunState

__all__ = [
    "Call",
    "Part",
    "Source",
    "call_part",
    "images_in",
    "parts_of",
    "text_call",
    "text_in",
]

_BASE64 = re.compile(r"[A-Za-z0-9+/=_-]*")
_SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp")


class Thinking(TypedDict):
    """What a model thought: the run's aside with this number."""

    kind: Literal["thinking"]
    aside: int


class Said(TypedDict):
    """A stretch of the run's texts."""

    kind: Literal["said"]
    begin: int
    end: int
    marks: list[list[int]]
    """``[place, number]``: before the text with this place is the mark of a source."""


class Call(TypedDict):
    """A call of a tool, and what came of it."""

    kind: Literal["call"]
    model: int | None
    """The run that asked for it; None where the tool was called by other code."""
    aside: int | None
    """Of that run: the arguments' JSON."""
    id: str | None
    name: str
    args: str | None
    """The arguments where no model wrote them."""
    tool: int | None
    """The tool's run."""
    result: str | None
    """What the tool gave, where it has no run."""
    failed: bool
    images: list[str]
    tells: list[int]
    """The runs that said something of themselves while the tool ran."""
    inside: list[Any]


class Server(TypedDict):
    """A tool that ran at the provider's end."""

    kind: Literal["server"]
    name: str
    args: str
    result: str | None
    links: list[dict[str, str]]
    failed: bool


class Image(TypedDict):
    """An image in the answer: its address, which may hold all of it; empty if it was cut."""

    kind: Literal["image"]
    url: str


class Source(TypedDict):
    """What an answer cites."""

    title: str
    url: str
    quote: str


Part = Union["Thinking", "Said", "Call", "Server", "Image"]


def parts_of(at: int, run: RunState) -> tuple[list[Part], list[Source]]:
    """Return the parts of a run's answer, and its sources in the order of their numbers."""
    parts: list[Part] = []
    marks, sources = _marks(run)
    servers: dict[Any, Server] = {}
    position = 0
    mark = 0

    def say(until: int) -> None:
        nonlocal position, mark
        until = min(until, len(run["texts"]))
        if until <= position:
            return
        said: Said = {"kind": "said", "begin": position, "end": until, "marks": []}
        while mark < len(marks) and marks[mark][0] <= until:
            if marks[mark][0] > position:
                said["marks"].append(marks[mark])
            mark += 1
        parts.append(said)
        position = until

    blocks = [one for one in run["blocks"] if one["kind"] != "citation"]
    block = 0
    for place, aside in enumerate(run["asides"]):
        while block < len(blocks) and blocks[block]["after"] <= place:
            say(blocks[block]["at"])
            _block(parts, servers, blocks[block])
            block += 1
        say(aside["at"])
        if aside["kind"] == "thinking":
            parts.append({"kind": "thinking", "aside": place})
        else:
            parts.append(call_part(at, place, aside["id"], aside["name"]))
    for one in blocks[block:]:
        say(one["at"])
        _block(parts, servers, one)
    say(len(run["texts"]))
    return parts, sources


def call_part(model: int | None, aside: int | None, call_id: str | None, name: str | None) -> Call:
    """Return a call of which no more is known than who asked for it."""
    return {
        "kind": "call",
        "model": model,
        "aside": aside,
        "id": call_id,
        "name": name or "tool",
        "args": None,
        "tool": None,
        "result": None,
        "failed": False,
        "images": [],
        "tells": [],
        "inside": [],
    }


def text_call(run: RunState) -> Call:
    """Return the call of a tool that no model asked for."""
    call = call_part(None, None, None, run["name"])
    given = run["input"]
    call["args"] = "" if given is None else given if isinstance(given, str) else to_json(given)
    return call


def _block(parts: list[Part], servers: dict[Any, Server], told: Block) -> None:
    block = told["block"]
    if told["kind"] == "image":
        parts.append({"kind": "image", "url": _image_of(block) or ""})
        return
    kind = str(block.get("type"))
    if kind.endswith("_result"):
        key = next((block[one] for one in ("tool_use_id", "id") if _is_key(block.get(one))), None)
        server = servers.get(key) or servers.get(None)
        if server is None:
            server = _server(kind.removesuffix("_result"), block)
            parts.append(server)
    else:
        name = block.get("name")
        server = _server(name if isinstance(name, str) and name else _plain_name(kind), block)
        parts.append(server)
        servers[None] = server
        if _is_key(block.get("id")):
            servers[block["id"]] = server
    _give(server, block)


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _plain_name(kind: str) -> str:
    for end in ("_call", "_tool_use", "_use"):
        kind = kind.removesuffix(end)
    return kind


def _server(name: str, block: dict[str, Any]) -> Server:
    args = next((block[one] for one in _GIVEN if block.get(one)), "")
    return {
        "kind": "server",
        "name": name,
        "args": _brief(args),
        "result": None,
        "links": [],
        "failed": False,
    }


_GIVEN = ("partial_json", "input", "action", "code", "arguments", "queries", "args")
_GAVE = ("content", "output", "outputs", "results", "response", "tools", "error")


def _brief(value: Any) -> str:
    """Return a value to be read in a line: of a dict with one text, that."""
    read = value
    if isinstance(value, str):
        try:
            read = json.loads(value)
        except (ValueError, RecursionError):
            return value  # no JSON, or not all of it
    if isinstance(read, dict):
        texts = [one for key, one in read.items() if key != "type" and one is not None]
        if len(texts) == 1 and isinstance(texts[0], str):
            return texts[0]
    return value if isinstance(value, str) else to_json(value)


def _printed(given: Any) -> str:
    """Return what a program wrote, where that is what was given."""
    if isinstance(given, dict) and isinstance(given.get("stdout"), str):
        return "".join(_first(given, name) for name in ("stdout", "stderr"))
    return _brief(given)


def _give(server: Server, block: dict[str, Any]) -> None:
    """Take in what a tool at the provider's end gave."""
    given = next((block[one] for one in _GAVE if block.get(one)), None)
    if given is None:
        if block.get("status") in ("completed", "failed", "incomplete"):
            server["result"] = server["result"] or ""
            server["failed"] = block["status"] == "failed"
        return
    for one in dicts(given):
        if isinstance(one.get("url"), str):
            title = one.get("title")
            title = title if isinstance(title, str) and title else one["url"]
            server["links"].append({"title": title, "url": one["url"]})
    text = text_in(given) if isinstance(given, (str, list)) else _printed(given)
    server["result"] = "" if server["links"] else text
    code = given.get("error_code") if isinstance(given, dict) else None
    server["failed"] = bool(block.get("error") or code or block.get("is_error"))


def text_in(content: Any) -> str:
    """Return the text of a message's content."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list):
        texts = [_first(one, "text", "logs") if isinstance(one, dict) else one for one in content]
        known = [one for one in texts if isinstance(one, str) and one]
        if known or not content or images_in(content):
            return "".join(known)
    return to_json(content)


def _image_of(block: dict[str, Any]) -> str | None:
    """Return an image's address; empty if there is nothing to show, None if it is no image."""
    kind = block.get("type")
    if kind == "image_url":
        url = block.get("image_url")
        return _address(url.get("url") if isinstance(url, dict) else url)
    if kind != "image":
        return None
    source = block.get("source")
    held = source if isinstance(source, dict) else block
    data = held.get("base64", held.get("data"))
    if data is None:
        return _address(held.get("url"))
    media = held.get("media_type", held.get("mime_type"))
    return _address(f"data:{media};base64,{data}")


def images_in(content: Any) -> list[str]:
    """Return the images in a message's content."""
    return [image for block in dicts(content) if (image := _image_of(block)) is not None]


def _address(url: Any) -> str:
    if not isinstance(url, str):
        return ""
    if not url.startswith("data:"):
        return url if url.startswith(("https://", "http://")) else ""
    head, _, data = url.removeprefix("data:").partition(";base64,")
    # One that was cut says so at its end.
    is_whole = len(data) > 0 and _BASE64.fullmatch(data[-40:]) is not None
    return url if head in _SHOWN and is_whole else ""


def _marks(run: RunState) -> tuple[list[list[int]], list[Source]]:
    numbers: dict[str, int] = {}
    sources: list[Source] = []
    marks: list[list[int]] = []
    for told in run["blocks"]:
        if told["kind"] != "citation":
            continue
        block = told["block"]
        for one in dicts(block.get("sources")) or [block]:
            source = _source(one, block)
            key = source["url"] or source["title"]
            if key not in numbers:
                sources.append(source)
                numbers[key] = len(sources)
            # What has no place in the text is a source of the whole of it.
            has_place = told["index"] is not None or "end_index" in block
            if has_place and [told["at"], numbers[key]] not in marks[-8:]:
                marks.append([told["at"], numbers[key]])
    return sorted(marks), sources


def _source(one: dict[str, Any], block: dict[str, Any]) -> Source:
    document = one.get("document")
    held = document if isinstance(document, dict) else one
    url = _first(held, "url", "source")
    url = url if url.startswith(("https://", "http://")) else ""
    title = _first(held, "title", "document_title", "filename", "file_id", "id")
    return {
        "title": title or url or "Source",
        "url": url,
        "quote": _first(block, "cited_text", "text"),
    }


def _first(block: dict[str, Any], *names: str) -> str:
    found = (block.get(name) for name in names)
    return next((one for one in found if isinstance(one, str) and one), "")
