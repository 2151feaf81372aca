"""OpenTelemetry's spans as runs: a tracer of ours, on its API alone.

The names of the attributes are those of the conventions for generative AI, and of those before.
"""

from __future__ import annotations

import json
import random
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry import trace as api
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

from .._exceptions import NbstreamError
from ..messages import AIMessageChunk
from ..wire._fields import get, items, text_of
from ._guard import Guard, fail
from ._where import Holder, around, log_here

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..events._types import RunType

__all__ = ["WatchProvider", "current", "said", "turns"]

_MODEL = frozenset({"chat", "text_completion", "generate_content"})
_GIVEN = (
    "gen_ai.input.messages",
    "gen_ai.tool.call.arguments",
    "tool_arguments",
    "input.value",
)
_GAVE = (
    "gen_ai.output.messages",
    "gen_ai.tool.call.result",
    "tool_response",
    "final_result",
    "output.value",
)
_ROLES = {"assistant": "ai", "ai": "ai", "system": "system", "developer": "system"}
MAX_ATTRIBUTE = 200
"""Characters of an attribute that is kept as metadata: a longer one is content."""


class WatchSpan(api.Span):
    """A span that is a run of the log."""

    def __init__(self, name: str, holder: Holder | None, guard: Guard) -> None:
        self.holder = holder
        self.late: list[Any] | None = None
        self._guard = guard
        self._name = name
        self._attributes: dict[str, Any] = {}
        self._error: BaseException | None = None
        self._is_open = True
        self._context = SpanContext(
            random.getrandbits(128), random.getrandbits(64), False, TraceFlags(1)
        )

    def get_span_context(self) -> SpanContext:
        return self._context

    def set_attribute(self, key: str, value: Any) -> None:
        self._attributes[key] = value

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        self._attributes.update(attributes)

    def add_event(self, *_: Any, **__: Any) -> None:
        pass

    def add_link(self, *_: Any, **__: Any) -> None:
        pass

    def update_name(self, name: str) -> None:
        pass

    def is_recording(self) -> bool:
        return self._is_open

    def set_status(self, status: Any, description: str | None = None) -> None:
        if isinstance(status, Status):
            status, description = status.status_code, status.description
        if status == StatusCode.ERROR and self._error is None:
            self._error = NbstreamError(description or "The step failed.")

    def record_exception(self, exception: BaseException, *_: Any, **__: Any) -> None:
        self._error = exception

    def end(self, end_time: int | None = None) -> None:  # noqa: ARG002
        if self._is_open:
            self._is_open = False
            self._guard(self._end)

    def _end(self) -> None:
        holder = self.holder
        if holder is None or holder.is_over:
            return
        holder.is_over = True
        log, run = holder.log, holder.run
        if self.late is not None and (given := _first(self._attributes, _GIVEN)) is not None:
            self.late.append(given)
        error = self._error or sys.exc_info()[1]
        # OpenTelemetry notes Exceptions only: what is stopped or cancelled is on its way out.
        if error is not None and (self._error or not isinstance(error, Exception)):
            fail(log, run, error)
            return
        gave = _first(self._attributes, _GAVE)
        if run.run_type != "chat_model":
            log.log("end", run, gave)
            return
        if not holder.has_begun and (text := said(gave)):  # it did not come by HTTP
            log.log("chunk", run, AIMessageChunk(text))
        log.log("end", run)


