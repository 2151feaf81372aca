"""A pure reader for each wire format: from what a provider sends to message chunks.

No module here does I/O or imports an SDK. `READERS` names them by their dialect::

    reader = READERS["anthropic"]()
    for chunk in read_all(reader, events):
        ...  # raises after the last one, if the answer broke off
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._base import Reader, aread_all, read_all
from ._errors import advice, error_from, words_of
from .anthropic import AnthropicReader
from .cohere import CohereReader
from .gemini import GeminiReader
from .ollama import OllamaReader
from .openai_chat import OpenAIChatReader
from .openai_responses import OpenAIResponsesReader

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["READERS", "Reader", "advice", "aread_all", "error_from", "read_all", "words_of"]

READERS: dict[str, Callable[[], Reader]] = {
    "anthropic": AnthropicReader,
    "cohere": CohereReader,
    "gemini": GeminiReader,
    "ollama": OllamaReader,
    "openai_chat": OpenAIChatReader,
    "openai_responses": OpenAIResponsesReader,
}
"""What makes a reader, by the name of the dialect."""
