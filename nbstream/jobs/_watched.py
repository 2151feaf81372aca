"""`Watched`: what whoever has a job lets people see and do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..events._metrics import measure

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..events import Metrics, Trace
    from ..events._state import Status
    from ._job import Job

__all__ = ["Watched"]


class Watched:
    """Has a `Job` in ``_job``, and its public side."""

    _job: Job

    @property
    def trace(self) -> Trace:
        """The log of every step."""
        return self._job.trace

    @property
    def value(self) -> Any:
        """What the run gave, so far: a message, a text, or whatever its chunks add up to.

        A view of several runs, as `watch` makes them, has the value of the outermost one that began
        last; ``trace.output(run)`` has each. None where nothing has come yet.
        """
        return self._job.value

    @property
    def text(self) -> str:
        """The text received so far: what the run has streamed or given.

        An agent or a chain that was invoked, and streamed nothing itself, has the texts of the
        models in it; a view of several runs has the text of each. They are as the page shows them,
        with a blank line between two.
        """
        return self._job.text

    @property
    def status(self) -> Status:
        """``"waiting"``, ``"streaming"``, ``"done"``, ``"stopped"`` or ``"failed"``."""
        return self._job.status

    @property
    def metrics(self) -> Metrics:
        """The metrics so far, in seconds: first token, gaps, rate, usage; see `Metrics`.

        Of several runs, they are what those add up to.
        """
        return measure(self.trace)

    def stop(self) -> None:
        """Stop the run, as the page's button does; the text received so far is kept.

        It may be called from any thread, also while the run's own is busy.
        """
        self._job.stop()

    def result(self, timeout: float | None = None) -> Any:
        """Wait until the run is over, and return what it gave, as ``value`` does.

        ``await`` does the same in async code. Stopped, it returns the text received so far.

        Parameters
        ----------
        timeout
            Seconds to wait at most; by default as long as it takes.

        Raises
        ------
        TimeoutError
            If it takes longer; the run goes on.
        KeyboardInterrupt
            If the wait is interrupted, which stops the run.
        Exception
            What the run raised.
        """
        self._job.result(timeout)
        return self.value

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait without blocking; cancelled, the run is stopped. See `result`."""
        yield from self._job.__await__()
        return self.value
