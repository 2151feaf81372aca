"""`Desk`: which run is next, and what has become of those that began. It runs nothing itself."""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from .._exceptions import Stopped
from ..events import Trace
from ..runnables import Runnable
from ._attempt import Attempt
from ._inputs import words_for
from ._limits import is_passing
from ._line import Line, Meter
from ._quiet import Quiet

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..events._scope import Scope
    from ._file import Reader, RunsFile
    from ._inputs import Inputs
    from ._limits import Limits
    from ._table import Table

__all__ = ["KEPT_TRACES", "Desk"]

_logger = logging.getLogger(__name__)

KEPT_TRACES = 64
"""Logs of runs that have ended that are kept; others while somebody holds them."""
FEW = 256
"""Of more inputs than that there are logs only where somebody looks at them: they cost more than
a short run."""
AHEAD = 1_000
"""Inputs of a list that get their lines at once, between two looks at the clock."""
FOREVER = 3_600.0


class Desk:
    """Hands out attempts and takes their outcomes, from any thread.

    Parameters
    ----------
    chain, config, around
        What runs, with which config, and the scope in which the batch was begun.
    inputs, table
        The inputs, and the lines that they get.
    limits
        What bounds the pace.
    room
        How many runs may be under way at a time.
    retries
        How often a run is tried again after an error that may pass.
    file
        Where runs that end are written, and which knows those that have ended before.
    """

    def __init__(
        self,
        chain: Any,
        config: Any,
        around: Scope | None,
        inputs: Inputs,
        table: Table,
        limits: Limits,
        room: int,
        retries: int,
        file: RunsFile | Reader | None,
    ) -> None:
        self.chain = chain
        self.config = config
        self.around = around
        self.inputs = inputs
        self.table = table
        self.limits = limits
        self.room = room
        self.running: dict[int, Attempt] = {}
        self.order: list[int] = []
        """Indices, in the order in which their runs ended."""
        self.is_paused = False
        self.is_stopping = False
        self.failure: BaseException | None = None
        """What the generator of inputs raised, or the file could not be written for."""
        self.when_over: list[Callable[[], None]] = []
        self.when_ended: list[Callable[[Line], None]] = []
        self.watchers: list[Callable[[], None]] = []
        """Called when a run has ended, and at the end of all."""
        self.wake_engine: Callable[[], None] = lambda: None
        self.restart: Callable[[], None] = lambda: None
        self._retries = retries
        self.file = file
        self._condition = threading.Condition(threading.Lock())
        self._waiting: deque[int] = deque()
        self._later: list[tuple[float, int]] = []  # tried again then
        self._is_drawn = False  # there are no more inputs
        self._is_drawing = False
        self._is_over = False
        self._is_finished = False  # the engine is done, and the desk not yet
        self._began: float | None = None
        self._ran = 0.0  # before it was last begun
        self._origin = time.perf_counter()
        self._is_asked = False
        self._recent: OrderedDict[int, Trace] = OrderedDict()
        self._held: WeakValueDictionary[int, Trace] = WeakValueDictionary()

    def now(self) -> float:
        """Return the seconds since the batch was made."""
        return time.perf_counter() - self._origin

    @property
    def elapsed(self) -> float:
        """Seconds in which it was running."""
        return self._ran + (0.0 if self._began is None else self.now() - self._began)

    # Which run is next

    def begin(self) -> None:
        """Let runs begin, again where they had ended."""
        with self._condition:
            self.is_stopping = self._is_over = self._is_finished = False
            self.limits.is_spent = False
            self.failure = None
            self._began = self.now()
        if self.inputs.total is not None and not self._is_drawn:
            # A view shows the whole list from the start.
            self._draw_all()

    def _draw_all(self) -> None:
        lines: list[Line] = []
        try:
            while True:
                lines.append(self._new(self.inputs.draw()))
                if len(lines) >= AHEAD:
                    self._add(lines)
                    lines = []
        except StopIteration:
            pass
        except Exception as error:  # of somebody's own kind of list
            self.failure = error
            self.inputs.total = len(self.inputs.drawn)
        self._add(lines)
        self._is_drawn = True

    def _add(self, lines: list[Line]) -> None:
        self.table.add(lines)
        self._waiting.extend(line.index for line in lines if line.status == "waiting")

    def _new(self, item: Any) -> Line:
        line = Line(len(self.inputs.drawn) - 1, input=words_for(item))
        if self.file is not None:
            self.file.prepare(line, item)
        return line

    def take(self) -> Attempt | None:
        """Wait until a run may begin, and return it; None where there is none any more."""
        while True:
            found = self.poll()
            if not isinstance(found, float):
                return found
            with self._condition:
                if not self._may_begin():
                    self._condition.wait(found)

    def poll(self) -> Attempt | float | None:
        """Return a run that may begin, None if there is none any more, or how long to wait."""
        with self._condition:
            if self.is_stopping:
                return None
            if self.is_paused or len(self.running) >= self.limits.room(self.room):
                return FOREVER
            now = self.now()
            if self._later and self._later[0][0] <= now:
                self._waiting.appendleft(heapq.heappop(self._later)[1])
            if not self._waiting and self._is_drawn:
                if self._later:
                    return self._later[0][0] - now
                return FOREVER if self.running else None
            if not self._waiting and self._is_drawing:
                return FOREVER
            if (seconds := self.limits.ask(len(self.running))) is None:
                return None  # the budget is used up: what waits goes on waiting
            if seconds > 0:
                return seconds
            if self._waiting:
                return self._attempt(self._waiting.popleft())
            self._is_drawing = True
        return self._draw()

    def _may_begin(self) -> bool:
        room = self.limits.room(self.room)
        return self.is_stopping or (
            bool(self._waiting) and not self.is_paused and len(self.running) < room
        )

    def _draw(self) -> Attempt | float | None:
        """Ask the generator, outside the lock: it is somebody's code, and may take its time."""
        line: Line | None = None
        failure: BaseException | None = None
        try:
            line = self._new(self.inputs.draw())
            self.table.add([line])
        except StopIteration:
            pass
        except BaseException as error:
            failure = error
        with self._condition:
            self._is_drawing = False
            if line is None:
                self._is_drawn = True
                self.inputs.total = len(self.table)
                self.failure = self.failure or failure
            if line is not None and line.status == "waiting":
                if not self.is_stopping:
                    attempt = self._attempt(line.index)
                    self._wake()
                    return attempt
                self._waiting.append(line.index)
            self._wake()
        return 0.0

    def _attempt(self, index: int) -> Attempt:
        line = self.table[index]
        self.limits.begin(index)
        attempt = Attempt(line, self.inputs.drawn[index], self._log())
        self.running[index] = attempt
        return attempt

    def _log(self) -> Trace | Quiet:
        """Return the log for a run: one that can be read, where somebody may want to."""
        is_alone = self.around is None or self.around.trace is None
        is_own = isinstance(self.chain, Runnable)
        if len(self.table) <= FEW or self.is_watched or not (is_alone and is_own):
            return Trace()
        return Quiet()

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks at the logs: a view, a file, whoever has asked for one."""
        return self._is_asked or self.file is not None or self.table.is_watched

    def _wake(self) -> None:
        self._condition.notify_all()
        self.wake_engine()

    # What becomes of it

    def began(self, attempt: Attempt, worker: str) -> None:
        """Note that a try begins, or begins again elsewhere."""
        line = attempt.line
        now = self.now()
        attempt.leave()
        attempt.meter = Meter(line, attempt.trace, now, self.table.changed)
        trace = attempt.trace
        if isinstance(trace, Quiet):
            attempt.leave = trace.listen(attempt.meter.note)
        else:
            attempt.leave = trace.subscribe(attempt.meter)
        if isinstance(trace, Trace):
            self._held[line.index] = trace
        line.begin(now, worker)
        self.table.move(line, "running")

    def ended(
        self, attempt: Attempt, output: Any = None, error: BaseException | None = None
    ) -> bool:
        """Take an outcome; return whether it counts, as only the first one of a try does."""
        line = attempt.line
        if not attempt.claim():
            return False
        # The log's times are on a clock of its own, which may be a few microseconds off.
        now = line.ended = max(self.now(), line.first or 0.0)
        if attempt.meter is not None:
            attempt.meter.end()
            attempt.leave()
            attempt.meter = None
        if error is not None and not isinstance(error, Stopped) and not self.is_stopping:
            with self._condition:
                seconds = self.limits.failed(error, line)
            if line.tries <= self._retries and is_passing(error):
                self._again(attempt, error, now + (seconds or self.limits.pause(line.tries)))
                return True
        line.output, line.error = output, error
        if isinstance(error, Stopped):
            line.error = None
            self._over(attempt, "stopped")
        elif error is not None:
            self._over(attempt, "failed")
        else:
            if line.first is None:
                line.first = now
            if not line.text:
                line.text = words_for(output)
            elif type(output) is str and output == line.text:
                line.text = output  # one text, and not two that are equal
            self._over(attempt, "done")
        return True

    def _again(self, attempt: Attempt, error: BaseException, at: float) -> None:
        line = attempt.line
        line.error = error
        with self._condition:
            self.table.move(line, "stopped" if self.is_stopping else "waiting")
            self.limits.ended(line)
            self.running.pop(line.index, None)
            if not self.is_stopping:
                heapq.heappush(self._later, (at, line.index))
            self._wake()
        if self._is_finished:
            self.finish()

    def _over(self, attempt: Attempt, status: Any) -> None:
        line = attempt.line
        if self.file is not None and status != "stopped":
            try:
                self.file.write(line, status, attempt.input, attempt.trace)
            except Exception as error:  # no room on the disk: what comes would be lost
                self.fail(error)
        self.table.move(line, status)
        for callback in self.when_ended:
            try:
                callback(line)
            except Exception:
                _logger.exception("What was to be called at the end of a run failed.")
        with self._condition:
            wrong = self.limits.ended(line)
            if isinstance(attempt.trace, Trace):
                self._recent[line.index] = attempt.trace
                self._recent.move_to_end(line.index)
                if len(self._recent) > KEPT_TRACES:
                    self._recent.popitem(last=False)
            self.running.pop(line.index, None)
            self.order.append(line.index)
            self._wake()
        if wrong is not None:
            self.fail(wrong)
        self._tell()
        if self._is_finished:
            self.finish()

    def fail(self, error: BaseException) -> None:
        """Let nothing begin any more, and the error be raised by whoever waits."""
        self.failure = self.failure or error
        with self._condition:
            self.is_stopping = True
            self._wake()

    def _tell(self) -> None:
        for watcher in [*self.watchers]:
            watcher()

    def finish(self) -> None:
        """Note that the engine has nothing to do; where it has again, start it again."""
        with self._condition:
            if self._is_over:
                return
            self._is_finished = bool(self.running)  # stopped: it is over when those have ended
            if self._is_finished:
                return
            is_left = bool(self._waiting or self._later or self.running) or not self._is_drawn
            if is_left and not self.is_stopping and not self.limits.is_spent:
                restart = self.restart
            else:
                restart = None
                self._is_over = True
                self._ran, self._began = self.elapsed, None
                self._condition.notify_all()
        if restart is not None:
            restart()
            return
        for callback in [*self.when_over]:
            callback()
        self._tell()

    # What people do

    def pause(self, is_paused: bool) -> None:
        """Let nothing begin, or let it again."""
        with self._condition:
            self.is_paused = is_paused
            self._wake()
        self.table.wake()

    def stop(self) -> list[Attempt]:
        """Let nothing begin any more; return what runs."""
        with self._condition:
            self.is_stopping = True
            self.is_paused = False
            left = [*self._waiting, *(index for _, index in self._later)]
            self._waiting.clear()
            self._later.clear()
            running = [*self.running.values()]
            self._wake()
        for index in left:
            self.table.move(self.table[index], "stopped")
        return running

    def drop(self, index: int) -> list[Attempt]:
        """Stop one line: one that waits is stopped here, one that runs is returned."""
        with self._condition:
            if (attempt := self.running.get(index)) is not None:
                return [attempt]
            self._later = [one for one in self._later if one[1] != index]
            heapq.heapify(self._later)
            if index in self._waiting:
                self._waiting.remove(index)
            self._wake()
        if self.table[index].status == "waiting":
            self.table.move(self.table[index], "stopped")
        return []

    def again(self, lines: list[Line]) -> None:
        """Let lines that have ended wait again."""
        for line in lines:
            line.tries = 0
            line.ended = None
            self.table.move(line, "waiting")
        with self._condition:
            again = {line.index for line in lines}
            self.order = [index for index in self.order if index not in again]
            self._waiting.extend(line.index for line in lines)
            self._wake()

    def wait_for(self, look: Callable[[], bool], timeout: float | None = None) -> bool:
        """Wait until something is so, which is looked at each time that a run has ended."""
        with self._condition:
            return self._condition.wait_for(look, timeout)

    @property
    def is_over(self) -> bool:
        """Whether nothing runs, and nothing will unless it is begun again."""
        return self._is_over

    def trace(self, index: int) -> Trace | None:
        """Return the log of a run, where it is still in memory."""
        self._is_asked = True
        with self._condition:
            attempt = self.running.get(index)
            if attempt is not None and isinstance(attempt.trace, Trace):
                return attempt.trace
            return self._recent.get(index) or self._held.get(index)
