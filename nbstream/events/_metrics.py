"""A run's figures."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._log import Log
    from ._types import Run

__all__ = ["Metrics", "measure"]


@dataclass(frozen=True)
class Metrics:
    """What a run took and gave. Times are seconds; None where a figure cannot be said (yet)."""

    duration: float | None
    """From the run's start to its end."""
    first_token: float | None
    """From the run's start to its first chunk with text."""
    chunks: int
    """Chunks with text."""
    gap_p50: float | None
    """Median time between two such chunks."""
    gap_p95: float | None
    gap_max: float | None
    input_tokens: int | None
    """As the providers counted them, of all model calls in the run."""
    output_tokens: int | None
    tokens_per_second: float | None
    """Output tokens (chunks, where tokens are not known) from the first chunk to the last."""
    cost: float | None
    """In the unit of the price, where one was passed in."""


def measure(trace: Log, run: Run, price: Mapping[str, float] | None) -> Metrics:
    """Work out a run's figures from the log."""
    begin = end = None
    times: list[float] = []
    for event in trace.events:
        if event.run is run:
            if event.kind == "start":
                begin = event.time
            elif event.kind != "chunk":
                end = event.time if event.kind != "custom" else end
            elif _has_text(event.data):
                times.append(event.time)
    usages = [u for inner in trace.runs if (u := _usage(trace, inner, run))]
    tokens_in = sum(u["input_tokens"] for u in usages) if usages else None
    tokens_out = sum(u["output_tokens"] for u in usages) if usages else None
    gaps = sorted(b - a for a, b in pairwise(times))
    took = times[-1] - times[0] if times else 0.0
    # The first one's time is not in the span, so neither is the first one.
    passed = (len(times) if tokens_out is None else tokens_out) - 1
    return Metrics(
        duration=None if begin is None or end is None else end - begin,
        first_token=times[0] - begin if times and begin is not None else None,
        chunks=len(times),
        gap_p50=_quantile(gaps, 0.5),
        gap_p95=_quantile(gaps, 0.95),
        gap_max=gaps[-1] if gaps else None,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        tokens_per_second=passed / took if took > 0 and passed > 0 else None,
        cost=_cost(price, tokens_in, tokens_out),
    )


def _has_text(chunk: Any) -> bool:
    return bool(chunk if isinstance(chunk, str) else getattr(chunk, "text", True))


def _usage(trace: Log, inner: Run, run: Run) -> dict[str, int] | None:
    around: Run | None = inner
    while around is not None and around is not run:
        around = around.parent
    if around is None or inner.run_type != "chat_model":
        return None
    usage: dict[str, int] | None = getattr(trace.output(inner), "usage_metadata", None)
    return usage


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return the nearest-rank quantile."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _cost(
    price: Mapping[str, float] | None, tokens_in: int | None, tokens_out: int | None
) -> float | None:
    if price is None:
        return None
    if set(price) != {"input", "output"}:
        raise InputError(
            f"A price is {{'input': …, 'output': …}} for a million tokens, not {dict(price)!r}."
        )
    if tokens_in is None or tokens_out is None:
        return None
    return (tokens_in * price["input"] + tokens_out * price["output"]) / 1_000_000
