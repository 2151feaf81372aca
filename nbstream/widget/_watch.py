"""`watch` shows what any library asks of models while a block runs."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

from ..watching import watching
from ._host import kernel_shell
from ._options import lists_options
from ._view import StreamView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..events import Event

__all__ = ["watch", "watch_in"]


@lists_options()
@contextmanager
def watch(*, stream_invoke: bool = False, **options: Any) -> Iterator[StreamView]:
    """Show every model call in the block as it streams, whichever library makes it.

    The code in the block needs to know nothing of nbstream. What it asks of models by HTTP (by
    httpx, httpx2, aiohttp or requests, which the providers' SDKs are built on) is read on its way;
    the agents, chains and tools of LangChain, LangGraph, pydantic-ai, the OpenAI Agents SDK, DSPy,
    llama-index, and of what makes OpenTelemetry spans, are displayed as the runs around it. Threads
    and tasks that the block starts belong to it. In a notebook the view is displayed when the first
    call is made; Stop ends the block at the next token. The log stays when the block is over.

    Nothing about the code changes: not its results, its errors, nor their order. Keys, headers
    and query strings are not kept.

    Parameters
    ----------
    stream_invoke
        Whether LangChain's models stream inside ``invoke``, so that their tokens come one by one.
        That changes what is sent: some endpoints then leave out the usage. False by default: an
        answer that was asked for as a whole is displayed as a whole.
    **options
        As for `StreamView`: ``view="timeline"``, ``delimiter="/"``, …

    Returns
    -------
    StreamView
        As the block's ``as``: the view, whose ``trace`` has a run for each call.

    Raises
    ------
    InputError
        If there is no such option.
    KeyboardInterrupt
        If the kernel is interrupted. Stopped from the page, the block ends without an error.
    Exception
        What the block raises.

    Examples
    --------
    >>> import anthropic, httpx2
    >>> answer = {"content": [{"type": "text", "text": "Blub."}], "stop_reason": "end_turn"}
    >>> endpoint = httpx2.MockTransport(lambda request: httpx2.Response(200, json=answer))
    >>> client = anthropic.Anthropic(api_key="x", http_client=httpx2.Client(transport=endpoint))
    >>> from nbstream import watch
    >>> with watch() as view:
    ...     message = client.messages.create(
    ...         model="fish", max_tokens=9, messages=[{"role": "user", "content": "Say something."}]
    ...     )
    >>> view.text, view.trace.runs[0].name, view.trace.runs[0].model
    ('Blub.', 'Anthropic', 'fish')
    """
    view = StreamView(**options)
    with watch_in(view, stream_invoke=stream_invoke):
        yield view


@contextmanager
def watch_in(view: StreamView, *, stream_invoke: bool = False) -> Iterator[None]:
    """Let a view show every model call in the block. A notebook displays it at the first one."""
    view._is_watching = True
    leave = view.trace.subscribe(Display(view)) if kernel_shell() is not None else None
    try:
        with view._job.recording(), watching(view.trace, streams_invoke=stream_invoke):
            yield
    finally:
        view._is_watching = False
        if leave is not None:
            leave()
        view._refresh()
        view._settle()


class Display:
    """Displays a view once there is something to see."""

    def __init__(self, view: StreamView) -> None:
        self._view = view
        self._lock = Lock()
        self._is_done = False

    def __call__(self, _: Event) -> None:
        """Hear of an event."""
        if self._is_done:
            return
        with self._lock:
            if self._is_done:
                return
            self._is_done = True
        self._view._display()
