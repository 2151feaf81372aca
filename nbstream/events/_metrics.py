"""A run's metrics: one formula for the log and the view state. ``js/src/state.ts`` mirrors it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from .._exceptions import InputError
from .._shown import attempt, brief
from ._odds import mean_entropy_of, perplexity_of, told_in
from ._plain import has_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ._log import Log
    from ._types import Run

__all__ = [
    "Cost",
    "Measured",
    "Metrics",
    "add_costs",
    "check_price",
    "cost_of",
    "count_usage",
    "measure",
    "metrics_of",
    "read_cost",
]


@dataclass(frozen=True)
class Metrics:
    """What a run took and gave. Times are in seconds; None is what cannot be told (yet).

    First token, chunks, gaps and rate are of the texts that came while the run went on. Those are
    its own chunks with text. If it logged none, as a chain that was invoked, they are the chunks of
    all chat models inside it, in order of time. If those logged none either, there is one text: the
    run's output, where that has text, at its end.

    Of several runs, as of calls one after the other in one view, they are what those add up to: the
    time is from the first one's start to the last one's end, a pause between two of them is no gap,
    and the rate is of the time in which any of them streamed.

    Examples
    --------
    >>> from nbstream import ScriptedChat, Trace
    >>> with Trace() as trace:
    ...     message = ScriptedChat(["Here", " is"]).invoke("Hi")
    >>> metrics = trace.metrics()
    >>> metrics.chunks, metrics.first_token <= metrics.duration, metrics.cost
    (2, True, None)
    """

    duration: float | None
    """From the start to the end."""
    first_token: float | None
    """From the start to the first text."""
    chunks: int
    """How many texts."""
    gap_p50: float | None
    """Median time between two texts."""
    gap_p95: float | None
    """The time that 95 of 100 gaps do not exceed."""
    gap_max: float | None
    """The longest time between two texts."""
    input_tokens: int | None
    """As the providers counted them, of all model calls in the run."""
    output_tokens: int | None
    """As the providers counted them, too."""
    tokens_per_second: float | None
    """Output tokens (texts, where tokens are not known) from the first text to the last."""
    cost: float | None
    """In the unit of the price that was passed in, else in US dollars; None: not known."""
    priced_by: str | None = None
    """Whose prices that was worked out by, where none was passed in: ``"genai-prices 0.2.3"``."""
    perplexity: float | None = None
    """Among how many equally likely tokens the model chose, as it were; None without odds."""
    entropy: float | None = None
    """How open the choice of a token was on average, in bits; None without alternatives."""


class Cost(NamedTuple):
    """What a model's answer cost in US dollars, and by whose prices."""

    amount: float
    source: str


class Measured(NamedTuple):
    """What of one run its metrics are made of."""

    parent: int | None
    is_model: bool
    start: float
    end: float | None
    times: Sequence[float]
    """When its texts came."""
    is_at_once: bool
    """Whether that was at its end, as its output."""
    usage: tuple[int, int] | None
    """Tokens in and out."""
    cost: Cost | None = None
    """As the model noted it in its message."""
    odds: Sequence[Sequence[Any]] = ()
    """Of its tokens, as in `nbstream.events._odds`."""


