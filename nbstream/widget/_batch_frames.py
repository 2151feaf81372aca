"""What goes over the wire of many runs: the lines that have changed, column by column.

A **batch frame** is::

    {"type": "batch", "since": n, "version": m, "state": …, "note": …,
     "index": [i, …], "status": [s, …], "columns": {"started": [t, …], …},
     "inputs": {"index": [i, …], "text": ["…", …]},
     "texts": {"index": [i, …], "at": [a, …], "to": [b, …], "text": ["…", …]},
     "errors": {"index": [i, …], "kind": […], "message": […]},
     "metrics": {…}}

It has the lines that changed from one version of the table to the next; the page answers a gap
with ``{"type": "since", "version": n}``. ``index`` names the lines of ``status`` (a place in
`STATUSES`) and ``columns``, whose times are seconds since the batch began. An input is sent once,
and of a text what was added: the characters from ``at`` to before ``to``. Of a long stretch a row
shows the beginning and the end, so these are all that is sent. A line whose ``started`` changes
begins again.

The same fixture tests this module and ``js/src/batch/lines.ts``.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._secrets import hider
from .._shown import message_of, outgoing
from ..batch._line import ENDED, STATUSES
from ..batch._metrics import failure_kind
from ..events._plain import text_of
from ._pump import _PUMP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..batch import Batch, Line
    from ._pump import Pump

__all__ = ["COLUMNS", "KEPT", "BatchFeed", "batch_frame", "output_text"]

COLUMNS = ("started", "first", "ended", "tokens", "rate", "cost", "tries")
KEPT = 240
"""Characters of a text's beginning, and of its end, that a row shows; as on the page."""
MAX_LINES = 1_000
"""Lines in one frame: what more have changed follow in the next."""
MAX_MESSAGE = 300
"""Characters of an error that a row shows."""
PAUSE = 0.5
"""Seconds between two looks at what all lines add up to: that goes through all of them."""


@dataclass
class Told:
    """What pages know of a line."""

    started: float | None = None
    length: int = 0
    is_over: bool = False
    seq: int = 0
    """The version of the frame that has it last."""


class BatchFeed:
    """A batch's lines on their way to the pages, on the pump's rounds.

    Parameters
    ----------
    batch
        The batch.
    send
        Takes a frame to the pages.
    is_heard
        Tells whether there is any page.
    over
        Called, in the pump's thread, when all runs are over.
    """

    def __init__(
        self,
        batch: Batch,
        send: Callable[[dict[str, Any]], None],
        is_heard: Callable[[], bool],
        over: Callable[[], None],
        pump: Pump | None = None,
    ) -> None:
        self._batch = batch
        self._send = send
        self._is_heard = is_heard
        self._over = over
        self._pump = pump or _PUMP
        self._lock = threading.Lock()
        self._version = 0  # of what the pages have
        self._seen = 0  # the batch's own
        self._changed: set[int] = set()
        self._told: list[Told] = []
        self._state = ""
        self._metrics: dict[str, Any] = {}
        self._measured = 0.0
        self._leave = batch.listen(self._wake)
        self._wake()

    def _wake(self) -> None:
        self._pump.wake(self, is_last=self._batch.status in ("done", "stopped"))

    def flush(self) -> int:
        """Send what has changed, now."""
        with self._lock:
            self._seen, changed = self._batch.changed_since(self._seen)
            state = self._batch.status
            is_new = state != self._state
            self._state = state
            self._changed |= changed
            count = self._flush(is_new=is_new) if self._is_heard() else 0
        if is_new and state in ("done", "stopped"):
            self._over()
        return count

    def _flush(self, *, is_new: bool) -> int:
        if not self._changed and not is_new:
            return 0
        now = sorted(self._changed)[:MAX_LINES]
        self._changed.difference_update(now)
        self._send(self._frame(now, self._version, self._version + 1))
        self._version += 1
        if self._changed:
            self._wake()
        return 1

    def since(self, version: int) -> dict[str, Any]:
        """Return what a page lacks that has all up to a version; 0 for all there is."""
        with self._lock:
            count = len(self._batch.lines)
            lacks = [i for i in range(count) if i >= len(self._told) or self._told[i].seq > version]
            return batch_frame(
                self._batch,
                lacks if version else range(count),
                [Told() for _ in range(count)],
                version,
                self._version,
                self._metrics_now(is_last=True),
            )

    def _frame(self, indices: Iterable[int], since: int, version: int) -> dict[str, Any]:
        is_last = self._state in ("done", "stopped")
        metrics = self._metrics_now(is_last=is_last)
        return batch_frame(self._batch, indices, self._told, since, version, metrics)

    def _metrics_now(self, *, is_last: bool) -> dict[str, Any]:
        now = time.monotonic()
        if is_last or now - self._measured >= PAUSE:
            self._metrics = _metrics_of(self._batch)
            self._measured = now
        return self._metrics

    def close(self) -> None:
        """Take no more, and send nothing more: where the view opens again, another one does."""
        self._leave()
        self._is_heard = lambda: False

    def fail(self) -> None:
        """Do the same: the page is gone."""
        self.close()


