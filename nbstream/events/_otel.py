"""Spans on their way to OpenTelemetry: the only place that knows its API."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError, SetupError
from .._shown import brief
from .._version import __version__
from ._log import OVER
from ._spans import SpanFold, begun

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._log import Log
    from ._spans import Span
    from ._types import Event

__all__ = ["OtelExport"]

_INSTALL = 'Run `pip install "nbstream[otel]"` and restart the kernel.'


class OtelExport:
    """Spans of a log that go to OpenTelemetry; `Trace.to_otel` returns one.

    With ``live=True`` it goes on until `close` is called or its ``with`` block ends.

    Examples
    --------
    >>> from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    >>> from nbstream import ScriptedChat, Trace
    >>> exporter = InMemorySpanExporter()
    >>> with Trace() as trace, trace.to_otel(exporter, live=True) as export:
    ...     message = ScriptedChat(["Hello"]).invoke("Hi")
    >>> export.count, [span.name for span in exporter.get_finished_spans()]
    (1, ['chat ScriptedChat'])
    """

    def __init__(self, trace: Log, target: Any, *, content: bool, live: bool) -> None:
        self.count = 0
        """How many spans have been handed on."""
        self._api = _imported()
        self._own: Any = None  # the provider that was made here
        self._tracer = self._provider(target).get_tracer("nbstream", __version__)
        self._trace = trace
        self._fold = SpanFold(trace, content=content)
        self._lock = threading.RLock()
        self._next = 0
        self._open: dict[int, Any] = {}
        # What is around this now is around the outermost runs, whichever thread logs them.
        self._around = self._api.context.get_current()
        self._leave = trace.subscribe(self._heard) if live else None
        self._catch_up()
        if not live:
            self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.count} spans>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it: what has ended goes out, what has not is never sent. Once is enough."""
        if self._leave is not None:
            self._leave()
            self._leave = None
        if self._own is not None:
            self._own.shutdown()  # sends what is still waiting
            self._own = None

    def _heard(self, event: Event) -> None:
        if event.kind == "start" or event.kind in OVER:
            self._catch_up()

    def _catch_up(self) -> None:
        """Go through what has been logged since: the order is the log's, not that of threads."""
        with self._lock:
            events = self._trace.events[self._next :]
            self._next += len(events)
            for event in events:
                if event.kind == "start":
                    self._begin(event)
                if (span := self._fold(event)) is not None:
                    self._end(event, span)

    def _begin(self, event: Event) -> None:
        span = begun(self._trace, event.run, event.time)
        parent = self._open.get(event.run.parent.index) if event.run.parent else None
        around = self._api.trace.set_span_in_context(parent, self._around) if parent else None
        kind = self._api.trace.SpanKind
        self._open[event.run.index] = self._tracer.start_span(
            span.name,
            context=around or self._around,
            kind=kind.CLIENT if span.kind == "client" else kind.INTERNAL,
            attributes=span.attributes,
            start_time=_nanoseconds(span.start),
        )

    def _end(self, event: Event, span: Span) -> None:
        theirs = self._open.pop(event.run.index, None)
        if theirs is None:
            return
        theirs.set_attributes(span.attributes)
        if span.status == "error":
            theirs.set_status(self._api.trace.StatusCode.ERROR, span.description)
            said = {"exception.type": span.attributes["error.type"]}
            said["exception.message"] = span.description or ""
            theirs.add_event("exception", said, timestamp=_nanoseconds(span.end))
        theirs.end(end_time=_nanoseconds(span.end))
        self.count += 1

    def _provider(self, target: Any) -> Any:
        if target is None:
            return self._api.trace.get_tracer_provider()
        if hasattr(target, "get_tracer"):
            return target
        if not isinstance(target, str) and not hasattr(target, "export"):
            raise InputError(
                "Spans go to a TracerProvider, to a SpanExporter or to the URL of a collector, "
                f"not to {brief(target)}. Pass one of these, or nothing for the provider that "
                "OpenTelemetry has been set up with."
            )
        self._own = _made(target)
        return self._own


def _imported() -> Any:
    try:
        import opentelemetry.context
        import opentelemetry.trace
    except ImportError:
        raise SetupError(f"OpenTelemetry is not installed. {_INSTALL}") from None
    return opentelemetry


def _made(target: Any) -> Any:
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

        processor: Any
        if isinstance(target, str):
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            path = "/v1/traces"
            url = target if target.rstrip("/").endswith(path) else target.rstrip("/") + path
            # Whoever runs the model does not wait for the network.
            processor = BatchSpanProcessor(OTLPSpanExporter(endpoint=url))
        else:
            processor = SimpleSpanProcessor(target)
    except ImportError:
        raise SetupError(f"OpenTelemetry's SDK is not installed. {_INSTALL}") from None
    provider = TracerProvider(resource=Resource.create({"service.name": "nbstream"}))
    provider.add_span_processor(processor)
    return provider


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1_000_000_000)
