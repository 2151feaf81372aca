"""A conversation as JSON: to keep, and to go on with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError, NbstreamError
from .._secrets import hide_all
from .._shown import outgoing, shown
from ..events._metrics import read_cost
from ..messages import AIMessage, HumanMessage
from ._turn import Origin, Turn, answered, cost_of_job

if TYPE_CHECKING:
    from ._conversation import Conversation

__all__ = ["dump", "load"]

VERSION = 2
MAX_DEPTH = 20
"""Lists and dicts inside one another, in a prompt or an answer."""


def dump(talk: Conversation) -> str:
    """Return a conversation as a text to store.

    It has ``"branches"`` (each one's last turn) and ``"turns"``, each with its ``"parent"``.
    """
    whole = {
        "nbstream": "conversation",
        "version": VERSION,
        "system": talk.system,
        "branch": talk.branch,
        "branches": {name: leaf.id if leaf else None for name, leaf in talk.leaves.items()},
        # A cell that was run again is newer than the turns that came after it.
        "turns": [_stored(turn) for turn in sorted(talk.all_turns, key=lambda t: len(t.path))],
    }
    # Half a character, as broken endpoints send, can stand in JSON but not in UTF-8.
    return outgoing(hide_all(json.dumps(whole, ensure_ascii=False, indent=1, default=shown))) + "\n"


def _stored(turn: Turn) -> dict[str, Any]:
    answer = turn.answer
    stored: dict[str, Any] = {
        "id": turn.id,
        "parent": turn.parent.id if turn.parent else None,
        "prompt": turn.prompt.content,
        "answer": answer.content if answer else "",
        "model": turn.model,
        "status": turn.status,
    }
    if error := next((run["error"] for run in turn._job.state["runs"] if run["error"]), None):
        stored["error"] = error["message"]
    if answer and answer.tool_calls:
        stored["tool_calls"] = answer.tool_calls
    if any(usage := turn.usage):
        stored["usage"] = dict(zip(("input", "output"), usage, strict=True))
    if cost := cost_of_job(turn._job):
        stored["cost"] = {"amount": cost.amount, "currency": "USD", "price_list": cost.source}
    if turn.origin:
        stored |= {"key": turn.origin.key, "line": turn.origin.line, "cell": turn.origin.cell}
    return stored


def load(talk: Conversation, text: str, name: str) -> None:
    """Fill an empty conversation with what `dump` wrote.

    Parameters
    ----------
    talk
        The conversation.
    text
        The stored text.
    name
        Where it was, for the error.

    Raises
    ------
    InputError
        If it is no such text; it says why.
    """
    try:
        whole = json.loads(text)
        if not isinstance(whole, dict) or whole.get("nbstream") != "conversation":
            raise ValueError("it has another form")
        if whole.get("version") == 1:
            _load_first(talk, whole)
        elif whole.get("version") == VERSION:
            _load(talk, whole)
        else:
            raise ValueError(f"its version is {whole.get('version')!r:.20}")
        if whole["branch"] not in talk.leaves:
            raise ValueError(f"it lacks its branch {whole['branch']!r:.40}")
        talk.branch = whole["branch"]
    except RecursionError:
        raise InputError(
            f"{name!r} is no conversation: it is nested too deeply. "
            "Name a file that save() has written."
        ) from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise InputError(
            f"{name!r} is no conversation that save() has written: {what}. Name another file."
        ) from None


def _load(talk: Conversation, whole: dict[str, Any]) -> None:
    system = whole.get("system")
    talk.system = system if isinstance(system, str) else None
    turns: dict[int, Turn] = {}
    for one in whole["turns"]:
        parent = None if one["parent"] is None else turns[one["parent"]]
        if not isinstance(one["id"], int) or one["id"] in turns:
            raise ValueError(f"{one['id']!r:.20} is no number of a turn")
        origin = Origin(one["key"], one["line"], one["cell"]) if "key" in one else None
        turns[one["id"]] = _turn(one, parent, one["prompt"], origin, one["status"])
    leaves = {
        _text(branch): None if leaf is None else turns[leaf]
        for branch, leaf in whole["branches"].items()
    }
    talk._fill(turns.values(), leaves)


def _load_first(talk: Conversation, whole: dict[str, Any]) -> None:
    """Read version 1, which had a list of turns for each branch."""
    turns: list[Turn] = []
    leaves: dict[str, Turn | None] = {}
    for branch, listed in whole["branches"].items():
        leaf: Turn | None = None
        for one in listed:
            origin = Origin(one["key"], one["line"], one["cell"])
            values = {**one, "id": len(turns)}
            usage = {k: one.get(f"{k}_tokens") for k in ("input", "output")}
            if all(isinstance(count, int) for count in usage.values()):
                values["usage"] = usage
            # Branches share their first turns: what is the same is one turn.
            shared = next((t for t in turns if t.parent is leaf and t.origin == origin), None)
            if shared is None:
                status = "stopped" if one.get("stopped") else "done"
                shared = _turn(values, leaf, one["content"], origin, status)
                turns.append(shared)
            leaf = shared
        leaves[_text(branch)] = leaf
    talk._fill(turns, leaves)


def _turn(
    one: dict[str, Any], parent: Turn | None, content: Any, origin: Origin | None, status: Any
) -> Turn:
    model = _text(one["model"])
    if origin is not None:
        list(map(_text, (origin.key, origin.line, origin.cell)))
    usage = one.get("usage")
    metadata = None
    if isinstance(usage, dict):
        metadata = {f"{name}_tokens": int(usage[name]) for name in ("input", "output")}
        metadata["total_tokens"] = sum(metadata.values())
    answer = AIMessage(
        _content(one["answer"]),
        tool_calls=[
            {"name": _text(c["name"]), "args": dict(c["args"]), "id": c["id"], "type": "tool_call"}
            for c in one.get("tool_calls", [])
        ],
        response_metadata={"cost": one["cost"]} if read_cost(one) else {},
        usage_metadata=metadata,  # type: ignore[arg-type]
    )
    # What was under way when it was stored broke off there, and what failed is no answer.
    error = NbstreamError(_text(one.get("error", ""))) if status == "failed" else None
    is_stopped = status in ("stopped", "streaming")
    job = answered(answer, model=model, is_stopped=is_stopped, error=error)
    prompt = HumanMessage(_content(content))
    return Turn(one["id"], prompt, parent, job=job, model=model, origin=origin)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.40} is no text")  # one kind of error here
    return value


def _content(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not all(isinstance(block, (dict, str)) for block in value):
        raise ValueError("a prompt or an answer is neither text nor content blocks")
    if _depth(value) > MAX_DEPTH:
        raise ValueError("a prompt or an answer is nested too deeply")
    return value


def _depth(value: Any) -> int:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, items), default=0) if isinstance(value, (dict, list)) else 0
