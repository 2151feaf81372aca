"""`StreamView`: the widget that shows a log as it grows."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from ..events import Trace
from ..messages import AIMessageChunk
from ._host import is_attended
from ._protocol import frame
from ._pump import Feed
from ._state import ViewState, apply, initial, metrics, status
from ._static import to_html, to_text
from ._stop import Stop, hear_while_busy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Self

    from ._state import Metrics, Status

__all__ = ["StreamView"]

_STATIC = Path(__file__).parent.parent / "static"


class StreamView(anywidget.AnyWidget):
    """Shows a run's text as it arrives, with the borders between chunks made visible.

    `show` makes one, displays it and feeds it. A view of a finished log can be made from the log.

    Parameters
    ----------
    trace
        The log to show; a new one by default.
    delimiter
        Shown between chunks; an empty text shows none. Can be set at any time. It is never part
        of the text: copying leaves it out.

    Examples
    --------
    >>> from nbstream import ScriptedChat, StreamView, Trace
    >>> with Trace() as trace:
    ...     message = ScriptedChat(["Here", " is"]).invoke("Hi")
    >>> view = StreamView(trace)
    >>> view.text, view.status, view.metrics["chunks"]
    ('Here is', 'done', 2)
    """

    _esm = _STATIC / "widget.js"
    _css = _STATIC / "widget.css"

    delimiter = traitlets.Unicode("|", help="Shown between chunks; empty for none.").tag(sync=True)
    _log = traitlets.Dict(help="The log so far, filled in when a page asks for it.").tag(sync=True)

    def __init__(self, trace: Trace | None = None, **kwargs: Any) -> None:
        self.trace = trace or Trace()
        self._feed: Feed | None = None
        self._stop = Stop()
        self._shown_in: int | None = None  # the cell that `show` put this view in
        super().__init__(**kwargs)
        self.on_msg(self._on_page_message)

    @classmethod
    def from_jsonl(cls, source: str | Path, **kwargs: Any) -> Self:
        """Open a log that `Trace.to_jsonl` has saved.

        Parameters
        ----------
        source
            The file, or its text.
        **kwargs
            As for the view itself: ``delimiter``.

        Raises
        ------
        InputError
            If it is no such log.
        """
        return cls(Trace.from_jsonl(source), **kwargs)

    def stop(self) -> None:
        """Stop the run on show, as the page's button does; what has come stays.

        It may be called from any thread, also while the run's own is busy.
        """
        self._stop.ask()

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
        """Time to the first text (ms), chunks, tokens and rate, as far as they are known."""
        return metrics(self._state())

    def _state(self) -> ViewState:
        state = initial()
        apply(state, frame(self.trace.events))
        return state

    @contextmanager
    def _live(self) -> Iterator[None]:
        """Carry the log to the page while it grows."""
        if self.comm is None:
            yield
            return
        self._feed = Feed(self.trace, self.send)
        try:
            yield
        finally:
            self._feed.close()

    def _on_page_message(self, _: Any, content: dict[str, Any], __: Any) -> None:
        # Runs in the main thread or in a subshell's: the feed locks, and so does the stop.
        if content.get("type") == "stop":
            self._stop.ask()
            return
        seq = content.get("seq")
        if content.get("type") == "resync" and isinstance(seq, int) and seq >= 0 and self._feed:
            self._feed.resend(seq)

    def open(self) -> None:
        """Connect to the page; called by the constructor."""
        if is_attended():
            super().open()
            hear_while_busy(self.comm)

    def get_state(
        self, key: str | Iterable[str] | None = None, drop_defaults: bool = False
    ) -> dict[str, Any]:
        """Return the synced state: what a page gets that opens now.

        The log is put in here and only here, so it goes out once to each page that asks.
        """
        keys = (key,) if isinstance(key, str) else key
        state: dict[str, Any] = super().get_state(key=keys, drop_defaults=drop_defaults)
        if keys is None or "_log" in keys:
            state["_log"] = frame(self.trace.events)
        return state

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data: dict[str, Any] = {}
        metadata: dict[str, Any] = {}
        if self.comm is not None:
            data, metadata = super()._repr_mimebundle_(**kwargs) or (data, metadata)
        state = self._state()
        text = to_text(state)
        data["text/html"] = to_html(state, self.delimiter)
        data["text/markdown"] = text
        data["text/plain"] = text
        return data, metadata

    def _ipython_display_(self) -> None:
        from IPython import get_ipython
        from IPython.display import display

        # `show` has displayed the view when its cell's last line evaluates to it: once is enough.
        shell = get_ipython()
        count = shell.execution_count if shell else None
        if self._shown_in is not None and self._shown_in == count:
            self._shown_in = None
            return
        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)
