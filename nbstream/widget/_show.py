"""`show`: run something and watch it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .._loops import run_sync
from ..events._follow import aclose, close
from ..sources import open_stream, text_of
from ..sources._open import NO_INPUT
from ._host import kernel_shell
from ._view import StreamView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["show"]


def show(source: Any, input: Any = NO_INPUT, *, delimiter: str = "|") -> StreamView:
    """Run a stream to its end and show it as it comes.

    In a notebook it shows in a `StreamView` below the cell; in a terminal the text is printed, with
    the delimiter between chunks.

    Parameters
    ----------
    source
        An iterator or async iterator of texts or chunks, such as ``model.stream(...)``; or a model
        or chain, with its input.
    input
        The input of a model or chain.
    delimiter
        Shown between chunks; empty for none.

    Returns
    -------
    StreamView
        The view, with the result: ``view.value``, ``view.text``, ``view.trace``.

    Raises
    ------
    InputError
        If the source cannot be streamed.
    KeyboardInterrupt
        If the kernel is interrupted: what has come stays in the view. Stopped from the page, it
        returns the view instead.

    Examples
    --------
    >>> from nbstream import ScriptedChat, show
    >>> view = show(ScriptedChat(["Here", " is", " a"]), "Hello")
    Here| is| a
    >>> view.value.content
    'Here is a'
    """
    view = StreamView(delimiter=delimiter)
    stream = open_stream(source, input, trace=view.trace)
    shell = kernel_shell()
    shown = _displayed(view, shell) if shell else _printed(delimiter)
    with view.trace, shown as on_chunk, view._stop.listening():
        if isinstance(stream, AsyncIterator):
            run_sync(_adrain(stream, view, on_chunk))
        else:
            try:
                for chunk in stream:
                    on_chunk(chunk)
                    view._stop.check()
            finally:
                close(stream)
    return view


async def _adrain(
    stream: AsyncIterator[Any], view: StreamView, on_chunk: Callable[[Any], None]
) -> None:
    try:
        async for chunk in stream:
            on_chunk(chunk)
            view._stop.check()
    finally:
        await aclose(stream)


@contextmanager
def _displayed(view: StreamView, shell: Any) -> Iterator[Callable[[Any], None]]:
    from IPython.display import display

    data, metadata = view._repr_mimebundle_()
    handle = display(data, metadata=metadata, raw=True, display_id=True)
    view._shown_in = shell.execution_count
    try:
        with view._live():
            yield lambda _: None  # the view follows the log
    finally:
        # What stays when the notebook is saved.
        data, metadata = view._repr_mimebundle_()
        handle.update(data, metadata=metadata, raw=True)


@contextmanager
def _printed(delimiter: str) -> Iterator[Callable[[Any], None]]:
    between = ""

    def on_chunk(chunk: Any) -> None:
        nonlocal between
        if text := text_of(chunk):
            print(between, text, sep="", end="", flush=True)  # noqa: T201
            between = delimiter

    try:
        yield on_chunk
    finally:
        print()  # noqa: T201
