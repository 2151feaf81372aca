"""A run as a conversation: what was asked, and turn by turn what was thought, said and called.

``js/src/reading/entries.ts`` is its twin. Texts are not copied: an entry names the run and the
stretch of its chunks, so that the work does not grow with them.
"""

from __future__ import annotations

import json
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Union

from ..messages._endings import ending_of
from ._asked import prompts_of, results_of
from ._parts import images_in, parts_of, text_call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._asked import Prompt
    from ._parts import Call, Part, Source
    from ._state import RunState

__all__ = ["Entry", "Turn", "entries", "is_conversation"]

MAX_DEPTH = 5
"""Calls inside calls that are shown inside of these; what lies deeper is beside them."""

MAX_ALIKE = 16
"""Calls of one tool, at most, among which the one is looked for that has a run's arguments."""

_TOOLS = ("tool", "retriever")


class Turn(TypedDict):
    """What one run said: a model or, where it has no model inside, an outermost run."""

    kind: Literal["turn"]
    run: int
    parts: list[Part]
    sources: list[Source]
    note: str | None
    """Why it ended before its time."""
    error: bool
    """Whether its error is told here."""


Entry = Union["Prompt", Turn, "Call"]


def is_conversation(runs: Sequence[RunState]) -> bool:
    """Tell whether there is more to read than one answer's text.

    That is: more than one model or tool call, a model that cites or has used a tool at its
    provider's end, or one inside a chain that thought or called.
    """
    calls = 0
    is_told: list[bool] = []
    for run in runs:
        parent = run["parent"]
        is_model = run["type"] == "chat_model"
        is_inside = parent is not None and is_told[parent]
        is_told.append(is_model or is_inside)
        # A branch is another answer to what was asked before, and no further call.
        is_branch = parent is None and isinstance(run["metadata"].get("branch"), dict)
        if (is_model and not (is_inside or is_branch)) or run["type"] == "tool":
            calls += 1
        tells = run["blocks"] or (parent is not None and run["asides"])
        if calls > 1 or (is_model and tells):
            return True
    return False


def entries(runs: Sequence[RunState]) -> list[Entry]:
    """Return what there is to read of a log, in order.

    Each outermost run has its prompt, then the turns of the models in it, each with its calls and,
    in these, what the tools gave; then what the run adds to that. A tool's result is found by its
    call's id or, without one, by its name and place.
    """
    return _Reading(runs).read()


