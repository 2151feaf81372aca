"""From messages to what Anthropic's Messages API takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from ..messages import AIMessage, BaseMessage, SystemMessage, ToolMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["system_text", "turns"]


def system_text(first: str | None, messages: Sequence[BaseMessage]) -> str:
    """Return the standing instructions: the model's own, then those in the messages."""
    said = [m.text for m in messages if isinstance(m, SystemMessage)]
    return "\n\n".join(filter(None, [first, *said]))


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
    content = _converted(message.content)
    if isinstance(message, AIMessage) and message.tool_calls:
        # The blocks of a streamed answer hold its calls as they came; the parsed ones count.
        blocks = [b for b in _blocks(content) if b.get("type") not in ("tool_use", "input_json")]
        return blocks + [
            {"type": "tool_use", "id": c["id"], "name": c["name"], "input": c["args"]}
            for c in message.tool_calls
        ]
    return content


def _blocks(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return list(content)


def _converted(content: Any) -> Any:
    if isinstance(content, str):
        return content
    blocks = [b for part in content for b in (_blocks(part) if isinstance(part, str) else [part])]
    return [_block(block) for block in blocks]


def _block(block: dict[str, Any]) -> dict[str, Any]:
    """Turn LangChain's standard blocks into Anthropic's; others go as they are."""
    block = {key: value for key, value in block.items() if key != "index"}
    kind = block.get("type")
    if kind == "image_url":
        url = block["image_url"]
        return {"type": "image", "source": _source(url if isinstance(url, str) else url["url"])}
    if kind in ("image", "file", "document") and "source" not in block:
        kind = "image" if kind == "image" else "document"
        if url := block.get("url"):
            return {"type": kind, "source": _source(url)}
        if data := block.get("base64") or block.get("data"):
            if not (media := block.get("mime_type")):
                raise InputError(f"The {kind} block needs a mime_type, such as 'image/png'.")
            return {"type": kind, "source": _inline(media, data)}
        raise InputError(f"The {kind} block has neither url nor base64; it has {', '.join(block)}.")
    return block


def _source(url: str) -> dict[str, Any]:
    if url.startswith("data:"):
        head, _, data = url.removeprefix("data:").partition(",")
        return _inline(head.partition(";")[0], data)
    return {"type": "url", "url": url}


def _inline(media: str, data: str) -> dict[str, Any]:
    return {"type": "base64", "media_type": media, "data": data}
