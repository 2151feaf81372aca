"""Prompt templates: variables in, messages out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ._exceptions import InputError
from ._prompt_values import ChatPromptValue, StringPromptValue
from ._shown import brief, listed, mapped, near
from ._templates import check_format, content_of, fill, filled, variables, variables_of
from .messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    convert_to_messages,
    message_class,
)
from .runnables._fluent import Output
from .runnables.base import Runnable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Self

    from .events import RunType

__all__ = [
    "AIMessagePromptTemplate",
    "ChatPromptTemplate",
    "ChatPromptValue",
    "HumanMessagePromptTemplate",
    "MessagesPlaceholder",
    "PromptTemplate",
    "StringPromptValue",
    "SystemMessagePromptTemplate",
]


@dataclass
class MessagesPlaceholder:
    """Stands for a list of messages in a prompt, such as a conversation so far.

    Parameters
    ----------
    variable_name
        The variable that holds them.
    optional
        Whether it may be left out; then there are none.
    n_messages
        Take only so many, the last ones.

    Examples
    --------
    >>> from nbstream import ChatPromptTemplate, MessagesPlaceholder
    >>> prompt = ChatPromptTemplate([MessagesPlaceholder("history"), ("human", "{question}")])
    >>> prompt.invoke({"history": [("ai", "Hello!")], "question": "Why?"}).messages
    [AIMessage(content='Hello!'), HumanMessage(content='Why?')]
    """

    variable_name: str
    optional: bool = False
    n_messages: int | None = None

    def __post_init__(self) -> None:
        name, count = self.variable_name, self.n_messages
        if not (isinstance(name, str) and name):
            raise InputError(
                f"MessagesPlaceholder needs a variable's name, not {brief(name)}. "
                'Write one as MessagesPlaceholder("history").'
            )
        if not (count is None or (isinstance(count, int) and count > 0)):
            raise InputError(
                f"n_messages must be a whole number from 1, not {brief(count)}. "
                "Leave it out for all messages."
            )


@dataclass
class _Template:
    """A message with gaps: a text, or content blocks with texts in them."""

    role: type[BaseMessage]
    content: Any
    form: str = "f-string"

    @property
    def input_variables(self) -> list[str]:
        """The variables that it needs."""
        return sorted(set(variables_of(self.content, self.form)))

    def format(self, **values: Any) -> BaseMessage:
        """Return the message with these values."""
        return self.role(filled(self.content, values, self.form))

    def format_messages(self, **values: Any) -> list[BaseMessage]:
        """Return the message with these values, in a list."""
        return [self.format(**values)]

    def __add__(self, other: Any) -> ChatPromptTemplate:
        more = other if isinstance(other, (list, tuple)) else [other]
        return ChatPromptTemplate([self, *more])


class _MessageTemplate(_Template):
    """A prompt of one message; its subclasses say whose."""

    _role: ClassVar[type[BaseMessage]]

    def __init__(self, prompt: PromptTemplate) -> None:
        if not isinstance(prompt, PromptTemplate):
            raise InputError(
                f"{type(self).__name__} is made of a PromptTemplate, not of {brief(prompt)}. "
                "For a text: from_template('…')."
            )
        super().__init__(self._role, prompt.template, prompt.template_format)
        self.partial_variables = dict(prompt.partial_variables)

    @classmethod
    def from_template(cls, template: Any, **kwargs: Any) -> Self:
        """Make one of a text, or of content blocks with texts in them."""
        if isinstance(template, str):
            return cls(PromptTemplate(template, **kwargs))
        made = cls(PromptTemplate("", **kwargs))
        made.content = content_of(template)
        return made

    @property
    def input_variables(self) -> list[str]:
        """The variables that an input must have."""
        return [name for name in super().input_variables if name not in self.partial_variables]

    def format(self, **values: Any) -> BaseMessage:
        """Return the message with these values."""
        return super().format(**{**self.partial_variables, **values})


class HumanMessagePromptTemplate(_MessageTemplate):
    """What the user says, with gaps.

    Examples
    --------
    >>> from nbstream import HumanMessagePromptTemplate
    >>> HumanMessagePromptTemplate.from_template("Why {x}?").format(x="me")
    HumanMessage(content='Why me?')
    """

    _role = HumanMessage


class SystemMessagePromptTemplate(_MessageTemplate):
    """Standing instructions, with gaps.

    Examples
    --------
    >>> from nbstream import SystemMessagePromptTemplate
    >>> prompt = SystemMessagePromptTemplate.from_template("Be {tone}.") + "{question}"
    >>> prompt.invoke({"tone": "kind", "question": "Why?"}).messages
    [SystemMessage(content='Be kind.'), HumanMessage(content='Why?')]
    """

    _role = SystemMessage


class AIMessagePromptTemplate(_MessageTemplate):
    """What the model has said, with gaps.

    Examples
    --------
    >>> from nbstream import AIMessagePromptTemplate
    >>> AIMessagePromptTemplate.from_template("It is {x}.").format(x="so")
    AIMessage(content='It is so.')
    """

    _role = AIMessage


_Part = BaseMessage | MessagesPlaceholder | _Template


class _Prompt(Runnable[Any, Output]):
    """What prompts share: variables, and values for some of them given early."""

    run_type: ClassVar[RunType] = "prompt"
    partial_variables: dict[str, Any]

    def _names(self) -> tuple[list[str], list[str]]:
        """Return the variables that are needed, and those that may be left out."""
        raise NotImplementedError

    def _copy(self) -> Self:
        raise NotImplementedError

    @property
    def input_variables(self) -> list[str]:
        """The variables that an input must have."""
        return sorted(name for name in self._names()[0] if name not in self.partial_variables)

    @property
    def optional_variables(self) -> list[str]:
        """The variables that an input may leave out."""
        needed = {*self._names()[0], *self.partial_variables}
        return sorted(name for name in self._names()[1] if name not in needed)

    def partial(self, **values: Any) -> Self:
        """Return this prompt with some variables' values, or functions that give them each time."""
        new = self._copy()
        new.partial_variables = {**self.partial_variables, **values}
        return new

    def _values(self, input: Any) -> dict[str, Any]:
        needed = self.input_variables
        if isinstance(input, dict):
            given = input
        elif len(needed) == 1:
            given = {needed[0]: input}
        else:
            wanted = ", ".join(needed) or "none"
            raise InputError(
                f"The prompt got {brief(input)}, but needs a dict with its variables: {wanted}."
            )
        for name in needed:
            if name not in given:
                hint = near(name, map(str, given))
                names = ", ".join(map(repr, given)) or "none"
                raise InputError(
                    f"The prompt needs the variable {name!r}; given: {names}.{hint} "
                    "(A literal brace is written {{ or }}.)"
                )
        early = {
            name: value() if callable(value) else value
            for name, value in self.partial_variables.items()
            if name not in given
        }
        return {**early, **given}


