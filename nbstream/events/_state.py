"""The view state: what frames add up to. ``js/src/state.ts`` is its twin.

Both fold the same frames into the same state, as the fixtures in ``tests/fixtures/protocol``
prove. The state belongs to the fold, which extends it in place: a copy for each frame would make
a long stream's work grow with its square.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

from ._blocks import dicts, note_blocks, to_json
from ._metrics import Cost, Measured, count_usage, metrics_of, read_cost

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._metrics import Metrics

__all__ = [
    "Aside",
    "Block",
    "Custom",
    "RunState",
    "Status",
    "ViewState",
    "apply",
    "initial",
    "metrics",
    "status",
    "status_of",
]

Status = Literal["waiting", "streaming", "done", "stopped", "failed"]


class Aside(TypedDict):
    """What a message holds beside its text: thinking, or a call of a tool."""

    kind: Literal["thinking", "tool_call"]
    at: int
    """How many texts came before it."""
    index: int | str | None
    """Tells calls that are written at the same time apart."""
    name: str | None
    id: str | None
    """The call's, by which its result knows it."""
    pieces: list[str]
    """The thought, or the arguments' JSON."""


class Block(TypedDict):
    """A content block that is neither text, thinking nor a call of a tool on this side."""

    kind: Literal["citation", "image", "server"]
    at: int
    """How many texts came before it."""
    after: int
    """How many asides came before it."""
    index: int | str | None
    block: dict[str, Any]


class Custom(TypedDict):
    """What a step said of itself while it ran."""

    time: float
    name: str
    data: Any


class RunState(TypedDict):
    """One run. Times are milliseconds since the log began."""

    id: str
    parent: int | None
    type: str
    name: str
    model: str | None
    tags: list[str]
    metadata: dict[str, Any]
    input: Any
    status: Literal["running", "done", "stopped", "failed"]
    start: float
    end: float | None
    texts: list[str]
    times: list[float]
    at_once: bool
    """Whether its one text is its output, which came at its end."""
    asides: list[Aside]
    blocks: list[Block]
    customs: list[Custom]
    values: bool
    """Whether a chunk was a value, neither a text nor a message."""
    logprobs: dict[str, list[list[Any]]]
    """The odds of its tokens, by the text's place, where the model told them: see `_odds`."""
    usage: dict[str, int] | None
    cost: list[Any] | None
    """In US dollars, and by whose prices."""
    stop: str | None
    output: Any
    """What the end said of it; None where it is the texts."""
    error: dict[str, str] | None


class ViewState(TypedDict):
    """All runs, in the order they began, and the number of the event that comes next."""

    next: int
    runs: list[RunState]


def initial() -> ViewState:
    """Return the state before any frame."""
    return {"next": 0, "runs": []}


def apply(state: ViewState, frame: dict[str, Any]) -> bool:
    """Fold a frame into the state; what it repeats is skipped.

    Returns
    -------
    bool
        False if events are missing between the state and the frame, which is then left out: ask
        for the log from ``state["next"]`` on.
    """
    seq: int = frame["seq"]
    if seq > state["next"]:
        return False
    for item in frame["items"]:
        if item["kind"] == "chunks":
            at = item["at"]
            more = item.get("more", {})
            odds = dict(enumerate(item.get("odds", ())))
            for place, gap in enumerate(item["gap"]):
                at += gap
                if seq == state["next"]:
                    state["next"] += 1
                    run = state["runs"][item["run"][place]]
                    if told := odds.get(place):
                        run["logprobs"].setdefault(str(len(run["texts"])), []).extend(told)
                    _add_chunk(run, item["text"][place], at / 10, more.get(str(place)))
                seq += 1
            continue
        if seq == state["next"]:
            state["next"] += 1
            _apply_one(state, item)
        seq += 1
    return True


def _add_chunk(run: RunState, text: str, time: float, more: Any) -> None:
    if isinstance(more, dict):
        note_blocks(run, more, bool(text))
        _note_message(run, more)
    if more is not None and not (isinstance(more, dict) and "content" in more):
        run["values"] = True
    if text:
        run["texts"].append(text)
        run["times"].append(time)


def _apply_one(state: ViewState, item: dict[str, Any]) -> None:
    if item["kind"] == "start":
        state["runs"].append(
            {
                "id": item["id"],
                "parent": item["parent"],
                "type": item["type"],
                "name": item["name"],
                "model": item["model"],
                "tags": item.get("tags", []),
                "metadata": item.get("metadata", {}),
                "input": item.get("input"),
                "status": "running",
                "start": item["at"] / 10,
                "end": None,
                "texts": [],
                "times": [],
                "at_once": False,
                "asides": [],
                "blocks": [],
                "customs": [],
                "values": False,
                "logprobs": {},
                "usage": None,
                "cost": None,
                "stop": None,
                "output": None,
                "error": None,
            }
        )
        return
    if item["kind"] == "custom":
        told: Custom = {"time": item["at"] / 10, "name": item["name"], "data": item["data"]}
        state["runs"][item["run"]]["customs"].append(told)
    outcomes: dict[str, Any] = {"end": "done", "cancelled": "stopped", "error": "failed"}
    if outcome := outcomes.get(item["kind"]):  # kinds not known yet are counted and passed over
        run = state["runs"][item["run"]]
        run["status"] = outcome
        run["end"] = item["at"] / 10
        run["error"] = item.get("error")
        run["input"] = item.get("input", run["input"])
        if "message" in item:
            item = {"output": {**item["message"], "content": "".join(run["texts"])}}
        run["output"] = item.get("output")
        if isinstance(run["output"], dict):
            if run["type"] == "chat_model" and not (run["texts"] or run["asides"] or run["blocks"]):
                _note_whole(run, run["output"])
            # It is the sum of the chunks', so it stands for theirs.
            if usage := count_usage(run["output"].get("usage_metadata")):
                run["usage"] = {"input": usage[0], "output": usage[1]}
            _note_metadata(run, run["output"])
        # What did not stream has one text: its output.
        if not run["texts"] and (text := _text_of(run["output"])):
            run["texts"].append(text)
            run["times"].append(run["end"])
            run["at_once"] = True


