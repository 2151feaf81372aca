"""Which engine runs a chain."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from ..._exceptions import InputError
from ..._shown import brief
from .._steps import is_async
from ._dask import DaskEngine, is_dask
from ._loop import LoopEngine
from ._pools import PoolEngine
from ._threads import ThreadEngine

if TYPE_CHECKING:
    from ._base import Engine

__all__ = ["engine_for"]


def engine_for(executor: Any, chain: Any, count: int | None) -> Engine:
    """Return the engine for what the user has named.

    Raises
    ------
    InputError
        If it is no place to run.
    """
    if executor == "loop" or (executor is None and is_async(chain)):
        return LoopEngine()
    if executor is None or executor == "threads":
        return ThreadEngine(count or ThreadEngine.room)
    if is_dask(executor):
        return DaskEngine(executor, chain)
    if isinstance(executor, Executor):
        return PoolEngine(executor, chain)
    raise InputError(
        f'executor is "threads", "loop", a concurrent.futures.Executor or a Dask Client, not '
        f"{brief(executor)}. Leave it out for threads of this process."
    )
