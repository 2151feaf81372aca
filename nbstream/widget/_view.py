"""`StreamView`: the widget that shows a log as it grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._shown import brief
from ..events import Trace
from ..events._metrics import measure
from ._export import write_as
from ._options import lists_options
from ._static import to_document, to_html, to_text
from ._stream_page import StreamPage

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

    from ..events import Metrics
    from ..events._types import Run

__all__ = ["StreamView"]


class StreamView(StreamPage):
    """Shows a run as it goes: its tokens, as Markdown, its events and its steps in time.

    `show` makes one, displays it and feeds it; `stream_to` feeds one of your own. All displays of
    one view stay in step.

    Parameters
    ----------
    trace
        The log to show; a new one by default.
    view
        What is on top: ``"tokens"``, ``"markdown"``, ``"transcript"``, ``"events"`` or
        ``"timeline"``. By default the tokens or, where there is more than one call of a model or a
        tool, the transcript: what was asked, thought, said and called, to be read as a
        conversation.
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
        model found it, where the model gives log-probabilities, as ``ChatLocal(logprobs=True)``
        does; ``"none"`` (default).
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

    @lists_options()
    def __init__(self, trace: Trace | None = None, **options: Any) -> None:
        if trace is not None and not hasattr(trace, "events"):
            raise InputError(
                f"A StreamView shows a Trace, not {brief(trace)}. To run something and show it: "
                "show(chain, input)."
            )
        super().__init__(trace, options)

    @property
    def metrics(self) -> Metrics:
        """The metrics so far, of all runs in it, with the view's price; see `Trace.metrics`.

        Before anything ran, there are 0 chunks, and all else is None.

        Examples
        --------
        >>> StreamView().metrics.chunks
        0
        """
        return measure(self.trace, price=self.price or None)

    def tokens(self, run: Run | None = None) -> Any:
        """Return the tokens as a table: time, log-probability, rank, alternatives of each.

        See `Trace.tokens`.

        Examples
        --------
        >>> from nbstream import ChatLocal, show
        >>> view = show(ChatLocal(top_logprobs=5, max_tokens=2, temperature=0), "Say hello.")
        Hello|!
        >>> list(view.tokens()["rank"])
        [1, 1]
        """
        return self.trace.tokens(run)

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
            ".jsonl": lambda: self.trace.to_jsonl(),
            ".md": lambda: to_text(self._job.state),
            ".txt": lambda: to_text(self._job.state),
            ".html": lambda: to_document(to_html(self._job.state, self.delimiter, self.price)),
        }
        return write_as(path, makers)
