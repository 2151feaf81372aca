"""`Line`: what is known of one of many runs, and `Meter`, which reads it off the run's log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from .._shown import attempt
from ..events._log import OVER
from ..events._metrics import count_usage, read_cost
from ..events._plain import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..events import Event, EventKind, Run
    from ..events._log import Log

__all__ = ["ENDED", "MAX_INPUT", "MAX_TEXT", "STATUSES", "Line", "Meter", "Status"]

Status = Literal["waiting", "running", "done", "failed", "stopped", "kept"]
STATUSES: tuple[Status, ...] = ("waiting", "running", "done", "failed", "stopped", "kept")
ENDED = frozenset({"done", "failed", "stopped", "kept"})

MAX_TEXT = 2_000
"""Characters of a run's text that its line keeps: the last ones."""
MAX_INPUT = 200
"""Characters of an input that its line shows."""


@dataclass(slots=True, eq=False)
class Line:
    """One of many runs: its input, how far it is, what it gave and took. To be read only.

    Times are seconds since the batch began; None is what cannot be told (yet).

    Examples
    --------
    >>> from nbstream import ScriptedChat
    >>> from nbstream.batch import Batch
    >>> runs = Batch(ScriptedChat(["Blub", "."]), ["Say something."])
    >>> [output.text for output in runs.results()]
    ['Blub.']
    >>> line = runs.lines[0]
    >>> line.status, line.input, line.text, line.tries
    ('done', 'Say something.', 'Blub.', 1)
    """

    index: int
    """Its place among the inputs."""
    status: Status = "waiting"
    """``"kept"``: it was in the file already."""
    input: str = ""
    """A few words of the input."""
    text: str = ""
    """The end of the text received so far."""
    length: int = 0
    """Characters of all of it."""
    output: Any = None
    """What the run gave."""
    error: BaseException | None = None
    """What it raised."""
    started: float | None = None
    first: float | None = None
    """When its first text came."""
    ended: float | None = None
    tokens: int | None = None
    """Output tokens, as the provider counted them; the chunks with text, until it has."""
    input_tokens: int | None = None
    rate: float | None = None
    """Tokens a second, from the first text to the last."""
    cost: float | None = None
    """In US dollars."""
    odds: float | None = None
    """The mean log-probability of its tokens, where the provider tells them."""
    tries: int = 0
    """How often it has begun."""
    worker: str = ""
    """Where it runs."""
    version: int = field(default=0, repr=False)
    """When it changed last; see `Batch.changed_since`."""

    @property
    def duration(self) -> float | None:
        """Seconds that it took."""
        if self.started is None or self.ended is None:
            return None
        return self.ended - self.started

    def begin(self, now: float, worker: str) -> None:
        """Note that a try begins: what an earlier one brought goes."""
        self.length = 0
        self.text, self.output, self.error, self.worker = "", None, None, worker
        self.first = self.ended = self.tokens = self.input_tokens = None
        self.rate = self.cost = self.odds = None
        self.started = now
        self.tries += 1


class Meter:
    """Listens to a run's log, and keeps its line up to date.

    Parameters
    ----------
    line
        The line.
    trace
        The log.
    offset
        What to add to the log's times to have the batch's.
    changed
        Called with the line when it has changed.
    """

    def __init__(
        self, line: Line, trace: Log, offset: float, changed: Callable[[Line], None]
    ) -> None:
        self._line = line
        self._trace = trace
        self._offset = offset
        self._changed = changed
        self._model = -1  # the run whose text came last
        self._chunks = 0
        self._counted: int | None = None  # by the providers
        self._odds: list[float] = []
        self._last = 0.0

    def __call__(self, event: Event) -> None:
        """Take one event."""
        if event.run.run_type == "chat_model":
            self.note(event.kind, event.run, event.data, event.time)

    def note(self, kind: EventKind, run: Run, data: Any, time: float) -> None:
        """Take what happens in a model's run."""
        line = self._line
        if kind == "chunk":
            content = getattr(data, "content", None)
            text = content if type(content) is str else attempt(lambda: text_of(data), str)
            if not text:
                return
            self._last = time + self._offset
            if line.first is None:
                line.first = max(self._last, line.started or 0.0)
            if run.index != self._model:
                if self._model >= 0:
                    text = f"\n\n{text}"
                self._model = run.index
            self._chunks += 1
            line.tokens = (self._counted or 0) + self._chunks
            line.text = (line.text + text)[-MAX_TEXT:]
            line.length += len(text)
            self._changed(line)
        elif kind in OVER:
            self._count(self._trace.output(run))

    def _count(self, message: Any) -> None:
        """Add what one answer took."""
        line = self._line
        if usage := count_usage(attempt(lambda: message.usage_metadata, lambda: None)):
            line.input_tokens = (line.input_tokens or 0) + usage[0]
            self._counted = (self._counted or 0) + usage[1]
            self._chunks = 0
            line.tokens = self._counted
        metadata = attempt(lambda: message.response_metadata, lambda: None)
        if not metadata:
            return
        if cost := read_cost(metadata):
            line.cost = (line.cost or 0.0) + cost.amount
        self._odds += attempt(
            lambda: [float(one["logprob"]) for one in metadata["logprobs"]["content"]], list
        )

    def end(self) -> None:
        """Work out what can be told only now."""
        line = self._line
        if self._odds:
            line.odds = sum(self._odds) / len(self._odds)
        if line.first is not None and self._last > line.first and (line.tokens or 0) > 1:
            line.rate = ((line.tokens or 0) - 1) / (self._last - line.first)
