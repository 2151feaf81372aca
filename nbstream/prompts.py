"""Prompt templates: variables in, messages out."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING, Any, ClassVar

from ._exceptions import InputError
from .messages import BaseMessage, convert_to_messages, message_class
from .runnables.base import Runnable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .events import RunType

__all__ = ["ChatPromptTemplate", "ChatPromptValue"]


@dataclass
class ChatPromptValue:
    """The messages a prompt made."""

    messages: list[BaseMessage]

    def to_messages(self) -> list[BaseMessage]:
        """Return the messages."""
        return self.messages

    def to_string(self) -> str:
        """Return the conversation as one text, a line for each message."""
        return "\n".join(f"{m.type.capitalize()}: {m.text}" for m in self.messages)


class ChatPromptTemplate(Runnable[Any, ChatPromptValue]):
    """A conversation with gaps: ``{name}`` stands for a variable, ``{{`` and ``}}`` for braces.

    Parameters
    ----------
    messages
        ``(role, template)`` pairs, texts (from the user), or messages (taken as they are).

    Raises
    ------
    InputError
        If a template has a stray brace or a role is unknown; on `invoke`, if a variable is missing.

    Examples
    --------
    >>> from nbstream import ChatPromptTemplate
    >>> prompt = ChatPromptTemplate([("system", "Be {tone}."), ("human", "{question}")])
    >>> prompt.invoke({"tone": "kind", "question": "Why?"}).messages
    [SystemMessage(content='Be kind.'), HumanMessage(content='Why?')]
    """

    run_type: ClassVar[RunType] = "prompt"

    def __init__(self, messages: Sequence[Any]) -> None:
        self.messages = [self._part(message) for message in messages]
        if not self.messages:
            raise InputError("A prompt needs at least one message.")
        found = {
            name: None
            for part in self.messages
            if not isinstance(part, BaseMessage)
            for name in _variables(part[1])
        }
        self.input_variables = sorted(found)

    @classmethod
    def from_messages(cls, messages: Sequence[Any]) -> ChatPromptTemplate:
        """Make a prompt of several messages."""
        return cls(messages)

    @classmethod
    def from_template(cls, template: str) -> ChatPromptTemplate:
        """Make a prompt of one message from the user."""
        return cls([("human", template)])

    def __repr__(self) -> str:
        return f"ChatPromptTemplate(input_variables={self.input_variables!r})"

    @staticmethod
    def _part(message: Any) -> BaseMessage | tuple[type[BaseMessage], str]:
        if isinstance(message, BaseMessage):
            return message
        if isinstance(message, str):
            return message_class("human"), message
        if isinstance(message, (tuple, list)) and len(message) == 2:
            role, template = message
            if isinstance(role, str) and isinstance(template, str):
                return message_class(role), template
        whole: BaseMessage = convert_to_messages(message)[0]
        return whole

    def _invoke(self, input: Any, **_: Any) -> ChatPromptValue:
        values = self._values(input)
        return ChatPromptValue(
            [
                part if isinstance(part, BaseMessage) else part[0](_fill(part[1], values))
                for part in self.messages
            ]
        )

    async def _ainvoke(self, input: Any, **kwargs: Any) -> ChatPromptValue:
        return self._invoke(input, **kwargs)

    def _values(self, input: Any) -> dict[str, Any]:
        if not isinstance(input, dict):
            if len(self.input_variables) == 1:
                return {self.input_variables[0]: input}
            wanted = ", ".join(self.input_variables) or "none"
            raise InputError(
                f"The prompt got {type(input).__name__} {input!r:.80}, but needs a dict with its "
                f"variables: {wanted}."
            )
        for name in self.input_variables:
            if name not in input:
                near = difflib.get_close_matches(name, map(str, input), n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                given = ", ".join(map(repr, input)) or "none"
                raise InputError(
                    f"The prompt needs the variable {name!r}; given: {given}.{hint} "
                    "(A literal brace is written {{ or }}.)"
                )
        return input


def _fill(template: str, values: dict[str, Any]) -> str:
    try:
        return Formatter().vformat(template, (), values)
    except (LookupError, TypeError, ValueError) as error:
        raise InputError(
            f"The template {template!r:.120} cannot be filled: {type(error).__name__}: {error}. "
            "Check what follows a ':' or '!' in its braces."
        ) from None


def _variables(template: str) -> list[str]:
    try:
        names = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise InputError(
            f"The template {template!r:.120} has a stray brace ({error}). "
            "Write a literal brace as {{ or }}."
        ) from None
    for name in names:
        if not name.isidentifier():
            raise InputError(
                f"The template {template!r:.120} has {{{name}}}, which is not a variable's name. "
                "Write a literal brace as {{ or }}."
            )
    return names