class PromptTemplate(_Prompt[StringPromptValue]):
    """A text with gaps: ``{name}`` stands for a variable, ``{{`` and ``}}`` for braces.

    Parameters
    ----------
    template
        The text.
    partial_variables
        Values for some variables, or functions that give them each time.
    input_variables
        Taken for LangChain's sake: the text says them.
    template_format
        ``"f-string"``, or ``"mustache"`` (``pip install "nbstream[mustache]"``).

    Raises
    ------
    InputError
        If it has a stray brace, or the format is another one; on `invoke`, if a variable is
        missing.

    Examples
    --------
    >>> from nbstream import PromptTemplate
    >>> PromptTemplate.from_template("Tell me of {thing}.").invoke({"thing": "fish"}).text
    'Tell me of fish.'
    """

    def __init__(
        self,
        template: str,
        partial_variables: Mapping[str, Any] | None = None,
        *,
        input_variables: Sequence[str] | None = None,  # noqa: ARG002
        template_format: str = "f-string",
    ) -> None:
        check_format(template_format)
        if not isinstance(template, str):
            raise InputError(
                f"PromptTemplate is made of a text, not of {brief(template)}. "
                'Write one as PromptTemplate("Tell me of {thing}.").'
            )
        self.template = template
        self.template_format = template_format
        self.partial_variables = mapped(partial_variables, "partial_variables", "values")
        self._variables = variables(template, template_format)

    @classmethod
    def from_template(cls, template: str, **kwargs: Any) -> PromptTemplate:
        """Make a prompt of a text."""
        return cls(template, **kwargs)

    def __repr__(self) -> str:
        return f"PromptTemplate({self.template!r})"

    def __add__(self, other: Any) -> PromptTemplate:
        form = self.template_format
        more = PromptTemplate(other, template_format=form) if isinstance(other, str) else other
        if not isinstance(more, PromptTemplate):
            raise InputError(
                f"A PromptTemplate and {brief(other)} make no prompt. "
                "Add a text or another PromptTemplate."
            )
        if both := self.partial_variables.keys() & more.partial_variables.keys():
            raise InputError(
                f"Both prompts have a value for {', '.join(sorted(both))}. Give it to one of them."
            )
        if more.template_format != form:
            raise InputError(
                f"Templates of the formats {form!r} and {more.template_format!r} make no prompt. "
                "Write both in one format."
            )
        early = {**self.partial_variables, **more.partial_variables}
        return PromptTemplate(self.template + more.template, early, template_format=form)

    def format_prompt(self, **values: Any) -> StringPromptValue:
        """Return the text with these values, as `invoke` does."""
        return StringPromptValue(self.format(**values))

    def _names(self) -> tuple[list[str], list[str]]:
        return self._variables, []

    def _copy(self) -> Self:
        return type(self)(self.template, template_format=self.template_format)

    def format(self, **values: Any) -> str:
        """Return the text with these values."""
        return fill(self.template, self._values(values), self.template_format)

    def _invoke(self, input: Any, **_: Any) -> StringPromptValue:
        return StringPromptValue(fill(self.template, self._values(input), self.template_format))

    async def _ainvoke(self, input: Any, **_: Any) -> StringPromptValue:
        return self._invoke(input)


