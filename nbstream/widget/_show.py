"""`show` runs something and shows it as it comes; `stream_to` lets code of one's own do so."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from .._loops import run_sync, start_on_loop, start_on_thread
from ..events._follow import aclose, close
from ..events._plain import text_of
from ..events._scope import Scope, within
from ..sources import open_stream
from ..sources._open import NO_INPUT
from ._host import kernel_shell
from ._view import StreamView

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Printer", "begin", "run", "show", "stream_to"]


def show(
    source: Any, input: Any = NO_INPUT, *, block: bool | None = None, **options: Any
) -> StreamView:
    """Run a stream and show it as it comes.

    In a notebook it shows in a `StreamView` below the cell, and the cell is done at once: the
    stream goes on while other cells run. ``view.result()`` waits for it. In a terminal the text is
    printed, with the delimiter between chunks, to its end.

    Parameters
    ----------
    source
        An iterator or async iterator of texts or chunks, such as ``model.stream(...)``; or a model
        or chain, with its input.
    input
        The input of a model or chain.
    block
        Whether to wait for the end, as a cell of one's own loop would. By default only where no
        page is there to go on streaming to: in a terminal, or a notebook that is executed by a
        program.
    **options
        As for `StreamView`: ``view="markdown"``, ``delimiter="/"``, …

    Returns
    -------
    StreamView
        The view, with the result: ``view.result()``, ``view.text``, ``view.trace``.

    Raises
    ------
    InputError
        If the source cannot be streamed.
    KeyboardInterrupt
        If the kernel is interrupted while this waits: what has come stays in the view. Stopped
        from the page, it returns the view instead.
    Exception
        What the stream raises, while this waits; else ``view.result()`` raises it.

    Examples
    --------
    >>> from nbstream import ScriptedChat, show
    >>> view = show(ScriptedChat(["Here", " is", " a"]), "Hello")
    Here| is| a
    >>> view.result().content
    'Here is a'
    """
    view = StreamView(**options)
    shell = kernel_shell()
    if block is None:
        block = shell is None or view.comm is None
    # In a loop of its own a model or chain can be broken off while it waits for its first word.
    is_apart = not block and input is not NO_INPUT and hasattr(source, "astream")
    stream = open_stream(source, input, trace=view.trace, is_async=is_apart)
    if shell is not None:
        view._display(shell)
    if block:
        run(view, stream, Printer(view.delimiter) if shell is None else None)
    else:
        begin(view, stream, is_apart=is_apart)
    return view


@contextmanager
def stream_to(view: StreamView) -> Iterator[StreamView]:
    """Show in ``view`` all that runs inside the block, in any thread or task that it starts.

    Display the view before, or in another cell: it is live wherever it stands.

    Parameters
    ----------
    view
        The view. Its log grows by what is run.

    Examples
    --------
    >>> from nbstream import ScriptedChat, StreamView, stream_to
    >>> view = StreamView()
    >>> with stream_to(view):
    ...     message = ScriptedChat(["Here", " is", " a"]).invoke("Hello")
    >>> view.text, view.status
    ('Here is a', 'done')
    """
    with within(Scope(view.trace, None)), view._stop.listening(view.trace):
        yield view


def run(view: StreamView, stream: Any, printer: Printer | None) -> None:
    """Run a stream to its end, here."""
    job: Future[None] = Future()
    view._job = job
    try:
        with within(Scope(view.trace, None)), view._stop.listening(view.trace):
            if isinstance(stream, AsyncIterator):
                run_sync(_adrain(stream, printer))
            else:
                _drain(stream, printer)
    except BaseException as error:
        job.set_exception(error)
        raise
    finally:
        if printer is not None:
            printer.end()
    job.set_result(None)


def begin(view: Any, stream: Any, *, is_apart: bool) -> None:
    """Run a stream to its end, elsewhere: for a view, or for a turn of a conversation."""
    with within(Scope(view.trace, None)):
        if isinstance(stream, AsyncIterator):
            # Made in a running loop, an iterator may hold things of that loop's.
            loop = None if is_apart else _running_loop()
            coroutine = _adrain(stream, None)
            job, cancel = start_on_loop(coroutine, loop) if loop else start_on_thread(coroutine)
            view._stop.by(cancel)
        else:
            job = Future()
            context = copy_context()
            target = lambda: context.run(_fulfil, job, view, stream)  # noqa: E731
            threading.Thread(target=target, name="nbstream-run", daemon=True).start()
    view._job = job


def _fulfil(job: Future[None], view: Any, stream: Iterator[Any]) -> None:
    try:
        with view._stop.listening(view.trace):
            _drain(stream, None)
    except BaseException as error:
        job.set_exception(error)
    else:
        job.set_result(None)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _drain(stream: Iterator[Any], printer: Printer | None) -> None:
    try:
        for chunk in stream:
            if printer is not None:
                printer.show(chunk)
    finally:
        close(stream)


async def _adrain(stream: AsyncIterator[Any], printer: Printer | None) -> None:
    try:
        async for chunk in stream:
            if printer is not None:
                printer.show(chunk)
    finally:
        await aclose(stream)


class Printer:
    """Shows a stream where there is no page: as text, with the delimiter between chunks."""

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._between = ""

    def show(self, chunk: Any) -> None:
        if text := text_of(chunk):
            print(self._between, text, sep="", end="", flush=True)  # noqa: T201
            self._between = self._delimiter

    def end(self) -> None:
        print()  # noqa: T201
