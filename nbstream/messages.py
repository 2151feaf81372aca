"""Messages, the chunks they arrive in, and how chunks add up.

Names and fields are those of LangChain's public API, so that code moves over unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, Union, cast

from ._exceptions import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "AIMessage",
    "AIMessageChunk",
    "BaseMessage",
    "HumanMessage",
    "SystemMessage",
    "UsageMetadata",
    "convert_to_messages",
    "merge_chunks",
]

Content = Union[str, "list[dict[str, Any]]"]


class UsageMetadata(TypedDict):
    """Tokens a call used, as the provider counted them."""

    input_tokens: int
    output_tokens: int
    total_tokens: int


@dataclass(repr=False)
class BaseMessage:
    """One message of a conversation.

    Parameters
    ----------
    content
        A text, or a list of content blocks such as ``{"type": "text", "text": "Hi"}``.
    id
        Names the message; chunks of one message share it.
    response_metadata
        What the provider said beside the content: ``stop_reason``, ``model_name``.

    Examples
    --------
    >>> HumanMessage("Hi")
    HumanMessage(content='Hi')
    >>> HumanMessage([{"type": "text", "text": "Hi"}]).text
    'Hi'
    """

    content: Content
    id: str | None = None
    response_metadata: dict[str, Any] = field(default_factory=dict)

    type: ClassVar[str] = "base"

    @property
    def text(self) -> str:
        """The content's text, without its other blocks."""
        if isinstance(self.content, str):
            return self.content
        return "".join(b.get("text", "") for b in self.content if b.get("type") == "text")

    def __repr__(self) -> str:
        # Only what is set: a printed stream of chunks must stay readable.
        shown = [f"content={self.content!r}"]
        for f in fields(self)[1:]:
            value = getattr(self, f.name)
            if value not in (None, {}):
                shown.append(f"{f.name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


class HumanMessage(BaseMessage):
    """What the user said."""

    type = "human"


class SystemMessage(BaseMessage):
    """Standing instructions for the model."""

    type = "system"


@dataclass(repr=False)
class AIMessage(BaseMessage):
    """What the model said.

    Parameters
    ----------
    usage_metadata
        Tokens used, or None where the provider did not say.
    """

    usage_metadata: UsageMetadata | None = None

    type: ClassVar[str] = "ai"


class AIMessageChunk(AIMessage):
    """A piece of an `AIMessage`, as it arrives; pieces add up with ``+``.

    Examples
    --------
    >>> AIMessageChunk("Here", id="run-1") + AIMessageChunk(" is")
    AIMessageChunk(content='Here is', id='run-1')
    """

    type = "AIMessageChunk"

    def __add__(self, other: object) -> AIMessageChunk:
        if not isinstance(other, AIMessageChunk):
            return NotImplemented
        return merge_chunks([self, other])

    def to_message(self) -> AIMessage:
        """Return the finished message these chunks make."""
        return AIMessage(self.content, self.id, self.response_metadata, self.usage_metadata)


def merge_chunks(chunks: Iterable[AIMessageChunk]) -> AIMessageChunk:
    """Add up chunks in time linear in their length (``a + b + c…`` copies the text each time).

    The first id counts, usage adds up, later response metadata win.

    Examples
    --------
    >>> merge_chunks([AIMessageChunk("a"), AIMessageChunk("b")]).content
    'ab'
    """
    contents: list[Content] = []
    metadata: dict[str, Any] = {}
    usage: UsageMetadata | None = None
    first_id: str | None = None
    for chunk in chunks:
        contents.append(chunk.content)
        first_id = first_id or chunk.id
        metadata.update(chunk.response_metadata)
        if chunk.usage_metadata:
            usage = _add_usage(usage, chunk.usage_metadata)
    return AIMessageChunk(_join(contents), first_id, metadata, usage)


def _add_usage(left: UsageMetadata | None, right: UsageMetadata) -> UsageMetadata:
    if left is None:
        return right
    return UsageMetadata(
        input_tokens=left["input_tokens"] + right["input_tokens"],
        output_tokens=left["output_tokens"] + right["output_tokens"],
        total_tokens=left["total_tokens"] + right["total_tokens"],
    )


def _join(contents: Sequence[Content]) -> Content:
    if all(isinstance(content, str) for content in contents):
        return "".join(cast("Sequence[str]", contents))
    # Neighbouring texts become one block: so it does not matter which pair is added first.
    joined: list[dict[str, Any]] = []
    texts: list[str] = []

    def close_text() -> None:
        if text := "".join(texts):
            joined.append({"type": "text", "text": text})
        texts.clear()

    for content in contents:
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            if block.keys() == {"type", "text"}:
                texts.append(block["text"])
            else:
                close_text()
                joined.append(block)
    close_text()
    return joined


_ROLES: dict[str, type[BaseMessage]] = {
    "human": HumanMessage,
    "user": HumanMessage,
    "system": SystemMessage,
    "ai": AIMessage,
    "assistant": AIMessage,
}


def message_class(role: str) -> type[BaseMessage]:
    """Return the message class a role such as ``"human"`` or ``"user"`` stands for."""
    try:
        return _ROLES[role]
    except KeyError:
        known = ", ".join(repr(r) for r in _ROLES)
        raise InputError(f"Unknown message role {role!r}. Use one of {known}.") from None


def convert_to_messages(value: Any) -> list[BaseMessage]:
    """Turn what a chat model accepts into a list of messages.

    Accepts a text, a message, a prompt value, or a list of messages, texts,
    ``(role, content)`` pairs and ``{"role": …, "content": …}`` dicts.

    Raises
    ------
    InputError
        If there is nothing to send, or something that is not a message.

    Examples
    --------
    >>> convert_to_messages("Hi")
    [HumanMessage(content='Hi')]
    >>> convert_to_messages([("system", "Be brief."), "Hi"])
    [SystemMessage(content='Be brief.'), HumanMessage(content='Hi')]
    """
    if hasattr(value, "to_messages"):
        messages: list[BaseMessage] = value.to_messages()
    elif isinstance(value, (list, tuple)) and not _is_pair(value):
        messages = [_convert_one(item) for item in value]
    else:
        messages = [_convert_one(value)]
    if not messages:
        raise InputError("There are no messages to send. Pass a text or at least one message.")
    return messages


def _is_pair(value: Sequence[Any]) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and value[0] in _ROLES


def _convert_one(item: Any) -> BaseMessage:
    if isinstance(item, BaseMessage):
        return item
    if isinstance(item, str):
        return HumanMessage(item)
    if isinstance(item, dict) and "role" in item and "content" in item:
        return message_class(item["role"])(item["content"])
    if isinstance(item, (list, tuple)) and len(item) == 2 and isinstance(item[0], str):
        return message_class(item[0])(item[1])
    raise InputError(
        f"A chat model cannot read {_brief(item)}. Pass a text, a message such as "
        "HumanMessage('Hi'), or a list of those."
    )


def _brief(value: Any) -> str:
    shown = repr(value)
    return f"{type(value).__name__} {shown if len(shown) <= 80 else shown[:77] + '…'}"
