"""A pure reader for each wire format: from what a provider sends to message chunks.

No module here does I/O or imports an SDK. `READERS` names them by their dialect::

    reader = READERS["anthropic"]()
    for event in events:
        if chunk := reader.read(event):
            ...
    if last := reader.finish():
        ...
    reader.ensure_whole()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._base import Reader, read_all
from ._errors import advice, error_from
from .anthropic import AnthropicReader
from .cohere import CohereReader
from .gemini import GeminiReader
from .ollama import OllamaReader
from .openai_chat import OpenAIChatReader
from .openai_responses import OpenAIResponsesReader

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["READERS", "Reader", "advice", "error_from", "read_all"]

READERS: dict[str, Callable[[], Reader]] = {
    "anthropic": AnthropicReader,
    "cohere": CohereReader,
    "gemini": GeminiReader,
    "ollama": OllamaReader,
    "openai_chat": OpenAIChatReader,
    "openai_responses": OpenAIResponsesReader,
}
"""What makes a reader, by the name of the dialect."""
