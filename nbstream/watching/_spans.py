"""OpenTelemetry's spans as runs: those of a tracer of ours, and those of anybody's."""

from __future__ import annotations

import random
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry import trace as api
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

from .._exceptions import NbstreamError
from ..messages import AIMessageChunk
from ._attributes import (
    gave_in,
    given_in,
    is_a_run,
    kept,
    kind_of,
    model_of,
    name_of,
    said,
    turns,
    usage_in,
)
from ._guard import Guard, fail
from ._where import Holder, around, log_here, owner

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["WatchProvider", "WatchTracer", "begin", "current", "end"]


@dataclass(eq=False)
class _SpanHolder(Holder):
    late: list[Any] | None = None
    """Where its input goes, if that is told at its end."""


_holders: dict[int, Holder] = {}  # by the id of the span; one that is no run has that around it
_own: dict[int, _SpanHolder] = {}  # without the latter
_model: ContextVar[Holder | None] = ContextVar("nbstream_span_model", default=None)


def begin(
    span_id: int,
    parent_id: int,
    name: str,
    known: Mapping[str, Any],
    *,
    scope: str | None = None,
) -> None:
    """Begin the run of a span, if it has one here.

    Parameters
    ----------
    span_id, parent_id
        The ids of the span and of the one around it.
    known
        The attributes it begins with.
    scope
        What makes it, where that is not known: then only what is of a model, a tool or an agent has
        a run, and a model's only where no framework has begun one for the same call.
    """
    outer = _holders.get(parent_id)
    outer = outer if outer is not None and not outer.is_over else None
    log = outer.log if outer is not None else log_here()
    if log is None:
        return
    kind = kind_of(known)
    if scope is not None:
        is_told = kind == "chat_model" and owner(log) is not None
        if is_told or not is_a_run(scope, kind, known):
            if outer is not None:
                _holders[span_id] = outer
            return
    given = given_in(known)
    late: list[Any] | None = [] if given is None and kind != "chat_model" else None
    run = log.start(
        name_of(name, kind, known),
        kind,
        turns(given) if kind == "chat_model" else given,
        parent=outer.run if outer is not None else around(log),
        metadata=kept(known),
        model=model_of(known) if kind == "chat_model" else None,
        streamed_input=late,
    )
    holder = _SpanHolder(log, run, wants_tokens=kind == "chat_model", late=late)
    _holders[span_id] = _own[span_id] = holder
    if kind == "chat_model":
        _model.set(holder)


def end(span_id: int, known: Mapping[str, Any], error: BaseException | None) -> None:
    """End the run of a span."""
    _holders.pop(span_id, None)
    holder = _own.pop(span_id, None)
    if holder is None:
        return
    holder.is_over = True
    log, run = holder.log, holder.run
    if holder.late is not None and (given := given_in(known)) is not None:
        holder.late.append(given)
    leaving = sys.exc_info()[1]
    # OpenTelemetry notes Exceptions only: what is stopped or cancelled is on its way out.
    if error is None and leaving is not None and not isinstance(leaving, Exception):
        error = leaving
    if error is not None:
        fail(log, run, error)
        return
    gave = gave_in(known)
    if run.run_type != "chat_model":
        log.log("end", run, gave)
        return
    if not holder.has_begun:  # it did not come by HTTP
        text, usage = said(gave), usage_in(known)
        if text or usage:
            log.log("chunk", run, AIMessageChunk(text, usage_metadata=usage))
    log.log("end", run)


def current() -> Holder | None:
    """Return the run of the span that is current here, if it has one.

    A model's span may be current for nobody, and its request is made in it all the same.
    """
    model = _model.get()
    if model is not None and not model.is_over and not model.has_begun:
        return model
    return _holders.get(api.get_current_span().get_span_context().span_id)


class WatchSpan(api.Span):
    """A span that is a run of the log."""

    def __init__(self, known: Mapping[str, Any] | None, guard: Guard) -> None:
        self._guard = guard
        self._attributes: dict[str, Any] = dict(known or {})
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
            self._guard(end, self._context.span_id, self._attributes, self._error)


class WatchTracer(api.Tracer):
    """Makes spans that are runs.

    Parameters
    ----------
    scope
        Who makes spans with it, where that is not known: those that are no runs are then made by
        ``other``.
    """

    def __init__(
        self, guard: Guard, scope: str | None = None, other: api.Tracer | None = None
    ) -> None:
        self._guard = guard
        self._scope = scope
        self._other = other

    def start_span(
        self,
        name: str,
        context: Any = None,
        kind: Any = None,  # noqa: ARG002
        attributes: Mapping[str, Any] | None = None,
        *_: Any,
        **__: Any,
    ) -> api.Span:
        span = WatchSpan(attributes, self._guard)
        span_id = span.get_span_context().span_id
        outer = api.get_current_span(context).get_span_context().span_id
        known = attributes or {}
        self._guard(begin, span_id, outer, name, known, scope=self._scope)
        if self._other is not None and span_id not in _own:
            _holders.pop(span_id, None)
            return self._other.start_span(name, context)
        return span

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
        self._tracer = WatchTracer(guard)

    def get_tracer(self, *_: Any, **__: Any) -> api.Tracer:
        return self._tracer
