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
    from ..widget import StreamView, stream_to

    view = StreamView(**options)
    stream = open_stream(source, input, trace=view.trace)
    started(view)
    if is_kernel(shell):
        from IPython.display import display

        display(view)
        with stream_to(view):
            _drain(stream)
        return view
    try:
        with stream_to(view):
            _drain(stream, _printer(view.delimiter))
    finally:
        print()  # noqa: T201
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


def _drain(stream: Any, show: Callable[[Any], None] = lambda _: None) -> None:
    try:
        for chunk in stream:
            show(chunk)
    finally:
        if hasattr(stream, "close"):
            stream.close()


def _printer(delimiter: str) -> Callable[[Any], None]:
    """Return what prints chunks, with the delimiter between them."""
    from ..sources import text_of

    between = ""

    def show(chunk: Any) -> None:
        nonlocal between
        if text := text_of(chunk):
            print(between, text, sep="", end="", flush=True)  # noqa: T201
            between = delimiter

    return show