def metrics_of(
    runs: Sequence[Measured],
    root: int | None = None,
    *,
    price: Mapping[str, float] | None = None,
    unit: float = 1,
) -> Metrics:
    """Work out the metrics of one of some runs, or what all outermost ones add up to.

    Parameters
    ----------
    runs
        All runs, each behind the one that it is in.
    root
        The place of the one to measure; by default all outermost ones are.
    price
        As for `Trace.metrics`.
    unit
        How many units of the runs' times make a second.
    """
    if price is not None:
        check_price(price)
    if not runs:
        return Metrics(None, None, 0, None, None, None, None, None, None, None)
    roots = [at for at, run in enumerate(runs) if run.parent is None] if root is None else [root]
    parts = [_measure_one(inside) for inside in _inside(runs, roots)]
    streams = [part.times for part in parts if part.times]
    usages = [part.usage for part in parts if part.usage is not None]
    tokens_in = sum(usage[0] for usage in usages) if usages else None
    tokens_out = sum(usage[1] for usage in usages) if usages else None
    # A pause between two of the runs is no gap.
    gaps = sorted(b - a for times in streams for a, b in pairwise(times))
    cost, source = None, None
    if tokens_in is not None and tokens_out is not None:
        if price is not None:
            cost = cost_of(price, tokens_in, tokens_out)
        elif known := add_costs(cost for part in parts for cost in part.costs):
            cost, source = known
    odds = [one for part in parts for one in part.odds]
    begin = min(runs[at].start for at in roots)
    ends = [runs[at].end for at in roots]
    end = None if None in ends else max(end for end in ends if end is not None)
    return Metrics(
        duration=None if end is None else (end - begin) / unit,
        first_token=(min(times[0] for times in streams) - begin) / unit if streams else None,
        chunks=sum(map(len, streams)),
        gap_p50=_quantile(gaps, 0.5, unit),
        gap_p95=_quantile(gaps, 0.95, unit),
        gap_max=_quantile(gaps, 1, unit),
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        tokens_per_second=_rate(parts, is_in_tokens=tokens_out is not None, unit=unit),
        cost=cost,
        priced_by=source,
        perplexity=perplexity_of(odds),
        entropy=mean_entropy_of(odds),
    )


class _Part(NamedTuple):
    """What one of the runs that are measured adds."""

    times: Sequence[float]
    usage: tuple[int, int] | None
    costs: list[Cost | None]
    odds: Sequence[Sequence[Any]]


def _measure_one(inside: Sequence[Measured]) -> _Part:
    """Look at a run, the first, and at those in it."""
    run = inside[0]
    models = [one for one in inside if one.is_model]
    times = run.times
    if run.is_at_once or not times:
        streamed = sorted(t for one in models if not one.is_at_once for t in one.times)
        times = streamed or times
    usages = [one.usage for one in models if one.usage is not None]
    usage = (sum(one[0] for one in usages), sum(one[1] for one in usages)) if usages else None
    odds = run.odds or [odds for one in models for odds in one.odds]
    return _Part(times, usage, [one.cost for one in models if one.usage is not None], odds)


def _rate(parts: Iterable[_Part], *, is_in_tokens: bool, unit: float) -> float | None:
    """Return what came in a second, of the time in which any of the runs streamed."""
    stretches: list[tuple[float, float]] = []
    passed = 0
    for times, usage, *_ in parts:
        count = len(times) if not is_in_tokens else usage[1] if usage else 0
        # The first one's time is not in the span, so neither is the first one.
        if times and times[-1] > times[0] and count > 1:
            stretches.append((times[0], times[-1]))
            passed += count - 1
    took = 0.0
    until = -math.inf
    for begin, end in sorted(stretches):
        took += max(0.0, end - max(begin, until))
        until = max(until, end)
    return passed / took * unit if took > 0 else None


def cost_of(price: Mapping[str, float], tokens_in: int, tokens_out: int) -> float:
    """Return what tokens cost, in the unit of the price.

    Raises
    ------
    InputError
        If the price has another form.
    """
    check_price(price)
    return (tokens_in * price["input"] + tokens_out * price["output"]) / 1_000_000


def add_costs(costs: Iterable[Cost | None]) -> Cost | None:
    """Return what several answers cost; None if it is not known of one, or there are none."""
    total: Cost | None = None
    for one in costs:
        if one is None:
            return None
        total = one if total is None else Cost(total.amount + one.amount, one.source)
    return total


def _inside(runs: Sequence[Measured], roots: Sequence[int]) -> list[list[Measured]]:
    """Return each of these runs with all that lie in it, which are behind it."""
    inside = {at: [runs[at]] for at in roots}
    home: dict[int | None, int] = {at: at for at in roots}
    for at, run in enumerate(runs):
        if (root := home.get(run.parent)) is not None:
            home[at] = root
            inside[root].append(run)
    return [*inside.values()]


