"""`Batch`: many runs of one chain."""

from __future__ import annotations

import asyncio
import threading
import warnings
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError, NbstreamError
from .._loops import wait
from .._shown import brief, named
from ..events._load import decode
from ..events._scope import current_scope
from ..runnables.config import checked
from ._attempt import as_source
from ._completed import Completed
from ._desk import Desk
from ._file import Reader, RunsFile
from ._frame import to_frame
from ._inputs import Inputs, words_for
from ._limits import Limits
from ._metrics import metrics_of
from ._table import Table
from .engines._choose import engine_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from ..events import Trace
    from ._line import Line
    from ._metrics import BatchMetrics

__all__ = ["Batch"]


class Batch:
    """Runs a chain for each of many inputs, shows how far each is, and loses nothing.

    It is a program's side of `show_batch`: it displays nothing itself.

    Parameters
    ----------
    chain
        A `Runnable`, or what becomes one; LangChain's, too.
    inputs
        A list, a generator (which is asked for the next input only when that can run), or a
        DataFrame, whose rows are dicts.
    max_concurrency
        How many run at a time; by default 16 in threads, 64 in an event loop.
    executor
        Where they run: ``"threads"``, ``"loop"`` (async, one event loop); by default threads, or
        the loop for a chain of coroutine functions.
    into
        A file, ``"runs.jsonl"``: each run is written there as it ends. The same call, after a
        crash or a restart, takes from it what has been done, and runs only what is missing.
    requests_per_minute, tokens_per_minute
        How many runs begin in any minute, and how many tokens they need (before a run has ended,
        what it needs is guessed from those before it). They need
        ``pip install "nbstream[batch]"``. Whatever is given: where a provider says that it is
        busy, all runs leave it alone for as long as it asks, and then go on with half as many.
    budget
        US dollars, or ``{"tokens": 1_000_000}``, that these runs may need. No run begins that
        might need more, if it needs as much as the dearest one so far; the first runs alone.
    config
        A config for each run.
    retries
        How often a run is tried again after an error that may pass: the endpoint is busy, fails,
        or is not reached.

    Raises
    ------
    InputError
        If something of that cannot be used.

    Examples
    --------
    >>> from nbstream import ChatPromptTemplate, ScriptedChat, StrOutputParser
    >>> from nbstream.batch import Batch
    >>> prompt = ChatPromptTemplate.from_template("A song about {animal}.")
    >>> chain = prompt | ScriptedChat(["La", " la"]) | StrOutputParser()
    >>> Batch(chain, [{"animal": "fish"}, {"animal": "cats"}]).results()
    ['La la', 'La la']
    """

    def __init__(
        self,
        chain: Any,
        inputs: Any,
        *,
        max_concurrency: int | None = None,
        executor: Any = None,
        into: str | Path | None = None,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        budget: Any = None,
        config: Any = None,
        retries: int = 2,
    ) -> None:
        whole_number("retries", retries, 0)
        if max_concurrency is not None:
            whole_number("max_concurrency", max_concurrency, 1)
        source = as_source(chain)
        self.chain = source
        self.lines = Table()
        """One `Line` for each input, by index. Those of a generator come as they are drawn."""
        self._engine = engine_for(executor, source, max_concurrency)
        self._inputs = Inputs(inputs, source)
        self._file: RunsFile | Reader | None = None if into is None else RunsFile(into, source)
        self._limits = Limits(
            lambda: self._desk.now(),
            requests_per_minute=requests_per_minute,
            tokens_per_minute=tokens_per_minute,
            budget=budget,
        )
        self._desk = Desk(
            source,
            dict(checked(config)) or None,
            current_scope(),
            self._inputs,
            self.lines,
            self._limits,
            max_concurrency or self._engine.room,
            retries,
            self._file,
        )
        self._desk.wake_engine = self._engine.wake
        self._desk.restart = lambda: self._engine.start(self._desk)
        self._desk.when_over.append(self._end)
        self._future: Future[None] | None = None
        self._note = ""
        self._starting = threading.RLock()

    def __repr__(self) -> str:
        return f"<Batch: {self.status}, {self.lines!r:.200}>"

    # How it runs

    def start(self) -> Batch:
        """Begin, and return this batch; where some inputs still wait at its end, go on.

        It does not wait, and does nothing while the batch runs.
        """
        with self._starting:
            before = self._future
            if before is None or (before.done() and self._is_left):
                self._desk.begin()
                self._note = self._said_of_the_file()
                self._future = Future()
                try:
                    self._engine.start(self._desk)
                except BaseException:
                    self._future = before
                    raise
        return self

    @property
    def _is_left(self) -> bool:
        return self.lines.counts["waiting"] > 0

    def _said_of_the_file(self) -> str:
        """Return what people need to know of the file; warn where an input has changed."""
        if self._file is None:
            return ""
        said = []
        if damaged := self._file.damaged:
            what = "One run" if damaged == 1 else f"{damaged} runs"
            said.append(f"{what} in {self._file.path.name} cannot be read, and will run again.")
        strangers = self._file.strangers() if self._inputs.total == len(self.lines) else []
        changed = [one for one in strangers if one["index"] < len(self.lines)]
        if changed:
            first = changed[0]["index"]
            was = words_for(decode(changed[0]["input"]))[:60]
            more = f", and {len(changed) - 1} more have" if len(changed) > 1 else " has"
            said.append(
                f"Input {first}{more} changed since {self._file.path.name} was written: it was "
                f"{was!r}, and is {self.lines[first].input[:60]!r} now. What changed runs again."
            )
            warnings.warn(said[-1], stacklevel=4)
        elif strangers:
            said.append(f"{len(strangers)} more runs are in {self._file.path.name}.")
        return " ".join(said)

    def _end(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._future is not None and not self._future.done():
            self._future.set_result(None)
        self.lines.wake()

    def stop(self, index: int | None = None) -> None:
        """Stop all runs, or one; the text received so far is kept. Nothing new begins.

        Parameters
        ----------
        index
            The one to stop.
        """
        running = self._desk.stop() if index is None else self._desk.drop(index)
        for attempt in running:
            self._engine.cancel(attempt)

    def pause(self) -> None:
        """Begin no further run until `resume`; those under way go on."""
        self._desk.pause(True)

    def resume(self) -> None:
        """Go on after `pause`."""
        self._desk.pause(False)

    @property
    def is_paused(self) -> bool:
        """Whether `pause` was called, and `resume` was not."""
        return self._desk.is_paused

    def retry_failed(self, index: int | None = None) -> int:
        """Run again what has failed or was stopped; return how many those are.

        Parameters
        ----------
        index
            The only one to run again, if it has.
        """
        lines = self.lines[:] if index is None else [self.lines[index]]
        again = [line for line in lines if line.status in ("failed", "stopped")]
        if again:
            self._desk.again(again)
            self._desk.is_stopping = False
            self.start()
        return len(again)

    # What it gives

    @property
    def status(self) -> str:
        """``"waiting"``, ``"running"``, ``"paused"``, ``"done"`` or ``"stopped"``.

        Done is what has nothing left to do, failures or none.
        """
        if self._future is None:
            return "waiting"
        if self._future.done():
            return "stopped" if self._desk.is_stopping else "done"
        return "paused" if self.is_paused else "running"

    @property
    def total(self) -> int | None:
        """How many inputs there are; None while a generator goes on."""
        return self._inputs.total

    @property
    def note(self) -> str:
        """A sentence about what people should know: what holds runs up, what the file lacks."""
        return " ".join(filter(None, (self._limits.note, self._note)))

    def wait(self, timeout: float | None = None) -> None:
        """Wait until no run is left. It begins the batch where that has not begun.

        Raises
        ------
        TimeoutError
            If it takes longer; the runs go on.
        KeyboardInterrupt
            If the wait is interrupted, which stops the runs.
        """
        future = self._begun()
        try:
            wait(future, timeout)
        except (asyncio.TimeoutError, TimeoutError):
            raise TimeoutError(f"The runs go on after {timeout:g} seconds.") from None
        except KeyboardInterrupt:
            self.stop()
            raise
        if self._desk.failure is not None:
            raise self._desk.failure

    def _begun(self) -> Future[None]:
        if self._future is None:
            self.start()
        assert self._future is not None  # noqa: S101
        return self._future

    def results(self, *, return_exceptions: bool = False) -> list[Any]:
        """Wait, and return all outputs in the order of the inputs.

        Parameters
        ----------
        return_exceptions
            Put the error in the place of an output that is missing. Else they are raised.

        Raises
        ------
        NbstreamError
            If runs have failed or were stopped; it says which, and what the first one raised.
        """
        self.wait()
        return self._results(return_exceptions)

    def _results(self, return_exceptions: bool) -> list[Any]:
        missing = [line for line in self.lines[:] if line.status not in ("done", "kept")]
        if missing and not return_exceptions:
            raise self._failed(missing)
        return [
            line.output if line.status in ("done", "kept") else self._error(line)
            for line in self.lines[:]
        ]

    def _failed(self, missing: list[Line]) -> NbstreamError:
        errors = [line.error for line in missing if line.error is not None]
        names = ", ".join(f"{line.index} ({line.input[:40]!r})" for line in missing[:5])
        names += ", …" if len(missing) > 5 else ""
        said = [f"The first error: {named(errors[0])[:300]}."] if errors else []
        said += [self._limits.note] if self._limits.note else []
        error = NbstreamError(
            f"{len(missing)} of {len(self.lines)} runs gave nothing: {names}. {' '.join(said)} "
            "results(return_exceptions=True) gives the others; retry_failed() runs these again."
        )
        error.__cause__ = errors[0] if errors else None
        return error

    @staticmethod
    def _error(line: Line) -> BaseException:
        return line.error or NbstreamError(f"Run {line.index} was stopped, or did not begin.")

    def __await__(self) -> Generator[Any, None, list[Any]]:
        """Wait without blocking, and return what `results` does; cancelled, it is stopped."""
        return self._wait().__await__()

    async def _wait(self) -> list[Any]:
        future = self._begun()
        try:
            await asyncio.shield(asyncio.wrap_future(future))
        except asyncio.CancelledError:
            if not future.done():
                self.stop()
            raise
        if self._desk.failure is not None:
            raise self._desk.failure
        return self._results(False)

    def as_completed(self) -> Completed:
        """Return an iterator, also for ``async for``, over the lines as their runs end."""
        self._begun()
        return Completed(self._desk)

    def when_ended(self, callback: Callable[[Line], Any]) -> None:
        """Call ``callback`` with each line whose run has ended, in the thread that ran it."""
        self._desk.when_ended.append(callback)

    def to_frame(self) -> Any:
        """Return what is known of all runs so far: a DataFrame where pandas is, else dicts.

        The columns are index, input (of a DataFrame: its columns), output, status, error, started,
        first_token, duration, input_tokens, output_tokens, tokens_per_second, cost, odds, tries.
        """
        return to_frame(self.lines[:], self._inputs)

    # What a view asks

    def changed_since(self, version: int) -> tuple[int, set[int]]:
        """Return the newest version, and the indices of the lines that changed after another.

        Version 0 is before all.
        """
        return self.lines.changed_since(version)

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback``, in any thread, when something has changed; return what ends that.

        It is called once until `changed_since` is, so it only needs to wake somebody.
        """
        return self.lines.listen(callback)

    def metrics(self) -> BatchMetrics:
        """Return what the runs add up to so far."""
        return metrics_of(self.lines, self.total, self._desk.elapsed)

    def trace(self, index: int) -> Trace | None:
        """Return the log of a run: of one that is under way or ended lately, or is held.

        Others are read from the file, where there is one. A run that is tried again has another
        log. None where it is not kept: of more than 256 inputs there are logs only from when
        somebody listens or asks for one, or where there is a file.
        """
        trace = self._desk.trace(index)
        if trace is None and self._file is not None:
            trace = self._file.trace(index)
        return trace

    @classmethod
    def from_file(cls, path: str | Path) -> Batch:
        """Return the runs of a file that ``into=`` has written, to look at them.

        Raises
        ------
        InputError
            If there is no such file, or it has no runs.

        Examples
        --------
        >>> import tempfile
        >>> from nbstream import ScriptedChat
        >>> from nbstream.batch import Batch
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     runs = Batch(ScriptedChat(["Blub"]), ["a", "b"], into=f"{folder}/runs.jsonl")
        ...     runs.wait()
        ...     [line.status for line in Batch.from_file(f"{folder}/runs.jsonl").lines]
        ['kept', 'kept']
        """
        return cls._read(Reader(path))

    @classmethod
    def _read(cls, reader: Reader) -> Batch:
        batch = cls(reader.refuse, reader.inputs)
        batch._desk.file = batch._file = reader
        batch._future = Future()
        batch._desk.begin()
        batch._desk.finish()
        return batch


def whole_number(name: str, value: Any, least: int) -> None:
    """Refuse what is no whole number from ``least``.

    Raises
    ------
    InputError
        It names the value.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"{name} must be a whole number from {least}, not {brief(value)}.")
