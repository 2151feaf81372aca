"""Where a new run belongs, carried by a context variable: nested calls need nothing passed on."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ._log import Log
    from ._types import Run

__all__ = ["Scope", "current_scope", "enter_scope", "leave_scope", "within"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Scope(NamedTuple):
    """What a call made here takes from the calls around it."""

    trace: Log | None
    """The log to write to, or None where nobody listens and only settings are passed on."""
    run: Run | None
    """The run that a new one lies in."""
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = _NOTHING
    settings: Mapping[str, Any] = _NOTHING
    """Other keys of the config: ``max_concurrency``, ``executor`` and what the caller added."""
    is_told: bool = False
    """Whether the stream of another library that is read here tells of all that it runs."""


_scope: ContextVar[Scope | None] = ContextVar("nbstream_scope", default=None)

current_scope = _scope.get
"""Return the scope a run started here would belong to, or None where there is none."""
enter_scope = _scope.set
leave_scope = _scope.reset


@contextmanager
def within(scope: Scope | None) -> Iterator[None]:
    """Let what is called in the block belong to ``scope``; None leaves things as they are."""
    token = enter_scope(scope or current_scope())
    try:
        yield
    finally:
        leave_scope(token)