def batch_frame(
    batch: Batch,
    indices: Iterable[int],
    told: list[Told],
    since: int,
    version: int,
    metrics: dict[str, Any],
) -> dict[str, Any]:
    """Encode some lines; ``told`` says what is known of each, and is brought up to date."""
    hide = hider()
    lines = batch.lines
    begin = len(told)
    told += [Told() for _ in range(begin, len(lines))]
    shown = [(lines[index], told[index]) for index in indices]
    fresh = [line for line, known in shown if known.seq == 0]
    texts = _Texts(hide)
    for line, known in shown:
        texts.add(line, known)
        known.seq = version
    failed = [line for line, _ in shown if line.status in ("failed", "stopped") and line.error]
    return {
        "type": "batch",
        "since": since,
        "version": version,
        "state": batch.status,
        "note": hide(outgoing(batch.note)),
        "index": [line.index for line, _ in shown],
        "status": [STATUSES.index(line.status) for line, _ in shown],
        "columns": {name: [_rounded(getattr(line, name)) for line, _ in shown] for name in COLUMNS},
        "inputs": {
            "index": [line.index for line in fresh],
            "text": [hide(outgoing(line.input)) for line in fresh],
        },
        "texts": texts.columns,
        "errors": {
            "index": [line.index for line in failed],
            "kind": [failure_kind(line.error) for line in failed],
            "message": [_message(line, hide) for line in failed],
        },
        "metrics": metrics,
    }


class _Texts:
    """The texts' columns: of each line what was added."""

    def __init__(self, hide: Callable[[str], str]) -> None:
        self.columns: dict[str, list[Any]] = {"index": [], "at": [], "to": [], "text": []}
        self._hide = hide

    def add(self, line: Line, known: Told) -> None:
        # The run goes on meanwhile: what comes after this look is in the next.
        started, text, length = line.started, line.text, max(line.length, len(line.text))
        if started != known.started:
            known.started, known.length, known.is_over = started, 0, False
        begin = max(known.length, length - len(text))
        added = text[len(text) - (length - begin) :] if length > begin else ""
        is_over = line.status in ENDED
        if is_over and not known.is_over and length > len(text):
            # A page that opened in the middle has not seen its beginning.
            self._put(line, 0, output_text(line.output)[:KEPT])
        known.is_over, known.length = is_over, length
        if len(added) > 2 * KEPT:
            if begin < KEPT:
                self._put(line, begin, added[: KEPT - begin])
            begin, added = length - KEPT, added[-KEPT:]
        self._put(line, begin, added)

    def _put(self, line: Line, begin: int, text: str) -> None:
        if text:
            row = (line.index, begin, begin + len(text), self._hide(outgoing(text)))
            for name, value in zip(self.columns, row, strict=True):
                self.columns[name].append(value)


def output_text(output: Any) -> str:
    """Return what a run gave as a text; empty where it is none."""
    return "" if output is None else text_of(output)


def _message(line: Line, hide: Callable[[str], str]) -> str:
    return hide(outgoing(message_of(line.error)[:MAX_MESSAGE])) if line.error else ""


def _rounded(value: float | None) -> float | None:
    return value if value is None or isinstance(value, int) else float(f"{value:.7g}")


def _metrics_of(batch: Batch) -> dict[str, Any]:
    found = batch.metrics()
    return {
        "total": found.total,
        "elapsed": _rounded(found.elapsed),
        "eta": _rounded(found.eta),
        "per_minute": _rounded(found.runs_per_minute),
        "tokens_per_second": _rounded(found.tokens_per_second),
        "tokens": found.output_tokens,
        "cost": _rounded(found.cost),
    }
