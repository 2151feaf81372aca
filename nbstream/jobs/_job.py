"""`Job`: one run that is watched."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator
from concurrent import futures
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from .._exceptions import NbstreamError, Stopped
from .._iterate import aclose, close
from .._loops import aiter_in_thread, run_sync, running_loop, start, wait
from .._secrets import hide_all, hide_in_error, says_a_key
from .._shown import named
from .._threads import has_threads, start_thread
from ..events import Trace
from ..events._fold import Fold
from ..events._follow import asked_again, is_followed, scope_of
from ..events._mirror import Mirror
from ..events._scope import Scope, current_scope, within
from ..events._state import status
from ..events._turns import text_of_turns
from ..messages import AIMessageChunk
from ..sources import NO_INPUT, open_stream
from ._interrupt import Interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from ..events._state import Status, ViewState

__all__ = ["Job"]

_logger = logging.getLogger(__name__)

GRACE = 0.3
"""Seconds for the next chunk to come after a stop, at which the run stops by itself."""


class Job:
    """One run that is watched: its trace, what that adds up to, its stop and its end.

    Views and a conversation's turns have one each.

    Parameters
    ----------
    trace
        The trace to log to; a new one by default.

    Examples
    --------
    >>> from nbstream import ScriptedChat
    >>> job = Job()
    >>> job.start(job.open(ScriptedChat(["Blub", "."]), "Say something."))
    >>> job.result().text, job.status
    ('Blub.', 'done')
    """

    def __init__(self, trace: Trace | None = None) -> None:
        self.trace = trace or Trace()
        """The log of every step."""
        self._state = Fold(self.trace)
        self._future: Future[None] | None = None  # of what `run` or `start` runs
        self._callbacks: list[Callable[[], Any]] = []
        self._lock = threading.Lock()
        self._active: set[object] = set()  # the blocks and runs that a stop can end
        self._is_stopping = False
        self._cancel: Callable[[], None] | None = None
        self._interrupt = Interrupt()
        self._around: Scope | None = None  # where it was asked for
        self._is_ended = False
        self._ending: int | None = None  # the thread that calls the callbacks

    def __repr__(self) -> str:
        return f"<Job: {self.status}>"

    # What it gives

    @property
    def state(self) -> ViewState:
        """What the trace adds up to, as the views and the transcript show it."""
        return self._state()

    @property
    def status(self) -> Status:
        """``"waiting"``, ``"streaming"``, ``"done"``, ``"stopped"`` or ``"failed"``."""
        return status(self._state())

    @property
    def is_running(self) -> bool:
        """Whether what `run` or `start` was given has not ended yet."""
        return self._future is not None and not self._is_ended

    @property
    def is_over(self) -> bool:
        """Whether something ran, and every outermost run of it has ended."""
        roots = [run for run in self._state()["runs"] if run["parent"] is None]
        return bool(roots) and all(run["end"] is not None for run in roots)

    @property
    def text(self) -> str:
        """The text received so far; of several turns, with a blank line between two."""
        return text_of_turns(self._state()["runs"])

    @property
    def value(self) -> Any:
        """What the run gave, so far: a message, a text, or whatever its chunks add up to.

        Of several outermost ones, the one that began last. None where nothing has come yet.
        """
        root = next((run for run in reversed(self.trace.runs) if run.parent is None), None)
        if root is None:
            return None
        value = self.trace.output(root)
        return value.to_message() if isinstance(value, AIMessageChunk) else value

    def result(self, timeout: float | None = None) -> Any:
        """Wait until the run is over, and return its value; see `Watched.result`."""
        if self._future is not None and self._ending != threading.get_ident():
            try:
                wait(self._future, timeout)
            except (asyncio.TimeoutError, TimeoutError):
                if self._future.done():
                    raise  # the run's own
                raise TimeoutError(f"The run goes on after {timeout:g} seconds.") from None
            except KeyboardInterrupt:
                self.stop()
                raise
        return self.value

    def wait(self) -> None:
        """Wait until the run is over, whatever comes of it."""
        if self._future is not None:
            futures.wait([self._future])

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait without blocking; cancelled, the run is stopped. See `result`."""
        return self._wait().__await__()

    async def _wait(self) -> Any:
        if self._future is not None:
            try:
                await asyncio.shield(asyncio.wrap_future(self._future))
            except (asyncio.CancelledError, KeyboardInterrupt):
                if not self._future.done():
                    self.stop()
                raise
        return self.value

    def when_over(self, callback: Callable[[], Any]) -> None:
        """Call ``callback`` when the run is over, in the thread that ran it.

        That is before `result` returns in any other thread. What it raises goes to Python's log.
        """
        self._callbacks.append(callback)

    # How it runs

    def open(self, source: Any, input: Any = NO_INPUT, *, is_async: bool = False) -> Any:
        """Return the stream to `run` or `start`; see `sources.open_stream`.

        Raises
        ------
        InputError
            If the source cannot be streamed.
        """
        self._around = current_scope()
        if is_followed(source) and (asked_in := scope_of(source)) is not None:
            # A stream of a Runnable's that was asked for inside another trace.
            self._around = asked_in
            source = asked_again(source, self._scope())
        # Asked for inside this scope, a Runnable's stream logs to this trace and no other.
        with within(self._scope()):
            return open_stream(source, input, trace=self.trace, is_async=is_async)

    def run(self, stream: Any, each: Callable[[Any], Any] | None = None) -> None:
        """Run a stream to its end, here. Stopped, it returns.

        Parameters
        ----------
        stream
            What `open` returned.
        each
            Called with each chunk.

        Raises
        ------
        BaseException
            What the stream raises.
        """
        self._future = Future()
        error: BaseException | None = None
        try:
            with self.recording():
                if isinstance(stream, AsyncIterator):
                    run_sync(_adrain(stream, each))
                else:
                    _drain(stream, each)
        except BaseException as raised:
            error = raised
        self._end(error)
        if error is not None:
            raise self._shown(error)

    def start(self, stream: Any, *, is_apart: bool = True) -> None:
        """Run a stream to its end, elsewhere: on a thread, or in the loop that is running.

        Where there can be no threads it runs in the loop that is running, step by step; else here.

        Parameters
        ----------
        stream
            What `open` returned.
        is_apart
            Whether an async iterator may run in a loop of its own; one that was made in the
            running loop may hold things of that loop's.
        """
        future = self._future = Future()
        running = running_loop()
        leave = self._enter()

        def done(error: BaseException | None) -> None:
            leave()
            self._end(error)

        with within(self._scope()):
            if running is not None and not has_threads():
                is_apart = False
                if not isinstance(stream, AsyncIterator):
                    stream = aiter_in_thread(stream)
            if not isinstance(stream, AsyncIterator):
                context = copy_context()

                def target() -> None:
                    context.run(_call, done, _drain, stream)

                if start_thread(target, "nbstream-run") is None:
                    target()
                return
            loop = None if is_apart else running
            future.loop = loop  # type: ignore[attr-defined]  # `wait` lets that go on
            try:
                self._cancel = start(_adrain(stream, None), loop, done)
            except RuntimeError:
                if running is None:
                    _call(done, run_sync, _adrain(stream, None))
                else:
                    future.loop = running  # type: ignore[attr-defined]
                    self._cancel = start(_adrain(stream, None), running, done)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Log what runs in the block, until its end or until it is stopped, which is no error."""
        if not self.is_running:
            self._around = current_scope()
        leave = self._enter()
        try:
            with within(self._scope()), self._interrupt.possible():
                yield
        except Stopped:
            if not self._is_stopping:
                raise  # of a run around this one
        except KeyboardInterrupt:
            if not self._is_stopping:
                raise
        finally:
            leave()

    def stop(self) -> None:
        """Stop what runs: at its next chunk, or after a moment where none comes.

        The text received so far is kept. It may be called from any thread, also while the run's own
        is busy.
        """
        with self._lock:
            if not self._active or self._is_stopping:
                return
            self._is_stopping = True
        # However deep inside the next chunk comes, and in whichever thread, that run ends there.
        self.trace.stop()
        if self._cancel is not None:
            self._cancel()
        # Without a thread that waits for it, the next chunk has to do.
        start_thread(self._insist_later, "nbstream-stop")

    def _insist_later(self) -> None:
        time.sleep(GRACE)
        self._insist()

    def _insist(self) -> None:
        """End a run that has not heard of the stop, since nothing comes."""
        with self._lock:
            if not (self._is_stopping and self._active):
                return  # it has heard, or something else has begun since
        if self._interrupt.send():
            return
        # Its thread waits for something that nobody can break off. What it does when that comes
        # ends at once; until then nobody waits for it.
        self.trace.cut()
        with self._lock:
            self._active.clear()
            self.trace.resume()
        self._end(None)

    def _scope(self) -> Scope:
        """Return a scope of its own for what runs, with the settings of the one around it."""
        outer = self._around
        if outer is None:
            return Scope(self.trace, None)
        return outer._replace(
            trace=self.trace,
            run=outer.run if outer.trace is self.trace else None,
            is_told=False,
        )

    def _enter(self) -> Callable[[], None]:
        """Begin something that a stop can end; return what notes its end."""
        outer = self._around
        unmirror: Callable[[], None] | None = None
        if outer is not None and outer.trace is not None and outer.trace is not self.trace:
            # Whoever watches the code around this sees the run, too.
            unmirror = self.trace.subscribe(Mirror(outer.trace, outer.trace.placed(outer.run)))
        block = object()
        with self._lock:
            if not self._active:
                self._is_stopping = False
                self._cancel = None
            self._active.add(block)

        def leave() -> None:
            if unmirror is not None:
                unmirror()
            with self._lock:
                self._active.discard(block)
                if not self._active:
                    self.trace.resume()

        return leave

    def _end(self, error: BaseException | None) -> None:
        """Note that the run is over, once, and tell those who want to know."""
        with self._lock:
            future = self._future
            if future is None or self._is_ended:
                return
            self._is_ended = True
            self._ending = threading.get_ident()
        try:
            if error is not None or self._is_stopping:
                # What ended before anything was logged, or left something open, is in the log, too.
                if not self.trace.runs:
                    self.trace.start("stream")
                self.trace.close(error or Stopped())
        except Stopped:  # by somebody else's stop: there is nothing to note
            _logger.debug("The log takes no more.")
        try:
            for callback in list(self._callbacks):
                try:
                    callback()
                except Exception:
                    _logger.exception("What was to be called at the end of a run failed.")
        finally:
            ends = (Stopped, asyncio.CancelledError, KeyboardInterrupt)
            if error is None or (self._is_stopping and isinstance(error, ends)):
                future.set_result(None)
            else:
                future.set_exception(self._shown(error))
            self._ending = None

    @staticmethod
    def _shown(error: BaseException) -> BaseException:
        """Return an error that quotes no key: a notebook keeps what its cells raise."""
        hide_in_error(error)
        if isinstance(error, Exception) and says_a_key(error):
            return NbstreamError(hide_all(named(error)))
        return error


def _call(
    done: Callable[[BaseException | None], None], function: Callable[..., Any], *args: Any
) -> None:
    error: BaseException | None = None
    try:
        function(*args)
    except BaseException as raised:
        error = raised
    done(error)


def _drain(stream: Iterator[Any], each: Callable[[Any], Any] | None = None) -> None:
    try:
        for chunk in stream:
            if each is not None:
                each(chunk)
    finally:
        close(stream)


async def _adrain(stream: AsyncIterator[Any], each: Callable[[Any], Any] | None) -> None:
    try:
        async for chunk in stream:
            if each is not None:
                each(chunk)
    finally:
        await aclose(stream)
