"""Many runs' page side: their lines on the way to the front end, logs of those that are opened."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import traitlets

from .._exceptions import InputError
from .._secrets import hide_all
from .._shown import named, outgoing
from ._batch_frames import BatchFeed, output_text
from ._batch_static import batch_to_html, batch_to_text
from ._page import Page
from ._pump import Feed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..batch import Batch
    from ..events import Trace

__all__ = ["BatchPage"]

MAX_OPEN = 8
"""Lines that are open at a time, in all pages: of more, those opened first are left."""
MAX_OUTPUT = 100_000
"""Characters of an output of which there is no log any more."""


class BatchPage(Page):
    """Has a `Batch` and shows it; `BatchView` is its public form."""

    _kind = traitlets.Unicode("batch").tag(sync=True)

    _handlers: ClassVar[dict[str, str]] = {
        **Page._handlers,
        "since": "_on_since",
        "stop": "_on_stop",
        "pause": "_on_pause",
        "resume": "_on_resume",
        "retry": "_on_retry",
        "watch": "_on_watch",
        "leave": "_on_leave",
        "resync": "_on_resync",
        "export": "_on_export",
    }

    # Here, since a widget that could not be made is closed, too.
    _feed: BatchFeed | None = None
    _opened: dict[int, tuple[Trace, Feed]] = {}  # noqa: RUF012  # each has its own once it is made

    def __init__(self, batch: Batch, options: dict[str, Any]) -> None:
        self._opened = {}
        self._callbacks: list[Callable[[], Any]] = []
        self.batch = batch
        """What runs; see `Batch`."""
        super().__init__(options)

    def _listen(self) -> Callable[[], None]:
        feed = BatchFeed(self.batch, self._tell, lambda: self.comm is not None, self._when_over)
        self._feed = feed
        return feed.close

    def _when_over(self) -> None:
        self._refresh()
        while self._callbacks:
            try:
                callback = self._callbacks.pop(0)
            except IndexError:  # another thread has called the last one
                return
            callback()

    def when_over(self, callback: Callable[[], Any]) -> None:
        """Call ``callback``, once, when no run is left; at once where that is so."""
        self._callbacks.append(callback)
        if self._is_over():
            self._when_over()

    def open(self) -> None:
        """Connect to the page; called by the constructor."""
        self._watch()  # what the page gets now and what comes later have one count
        super().open()

    # What the page side needs

    def _on_since(self, content: dict[str, Any]) -> None:
        version = content.get("version")
        if isinstance(version, int) and version >= 0 and self._feed is not None:
            self._tell(self._feed.since(version))

    def _on_stop(self, content: dict[str, Any]) -> None:
        self.batch.stop(self._line_or_all(content))

    def _on_pause(self, _: dict[str, Any]) -> None:
        self.batch.pause()

    def _on_resume(self, _: dict[str, Any]) -> None:
        self.batch.resume()

    def _on_retry(self, content: dict[str, Any]) -> None:
        self.batch.retry_failed(self._line_or_all(content))

    def _on_watch(self, content: dict[str, Any]) -> None:
        index = self._line_of(content)
        line, trace = self.batch.lines[index], self.batch.trace(index)
        self._leave(index)
        while len(self._opened) >= MAX_OPEN:
            self._leave(next(iter(self._opened)))
        answer = {
            "type": "line",
            "line": index,
            "output": outgoing(hide_all(output_text(line.output)[:MAX_OUTPUT])),
            "error": outgoing(hide_all(named(line.error))) if line.error else "",
            "hasLog": trace is not None,
        }
        self._tell(answer)
        if trace is not None:
            # It holds the log, which the batch may let go.
            feed = Feed(trace, partial(self._tell_of, index), position=len(trace.events))
            self._opened[index] = (trace, feed)
            feed.resend(0)

    def _on_leave(self, content: dict[str, Any]) -> None:
        self._leave(self._line_of(content))

    def _leave(self, index: int) -> None:
        if found := self._opened.pop(index, None):
            found[1].fail()

    def _on_resync(self, content: dict[str, Any]) -> None:
        found, seq = self._opened.get(self._line_of(content)), content.get("seq")
        if found and isinstance(seq, int) and seq >= 0:
            found[1].resend(seq)

    def _on_export(self, content: dict[str, Any]) -> None:
        index = self._line_of(content)
        if found := self._opened.get(index):
            self._tell_of(index, {"type": "export", "text": found[0].to_jsonl()})

    def _tell_of(self, index: int, message: dict[str, Any]) -> None:
        self._tell({**message, "line": index})

    def _line_or_all(self, content: dict[str, Any]) -> int | None:
        return None if content.get("line") is None else self._line_of(content)

    def _line_of(self, content: dict[str, Any]) -> int:
        index = content.get("line")
        if type(index) is int and 0 <= index < len(self.batch.lines):
            return index
        raise InputError("There is no such run in this batch.")

    def close(self) -> None:
        """Take the view off all pages; the runs go on, and the transcript stays."""
        for index in [*self._opened]:
            self._leave(index)
        super().close()

    def _saved_log(self) -> dict[str, Any]:
        return {"type": "batch", "frame": self._feed.since(0)} if self._feed else {}

    def _transcript(self) -> tuple[str, str]:
        return batch_to_html(self.batch), batch_to_text(self.batch)

    def _is_over(self) -> bool:
        return self.batch.status in ("done", "stopped")

    def _elsewhere(self) -> str:
        if self._is_over():
            return ""
        return "The runs go on in a widget. On a page that draws none: view.wait(), then view."
