"""A batch's progress in one line of a terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from .._shown import outgoing, printable

if TYPE_CHECKING:
    from ._batch import Batch
    from ._metrics import BatchMetrics

__all__ = ["follow", "progress"]

PACE = 0.25
"""Seconds between two looks, where something changes."""
WIDTH = 20


def follow(batch: Batch) -> None:
    """Show how far a batch is until it is over; on a terminal the line is written over itself."""
    batch.start()
    is_terminal = sys.stdout.isatty()
    last = 0
    while True:
        is_over = batch.status not in ("running", "paused")
        if is_terminal or is_over:
            text = printable(outgoing(progress(batch.metrics(), batch.note)))
            if is_terminal:
                print(f"\r{text[:160]:<{last}}", end="", flush=True)  # noqa: T201
                last = min(len(text), 160)
            if is_over:
                print("" if is_terminal else text)  # noqa: T201
                batch.wait()  # it raises what cannot go on
                return
        try:
            batch.wait(PACE)
        except TimeoutError:
            continue


def progress(metrics: BatchMetrics, note: str = "") -> str:
    """Return the line.

    Examples
    --------
    >>> from nbstream import ScriptedChat
    >>> from nbstream.batch import Batch
    >>> runs = Batch(ScriptedChat(["Blub"]), ["a", "b"])
    >>> runs.wait()
    >>> progress(runs.metrics()).split(" · ")[:2]
    ['[====================] 2 of 2 runs', '2 done']
    """
    counts = metrics.counts
    ended = sum(counts[status] for status in ("done", "kept", "failed", "stopped"))
    if metrics.total:
        full = WIDTH * ended // metrics.total
        said = [f"[{'=' * full}{' ' * (WIDTH - full)}] {ended:,} of {metrics.total:,} runs"]
    else:
        said = [f"{ended:,} runs"]
    said += [f"{count:,} {status}" for status, count in counts.items() if count]
    if metrics.runs_per_minute:
        said.append(f"{metrics.runs_per_minute:,.0f} a minute")
    if metrics.tokens_per_second:
        said.append(f"{metrics.tokens_per_second:,.0f} tokens/s")
    if metrics.cost is not None:
        said.append(f"${metrics.cost:,.4f}")
    if metrics.eta:
        said.append(f"{_time(metrics.eta)} left")
    if metrics.failures:
        said.append(", ".join(f"{count} {kind}" for kind, count in metrics.failures.items()))
    return " · ".join([*said, note] if note else said)


def _time(seconds: float) -> str:
    return time.strftime("%H:%M:%S" if seconds >= 3_600 else "%M:%S", time.gmtime(seconds))