def _note_whole(run: RunState, message: dict[str, Any]) -> None:
    """Take in a message that came at once: what it thought before it spoke, its calls after."""
    has_text = bool(_text_of(message))
    note_blocks(run, message, has_text)
    _note_message(run, message)
    for aside in run["asides"]:
        aside["at"] = int(has_text and aside["kind"] == "tool_call")
    for block in run["blocks"]:
        block["after"] = sum(aside["kind"] == "thinking" for aside in run["asides"])


def _text_of(output: Any) -> str:
    if isinstance(output, dict) and "content" in output:
        output = output["content"]
        if isinstance(output, list):
            blocks = [b.get("text") if isinstance(b, dict) else b for b in output]
            output = "".join(text for text in blocks if isinstance(text, str))
    if output is None or isinstance(output, str):
        return output or ""
    return to_json(output)


def _note_message(run: RunState, message: dict[str, Any]) -> None:
    """Take in what a chunk knows beside its text. It can be any dict that a step yielded."""
    if usage := count_usage(message.get("usage_metadata")):
        before = run["usage"] or {"input": 0, "output": 0}
        run["usage"] = {
            "input": before["input"] + usage[0],
            "output": before["output"] + usage[1],
        }
    _note_metadata(run, message)
    for block in dicts(message.get("content")):
        if isinstance(block.get("thinking"), str):
            _extend(run, "thinking", None, {}, block["thinking"])
    for piece in dicts(message.get("tool_call_chunks")):
        _extend(run, "tool_call", piece.get("index"), piece, piece.get("args") or "")
    for call in dicts(message.get("tool_calls")):
        _extend(run, "tool_call", call.get("id"), call, to_json(call.get("args")))


def _extend(
    run: RunState,
    kind: Literal["thinking", "tool_call"],
    index: Any,
    called: dict[str, Any],
    piece: Any,
) -> None:
    """Add a part to the aside it belongs to, or begin a new one."""
    index = index if isinstance(index, (int, str)) else None
    name, call_id = (
        one if isinstance(one, str) else None for one in (called.get("name"), called.get("id"))
    )
    piece = piece if isinstance(piece, str) else to_json(piece)
    for aside in reversed(run["asides"]):
        # A thought goes on until text comes; a call, until another name comes under its index.
        if aside["kind"] == kind and aside["index"] == index:
            if kind == "thinking" and aside["at"] != len(run["texts"]):
                break
            if kind == "tool_call" and name and aside["name"]:
                break
            aside["name"] = aside["name"] or name
            aside["id"] = aside["id"] or call_id
            aside["pieces"].append(piece)
            return
    at = len(run["texts"])
    run["asides"].append(
        {"kind": kind, "at": at, "index": index, "name": name, "id": call_id, "pieces": [piece]}
    )


def _note_metadata(run: RunState, message: dict[str, Any]) -> None:
    said = message.get("response_metadata")
    reason = said.get("stop_reason") if isinstance(said, dict) else None
    if cost := read_cost(said):
        run["cost"] = [*cost]
    run["stop"] = reason if isinstance(reason, str) and reason else run["stop"]


def status(state: ViewState) -> Status:
    """Return how the log is doing: its outermost run that goes on or, if none does, the last.

    It streams when any run in it does.
    """
    runs = state["runs"]
    roots = [at for at, run in enumerate(runs) if run["parent"] is None]
    if not roots:
        return "waiting"
    root = next((at for at in roots[::-1] if runs[at]["end"] is None), roots[-1])
    found = status_of(runs[root])
    if found == "waiting" and any(
        (run["texts"] or run["asides"]) and _root_of(runs, at) == root
        for at, run in enumerate(runs[root:], root)
    ):
        return "streaming"  # an agent may say nothing itself
    return found


def _root_of(runs: Sequence[RunState], at: int) -> int:
    while (parent := runs[at]["parent"]) is not None:
        at = parent
    return at


def status_of(run: RunState) -> Status:
    """Return how a run is doing."""
    if run["status"] == "running":
        return "streaming" if run["texts"] or run["asides"] else "waiting"
    return run["status"]


def metrics(
    state: ViewState, root: int | None = None, price: Mapping[str, float] | None = None
) -> Metrics:
    """Return a run's metrics, by default of all outermost ones, as `Trace.metrics`, to a tick."""
    runs = [
        Measured(
            parent=run["parent"],
            is_model=run["type"] == "chat_model",
            start=run["start"],
            end=run["end"],
            times=run["times"],
            is_at_once=run["at_once"],
            usage=(usage["input"], usage["output"]) if (usage := run["usage"]) else None,
            cost=Cost(*cost) if (cost := run["cost"]) else None,
            odds=[odds for told in run["logprobs"].values() for odds in told],
        )
        for run in state["runs"]
    ]
    return metrics_of(runs, root, price=price, unit=1000)
