"""From messages to what OpenAI's two APIs take."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from ..messages import AIMessage, BaseMessage, SystemMessage, ToolMessage
from ._fields import encodable
from ._history import answered, blocks_of, call_input, calls_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["chat_messages", "cites", "function_of", "response_items"]


def cites(request: Mapping[str, Any]) -> bool:
    """Tell whether an answer may cite: then a citation that comes late has a text to stand at.

    Examples
    --------
    >>> cites({"model": "m", "tools": [{"type": "web_search"}]}), cites({"web_search_options": {}})
    (True, True)
    """
    tools = request.get("tools") or ()
    kinds = [str(one.get("type")) for one in tools if isinstance(one, dict)]
    searches = any(kind.startswith(("web_search", "file_search")) for kind in kinds)
    return searches or request.get("web_search_options") is not None


def function_of(tool: dict[str, Any]) -> dict[str, Any]:
    """Return a tool, as `convert_to_tool` describes it, as the function that both APIs take."""
    return {
        "name": tool["name"],
        "description": tool.get("description", ""),
        "parameters": tool["input_schema"],
    }


def chat_messages(
    messages: Sequence[BaseMessage], *, thinking_as: str | None = None
) -> list[dict[str, Any]]:
    """Return a conversation as the Chat Completions API takes it.

    What it would refuse is left out or mended: calls without their result, messages of nothing but
    white space, inputs that are no object, numbers and half characters that JSON cannot hold.
    Images that a tool returns follow in a message of the user, since a tool's may hold only text.

    Parameters
    ----------
    thinking_as
        The field that takes thinking back, such as ``"reasoning_content"``; by default none does.

    Raises
    ------
    InputError
        If there is nothing left to answer.

    Examples
    --------
    >>> from nbstream import HumanMessage, SystemMessage
    >>> chat_messages([SystemMessage("Be brief."), HumanMessage("Hi")])
    [{'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': 'Hi'}]
    """
    done = _instructions(messages)
    instructions = len(done)
    aside: list[dict[str, Any]] = []
    for message, results in answered(messages):
        if not isinstance(message, ToolMessage) and aside:
            done.append({"role": "user", "content": aside})
            aside = []
        if isinstance(message, AIMessage):
            done += _chat_answer(message, results, thinking_as)
        elif isinstance(message, ToolMessage):
            if not results:
                continue  # nobody has asked for it
            done.append(
                {
                    "role": "tool",
                    "tool_call_id": encodable(str(message.tool_call_id)),
                    "content": _text_of(message),
                }
            )
            aside += [part for part in _chat_parts(message) if part["type"] != "text"]
        elif content := _content(message, _chat_parts(message)):
            done.append({"role": "user", "content": content})
    if aside:
        done.append({"role": "user", "content": aside})
    if len(done) == instructions:
        raise InputError("There is nothing to answer. Add a message from the user, with some text.")
    return done


def _chat_answer(
    message: AIMessage, results: set[Any], thinking_as: str | None
) -> Iterator[dict[str, Any]]:
    said: dict[str, Any] = {"role": "assistant", "content": _text_of(message) or None}
    blocks = blocks_of(message.content)
    if details := [d for block in blocks for d in block.get("reasoning_details") or []]:
        said["reasoning_details"] = details
    thoughts = [str(b.get("thinking") or "") for b in blocks if b.get("type") == "thinking"]
    if thinking_as and any(thoughts):
        said[thinking_as] = "".join(thoughts)
    calls = [
        {
            "id": encodable(str(call["id"])),
            "type": "function",
            "function": {
                "name": encodable(call["name"] or "unknown"),
                "arguments": json.dumps(call_input(call["args"]), ensure_ascii=False),
            },
        }
        for call in _calls(message, results)
    ]
    if calls:
        said["tool_calls"] = calls
    if calls or said["content"]:
        yield said


def _chat_parts(message: BaseMessage) -> list[dict[str, Any]]:
    return [part for block in blocks_of(message.content) if (part := _chat_part(block))]


def _chat_part(block: dict[str, Any]) -> dict[str, Any] | None:
    kind = block.get("type")
    if kind == "text":
        return {"type": "text", "text": block["text"]}
    if kind == "text-plain":
        return {"type": "text", "text": str(block.get("text") or "")}
    if kind == "image_url":
        url = block.get("image_url")
        return {"type": "image_url", "image_url": {"url": url} if isinstance(url, str) else url}
    if kind == "image":
        image = {"url": _url(block)}
        if "detail" in block:
            image["detail"] = block["detail"]
        return {"type": "image_url", "image_url": image}
    if kind in ("file", "document") and "file" not in block:
        return {"type": "file", "file": _file(block)}
    # Sound and whatever else is in this API's own form.
    return block if kind in ("file", "input_audio") else None


def response_items(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Return a conversation as the Responses API takes it for its ``input``.

    What it would refuse is left out or mended, as for `chat_messages`; so is reasoning that was
    not this API's. Reasoning that was goes back at its place, before the call it led to.

    Raises
    ------
    InputError
        If there is nothing left to answer.

    Examples
    --------
    >>> from nbstream import HumanMessage
    >>> response_items([HumanMessage("Hi")])
    [{'role': 'user', 'content': 'Hi'}]
    """
    done = _instructions(messages)
    instructions = len(done)
    for message, results in answered(messages):
        if isinstance(message, AIMessage):
            done += _response_answer(message, results)
        elif isinstance(message, ToolMessage):
            if not results:
                continue
            parts = _response_parts(message)
            has_more = any(part["type"] != "input_text" for part in parts)
            done.append(
                {
                    "type": "function_call_output",
                    "call_id": encodable(str(message.tool_call_id)),
                    "output": parts if has_more else _text_of(message),
                }
            )
        elif content := _content(message, _response_parts(message)):
            done.append({"role": "user", "content": content})
    if len(done) == instructions:
        raise InputError("There is nothing to answer. Add a message from the user, with some text.")
    return done


