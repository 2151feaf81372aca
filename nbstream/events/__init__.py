"""The event log: what a run did, in order. Every view of it is a lens on this one record."""

from ._custom import adispatch_custom_event, dispatch_custom_event
from ._lens import StreamEvent
from ._metrics import Metrics
from ._spans import Span
from ._trace import Trace
from ._typed import (
    AsyncChatModelStream,
    AsyncRunStream,
    ChatModelStream,
    RunStream,
    ToolCallStream,
)
from ._types import Event, EventKind, Run, RunType

__all__ = [
    "AsyncChatModelStream",
    "AsyncRunStream",
    "ChatModelStream",
    "Event",
    "EventKind",
    "Metrics",
    "Run",
    "RunStream",
    "RunType",
    "Span",
    "StreamEvent",
    "ToolCallStream",
    "Trace",
    "adispatch_custom_event",
    "dispatch_custom_event",
]
