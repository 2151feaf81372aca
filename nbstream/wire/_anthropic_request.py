"""From messages to what Anthropic's Messages API takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from ..messages import AIMessage, BaseMessage, SystemMessage, ToolMessage
from ._fields import encodable
from ._history import answered, blocks_of, call_input, calls_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

__all__ = ["cites", "system_text", "turns"]


def cites(request: Mapping[str, Any]) -> bool:
    """Tell whether an answer may cite: then a citation that comes late has a text to stand at.

    Examples
    --------
    >>> cites({"messages": [], "tools": [{"type": "web_search_20250305", "name": "web_search"}]})
    True
    """
    tools = request.get("tools") or ()
    if any(str(one.get("type")).startswith("web_") for one in tools if isinstance(one, dict)):
        return True
    blocks = [block for turn in request.get("messages") or () for block in _blocks_in(turn)]
    return any(
        block.get("type") == "search_result"
        or (isinstance(asked := block.get("citations"), dict) and bool(asked.get("enabled")))
        for block in blocks
    )


def _blocks_in(holder: Any) -> Iterator[dict[str, Any]]:
    """Yield the blocks of a turn, also those in the results of its tools."""
    content = holder.get("content")
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict):
            yield block
            yield from _blocks_in(block)


def system_text(first: str | None, messages: Sequence[BaseMessage]) -> Any:
    """Return the standing instructions: the model's own, then those in the messages.

    They are one text, or blocks where some come as blocks, which may mark what is to be cached.
    """
    said = [m.content for m in messages if isinstance(m, SystemMessage)]
    contents: list[Any] = [first or "", *said]
    if all(isinstance(content, str) for content in contents):
        return encodable("\n\n".join(text for text in contents if text.strip()))
    return [block for content in contents for block in _converted(content)]


def turns(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Return the conversation; the results of tools and what precedes them become one turn.

    What the API would refuse, in this request and in every later one, is left out or mended:
    thinking without its signature, calls and server tools without their result, results without
    their call, texts of nothing but white space, inputs that are no object, numbers and half
    characters that JSON cannot hold.

    Raises
    ------
    InputError
        If there is nothing but instructions, or nothing but white space.

    Examples
    --------
    >>> from nbstream import AIMessage, HumanMessage
    >>> thought = {"type": "thinking", "thinking": "Hm, st"}
    >>> turns([HumanMessage("Hi"), AIMessage([thought]), HumanMessage("Again?")])
    [{'role': 'user', 'content': 'Hi'}, {'role': 'user', 'content': 'Again?'}]
    """
    done: list[dict[str, Any]] = []
    said = list(answered(messages))
    for at, (message, results) in enumerate(said):
        if isinstance(message, AIMessage):
            role, content = "assistant", _answer(message, results, is_last=at == len(said) - 1)
        else:
            role, content = "user", _prompt(message, results)
        if not content:
            continue
        if done and done[-1]["role"] == role and isinstance(message, ToolMessage):
            done[-1]["content"] = [*_as_blocks(done[-1]["content"]), *content]
        else:
            done.append({"role": role, "content": content})
    if not said:
        raise InputError("There is only a system message. Add at least one from the user.")
    if not done:
        raise InputError("The messages are empty. Add some text for the model to answer.")
    return done


def _prompt(message: BaseMessage, results: set[Any]) -> Any:
    if not isinstance(message, ToolMessage):
        return _content(message.content)
    if not results:
        return None  # nobody has asked for it
    result: dict[str, Any] = {
        "type": "tool_result",
        "tool_use_id": _id(message.tool_call_id),
        "content": _content(message.content),
    }
    if message.status == "error":
        result["is_error"] = True
    return [result]


def _answer(message: AIMessage, results: set[Any], *, is_last: bool) -> Any:
    content = _content(message.content)
    calls = {
        call["id"]: _tool_use({**call, "input": call["args"]})
        for call in calls_of(message)
        if call["id"] in results
    }
    if isinstance(content, list):
        # A pause is continued from where it is: what was under way has no result yet.
        paused = is_last and message.response_metadata.get("stop_reason") == "pause_turn"
        content = _accepted(content, calls, results, paused=paused)
    if calls:
        content = [*_as_blocks(content), *calls.values()]
    if isinstance(content, list) and all(block.get("type") in _THOUGHTS for block in content):
        return None
    return _trimmed(content) if is_last else content


