"""The one place where a prompt is run and shown."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..widget import StreamView

__all__ = ["begin", "is_kernel", "run"]


def is_kernel(shell: Any) -> bool:
    """Tell whether the shell is a kernel's, with a notebook or another front end before it."""
    return hasattr(shell, "kernel")


def run(
    source: Any, input: Any, shell: Any, started: Callable[[StreamView], None], **options: Any
) -> StreamView:
    """Run a stream to its end, in this cell.

    Parameters
    ----------
    source, input
        A model or chain, and what it gets.
    shell
        IPython's.
    started
        Called with the view before anything runs: whoever interrupts this gets no view returned,
        and still wants what had come.
    **options
        As for `StreamView`.

    Raises
    ------
    KeyboardInterrupt
        If the kernel is interrupted. Stopped from the page, it returns.
    Exception
        What the stream raises.
    """
    from ..sources import open_stream
    from ..widget import StreamView
    from ..widget._show import Printer
    from ..widget._show import run as run_here

    view = StreamView(**options)
    stream = open_stream(source, input, trace=view.trace)
    started(view)
    if not is_kernel(shell):
        run_here(view, stream, Printer(view.delimiter))
        return view
    from IPython.display import display

    display(view)
    run_here(view, stream, None)
    return view


def begin(
    source: Any,
    input: Any,
    shell: Any,
    started: Callable[[StreamView], None],
    ended: Callable[[StreamView], Any],
    **options: Any,
) -> StreamView:
    """Let a stream begin, and return.

    Where a program executes the notebook, nobody waits for what comes after the last cell: there it
    runs to its end.

    Parameters
    ----------
    source, input, shell, started, **options
        As for `run`.
    ended
        Called in a thread when it is over, however it ended.
    """
    from ..widget import show

    view = show(source, input, block=None if is_kernel(shell) else False, **options)

    started(view)

    def wait() -> None:
        with suppress(BaseException):  # the view says so
            view.result()
        ended(view)

    threading.Thread(target=wait, name="nbstream-chat", daemon=True).start()
    return view
