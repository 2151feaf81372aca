"""A model's chunks as the events of LangChain's content-block protocol, which version 3 is made of.

A message is told as ``message-start``, then block by block ``content-block-start``,
``content-block-delta`` and ``content-block-finish``, then ``message-finish``. The forms are those
that langchain-core 1.8 gives for ``stream_events(version="v3")``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .._shown import message_of
from ..messages import AIMessage, AIMessageChunk
from ._chunks import add_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ._log import Log
    from ._types import Event, Run

    Read = tuple[Iterable[Any], bool]
    Lens = Callable[[Event], Read]

__all__ = ["calls", "last_of", "of_message", "protocol", "said", "values", "whole"]

# What a block of these types says, and what it is called in the protocol.
_SAID = {"text": "text", "thinking": "reasoning", "reasoning": "reasoning"}


def deltas(message: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield what a chunk, or a whole message, adds: its kind, what it belongs to, and the delta.

    The kinds are ``"text"`` and ``"reasoning"`` with a text, ``"call"`` with a part of a tool call,
    and ``"block"`` with any other content block.
    """
    content = message if isinstance(message, str) else getattr(message, "content", None)
    for block in [content] if isinstance(content, str) else content or ():
        if isinstance(block, str):
            if block:
                yield "text", None, block
            continue
        if not isinstance(block, dict):
            continue
        kind = block.get("type")
        name = _SAID.get(kind) if isinstance(kind, str) else None
        if name is not None:
            if isinstance(said := block.get(kind), str) and said:
                yield name, block.get("index"), said
        elif kind not in ("tool_use", "input_json_delta"):  # those stand in the calls
            yield "block", block.get("index"), block
    if isinstance(message, AIMessageChunk):
        for part in message.tool_call_chunks:
            yield "call", part["index"], part
    elif isinstance(message, AIMessage):
        for at, call in enumerate(message.tool_calls):
            yield "call", at, {**call, "args": json.dumps(call["args"], ensure_ascii=False)}


class Teller:
    """Tells of one message: of its start, of each chunk, and of its end."""

    def __init__(self, id: str) -> None:
        self._id = id
        # By kind and by what the provider calls the block, in the order in which they began.
        self._blocks: dict[tuple[str, Any], dict[str, Any]] = {}

    def start(self) -> dict[str, Any]:
        return {"event": "message-start", "role": "ai", "id": self._id}

    def chunk(self, message: Any) -> Iterator[dict[str, Any]]:
        for kind, name, delta in deltas(message):
            known = self._blocks.get((kind, name))
            if known is None:
                known = self._blocks[kind, name] = _begun(kind, delta)
                at = len(self._blocks) - 1
                known["at"] = at
                begin = {**known["content"]}
                yield {"event": "content-block-start", "index": at, "content": begin}
            added = _added(kind, known, delta)
            if added is not None:
                yield {"event": "content-block-delta", "index": known["at"], "delta": added}

    def end(self, message: Any) -> Iterator[dict[str, Any]]:
        calls = [
            *getattr(message, "tool_calls", ()),
            *getattr(message, "invalid_tool_calls", ()),
        ]
        for (kind, _), known in self._blocks.items():
            content = known["content"]
            if kind in ("text", "reasoning"):
                content = {"type": kind, kind: "".join(known["parts"])}
            elif kind == "call":
                wanted = content["id"], content["name"]
                own = [one for one in calls if (one["id"], one["name"]) == wanted]
                content = dict(own[0]) if own else {**content, "args": "".join(known["parts"])}
            yield {"event": "content-block-finish", "index": known["at"], "content": content}
        finish: dict[str, Any] = {"event": "message-finish"}
        if usage := getattr(message, "usage_metadata", None):
            finish["usage"] = usage
        if metadata := getattr(message, "response_metadata", None):
            finish["metadata"] = metadata
        yield finish


def _begun(kind: str, delta: Any) -> dict[str, Any]:
    if kind == "call":
        named = {"id": delta.get("id"), "name": delta.get("name")}
        content = {"type": "tool_call_chunk", **named, "args": "", "index": delta.get("index")}
    else:
        content = {"type": kind, kind: ""} if kind in ("text", "reasoning") else delta
    return {"content": content, "parts": []}


def _added(kind: str, known: dict[str, Any], delta: Any) -> dict[str, Any] | None:
    if kind in ("text", "reasoning"):
        known["parts"].append(delta)
        return {"type": f"{kind}-delta", kind: delta}
    if kind == "call":
        if args := delta.get("args"):
            known["parts"].append(args)
            return {"type": "tool-call-delta", "args": args}
        return None
    if known["content"] is delta:
        return None  # it came whole, with its start
    return {"type": "block-delta", "fields": delta}


