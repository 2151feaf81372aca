"""`StreamView`: the widget that shows a log as it grows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._archive import PAGES, read_page
from .._exceptions import InputError
from .._shown import brief
from ..events import Trace
from ..events._metrics import measure
from ._export import write_as
from ._options import lists_options
from ._static import to_text
from ._stream_page import StreamPage

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..events import Metrics

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

    @classmethod
    def load(cls, path: str | Path, **options: Any) -> Self:
        """Open a file that `export` has written, to look at or to play again.

        Parameters
        ----------
        path
            A page, ``.html``, or a log, ``.jsonl``, as `Trace.to_jsonl` writes it.
        **options
            As for the view itself: ``view``, ``delimiter``, …

        Raises
        ------
        InputError
            If it cannot be read, or is no such file.

        Examples
        --------
        >>> import tempfile
        >>> from nbstream import ScriptedChat, StreamView, show
        >>> view = show(ScriptedChat(["Blub", "."]), "Hi", block=True)  # doctest: +ELLIPSIS
        Blub|...
        >>> StreamView.load(view.export(tempfile.mkdtemp() + "/run.html"))
        <StreamView: done, 'Blub.'>
        """
        path = Path(path)
        if path.suffix not in PAGES:
            return cls.from_jsonl(path, **options)
        kind, archive = read_page(path)
        if kind != "run":
            raise InputError(
                f"{path.name!r} holds a conversation. To open it: ChatView.load({path.name!r})."
            )
        return cls.from_jsonl(archive, **options)

    def export(self, path: str | Path) -> Path:
        """Write what the view shows to a file, in the form that its name ends with.

        Parameters
        ----------
        path
            ``.html`` for one page that plays, with all views, no kernel and no network;
            ``.jsonl`` for the log (`load` opens both); ``.md`` or ``.txt`` for the text.

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
        }
        return write_as(path, makers, self._page)
