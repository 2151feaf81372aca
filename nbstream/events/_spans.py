"""The log as spans, by OpenTelemetry's conventions for generative AI. It needs no OpenTelemetry.

The names are those of the GenAI semantic conventions 0.1 (all of which may still change).
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from .._secrets import hider
from .._shown import attempt, message_of, outgoing, type_name
from ._log import OVER
from ._metrics import count_usage
from ._plain import plain
from ._span_content import input_messages, output_messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._log import Log
    from ._types import Event, Run

__all__ = ["Span", "SpanFold", "begun", "spans"]

Value = str | bool | int | float | list[str]

MAX_BITS = 64
"""Of a whole number: OpenTelemetry's have 64, one of them for the sign."""

_OPERATIONS = {"chat_model": "chat", "tool": "execute_tool", "retriever": "retrieval"}
_AGENT = re.compile(r"(?:^|[^a-zA-Z])agent|Agent")
# Where the conventions have another word than the one in a model's class or in its metadata.
_PROVIDERS = {
    "amazon_bedrock": "aws.bedrock",
    "azure": "azure.ai.openai",
    "azureopenai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrockconverse": "aws.bedrock",
    "google_genai": "gcp.gen_ai",
    "google_vertexai": "gcp.vertex_ai",
    "googlegenerativeai": "gcp.gen_ai",
    "mistralai": "mistral_ai",
    "vertexai": "gcp.vertex_ai",
    "xai": "x_ai",
}
# LangChain's names for what was asked for.
_REQUEST = {
    "ls_max_tokens": "gen_ai.request.max_tokens",
    "ls_stop": "gen_ai.request.stop_sequences",
    "ls_temperature": "gen_ai.request.temperature",
    "session_id": "gen_ai.conversation.id",
    "thread_id": "gen_ai.conversation.id",
}
_DETAILS = {
    ("input_token_details", "cache_read"): "gen_ai.usage.cache_read.input_tokens",
    ("input_token_details", "cache_creation"): "gen_ai.usage.cache_write.input_tokens",
    ("output_token_details", "reasoning"): "gen_ai.usage.reasoning.output_tokens",
}


@dataclass(frozen=True)
class Span:
    """One run that has ended, as OpenTelemetry's spans have it. Times are seconds since 1970.

    Ids are made from the log's own, so that a log gives the same ones whenever it is asked. No key
    is in any of it.

    Examples
    --------
    >>> from nbstream import ScriptedChat, Trace
    >>> with Trace() as trace:
    ...     message = ScriptedChat(["Hello"]).invoke("Hi")
    >>> span = trace.spans()[0]
    >>> span.name, span.kind, span.status, span.attributes["gen_ai.operation.name"]
    ('chat ScriptedChat', 'client', 'unset', 'chat')
    """

    name: str
    """Such as ``"chat claude-opus-5-5"`` or ``"execute_tool add"``."""
    kind: Literal["client", "internal"]
    """``"client"`` for a call of a model."""
    run: Run
    """The run that this is of."""
    trace_id: str
    """32 hexadecimal digits: one for all that lies in one outermost run."""
    span_id: str
    """16 hexadecimal digits."""
    parent_id: str | None
    """The span that this lies in."""
    start: float
    """When it began."""
    end: float
    """When it was over."""
    status: Literal["unset", "error"] = "unset"
    """``"error"`` where it failed. What somebody stopped has not: see `attributes`."""
    description: str | None = None
    """What the error said."""
    attributes: dict[str, Value] = field(default_factory=dict)
    """``gen_ai.…``, ``error.type``; ``nbstream.stopped`` where somebody stopped it."""


class SpanFold:
    """Makes spans of a log's events, one event after the other.

    Parameters
    ----------
    trace
        The log.
    content
        Whether what was said goes along.
    """

    def __init__(self, trace: Log, *, content: bool = False) -> None:
        self._trace = trace
        self._content = content
        self._starts: dict[int, float] = {}
        self._first: dict[int, float] = {}

    def __call__(self, event: Event) -> Span | None:
        """Take in the next event; return the span of the run that it ends, if it ends one."""
        index = event.run.index
        if event.kind == "start":
            self._starts[index] = event.time
        elif event.kind == "chunk":
            self._first.setdefault(index, event.time)
        elif event.kind in OVER:
            return self._over(event)
        return None

    def at(self, time: float) -> float:
        """Return a time of the log in seconds since 1970."""
        return self._trace.started_at + time

    def _over(self, event: Event) -> Span:
        run = event.run
        start = self._starts.pop(run.index, event.time)
        first = self._first.pop(run.index, None)
        span = begun(self._trace, run, start)
        known = dict(span.attributes)
        if run.run_type == "chat_model":
            if first is not None:
                known["gen_ai.request.stream"] = True
                known["gen_ai.response.time_to_first_chunk"] = first - start
            output = self._trace.output(run)
            known.update(attempt(lambda: _of_answer(output), dict))
        elif run.run_type == "tool":
            given = self._trace.input(run)
            known.update(attempt(lambda: _of_call(given), dict))
        if self._content:
            known.update(attempt(lambda: _said(self._trace, run), dict))
        description = None
        if event.kind == "error":
            known["error.type"] = type_name(event.data)
            description = message_of(event.data)
        elif event.kind == "cancelled":
            known["nbstream.stopped"] = True
        ended = replace(
            span,
            end=self.at(event.time),
            status="error" if event.kind == "error" else "unset",
            description=description,
            attributes=known,
        )
        return _without_keys(ended)


def spans(trace: Log, *, content: bool = False) -> list[Span]:
    """Return the spans of all runs that have ended, in the order in which they began."""
    fold = SpanFold(trace, content=content)
    made = [span for event in trace.events[:] if (span := fold(event)) is not None]
    return sorted(made, key=lambda span: span.run.index)