def _quantile(ordered: Sequence[float], share: float, unit: float) -> float | None:
    """Return the nearest-rank quantile."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / unit


def measure(
    trace: Log, run: Run | None = None, price: Mapping[str, float] | None = None
) -> Metrics:
    """Work out a run's metrics, or what all outermost runs add up to, from the log."""
    runs = trace.runs[:]
    starts = [0.0] * len(runs)
    ends: list[float | None] = [None] * len(runs)
    times: list[list[float]] = [[] for _ in runs]
    odds: list[list[list[Any]]] = [[] for _ in runs]
    for event in trace.events[:]:
        index = event.run.index
        if index >= len(runs):  # it has begun since
            continue
        if event.kind == "chunk":
            if has_text(event.data):
                times[index].append(event.time)
            odds[index] += told_in(event.data)
        elif event.kind == "start":
            starts[index] = event.time
        elif event.kind != "custom":
            ends[index] = event.time
    measured: list[Measured] = []
    for index, one in enumerate(runs):
        is_model = one.run_type == "chat_model"
        is_at_once = not times[index] and ends[index] is not None and _gave_text(trace, one)
        measured.append(
            Measured(
                parent=one.parent.index if one.parent else None,
                is_model=is_model,
                start=starts[index],
                end=ends[index],
                times=[ends[index] or 0.0] if is_at_once else times[index],
                is_at_once=is_at_once,
                usage=_usage(trace, one) if is_model else None,
                cost=_cost(trace, one) if is_model else None,
                odds=odds[index] or (told_in(trace.output(one)) if is_at_once else []),
            )
        )
    return metrics_of(measured, run.index if run is not None else None, price=price)


def _gave_text(trace: Log, run: Run) -> bool:
    output = trace.output(run)
    return output is not None and has_text(output)


def _usage(trace: Log, run: Run) -> tuple[int, int] | None:
    output = trace.output(run)
    return count_usage(attempt(lambda: getattr(output, "usage_metadata", None), lambda: None))


def _cost(trace: Log, run: Run) -> Cost | None:
    output = trace.output(run)
    said = attempt(lambda: getattr(output, "response_metadata", None), lambda: None)
    return read_cost(said)


def read_cost(metadata: Any) -> Cost | None:
    """Return the cost that a message's metadata tell, if they do."""
    said = metadata.get("cost") if isinstance(metadata, dict) else None
    if not isinstance(said, dict) or said.get("currency") != "USD":
        return None
    amount, source = said.get("amount"), said.get("price_list")
    if isinstance(amount, bool) or not isinstance(amount, (int, float)):
        return None
    return Cost(amount, source if isinstance(source, str) else "")


def count_usage(usage: Any) -> tuple[int, int] | None:
    """Return the tokens in and out of a message's usage, or None where it has none."""
    if not isinstance(usage, dict) or not usage:
        return None
    counts = (usage.get("input_tokens"), usage.get("output_tokens"))
    return tuple(one if type(one) is int else 0 for one in counts)  # type: ignore[return-value]


def check_price(price: Any) -> None:
    """Refuse what is no price.

    Raises
    ------
    InputError
        It names the keys.
    """
    what = "A price is {'input': …, 'output': …} for a million tokens"
    if not isinstance(price, dict) and not hasattr(price, "keys"):
        raise InputError(f"{what}, not {brief(price)}.")
    names = [*price.keys()]
    if set(names) != {"input", "output"}:
        raise InputError(
            f"{what}; this one has {', '.join(map(repr, names)) or 'no keys'}. "
            "Give both prices under just those keys."
        )
    for name in names:
        if isinstance(price[name], bool) or not isinstance(price[name], (int, float)):
            raise InputError(f"{what}; under {name!r} is {brief(price[name])}. Give a number.")
