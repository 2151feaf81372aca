"""What goes over the wire: stretches of the log, made compact.

A **frame** is ``{"type": "frame", "seq": n, "items": [...]}``, where ``n`` is the log's number of
its first event. Times are whole **ticks** of 0.1 ms since the log began. An item is one of::

    {"kind": "start", "at": t, "run": i, "id": …, "parent": j | null, "type": …, "name": …,
     "model": …, "tags": […], "metadata": {…}, "input": … | "streamed": true}
    {"kind": "chunks", "at": t, "run": [i, …], "gap": [0, …], "text": ["…", …],
     "messages": [i, …], "more": {"k": …}}
    {"kind": "end", "at": t, "run": i, "output": … | "message": …, "input": …}
    {"kind": "error", "at": t, "run": i, "error": {"type": …, "message": …}, "input": …}
    {"kind": "cancelled", "at": t, "run": i, "input": …}
    {"kind": "custom", "at": t, "run": i, "name": …, "data": …}

Keys whose value would be empty are left out.

A ``chunks`` item carries as many events as it has runs, column by column; ``gap`` is each one's
distance in ticks from the one before it. A chunk of a chat model is a message with the text, one of
any other run is the text itself, except where ``messages`` names its run. ``more`` has, under the
place of a chunk that is more than its text, all of that chunk.

An ``end`` has the ``output`` that cannot be told from the chunks: where they were texts, there is
none; where they were messages of text, there is a ``message`` without its ``content``. ``input`` is
there, at the end, for a run whose input streamed in. Values are in the bounded form of
`nbstream.events._plain`.

The page answers a gap between frames with ``{"type": "resync", "seq": n}``, the number it needs
next. The same fixtures test this module and ``js/src/log.ts``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..messages import BaseMessage
from ._lens import shown_input
from ._plain import encodable, plain, text_of

if TYPE_CHECKING:
    from ._log import Log
    from ._types import Event

__all__ = ["TICKS_PER_SECOND", "frame"]

TICKS_PER_SECOND = 10_000


def frame(trace: Log, begin: int = 0, end: int | None = None) -> dict[str, Any]:
    """Encode a stretch of the log: its events from number ``begin`` to before ``end``.

    Examples
    --------
    >>> from nbstream import ScriptedChat, Trace
    >>> with Trace() as trace:
    ...     _ = ScriptedChat(["Hi"]).invoke("Hello")
    >>> [item["kind"] for item in frame(trace)["items"]]
    ['start', 'chunks', 'end']
    """
    items: list[dict[str, Any]] = []
    columns: dict[str, Any] | None = None  # the chunks item still open
    forms: dict[int, bool] = {}  # whether its chunks are messages, by run
    last = 0
    for event in trace.events[begin:end]:
        at = round(event.time * TICKS_PER_SECOND)
        if event.kind != "chunk":
            columns = None
            items.append({"kind": event.kind, "at": at, "run": event.run.index})
            items[-1] |= _DETAILS[event.kind](trace, event)
            continue
        run, data = event.run, event.data
        more = _beside_text(data)
        is_message = isinstance(data, BaseMessage)
        if columns is None or (more is None and forms.get(run.index, is_message) != is_message):
            columns = {"kind": "chunks", "at": at, "run": [], "gap": [], "text": []}
            items.append(columns)
            forms = {}
            last = at
        if more is not None:
            columns.setdefault("more", {})[str(len(columns["run"]))] = more
        elif run.index not in forms:
            forms[run.index] = is_message
            if is_message != (run.run_type == "chat_model"):
                columns.setdefault("messages", []).append(run.index)
        columns["run"].append(run.index)
        columns["gap"].append(at - last)
        columns["text"].append(text_of(data))
        last = at
    return {"type": "frame", "seq": begin, "items": items}


def _beside_text(chunk: Any) -> Any:
    """Return all of a chunk that is more than its text, else None."""
    if isinstance(chunk, str):
        return None
    if not isinstance(chunk, BaseMessage):
        # Another library's chunk: what matters of it is what ours have, too.
        is_text = isinstance(getattr(chunk, "content", None), str)
        known = ("tool_call_chunks", "usage_metadata")
        return None if is_text and not any(getattr(chunk, k, None) for k in known) else plain(chunk)
    # Looked at field by field first, since nearly all chunks have a text and nothing more.
    if (
        type(chunk).__name__ == "AIMessageChunk"
        and isinstance(chunk.content, str)
        and not chunk.response_metadata
        and not chunk.additional_kwargs
        and not getattr(chunk, "tool_call_chunks", None)
        and not getattr(chunk, "usage_metadata", None)
    ):
        return None
    return plain(chunk)


def _start(_: Log, event: Event) -> dict[str, Any]:
    run = event.run
    item: dict[str, Any] = {
        "id": run.id,
        "parent": run.parent.index if run.parent else None,
        "type": run.run_type,
        "name": encodable(run.name),
        "model": run.model and encodable(run.model),
    }
    if run.tags:
        item["tags"] = plain(run.tags)
    if run.metadata:
        item["metadata"] = plain(run.metadata)
    if run.streamed_input is not None:
        item["streamed"] = True
    else:
        # A run on its own is shown what it was given, one inside another what that comes to.
        item["input"] = plain(shown_input(run, event.data) if run.parent else event.data)
    return item


def _late_input(trace: Log, event: Event) -> dict[str, Any]:
    run = event.run
    if run.streamed_input is None:
        return {}
    return {"input": plain(shown_input(run, trace.input(run)) if run.parent else trace.input(run))}


def _end(trace: Log, event: Event) -> dict[str, Any]:
    item = _late_input(trace, event)
    output = trace.output(event.run)
    if event.data is not None:
        return {**item, "output": plain(output)}
    if isinstance(output, str):
        return item
    shown = plain(output)
    if isinstance(output, BaseMessage) and isinstance(output.content, str):
        del shown["content"]
        return {**item, "message": shown}
    return {**item, "output": shown}


def _error(trace: Log, event: Event) -> dict[str, Any]:
    return {**_late_input(trace, event), "error": plain(event.data)}


def _custom(_: Log, event: Event) -> dict[str, Any]:
    name, data = event.data
    return {"name": encodable(name), "data": plain(data)}


_DETAILS = {
    "start": _start,
    "end": _end,
    "error": _error,
    "cancelled": _late_input,
    "custom": _custom,
}
