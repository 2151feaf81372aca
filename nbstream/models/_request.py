"""From messages to what Anthropic's Messages API takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from ..messages import AIMessage, AIMessageChunk, BaseMessage, SystemMessage, ToolMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["system_text", "turns"]


def system_text(first: str | None, messages: Sequence[BaseMessage]) -> Any:
    """Return the standing instructions: the model's own, then those in the messages.

    They are one text, or blocks where some come as blocks, which may mark what is to be cached.
    """
    said = [m.content for m in messages if isinstance(m, SystemMessage)]
    contents: list[Any] = [first or "", *said]
    if all(isinstance(content, str) for content in contents):
        return "\n\n".join(filter(None, contents))
    return [block for content in contents for block in _blocks(_converted(content))]


def turns(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Return the conversation; what one side says in a row becomes one turn, as the API wants.

    Raises
    ------
    InputError
        If there is nothing but instructions.
    """
    done: list[dict[str, Any]] = []
    for message in messages:
        if isinstance(message, SystemMessage):
            continue
        role = "assistant" if isinstance(message, AIMessage) else "user"
        content = _content(message)
        if done and done[-1]["role"] == role and isinstance(message, ToolMessage):
            done[-1]["content"] = [*_blocks(done[-1]["content"]), *_blocks(content)]
        else:
            done.append({"role": role, "content": content})
    if not done:
        raise InputError("There is only a system message. Add at least one from the user.")
    return done


def _content(message: BaseMessage) -> Any:
    if isinstance(message, ToolMessage):
        result: dict[str, Any] = {
            "type": "tool_result",
            "tool_use_id": message.tool_call_id,
            "content": _converted(message.content),
        }
        if message.status == "error":
            result["is_error"] = True
        return [result]
    if isinstance(message, AIMessageChunk):
        message = message.to_message()
    content = _converted(message.content)
    if isinstance(message, AIMessage) and message.tool_calls:
        # What was parsed counts, at the place where the answer had it.
        calls = {
            c["id"]: {"type": "tool_use", "id": c["id"], "name": c["name"], "input": c["args"]}
            for c in message.tool_calls
        }
        placed = [
            calls.pop(block.get("id"), block) if block.get("type") == "tool_use" else block
            for block in _blocks(content)
        ]
        return placed + list(calls.values())
    return content


def _blocks(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return list(content)


def _converted(content: Any) -> Any:
    if isinstance(content, str):
        return content
    blocks = [b for part in content for b in (_blocks(part) if isinstance(part, str) else [part])]
    # The API refuses empty texts, which streamed answers can have.
    return [_block(b) for b in blocks if b.get("type") != "text" or b.get("text")]


def _block(block: dict[str, Any]) -> dict[str, Any]:
    """Turn LangChain's standard blocks into Anthropic's; others go as they are."""
    block = {key: value for key, value in block.items() if key != "index"}
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
