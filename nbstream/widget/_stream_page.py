"""A run's page side: its log on the way to the front end, and its transcript."""

from __future__ import annotations

from functools import partial
from textwrap import shorten
from typing import TYPE_CHECKING, Any, ClassVar

import traitlets

from .._secrets import hide_all
from .._shown import label, outgoing
from ..events._frames import frame
from ..events._log import OVER
from ..jobs import Job, Watched
from ._again import asked_of, call_again, caller_of, read_settings, retold, run_of, settings_of
from ._answers import answer, can_answer
from ._page import Page
from ._pump import _PUMP, Feed
from ._share import exported, shared_run
from ._static import MAX_TEXT, to_html, to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..events import Event, Trace
    from ._compare import CompareView

__all__ = ["StreamPage"]


class StreamPage(Watched, Page):
    """Has a `Job` and shows it; `StreamView` is its public form."""

    _handlers: ClassVar[dict[str, str]] = {
        **Page._handlers,
        "stop": "_on_stop",
        "resync": "_on_resync",
        "export": "_on_export",
        "approve": "_on_approve",
        "asked": "_on_asked",
        "again": "_on_again",
    }

    _again = traitlets.List(
        traitlets.Unicode(), help="The comparisons below it, as ipywidgets names models."
    ).tag(sync=True)

    _feed: Feed | None = None
    _is_watching = False  # whether more runs may begin
    _agains: Sequence[CompareView] = ()  # calls that the page has made again

    def __init__(self, trace: Trace | None, options: dict[str, Any]) -> None:
        self._job = Job(trace)
        super().__init__(options)

    def __repr__(self) -> str:
        shown = shorten(self.text, 60, placeholder="…")
        return f"<{type(self).__name__}: {self.status}, {shown!r}>"

    def _listen(self) -> Callable[[], None]:
        unsubscribe = self.trace.subscribe(self._on_event)
        reads = partial(can_answer, self)
        self.trace.readers.append(reads)

        def end() -> None:
            unsubscribe()
            self.trace.readers.remove(reads)

        return end

    def open(self) -> None:
        """Connect to the page; called by the constructor."""
        # What is logged from here on goes out as frames; some of it also is in the state that
        # the page opens with, and the page skips what it has.
        position = len(self.trace.events)
        super().open()
        for view in self._agains:
            view.open()
        self._name_agains()
        if self.comm is not None:
            self._feed = Feed(self.trace, self.send, position=position)

    def close(self) -> None:
        """Take the view off all pages; what the notebook keeps of it stays."""
        if self._feed is not None:
            self._feed.close()
            self._feed = None
        for view in self._agains:
            view.close()
        super().close()

    def _saved_log(self) -> dict[str, Any]:
        return frame(self.trace)

    def _transcript(self) -> tuple[str, str]:
        state = self._job.state
        html, text = to_html(state, self.delimiter, self.price), to_text(state, MAX_TEXT)
        again = [view._transcript() for view in self._agains]
        return "".join([html, *(one for one, _ in again)]), "\n\n---\n\n".join(
            [text, *(one for _, one in again)]
        )

    def _is_over(self) -> bool:
        return self._job.is_over and not self._is_watching

    def _elsewhere(self) -> str:
        if self._is_over():
            return ""
        return (
            "This goes on in a widget. On a page that draws none, run the view in another cell "
            "to see more: show's value, or %chat last."
        )

    def _on_event(self, event: Event) -> None:
        if event.run.parent is None and event.kind in OVER:
            self._refresh()

    def _on_stop(self, _: dict[str, Any]) -> None:
        self.stop()

    def _on_approve(self, content: dict[str, Any]) -> None:
        answer(self.trace, content)

    def _on_resync(self, content: dict[str, Any]) -> None:
        seq = content.get("seq")
        if isinstance(seq, int) and seq >= 0 and self._feed:
            self._feed.resend(seq)

    def _on_export(self, content: dict[str, Any]) -> None:
        self._tell({"type": "export", "text": exported(self, self._job, content)})

    def _page(self) -> str:
        """Return the page that plays what this view shows."""
        return shared_run(self, self._job)

    def _on_asked(self, content: dict[str, Any]) -> None:
        run = run_of(self.trace, content.get("run"))
        model, settings = caller_of(run)
        told = [
            {"role": message.type, "text": outgoing(hide_all(message.text))}
            for message in asked_of(self.trace, run)
        ]
        self._tell(
            {
                "type": "asked",
                "run": run.index,
                "model": label(run.model or run.name),
                "messages": told,
                "settings": settings_of(model, settings),
            }
        )

    def _on_again(self, content: dict[str, Any]) -> None:
        from ._compare import CompareView

        run = run_of(self.trace, content.get("run"))
        texts = content.get("texts")
        messages = retold(asked_of(self.trace, run), texts if isinstance(texts, dict) else {})
        chosen = read_settings(content.get("settings"))
        columns, streams = call_again(self.trace, run, messages, **chosen)
        view = CompareView(columns, delimiter=self.delimiter, price=self.price)
        self._agains = (*self._agains, view)
        self._name_agains()
        for job, stream in streams:
            job.when_over(self._refresh)
            job.start(stream)

    def _name_agains(self) -> None:
        self._again = [f"IPY_MODEL_{view.model_id}" for view in self._agains if view.comm]

    def _settle(self) -> None:
        if self._feed is not None:
            _PUMP.flush(self._feed)
        super()._settle()
