"""The view state: what frames add up to. ``js/src/store.ts`` is its twin.

Both fold the same frames into the same state, as the fixtures in ``tests/fixtures/protocol``
prove. The state belongs to the fold, which extends it in place: a copy for each frame would make
a long stream's work grow with its square.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

__all__ = ["Metrics", "RunState", "Status", "ViewState", "apply", "initial", "metrics", "status"]

Status = Literal["waiting", "streaming", "done", "stopped", "failed"]


class RunState(TypedDict):
    """One run. Times are milliseconds since the log began."""

    parent: int | None
    type: str
    name: str
    model: str | None
    status: Literal["running", "done", "stopped", "failed"]
    start: float
    end: float | None
    texts: list[str]
    times: list[float]
    usage: dict[str, int] | None
    stop: str | None
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
            for run, gap, text in zip(item["run"], item["gap"], item["text"], strict=True):
                at += gap
                if seq == state["next"]:
                    state["next"] += 1
                    if text:
                        state["runs"][run]["texts"].append(text)
                        state["runs"][run]["times"].append(at / 10)
                seq += 1
            if item["run"]:
                _note_extra(state["runs"][item["run"][-1]], item)
            continue
        if seq == state["next"]:
            state["next"] += 1
            _apply_one(state, item)
        seq += 1
    return True


def _apply_one(state: ViewState, item: dict[str, Any]) -> None:
    if item["kind"] == "start":
        state["runs"].append(
            {
                "parent": item["parent"],
                "type": item["type"],
                "name": item["name"],
                "model": item["model"],
                "status": "running",
                "start": item["at"] / 10,
                "end": None,
                "texts": [],
                "times": [],
                "usage": None,
                "stop": None,
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
        _note_extra(run, item)


def _note_extra(run: RunState, item: dict[str, Any]) -> None:
    run["usage"] = item.get("usage") or run["usage"]
    run["stop"] = item.get("stop") or run["stop"]


def status(state: ViewState) -> Status:
    """Return how the first run, the one on show, is doing."""
    if not state["runs"]:
        return "waiting"
    root = state["runs"][0]
    if root["status"] == "running":
        return "streaming" if root["texts"] else "waiting"
    return root["status"]


def metrics(state: ViewState) -> Metrics:
    """Return the first run's figures; tokens are those of all model calls inside it."""
    if not state["runs"]:
        return {"first": None, "chunks": 0, "tokens": None, "rate": None}
    root = state["runs"][0]
    times = root["times"]
    counts = [
        r["usage"]["output"] for r in state["runs"] if r["type"] == "chat_model" and r["usage"]
    ]
    tokens = sum(counts) if counts else None
    took = times[-1] - times[0] if times else 0
    # The first one's time is not in the span, so neither is the first one.
    passed = (len(times) if tokens is None else tokens) - 1
    return {
        "first": times[0] - root["start"] if times else None,
        "chunks": len(times),
        "tokens": tokens,
        "rate": passed / took * 1000 if took > 0 and passed > 0 else None,
    }
