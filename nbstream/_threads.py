"""Threads, where there are any: the one place that knows whether this Python can start one."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["InPlace", "has_threads", "pool", "start_thread"]


def has_threads() -> bool:
    """Tell whether a thread can be started here; in Pyodide, Python inside a page, none can."""
    return _CAN_START


def _can_start() -> bool:
    # As CPython's own tests find it out.
    if sys.platform == "emscripten":
        return bool(sys._emscripten_info.pthreads)
    return sys.platform != "wasi"


_CAN_START = _can_start()


def start_thread(target: Callable[[], Any], name: str) -> threading.Thread | None:
    """Start a thread that ends with the program; return None where there can be none (more)."""
    if not has_threads():
        return None
    thread = threading.Thread(target=target, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread


def pool(count: int | None = None, name: str = "nbstream") -> Executor:
    """Return threads to call functions in, ``count`` at most; without threads, `InPlace`."""
    return ThreadPoolExecutor(count, name) if has_threads() else InPlace()


class InPlace(Executor):
    """Calls a function when it is submitted, and then goes on."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call it, and return a future that is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # as a thread of a pool does: result() raises it
            future.set_exception(error)
        return future