# Lenses: each reads one event after the other, and says what it adds and whether that was all.


def last_of(run: Run, event: Event) -> bool:
    """Tell whether an event is the last one of a run; raise what the run has failed with."""
    if event.run is not run or event.kind in ("start", "chunk", "custom"):
        return False
    if event.kind == "error":
        raise event.data
    return True


def of_message(run: Run, log: Log, read: Callable[[Any], Iterable[Any]]) -> Lens:
    """Read what the chunks of a model's run add or, where it had none, its whole message."""
    has_chunks = False

    def lens(event: Event) -> Read:
        nonlocal has_chunks
        if event.run is not run:
            return (), False
        if event.kind == "chunk":
            has_chunks = True
            return read(event.data), False
        is_over = last_of(run, event)
        return (read(log.output(run)) if is_over and not has_chunks else ()), is_over

    return lens


def said(kind: str) -> Callable[[Any], Iterable[str]]:
    """Read texts of one kind."""
    return lambda message: [delta for of, _, delta in deltas(message) if of == kind]


def calls() -> Callable[[Any], Iterable[Any]]:
    """Read parts of calls, each with the name and the id of its call."""
    known: dict[Any, dict[str, Any]] = {}

    def read(message: Any) -> Iterator[Any]:
        for kind, at, part in deltas(message):
            if kind != "call":
                continue
            call = known.setdefault(at, {"type": "tool_call_chunk", "id": None, "name": None})
            for key in ("id", "name"):
                call[key] = call[key] or part.get(key)
            if args := part.get("args"):
                yield {**call, "args": args, **({} if at is None else {"index": at})}

    return read


def protocol(run: Run, log: Log) -> Lens:
    """Tell of one message in the events of the protocol."""
    teller = Teller(f"run-{run.id}")
    read = of_message(run, log, teller.chunk)

    def lens(event: Event) -> Read:
        if event.run is run and event.kind == "start":
            return [teller.start()], False
        told, is_over = read(event)
        return ([*told, *teller.end(log.output(run))], True) if is_over else (told, False)

    return lens


def values(run: Run, log: Log) -> Lens:
    """Read what a run has given so far, each time that it has given more."""
    parts: list[Any] = []

    def lens(event: Event) -> Read:
        if event.run is not run:
            return (), False
        if event.kind == "chunk":
            parts[:] = [add_chunks([*parts, event.data])]
            return list(parts), False
        is_over = last_of(run, event)
        return ([log.output(run)] if is_over and not parts else ()), is_over

    return lens


def whole(root: Run, log: Log) -> Lens:
    """Tell of all that a run does in the events of LangGraph's run streams."""
    tellers: dict[int, Lens] = {}
    more = values(root, log)

    def told(method: str, event: Event, data: Any) -> dict[str, Any]:
        params = {"namespace": [], "timestamp": round(event.time * 1000), "data": data}
        return {"type": "event", "method": method, "params": params}

    def lens(event: Event) -> Read:
        run = event.run
        found: list[dict[str, Any]] = []
        if event.kind == "custom":
            found.append(told("custom", event, event.data[1]))
        elif run.run_type == "chat_model":
            about = {**run.metadata, "run_id": run.id, "name": run.name, "tags": run.tags}
            if event.kind == "error":
                data: Any = {"event": "error", "message": message_of(event.data)}
                found.append(told("messages", event, (data, about)))
            else:
                read = tellers.setdefault(run.index, protocol(run, log))
                found += [told("messages", event, (one, about)) for one in read(event)[0]]
        elif run.run_type == "tool" and (data := _about_tool(event, log)):
            found.append(told("tools", event, data))
        given, is_over = more(event)
        return [*found, *(told("values", event, one) for one in given)], is_over

    return lens


def _about_tool(event: Event, log: Log) -> dict[str, Any] | None:
    about = {"run_id": event.run.id, "tool_name": event.run.name}
    if event.kind == "start":
        return {"event": "tool-started", **about, "input": log.input(event.run)}
    if event.kind == "chunk":
        return {"event": "tool-output-delta", **about, "delta": event.data}
    if event.kind == "error":
        return {"event": "tool-error", **about, "message": message_of(event.data)}
    return {"event": "tool-finished", **about, "output": log.output(event.run)}
