"""A batch as a table of values."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .._shown import named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._inputs import Inputs
    from ._line import Line

__all__ = ["to_frame"]


def to_frame(lines: Sequence[Line], inputs: Inputs) -> Any:
    """Return a DataFrame where pandas can be imported, else a list of dicts."""
    rows = [_row(line, inputs) for line in lines]
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        return rows
    return pandas.DataFrame(rows)


def _row(line: Line, inputs: Inputs) -> dict[str, Any]:
    item = inputs.drawn[line.index]
    first = None if line.first is None or line.started is None else line.first - line.started
    given = item if inputs.columns is not None else {"input": item}
    own = {
        "output": line.output,
        "status": line.status,
        "error": None if line.error is None else named(line.error),
        "started": line.started,
        "first_token": first,
        "duration": line.duration,
        "input_tokens": line.input_tokens,
        "output_tokens": line.tokens,
        "tokens_per_second": line.rate,
        "cost": line.cost,
        "odds": line.odds,
        "tries": line.tries,
    }
    # A frame's own column of that name stays; ours is told apart.
    named_apart = {f"run_{name}" if name in given else name: one for name, one in own.items()}
    return {"index": line.index, **given, **named_apart}
