"""`BatchMetrics`: what many runs add up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._exceptions import ProviderError
from .._shown import type_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ._line import Status
    from ._table import Table

__all__ = ["BatchMetrics", "failure_kind", "metrics_of"]

MAX_VALUES = 500
"""Values of a distribution: more make no better plot."""


@dataclass(frozen=True)
class BatchMetrics:
    """What a batch's runs add up to so far. None is what cannot be told (yet).

    Examples
    --------
    >>> from nbstream import ScriptedChat
    >>> from nbstream.batch import Batch
    >>> runs = Batch(ScriptedChat(["Blub", "."]), ["a", "b"])
    >>> runs.wait()
    >>> runs.metrics().counts["done"], runs.metrics().output_tokens, runs.metrics().eta
    (2, 4, 0.0)
    """

    counts: dict[Status, int]
    """How many lines have each status."""
    total: int | None
    """How many inputs there are; None while a generator goes on."""
    elapsed: float
    """Seconds in which the batch was running."""
    eta: float | None
    """Seconds until the end, at the present pace."""
    runs_per_minute: float | None
    tokens_per_second: float | None
    """Output tokens of all runs together."""
    cost: float | None
    """In US dollars, of the runs whose cost is known."""
    input_tokens: int
    output_tokens: int
    failures: dict[str, int]
    """How often each kind of failure came, the most frequent first."""
    first_token: list[float]
    """Seconds from a run's start to its first text."""
    length: list[float]
    """Output tokens of a run."""
    duration: list[float]
    """Seconds of a run."""


def failure_kind(error: BaseException | None) -> str:
    """Return a few words for an error, the same for all of its kind.

    Examples
    --------
    >>> failure_kind(ProviderError("busy", status=529)), failure_kind(ValueError("no"))
    ('ProviderError 529', 'ValueError')
    """
    if error is None:
        return "unknown"
    status = error.status if isinstance(error, ProviderError) else None
    return type_name(error) if status is None else f"{type_name(error)} {status}"


def metrics_of(table: Table, total: int | None, elapsed: float) -> BatchMetrics:
    """Add up."""
    lines = table[:]
    counts = dict(table.counts)
    begun = [line for line in lines if line.started is not None]
    ended = [line for line in begun if line.ended is not None]
    ran = [line for line in ended if line.status != "kept"]
    costs = [line.cost for line in begun if line.cost is not None]
    output_tokens = sum(line.tokens or 0 for line in begun)
    own_tokens = sum(line.tokens or 0 for line in begun if line.status != "kept")
    failures: dict[str, int] = {}
    for line in lines:
        if line.status == "failed":
            kind = failure_kind(line.error)
            failures[kind] = failures.get(kind, 0) + 1
    pace = len(ran) / elapsed if ran and elapsed > 0 else None
    left = None if total is None else total - (len(lines) - counts["waiting"] - counts["running"])
    eta = 0.0 if left == 0 else left / pace if left is not None and pace else None
    return BatchMetrics(
        counts=counts,
        total=total,
        elapsed=elapsed,
        eta=eta,
        runs_per_minute=pace * 60 if pace else None,
        tokens_per_second=own_tokens / elapsed if elapsed > 0 and own_tokens else None,
        cost=sum(costs) if costs else None,
        input_tokens=sum(line.input_tokens or 0 for line in begun),
        output_tokens=output_tokens,
        failures=dict(sorted(failures.items(), key=lambda one: -one[1])),
        first_token=_some(
            line.first - line.started
            for line in begun
            if line.first is not None and line.started is not None
        ),
        length=_some(line.tokens for line in ended if line.tokens is not None),
        duration=_some(line.duration for line in ended if line.duration is not None),
    )


def _some(values: Iterable[float]) -> list[float]:
    """Return as many as a plot needs, evenly chosen."""
    every: Sequence[float] = [*values]
    if len(every) <= MAX_VALUES:
        return [*every]
    return [every[at * len(every) // MAX_VALUES] for at in range(MAX_VALUES)]
