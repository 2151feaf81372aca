"""`StreamView`: the widget that shows a log as it grows."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from .._exceptions import InputError
from ..events import Trace
from ..events._fold import Fold
from ..events._frames import frame
from ..events._metrics import measure
from ..events._state import status
from ..messages import AIMessageChunk
from ._host import is_attended
from ._look import Look, check_options
from ._pump import OVER, Feed
from ._static import MAX_TEXT, to_document, to_html, to_text
from ._stop import Stop, hear_while_busy, wait_out

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from concurrent.futures import Future

    from typing_extensions import Self

    from ..events import Event, Metrics
    from ..events._state import Status

__all__ = ["MODULES", "STATIC", "StreamView"]

STATIC = Path(__file__).parent.parent / "static"
MODULES = {"markdown": STATIC / "markdown.js"}
"""What a page asks for when it first needs it, instead of with every widget."""


class StreamView(Look, anywidget.AnyWidget):
    """Shows a run as it goes: its tokens, as Markdown, its events and its steps in time.

    `show` makes one, displays it and feeds it; `stream_to` feeds one of your own. All displays of
    one view stay in step.

    Parameters
    ----------
    trace
        The log to show; a new one by default.
    view
        What is on top: ``"tokens"`` (default), ``"markdown"``, ``"events"`` or ``"timeline"``.
    delimiter
        Shown between chunks; an empty text shows none. It is never part of the text: copying
        leaves it out.
    borders
        How the borders between chunks are shown: ``"delimiter"`` (default), ``"bands"`` or
        ``"none"``.
    whitespace
        Whether spaces, line ends and characters that cannot be seen are.
    heat
        What tokens are coloured by: ``"gap"``, the wait before each; ``"logprob"``, how likely the
        model found it, where it says so; ``"none"`` (default).
    price
        ``{"input": …, "output": …}`` for a million tokens, in any currency: shows the cost.
    max_height
        Height at which the views begin to scroll, a CSS length; ``"30em"`` by default.

    Examples
    --------
    >>> from nbstream import ScriptedChat, StreamView, Trace
    >>> with Trace() as trace:
    ...     message = ScriptedChat(["Here", " is"]).invoke("Hi")
    >>> view = StreamView(trace, view="timeline")
    >>> view.text, view.status, view.metrics.chunks
    ('Here is', 'done', 2)
    """

    _esm = STATIC / "widget.js"
    _css = STATIC / "widget.css"

    _place = traitlets.Unicode(help="Names the transcript that the view stands in for.").tag(
        sync=True
    )
    _log = traitlets.Dict(help="The log so far, filled in when a page asks for it.").tag(sync=True)

    def __init__(self, trace: Trace | None = None, **kwargs: Any) -> None:
        self.trace = trace or Trace()
        self._feed: Feed | None = None
        self._state = Fold(self.trace)
        self._stop = Stop()
        self._job: Future[None] | None = None  # what `show` runs
        self._displays: list[Any] = []
        self._takes_places = False  # whether the page puts the view where its transcript stands
        self._shown_in: int | None = None  # the cell that `show` put this view in
        check_options(self, kwargs)
        super().__init__(_place=uuid.uuid4().hex, **kwargs)
        self.on_msg(self._on_page_message)

    @classmethod
    def from_jsonl(cls, source: str | Path, **kwargs: Any) -> Self:
        """Open a log that `Trace.to_jsonl` has saved, to look at or to play again.

        Parameters
        ----------
        source
            The file, or its text.
        **kwargs
            As for the view itself: ``view``, ``delimiter``, …

        Raises
        ------
        InputError
            If it is no such log.
        """
        return cls(Trace.from_jsonl(source), **kwargs)

    def export(self, path: str | Path) -> Path:
        """Write what the view shows to a file, in the form that its name ends with.

        Parameters
        ----------
        path
            ``.jsonl`` for the log (`from_jsonl` opens it), ``.md`` or ``.txt`` for the text,
            ``.html`` for a page to read.

        Raises
        ------
        InputError
            If the name ends otherwise.

        Examples
        --------
        >>> import tempfile
        >>> from nbstream import ScriptedChat, StreamView, stream_to
        >>> view = StreamView()
        >>> with stream_to(view):
        ...     message = ScriptedChat(["Hello"]).invoke("Hi")
        >>> view.export(tempfile.mkdtemp() + "/hello.md").read_text()
        'Hello'
        """
        path = Path(path)
        makers = {
            ".jsonl": lambda: self.trace.to_jsonl(),
            ".md": lambda: self.text,
            ".txt": lambda: self.text,
            ".html": lambda: to_document(to_html(self._state(), self.delimiter)),
        }
        if path.suffix not in makers:
            raise InputError(f"{path.name!r} should end with one of: {', '.join(makers)}.")
        path.write_text(makers[path.suffix](), encoding="utf-8")
        return path

    def stop(self) -> None:
        """Stop the run on show, as the page's button does; what has come stays.

        It may be called from any thread, also while the run's own is busy.
        """
        self._stop.ask()

    def result(self, timeout: float | None = None) -> Any:
        """Wait until what `show` runs is over, and return what it gave, as ``value`` does.

        ``await view`` does the same in async code. Stopped, it returns what had come by then.

        Parameters
        ----------
        timeout
            Seconds to wait at most; by default as long as it takes.

        Raises
        ------
        TimeoutError
            If it takes longer.
        Exception
            What the run raised.
        """
        if self._job is not None:
            wait_out(self._job, self._stop, timeout)
        return self.value

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait without blocking; see `result`."""
        if self._job is not None:
            try:
                yield from asyncio.shield(asyncio.wrap_future(self._job)).__await__()
            except asyncio.CancelledError:
                if not self._stop.is_wanted:
                    raise
        return self.value

    @property
    def value(self) -> Any:
        """What the run gave, so far: a message, a text, or whatever its chunks add up to.

        None where nothing has come yet.
        """
        if not self.trace.runs:
            return None
        value = self.trace.output(self.trace.runs[0])
        return value.to_message() if isinstance(value, AIMessageChunk) else value

    @property
    def text(self) -> str:
        """The text so far."""
        return to_text(self._state())

    @property
    def status(self) -> Status:
        """``"waiting"``, ``"streaming"``, ``"done"``, ``"stopped"`` or ``"failed"``."""
        return status(self._state())

    @property
    def metrics(self) -> Metrics:
        """Time to the first token, gaps, chunks, tokens, rate and cost, as far as they are known.

        They are those of `Trace.metrics`, with the view's price. Before anything ran, no chunk has
        come, and all else is None.

        Examples
        --------
        >>> StreamView().metrics.chunks
        0
        """
        return measure(self.trace, price=self.price or None)

    def _on_page_message(self, _: Any, content: dict[str, Any], __: Any) -> None:
        # Runs in the main thread or in a subshell's: the feed locks, and so does the stop.
        kind = content.get("type")
        if kind == "stop":
            self._stop.ask()
        elif kind == "hello":
            self._takes_places = True
            if self._is_over():
                self._refresh()
        elif kind == "resync":
            seq = content.get("seq")
            if isinstance(seq, int) and seq >= 0 and self._feed:
                self._feed.resend(seq)
        elif kind == "module" and content.get("name") in MODULES:
            name = content["name"]
            source = MODULES[name].read_text(encoding="utf-8")
            self.send({"type": "module", "name": name, "source": source})
        elif kind == "bundle" and self._takes_places and self._is_over():
            data, metadata = self._repr_mimebundle_()
            answer = {"model": self.model_id, "data": data, "metadata": metadata}
            self.send({"type": "bundle", **answer})
        elif kind == "export":
            self.send({"type": "export", "text": self.trace.to_jsonl()})

    def open(self) -> None:
        """Connect to the page; called by the constructor."""
        if is_attended():
            # What is logged from here on goes out as frames; some of it also is in the state that
            # the page opens with, and the page skips what it has.
            position = len(self.trace.events)
            super().open()
            hear_while_busy(self.comm)
            self._feed = Feed(self.trace, self.send, position=position)

    def close(self) -> None:
        """Take the view off all pages."""
        if self._feed is not None:
            self._feed.close()
            self._feed = None
        super().close()

    def get_state(
        self, key: str | Iterable[str] | None = None, drop_defaults: bool = False
    ) -> dict[str, Any]:
        """Return the synced state: what a page gets that opens now.

        The log is put in here and only here, so it goes out once to each page that asks.
        """
        keys = (key,) if isinstance(key, str) else key
        state: dict[str, Any] = super().get_state(key=keys, drop_defaults=drop_defaults)
        if keys is None or "_log" in keys:
            state["_log"] = frame(self.trace)
        return state

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data: dict[str, Any] = {}
        metadata: dict[str, Any] = {}
        # With the widget still in it, a saved notebook would show an error once the kernel is gone.
        is_kept = self.comm is not None and not (self._takes_places and self._is_over())
        if is_kept:
            data, metadata = super()._repr_mimebundle_(**kwargs) or (data, metadata)
        state = self._state()
        text = to_text(state, MAX_TEXT)
        html = to_html(state, self.delimiter)
        data["text/html"] = f'<div data-nbstream="{self._place}">{html}</div>'
        data["text/markdown"] = text
        data["text/plain"] = text
        return data, metadata

    def _ipython_display_(self) -> None:
        from IPython import get_ipython

        # `show` has displayed the view when its cell's last line evaluates to it: once is enough.
        shell = get_ipython()
        count = shell.execution_count if shell else None
        if self._shown_in is not None and self._shown_in == count:
            self._shown_in = None
            return
        self._display(None)

    def _display(self, shell: Any) -> None:
        """Show the view in the cell that is running; ``shell`` is given by `show`."""
        from IPython.display import display

        data, metadata = self._repr_mimebundle_()
        handle = display(data, metadata=metadata, raw=True, display_id=True)
        if not self._displays:
            self.trace.subscribe(self._on_event)
        self._displays.append(handle)
        self._shown_in = shell.execution_count if shell is not None else self._shown_in

    def _on_event(self, event: Event) -> None:
        if event.run.parent is None and event.kind in OVER:
            self._refresh()

    def _is_over(self) -> bool:
        state = self._state()
        roots = [run for run in state["runs"] if run["parent"] is None]
        return bool(roots) and all(run["end"] is not None for run in roots)

    def _refresh(self) -> None:
        """Put the transcript into each output, where it stays when the notebook is saved."""
        data, metadata = self._repr_mimebundle_()
        for handle in self._displays:
            handle.update(data, metadata=metadata, raw=True)
