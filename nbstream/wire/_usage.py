"""Tokens, as a provider counts them while it answers."""

from __future__ import annotations

from typing import Any

from ..messages import UsageMetadata
from ._fields import count

__all__ = ["Usage"]


class Usage:
    """Takes in counts, which are of the whole answer so far; gives out what is new.

    Chunks add up, so a count that a provider repeats must not stand in two of them.

    Parameters
    ----------
    cache_apart
        Whether the provider leaves what it read from its cache, and wrote there, out of the
        input's count.

    Examples
    --------
    >>> usage = Usage()
    >>> usage.note(input=9, output=1)
    >>> usage.note(input=0, output=7)
    >>> usage.take()
    {'input_tokens': 9, 'output_tokens': 7, 'total_tokens': 16}
    >>> usage.take()
    """

    __slots__ = ("_cache_apart", "_counts", "_given")

    def __init__(self, *, cache_apart: bool = False) -> None:
        self._cache_apart = cache_apart
        self._counts: dict[str, int] = {}
        self._given: dict[str, int] = {}

    def note(self, **counts: Any) -> None:
        """Take in counts. A later 0 is one that the provider has not filled in."""
        for name, value in counts.items():
            if (tokens := count(value)) or (tokens == 0 and name not in self._counts):
                self._counts[name] = tokens

    def take(self) -> UsageMetadata | None:
        """Return what has been counted since this was last asked; None if nothing has."""
        new = {name: n - self._given.get(name, 0) for name, n in self._counts.items()}
        if not new or (self._given and not any(new.values())):
            return None
        self._given = dict(self._counts)
        read, made = new.get("cache_read", 0), new.get("cache_creation", 0)
        total = new.get("input", 0) + (read + made if self._cache_apart else 0)
        output = new.get("output", 0)
        usage = UsageMetadata(input_tokens=total, output_tokens=output, total_tokens=total + output)
        if read or made:
            usage["input_token_details"] = {"cache_read": read, "cache_creation": made}
        if reasoning := new.get("reasoning"):
            usage["output_token_details"] = {"reasoning": reasoning}
        return usage
