"""The tokens of a run as a table: when each came, how likely it was, what else there was."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, NamedTuple

from .._exceptions import InputError
from ._odds import alternatives_of, entropy_of, rank_of, told_in
from ._plain import has_text, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._log import Log
    from ._types import Run

__all__ = ["Token", "as_table", "run_with_tokens", "tokens_of"]


class Token(NamedTuple):
    """One token of a run or, where the model told no odds, one chunk of text."""

    text: str
    time: float
    """Seconds since the log began."""
    odds: list[Any] | None
    """As in `nbstream.events._odds`."""
    place: int
    """The text of the run that it is in, or is a part of."""
    part: int = 0
    """Which of that text's tokens it is."""


def tokens_of(trace: Log, run: Run) -> list[Token]:
    """Return a run's tokens, in order."""
    found: list[Token] = []
    waiting: list[list[Any]] = []  # tokens of a text that is yet to come: parts of a character
    place = 0
    for event in trace.events[:]:
        if event.run is not run:
            continue
        if event.kind == "chunk":
            waiting += told_in(event.data)
            if not has_text(event.data):
                continue
            found += _tokens(text_of(event.data), event.time, waiting, place)
            waiting = []
            place += 1
        elif event.kind == "end" and place == 0:
            # What did not stream has one text: its output.
            output = trace.output(run)
            if output is not None and has_text(output):
                found += _tokens(text_of(output), event.time, told_in(output), place)
    return found


def _tokens(text: str, time: float, odds: list[list[Any]], place: int) -> Iterator[Token]:
    if len(odds) <= 1:
        yield Token(text, time, odds[0] if odds else None, place)
        return
    for part, one in enumerate(odds):
        yield Token(one[0], time, one, place, part)


def run_with_tokens(trace: Log, run: Run | None = None) -> Run:
    """Return the run whose tokens are meant: where one told no odds, a model in it may have.

    Raises
    ------
    InputError
        If nothing has run yet, or the run is of another log.
    """
    if not trace.runs:
        raise InputError(
            "Nothing has run in this trace yet, so there are no tokens. Call a model inside "
            "`with trace:`, or show() one."
        )
    if run is None:
        run = trace.runs[0]
    elif run not in trace.runs:
        raise InputError(
            f"The run {run.name!r} is not in this trace. Take one of its own: trace.runs."
        )
    tokens = tokens_of(trace, run)
    if any(token.odds for token in tokens):
        return run
    texts = [token.text for token in tokens if token.text]
    for model in trace.runs:
        if model.run_type != "chat_model" or run.id not in model.parent_ids:
            continue
        inside = tokens_of(trace, model)
        if not texts or "".join(texts) == "".join(token.text for token in inside):
            return model
    return run


def as_table(trace: Log, run: Run | None = None) -> Any:
    """Return the tokens as a table; see `Trace.tokens`."""
    run = run_with_tokens(trace, run)
    before = begin = next((one.time for one in trace.events if one.run is run), 0.0)
    rows: list[dict[str, Any]] = []
    for token in tokens_of(trace, run):
        odds = token.odds
        rows.append(
            {
                "token": token.text,
                "time": token.time - begin,
                "gap": token.time - before,
                "logprob": odds[1] if odds else None,
                "rank": rank_of(odds) if odds else None,
                "entropy": entropy_of(odds) if odds else None,
                "alternatives": _by_token(odds) if odds else {},
            }
        )
        before = token.time
    if importlib.util.find_spec("pandas") is None:
        return rows
    import pandas as pd

    columns = ["token", "time", "gap", "logprob", "rank", "entropy", "alternatives"]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"logprob": float, "rank": "Int64", "entropy": float})


def _by_token(odds: list[Any]) -> dict[str, float]:
    # Parts of characters all look the same: then the likeliest counts.
    found: dict[str, float] = {}
    for text, logprob in alternatives_of(odds):
        found.setdefault(text, logprob)
    return found
