"""Functions that hear of one step's runs: how each begins and ends, and nothing inside."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .config import current_config

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ListenedRun", "Listeners"]


@dataclass
class ListenedRun:
    """A run as `Runnable.with_listeners` tells of it."""

    id: Any
    name: str
    run_type: str
    inputs: dict[str, Any]
    tags: list[str]
    metadata: dict[str, Any]
    parent_run_id: Any = None
    outputs: dict[str, Any] | None = None
    error: str | None = None
    start_time: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    end_time: datetime | None = None


class Listeners:
    """A callback handler that calls these functions with a step's own runs.

    Parameters
    ----------
    on_start, on_end, on_error
        Each gets the run, and the config where it takes two arguments; a coroutine is awaited.
    """

    def __init__(
        self,
        on_start: Callable[..., Any] | None,
        on_end: Callable[..., Any] | None,
        on_error: Callable[..., Any] | None,
    ) -> None:
        self._functions = {"start": on_start, "end": on_end, "error": on_error}
        self._runs: dict[Any, ListenedRun | None] = {}  # those under way; None for one inside

    def _start(self, kind: str, given: Any, known: dict[str, Any]) -> Any:
        run_id, parent = known["run_id"], known.get("parent_run_id")
        if parent in self._runs:
            self._runs[run_id] = None
            return None
        run = self._runs[run_id] = ListenedRun(
            run_id,
            known["name"],
            kind,
            _as_dict(given, "input"),
            known["tags"],
            known["metadata"],
            parent,
        )
        return self._call("start", run)

    def _over(self, what: str, told: Any, run_id: Any) -> Any:
        run = self._runs.pop(run_id, None)
        if run is None:
            return None
        run.end_time = datetime.now(timezone.utc)
        if what == "error":
            run.error = repr(told)
        else:
            run.outputs = _as_dict(told, "output")
        return self._call(what, run)

    def _call(self, what: str, run: ListenedRun) -> Any:
        function = self._functions[what]
        if function is None:
            return None
        takes_config = len(inspect.signature(function).parameters) > 1
        return function(run, current_config()) if takes_config else function(run)

    def on_chain_start(self, _: Any, inputs: Any, **known: Any) -> Any:
        """Begin a run of any kind that is no model, tool or retriever."""
        return self._start(known.get("run_type") or "chain", inputs, known)

    def on_chat_model_start(self, _: Any, messages: Any, **known: Any) -> Any:
        """Begin a model's."""
        return self._start("chat_model", {"messages": messages}, known)

    def on_tool_start(self, _: Any, text: Any, **known: Any) -> Any:
        """Begin a tool's."""
        return self._start("tool", known.get("inputs") or text, known)

    def on_retriever_start(self, _: Any, query: Any, **known: Any) -> Any:
        """Begin a retriever's."""
        return self._start("retriever", {"query": query}, known)

    def on_chain_end(self, told: Any, *, run_id: Any, **_: Any) -> Any:
        """End a run."""
        return self._over("end", told, run_id)

    def on_chain_error(self, told: Any, *, run_id: Any, **_: Any) -> Any:
        """End one that failed."""
        return self._over("error", told, run_id)

    on_llm_end = on_tool_end = on_retriever_end = on_chain_end
    on_llm_error = on_tool_error = on_retriever_error = on_chain_error


def _as_dict(value: Any, name: str) -> dict[str, Any]:
    return value if isinstance(value, dict) else {name: value}
