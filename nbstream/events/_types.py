"""What the log is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

__all__ = ["Event", "EventKind", "Run", "RunType"]

EventKind = Literal["start", "chunk", "end", "error", "cancelled", "custom"]
RunType = Literal["chat_model", "chain", "prompt", "parser", "tool", "retriever"]


@dataclass(eq=False, frozen=True)
class Run:
    """One call of one step: what all events of that call have in common.

    Parameters
    ----------
    index
        The run's place in `Trace.runs`.
    id
        A UUID.
    name
        The step's name, such as ``"ChatLocal"``.
    run_type
        The kind of step.
    parent
        The run that called this one, or None.
    tags, metadata
        From the config, inherited by the runs inside this one.
    model
        What the model is called in front of people, where the step is one.
    streamed_input
        The chunks of an input that streamed in, or None where it was known from the start.

    Examples
    --------
    >>> from nbstream import ScriptedChat, StrOutputParser, Trace
    >>> with Trace() as trace:
    ...     text = (ScriptedChat(["Hello"]) | StrOutputParser()).invoke("Hi")
    >>> [(run.name, run.run_type, run.parent and run.parent.name) for run in trace.runs][1]
    ('ScriptedChat', 'chat_model', 'RunnableSequence')
    """

    index: int
    id: str
    name: str
    run_type: RunType = "chain"
    parent: Run | None = field(default=None, repr=False)
    tags: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    model: str | None = None
    streamed_input: list[Any] | None = field(default=None, repr=False)
    _again: tuple[Any, dict[str, Any]] | None = field(default=None, repr=False)
    """The model that was called and its settings, where it is at hand to be called again."""

    @property
    def parent_ids(self) -> list[str]:
        """The ids of the runs around this one, the outermost first."""
        ids: list[str] = []
        run = self.parent
        while run is not None:
            ids.append(run.id)
            run = run.parent
        return ids[::-1]


class Event(NamedTuple):
    """One thing that happened.

    ``data`` is, by kind: the input (``start``), the chunk (``chunk``), the output, or None where
    the chunks before it are the output (``end``), the exception (``error``), None (``cancelled``),
    a ``(name, data)`` pair (``custom``).

    Examples
    --------
    >>> from nbstream import ScriptedChat, Trace
    >>> with Trace() as trace:
    ...     message = ScriptedChat(["Hello"]).invoke("Hi")
    >>> [(event.seq, event.kind, event.run.name) for event in trace.events]
    [(0, 'start', 'ScriptedChat'), (1, 'chunk', 'ScriptedChat'), (2, 'end', 'ScriptedChat')]
    """

    seq: int
    """Place in the log, from 0."""
    time: float
    """Seconds since the log began, on a clock that never goes back."""
    kind: EventKind
    """What happened."""
    run: Run
    """The run that it happened in."""
    data: Any
    """What came with it, as above."""
