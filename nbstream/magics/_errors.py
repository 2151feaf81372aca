"""How a cell ends that cannot go on: with one line, and the next step in it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from .._exceptions import NbstreamError, ProviderError
from .._secrets import hide_all, quoted_a_key
from .._shown import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["CellError", "CellStopped", "one_line", "own_names"]


class CellError(NbstreamError):
    """Ends the cell with one line instead of a traceback into nbstream."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class CellStopped(KeyboardInterrupt):
    """Ends an interrupted cell with one line."""

    def _render_traceback_(self) -> list[str]:
        return ["Stopped. The text received so far is kept above."]


_SHELLS_OWN = {"exit", "quit", "open", "get_ipython"}


def own_names(names: Iterable[str]) -> Iterator[str]:
    """Yield the variables that somebody can have meant: not the shell's own, not hidden ones."""
    return (one for one in names if not one.startswith("_") and one not in _SHELLS_OWN)


@contextmanager
def one_line(*, debug: bool = False) -> Iterator[None]:
    """Let the block end with one line where it fails.

    Parameters
    ----------
    debug
        Whether to let the error through with its traceback instead.
    """
    try:
        yield
    except (CellError, CellStopped):
        raise
    except KeyboardInterrupt:
        if debug:
            raise
        raise CellStopped from None
    except Exception as error:
        if debug:
            raise
        # An error that quotes a key is dropped, with whatever holds on to it.
        cause = None if quoted_a_key(error) else error
        raise CellError(hide_all(_said(error))) from cause


def _said(error: Exception) -> str:
    if isinstance(error, ProviderError):
        return f"{error} {_advice(error)}".rstrip()
    if isinstance(error, NbstreamError):
        return str(error)
    return f"{named(error).rstrip('.')}. Add --debug to the %%chat line to see where it comes from."


def _advice(error: ProviderError) -> str:
    """Return the next step in this cell, where the model's own advice cannot know it."""
    said = str(error).lower()
    if error.status in (400, 422) and "temperature" in said:
        return "This endpoint takes no such temperature: leave out --temperature."
    if error.status in (400, 413) and "too long" in said:
        return "Shorten the prompt, or begin a new conversation with %chat reset."
    if error.status == 401:
        return "Or enter another key with %chat key."
    return ""
