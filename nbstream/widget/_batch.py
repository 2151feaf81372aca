"""`BatchView`: many runs in a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._shown import brief
from ..batch import Batch
from ._batch_page import BatchPage
from ._batch_static import batch_headline, batch_to_html, batch_to_text
from ._export import write_as
from ._html import to_document
from ._options import lists_options

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from typing_extensions import Self

    from ..batch import BatchMetrics, Line
    from ..batch._completed import Completed
    from ..events import Trace

__all__ = ["BatchView"]


class BatchView(BatchPage):
    """Shows many runs as they go: a line for each, and what they add up to. A line opens.

    `show_batch` makes one, displays it and begins. All that a `Batch` has, this has, too.

    Parameters
    ----------
    batch
        The runs to show; they begin with `start`, or when a result is asked for.
    **options
        As for `StreamView`, for the lines that are opened; ``max_height`` is the table's, too.

    Examples
    --------
    >>> from nbstream import BatchView, ScriptedChat
    >>> from nbstream.batch import Batch
    >>> view = BatchView(Batch(ScriptedChat(["Blub", "."]), ["Say something.", "And now?"]))
    >>> [message.text for message in view.results()]
    ['Blub.', 'Blub.']
    >>> view.status, view.metrics().counts["done"]
    ('done', 2)
    """

    @lists_options()
    def __init__(self, batch: Batch, **options: Any) -> None:
        if not isinstance(batch, Batch):
            raise InputError(
                f"A BatchView shows a Batch, not {brief(batch)}. To run many inputs and show them: "
                "show_batch(chain, inputs)."
            )
        super().__init__(batch, options)

    @classmethod
    def from_file(cls, path: str | Path, **options: Any) -> Self:
        """Open the runs of a file that ``into=`` has written, to look at them.

        Parameters
        ----------
        path
            The file.
        **options
            As for the view itself.

        Raises
        ------
        InputError
            If there is no such file, or it has no runs.
        """
        return cls(Batch.from_file(path), **options)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.status}, {batch_headline(self.batch)}>"

    # How it runs

    def start(self) -> BatchView:
        """Begin; a second call does nothing. It does not wait."""
        self.batch.start()
        return self

    def stop(self, index: int | None = None) -> None:
        """Stop all runs, or one; the text received so far is kept."""
        self.batch.stop(index)

    def pause(self) -> None:
        """Begin no further run until `resume`; those under way go on."""
        self.batch.pause()

    def resume(self) -> None:
        """Go on after `pause`."""
        self.batch.resume()

    def retry_failed(self, index: int | None = None) -> int:
        """Run again what has failed or was stopped, or one of them; return how many those are."""
        return self.batch.retry_failed(index)

    # What it gives

    @property
    def status(self) -> str:
        """``"waiting"``, ``"running"``, ``"paused"``, ``"done"`` or ``"stopped"``."""
        return self.batch.status

    @property
    def lines(self) -> Sequence[Line]:
        """What is known of each run, in the order of the inputs."""
        return self.batch.lines

    def metrics(self) -> BatchMetrics:
        """Return what the runs add up to so far."""
        return self.batch.metrics()

    def trace(self, index: int) -> Trace | None:
        """Return the log of a run; None where it is not kept any more."""
        return self.batch.trace(index)

    def wait(self, timeout: float | None = None) -> None:
        """Wait until no run is left; see `Batch.wait`."""
        self.batch.wait(timeout)

    def results(self, *, return_exceptions: bool = False) -> list[Any]:
        """Wait, and return all outputs in the order of the inputs; see `Batch.results`."""
        return self.batch.results(return_exceptions=return_exceptions)

    def to_frame(self) -> Any:
        """Return what is known of all runs so far: a DataFrame where pandas is, else dicts."""
        return self.batch.to_frame()

    def as_completed(self) -> Completed:
        """Return an iterator, also for ``async for``, over the lines as their runs end."""
        return self.batch.as_completed()

    def when_ended(self, callback: Callable[[Line], Any]) -> None:
        """Call ``callback`` with each line whose run has ended, in the thread that ran it."""
        self.batch.when_ended(callback)

    def __await__(self) -> Generator[Any, None, list[Any]]:
        """Wait without blocking, and return what `results` does."""
        return self.batch.__await__()

    def export(self, path: str | Path) -> Path:
        """Write the table to a file, in the form that its name ends with.

        Parameters
        ----------
        path
            ``.md`` or ``.txt`` for Markdown, ``.html`` for a page to read. For all values:
            ``view.to_frame().to_csv(…)``.

        Raises
        ------
        InputError
            If the name ends otherwise.
        """
        text = lambda: batch_to_text(self.batch)  # noqa: E731
        page = lambda: to_document("Runs", batch_to_html(self.batch))  # noqa: E731
        return write_as(path, {".md": text, ".txt": text}, page)
