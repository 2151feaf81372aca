"""The messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, cast

from .._shown import printable
from ._endings import ending_of
from ._json import parse_partial, parse_whole
from ._merge import add_usage, merge_contents, merge_dicts, merge_lists, merge_logprobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from typing_extensions import Self

    from ._types import Content, InvalidToolCall, ToolCall, ToolCallChunk, UsageMetadata

__all__ = [
    "AIMessage",
    "AIMessageChunk",
    "BaseMessage",
    "HumanMessage",
    "SystemMessage",
    "ToolMessage",
    "merge_chunks",
]

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
        """The content's text, without its other blocks."""
        if isinstance(self.content, str):
            return self.content
        return "".join(
            block if isinstance(block, str) else block.get("text") or ""
            for block in self.content
            if isinstance(block, str) or block.get("type") == "text"
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
        Those whose arguments could not be read.
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
        self.tool_calls = [_tool_call(**call) for call in tool_calls]
        self.invalid_tool_calls = [_invalid_tool_call(**call) for call in invalid_tool_calls]
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


class AIMessageChunk(AIMessage):
    """A part of an `AIMessage`, as it arrives; chunks add up with ``+``.

    Parameters
    ----------
    content
        A stretch of text, or blocks; blocks with the same ``"index"`` are parts of one block.
    tool_call_chunks
        Parts of tool calls: ``{"name": …, "args": '{"a"', "id": …, "index": 0}``. Those with the
        same index add up.
    tool_calls, invalid_tool_calls
        Whole calls, another way to write their chunks.
    usage_metadata, name, id, additional_kwargs, response_metadata
        As for `AIMessage`.

    Examples
    --------
    >>> AIMessageChunk("Here", id="run-1") + AIMessageChunk(" is")
    AIMessageChunk(content='Here is', id='run-1')
    >>> begin = AIMessageChunk(tool_call_chunks=[{"name": "add", "args": '{"a": 1', "index": 0}])
    >>> more = AIMessageChunk(tool_call_chunks=[{"args": ', "b": 2}', "index": 0}])
    >>> begin.tool_calls[0]["args"], (begin + more).tool_calls[0]["args"]
    ({'a': 1}, {'a': 1, 'b': 2})
    """

    __slots__ = ("tool_call_chunks",)
    type = "AIMessageChunk"
    _fields = (*BaseMessage._fields, "tool_call_chunks", "usage_metadata")

    tool_call_chunks: list[ToolCallChunk]

    def __init__(
        self,
        content: Content = "",
        *,
        tool_call_chunks: Sequence[Any] = (),
        tool_calls: Sequence[Any] = (),
        invalid_tool_calls: Sequence[Any] = (),
        usage_metadata: UsageMetadata | None = None,
        name: str | None = None,
        id: str | None = None,
        additional_kwargs: dict[str, Any] | None = None,
        response_metadata: dict[str, Any] | None = None,
    ) -> None:
        # Written out, without super().__init__(): this is made once a token.
        self.content = content
        self.name = name
        self.id = id
        self.additional_kwargs = {} if additional_kwargs is None else additional_kwargs
        self.response_metadata = {} if response_metadata is None else response_metadata
        self.usage_metadata = usage_metadata
        self.tool_call_chunks = [_call_chunk(**c) for c in tool_call_chunks]
        if not tool_call_chunks and (tool_calls or invalid_tool_calls):
            self.tool_call_chunks = [
                *(_call_chunk(**{**c, "args": json.dumps(c["args"])}) for c in tool_calls),
                *(_call_chunk(**c) for c in invalid_tool_calls),
            ]

    # Read when asked for, since a tool call arrives in hundreds of chunks that nobody asks.

    @property
    def tool_calls(self) -> list[ToolCall]:  # type: ignore[override]
        """The tool calls, with as much of their arguments as is there."""
        return self._read_calls()[0]

    @property
    def invalid_tool_calls(self) -> list[InvalidToolCall]:  # type: ignore[override]
        """Calls whose arguments are no JSON object."""
        return self._read_calls()[1]

    def _read_calls(
        self, parse: Callable[[str], Any] = parse_partial
    ) -> tuple[list[ToolCall], list[InvalidToolCall]]:
        valid: list[ToolCall] = []
        invalid: list[InvalidToolCall] = []
        for chunk in self.tool_call_chunks:
            try:
                args = parse(chunk["args"]) if chunk["args"] else {}
            except ValueError:
                args = None
            if isinstance(args, dict):
                valid.append(_tool_call(chunk["name"] or "", args, chunk["id"]))
            else:
                invalid.append(_invalid_tool_call(chunk["name"], chunk["args"], chunk["id"]))
        return valid, invalid

    def copy(self) -> AIMessageChunk:
        """Return one with the same values, at little cost."""
        new = AIMessageChunk.__new__(AIMessageChunk)
        new.content = self.content
        new.name = self.name
        new.id = self.id
        new.additional_kwargs = self.additional_kwargs
        new.response_metadata = self.response_metadata
        new.usage_metadata = self.usage_metadata
        new.tool_call_chunks = self.tool_call_chunks
        return new

    def __add__(self, other: object) -> AIMessageChunk:
        if not isinstance(other, AIMessageChunk):
            return NotImplemented
        return merge_chunks([self, other])

    def to_message(self) -> AIMessage:
        """Return the finished message these chunks make.

        A tool call that broke off is invalid in it: half an argument must not be acted on.
        """
        valid, invalid = self._read_calls(parse_whole)
        content = self.content
        if isinstance(content, list):
            content = [_finished_block(block) for block in content]
        return AIMessage(
            content,
            tool_calls=valid,
            invalid_tool_calls=invalid,
            usage_metadata=self.usage_metadata,
            name=self.name,
            id=self.id,
            additional_kwargs=self.additional_kwargs,
            response_metadata=self.response_metadata,
        )


def merge_chunks(chunks: Iterable[AIMessageChunk]) -> AIMessageChunk:
    """Add up chunks in time linear in their length (``a + b + c…`` copies the text each time).

    Texts join, blocks and tool calls merge by index, the first id and name count, usage adds up,
    so do log-probabilities, later response metadata win. It does not matter which neighbours are
    added first.

    Raises
    ------
    InputError
        If two blocks with one index have fields of different types.

    Examples
    --------
    >>> merge_chunks([AIMessageChunk("a"), AIMessageChunk("b")]).content
    'ab'
    """
    contents: list[Content] = []
    calls: list[ToolCallChunk] = []
    extras: list[dict[str, Any]] = []
    metadata: dict[str, Any] = {}
    logprobs: list[dict[str, Any]] = []
    usage: UsageMetadata | None = None
    first_id: str | None = None
    name: str | None = None
    for chunk in chunks:
        contents.append(chunk.content)
        first_id = first_id or chunk.id
        name = name or chunk.name
        if chunk.tool_call_chunks:
            calls += chunk.tool_call_chunks
        if chunk.additional_kwargs:
            extras.append(chunk.additional_kwargs)
        if chunk.response_metadata:
            metadata.update(chunk.response_metadata)
            if isinstance(told := chunk.response_metadata.get("logprobs"), dict):
                logprobs.append(told)
        if chunk.usage_metadata:
            usage = add_usage(usage, chunk.usage_metadata)
    if logprobs:
        # The longest comes last: where a value is shown in part, what is cut off is its end.
        metadata.pop("logprobs", None)
        metadata["logprobs"] = merge_logprobs(logprobs)
    return AIMessageChunk(
        merge_contents(contents),
        tool_call_chunks=merge_lists(calls) if calls else (),
        usage_metadata=usage,
        name=name,
        id=first_id,
        additional_kwargs=merge_dicts(extras) if extras else None,
        response_metadata=metadata,
    )


def _finished_block(block: Any) -> Any:
    """Take out what only served to put a block together."""
    if not isinstance(block, dict):
        return block
    whole = {key: value for key, value in block.items() if key not in ("index", "partial_json")}
    if block.get("partial_json"):
        try:
            whole["input"] = parse_partial(block["partial_json"])
        except ValueError:  # it stands among the message's invalid tool calls
            whole.setdefault("input", {})
    return whole


# What a caller leaves out of these dicts is filled in, and what LangChain does not know is dropped.


def _tool_call(name: str, args: dict[str, Any], id: str | None = None, **_: Any) -> ToolCall:
    return {"name": name, "args": args, "id": id, "type": "tool_call"}


def _invalid_tool_call(
    name: str | None = None,
    args: str | None = None,
    id: str | None = None,
    error: str | None = None,
    **_: Any,
) -> InvalidToolCall:
    return {"name": name, "args": args, "id": id, "error": error, "type": "invalid_tool_call"}


def _call_chunk(
    name: str | None = None,
    args: str | None = None,
    id: str | None = None,
    index: Any = None,
    **_: Any,
) -> ToolCallChunk:
    return cast(
        "ToolCallChunk",
        {"name": name, "args": args, "id": id, "index": index, "type": "tool_call_chunk"},
    )