class _Reading:
    def __init__(self, runs: Sequence[RunState]) -> None:
        self.runs = runs
        self.tops: dict[int, list[Entry]] = {}  # by outermost run
        self.models: dict[int, list[int]] = {}  # those that have a turn, by outermost run
        self.first: dict[int, int] = {}  # the first model inside an outermost run
        self.errors: dict[int, set[tuple[str, str]]] = {}  # told inside an outermost run
        self.roots: list[int] = []  # of each run
        self.homes: list[list[Entry]] = []  # where what lies in a run goes
        self.calls: list[Call | None] = []  # the call that a run lies in
        self.depths: list[int] = []
        self.told: list[bool] = []  # whether a run is, or lies in, a model that has a turn
        self.all: list[Call] = []
        self.askers: dict[str, int] = {}  # who was the first to ask for a call, by its id
        self.open: dict[tuple[int, str], deque[Call]] = {}  # calls without a run
        self.turns: list[Turn] = []

    def read(self) -> list[Entry]:
        outer = _with_models_inside(self.runs)
        for at, run in enumerate(self.runs):
            self._enter(at, run)
            if run["type"] in _TOOLS:
                self._tool(at, run)
            elif run["type"] == "chat_model" and not self.told[at]:
                self.first.setdefault(self.roots[at], at)
                if at not in outer or _says(run):
                    self.told[at] = True
                    self.models[self.roots[at]].append(at)
                    self.homes[at].append(self._turn(at, run))
                    self._note_error(at, run)
            call = self.calls[at]
            if run["customs"] and call is not None:
                call["tells"].append(at)
        for root in self.tops:
            self._root(root)
        self._results()
        self._notes()
        return [entry for top in self.tops.values() for entry in top]

    def _enter(self, at: int, run: RunState) -> None:
        parent = run["parent"]
        if parent is None:
            self.roots.append(at)
            self.tops[at] = []
            self.models[at] = []
            self.errors[at] = set()
            self.homes.append(self.tops[at])
            self.calls.append(None)
            self.depths.append(0)
            self.told.append(False)
        else:
            self.roots.append(self.roots[parent])
            self.homes.append(self.homes[parent])
            self.calls.append(self.calls[parent])
            self.depths.append(self.depths[parent])
            self.told.append(self.told[parent])

    def _tool(self, at: int, run: RunState) -> None:
        call = self._asked_for(run)
        if call is None:
            call = text_call(run)
            self.homes[at].append(call)
        call["tool"] = at
        gave = run["output"]
        call["images"] = images_in(gave.get("content") if isinstance(gave, dict) else gave)
        self._note_error(at, run)
        self.calls[at] = call
        self.told[at] = False
        self.depths[at] += 1
        if self.depths[at] <= MAX_DEPTH:
            self.homes[at] = call["inside"]

    def _asked_for(self, run: RunState) -> Call | None:
        """Return the call that a tool's run answers, which is then no longer open."""
        found = None
        if call_id := _call_id(run):
            found = self._take(-2, call_id)
        parent = run["parent"]
        scope = None if parent is None else self.calls[parent]
        return found or self._take(-1 if scope is None else _scope(scope), run["name"], run)

    def _take(self, scope: int, key: str, run: RunState | None = None) -> Call | None:
        waiting = self.open.get((scope, key))
        # One is under its id and under its name.
        while waiting and waiting[0]["tool"] is not None:
            waiting.popleft()
        if not waiting:
            return None
        if run is not None and len(waiting) > 1:
            # Of several calls of one tool it is the one with these arguments.
            for at, call in enumerate(islice(waiting, MAX_ALIKE)):
                if call["tool"] is None and self._arguments(call) == _given(run):
                    del waiting[at]
                    return call
        return waiting.popleft()

    def _arguments(self, call: Call) -> Any:
        if call["model"] is None or call["aside"] is None:
            return None
        written = "".join(self.runs[call["model"]]["asides"][call["aside"]]["pieces"])
        try:
            return json.loads(written)
        except (ValueError, RecursionError):
            return None  # not all of it

    def _turn(self, at: int, run: RunState, *, is_silent: bool = False) -> Turn:
        parts, sources = ([], []) if is_silent else parts_of(at, run)
        turn: Turn = {
            "kind": "turn",
            "run": at,
            "parts": parts,
            "sources": sources,
            "note": None,
            "error": run["error"] is not None,
        }
        self.turns.append(turn)
        scope = self.calls[at]
        for part in parts:
            if part["kind"] == "call":
                self.all.append(part)
                if part["id"]:
                    self.open.setdefault((-2, part["id"]), deque()).append(part)
                    self.askers.setdefault(part["id"], at)
                place = -1 if scope is None else _scope(scope)
                self.open.setdefault((place, part["name"]), deque()).append(part)
        return turn

    def _note_error(self, at: int, run: RunState) -> None:
        if error := run["error"]:
            self.errors[self.roots[at]].add((error["type"], error["message"]))

    def _root(self, at: int) -> None:
        """Put the prompt before what lies in an outermost run, and behind it what it adds."""
        run = self.runs[at]
        if run["type"] in _TOOLS:
            return
        inside = self.tops[at]
        first = self.first.get(at)
        is_first = next(iter(self.tops)) == at
        asked = prompts_of(at, run, None if first is None else (first, self.runs[first]), is_first)
        adds = not self.told[at] and self._adds(at, run)
        if adds or self._is_own(at, run):
            turn = self._turn(at, run, is_silent=not adds)
            turn["parts"] = [
                part
                for part in turn["parts"]
                if part["kind"] != "call" or not part["id"] or self.askers[part["id"]] == at
            ]
            turn["error"] = self._is_own(at, run)
            inside.append(turn)
        inside[:0] = asked

    def _is_own(self, at: int, run: RunState) -> bool:
        error = run["error"]
        return error is not None and (error["type"], error["message"]) not in self.errors[at]

    def _adds(self, at: int, run: RunState) -> bool:
        """Tell whether an outermost run has more to say than what lies in it."""
        if not self.tops[at]:
            return True
        models = [self.runs[one] for one in self.models[at]]
        if run["values"] or not run["texts"]:
            return False  # a value, which the timeline has
        if run["at_once"] and not _is_text(run["output"]):
            return False
        if not models:
            return True
        if run["end"] is None:
            # What it passes on has been said before, but for the space between two answers.
            said = sum(len(text) for model in models for text in model["texts"])
            return sum(map(len, run["texts"])) > said + 4 * len(models)
        own = _squeezed(run)
        said_by = [_squeezed(model) for model in models]
        whole = "".join(said_by)
        return own not in (*said_by, whole) and (run["status"] == "done" or own not in whole)

    def _results(self) -> None:
        """Take what tools gave that were run outside the log, from what the next model was sent."""
        waiting: dict[str, deque[Call]] = {}
        for call in self.all:
            if call["tool"] is None and call["id"]:
                waiting.setdefault(call["id"], deque()).append(call)
        if not waiting:
            return
        for run in self.runs:
            if run["type"] != "chat_model":
                continue
            for call_id, text, has_failed in results_of(run["input"]):
                if calls := waiting.get(call_id):
                    calls[0]["result"] = text
                    calls.popleft()["failed"] = has_failed

    def _notes(self) -> None:
        last = len(self.turns) - 1
        for at, turn in enumerate(self.turns):
            if any(model != turn["run"] for model in self.models.get(turn["run"], ())):
                continue  # the models inside have said why
            stop = self.runs[turn["run"]]["stop"]
            # A pause that was followed by an answer is over.
            turn["note"] = ending_of([stop]) if stop != "pause_turn" or at == last else None


