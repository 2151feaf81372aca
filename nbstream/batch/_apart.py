"""A run in another process: how its chain gets there, and what comes back.

What comes back are the events of its log, as the lines of `nbstream.events._jsonl`, in stretches,
and its output. Whoever started it writes them to the attempt's own log, and all that listens to
that sees no difference.
"""

from __future__ import annotations

import importlib
import json
import os
import pickle
import platform
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from .._exceptions import InputError, NbstreamError
from .._secrets import hide_all, hider
from .._shown import attempt, named
from ..events import Trace
from ..events._jsonl import event_line
from ..events._load import take
from ._attempt import Attempt, run
from ._fingerprint import label_of
from ._line import Line
from ._steps import steps_of

if TYPE_CHECKING:
    from ..events import Event
    from ..events._log import Log

__all__ = [
    "Outcome",
    "Received",
    "Recorder",
    "packed",
    "run_apart",
    "run_packed",
    "unpacked",
    "worker_name",
]


class Outcome(NamedTuple):
    """What a run in another process came to."""

    data: bytes
    """The output, pickled."""
    error: BaseException | None
    lines: str
    """The events that were not sent before."""
    events: int
    """How many events there are in all."""
    worker: str

    @property
    def output(self) -> Any:
        """What the run gave."""
        return pickle.loads(self.data) if self.data else None  # noqa: S301


def packed(chain: Any) -> bytes:
    """Return a chain as bytes, by cloudpickle where that is: it knows functions of a notebook.

    Raises
    ------
    InputError
        If it cannot be sent; it names the step.
    """
    error = _pickled(chain)
    if isinstance(error, bytes):
        return error
    number, step = _culprit(chain)
    what = f"Step {number}, {label_of(step)}," if number else f"{label_of(step)}"
    raise InputError(
        f"{what} cannot be sent to another process: {hide_all(named(error))[:200]}. "
        "Let it make what it needs when it is called, install cloudpickle for functions of a "
        "notebook, or leave out executor= to run in threads here."
    )


def _pickled(value: Any) -> bytes | Exception:
    try:
        library: Any = importlib.import_module("cloudpickle")
    except ImportError:
        library = pickle
    try:
        data = library.dumps(value)
    except Exception as error:
        return error
    return bytes(data)


def _culprit(chain: Any) -> tuple[int, Any]:
    """Return the innermost step that cannot be sent, and its place in the outermost chain."""
    for number, step in enumerate(steps_of(chain), 1):
        if not isinstance(_pickled(step), bytes):
            return number, _culprit(step)[1]
    return 0, chain


@lru_cache(maxsize=4)
def unpacked(data: bytes) -> Any:
    """Return the chain that `packed` has made bytes of."""
    return pickle.loads(data)  # noqa: S301  # what `packed` has made, in the user's own pool


class Recorder:
    """Keeps the events of a log as text, until somebody sends them.

    Parameters
    ----------
    trace
        The log.
    """

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._hide = hider()
        self._lines: list[str] = []
        self.count = 0
        trace.subscribe(self)

    def __call__(self, event: Event) -> None:
        """Take one event."""
        self._lines.append(json.dumps(event_line(event, self._trace.memo)))
        self.count += 1

    def taken(self, most: int = 1_000_000) -> str:
        """Return the events since the last time, as lines: so many characters, or one line."""
        lines, size = 0, 0
        for line in self._lines:
            size += len(line)
            if size > most and lines:
                break
            lines += 1
        taken, self._lines[:lines] = self._lines[:lines], []
        return self._hide("\n".join(taken))


def run_apart(chain: Any, input: Any, config: Any, trace: Trace, recorder: Recorder) -> Outcome:
    """Run a chain here, and return what is to be sent back."""
    data, error = b"", None
    here = Attempt(Line(0), input, trace)
    try:
        found = _pickled(run(chain, config, None, here))
    except BaseException as raised:
        error = _sendable(raised)
    else:
        if isinstance(found, bytes):
            data = found
        else:
            error = NbstreamError(
                f"The output cannot be sent from its process: {named(found)[:200]}. "
                "Let the chain end with a value that can be pickled."
            )
    return Outcome(data, error, recorder.taken(), recorder.count, worker_name())


def run_packed(data: bytes, input: Any, config: Any) -> Outcome:
    """Run a packed chain; its log comes back with its outcome."""
    trace = Trace()
    return run_apart(unpacked(data), input, config, trace, Recorder(trace))


def worker_name() -> str:
    """Return where this process is."""
    return f"{platform.node()}:{os.getpid()}"


def _sendable(error: BaseException) -> BaseException:
    """Return an error that can be read in another process, too: not all can."""

    def read() -> BaseException:
        again = pickle.loads(pickle.dumps(error))  # noqa: S301
        return error if type(again) is type(error) and isinstance(error, Exception) else other()

    def other() -> BaseException:
        return NbstreamError(hide_all(named(error)))

    return attempt(read, other)


class Received:
    """Writes the events that have come from another process to a log here.

    Parameters
    ----------
    trace
        That log.
    """

    def __init__(self, trace: Log) -> None:
        self._trace = trace
        self._over: set[int] = set()
        self.count = 0

    def take(self, lines: str) -> None:
        """Take a stretch of events."""
        for line in lines.split("\n") if lines else ():
            self.count += 1
            take(self._trace, json.loads(line), self._over)
