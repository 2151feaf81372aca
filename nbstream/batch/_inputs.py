"""What a batch is given, one input at a time: a list, a generator, the rows of a DataFrame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any

from .._exceptions import InputError
from .._shown import attempt, brief, near, outgoing, type_name
from ..messages import BaseMessage
from ..runnables import RunnableSequence
from ._line import MAX_INPUT

__all__ = ["Inputs", "words_for"]


class Inputs:
    """The inputs, drawn one by one and kept, since a run may be tried again.

    Parameters
    ----------
    given
        What the user passed in.
    chain
        What they are for.

    Raises
    ------
    InputError
        If it is no list of inputs, an empty one, one of mixed forms, or a frame without a column
        that the chain's prompt needs.
    """

    def __init__(self, given: Any, chain: Any) -> None:
        self.drawn: list[Any] = []
        self.columns: list[str] | None = None
        """Of a DataFrame."""
        self.total: int | None = None
        if is_frame(given):
            self.columns = [str(name) for name in given.columns]
            self.total = len(given)
            _check_columns(self.columns, chain)
            self._source: Iterator[Any] = _rows(given, self.columns)
        elif isinstance(given, Iterable) and not isinstance(
            given, (str, bytes, Mapping, type, BaseMessage)
        ):
            self.total = len(given) if isinstance(given, Sized) else None
            if isinstance(given, (list, tuple)):
                _check_forms(given)
            self._source = iter(given)
        else:
            raise InputError(
                f"A batch needs a list, a generator or a DataFrame of inputs, not {brief(given)}. "
                "For a single one: Batch(chain, [input])."
            )
        if self.total == 0:
            what = (
                "The DataFrame has no rows" if self.columns is not None else "There are no inputs"
            )
            raise InputError(f"{what}: a batch needs one at least. Pass a list with the inputs.")

    def draw(self) -> Any:
        """Return the next one; raises StopIteration at their end."""
        try:
            item = next(self._source)
        except StopIteration:
            self.total = len(self.drawn)
            raise
        self.drawn.append(item)
        return item


def _check_columns(columns: list[str], chain: Any) -> None:
    first = chain.steps[0] if isinstance(chain, RunnableSequence) else chain
    needed = getattr(first, "input_variables", None)
    missing = [name for name in needed if name not in columns] if type(needed) is list else []
    if missing:
        also = "".join(near(name, columns) for name in missing)
        raise InputError(
            f"The prompt needs {', '.join(map(repr, missing))}, and the DataFrame has no such "
            f"column; it has {', '.join(map(repr, columns[:20]))}.{also} Rename a column, or the "
            "variable in the prompt."
        )


def _check_forms(given: Sequence[Any]) -> None:
    """Refuse dicts among other inputs: no chain takes both, and half of the runs would fail."""
    is_dict = isinstance(given[0], Mapping) if given else False
    for index, item in enumerate(given):
        if isinstance(item, Mapping) != is_dict:
            raise InputError(
                f"The inputs have mixed forms: 0 is {brief(given[0])}, and {index} is "
                f"{brief(item)}. Give all of them as the chain takes them."
            )


def is_frame(given: Any) -> bool:
    """Tell whether something is a table of rows as pandas and polars have it."""
    return hasattr(given, "columns") and (
        hasattr(given, "itertuples") or hasattr(given, "iter_rows")
    )


def _rows(frame: Any, columns: list[str]) -> Iterator[dict[str, Any]]:
    if hasattr(frame, "itertuples"):
        rows: Iterable[Any] = frame.itertuples(index=False, name=None)
    else:
        rows = frame.iter_rows()
    for row in rows:
        yield dict(zip(columns, row, strict=True))


def words_for(value: Any) -> str:
    r"""Return a few words for an input, in one line.

    Examples
    --------
    >>> words_for({"animal": "fish", "n": 2}), words_for("Hello\nthere")
    ('animal: fish, n: 2', 'Hello there')
    """
    if type(value) is str:
        text = value
    elif type(value) is dict and len(value) == 1:
        return words_for(next(iter(value.values())))
    elif type(value) is dict:
        text = ", ".join(f"{name}: {_said(one)}" for name, one in [*value.items()][:20])
    else:
        text = _said(value)
    return outgoing(" ".join(text[: 2 * MAX_INPUT].split())[:MAX_INPUT])


def _said(value: Any) -> str:
    if type(value) is str:
        return value[:MAX_INPUT]
    text = attempt(lambda: getattr(value, "text", None), lambda: None)
    if type(text) is str:
        return text[:MAX_INPUT]
    # What says its type first says little else: a number, a list
    said = brief(value)
    return said.removeprefix(f"{type_name(value)} ")
