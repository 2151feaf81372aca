"""Messages, the chunks they arrive in, and how chunks add up.

Names and fields are those of LangChain's public API, so that code moves over unchanged.
"""

from ._chunks import AIMessageChunk, merge_chunks
from ._convert import convert_to_messages, message_class
from ._messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from ._types import Content, InvalidToolCall, ToolCall, ToolCallChunk, UsageMetadata

__all__ = [
    "AIMessage",
    "AIMessageChunk",
    "BaseMessage",
    "Content",
    "HumanMessage",
    "InvalidToolCall",
    "SystemMessage",
    "ToolCall",
    "ToolCallChunk",
    "ToolMessage",
    "UsageMetadata",
    "convert_to_messages",
    "merge_chunks",
    "message_class",
]
