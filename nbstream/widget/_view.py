"""`StreamView`: the widget that shows a log as it grows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from .._archive import PAGES, read_page
from .._exceptions import InputError
from .._shown import brief
from .._threads import has_threads
from ..events import Trace
from ..events._metrics import measure
from ..events._scope import within
from ..events._tokens import run_with_tokens
from ..jobs import Job
from ._again import call_again, run_of
from ._branches import branch_at, index_at, run_named, why_not
from ._export import write_as
from ._options import ViewOptions, lists_options
from ._static import to_text
from ._stream_page import StreamPage

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..events import Metrics, Run
    from ._compare import CompareView

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
        What tokens are coloured by: ``"gap"``, the wait before each; ``"none"`` (default). Where
        the model gives log-probabilities, as ``ChatLocal(top_logprobs=5)`` does: ``"logprob"``, how
        likely the model found it; ``"rank"``, its place among its alternatives; ``"entropy"``, how
        open the choice was.
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

    _handlers: ClassVar[dict[str, str]] = {
        **StreamPage._handlers,
        "branch": "_on_branch",
        "branches": "_on_branches",
    }

    @lists_options()
    def __init__(self, trace: Trace | None = None, **options: Any) -> None:
        if trace is not None and not hasattr(trace, "events"):
            raise InputError(
                f"A StreamView shows a Trace, not {brief(trace)}. To run something and show it: "
                "show(chain, input)."
            )
        self._branches: list[Job] = []
        self._origin: StreamView | None = None  # the view that this one's run is a branch in
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

    def run_again(
        self,
        run: Run | int | None = None,
        messages: Any = None,
        *,
        model: Any = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        block: bool | None = None,
    ) -> CompareView:
        """Call a model again, as one of the runs did, and show the answer beside the old one.

        On the page: "Run again" in the transcript, and in the timeline for a selected run.

        Parameters
        ----------
        run
            The call, one of ``view.trace.runs`` or its place there; by default the last one.
        messages
            What to send instead; by default what was sent then.
        model
            What to ask instead, a model or its name. By default the same: of a call that was
            watched, by its address, where that is a known provider's.
        max_tokens, temperature
            Other settings; None leaves them as they were.
        block
            Whether to wait for the end, as in `show`.

        Returns
        -------
        CompareView
            With two columns, ``"before"`` and ``"again"``.

        Raises
        ------
        InputError
            If it is no model's call, or what it asked and whom is not known.

        Examples
        --------
        >>> from nbstream import ScriptedChat, stream_to
        >>> view = StreamView()
        >>> with stream_to(view):
        ...     message = ScriptedChat(["Blub"]).invoke("Say something.")
        >>> view.run_again(messages="Say more.").texts
        before: done
        Blub
        <BLANKLINE>
        again: done
        Blub
        {'before': 'Blub', 'again': 'Blub'}
        """
        from ._compare import CompareView, launch_columns

        columns, streams = call_again(
            self.trace,
            run_of(self.trace, run),
            messages,
            model=model,
            max_tokens=max_tokens,
            temperature=temperature,
        )
        view = CompareView(columns, delimiter=self.delimiter, price=self.price)
        launch_columns(view, streams, block=block, name="run_again")
        return view

    def tokens(self, run: Run | None = None) -> Any:
        """Return the tokens as a table: time, log-probability, rank, alternatives of each.

        See `Trace.tokens`.

        Examples
        --------
        >>> from nbstream import ChatLocal, StreamView, stream_to
        >>> view = StreamView()
        >>> with stream_to(view):
        ...     message = ChatLocal(top_logprobs=5, max_tokens=3).invoke("Say hello.")
        >>> "".join(view.tokens()["token"]) == view.text
        True
        """
        return self.trace.tokens(run)

    def branch(
        self,
        index: int,
        token: str,
        *,
        run: Run | None = None,
        model: Any = None,
        block: bool | None = None,
    ) -> StreamView:
        """Put another token into an answer, and have the model go on from there.

        What came before that token stays; the answer then is a sibling of the first, and this view
        shows it, too. So do the page's alternatives, where a token is clicked.

        Parameters
        ----------
        index
            Which token, as in `tokens`; a negative one counts from the end.
        token
            What is to be there: one of its alternatives, or any other text.
        run
            The answer; by default the first one.
        model
            What goes on; by default the model that gave the answer.
        block
            Whether to wait for the end, as for `show`.

        Returns
        -------
        StreamView
            A view of the branch alone: ``result()``, ``text``, ``tokens()``, ``branch(...)``.

        Raises
        ------
        InputError
            If there is no such token, or if the model cannot go on from the beginning of an answer,
            as llama.cpp (`ChatLocal`) and vLLM can.

        Examples
        --------
        >>> from nbstream import ChatLocal, StreamView, stream_to
        >>> view = StreamView()
        >>> with stream_to(view):
        ...     message = ChatLocal(top_logprobs=5, max_tokens=3).invoke("Say hello.")
        >>> branch = view.branch(0, "Well", block=True)  # doctest: +ELLIPSIS
        Well|...
        >>> branch.text.startswith("Well")
        True
        """
        from ._show import launch  # which imports this

        if self._origin is not None:
            # The first view has all branches; this one's run is in its log, under the same id.
            run = run_named(self._origin.trace, run_with_tokens(self.trace, run).id)
            return self._origin.branch(index, token, run=run, model=model, block=block)
        found = branch_at(self.trace, index, token, run, model)
        own = {name: getattr(self, name) for name in vars(ViewOptions) if self.has_trait(name)}
        view = StreamView(**{name: value for name, value in own.items() if name != "view"})
        view._origin = self
        self._note_branch(view._job)
        with within(found.scope):
            launch(view, found.model, found.input, block=block)
        return view

    def stop(self) -> None:
        """Stop what runs, as the page's button does; the text received so far is kept.

        It may be called from any thread, also while the run's own is busy.
        """
        super().stop()
        for job in self._branches:
            job.stop()

    def _note_branch(self, job: Job) -> None:
        self._branches = [*(one for one in self._branches if one.is_running), job]

    def _on_branches(self, content: dict[str, Any]) -> None:
        run = run_named(self.trace, content.get("run"))
        self._tell({"type": "branches", "run": run.id, "why": why_not(self.trace, run)})

    def _on_branch(self, content: dict[str, Any]) -> None:
        run = run_named(self.trace, content.get("run"))
        index = index_at(self.trace, run, content.get("place"), content.get("part"))
        found = branch_at(self.trace, index, content.get("token", ""), run)
        job = Job()
        self._note_branch(job)
        with within(found.scope):
            job.start(job.open(found.model, found.input, is_async=has_threads()))

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
        return cls.from_jsonl(read_page(path, "run"), **options)

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
