"""How what a stream yielded adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._shown import attempt
from ..messages import AIMessageChunk, BaseMessage, merge_chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AddableDict", "add_chunks", "sum_so_far"]


class AddableDict(dict[str, Any]):
    """A dict that adds up key by key: what steps with several branches stream.

    Examples
    --------
    >>> AddableDict(a="Hello") + AddableDict(a=" there", b=1)
    {'a': 'Hello there', 'b': 1}
    """

    def __add__(self, other: dict[str, Any]) -> AddableDict:
        return _add_dicts([self, other])

    def __radd__(self, other: dict[str, Any]) -> AddableDict:
        return _add_dicts([other, self])


def add_chunks(chunks: Sequence[Any]) -> Any:
    """Add up what a stream yielded: texts join, message chunks merge, the rest uses ``+``.

    Chunks that cannot be added stand for the whole themselves, so the last one is the result, as
    in LangChain. Returns None where there are none. The work is linear for all that nbstream's own
    steps yield.
    """
    if len(chunks) <= 1:
        return chunks[0] if chunks else None
    if all(isinstance(chunk, str) for chunk in chunks):
        return "".join(chunks)
    if all(isinstance(chunk, AIMessageChunk) for chunk in chunks):
        return merge_chunks(chunks)
    if all(isinstance(chunk, AddableDict) for chunk in chunks):
        return _add_dicts(chunks)
    total = chunks[0]
    for chunk in chunks[1:]:
        if isinstance(total, BaseMessage) and not isinstance(total, AIMessageChunk):
            total = chunk  # whole messages make a prompt, which no stream means
            continue
        try:
            total = total + chunk
        except TypeError:
            total = chunk
    return total


def sum_so_far(chunks: Sequence[Any]) -> Any:
    """Add up what a log holds of a run; where that fails, the last chunk stands for the whole.

    What a run itself makes of its chunks is `add_chunks`, which raises what their ``+`` does. A log
    is looked at while the run goes on, and must not fail where the run never adds up.
    """
    return attempt(lambda: add_chunks(chunks), lambda: chunks[-1])


def _add_dicts(dicts: Sequence[dict[str, Any]]) -> AddableDict:
    columns: dict[str, list[Any]] = {}
    for one in dicts:
        for key, value in one.items():
            column = columns.setdefault(key, [])
            # None is what a branch says before it has something to say.
            if value is not None or not column:
                column.append(value)
    return AddableDict(
        {
            key: add_chunks([v for v in values if v is not None] or values)
            for key, values in columns.items()
        }
    )