def _with_models_inside(runs: Sequence[RunState]) -> set[int]:
    """Return the models that have another one inside: a library's, with its request."""
    above: list[int | None] = []
    found: set[int] = set()
    for run in runs:
        parent = run["parent"]
        model = None
        if parent is not None:
            model = parent if runs[parent]["type"] == "chat_model" else above[parent]
            if runs[parent]["type"] in _TOOLS:
                model = None
        above.append(model)
        if model is not None and run["type"] == "chat_model":
            found.add(model)
    return found


def _says(run: RunState) -> bool:
    return bool(run["texts"] or run["asides"] or run["blocks"] or run["error"])


def _is_text(output: Any) -> bool:
    return isinstance(output, str) or (isinstance(output, dict) and "content" in output)


def _squeezed(run: RunState) -> str:
    return "".join(run["texts"]).translate(_SPACES)


_SPACES = dict.fromkeys(map(ord, " \t\r\n"))


def _given(run: RunState) -> Any:
    """Return a tool's arguments."""
    given = run["input"]
    return given["args"] if _is_call(given) else given


def _is_call(given: Any) -> bool:
    return isinstance(given, dict) and "args" in given and "name" in given


def _call_id(run: RunState) -> str | None:
    """Return the id of the call that a tool answers, as far as its run tells."""
    given, gave, noted = run["input"], run["output"], run["metadata"]
    for value, key in ((given if _is_call(given) else None, "id"), (gave, "tool_call_id")):
        if isinstance(value, dict) and isinstance(value.get(key), str):
            return str(value[key])
    found = noted.get("tool_call_id")
    return found if isinstance(found, str) else None


def _scope(call: Call) -> int:
    return -1 if call["tool"] is None else call["tool"]
