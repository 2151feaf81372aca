"""The chunks of an answer, and how they become a message."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from ._endings import ending_of
from ._json import parse_partial, parse_whole
from ._merge import add_usage, merge_contents, merge_dicts, merge_lists, merge_logprobs
from ._messages import AIMessage, BaseMessage, invalid_tool_call, made_of, tool_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ._types import Content, InvalidToolCall, ToolCall, ToolCallChunk, UsageMetadata

__all__ = ["AIMessageChunk", "merge_chunks"]


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
        self.tool_call_chunks = (
            made_of(_call_chunk, tool_call_chunks, "tool_call_chunks") if tool_call_chunks else []
        )
        if not tool_call_chunks and (tool_calls or invalid_tool_calls):
            self.tool_call_chunks = [
                *made_of(_whole_call_chunk, tool_calls, "tool_calls"),
                *made_of(_call_chunk, invalid_tool_calls, "invalid_tool_calls"),
            ]

    @property
    def chunk_position(self) -> str | None:
        """``"last"`` for the chunk with which the answer ends; the one that says why it does."""
        return "last" if self.response_metadata.get("stop_reason") else None

    # Read when asked for, since a tool call arrives in hundreds of chunks that nobody asks.

    @property
    def tool_calls(self) -> list[ToolCall]:  # type: ignore[override]
        """The tool calls, with as much of their arguments as is there."""
        return self._read_calls()[0]

    @property
    def invalid_tool_calls(self) -> list[InvalidToolCall]:  # type: ignore[override]
        """Calls not to be made: their arguments are no JSON object, or the answer ended early."""
        return self._read_calls()[1]

    def _read_calls(
        self, parse: Callable[[str], Any] = parse_partial
    ) -> tuple[list[ToolCall], list[InvalidToolCall]]:
        valid: list[ToolCall] = []
        invalid: list[InvalidToolCall] = []
        # Then not all that was meant may be there, even if each call is: none is to be made.
        early = ending_of([self.response_metadata.get("stop_reason")])
        for chunk in self.tool_call_chunks:
            try:
                args = parse(chunk["args"]) if chunk["args"] else {}
            except ValueError:
                args = None
            if isinstance(args, dict) and not early:
                valid.append(tool_call(chunk["name"] or "", args, chunk["id"]))
            else:
                call = invalid_tool_call(chunk["name"], chunk["args"], chunk["id"], early)
                invalid.append(call)
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

        A tool call that broke off is invalid in it: half an argument must not be acted on. So are
        all calls of an answer that ended early.
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


def _whole_call_chunk(**call: Any) -> ToolCallChunk:
    return _call_chunk(**{**call, "args": json.dumps(call["args"])})
