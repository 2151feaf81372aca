"""`compare` runs things beside one another; `CompareView` shows them in columns."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from .._archive import read_page
from .._exceptions import InputError
from .._shown import brief, near, printable
from ..events import Trace
from ..jobs import Job
from ..sources import NO_INPUT
from ._columns import Column, sources_of
from ._compare_page import ComparePage, logs_in
from ._export import write_as
from ._host import host, kernel_shell
from ._options import lists_options
from ._show import say_that_it_waits
from ._static import columns_to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Self

__all__ = ["CompareView", "compare", "launch_columns"]


class CompareView(ComparePage):
    """Two to six runs side by side, each with its own log; `compare` makes one.

    Parameters
    ----------
    columns
        The runs, each with a name of its own.
    **options
        As for `StreamView`: ``view``, ``delimiter``, …

    Examples
    --------
    >>> from nbstream import ScriptedChat, compare
    >>> view = compare({"a": ScriptedChat(["Blub"]), "b": ScriptedChat(["Glug"])}, "Hi", block=True)
    a: done
    Blub
    <BLANKLINE>
    b: done
    Glug
    >>> view.texts
    {'a': 'Blub', 'b': 'Glug'}
    """

    @lists_options()
    def __init__(self, columns: Sequence[Column], **options: Any) -> None:
        super().__init__(columns, options)

    @property
    def columns(self) -> dict[str, Column]:
        """The columns by name: each has its ``text``, ``metrics``, ``result()`` and ``stop()``."""
        return {column.name: column for column in self._columns}

    @property
    def traces(self) -> dict[str, Trace]:
        """The log of each column."""
        return {column.name: column.trace for column in self._columns}

    @property
    def texts(self) -> dict[str, str]:
        """The text of each column, as far as it has come."""
        return {column.name: column.text for column in self._columns}

    def results(
        self, timeout: float | None = None, *, return_exceptions: bool = False
    ) -> dict[str, Any]:
        """Wait until all columns are over, and return what each gave.

        Parameters
        ----------
        timeout
            Seconds to wait at most; by default as long as it takes.
        return_exceptions
            Whether a column that failed has its error in the result. By default the first such
            error is raised, when all columns are over.

        Raises
        ------
        TimeoutError
            If it takes longer; the columns go on.
        KeyboardInterrupt
            If the wait is interrupted, which stops all columns.
        Exception
            What a column raised.

        Examples
        --------
        >>> from nbstream import CompareView, ScriptedChat, compare
        >>> view = compare(ScriptedChat(["Blub"]), "Hi", n=2, block=False)
        >>> [message.text for message in view.results().values()]
        ['Blub', 'Blub']
        """
        until = None if timeout is None else monotonic() + timeout
        results: dict[str, Any] = {}
        for column in self._columns:
            left = None if until is None else max(0.0, until - monotonic())
            try:
                results[column.name] = column.result(left)
            except KeyboardInterrupt:
                self.stop()
                raise
            except Exception as error:
                if column._job.is_running:
                    raise  # of time
                results[column.name] = error
        if not return_exceptions:
            for result in results.values():
                if isinstance(result, Exception):
                    raise result
        return results

    def stop(self, name: str | None = None) -> None:
        """Stop one column, or all of them; the text received so far is kept.

        Parameters
        ----------
        name
            The column's; by default all are stopped.

        Raises
        ------
        InputError
            If there is no such column.
        """
        for column in self._columns if name is None else [self._named(name)]:
            column.stop()

    def take(self, name: str) -> None:
        """Let the conversation go on with one column's answer, as "Take this one" does.

        Parameters
        ----------
        name
            The column's.

        Raises
        ------
        InputError
            If there is no such column, or the comparison is of no conversation.
        """
        self._take(self._named(name))

    @classmethod
    def load(cls, path: str | Path, **options: Any) -> Self:
        """Open a page that `export` has written, to look at or to play again.

        Parameters
        ----------
        path
            The page, ``.html``.
        **options
            As for the view itself: ``view``, ``delimiter``, …

        Raises
        ------
        InputError
            If it cannot be read, or is no such page.

        Examples
        --------
        >>> import tempfile
        >>> from nbstream import CompareView, ScriptedChat, compare
        >>> view = compare(ScriptedChat(["Blub"]), "Hi", n=2, block=False)
        >>> texts = view.results()
        >>> CompareView.load(view.export(tempfile.mkdtemp() + "/both.html")).texts == view.texts
        True
        """
        logs = logs_in(read_page(path, "compare"), Path(path).name)
        columns = [Column(name, Job(Trace.from_jsonl(log))) for name, log in logs]
        return cls(columns, **options)

    def export(self, path: str | Path) -> Path:
        """Write the columns to a file, in the form that its name ends with.

        Parameters
        ----------
        path
            ``.html`` for one page that plays, with the columns side by side, no kernel and no
            network (`load` opens it); ``.md`` or ``.txt`` for the texts one below the other.

        Raises
        ------
        InputError
            If the name ends otherwise.
        """
        shown = self._shown()
        makers = {
            ".md": lambda: columns_to_text(shown),
            ".txt": lambda: columns_to_text(shown),
        }
        return write_as(path, makers, self._page)

    def _named(self, name: Any) -> Column:
        columns = self.columns
        if not isinstance(name, str) or name not in columns:
            raise InputError(
                f"There is no column {brief(name)}.{near(str(name), columns)} "
                f"There are: {', '.join(columns)}."
            )
        return columns[name]


@lists_options()
def compare(
    source: Any,
    *more: Any,
    input: Any = NO_INPUT,
    n: int | None = None,
    block: bool | None = None,
    **options: Any,
) -> CompareView:
    """Run models or chains on one input at the same time, and show them side by side.

    ::

        compare({"small": chain_a, "large": chain_b}, input)
        compare(model, input, n=3)
        compare(trace_1, trace_2)

    In a notebook the columns stream in one `CompareView` below the cell, and the cell is done at
    once. In a terminal the texts are printed one below the other when all are there. A column
    that fails shows its error and leaves the others alone: ``view.results()`` raises it.

    Parameters
    ----------
    source
        Models or chains by name, a single one with ``n``, or what has run: a `Trace` or a view.
    *more
        The input; or, of what has run, the others.
    input
        The input, by its name.
    n
        How many times a single model or chain is asked, 2 to 6.
    block
        Whether to wait for the end, as in `show`.
    **options
        As for `StreamView`: ``view="markdown"``, ``delimiter="/"``, …

    Returns
    -------
    CompareView
        The view, with the results: ``view.results()``, ``view.texts``, ``view.traces``.

    Raises
    ------
    InputError
        If it is no two to six columns, or one of them cannot be run.
    KeyboardInterrupt
        If the kernel is interrupted while this waits, which stops all columns.

    Examples
    --------
    >>> from nbstream import ScriptedChat, compare
    >>> models = {"short": ScriptedChat(["Blub"]), "long": ScriptedChat(["Blub", " blub"])}
    >>> view = compare(models, "Say something.")
    short: done
    Blub
    <BLANKLINE>
    long: done
    Blub blub
    >>> view.columns["long"].metrics.chunks
    2
    """
    sources, given = sources_of(source, more, input, n)
    columns = [Column(one.name, one.job or Job()) for one in sources]
    streams = [
        (column._job, column._job.open(one.value, given, is_async=hasattr(one.value, "astream")))
        for column, one in zip(columns, sources, strict=True)
        if one.job is None
    ]
    view = CompareView(columns, **options)
    launch_columns(view, streams, block=block)
    return view


def launch_columns(
    view: CompareView,
    streams: Sequence[tuple[Job, Any]],
    *,
    block: bool | None,
    name: str = "compare",
) -> None:
    """Run what columns are to show, all at the same time, and show it in a view.

    Parameters
    ----------
    view
        The view.
    streams
        What each column's job has opened.
    block
        Whether to wait for the end; None where that depends on who looks.
    name
        What did this, as the user calls it.
    """
    here, shell = host(), kernel_shell()
    if block is None:
        block = here.waits or view.comm is None
        if here.waits and here.has_page:
            say_that_it_waits(here.title, name)
    if shell is not None and here.displays:
        view._show_in(shell)
    for job, stream in streams:
        job.start(stream)
    if block:
        view.results(return_exceptions=True)
        if here.name == "terminal":
            print(printable(columns_to_text(view._shown(), is_plain=True)))  # noqa: T201
        view._settle()