def begun(trace: Log, run: Run, time: float) -> Span:
    """Return what is known of a run's span at its beginning; its end is not."""
    operation = _OPERATIONS.get(run.run_type)
    if operation is None and run.run_type == "chain" and _AGENT.search(run.name):
        operation = "invoke_agent"
    known: dict[str, Value] = {}
    called = run.name
    if operation:
        known["gen_ai.operation.name"] = operation
    if operation == "chat":
        known["gen_ai.provider.name"] = _provider(run)
        called = _text(run.metadata.get("ls_model_name")) or run.model or ""
        if called:
            known["gen_ai.request.model"] = called
    elif operation == "execute_tool":
        known.update({"gen_ai.tool.name": called, "gen_ai.tool.type": "function"})
    elif operation == "invoke_agent":
        known["gen_ai.agent.name"] = called
    for name, attribute in _REQUEST.items() if operation in ("chat", "invoke_agent") else ():
        if (value := _as_value(run.metadata.get(name))) is not None:
            known[attribute] = value
    root = run
    while root.parent is not None:
        root = root.parent
    start = trace.started_at + time
    span = Span(
        name=f"{operation} {called}".strip() if operation else run.name,
        kind="client" if operation == "chat" else "internal",
        run=run,
        trace_id=_id(trace, root, 32),
        span_id=_id(trace, run, 16),
        parent_id=_id(trace, run.parent, 16) if run.parent else None,
        start=start,
        end=start,
        attributes=known,
    )
    return _without_keys(span)


def _id(trace: Log, run: Run, digits: int) -> str:
    # Ids of runs are anything that was passed in, and may come twice: the place in the log tells.
    seed = f"{digits} {trace.started_at!r} {run.index} {run.id}"
    return hashlib.sha256(seed.encode("utf-8", "replace")).hexdigest()[:digits]


def _provider(run: Run) -> str:
    name = _text(run.metadata.get("ls_provider"))
    name = name or run.name.removeprefix("Chat").removesuffix("Chat").lower() or "_OTHER"
    return _PROVIDERS.get(name, name)


def _text(value: Any) -> str | None:
    return value if type(value) is str and value else None


def _as_value(value: Any) -> Value | None:
    if type(value) in (str, int, float, bool):
        return value  # type: ignore[no-any-return]
    if type(value) is list and value and all(type(one) is str for one in value):
        return value
    return None


def _field(value: Any, name: str) -> Any:
    return attempt(lambda: getattr(value, name, None), lambda: None)


def _of_answer(output: Any) -> dict[str, Value]:
    known: dict[str, Value] = {}
    said = _field(output, "response_metadata")
    said = said if isinstance(said, dict) else {}
    if model := _text(said.get("model_name")) or _text(said.get("model")):
        known["gen_ai.response.model"] = model
    if provider := _text(said.get("model_provider")):
        known["gen_ai.provider.name"] = _PROVIDERS.get(provider, provider)
    if reason := _text(said.get("stop_reason")) or _text(said.get("finish_reason")):
        known["gen_ai.response.finish_reasons"] = [reason]
    if answer_id := _text(_field(output, "id")):
        known["gen_ai.response.id"] = answer_id
    usage = _field(output, "usage_metadata")
    if counts := count_usage(usage):
        known["gen_ai.usage.input_tokens"], known["gen_ai.usage.output_tokens"] = counts
        for (group, name), attribute in _DETAILS.items():
            details = usage.get(group)
            count = details.get(name) if isinstance(details, dict) else None
            if type(count) is int and count > 0:
                known[attribute] = count
    return known


def _of_call(given: Any) -> dict[str, Value]:
    is_call = isinstance(given, dict) and given.get("type") == "tool_call"
    call_id = _text(given.get("id")) if is_call else None
    return {"gen_ai.tool.call.id": call_id} if call_id else {}


def _said(trace: Log, run: Run) -> dict[str, Value]:
    """Return what went in and came out, which the conventions leave out unless it is asked for."""
    given, gave = trace.input(run), trace.output(run)
    if run.run_type == "chat_model":
        pairs: dict[str, Any] = {
            "gen_ai.input.messages": input_messages(given),
            "gen_ai.output.messages": output_messages(gave),
        }
    elif run.run_type == "tool":
        is_call = isinstance(given, dict) and given.get("type") == "tool_call"
        args = given.get("args") if is_call else given
        result = _field(gave, "content") if _field(gave, "tool_call_id") else gave
        pairs = {"gen_ai.tool.call.arguments": args, "gen_ai.tool.call.result": result}
    else:
        # The conventions have no words for a chain's: Phoenix and others read these.
        pairs = {"input.value": given, "output.value": gave}
    return {name: _json(value) for name, value in pairs.items() if value is not None}


def _json(value: Any) -> str:
    return value if type(value) is str else json.dumps(plain(value), ensure_ascii=False)


def _without_keys(span: Span) -> Span:
    hide = hider()

    def clean(text: str) -> str:
        return hide(outgoing(text))

    # What is larger does not fit into the protocol's numbers, and would take all else with it.
    fits = {
        name: value
        for name, value in span.attributes.items()
        if not isinstance(value, int) or value.bit_length() < MAX_BITS
    }
    return replace(
        span,
        name=clean(span.name),
        description=None if span.description is None else clean(span.description),
        attributes={name: _cleaned(value, clean) for name, value in fits.items()},
    )


def _cleaned(value: Value, clean: Callable[[str], str]) -> Value:
    if isinstance(value, str):
        return clean(value)
    return [clean(one) for one in value] if isinstance(value, list) else value
