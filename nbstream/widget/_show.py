"""`show` runs something and shows it as it comes; `stream_to` lets code of one's own do so."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._shown import brief, printable
from .._threads import has_threads
from ..events._plain import text_of
from ..jobs._interrupt import can_wake
from ..sources import NO_INPUT, is_lent
from ._host import host, kernel_shell
from ._options import lists_options
from ._static import cut_off
from ._view import StreamView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..events import Event, Run

__all__ = ["launch", "say_that_it_waits", "show", "stream_to"]


@lists_options()
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
        page is there to go on streaming to: in a terminal, in a notebook that is executed by a
        program, and on Colab and Kaggle, which draw an output only while its cell runs.
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
        If the kernel is interrupted while this waits: the text received so far stays in the view.
        Stopped from the page, it returns the view instead.
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
    launch(view, source, input, block=block)
    return view


@contextmanager
def stream_to(view: StreamView) -> Iterator[StreamView]:
    """Show in ``view`` all that runs inside the block, in any thread or task that it starts.

    Display the view before, or in another cell: it is live wherever it is displayed.

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
    if not isinstance(view, StreamView):
        raise InputError(
            f"stream_to needs a StreamView, not {brief(view)}. Make one: view = StreamView()."
        )
    with view._job.recording():
        yield view


def launch(view: StreamView, source: Any, input: Any, *, block: bool | None) -> None:
    """Run a stream and show it in a view, as `show` does in one of its own."""
    job = view._job
    here, shell = host(), kernel_shell()
    if block is None:
        block = here.waits or view.comm is None or is_lent(source)
        if here.waits and here.has_page:
            say_that_it_waits(here.title, "show")
    # In a loop of its own a model or chain can be broken off while it waits for its first word; so
    # it is where this thread, waiting for the network, would hear of no stop.
    is_deaf = here.name != "terminal" and has_threads() and not can_wake()
    is_apart = (not block or is_deaf) and input is not NO_INPUT and hasattr(source, "astream")
    stream = job.open(source, input, is_async=is_apart)
    if shell is not None and here.displays:
        view._show_in(shell)
    if not block:
        job.start(stream, is_apart=is_apart)
        return
    printer = Printer(view.delimiter) if here.name == "terminal" else None
    each = printer.show if printer else None
    if printer and getattr(getattr(source, "bound", source), "_logs_whole", False):
        each = None  # the models in it say what there is to read
        job.trace.subscribe(printer.hear)
    try:
        if is_apart:
            job.start(stream)
            job.result()
        else:
            job.run(stream, each)
    finally:
        if printer is not None:
            printer.end()
            if note := cut_off(job.state):
                print(printable(note))  # noqa: T201
        view._settle()


@cache
def say_that_it_waits(title: str, name: str) -> None:
    """Say once what is different here."""
    print(  # noqa: T201
        printable(
            f"{title} draws an output only while its cell runs, so {name} waits for the end here; "
            "block=False does not."
        )
    )


class Printer:
    """Shows a stream where there is no page: as text, with the delimiter between chunks."""

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._between = ""
        self._run: Run | None = None

    def hear(self, event: Event) -> None:
        """Show what a model says, with a blank line between two."""
        if event.kind != "chunk" or event.run.run_type != "chat_model":
            return
        if event.run is not self._run:
            self._between = "\n\n" if self._between else ""
            self._run = event.run
        self.show(event.data)

    def show(self, chunk: Any) -> None:
        if text := text_of(chunk):
            print(printable(self._between + text), end="", flush=True)  # noqa: T201
            self._between = self._delimiter

    def end(self) -> None:
        print()  # noqa: T201