class ChatPromptTemplate(_Prompt[ChatPromptValue]):
    """A conversation with gaps: ``{name}`` stands for a variable, ``{{`` and ``}}`` for braces.

    Parameters
    ----------
    messages
        ``(role, template)`` pairs, texts (from the user), messages (taken as they are),
        `MessagesPlaceholder` or ``("placeholder", "{name}")``, which is optional, and other
        prompts. A template is a text, or content blocks with texts in them.
    partial_variables
        Values for some variables, or functions that give them each time.
    input_variables, template_format
        As for `PromptTemplate`.

    Raises
    ------
    InputError
        If a template has a stray brace or a role is unknown; on `invoke`, if a variable is missing.

    Examples
    --------
    >>> from nbstream import ChatPromptTemplate
    >>> prompt = ChatPromptTemplate([("system", "Be {tone}."), ("human", "{question}")])
    >>> prompt.partial(tone="kind").invoke({"question": "Why?"}).messages
    [SystemMessage(content='Be kind.'), HumanMessage(content='Why?')]
    """

    def __init__(
        self,
        messages: Sequence[Any],
        *,
        partial_variables: Mapping[str, Any] | None = None,
        input_variables: Sequence[str] | None = None,  # noqa: ARG002
        template_format: str = "f-string",
    ) -> None:
        check_format(template_format)
        self._form = template_format
        self.partial_variables = mapped(partial_variables, "partial_variables", "values")
        self.messages: list[_Part] = []
        self._needed: dict[str, None] = {}
        self._optional: dict[str, None] = {}
        if isinstance(messages, str):
            raise InputError(
                f"ChatPromptTemplate needs a list of messages, not the text {messages!r:.80}. "
                "For one message: ChatPromptTemplate.from_template('…')."
            )
        self.extend(messages)
        if not self.messages:
            raise InputError(
                "A prompt needs at least one message, as in ChatPromptTemplate([('human', '{x}')])."
            )

    def append(self, message: Any) -> None:
        """Put one more message at the end."""
        self.extend([message])

    def extend(self, messages: Sequence[Any]) -> None:
        """Put more messages at the end."""
        before = len(self.messages)
        for message in listed(messages, "ChatPromptTemplate", "messages"):
            if isinstance(message, ChatPromptTemplate):
                self.messages += message.messages
                self.partial_variables = {**message.partial_variables, **self.partial_variables}
            elif isinstance(message, _MessageTemplate):
                self.messages.append(message)
                self.partial_variables = {**message.partial_variables, **self.partial_variables}
            else:
                self.messages.append(_part(message, self._form))
        for part in self.messages[before:]:
            if isinstance(part, MessagesPlaceholder):
                (self._optional if part.optional else self._needed)[part.variable_name] = None
            elif isinstance(part, _Template):
                self._needed.update(dict.fromkeys(variables_of(part.content, part.form)))

    @classmethod
    def from_messages(cls, messages: Sequence[Any], **kwargs: Any) -> ChatPromptTemplate:
        """Make a prompt of several messages."""
        return cls(messages, **kwargs)

    @classmethod
    def from_template(cls, template: str, **kwargs: Any) -> ChatPromptTemplate:
        """Make a prompt of one message from the user."""
        return cls([("human", template)], **kwargs)

    def __repr__(self) -> str:
        return f"ChatPromptTemplate(input_variables={self.input_variables!r})"

    def __add__(self, other: Any) -> ChatPromptTemplate:
        more = other if isinstance(other, (list, tuple)) else [other]
        return ChatPromptTemplate([self, *more])

    def _names(self) -> tuple[list[str], list[str]]:
        return list(self._needed), list(self._optional)

    def _copy(self) -> Self:
        return type(self)(self.messages)

    def format_messages(self, **values: Any) -> list[BaseMessage]:
        """Return the messages with these values."""
        return self._filled(self._values(values))

    async def aformat_messages(self, **values: Any) -> list[BaseMessage]:
        """Do what `format_messages` does, for those who await it."""
        return self.format_messages(**values)

    def format_prompt(self, **values: Any) -> ChatPromptValue:
        """Return the conversation with these values."""
        return ChatPromptValue(self.format_messages(**values))

    def format(self, **values: Any) -> str:
        """Return the conversation with these values as one text."""
        return self.format_prompt(**values).to_string()

    def __len__(self) -> int:
        return len(self.messages)

    def __getitem__(self, place: Any) -> Any:
        chosen = self.messages[place]
        return ChatPromptTemplate(chosen) if isinstance(place, slice) else chosen

    def _invoke(self, input: Any, **_: Any) -> ChatPromptValue:
        return ChatPromptValue(self._filled(self._values(input)))

    async def _ainvoke(self, input: Any, **_: Any) -> ChatPromptValue:
        return self._invoke(input)

    def _filled(self, values: dict[str, Any]) -> list[BaseMessage]:
        messages: list[BaseMessage] = []
        for part in self.messages:
            if isinstance(part, BaseMessage):
                messages.append(part)
            elif isinstance(part, _Template):
                messages.append(part.role(filled(part.content, values, part.form)))
            else:
                messages += _placed(part, values.get(part.variable_name, []))
        return messages


