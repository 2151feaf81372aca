"""The view state: what frames add up to. ``js/src/state.ts`` is its twin.

Both fold the same frames into the same state, as the fixtures in ``tests/fixtures/protocol``
prove. The state belongs to the fold, which extends it in place: a copy for each frame would make
a long stream's work grow with its square.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any, Literal, TypedDict

__all__ = [
    "Aside",
    "Metrics",
    "RunState",
    "Status",
    "ViewState",
    "apply",
    "initial",
    "metrics",
    "status",
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
    pieces: list[str]
    """The thought, or the arguments' JSON."""


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
    asides: list[Aside]
    logprobs: dict[str, float]
    """By the text's place, where the model told it."""
    usage: dict[str, int] | None
    stop: str | None
    output: Any
    """What the end said of it; None where it is the texts."""
    error: dict[str, str] | None


class ViewState(TypedDict):
    """All runs, in the order they began, and the number of the event that comes next."""

    next: int
    runs: list[RunState]


class Metrics(TypedDict):
    """What the metrics line says; None where it cannot be said yet."""

    first: float | None
    """Milliseconds from the start to the first text."""
    chunks: int
    tokens: int | None
    """As the provider counted them; a chunk can hold several."""
    rate: float | None
    """Tokens a second from the first text to the last, chunks where tokens are not known."""
    gap_p50: float | None
    """Milliseconds between two texts: half of the gaps are no longer than this."""
    gap_p95: float | None
    input_tokens: int | None


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
            for place, gap in enumerate(item["gap"]):
                at += gap
                if seq == state["next"]:
                    state["next"] += 1
                    run = state["runs"][item["run"][place]]
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
        _note_message(run, more)
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
                "asides": [],
                "logprobs": {},
                "usage": None,
                "stop": None,
                "output": None,
                "error": None,
            }
        )
        return
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
            _note_usage(run, run["output"])
        # What did not stream has one text: its output.
        if not run["texts"] and (text := _text_of(run["output"])):
            run["texts"].append(text)
            run["times"].append(run["end"])


def _text_of(output: Any) -> str:
    if isinstance(output, dict) and "content" in output:
        output = output["content"]
        if isinstance(output, list):
            blocks = [b.get("text") if isinstance(b, dict) else b for b in output]
            output = "".join(text for text in blocks if isinstance(text, str))
    if output is None or isinstance(output, str):
        return output or ""
    return json.dumps(output, ensure_ascii=False, separators=(",", ":"))


def _note_message(run: RunState, message: dict[str, Any]) -> None:
    """Take in what a chunk knows beside its text."""
    _note_usage(run, message)
    content = message.get("content")
    for block in content if isinstance(content, list) else []:
        if isinstance(block, dict) and isinstance(block.get("thinking"), str):
            _extend(run, "thinking", None, None, block["thinking"])
    for piece in message.get("tool_call_chunks", []):
        _extend(run, "tool_call", piece.get("index"), piece.get("name"), piece.get("args") or "")
    for call in message.get("tool_calls", []):
        args = json.dumps(call.get("args"), ensure_ascii=False, separators=(",", ":"))
        _extend(run, "tool_call", call.get("id"), call.get("name"), args)
    logprobs = message.get("response_metadata", {}).get("logprobs")
    if isinstance(logprobs, dict) and isinstance(logprobs.get("content"), list):
        known: list[Any] = [
            one.get("logprob") for one in logprobs["content"] if isinstance(one, dict)
        ]
        if known and all(isinstance(value, (int, float)) for value in known):
            run["logprobs"][str(len(run["texts"]))] = sum(known)


def _extend(
    run: RunState,
    kind: Literal["thinking", "tool_call"],
    index: int | str | None,
    name: str | None,
    piece: str,
) -> None:
    """Add a piece to the aside it belongs to, or begin a new one."""
    for aside in reversed(run["asides"]):
        # A thought goes on until text comes; a call, until another name comes under its index.
        if aside["kind"] == kind and aside["index"] == index:
            if kind == "thinking" and aside["at"] != len(run["texts"]):
                break
            if kind == "tool_call" and name and aside["name"]:
                break
            aside["name"] = aside["name"] or name
            aside["pieces"].append(piece)
            return
    run["asides"].append(
        {"kind": kind, "at": len(run["texts"]), "index": index, "name": name, "pieces": [piece]}
    )


def _note_usage(run: RunState, message: dict[str, Any]) -> None:
    if usage := message.get("usage_metadata"):
        run["usage"] = {"input": usage["input_tokens"], "output": usage["output_tokens"]}
    run["stop"] = message.get("response_metadata", {}).get("stop_reason") or run["stop"]


def status(state: ViewState) -> Status:
    """Return how the first run, the one on show, is doing."""
    if not state["runs"]:
        return "waiting"
    root = state["runs"][0]
    if root["status"] == "running":
        return "streaming" if root["texts"] or root["asides"] else "waiting"
    return root["status"]


def metrics(state: ViewState) -> Metrics:
    """Return the first run's figures; tokens are those of all model calls inside it."""
    runs = state["runs"]
    times = runs[0]["times"] if runs else []
    usages = [r["usage"] for r in runs if r["type"] == "chat_model" and r["usage"]]
    tokens = sum(usage["output"] for usage in usages) if usages else None
    took = times[-1] - times[0] if times else 0
    # The first one's time is not in the span, so neither is the first one.
    passed = (len(times) if tokens is None else tokens) - 1
    gaps = sorted(b - a for a, b in pairwise(times))
    return {
        "first": times[0] - runs[0]["start"] if times else None,
        "chunks": len(times),
        "tokens": tokens,
        "rate": passed / took * 1000 if took > 0 and passed > 0 else None,
        "gap_p50": _quantile(gaps, 0.5),
        "gap_p95": _quantile(gaps, 0.95),
        "input_tokens": sum(usage["input"] for usage in usages) if usages else None,
    }


def _quantile(ordered: list[float], share: float) -> float | None:
    """Return the nearest-rank quantile."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
