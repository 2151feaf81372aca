"""What prompts make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .messages import HumanMessage

if TYPE_CHECKING:
    from .messages import BaseMessage

__all__ = ["ChatPromptValue", "StringPromptValue"]


_SPEAKERS = {"human": "Human", "ai": "AI", "system": "System", "tool": "Tool"}


@dataclass
class ChatPromptValue:
    """The messages a prompt made.

    Examples
    --------
    >>> from nbstream import ChatPromptTemplate
    >>> value = ChatPromptTemplate([("system", "Be kind."), "{x}"]).invoke({"x": "Why?"})
    >>> print(value.to_string())
    System: Be kind.
    Human: Why?
    """

    messages: list[BaseMessage]

    def to_messages(self) -> list[BaseMessage]:
        """Return the messages."""
        return self.messages

    def to_string(self) -> str:
        """Return the conversation as one text, a line for each message."""
        return "\n".join(f"{_SPEAKERS.get(m.type, m.type)}: {m.text}" for m in self.messages)


@dataclass
class StringPromptValue:
    """The text a prompt made.

    Examples
    --------
    >>> from nbstream import PromptTemplate
    >>> PromptTemplate.from_template("Why {x}?").invoke("me").to_messages()
    [HumanMessage(content='Why me?')]
    """

    text: str

    def to_messages(self) -> list[BaseMessage]:
        """Return the text as a message from the user."""
        return [HumanMessage(self.text)]

    def to_string(self) -> str:
        """Return the text."""
        return self.text