def _part(message: Any, form: str) -> _Part:
    if isinstance(message, (BaseMessage, MessagesPlaceholder, _Template)):
        return message
    if isinstance(message, str):
        return _Template(HumanMessage, message, form)
    if isinstance(message, (tuple, list)) and len(message) == 2:
        role, template = message
        if role == "placeholder":
            return _placeholder(template)
        if isinstance(role, type) and issubclass(role, BaseMessage):
            return _Template(role, content_of(template), form)
        if isinstance(role, str) and isinstance(template, (str, list)):
            return _Template(message_class(role), content_of(template), form)
    whole: BaseMessage = convert_to_messages(message)[0]
    return whole


def _placeholder(template: Any) -> MessagesPlaceholder:
    name, optional = template, True
    if isinstance(template, (list, tuple)) and len(template) == 2:
        name, optional = template
    inner = name[1:-1] if isinstance(name, str) and name[:1] + name[-1:] == "{}" else ""
    if not inner.isidentifier():
        raise InputError(
            f"A placeholder is written ('placeholder', '{{history}}'), not with {template!r:.80}."
        )
    return MessagesPlaceholder(inner, optional=optional)


def _placed(part: MessagesPlaceholder, value: Any) -> list[BaseMessage]:
    if not isinstance(value, (list, tuple)):
        raise InputError(
            f"The placeholder {part.variable_name!r} needs a list of messages, not {value!r:.80}."
        )
    messages = convert_to_messages(list(value)) if value else []
    return messages[-part.n_messages :] if part.n_messages else messages
