"""`Steps`: the runs inside a foreign stream, as its events tell of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..events._plain import text_of

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ..events import Run
    from ..events._log import Log
    from ..messages import AIMessageChunk

__all__ = ["Steps"]


class Steps:
    """Writes model calls, tools and agents into a stream's own run.

    What that run itself says is taken with `take`: what was given to it, and the texts of the
    models inside it, one answer after the other, as a chain says what its model does.

    Parameters
    ----------
    log
        The log.
    root
        The stream's own run.
    """

    def __init__(self, log: Log, root: Run) -> None:
        self._log = log
        self._root = root
        self._agents: dict[tuple[str, ...], Run] = {(): root}
        self._at: tuple[str, ...] = ()
        self._models: dict[Hashable, Run] = {}
        self._whole: set[Hashable] = set()  # models that have said why they stopped
        self._tools: dict[Hashable, Run] = {}
        # What the models asked of the tools, for streams that do not say it again.
        self._asked: dict[Hashable, list[str]] = {}
        self._asking: dict[Hashable, list[str]] = {}
        self._out: list[Any] = []
        self._speaker: Run | None = None  # whose text came last
        self.output: Any = None
        """What the stream's run gave in the end, where that is not the sum of its chunks."""

    def give(self, chunk: Any) -> None:
        """Add to what the stream itself says; None adds nothing."""
        if chunk is not None:
            self._out.append(chunk)

    def take(self) -> list[Any]:
        """Return what the stream has said since this was last asked."""
        out, self._out = self._out, []
        return out

    def say(
        self,
        chunk: AIMessageChunk | None,
        *,
        key: Hashable = None,
        name: str = "model",
        model: str | None = None,
        path: tuple[str, ...] | None = None,
    ) -> None:
        """Add to a model's answer; a key that is new begins one."""
        if chunk is None:
            return
        run = self._models.get(key)
        if run is None:
            self.end_models(only_whole=True)
            run = self._start(name, "chat_model", None, path, model=model)
            self._models[key] = run
        self._log.log("chunk", run, chunk)
        if chunk.response_metadata.get("stop_reason"):
            self._whole.add(key)
        for piece in chunk.tool_call_chunks:
            place = (key, piece["index"])
            if piece["id"]:
                self._asked[piece["id"]] = self._asking[place] = []
            if place in self._asking:
                self._asking[place].append(piece["args"] or "")
        self.echo(chunk, run)

    def echo(self, chunk: Any, run: Run) -> None:
        """Let the stream itself say the text of a run inside it."""
        if text := text_of(chunk):
            if self._speaker not in (None, run):
                text = f"\n\n{text}"
            self._speaker = run
            self._out.append(text)

    def end_models(self, *, only_whole: bool = False) -> None:
        """Note that the models have said all, or those that have said why they stopped."""
        for key in [key for key in self._models if not only_whole or key in self._whole]:
            self._whole.discard(key)
            self._log.log("end", self._models.pop(key))

    def call(
        self, id: Hashable, name: str | None, args: Any, *, path: tuple[str, ...] | None = None
    ) -> None:
        """Note that a tool begins, unless it has."""
        self.end_models()
        if id not in self._tools:
            self._tools[id] = self._start(name or "tool", "tool", _parsed(args), path)

    def result(
        self, id: Hashable, output: Any, name: str | None = None, *, failed: bool = False
    ) -> None:
        """Note what a tool gave."""
        self.call(id, name, "".join(self._asked.get(id, ())))
        run = self._tools.pop(id)
        if failed:
            self._log.fail(run, RuntimeError(str(output)))
        else:
            self._log.log("end", run, "" if output is None else output)

    def agent(self, *path: str) -> None:
        """Note which agent is at work, as the path of its name and of those around it."""
        if path == self._at:
            return
        self.end_models()
        for other in [other for other in reversed(self._agents) if other != path[: len(other)]]:
            self._log.log("end", self._agents.pop(other))
        self._run_at(path)
        self._at = path

    def note(self, name: str, data: Any) -> None:
        """Log an event that is none of the above."""
        self._log.log("custom", self._run_at(self._at), (name, data))

    def close(self, error: BaseException | None = None) -> None:
        """End what is open; early, where the stream did."""
        runs = [*self._agents.values(), *self._models.values(), *self._tools.values()]
        self._agents, self._models, self._tools = {(): self._root}, {}, {}
        for run in reversed(runs):
            if run is self._root:
                continue
            if error is None:
                self._log.log("end", run)
            else:
                self._log.fail(run, error)

    def _start(
        self,
        name: str,
        kind: Any,
        input: Any,
        path: tuple[str, ...] | None,
        model: str | None = None,
    ) -> Run:
        parent = self._run_at(self._at if path is None else path)
        return self._log.start(name, kind, input, parent=parent, model=model)

    def _run_at(self, path: tuple[str, ...]) -> Run:
        if path not in self._agents:
            parent = self._run_at(path[:-1])
            # LangGraph's names end in an id.
            name = path[-1].partition(":")[0]
            self._agents[path] = self._log.start(name, "chain", None, parent=parent)
        return self._agents[path]


def _parsed(args: Any) -> Any:
    if not isinstance(args, str):
        return args
    try:
        return json.loads(args or "{}")
    except ValueError:
        return args
