"""A log for a run that nobody looks at: it keeps what the run's line needs, and no events."""

from __future__ import annotations

import uuid
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any

from .._exceptions import Stopped
from ..events._log import OVER, Log
from ..events._types import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..events import EventKind, RunType

    Note = Callable[[EventKind, Run, Any, float], None]

__all__ = ["Quiet"]


_ID = str(uuid.uuid4())[:24]
"""How all ids begin: a random number for each run takes its time."""
_count = count()


class Quiet(Log):
    """Takes half as long as a `Trace` for what a run writes, which for a short one is the most.

    It is no log to read: it has runs, and no events.
    """

    def __init__(self) -> None:
        super().__init__()
        self._note: Note | None = None
        self._is_over = False

    def listen(self, note: Note) -> Callable[[], None]:
        """Call ``note`` with what would be the fields of each event; return what ends that."""
        self._note = note

        def leave() -> None:
            self._note = None

        return leave

    def start(
        self,
        name: str,
        run_type: RunType = "chain",
        input: Any = None,
        *,
        parent: Run | None = None,
        tags: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        run_id: str | None = None,
        model: str | None = None,
        streamed_input: list[Any] | None = None,
        again: tuple[Any, dict[str, Any]] | None = None,  # noqa: ARG002
    ) -> Run:
        """Note that a run begins."""
        parent = self.placed(parent)
        if self._is_stopped or (parent is not None and parent.index < self._stopped_below):
            raise Stopped
        return self.add_run(
            input=input,
            id=str(run_id) if run_id else "",
            name=name,
            run_type=run_type,
            parent=parent,
            tags=tags,
            metadata=metadata or {},
            model=model,
            streamed_input=streamed_input,
        )

    def add_run(self, *, input: Any, **values: Any) -> Run:
        """Note a run."""
        run = Run.__new__(Run)
        with self._lock:
            index = len(self.runs)
            # Field by field, a frozen dataclass takes ten times as long.
            run.__dict__.update(values, index=index)
            if not values["id"]:
                run.__dict__["id"] = f"{_ID}{next(_count):012x}"
            self.runs.append(run)
            self._inputs.append(input)
            self._chunks.append([])
        return run

    def log(
        self, kind: EventKind, run: Run, data: Any = None, *, time: float | None = None
    ) -> None:
        """Note what happens, where a line shows it."""
        if run.run_type == "chat_model" and not self._is_over:
            if kind == "chunk":
                self._chunks[run.index].append(data)
            elif kind == "end" and data is not None:
                self._outputs[run.index] = data
            if self._note is not None:
                now = perf_counter() - self._origin if time is None else time
                self._note(kind, run, data, now)
            if kind in OVER:
                self._chunks[run.index] = []
        if kind == "chunk" and run.index < self._stopped_below:
            raise Stopped

    def cut(self, run: Run | None = None) -> None:
        """Leave out what comes later."""
        if run is None:
            self._is_over = True
        else:
            self.log("cancelled", run)
