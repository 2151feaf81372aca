"""Whatever a chat model accepts, as messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._shown import brief, near
from ._messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from ._theirs import is_theirs, our_message

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["convert_to_messages", "message_class"]

_ROLES: dict[str, type[BaseMessage]] = {
    "human": HumanMessage,
    "user": HumanMessage,
    "system": SystemMessage,
    "developer": SystemMessage,
    "ai": AIMessage,
    "assistant": AIMessage,
}


def message_class(role: str) -> type[BaseMessage]:
    """Return the message class a role such as ``"human"`` or ``"user"`` stands for."""
    try:
        return _ROLES[role]
    except KeyError:
        if role == "tool":
            raise InputError(
                "A tool's answer needs the id of its call. Pass "
                "ToolMessage(content, tool_call_id=…), or a dict with those keys."
            ) from None
        known = ", ".join(repr(r) for r in _ROLES)
        raise InputError(
            f"Unknown message role {role!r}.{near(str(role), _ROLES)} Use one of {known}."
        ) from None


def convert_to_messages(value: Any) -> list[BaseMessage]:
    """Turn what a chat model accepts into a list of messages.

    Accepts a text, a message, a prompt value, or a list of messages, texts,
    ``(role, content)`` pairs and ``{"role": …, "content": …}`` dicts, which may carry
    ``tool_calls``, ``tool_call_id``, ``name`` and ``id``; LangChain's messages and prompt values.

    Raises
    ------
    InputError
        If there is nothing to send, as with an empty text, or something that is not a message.

    Examples
    --------
    >>> convert_to_messages("Hi")
    [HumanMessage(content='Hi')]
    >>> convert_to_messages([("system", "Be brief."), "Hi"])
    [SystemMessage(content='Be brief.'), HumanMessage(content='Hi')]
    """
    if hasattr(value, "to_messages"):
        messages: list[BaseMessage] = value.to_messages()
        if not isinstance(messages, list):  # a mock, which answers to every name
            raise _unread(value)
        if messages and not isinstance(messages[0], BaseMessage):  # LangChain's prompt's
            messages = [_convert_one(item) for item in messages]
    elif isinstance(value, (list, tuple)) and not _is_pair(value):
        messages = [_convert_one(item) for item in value]
    else:
        messages = [_convert_one(value)]
    if not messages:
        raise InputError("There are no messages to send. Pass a text or at least one message.")
    if len(messages) == 1 and type(messages[0]) is HumanMessage and _is_blank(messages[0].content):
        raise InputError(
            "The prompt is empty, which endpoints refuse. Pass a text that asks for something."
        )
    return messages


def _is_blank(content: Any) -> bool:
    return isinstance(content, str) and not content.strip()


def _is_pair(value: Sequence[Any]) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and isinstance(value[0], str)
        and value[0] in _ROLES
    )


def _convert_one(item: Any) -> BaseMessage:
    if isinstance(item, BaseMessage):
        return item
    if isinstance(item, str):
        return HumanMessage(item)
    if is_theirs(item):
        return our_message(item)
    if isinstance(item, dict) and "content" in item and ("role" in item or "type" in item):
        return _from_dict(item)
    if isinstance(item, (list, tuple)) and len(item) == 2 and isinstance(item[0], str):
        return message_class(item[0])(item[1])
    raise _unread(item)


def _unread(value: Any) -> InputError:
    return InputError(
        f"A chat model cannot read {brief(value)}. Pass a text, a message such as "
        "HumanMessage('Hi'), or a list of those."
    )


def _from_dict(item: dict[str, Any]) -> BaseMessage:
    role = item["role"] if "role" in item else item["type"]
    fields: dict[str, Any] = {k: item[k] for k in ("name", "id") if item.get(k) is not None}
    if role == "tool" and "tool_call_id" in item:
        return ToolMessage(
            item["content"],
            item["tool_call_id"],
            status=item.get("status") or "success",
            artifact=item.get("artifact"),
            **fields,
        )
    kind = message_class(role)
    if kind is AIMessage and item.get("tool_calls"):
        fields["tool_calls"] = [_call(call) for call in item["tool_calls"]]
    # An assistant's turn that only calls tools comes with content None.
    return kind(item["content"] or "", **fields)


def _call(call: dict[str, Any]) -> dict[str, Any]:
    if "function" not in call:
        return call
    args = call["function"]["arguments"]  # OpenAI's form: the arguments as a text
    if isinstance(args, str):
        try:
            args = json.loads(args or "{}", strict=False)
        except ValueError:
            raise InputError(
                f"The arguments of the tool call {call['function'].get('name')!r} are no JSON: "
                f"{args!r:.80}. Pass them as a dict."
            ) from None
    return {"name": call["function"]["name"], "args": args, "id": call.get("id")}
