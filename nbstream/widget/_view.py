"""`StreamView`: the widget that shows a log as it grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..events import Trace
from ..events._frames import frame
from ..events._log import OVER
from ..jobs import Job, Watched
from ._export import write_as
from ._page import Page
from ._pump import Feed
from ._static import MAX_TEXT, to_document, to_html, to_text

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

    from ..events import Event

__all__ = ["StreamView"]


class StreamView(Watched, Page):
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
    >>> view.text, view.status, view.metrics["chunks"]
    ('Here is', 'done', 2)
    """

    _handlers: ClassVar[dict[str, str]] = {
        **Page._handlers,
        "stop": "_on_stop",
        "resync": "_on_resync",
        "export": "_on_export",
    }

    def __init__(self, trace: Trace | None = None, **options: Any) -> None:
        self._job = Job(trace)
        self._feed: Feed | None = None
        self._shown_in: int | None = None  # the cell that `show` put this view in
        super().__init__(options)
        self.trace.subscribe(self._on_event)

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
        makers = {
            ".jsonl": self.trace.to_jsonl,
            ".md": lambda: self.text,
            ".txt": lambda: self.text,
            ".html": lambda: to_document(to_html(self._job.state, self.delimiter)),
        }
        return write_as(path, makers)

    # What the page side needs

    def open(self) -> None:
        """Connect to the page; called by the constructor."""
        # What is logged from here on goes out as frames; some of it also is in the state that
        # the page opens with, and the page skips what it has.
        position = len(self.trace.events)
        super().open()
        if self.comm is not None:
            self._feed = Feed(self.trace, self.send, position=position)

    def close(self) -> None:
        """Take the view off all pages; what the notebook keeps of it stays."""
        if self._feed is not None:
            self._feed.close()
            self._feed = None
        super().close()

    def _saved_log(self) -> dict[str, Any]:
        return frame(self.trace)

    def _transcript(self) -> tuple[str, str]:
        state = self._job.state
        return to_html(state, self.delimiter), to_text(state, MAX_TEXT)

    def _is_over(self) -> bool:
        return self._job.is_over

    def _on_event(self, event: Event) -> None:
        if event.run.parent is None and event.kind in OVER:
            self._refresh()

    def _on_stop(self, _: dict[str, Any]) -> None:
        self.stop()

    def _on_resync(self, content: dict[str, Any]) -> None:
        seq = content.get("seq")
        if isinstance(seq, int) and seq >= 0 and self._feed:
            self._feed.resend(seq)

    def _on_export(self, _: dict[str, Any]) -> None:
        self._tell({"type": "export", "text": self.trace.to_jsonl()})

    def _settle(self) -> None:
        if self._feed is not None:
            self._feed.flush()
        super()._settle()

    def _ipython_display_(self) -> None:
        from IPython import get_ipython

        # `show` has displayed the view when its cell's last line evaluates to it: once is enough.
        shell = get_ipython()
        count = shell.execution_count if shell else None
        if self._shown_in is None or self._shown_in != count:
            self._display()
        self._shown_in = None