def _response_answer(message: AIMessage, results: set[Any]) -> list[dict[str, Any]]:
    calls = {call["id"]: _function_call(call) for call in _calls(message, results)}
    done: list[dict[str, Any]] = []
    for block in blocks_of(message.content):
        kind = block.get("type")
        if kind == "text":
            # llama.cpp's server refuses the short form, a role with a text.
            said = [{"type": "output_text", "text": block["text"]}]
            done.append({"type": "message", "role": "assistant", "content": said})
        elif kind == "function_call" and block.get("call_id") in calls:
            done.append(calls.pop(block["call_id"]))
        elif kind == "thinking" and str(block.get("id")).startswith("rs_"):
            done.append(_reasoning(block))
        elif kind in _ITEMS and block.get("status") in ("completed", None):
            done.append(block)
    done += calls.values()
    # Reasoning that led to nothing which is still there is refused.
    return [
        item
        for at, item in enumerate(done)
        if item.get("type") != "reasoning"
        or any(later.get("type") != "reasoning" for later in done[at + 1 :])
    ]


_ITEMS = frozenset(
    {
        "code_interpreter_call",
        "compaction",
        "file_search_call",
        "image_generation_call",
        "mcp_call",
        "mcp_list_tools",
        "web_search_call",
    }
)


def _function_call(call: Any) -> dict[str, Any]:
    return {
        "type": "function_call",
        "call_id": encodable(str(call["id"])),
        "name": encodable(call["name"] or "unknown"),
        "arguments": json.dumps(call_input(call["args"]), ensure_ascii=False),
    }


def _reasoning(block: dict[str, Any]) -> dict[str, Any]:
    summary = [{"type": "summary_text", "text": t}] if (t := block.get("thinking")) else []
    item = {"type": "reasoning", "id": block["id"], "summary": summary}
    if secret := block.get("encrypted_content"):
        item["encrypted_content"] = secret
    return item


def _response_parts(message: BaseMessage) -> list[dict[str, Any]]:
    return [part for block in blocks_of(message.content) if (part := _response_part(block))]


def _response_part(block: dict[str, Any]) -> dict[str, Any] | None:
    kind = str(block.get("type"))
    if kind.startswith("input_"):
        return block  # in this API's own form
    part = _chat_part(block)
    if part is None:
        return None
    if part["type"] == "text":
        return {"type": "input_text", "text": part["text"]}
    if part["type"] == "image_url":
        image = part["image_url"] or {}
        return {
            "type": "input_image",
            "image_url": image.get("url"),
            "detail": image.get("detail") or "auto",
        }
    return {"type": "input_file", **part["file"]}


# What both have in common


def _instructions(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    texts = (_text_of(message) for message in messages if isinstance(message, SystemMessage))
    return [{"role": "system", "content": text} for text in texts if text]


def _calls(message: AIMessage, results: set[Any]) -> list[Any]:
    return [call for call in calls_of(message) if call["id"] in results]


def _text_of(message: BaseMessage) -> str:
    return "".join(str(b["text"]) for b in blocks_of(message.content) if b.get("type") == "text")


def _content(message: BaseMessage, parts: list[dict[str, Any]]) -> Any:
    return _text_of(message) if isinstance(message.content, str) else parts


def _url(block: dict[str, Any]) -> str:
    """Return an image's address, which may hold all of it."""
    source = _source(block)
    if url := source.get("url"):
        return str(url)
    data = source.get("base64") or source.get("data")
    kind = source.get("mime_type") or source.get("media_type")
    if not (data and kind):
        raise InputError(
            f"The image block has no content; it has {', '.join(block)}. "
            "Give it url, or base64 with mime_type."
        )
    return f"data:{kind};base64,{data}"


def _source(block: dict[str, Any]) -> dict[str, Any]:
    given = block.get("source")
    return given if isinstance(given, dict) else block


def _file(block: dict[str, Any]) -> dict[str, Any]:
    source = _source(block)
    if file := source.get("file_id") or source.get("id"):
        return {"file_id": file}
    name = block.get("filename") or block.get("title") or "file"
    return {"filename": name, "file_data": _url({**source, "type": "file"})}