class _Tracer(api.Tracer):
    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def start_span(
        self,
        name: str,
        context: Any = None,
        kind: Any = None,  # noqa: ARG002
        attributes: Mapping[str, Any] | None = None,
        *_: Any,
        **__: Any,
    ) -> api.Span:
        around_it = api.get_current_span(context)
        span: api.Span | None = self._guard(_begin, name, around_it, attributes, self._guard)
        return span or WatchSpan(name, None, self._guard)

    @contextmanager
    def start_as_current_span(  # type: ignore[override]
        self,
        name: str,
        context: Any = None,
        kind: Any = None,
        attributes: Mapping[str, Any] | None = None,
        links: Any = None,  # noqa: ARG002
        start_time: int | None = None,  # noqa: ARG002
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> Iterator[api.Span]:
        span = self.start_span(name, context, kind, attributes)
        with api.use_span(
            span,
            end_on_exit=end_on_exit,
            record_exception=record_exception,
            set_status_on_exception=set_status_on_exception,
        ):
            yield span


class WatchProvider(api.TracerProvider):
    """Gives out tracers whose spans are runs of the log that is watched where they begin."""

    def __init__(self, guard: Guard) -> None:
        self._tracer = _Tracer(guard)

    def get_tracer(self, *_: Any, **__: Any) -> api.Tracer:
        return self._tracer


def current() -> Holder | None:
    """Return the run of the span that is current here, if it is one of ours."""
    span = api.get_current_span()
    return span.holder if isinstance(span, WatchSpan) else None


def turns(messages: Any) -> Any:
    """Return a model's input as messages, each with its role; as it is where it has no messages."""
    found = items(messages)
    if not all(isinstance(one, dict) for one in found):
        return messages
    return [
        (_ROLES.get(text_of(get(one, "role")), "human"), _text(one)) for one in found
    ] or messages


def said(gave: Any) -> str:
    """Return the text of a model's output."""
    if isinstance(gave, str):
        return gave
    return "".join(one if isinstance(one, str) else _text(one) for one in items(gave))


def _begin(
    name: str, around_it: api.Span, attributes: Mapping[str, Any] | None, guard: Guard
) -> WatchSpan | None:
    outer = around_it.holder if isinstance(around_it, WatchSpan) else None
    outer = outer if outer is not None and not outer.is_over else None
    log = outer.log if outer is not None else log_here()
    if log is None:
        return None
    known = dict(attributes or {})
    kind = _kind(known)
    given = _first(known, _GIVEN)
    late: list[Any] | None = [] if given is None and kind != "chat_model" else None
    run = log.start(
        _shown(name, kind, known),
        kind,
        turns(given) if kind == "chat_model" else given,
        parent=outer.run if outer is not None else around(log),
        metadata={
            key: value
            for key, value in known.items()
            if isinstance(value, (bool, int, float))
            or (isinstance(value, str) and len(value) < MAX_ATTRIBUTE and key not in _GIVEN)
        },
        model=known.get("gen_ai.request.model") if kind == "chat_model" else None,
        streamed_input=late,
    )
    span = WatchSpan(name, Holder(log, run, wants_tokens=kind == "chat_model"), guard)
    span.late = late
    span.set_attributes(known)
    return span


def _kind(known: Mapping[str, Any]) -> RunType:
    operation = known.get("gen_ai.operation.name")
    if operation in _MODEL:
        return "chat_model"
    return "tool" if operation == "execute_tool" else "chain"


def _shown(name: str, kind: RunType, known: Mapping[str, Any]) -> str:
    if kind == "chat_model":
        found = known.get("gen_ai.provider.name") or known.get("gen_ai.system")
    elif kind == "tool":
        found = known.get("gen_ai.tool.name")
    else:
        found = known.get("gen_ai.agent.name") or known.get("agent_name")
    return str(found or name)


def _first(known: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        value = known.get(name)
        if isinstance(value, str) and value[:1] in ("{", "["):
            try:
                return json.loads(value)
            except ValueError:
                return value
        if value is not None:
            return value
    return None


def _text(message: Any) -> str:
    parts = items(get(message, "parts")) or items(get(message, "content"))
    if not parts:
        return text_of(get(message, "content"))
    texts = (
        next((text for name in _TEXTS if (text := text_of(get(part, name)))), "") for part in parts
    )
    return "".join(texts)


_TEXTS = ("content", "text", "result", "arguments", "name")
