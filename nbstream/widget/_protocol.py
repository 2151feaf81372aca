"""What goes over the wire: stretches of the log, made compact.

A **frame** is ``{"type": "frame", "seq": n, "items": [...]}``, where ``n`` is the log's number of
its first event. Times are whole **ticks** of 0.1 ms since the log began. An item is one of::

    {"kind": "start", "at": t, "run": i, "parent": j | null, "type": …, "name": …, "model": …}
    {"kind": "chunks", "at": t, "run": [i, …], "gap": [0, …], "text": ["…", …]}
    {"kind": "end" | "cancelled", "at": t, "run": i}
    {"kind": "error", "at": t, "run": i, "error": {"type": …, "message": …}}

A ``chunks`` item carries as many events as it has runs, column by column; ``gap`` is each one's
distance in ticks from the one before it. It ends early at a chunk (or `end`) that knows more than
its text, which then stands under ``usage`` and ``stop``. The page answers a gap between frames with
``{"type": "resync", "seq": n}``, the number it needs next. The same fixtures test this module and
``js/src/store.ts``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..messages import AIMessage
from ..sources import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..events import Event

__all__ = ["TICKS_PER_SECOND", "frame"]

TICKS_PER_SECOND = 10_000


def frame(events: Sequence[Event], seq: int = 0) -> dict[str, Any]:
    """Encode a stretch of the log whose first event has the number ``seq``.

    Examples
    --------
    >>> from nbstream import ScriptedChat, Trace
    >>> with Trace() as trace:
    ...     _ = ScriptedChat(["Hi"]).invoke("Hello")
    >>> [item["kind"] for item in frame(trace.events)["items"]]
    ['start', 'chunks', 'end']
    """
    items: list[dict[str, Any]] = []
    columns: dict[str, Any] | None = None  # the chunks item still open
    last = 0
    for event in events:
        at = round(event.time * TICKS_PER_SECOND)
        run = event.run.index
        if event.kind == "chunk":
            if columns is None:
                columns = {"kind": "chunks", "at": at, "run": [], "gap": [], "text": []}
                items.append(columns)
                last = at
            columns["run"].append(run)
            columns["gap"].append(at - last)
            columns["text"].append(text_of(event.data))
            last = at
            if extra := _extra(event.data):
                columns |= extra
                columns = None
            continue
        columns = None
        item: dict[str, Any] = {"kind": event.kind, "at": at, "run": run}
        if event.kind == "start":
            item["parent"] = event.run.parent.index if event.run.parent else None
            item["type"] = event.run.run_type
            item["name"] = event.run.name
            item["model"] = event.run.model
        elif event.kind == "error":
            item["error"] = {"type": type(event.data).__name__, "message": str(event.data)}
        elif event.kind == "end":
            item |= _extra(event.data)
        items.append(item)
    return {"type": "frame", "seq": seq, "items": items}


def _extra(data: Any) -> dict[str, Any]:
    """Return what a message knows beside its text."""
    extra: dict[str, Any] = {}
    if isinstance(data, AIMessage):
        if usage := data.usage_metadata:
            extra["usage"] = {"input": usage["input_tokens"], "output": usage["output_tokens"]}
        if stop := data.response_metadata.get("stop_reason"):
            extra["stop"] = stop
    return extra
