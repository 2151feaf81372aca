"""The dicts that messages carry."""

from __future__ import annotations

from typing import Any, Literal, TypedDict, Union

__all__ = [
    "Content",
    "InvalidToolCall",
    "ToolCall",
    "ToolCallChunk",
    "UsageMetadata",
]

Content = Union[str, "list[Any]"]
"""A text, or a list of content blocks; a bare text among the blocks stands for a text block."""


class _Usage(TypedDict):
    input_tokens: int
    output_tokens: int
    total_tokens: int


class UsageMetadata(_Usage, total=False):
    """Tokens a call used, as the provider counted them."""

    input_token_details: dict[str, int]
    """Of the input: ``cache_read``, ``cache_creation``."""
    output_token_details: dict[str, int]
    """Of the output: ``reasoning``."""


class ToolCall(TypedDict):
    """A tool the model wants called."""

    name: str
    args: dict[str, Any]
    id: str | None
    type: Literal["tool_call"]


class InvalidToolCall(TypedDict):
    """A tool call whose arguments are no JSON object."""

    name: str | None
    args: str | None
    id: str | None
    error: str | None
    type: Literal["invalid_tool_call"]


class ToolCallChunk(TypedDict):
    """A part of a tool call: parts with the same index add up."""

    name: str | None
    args: str | None
    """A stretch of the arguments' JSON."""
    id: str | None
    index: int | str | None
    type: Literal["tool_call_chunk"]
