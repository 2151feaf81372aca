"""What can be a column of a comparison, and what is made of what somebody passed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .._exceptions import InputError
from .._shown import brief, label
from ..events import Trace
from ..jobs import Job, Watched
from ..sources import NO_INPUT, can_be_asked

__all__ = ["MOST", "Column", "Source", "sources_of"]

LEAST = 2
MOST = 6
"""Columns that can be told apart at a glance."""
HOW = (
    'compare({"small": chain_a, "large": chain_b}, input), compare(model, input, n=3), or '
    "compare(trace_1, trace_2)"
)


class Column(Watched):
    """One run of a comparison: its name, its log, its result, and its own stop.

    Parameters
    ----------
    name
        What it is called.
    job
        The run.
    """

    def __init__(self, name: str, job: Job) -> None:
        self.name = name
        """What it is called, on the page and in `CompareView.columns`."""
        self._job = job

    def __repr__(self) -> str:
        return f"<Column {self.name!r}: {self.status}>"


class Source(NamedTuple):
    """What a column is to show: something to run, or what has run."""

    name: str
    value: Any
    job: Job | None
    """What has run, or does; None where it is yet to be run with the input."""


def sources_of(source: Any, more: tuple[Any, ...], given: Any, n: Any) -> tuple[list[Source], Any]:
    """Return what is to be compared and the input for it, or say what is wrong.

    Raises
    ------
    InputError
        It names the value, and the forms that there are.
    """
    if more and given is NO_INPUT and not _is_past(source):
        given, more = more[0], more[1:]
    if isinstance(source, Mapping):
        if n is not None:
            raise InputError(f"Columns with names are all there are: they take no n. Use {HOW}.")
        named = [(_name(name), value) for name, value in source.items()]
    elif _is_past(source):
        if n is not None:
            raise InputError(f"What has run did so once: it takes no n. Use {HOW}.")
        named = [(f"run {at}", value) for at, value in enumerate((source, *more), 1)]
    else:
        count = 1 if n is None else n
        if type(count) is not int:
            raise InputError(f"n is how many columns, a whole number, not {brief(n)}. Use {HOW}.")
        named = [(f"run {at}", source) for at in range(1, min(count, MOST + 1) + 1)]
    if more and not _is_past(source):
        raise InputError(f"{brief(more[0])} is one value too many. Use {HOW}.")
    if not LEAST <= len(named) <= MOST:
        raise InputError(
            f"A comparison has {LEAST} to {MOST} columns, not {n or len(named)}. Use {HOW}."
        )
    past = [_is_past(value) for _, value in named]
    if any(past) and not all(past):
        was, will = named[past.index(True)][0], named[past.index(False)][0]
        raise InputError(
            f"{was!r} has run and {will!r} is still to run: a comparison has one or the other. "
            f"Use {HOW}."
        )
    if all(past):
        if given is not NO_INPUT:
            raise InputError(f"What has run takes no input, here {brief(given)}. Use {HOW}.")
        return [Source(name, value, _job_of(value)) for name, value in named], given
    for name, value in named:
        if not can_be_asked(value):
            raise InputError(
                f"{name!r} is {brief(value)}, which cannot be asked: a column is a model or a "
                f"chain. {_hint(value)}Use {HOW}."
            )
    if given is NO_INPUT:
        raise InputError(f"Models and chains need an input to be compared on. Use {HOW}.")
    return [Source(name, value, None) for name, value in named], given


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"A column's name is a text, not {brief(name)}.")
    return label(name)


def _hint(value: Any) -> str:
    return "Make a model of a name with init_chat_model. " if isinstance(value, str) else ""


def _is_past(value: Any) -> bool:
    return isinstance(value, (Trace, Watched))


def _job_of(value: Any) -> Job:
    return Job(value) if isinstance(value, Trace) else value._job
