"""What a run was given, as messages to read. ``js/src/reading/asked.ts`` is its twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict

from ._blocks import dicts, to_json
from ._parts import images_in, text_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._state import RunState

__all__ = ["Prompt", "prompts_of", "results_of"]

MAX_PROMPTS = 50
"""Messages of one prompt that are shown: the last ones."""

MAX_WRAPPED = 3
"""Dicts and lists around messages that are looked into."""

_ROLES = {
    "user": "human",
    "humanmessage": "human",
    "assistant": "ai",
    "aimessage": "ai",
    "aimessagechunk": "ai",
    "model": "ai",
    "systemmessage": "system",
    "developer": "system",
    "toolmessage": "tool",
    "function": "tool",
}


class Prompt(TypedDict):
    """One message that a run was given."""

    kind: Literal["prompt"]
    run: int
    role: str
    """``human``, ``system``, ``ai`` or, for what is no message, ``input``."""
    text: str
    images: list[str]


class _Message(NamedTuple):
    role: str
    content: Any
    message: dict[str, Any]


def prompts_of(
    at: int, run: RunState, first: tuple[int, RunState] | None, is_first: bool
) -> list[Prompt]:
    """Return what an outermost run was given.

    Where that is no message, as the variables of a prompt's template, it is what came to the first
    model inside. Of a later run, what had been said before is left out.
    """
    who, given = at, run["input"]
    messages = _messages(given)
    if messages is None and first is not None:
        who, given = first[0], first[1]["input"]
        messages = _messages(given)
    if messages is None:
        given = run["input"]
        if given is None:
            return []
        return [_prompt(at, "input", to_json(given), [])]
    if not is_first:
        messages = messages[_answered(messages) :]
    shown = [one for one in messages if one.role != "tool"][-MAX_PROMPTS:]
    made = [_prompt(who, one.role, text_in(one.content), images_in(one.content)) for one in shown]
    return [one for one in made if one["text"] or one["images"]]


def results_of(given: Any) -> list[tuple[str, str, bool]]:
    """Return what a model was told that tools gave since the last answer: id, text, failed."""
    messages = _messages(given) or []
    return [found for one in messages[_answered(messages) :] for found in _results(one)]


def _results(one: _Message) -> Iterator[tuple[str, str, bool]]:
    call_id = one.message.get("tool_call_id")
    if one.role == "tool" and isinstance(call_id, str):
        yield call_id, text_in(one.content), one.message.get("status") == "error"
    for block in dicts(one.content):
        call_id = block.get("tool_use_id")
        if block.get("type") == "tool_result" and isinstance(call_id, str):
            yield call_id, text_in(block.get("content")), block.get("is_error") is True


def _answered(messages: list[_Message]) -> int:
    """Return the place behind the last answer of a model."""
    return max((at + 1 for at, one in enumerate(messages) if one.role == "ai"), default=0)


def _prompt(run: int, role: str, text: str, images: list[str]) -> Prompt:
    return {"kind": "prompt", "run": run, "role": role, "text": text, "images": images}


def _messages(value: Any) -> list[_Message] | None:
    """Read messages in any of the forms that libraries take; None: it is something else."""
    for _ in range(MAX_WRAPPED):
        if isinstance(value, dict) and "messages" in value:
            value = value["messages"]
        elif isinstance(value, list) and len(value) == 1 and dicts(value[0]):
            (value,) = value  # LangChain's list of the prompts of one batch
    if isinstance(value, str):
        return [_Message("human", value, {})]
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list) or not value:
        return None
    found = [_message(one) for one in value]
    known = [one for one in found if one is not None]
    # What a long list leaves out is said by a text at its end.
    return known if len(known) >= max(1, len(found) - 1) else None


def _message(value: Any) -> _Message | None:
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str):
        return _Message(_role(value[0]), value[1], {})
    if not isinstance(value, dict) or "content" not in value:
        return None
    role = value.get("role", value.get("type"))
    return _Message(_role(role), value["content"], value) if isinstance(role, str) else None


def _role(name: str) -> str:
    name = name.lower()
    return _ROLES.get(name, name)