def _accepted(
    content: list[dict[str, Any]], calls: dict[Any, Any], results: set[Any], *, paused: bool
) -> list[dict[str, Any]]:
    """Return the blocks of an answer that the API takes back; take what they call from the calls.

    What was parsed of a call counts, at the place where the answer had it.
    """
    wanted = {block.get("id") for block in content if _is_server_use(block)}
    found = {block.get("tool_use_id") for block in content if _is_server_result(block)}
    kept = []
    for block in content:
        kind = block.get("type")
        if kind == "tool_use":
            if block.get("id") in calls:
                kept.append({**_of(block, _CALL), **calls.pop(block["id"])})
            elif block.get("id") in results:
                kept.append({**_of(block, _CALL), **_tool_use(block)})
        elif kind == "text":
            kept.append(_said(block))
        elif kind == "thinking":
            # Without its signature the API does not know it for its own.
            if isinstance(block.get("signature"), str) and block["signature"]:
                kept.append({"thinking": "", **_of(block, ("type", "thinking", "signature"))})
        elif _is_server_use(block):
            if paused or block.get("id") in found:
                kept.append({**block, "input": call_input(block.get("input"))})
        elif _is_server_result(block):
            if block.get("tool_use_id") in wanted:
                kept.append(block)
        elif kind in _KINDS:
            kept.append(block)
    return kept


def _is_server_use(block: dict[str, Any]) -> bool:
    return block.get("type") in ("server_tool_use", "mcp_tool_use")


def _is_server_result(block: dict[str, Any]) -> bool:
    kind = str(block.get("type"))
    return kind.endswith("_tool_result") and kind != "tool_result"


_THOUGHTS = frozenset({"thinking", "redacted_thinking"})
# What else an answer can hold. Blocks of other providers' answers are not for this one.
_KINDS = frozenset({"redacted_thinking", "container_upload", "compaction"})
_CALL = ("cache_control", "caller", "toolset_name")
_NOT_IN_IDS = re.compile(r"[^a-zA-Z0-9_-]")


def _id(given: Any) -> str:
    """Return an id as this API has them: those of other providers can have other characters."""
    return _NOT_IN_IDS.sub("_", str(given)) or "_"


def _tool_use(call: dict[str, Any]) -> dict[str, Any]:
    name = _NOT_IN_IDS.sub("_", str(call.get("name") or "unknown"))[:128]
    return {
        "type": "tool_use",
        "id": _id(call["id"]),
        "name": name,
        "input": call_input(call.get("input")),
    }


def _said(block: dict[str, Any]) -> dict[str, Any]:
    """Return a text with what the API takes beside it; it refuses fields that it does not know."""
    text = _of(block, ("type", "text", "cache_control"))
    cited = [
        _of(one, one.keys() - {"file_id", "start_index", "end_index"})
        for one in block.get("citations") or []
        if isinstance(one, dict) and str(one.get("type")).endswith("_location")
    ]
    return {**text, "citations": cited} if cited else text


def _of(block: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in block.items() if name in names}


def _trimmed(content: Any) -> Any:
    """Return an answer that is to be continued without the white space at its end."""
    if isinstance(content, str):
        return content.rstrip()
    *before, last = content
    if last["type"] == "text":
        last = {**last, "text": last["text"].rstrip()}
    return [*before, last]


def _as_blocks(content: Any) -> list[dict[str, Any]]:
    return blocks_of(content) if isinstance(content, str) else content


def _content(content: Any) -> Any:
    if isinstance(content, str):
        return encodable(content) if content.strip() else ""
    return _converted(content)


def _converted(content: Any) -> list[dict[str, Any]]:
    return [_block(block) for block in blocks_of(content)]


def _block(block: dict[str, Any]) -> dict[str, Any]:
    """Turn LangChain's standard blocks into Anthropic's; others go as they are."""
    kind = block.get("type")
    if kind == "image_url":
        url = block["image_url"]
        return {"type": "image", "source": _source(url if isinstance(url, str) else url["url"])}
    if kind in ("image", "file", "document", "text-plain") and "source" not in block:
        kept = {key: block[key] for key in _KEPT if key in block}
        kind = "image" if kind == "image" else "document"
        return {"type": kind, "source": _given(kind, block), **kept}
    return block


_KEPT = ("cache_control", "citations", "context", "title")


def _given(kind: str, block: dict[str, Any]) -> dict[str, Any]:
    if url := block.get("url"):
        return _source(url)
    if data := block.get("base64") or block.get("data"):
        if not (media := block.get("mime_type")):
            raise InputError(f"The {kind} block needs a mime_type, such as 'image/png'.")
        return _inline(media, data)
    if text := block.get("text"):
        return {"type": "text", "media_type": "text/plain", "data": text}
    if file := block.get("file_id") or block.get("id"):
        return {"type": "file", "file_id": file}
    raise InputError(
        f"The {kind} block has no content; it has {', '.join(block)}. "
        "Give it url, base64 with mime_type, text, or file_id."
    )


def _source(url: str) -> dict[str, Any]:
    if url.startswith("data:"):
        head, _, data = url.removeprefix("data:").partition(",")
        return _inline(head.partition(";")[0], data)
    return {"type": "url", "url": url}


def _inline(media: str, data: str) -> dict[str, Any]:
    return {"type": "base64", "media_type": media, "data": data}
