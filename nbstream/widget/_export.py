"""Writing what a view shows to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .._exceptions import InputError
from .._files import write_whole
from .._secrets import hide_all
from .._shown import outgoing

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["write_as"]


def write_as(
    path: str | Path, makers: dict[str, Callable[[], str]], page: Callable[[], str]
) -> Path:
    """Write a file in the form that its name ends with, and return its path.

    Parameters
    ----------
    path
        The file.
    makers
        What gives the text, by ending.
    page
        What gives a page for ``.html``, without keys.

    Raises
    ------
    InputError
        If the name ends otherwise.
    """
    path = Path(path)
    if path.suffix == ".html":
        return write_whole(path, page())
    if path.suffix not in makers:
        raise InputError(
            f"{path.name!r} does not say in which form to write. "
            f"Let the name end with one of: {', '.join([*makers, '.html'])}."
        )
    return write_whole(path, hide_all(outgoing(makers[path.suffix]())))
