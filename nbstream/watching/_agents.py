"""The hook into the OpenAI Agents SDK: a processor of its traces."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .._exceptions import NbstreamError
from ..messages import AIMessageChunk
from ._attributes import said, turns
from ._guard import Guard, fail
from ._where import RESOLVERS, Holder, around, log_here

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from ..events._types import RunType

__all__ = ["tap"]

_KINDS: dict[str, RunType] = {
    "function": "tool",
    "generation": "chat_model",
    "response": "chat_model",
}
_processors: list[Processor] = []  # the SDK has no way to take one out: one serves for good


def tap(module: ModuleType) -> Callable[[], None]:
    """Hear of every trace that begins while somebody watches; return what undoes that."""
    if not _processors:
        _processors.append(Processor(module))
        module.add_trace_processor(_processors[0])
    return _processors[0].begin()


class Processor:
    """Writes the SDK's traces and spans to the log, as it would export them."""

    def __init__(self, module: ModuleType) -> None:
        self._tracing = module.tracing
        self._guard = Guard("the Agents SDK")
        self._holders: dict[str, Holder] = {}
        self._late: dict[str, list[Any]] = {}
        self._is_on = False

    def begin(self) -> Callable[[], None]:
        """Take part from now on; return what ends that."""
        self._is_on = True
        self._guard.is_silent = False
        RESOLVERS.append(self._current)

        def end() -> None:
            self._is_on = False
            RESOLVERS.remove(self._current)

        return end

    def on_trace_start(self, trace: Any) -> None:
        if self._is_on:
            self._guard(self._start_trace, trace)

    def on_trace_end(self, trace: Any) -> None:
        self._guard(self._end, trace.trace_id, None, None)

    def on_span_start(self, span: Any) -> None:
        self._guard(self._start_span, span)

    def on_span_end(self, span: Any) -> None:
        self._guard(self._end_span, span)

    def shutdown(self) -> None:
        pass

    def force_flush(self) -> None:
        pass

    def _current(self) -> Holder | None:
        span, trace = self._tracing.get_current_span(), self._tracing.get_current_trace()
        found = self._holders.get(span.span_id) if span is not None else None
        if found is None and trace is not None:
            found = self._holders.get(trace.trace_id)
        return found

    def _start_trace(self, trace: Any) -> None:
        if (log := log_here()) is not None:
            run = log.start(trace.name, "chain", parent=around(log))
            self._holders[trace.trace_id] = Holder(log, run)

    def _start_span(self, span: Any) -> None:
        outer = self._holders.get(span.parent_id) or self._holders.get(span.trace_id)
        if outer is None:
            return
        data = span.span_data
        kind = _KINDS.get(data.type, "chain")
        given = getattr(data, "input", None)
        late: list[Any] | None = [] if given is None else None  # it is told at the end
        run = outer.log.start(
            _name(data),
            kind,
            given,
            parent=outer.run,
            model=getattr(data, "model", None),
            streamed_input=late,
        )
        self._holders[span.span_id] = Holder(outer.log, run, wants_tokens=kind == "chat_model")
        if late is not None:
            self._late[span.span_id] = late

    def _end_span(self, span: Any) -> None:
        data = span.span_data
        late = self._late.pop(span.span_id, None)
        if late is not None and (given := getattr(data, "input", None)) is not None:
            late.append(turns(given) if data.type in ("generation", "response") else given)
        output = getattr(data, "output", None)
        if data.type == "handoff":
            output = {"to": data.to_agent}
        said = span.error
        error = NbstreamError(str(said.get("message"))) if said else None
        self._end(span.span_id, output, error)

    def _end(self, key: str, output: Any, error: BaseException | None) -> None:
        holder = self._holders.pop(key, None)
        if holder is None:
            return
        holder.is_over = True
        log, run = holder.log, holder.run
        leaving = sys.exc_info()[1]
        if error is None and leaving is not None and not isinstance(leaving, Exception):
            error = leaving  # stopped, or cancelled
        if error is not None:
            fail(log, run, error)
        elif run.run_type != "chat_model":
            log.log("end", run, output)
        else:
            if not holder.has_begun and (text := said(output)):  # it came by other ways
                log.log("chunk", run, AIMessageChunk(text))
            log.log("end", run)


def _name(data: Any) -> str:
    if data.type in ("response", "generation"):
        return "OpenAI"
    if data.type == "handoff":
        return f"handoff from {data.from_agent}"
    return str(getattr(data, "name", None) or data.type)
