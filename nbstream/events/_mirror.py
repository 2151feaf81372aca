"""A log inside a log: what a view's own log is told, the one around it is told, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._log import Log
    from ._types import Event, Run

__all__ = ["Mirror"]


class Mirror:
    """Listens to one log and writes the same runs and events to another.

    Parameters
    ----------
    target
        The log that is written to.
    parent
        The run there that the outermost runs become part of.

    Examples
    --------
    >>> from nbstream import Trace
    >>> inner, outer = Trace(), Trace()
    >>> leave = inner.subscribe(Mirror(outer, outer.start("around")))
    >>> run = inner.start("within")
    >>> [(run.name, run.parent and run.parent.name) for run in outer.runs]
    [('around', None), ('within', 'around')]
    """

    def __init__(self, target: Log, parent: Run | None) -> None:
        self._target = target
        self._parent = parent
        self._twins: dict[int, Run] = {}

    def __call__(self, event: Event) -> None:
        """Write one event."""
        run = event.run
        twin = self._twins.get(run.index)
        if twin is None:
            parent = self._twins.get(run.parent.index) if run.parent else None
            twin = self._twins[run.index] = self._target.add_run(
                id=run.id,
                name=run.name,
                run_type=run.run_type,
                input=event.data if event.kind == "start" else None,
                parent=parent or self._parent,
                tags=run.tags,
                metadata=run.metadata,
                model=run.model,
                streamed_input=run.streamed_input,
                _again=run._again,
            )
        self._target.log(event.kind, twin, event.data)
