"""The hook into OpenTelemetry: spans of models, tools and agents, whichever library makes them.

A program that has set up OpenTelemetry gets one more processor of its spans. In one that has not,
the libraries that know OpenTelemetry would make spans of nothing: there ours are made.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from .._exceptions import NbstreamError
from ._guard import Guard
from ._where import RESOLVERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

__all__ = ["tap"]

# By the provider: there is no way to take one out of it, one serves for good.
_processors: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def tap(module: ModuleType) -> Callable[[], None]:
    """Hear of every span that begins while somebody watches; return what undoes that."""
    spans = importlib.import_module("._spans", __package__)
    guard = Guard("OpenTelemetry")
    proxy, begun = module.ProxyTracer, []
    before = proxy._tracer

    def attach() -> None:
        provider = module._TRACER_PROVIDER
        if not hasattr(provider, "add_span_processor"):
            return  # there is none, or it is no SDK's
        if provider not in _processors:
            _processors[provider] = _processor_class()(spans)
            provider.add_span_processor(_processors[provider])
        processor = _processors[provider]
        if processor.guard is not guard:
            processor.guard = guard
            begun.append(processor)

    def tracer(self: Any) -> Any:
        found = before.fget(self)
        if found is not self._noop_tracer:
            guard(attach)  # it may have been set up since
            return found
        return spans.WatchTracer(guard, self._instrumenting_module_name, found)

    ours = property(tracer)
    proxy._tracer = ours
    attach()
    RESOLVERS.append(spans.current)

    def undo() -> None:
        RESOLVERS.remove(spans.current)
        if proxy._tracer is ours:
            proxy._tracer = before
        for processor in begun:
            processor.guard = None

    return undo


def _processor_class() -> Any:
    base = importlib.import_module("opentelemetry.sdk.trace").SpanProcessor

    class Processor(base):  # type: ignore[misc, valid-type]
        """Writes spans to the log, as another would export them."""

        def __init__(self, spans: Any) -> None:
            self._spans = spans
            self.guard: Guard | None = None  # None while nobody watches

        def on_start(self, span: Any, parent_context: Any = None) -> None:  # noqa: ARG002
            if self.guard is not None:
                self.guard(self._begin, span)

        def on_end(self, span: Any) -> None:
            # One that has begun ends, whoever watches by then.
            (self.guard or Guard("OpenTelemetry"))(self._end, span)

        def _begin(self, span: Any) -> None:
            self._spans.begin(
                span.context.span_id,
                span.parent.span_id if span.parent is not None else 0,
                span.name,
                span.attributes or {},
                scope=span.instrumentation_scope.name,
            )

        def _end(self, span: Any) -> None:
            error = None
            if span.status.status_code.name == "ERROR":
                error = NbstreamError(_why(span))
            self._spans.end(span.context.span_id, span.attributes or {}, error)

    return Processor


def _why(span: Any) -> str:
    for event in reversed(span.events):
        if message := (event.attributes or {}).get("exception.message"):
            return str(message)
    return span.status.description or "The step failed."
