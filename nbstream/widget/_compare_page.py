"""A comparison's page side: its columns' logs on the way to the front end, and its transcript."""

from __future__ import annotations

import json
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import traitlets

from .._exceptions import InputError
from .._secrets import hide_all
from .._shown import outgoing
from ..events._frames import frame
from ..events._log import OVER
from ._answers import answer, can_answer
from ._page import Page
from ._pump import _PUMP, Feed
from ._share import Shared, exported, shared_page, state_of
from ._static import MAX_TEXT, columns_to_html, columns_to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..events import Event
    from ..events._state import ViewState
    from ._columns import Column

__all__ = ["ComparePage", "logs_in"]


def logs_in(archive: str, name: str) -> list[tuple[str, str]]:
    """Return the name and the log of each column that a page has packed.

    Raises
    ------
    InputError
        If they are not there; ``name`` says where.
    """
    try:
        whole = json.loads(archive)
        logs = [(column, whole["logs"][str(at)]) for at, column in enumerate(whole["columns"])]
        if not all(isinstance(one, str) and log.startswith("{") for one, log in logs):
            raise TypeError
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise InputError(
            f"{name!r} cannot be opened: what it holds is damaged. Name a .html file that export() "
            "has written, as it was written."
        ) from None
    return logs


class ComparePage(Page):
    """Has a `Job` for each column and shows them side by side; `CompareView` is its public form."""

    _kind = traitlets.Unicode("compare").tag(sync=True)
    _taken = traitlets.Int(
        None, allow_none=True, help="Which column a conversation goes on with; None: of none."
    ).tag(sync=True)

    _handlers: ClassVar[dict[str, str]] = {
        **Page._handlers,
        "stop": "_on_stop",
        "export": "_on_export",
        "resync": "_on_resync",
        "approve": "_on_approve",
        "take": "_on_take",
    }

    # Here, since a widget that could not be made is closed, too.
    _feeds: dict[str, Feed] = {}  # noqa: RUF012  # each has its own once it is made

    def __init__(self, columns: Sequence[Column], options: dict[str, Any]) -> None:
        self._columns = list(columns)
        self._feeds = {}
        self._taker: Callable[[int], None] | None = None
        self._lock = threading.Lock()
        super().__init__(options)

    def __repr__(self) -> str:
        shown = ", ".join(f"{column.name!r} {column.status}" for column in self._columns)
        return f"<{type(self).__name__}: {shown}>"

    def _listen(self) -> Callable[[], None]:
        leave = [column.trace.subscribe(self._on_event) for column in self._columns]
        reads = partial(can_answer, self)
        for column in self._columns:
            column.trace.readers.append(reads)

        def unwatch() -> None:
            for one in leave:
                one()
            for column in self._columns:
                column.trace.readers.remove(reads)

        return unwatch

    def _on_event(self, event: Event) -> None:
        if event.run.parent is None and event.kind in OVER:
            self._refresh()

    def open(self) -> None:
        """Connect to the page; called by the constructor."""
        # As in `StreamPage`: what is logged from here on goes out as frames.
        positions = [len(column.trace.events) for column in self._columns]
        super().open()
        if self.comm is None:
            return
        for column, position in zip(self._columns, positions, strict=True):
            send = partial(self._tell_of, column)
            self._feeds[column.name] = Feed(column.trace, send, position=position)

    def close(self) -> None:
        """Take the view off all pages; what the notebook keeps of it stays."""
        for feed in self._feeds.values():
            feed.close()
        self._feeds = {}
        super().close()

    def _tell_of(self, column: Column, message: dict[str, Any]) -> None:
        self._tell({**message, "column": self._columns.index(column)})

    def _saved_log(self) -> dict[str, Any]:
        return {
            "type": "compare",
            "columns": [
                {"name": outgoing(hide_all(column.name)), "frames": [frame(column.trace)]}
                for column in self._columns
            ],
        }

    def _transcript(self) -> tuple[str, str]:
        shown = self._shown()
        return columns_to_html(shown, self.delimiter, self.price), columns_to_text(shown, MAX_TEXT)

    def _shown(self) -> list[tuple[str, ViewState]]:
        return [(hide_all(column.name), column._job.state) for column in self._columns]

    def _is_over(self) -> bool:
        return all(column._job.is_over for column in self._columns)

    def _elsewhere(self) -> str:
        if self._is_over():
            return ""
        return (
            "This goes on in a widget. On a page that draws none, run the view in another cell "
            "to see more: compare's value."
        )

    def _settle(self) -> None:
        for feed in self._feeds.values():
            _PUMP.flush(feed)
        super()._settle()

    # What the page side needs

    def _on_stop(self, content: dict[str, Any]) -> None:
        columns = [self._column_of(content)] if "column" in content else self._columns
        for column in columns:
            column.stop()

    def _on_approve(self, content: dict[str, Any]) -> None:
        answer(self._column_of(content).trace, content)

    def _on_export(self, content: dict[str, Any]) -> None:
        column = self._column_of(content)
        self._tell_of(column, {"type": "export", "text": exported(self, column._job, content)})

    def _page(self) -> str:
        """Return the page that plays the columns side by side."""
        shown = self._shown()
        logs = {at: column.trace.to_jsonl() for at, column in enumerate(self._columns)}
        names = [name for name, _ in shown]
        shared = Shared(
            state=state_of(self),
            log=self._saved_log(),
            archive=outgoing(json.dumps({"columns": names, "logs": logs})),
            transcript=columns_to_html(shown, self.delimiter, self.price),
            title=" | ".join(names),
            runs=[run for _, state in shown for run in state["runs"]],
            is_running=not self._is_over(),
        )
        return shared_page(shared)

    def _on_resync(self, content: dict[str, Any]) -> None:
        column, seq = self._column_of(content), content.get("seq")
        if isinstance(seq, int) and seq >= 0 and (feed := self._feeds.get(column.name)):
            feed.resend(seq)

    def _on_take(self, content: dict[str, Any]) -> None:
        self._take(self._column_of(content))

    def _take(self, column: Column) -> None:
        if self._taker is None:
            raise InputError(
                "There is no conversation to take a column for. %%chat -m A -m B has one."
            )
        self._taken = self._columns.index(column)
        self._taker(self._taken)

    def _column_of(self, content: dict[str, Any]) -> Column:
        at = content.get("column")
        if type(at) is int and 0 <= at < len(self._columns):
            return self._columns[at]
        raise InputError("There is no such column in this comparison.")
