"""What goes over the wire: stretches of the log, made compact.

A **frame** is ``{"type": "frame", "seq": n, "items": [...]}``, where ``n`` is the log's number of
its first event. Times are whole **ticks** of 0.1 ms since the log began. An item is one of::

    {"kind": "start", "at": t, "run": i, "id": …, "parent": j | null, "type": …, "name": …,
     "model": …, "tags": […], "metadata": {…}, "input": … | "streamed": true}
    {"kind": "chunks", "at": t, "run": [i, …], "gap": [0, …], "text": ["…", …],
     "messages": [i, …], "more": {"k": …}, "odds": [null | [[token, logprob, …], …], …]}
    {"kind": "end", "at": t, "run": i, "output": … | "message": …, "input": …}
    {"kind": "error", "at": t, "run": i, "error": {"type": …, "message": …}, "input": …}
    {"kind": "cancelled", "at": t, "run": i, "input": …}
    {"kind": "custom", "at": t, "run": i, "name": …, "data": …}

Keys whose value would be empty are left out.

A ``chunks`` item carries as many events as it has runs, column by column; ``gap`` is each one's
distance in ticks from the one before it. A chunk of a chat model is a message with the text, one of
any other run is the text itself, except where ``messages`` names its run. ``more`` has, under the
place of a chunk that is more than its text, all of that chunk. ``odds`` is there where a model was
asked for log-probabilities: for each chunk those of its tokens, in the form of
`nbstream.events._odds`, and ``more`` does not say them again.

An ``end`` has the ``output`` that cannot be told from the chunks: where they were texts, there is
none; where they were messages of text, there is a ``message`` without its ``content``.
A message whose run had chunks leaves its log-probabilities out, which those have. ``input`` is
there, at the end, for a run whose input streamed in. Values are in the bounded form of
`nbstream.events._plain`.

The page answers a gap between frames with ``{"type": "resync", "seq": n}``, the number it needs
next. The same fixtures test this module and ``js/src/log.ts``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .._secrets import look_around
from .._shown import label
from ..messages import AIMessageChunk, BaseMessage
from ._lens import shown_input
from ._odds import odds_of
from ._plain import is_text_only, plain, plain_error, text_of

if TYPE_CHECKING:
    from ._log import Log
    from ._look import Memo
    from ._types import Event, Run

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
    look_around()
    items: list[dict[str, Any]] = []
    columns: dict[str, Any] | None = None  # the chunks item still open
    forms: dict[int, bool] = {}  # whether its chunks are messages, by run
    last = 0
    memo = trace.memo
    for event in trace.events[begin:end]:
        if event.kind != "chunk":
            columns = None
            items.append(memo.item(event.seq, partial(_item, trace, event)))
            continue
        at = round(event.time * TICKS_PER_SECOND)
        run, data = event.run, event.data
        more, odds = (None, None) if is_text_only(data) else _more(data, memo)
        is_message = issubclass(type(data), BaseMessage)
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
        if odds:
            column = columns.setdefault("odds", [])
            column += [None] * (len(columns["run"]) - len(column))
            column.append(odds)
        columns["run"].append(run.index)
        columns["gap"].append(at - last)
        columns["text"].append(text_of(data, more))
        last = at
    return {"type": "frame", "seq": begin, "items": items}


def _more(chunk: Any, memo: Memo) -> tuple[Any, list[list[Any]] | None]:
    """Return what a chunk is beside its text, and the odds of its tokens."""
    is_short = type(chunk) is AIMessageChunk and _has_odds_alone(chunk)
    if is_short and (odds := odds_of(chunk.response_metadata)):
        return None, odds  # as nearly all are
    form = plain(chunk, memo, images=True)
    odds = odds_of(form.get("response_metadata")) if type(form) is dict else []
    return (_without_logprobs(form, "content"), odds) if odds else (form, None)


def _has_odds_alone(chunk: AIMessageChunk) -> bool:
    said = chunk.response_metadata
    return (
        type(chunk.content) is str
        and type(said) is dict
        and [*said] == ["logprobs"]
        and type(said["logprobs"]) is dict
        and [*said["logprobs"]] == ["content"]
        and not (chunk.additional_kwargs or chunk.tool_call_chunks or chunk.usage_metadata)
    )


def _item(trace: Log, event: Event) -> dict[str, Any]:
    at = round(event.time * TICKS_PER_SECOND)
    item = {"kind": event.kind, "at": at, "run": event.run.index}
    return item | _DETAILS[event.kind](trace, event)


def _start(trace: Log, event: Event) -> dict[str, Any]:
    run = event.run
    item: dict[str, Any] = {
        "id": run.id,
        "parent": run.parent.index if run.parent else None,
        "type": run.run_type,
        "name": label(run.name),
        "model": None if run.model is None else label(run.model),
    }
    if run.tags:
        item["tags"] = plain(run.tags, trace.memo)
    if run.metadata:
        item["metadata"] = plain(run.metadata, trace.memo)
    if run.streamed_input is not None:
        item["streamed"] = True
    else:
        # A run on its own is shown what it was given, one inside another what that comes to.
        item["input"] = _input(trace, run, event.data)
    return item


def _late_input(trace: Log, event: Event) -> dict[str, Any]:
    run = event.run
    return {} if run.streamed_input is None else {"input": _input(trace, run, trace.input(run))}


def _input(trace: Log, run: Run, value: Any) -> Any:
    # A run on its own is shown what it was given, one inside another what that comes to.
    return plain(shown_input(run, value) if run.parent else value, trace.memo)


def _end(trace: Log, event: Event) -> dict[str, Any]:
    item = _late_input(trace, event)
    output = trace.output(event.run)
    if event.data is None and issubclass(type(output), str):
        return item
    has_chunks = trace.has_chunks(event.run)  # these have its images
    form = plain(output, trace.memo, images=not has_chunks)
    is_message = issubclass(type(output), BaseMessage) and type(form) is dict
    if is_message and has_chunks:
        form = _without_logprobs(form)
    if event.data is None and is_message and type(form["content"]) is str:
        return {**item, "message": {k: v for k, v in form.items() if k != "content"}}
    return {**item, "output": form}


def _without_logprobs(form: dict[str, Any], part: str | None = None) -> dict[str, Any]:
    """Return a message's form without its log-probabilities, or without one part of them."""
    metadata = form.get("response_metadata")
    if type(metadata) is not dict or "logprobs" not in metadata:
        return form
    left = {key: value for key, value in metadata.items() if key != "logprobs"}
    if part and (rest := {k: v for k, v in metadata["logprobs"].items() if k != part and v}):
        left["logprobs"] = rest
    form = {key: value for key, value in form.items() if key != "response_metadata"}
    return {**form, "response_metadata": left} if left else form


def _error(trace: Log, event: Event) -> dict[str, Any]:
    return {**_late_input(trace, event), "error": plain_error(event.data, trace.memo)}


def _custom(trace: Log, event: Event) -> dict[str, Any]:
    name, data = event.data
    return {"name": label(name), "data": plain(data, trace.memo)}


_DETAILS = {
    "start": _start,
    "end": _end,
    "error": _error,
    "cancelled": _late_input,
    "custom": _custom,
}
