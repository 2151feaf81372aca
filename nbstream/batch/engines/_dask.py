"""Runs on a Dask cluster, whose tokens come back while they run.

A worker sends what is logged in stretches, by ``log_event``; what is left comes with the result.
The cluster decides where a run goes, and begins it again elsewhere where a worker is lost: its
stretches then have another ticket, and those of the old one do not count any more.
"""

from __future__ import annotations

import pickle
import threading
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from ..._exceptions import InputError, NbstreamError, SetupError, Stopped
from ..._shown import attempt, brief, named
from ..._threads import start_thread
from ...events import Trace
from .._apart import Received, packed
from ._on_worker import hold, run_on_worker

if TYPE_CHECKING:
    from .._apart import Outcome
    from .._attempt import Attempt
    from ._base import Work

__all__ = ["DaskEngine", "is_dask"]

PATIENCE = 5.0
"""Seconds for events that a result says there are, and which have not come."""


def is_dask(executor: Any) -> bool:
    """Tell whether something is a Dask client, or the executor of one."""
    return type(executor).__module__.partition(".")[0] == "distributed"


class DaskEngine:
    """Submits runs to a cluster, and listens to what its workers tell.

    Parameters
    ----------
    executor
        A ``Client``, or what its ``get_executor()`` returns. It stays open.
    chain
        What will run.

    Raises
    ------
    InputError
        If the client is not connected or is an asynchronous one, or the chain cannot be sent.
    SetupError
        If Dask's ``distributed`` is too old to tell events.
    """

    def __init__(self, executor: Any, chain: Any) -> None:
        client = self._client = getattr(executor, "_client", executor)
        if not hasattr(client, "subscribe_topic"):
            if hasattr(client, "submit"):
                raise SetupError(
                    'Tokens come from a Dask of 2024 or newer: pip install "nbstream[dask]".'
                )
            raise InputError(f"executor= takes a Dask Client, not {brief(executor)}.")
        if client.asynchronous:
            raise InputError(
                "An asynchronous Client cannot be waited for here. Pass a plain one: Client(…)."
            )
        if client.status != "running":
            raise InputError(
                f"The Dask client is {client.status}: the cluster is gone. Connect again: "
                "Client(…), and pass that."
            )
        self._data = packed(chain)
        # Twice as many as run at a time: a worker need not wait for its next one.
        self.room = 2 * max(1, sum(client.nthreads().values()))
        self._topic = f"nbstream-{uuid.uuid4().hex}"
        self._lock = threading.RLock()
        self._remotes: dict[str, _Remote] = {}
        self._chain: Any = None
        self._work: Work | None = None

    def start(self, work: Work) -> None:
        """Begin to submit."""
        if self._work is None:
            self._client.subscribe_topic(self._topic, self._heard)
            # A result and not scattered data: a worker that is lost takes no chain with it.
            self._chain = self._client.submit(hold, self._data, pure=False)
        self._work = work
        start_thread(partial(self._feed, work), "nbstream-batch")

    def _feed(self, work: Work) -> None:
        while (attempt := work.take()) is not None:
            name = f"nbstream-run-{attempt.line.index}-{uuid.uuid4().hex[:12]}"
            remote = _Remote(attempt)
            with self._lock:
                self._remotes[name] = remote
            try:
                future = remote.future = self._client.submit(
                    run_on_worker,
                    self._chain,
                    attempt.input,
                    work.config,
                    self._topic,
                    name,
                    key=name,
                    priority=-attempt.line.index,
                    pure=False,
                )
                future.add_done_callback(partial(self._done, work, name))
            except Exception as error:
                self._lose(work, name, error)
        work.finish()

    def _heard(self, event: tuple[float, dict[str, Any]]) -> None:
        """Take a stretch of a run's events; in the client's own thread."""
        said = event[1]
        with self._lock:
            remote = self._remotes.get(said["run"])
            if remote is None or self._work is None:
                return
            if not remote.belongs(said["ticket"], said["place"], self._work):
                return
            remote.received.take(said["lines"])
            if said["end"] is not None:
                remote.outcome = pickle.loads(said["end"])  # noqa: S301  # the user's own cluster
            self._finish(self._work, said["run"])

    def _done(self, work: Work, name: str, future: Any) -> None:
        """Note that a task has ended; in Dask's thread for that."""
        if future.status != "finished":
            error = None
            if future.status == "error":
                error = attempt(future.exception, lambda: None)
            self._lose(work, name, error)
        elif name in self._remotes:
            # What it came to was too long for a message, or that is late.
            self._fetch(work, name, future)

    def _fetch(self, work: Work, name: str, future: Any) -> None:
        try:
            ticket, outcome = future.result()
        except Exception as error:
            self._lose(work, name, error)
            return
        with self._lock:
            if (remote := self._remotes.get(name)) is None:
                return
            remote.belongs(ticket, outcome.worker, work)
            remote.outcome = outcome
            if not self._finish(work, name):
                threading.Timer(PATIENCE, self._finish, (work, name, True)).start()

    def _finish(self, work: Work, name: str, is_late: bool = False) -> bool:
        """End a run whose result and events are all here."""
        with self._lock:
            remote = self._remotes.get(name)
            if remote is None or (outcome := remote.outcome) is None:
                return remote is None
            here = remote.received.count + (outcome.lines.count("\n") + 1 if outcome.lines else 0)
            if here < outcome.events and not is_late:
                return False
            del self._remotes[name]
            if here == outcome.events:
                remote.received.take(outcome.lines)
        work.ended(remote.attempt, outcome.output, outcome.error)
        return True

    def _lose(self, work: Work, name: str, error: BaseException | None) -> None:
        """End a run that gave no result."""
        with self._lock:
            remote = self._remotes.pop(name, None)
        if remote is None:
            return
        if remote.is_cancelled:
            work.ended(remote.attempt, error=Stopped())
        elif isinstance(error, ModuleNotFoundError) and str(error.name).startswith("nbstream"):
            gone = NbstreamError(
                "The workers of the cluster have no nbstream: install it there, in the same "
                "version, and call again."
            )
            work.ended(remote.attempt, error=gone)
            work.fail(gone)
        elif error is not None and self._client.status == "running":
            work.ended(remote.attempt, error=error)
        else:
            said = f": {named(error)[:200]}" if error is not None else ""
            gone = NbstreamError(
                f"The Dask cluster is gone{said}. Connect to one again and call again; with into= "
                "only what is missing runs."
            )
            work.ended(remote.attempt, error=gone)
            work.fail(gone)

    def cancel(self, attempt: Attempt) -> None:
        """Cancel its task; where it runs, it ends with its next chunk."""
        with self._lock:
            found = [one for one in self._remotes.items() if one[1].attempt is attempt]
        for name, remote in found:
            remote.is_cancelled = True
            if remote.future is not None and self._client.status == "running":
                remote.future.cancel()
            if self._work is not None:
                self._lose(self._work, name, None)

    def wake(self) -> None:
        """Do nothing: the thread that submits waits at the desk."""


class _Remote:
    """An attempt that is on the cluster."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.received = Received(attempt.trace)
        self.outcome: Outcome | None = None
        self.future: Any = None
        self.is_cancelled = False
        self._ticket = ""
        self._gone: set[str] = set()

    def belongs(self, ticket: str, worker: str, work: Work) -> bool:
        """Tell whether a stretch counts; one with a new ticket is of a run that begins (again)."""
        if ticket == self._ticket:
            return True
        if ticket in self._gone:
            return False
        if self._ticket:
            self._gone.add(self._ticket)
            self.attempt.trace = Trace()
        self._ticket = ticket
        self.received = Received(self.attempt.trace)
        work.began(self.attempt, worker)
        return True
