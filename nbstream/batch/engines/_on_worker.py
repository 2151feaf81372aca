"""What a Dask worker does: it runs a chain, and tells what is logged while it runs."""

from __future__ import annotations

import importlib
import pickle
import threading
import uuid
from typing import TYPE_CHECKING, Any

from ..._threads import start_thread
from ...events import Trace
from .._apart import Recorder, run_apart, unpacked, worker_name

if TYPE_CHECKING:
    from .._apart import Outcome

__all__ = ["hold", "run_on_worker"]

PACE = 0.03
"""Seconds between two stretches of a run."""
STRETCH = 64_000
"""Characters of a stretch."""
SHORT = 32_000
"""Bytes of an outcome that is sent at once: the scheduler keeps the last thousand messages."""


def hold(data: bytes) -> bytes:
    """Return a chain as it was sent: so each worker gets it once."""
    return data


def run_on_worker(
    data: bytes, input: Any, config: Any, topic: str, name: str
) -> tuple[str, Outcome]:
    """Run a chain; return the ticket of its events, and what it came to."""
    worker = importlib.import_module("distributed").get_worker()
    trace = Trace()
    sender = _Sender(worker, topic, name, trace)
    _teller.add(sender)
    try:
        outcome = run_apart(unpacked(data), input, config, trace, sender.recorder)
    finally:
        _teller.drop(sender)
    sender.end(outcome)
    return sender.ticket, outcome


class _Sender:
    """Sends the events of one run."""

    def __init__(self, worker: Any, topic: str, name: str, trace: Trace) -> None:
        self.ticket = uuid.uuid4().hex
        self.recorder = Recorder(trace)
        self._worker = worker
        self._topic = topic
        self._name = name
        self._trace = trace

    def send(self) -> None:
        """Send what is new; where nobody waits for the run any more, let it end."""
        if lines := self.recorder.taken(STRETCH):
            self._say(lines, None)
        task = self._worker.state.tasks.get(self._name)
        if task is None or task.state == "cancelled":
            self._trace.stop()

    def end(self, outcome: Outcome) -> None:
        """Send what the run came to, where that is short: nobody need ask for it then."""
        data = pickle.dumps(outcome)
        if len(data) <= SHORT:
            self._say("", data)

    def _say(self, lines: str, end: bytes | None) -> None:
        # Not "worker": Dask puts an address of its own there.
        said = {"run": self._name, "ticket": self.ticket, "place": worker_name()}
        self._worker.log_event(self._topic, {**said, "lines": lines, "end": end})


class _Teller:
    """The one thread of a worker that sends, while something runs there."""

    def __init__(self) -> None:
        self._senders: list[_Sender] = []
        self._changed = threading.Condition()
        self._is_running = False

    def add(self, sender: _Sender) -> None:
        with self._changed:
            self._senders.append(sender)
            if not self._is_running:
                self._is_running = start_thread(self._serve, "nbstream-tell") is not None

    def drop(self, sender: _Sender) -> None:
        """Send nothing of it any more; what it was sending has gone out when this returns."""
        with self._changed:
            self._senders.remove(sender)

    def _serve(self) -> None:
        while True:
            with self._changed:
                if not self._senders:
                    self._is_running = False
                    return
                for sender in self._senders:
                    sender.send()
            # Outside the lock: runs begin and end meanwhile
            _pause.wait(PACE)


_pause = threading.Event()
_teller = _Teller()
