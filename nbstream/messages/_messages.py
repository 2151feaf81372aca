"""The messages."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from .._exceptions import InputError
from .._shown import brief, printable
from ._endings import ending_of
from ._standard import dumped, standard_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from typing_extensions import Self

    from ._types import Content, InvalidToolCall, ToolCall, UsageMetadata

__all__ = [
    "AIMessage",
    "BaseMessage",
    "HumanMessage",
    "SystemMessage",
    "ToolMessage",
    "invalid_tool_call",
    "made_of",
    "tool_call",
]

T = TypeVar("T")


class Text(str):
    """A message's text: older programs call it."""

    __slots__ = ()

    def __call__(self) -> str:
        return str(self)


# Plain classes with slots, not dataclasses: a model makes a chunk for every token, and a generated
# constructor that fills in defaults takes twice as long.


class BaseMessage:
    """One message of a conversation.

    Parameters
    ----------
    content
        A text, or a list of content blocks such as ``{"type": "text", "text": "Hi"}``.
    name
        Who says it, where several share a role.
    id
        Names the message; chunks of one message share it.
    additional_kwargs
        What else the provider sent.
    response_metadata
        What the provider said beside the content: ``stop_reason``, ``model_name``.

    Examples
    --------
    >>> HumanMessage("Hi")
    HumanMessage(content='Hi')
    >>> HumanMessage([{"type": "text", "text": "Hi"}]).text
    'Hi'
    """

    __slots__ = ("additional_kwargs", "content", "id", "name", "response_metadata")

    type: ClassVar[str] = "base"
    _fields: ClassVar[tuple[str, ...]] = (
        "content",
        "name",
        "id",
        "additional_kwargs",
        "response_metadata",
    )

    content: Content
    name: str | None
    id: str | None
    additional_kwargs: dict[str, Any]
    response_metadata: dict[str, Any]

    def __init__(
        self,
        content: Content,
        *,
        name: str | None = None,
        id: str | None = None,
        additional_kwargs: dict[str, Any] | None = None,
        response_metadata: dict[str, Any] | None = None,
    ) -> None:
        self.content = content
        self.name = name
        self.id = id
        self.additional_kwargs = {} if additional_kwargs is None else additional_kwargs
        self.response_metadata = {} if response_metadata is None else response_metadata

    @property
    def text(self) -> str:
        """The content's text, without its other blocks; ``text()`` gives it, too."""
        if isinstance(self.content, str):
            return Text(self.content)
        texts = (
            block if isinstance(block, str) else block.get("text") or ""
            for block in self.content
            if isinstance(block, str) or block.get("type") == "text"
        )
        return Text("".join(texts))

    @property
    def content_blocks(self) -> list[dict[str, Any]]:
        """The content in LangChain's standard blocks, whichever provider it is from.

        Examples
        --------
        >>> AIMessage([{"type": "thinking", "thinking": "Hm."}, "Hi"]).content_blocks
        [{'type': 'reasoning', 'reasoning': 'Hm.'}, {'type': 'text', 'text': 'Hi'}]
        """
        return standard_blocks(self)

    def model_dump(self, *, mode: str = "python", exclude_none: bool = False) -> dict[str, Any]:
        """Return the fields as a dict; with ``mode="json"`` as JSON has them.

        Examples
        --------
        >>> HumanMessage("Hi").model_dump(exclude_none=True)
        {'type': 'human', 'content': 'Hi', 'additional_kwargs': {}, 'response_metadata': {}}
        """
        fields = dumped(self, exclude_none=exclude_none)
        return json.loads(json.dumps(fields, default=str)) if mode == "json" else fields

    def model_dump_json(self, *, indent: int | None = None, exclude_none: bool = False) -> str:
        """Return the fields as a text of JSON."""
        fields = dumped(self, exclude_none=exclude_none)
        return json.dumps(fields, indent=indent, default=str, ensure_ascii=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: Any) -> Any:
        """Let messages be fields of pydantic models: as they are, or made of what is dumped."""
        from pydantic_core import core_schema as made

        convert = import_module("nbstream.messages").convert_to_messages

        def read(value: Any) -> BaseMessage:
            message = value if isinstance(value, BaseMessage) else convert([value])[0]
            if not isinstance(message, cls):
                raise ValueError(f"{brief(value)} is no {cls.__name__}")
            return message

        return made.no_info_plain_validator_function(
            read, serialization=made.plain_serializer_function_ser_schema(dumped)
        )

    def model_copy(self, *, update: Mapping[str, Any] | None = None) -> Self:
        """Return a shallow copy with some fields changed.

        Examples
        --------
        >>> HumanMessage("Hi").model_copy(update={"id": "1"})
        HumanMessage(content='Hi', id='1')
        """
        fields = {name: getattr(self, name) for name in self._fields}
        return type(self)(**{**fields, **(update or {})})

    def pretty_repr(self) -> str:
        """Return the message as a text with a headline."""
        title = f" {self.type.title()} Message ".center(80, "=")
        name = f"\nName: {self.name}" if self.name is not None else ""
        return f"{title}{name}\n\n{self.content}"

    def pretty_print(self) -> None:
        """Print the message under a headline."""
        print(printable(self.pretty_repr()))  # noqa: T201

    def __add__(self, other: Any) -> Any:
        # A prompt of both, as in LangChain; the room of prompts lies above this one.
        return import_module("nbstream.prompts").ChatPromptTemplate([self]) + other

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self._fields)

    __hash__ = None  # type: ignore[assignment]  # messages can be changed

    def __getstate__(self) -> Any:
        # What `copy` and `pickle` take: a chunk's tool calls are read, not stored.
        fields = {name: getattr(self, name) for name in self._fields}
        return getattr(self, "__dict__", None), fields

    def __repr__(self) -> str:
        # Only what is set: a printed stream of chunks must stay readable.
        shown = [f"content={self.content!r}"]
        for name in self._fields[1:]:
            value = getattr(self, name)
            if value not in (None, {}, [], "success"):
                shown.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


