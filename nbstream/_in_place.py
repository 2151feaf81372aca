"""Running a coroutine inside a loop that cannot be entered twice, with no thread to go to.

So it is in Pyodide. Where the browser can suspend Python (JSPI), the page's own loop goes on
meanwhile. Elsewhere a small loop of plain Python does it, as far as no one waits for the page.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from ._exceptions import InputError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

__all__ = ["Inner", "can_suspend", "run_in_place"]

T = TypeVar("T")

NEEDS_THE_PAGE = (
    "This waits for something that comes by the page's own loop, which cannot go on meanwhile: "
    "there are no threads here. Use the async side: `await` ainvoke(…), or `async for` over "
    "astream(…)."
)


def can_suspend() -> bool:
    """Tell whether the page's loop can go on while Python waits in the middle of a call."""
    ffi = sys.modules.get("pyodide.ffi")
    return bool(ffi and ffi.can_run_sync())


def run_in_place(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, inside a running loop."""
    inner = Inner()
    try:
        return inner.run(coroutine)
    finally:
        inner.close()


class Inner:
    """Runs coroutines one after the other, all in the same loop."""

    def __init__(self) -> None:
        self._own = None if can_suspend() else _Loop()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run one to its end.

        Raises
        ------
        InputError
            If it waits for what only the page's loop can bring.
        """
        own = self._own
        if own is None:
            value: T = sys.modules["pyodide.ffi"].run_sync(coroutine)
            return value
        with _outside():
            task = own.create_task(coroutine)
            try:
                return own.run_until_complete(task)
            except BaseException as error:
                if "attached to a different loop" in str(error):
                    raise InputError(NEEDS_THE_PAGE) from error
                if not task.done():
                    task.cancel()
                    with suppress(InputError):  # what it does at its end waits for the page, too
                        own.run_until_complete(asyncio.wait([task]))
                raise

    def close(self) -> None:
        """Let async generators that were left end, and close the loop."""
        if self._own is not None:
            with _outside(), suppress(InputError):
                self._own.run_until_complete(self._own.shutdown_asyncgens())
            self._own.close()


@contextmanager
def _outside() -> Iterator[None]:
    """Leave the running loop and its task for as long as the block runs."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    if task is not None:
        asyncio.tasks._leave_task(loop, task)
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)
        if task is not None:
            asyncio.tasks._enter_task(loop, task)


class _Loop(asyncio.BaseEventLoop):
    """A loop that needs nothing of the system: it knows tasks and times, and no sockets."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = self

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:  # nothing is ready, and no time will come
            raise InputError(NEEDS_THE_PAGE)
        time.sleep(timeout)
        return []

    def _process_events(self, events: list[Any]) -> None:
        """Nothing comes from outside."""

    def _write_to_self(self) -> None:
        """Nobody else could wake it."""