class HumanMessage(BaseMessage):
    """What the user said.

    Examples
    --------
    >>> HumanMessage("Hi").type
    'human'
    """

    __slots__ = ()
    type = "human"


class SystemMessage(BaseMessage):
    """Standing instructions for the model.

    Examples
    --------
    >>> SystemMessage("Be brief.").type
    'system'
    """

    __slots__ = ()
    type = "system"


class ToolMessage(BaseMessage):
    """What a tool answered.

    Parameters
    ----------
    content
        The answer for the model; what is neither a text nor a list is turned into a text.
    tool_call_id
        The id of the call this answers.
    status
        ``"success"``, or ``"error"`` where the content says what went wrong.
    artifact
        The whole answer, for the program only.
    name, id, additional_kwargs, response_metadata
        As for `BaseMessage`.

    Examples
    --------
    >>> ToolMessage(42, tool_call_id="call_1")
    ToolMessage(content='42', tool_call_id='call_1')
    """

    __slots__ = ("artifact", "status", "tool_call_id")
    type = "tool"
    _fields = (*BaseMessage._fields, "tool_call_id", "status", "artifact")

    tool_call_id: str
    status: str
    artifact: Any

    def __init__(
        self,
        content: Any,
        tool_call_id: str,
        *,
        name: str | None = None,
        status: str = "success",
        artifact: Any = None,
        id: str | None = None,
        additional_kwargs: dict[str, Any] | None = None,
        response_metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            content if isinstance(content, (str, list)) else str(content),
            name=name,
            id=id,
            additional_kwargs=additional_kwargs,
            response_metadata=response_metadata,
        )
        self.tool_call_id = tool_call_id
        self.status = status
        self.artifact = artifact


class AIMessage(BaseMessage):
    """What the model said.

    Parameters
    ----------
    content
        A text, or a list of blocks: text, thinking, tool use.
    tool_calls
        Tools it wants called: ``{"name": …, "args": {…}, "id": …}``.
    invalid_tool_calls
        Those not to be made: their arguments could not be read, or the answer ended early.
    usage_metadata
        Tokens used, or None where the provider did not say.
    name, id, additional_kwargs, response_metadata
        As for `BaseMessage`.

    Examples
    --------
    >>> message = AIMessage("", tool_calls=[{"name": "add", "args": {"a": 1}, "id": "call_1"}])
    >>> message.tool_calls[0]["args"]
    {'a': 1}
    """

    __slots__ = ("invalid_tool_calls", "tool_calls", "usage_metadata")
    type = "ai"
    _fields = (*BaseMessage._fields, "tool_calls", "invalid_tool_calls", "usage_metadata")

    tool_calls: list[ToolCall]
    invalid_tool_calls: list[InvalidToolCall]
    usage_metadata: UsageMetadata | None

    def __init__(
        self,
        content: Content = "",
        *,
        tool_calls: Sequence[Any] = (),
        invalid_tool_calls: Sequence[Any] = (),
        usage_metadata: UsageMetadata | None = None,
        name: str | None = None,
        id: str | None = None,
        additional_kwargs: dict[str, Any] | None = None,
        response_metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            content,
            name=name,
            id=id,
            additional_kwargs=additional_kwargs,
            response_metadata=response_metadata,
        )
        self.tool_calls = made_of(tool_call, tool_calls, "tool_calls")
        self.invalid_tool_calls = made_of(invalid_tool_call, invalid_tool_calls, "tool_calls")
        self.usage_metadata = usage_metadata

    @property
    def ended_early(self) -> str | None:
        """Why the answer ended before its time, in words (a refusal, a limit); None if it did not.

        Examples
        --------
        >>> AIMessage("I", response_metadata={"stop_reason": "max_tokens"}).ended_early
        'The answer was cut off at max_tokens.'
        """
        return ending_of([self.response_metadata.get("stop_reason")])

    def pretty_repr(self) -> str:
        """Return the message as a text with a headline, and its tool calls below."""
        lines = [super().pretty_repr()]
        if self.tool_calls:
            lines.append("Tool Calls:")
        for call in self.tool_calls:
            lines += [f"  {call['name']} ({call['id']})", f" Call ID: {call['id']}", "  Args:"]
            lines += [f"    {name}: {value}" for name, value in call["args"].items()]
        return "\n".join(lines)


def made_of(make: Callable[..., T], calls: Sequence[Any], what: str) -> list[T]:
    """Make tool calls of dicts.

    Raises
    ------
    InputError
        If they are no list of dicts, or one lacks its name or arguments.
    """
    try:
        return [make(**call) for call in calls]
    except (TypeError, KeyError):
        raise InputError(
            f"{what} are a list of dicts with name, args and id, not {brief(calls)}. "
            'Write one as {"name": "add", "args": {"a": 1}, "id": "1"}.'
        ) from None


def tool_call(name: str, args: dict[str, Any], id: str | None = None, **_: Any) -> ToolCall:
    """Return a call with all of its fields, and no others: as LangChain has it."""
    return {"name": name, "args": args, "id": id, "type": "tool_call"}


def invalid_tool_call(
    name: str | None = None,
    args: str | None = None,
    id: str | None = None,
    error: str | None = None,
    **_: Any,
) -> InvalidToolCall:
    """Do the same for one that cannot be made."""
    return {"name": name, "args": args, "id": id, "error": error, "type": "invalid_tool_call"}
